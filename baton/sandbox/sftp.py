"""The bank's SFTP server for tests and the demo: a real OpenSSH where one can be had, asyncssh's server otherwise.

Both are context managers with the same face. ``root`` is what a client sees as its start directory; the bank's side
works on it directly. Keys are made on first start and kept in the directory, so that a pin survives a restart.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Self

import asyncssh

from baton.sandbox.openssh import Sshd, find_sshd

_LOG = logging.getLogger(__name__)
_START_S: Final = 15.0
_NOBODY: Final = 65534


class SftpServer(ABC):
    """An SFTP server on a free port of 127.0.0.1 with one user who logs in with ``client_key``."""

    host: ClassVar[str] = "127.0.0.1"
    real: ClassVar[bool]
    """False for a stand-in: what is proved against it is proved against a stand-in."""

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        self.directory = directory.resolve()
        self.root = self.directory / "root"
        self.port = port
        self.title = ""
        """Product and version, for people; a stand-in says that it is one."""

    @property
    def username(self) -> str:
        """Who logs in."""
        return "hub"

    @property
    def host_key(self) -> str:
        """The host key to pin, as an OpenSSH public key line."""
        return self._host_key_file.with_suffix(".pub").read_text().strip()

    @property
    def client_key(self) -> str:
        """The user's private key (OpenSSH format)."""
        return self._client_key_file.read_text()

    @property
    def url(self) -> str:
        """``sftp://host:port``."""
        return f"sftp://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self.root.mkdir(parents=True, exist_ok=True)
        for path in (self._host_key_file, self._client_key_file):
            if not path.exists():
                key = asyncssh.generate_private_key("ssh-ed25519", comment=path.name)
                key.write_public_key(path.with_suffix(".pub"))
                path.touch(mode=0o600)
                key.write_private_key(path)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Listen. Raises RuntimeError, with what the server said, when it does not come up."""

    @abstractmethod
    def stop(self) -> None:
        """Be gone."""

    @property
    def _host_key_file(self) -> Path:
        return self.directory / "host_key"

    @property
    def _client_key_file(self) -> Path:
        return self.directory / "client_key"


class OpenSshServer(SftpServer):
    """A private sshd with ``internal-sftp``: no installation, no system user, no chroot.

    sshd run by root insists on a user ``sshd`` and on /run/sshd for its privilege separation; run by anyone else it
    does not. So root hands it to ``nobody``, with just the two capabilities that let it reach files under ``root``.
    """

    real = True

    def __init__(self, directory: Path, *, port: int = 0, sshd: Sshd | None = None) -> None:
        super().__init__(directory, port=port)
        found = sshd or find_sshd()
        if found is None:
            raise RuntimeError("no sshd on this machine, and none could be fetched")
        self.sshd = found
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def username(self) -> str:
        return _user_name(_NOBODY if os.geteuid() == 0 else os.geteuid())

    def start(self) -> None:
        if any(character.isspace() for character in str(self.root)):
            raise RuntimeError("sshd's start directory cannot have blanks in its path")
        log = self.directory / "sshd.log"
        config = self.directory / "sshd_config"
        if os.geteuid() == 0:
            os.chown(self._host_key_file, _NOBODY, -1)  # sshd wants its key owned by whom it runs as, and 0600
        for _attempt in range(3):  # another process may take the free port before sshd does
            port = self.port or _free_port()
            config.write_text(self._configuration(port))
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    [*_as_nobody(), str(self.sshd.binary), "-D", "-e", "-f", str(config)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self.sshd.environment,
                    cwd="/",
                )
            if self._answers(port):
                self.port = port
                self._prove_start_directory()
                self.title = f"{self.sshd.version} (real server)"
                return
            self.stop()
        raise RuntimeError(f"sshd did not start: {log.read_text(errors='replace')[-500:]}")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _configuration(self, port: int) -> str:
        root = str(self.root).replace("%", "%%")
        lines = [
            f"Port {port}",
            f"ListenAddress {self.host}",
            f'HostKey "{self._host_key_file}"',
            f'AuthorizedKeysFile "{str(self._client_key_file.with_suffix(".pub")).replace("%", "%%")}"',
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "UseDNS no",
            "AuthenticationMethods publickey",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "DisableForwarding yes",
            "PermitTTY no",
            "MaxStartups 100",
            "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
            f"ForceCommand internal-sftp -d {root}",
            *self.sshd.configuration,
        ]
        return "\n".join(lines) + "\n"

    def _prove_start_directory(self) -> None:
        """Where a client really begins: sshd would rather start it elsewhere than say that it cannot."""

        async def start_directory() -> str:
            nothing: list[asyncssh.SSHKey] = []
            pin = ([asyncssh.import_public_key(self.host_key)], nothing, nothing)
            key = asyncssh.import_private_key(self.client_key)
            async with (
                asyncssh.connect(
                    self.host,
                    self.port,
                    username=self.username,
                    client_keys=[key],
                    known_hosts=pin,
                    config=None,
                    agent_path=None,
                    login_timeout=_START_S,
                ) as connection,
                connection.start_sftp_client() as client,
            ):
                return str(await client.realpath("."))

        try:
            seen = asyncio.run(start_directory())
        except (asyncssh.Error, OSError) as error:
            seen = f"nowhere ({error})"
        if Path(seen) != self.root:
            self.stop()
            raise RuntimeError(f"a client of this sshd starts at {seen} instead of {self.root}")

    def _answers(self, port: int) -> bool:
        end = time.monotonic() + _START_S
        while time.monotonic() < end and self._process is not None and self._process.poll() is None:
            try:
                with socket.create_connection((self.host, port), timeout=1) as probe:
                    return probe.recv(4) == b"SSH-"
            except OSError:
                time.sleep(0.02)
        return False


class AsyncsshServer(SftpServer):
    """asyncssh's own server in a thread: the stand-in where no sshd can be had."""

    real = False

    def __init__(self, directory: Path, *, port: int = 0) -> None:
        super().__init__(directory, port=port)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._fault: BaseException | None = None

    def start(self) -> None:
        ready = threading.Event()
        self._fault = None
        self._thread = threading.Thread(target=self._run, args=(ready,), name="sandbox-sftp", daemon=True)
        self._thread.start()
        if not ready.wait(_START_S) or self._fault is not None:
            raise RuntimeError("the asyncssh server did not start") from self._fault
        self.title = f"asyncssh {importlib.metadata.version('asyncssh')} (stand-in for the bank's OpenSSH)"

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._loop is not None and self._over is not None and thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        thread.join(_START_S)

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except (OSError, asyncssh.Error) as error:
            self._fault = error
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        acceptor = await asyncssh.listen(
            self.host,
            self.port,
            server_host_keys=[str(self._host_key_file)],
            authorized_client_keys=str(self._client_key_file.with_suffix(".pub")),
            password_auth=False,
            kbdint_auth=False,
            sftp_factory=partial(_RootedSftp, root=os.fsencode(self.root)),
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            config=None,
        )
        async with acceptor:
            self.port = acceptor.get_port()
            ready.set()
            await self._over.wait()


