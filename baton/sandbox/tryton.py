"""A real Tryton 8.2 server for tests and demo: installed apart, initialised once, started from a copy.

Tryton is GPL-3.0-or-later. It has its own virtual environment and runs as its own process; nothing here imports it.

>>> with TrytonServer(Path(".servers/tryton"), progress=print) as server:  # doctest: +SKIP
...     print(server.base_url)
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from baton.sandbox import tryton_payments
from baton.sandbox.tryton_sales import admit_hub, prepare_books
from baton.sandbox.tryton_seed import HUB_USER, TrytonAdmin, TrytonRefusedError, seed_company

REQUIREMENTS = Path(__file__).with_name("tryton-requirements.txt")
_SALES = "sale_opportunity"
_PAYMENTS = "account_payment"
MODULES = ("company", "party", "bank", _PAYMENTS, _SALES)
"""What is activated, with all it depends on (``sale`` and ``account`` among them)."""
DATABASE = "erp"
ADMIN_PASSWORD = "sandbox-admin-1"  # noqa: S105 - the sandbox's own, reachable on 127.0.0.1 only
HUB_PASSWORD = "sandbox-hub-2"  # noqa: S105 - as above
_RECIPE = "3"  # raise it when the template's content changes

# Makes the server's password hashes cheap: they are slow on purpose, and the sandbox's passwords are known anyway.
_CHEAP_HASHES = """
import pwdlib.hashers.argon2
make = pwdlib.hashers.argon2.Argon2Hasher.__init__
time_cost, memory_cost, parallelism = 1, 8, 1
make.__defaults__ = (time_cost, memory_cost, parallelism, *make.__defaults__[3:])
"""
# Keeps the server's connections to its database, as Tryton does where that is PostgreSQL: with SQLite it opens one for
# each of the three transactions of a call, which took a quarter of its time.
_KEPT_CONNECTIONS = """
import collections, functools, sqlite3
from trytond.backend.sqlite.database import Database
sqlite3.connect = functools.partial(sqlite3.connect, check_same_thread=False)
idle, connect, put = collections.defaultdict(list), Database.connect, Database.put_connection

def connect_again(database):
    if database._conn is None and database.name != ":memory:" and idle[database.name]:
        database._conn = idle[database.name].pop()
    return connect(database)

def keep(database, connection=None):
    put(database, connection)
    if connection is not None and connection is database._conn and database.name != ":memory:":
        database._conn = None
        idle[database.name].append(connection)

