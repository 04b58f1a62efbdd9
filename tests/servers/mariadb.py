"""A real MariaDB (or MySQL) server of our own: free port on 127.0.0.1, temporary directory, durability off."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from tests.servers.unprivileged import NoServerError, demote

_START_S = 60
_PLACES = "/usr/sbin:/usr/local/sbin:/usr/libexec:/opt/homebrew/bin"
_OPTIONS = (
    "--no-defaults",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-buffer-pool-size=64M",
    "--character-set-server=utf8mb4",
    "--max-connections=100",
)


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A running server. ``user`` may do everything."""

    port: int
    password: str
    user: str = "baton"

    def connect(self, database: str | None = None) -> pymysql.Connection[Any]:
        """A plain connection, outside SQLAlchemy."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            read_timeout=60,  # a test fails rather than wait for a lock for ever
        )

    def create(self) -> str:
        """A new, empty database; returns its name."""
        name = f"t{secrets.token_hex(8)}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return name

    def drop(self, name: str) -> None:
        """Remove a database of `create`."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Run a server for as long as the block lasts. Raises `NoServerError`."""
    path = os.pathsep.join([os.environ.get("PATH", ""), _PLACES])
    server = shutil.which("mariadbd", path=path)
    installer = shutil.which("mariadb-install-db", path=path)
    if server is None or installer is None:
        raise NoServerError("neither mariadbd nor mariadb-install-db; install mariadb-server (it need not run)")
    folder = Path(tempfile.mkdtemp(prefix="baton-mariadb-"))
    try:
        with _running(server, installer, folder) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(binary: str, installer: str, folder: Path) -> Iterator[MariaDb]:
    become = demote(folder, ("mysql", "nobody"))
    data, log = folder / "data", folder / "log"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)}
    made = subprocess.run(
        [installer, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"],
        cwd=folder,
        env=environment,
        preexec_fn=become,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if made.returncode != 0:
        raise NoServerError(f"mariadb-install-db failed: {(made.stdout + made.stderr).strip()[-400:]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = [f"--datadir={data}", f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", f"--tmpdir={folder}"]
    with log.open("w") as written:
        process = subprocess.Popen(
            [binary, *_OPTIONS, *place, f"--port={port}", "--bind-address=127.0.0.1"],
            cwd=folder,
            env=environment,
            preexec_fn=become,  # noqa: PLW1509 - three system calls and no lock; `user=` would keep root's groups
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(folder / "s", process, log)
            server = MariaDb(port, secrets.token_hex(16))
            _let_in(server, folder / "s")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _let_in(server: MariaDb, place: Path) -> None:
    with pymysql.connect(unix_socket=str(place), user="root") as root, root.cursor() as cursor:
        cursor.execute(f"CREATE USER '{server.user}'@'127.0.0.1' IDENTIFIED BY '{server.password}'")
        cursor.execute(f"GRANT ALL PRIVILEGES ON *.* TO '{server.user}'@'127.0.0.1' WITH GRANT OPTION")


def _wait(place: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(place))
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServerError(f"mariadbd did not start: {log.read_text()[-400:]}") from None
            time.sleep(0.05)