class _RootedSftp(asyncssh.SFTPServer):
    """Sees ``root`` only; its plain rename refuses to overwrite as atomically as OpenSSH's does."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: bytes) -> None:
        super().__init__(channel, chroot=root)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        old, new = self.map_path(oldpath), self.map_path(newpath)
        os.link(old, new)
        os.remove(old)  # noqa: PTH107 - bytes paths


def bank_sftp(directory: Path) -> SftpServer:
    """OpenSSH when it can be had, else the stand-in; ``title`` and the log say which. Start it with ``with``."""
    sshd = find_sshd()
    if sshd is not None:
        probe = OpenSshServer(directory, sshd=sshd)
        try:
            with probe:
                pass
        except (RuntimeError, OSError) as error:
            _LOG.warning("a real sshd is here but does not start: %s", error)
        else:
            _LOG.info("the bank's SFTP server is %s", sshd.version)
            return OpenSshServer(directory, sshd=sshd)
    _LOG.warning("no usable sshd here: the bank's SFTP server is asyncssh's, a stand-in")
    return AsyncsshServer(directory)


def _as_nobody() -> list[str]:
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise RuntimeError("root needs setpriv (util-linux) to run a private sshd")
    reach = "-all,+dac_override,+dac_read_search"
    nobody = str(_NOBODY)
    return [
        setpriv,
        "--reuid",
        nobody,
        "--regid",
        nobody,
        "--clear-groups",
        "--inh-caps",
        reach,
        "--ambient-caps",
        reach,
    ]


def _user_name(uid: int) -> str:
    return pwd.getpwuid(uid).pw_name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