Database.connect, Database.put_connection = connect_again, keep
"""
# Runs a script as if from the command line, and ends with the process that holds the other end of standard input.
_HELD = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Lifetime(Enum):
    """How long a started server lives."""

    HELD = "held"
    """Until it is stopped or its parent is gone, even by SIGKILL."""
    DETACHED = "detached"
    """Until it is stopped; it outlives its parent. Its process id is in ``<state>/trytond.pid``."""


class TrytonServerError(Exception):
    """The server could not be prepared or started; the message ends with its last output."""


class Installation:
    """The cached part: a virtual environment with pinned packages, and a template database with a company in it.

    ``directory`` is the cache (shared by processes and runs); once prepared it is only read. Everything depends on
    the requirements file, so a changed file is prepared beside the old one.
    """

    def __init__(
        self, directory: Path, python: Path | None, progress: Callable[[str], None], modules: Sequence[str] = MODULES
    ) -> None:
        self._python = python or Path(sys.executable)
        self._modules = modules
        recipe = f"{_RECIPE} {MODULES} {sys.version_info[:2]} {self._python}".encode() + REQUIREMENTS.read_bytes()
        self.home = directory.absolute() / hashlib.sha256(recipe).hexdigest()[:12]
        self.bin = self.home / "venv" / "bin"
        sort = "" if modules == MODULES else "-".join(["", *modules])
        self.template = self.home / f"template{sort}.sqlite"
        self._progress = progress

    def prepare(self) -> None:
        """Install and initialise what is not there yet (about half a minute; the registry is needed to install)."""
        if self.template.exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        with _locked(self.home / "lock", self._progress):
            if not (self.home / "installed").exists():
                self._install()
            if not self.template.exists():
                self._initialise()

    def _install(self) -> None:
        venv = self.home / "venv"
        shutil.rmtree(venv, ignore_errors=True)
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
        self._progress(f"Tryton: installing {REQUIREMENTS.name} with {'uv' if uv else 'pip'}")
        if uv:
            _run([uv, "venv", "--quiet", "--no-project", "--python", str(self._python), str(venv)], seconds=120)
            pip = [uv, "pip", "install", "--quiet", "--python", str(self.bin / "python")]
        else:
            _run([str(self._python), "-m", "venv", str(venv)], seconds=120)
            pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--requirement", str(REQUIREMENTS)], seconds=900)
        (self.home / "installed").touch()

    def _initialise(self) -> None:
        self._progress("Tryton: initialising the database (once, about half a minute)")
        with tempfile.TemporaryDirectory(prefix="baton-tryton-") as made:
            state = Path(made)
            (state / f"{DATABASE}.sqlite").touch()  # trytond opens it only if it exists
            config = write_config(state, port=0)
            (state / "password").write_text(ADMIN_PASSWORD)
            command = [str(self.bin / "trytond-admin"), "-c", str(config), "-d", DATABASE, "--activate-dependencies"]
            command += ["--email", "admin@example.test", "-u", *self._modules]
            _run(command, seconds=600, TRYTONPASSFILE=str(state / "password"))
            self._progress("Tryton: creating the company")
            process = Process(self.bin, state, Lifetime.HELD)
            try:
                base_url = process.start()
                with TrytonAdmin(base_url, DATABASE, "admin", ADMIN_PASSWORD) as admin:
                    seed_company(admin, hub_password=HUB_PASSWORD)
                    if _SALES in self._modules:
                        admit_hub(admin)
                        prepare_books(admin)
                    if _PAYMENTS in self._modules:
                        tryton_payments.admit_hub(admin)
            finally:
                process.stop()
            _checkpoint(state / f"{DATABASE}.sqlite")
            part = self.template.with_suffix(f".{os.getpid()}.part")
            shutil.copyfile(state / f"{DATABASE}.sqlite", part)
            part.replace(self.template)


class Process:
    """One trytond process on a free port of 127.0.0.1, with its database, configuration and log in ``state``."""

    def __init__(self, executables: Path, state: Path, lifetime: Lifetime) -> None:
        self._bin = executables
        self._state = state
        self._lifetime = lifetime
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the server writes what it does."""
        return self._state / "trytond.log"

    def start(self) -> str:
        """Start and wait until it answers; gives its base URL. A port lost to somebody else costs another try."""
        for _ in range(3):
            port = _free_port()
            self._popen = self._spawn(write_config(self._state, port))
            if self._ready(f"http://127.0.0.1:{port}"):
                (self._state / "trytond.pid").write_text(str(self._popen.pid))
                return f"http://127.0.0.1:{port}"
            self.stop()
        raise TrytonServerError(f"trytond did not start:\n{_tail(self.log)}")

    def _spawn(self, config: Path) -> subprocess.Popen[bytes]:
        script = [str(self._bin / "trytond"), "-c", str(config), "-d", DATABASE]
        held = self._lifetime is Lifetime.HELD
        program = _CHEAP_HASHES + _KEPT_CONNECTIONS + _HELD
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self._bin / "python"), "-c", program, *script] if held else script,
                stdin=subprocess.PIPE if held else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )

    def _ready(self, base_url: str) -> bool:
        question = {"id": 1, "method": "common.server.version", "params": []}
        deadline = time.monotonic() + 60
        with httpx.Client(trust_env=False, timeout=5.0) as http:
            while time.monotonic() < deadline and self.running():
                try:
                    answer = http.post(f"{base_url}/rpc/", json=question)
                except httpx.TransportError:
                    time.sleep(0.1)
                    continue
                return answer.status_code == 200 and '"8.2"' in answer.text and self.running()
        return False

    def running(self) -> bool:
        """Whether the process runs."""
        return self._popen is not None and self._popen.poll() is None

    def stop(self) -> None:
        """Ask it to end, then insist. Safe to call twice."""
        popen, self._popen = self._popen, None
        if popen is None:
            return
        popen.terminate()
        try:
            popen.wait(10)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait(10)
        if popen.stdin is not None:
            popen.stdin.close()


class TrytonServer:
    """A Tryton server with one company, its books, and no employees; a context manager.

    ``directory`` caches what takes long (`Installation`). ``state`` keeps the database from one start to the next;
    without it every start begins with a fresh copy that is deleted at the end. ``modules`` other than the usual ones
    make a template of their own. ``progress`` is told about every step that takes longer than a moment.
    """

    database = DATABASE
    admin_username = "admin"
    admin_password = ADMIN_PASSWORD
    username = HUB_USER
    """The hub's own user: it has the rights the hub needs and no others."""
    password = HUB_PASSWORD
    company_id = 1

    def __init__(
        self,
        directory: Path,
        *,
        python: Path | None = None,
        state: Path | None = None,
        lifetime: Lifetime = Lifetime.HELD,
        modules: Sequence[str] = MODULES,
        progress: Callable[[str], None] = lambda _message: None,
    ) -> None:
        self._installation = Installation(directory, python, progress, modules)
        self._progress = progress
        self._kept = state
        self._lifetime = lifetime
        self._state: Path | None = None
        self._process: Process | None = None
        self.base_url = ""

    def prepare(self) -> None:
        """Do the slow part now; needs no network when it has been done before."""
        self._installation.prepare()

    def start(self) -> Self:
        """Start the server (about two seconds when prepared)."""
        self.prepare()
        state = self._kept or Path(tempfile.mkdtemp(prefix="baton-tryton-"))
        state.mkdir(parents=True, exist_ok=True)
        self._state = state
        database = self.database_file
        if not database.exists():
            part = database.with_suffix(".part")
            shutil.copyfile(self._installation.template, part)
            part.replace(database)
        self._process = Process(self._installation.bin, state, self._lifetime)
        try:
            self.base_url = self._process.start()
            self.admin().close()
        except TrytonRefusedError as error:
            log = _tail(self._process.log)
            self.stop()
            raise TrytonServerError(f"trytond runs but not its database: {error}\n{log}") from error
        except BaseException:
            self.stop()
            raise
        self._progress(f"Tryton: listening at {self.base_url}")
        return self

    def stop(self) -> None:
        """Stop the server and delete its database unless ``state`` keeps it. Safe to call twice."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._state is not None and self._kept is None:
            shutil.rmtree(self._state)
        self._state = None

    @property
    def database_file(self) -> Path:
        """The database of a started server: may be read beside it."""
        assert self._state is not None, "the server is not started"
        return self._state / f"{DATABASE}.sqlite"

    def admin(self) -> TrytonAdmin:
        """A session as administrator, for seeding and for looking."""
        return TrytonAdmin(self.base_url, DATABASE, self.admin_username, self.admin_password)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def stop_detached(state: Path) -> None:
    """Stop the server that was started with this ``state`` and `Lifetime.DETACHED`, possibly by another process."""
    pid_file = state / "trytond.pid"
    try:
        pid = int(pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline")
        if not command.exists() or str(state).encode() in command.read_bytes():  # never a stranger with an old number
            os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    finally:
        pid_file.unlink(missing_ok=True)


def write_config(state: Path, port: int) -> Path:
    """The configuration of a server whose files live in ``state``."""
    config = state / "trytond.conf"
    config.write_text(
        f"[database]\nuri = sqlite://\npath = {state}\nlist = False\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n[session]\ntimeout = 3600\n[queue]\nworker = False\n",
        encoding="utf-8",
    )
    return config


def _checkpoint(database: Path) -> None:
    """Move what is in the write-ahead log into the file, so that the file alone is the database."""
    connection = sqlite3.connect(database)
    try:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    if busy:
        raise TrytonServerError("the template database is still in use")


@contextmanager
def _locked(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock that ends with this process, whatever becomes of it."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Tryton: waiting for another process that is preparing it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: Sequence[str], *, seconds: float, **extra: str) -> None:
    outcome = subprocess.run(
        command, env=_environment() | extra, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
    )
    if outcome.returncode:
        output = (outcome.stdout + outcome.stderr).decode("utf-8", "replace")[-3000:]
        raise TrytonServerError(f"{Path(command[0]).name} failed with status {outcome.returncode}:\n{output}")


def _environment() -> dict[str, str]:
    """Ours, without what would lead another Python or another Tryton astray."""
    strays = ("PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "VIRTUAL_ENV", "TRYTOND_CONFIG", "TRYTOND_LOGGING_CONFIG")
    return {name: value for name, value in os.environ.items() if name not in strays}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-3000:] if log.exists() else "(no output)"
