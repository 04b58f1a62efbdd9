"""The bank's SFTP server as a few synchronous steps: pinned host key, a deadline over all, nothing overwritten ever.

A session runs its own event loop in its own thread, so it may be used from any thread. All errors of asyncssh leave
through `_translated`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import secrets
import stat
import threading
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self, TypeVar, cast

import asyncssh

from baton.sdk import Client, ConnectorError, HaltError, InDoubtError, RetryableError

T = TypeVar("T")
_log: Final = logging.getLogger(__name__)
FILE_LIMIT_BYTES: Final = 64 * 1024 * 1024
_NAMES_LIMIT: Final = 100_000
_LONGEST_NAME: Final = 255
_PIECE_BYTES: Final = 1024 * 1024
_CLOSE_S: Final = 3.0
_FINISHED_AFTER_S: Final = 600
"""Nobody writes a file for us and pauses for so long. It may also be the difference between two clocks."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to log in, as whom, and which host keys to believe (two while the bank changes its key)."""

    host: str
    port: int
    username: str
    pins: Sequence[asyncssh.SSHKey]
    client_key: asyncssh.SSHKey = field(repr=False)
    deadline_s: float = 60.0

    def session(self, client: Client) -> Session:
        """Log in. The egress rule judges the address; the system's rate limit counts a session as one call."""
        client.limiter.acquire()
        return Session(self, client.egress.address_for(self.host, self.port))


class Session:
    """One login. Raises the connector errors; only `publish` can leave something in doubt."""

    def __init__(self, server: Server, address: str) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._end = self._loop.time() + server.deadline_s
        self._thread = threading.Thread(target=self._loop.run_forever, name="bank-sftp", daemon=True)
        self._thread.start()
        self._connection: asyncssh.SSHClientConnection | None = None
        try:
            self._sftp = self._do(self._login(address))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def names(self, directory: str) -> set[str]:
        """The names of the plain files in a directory."""
        return set(self._do(self._names(directory)))

    def oldest_first(self, directory: str) -> list[str]:
        """The same, in the order of their times of writing; names decide where those are equal."""
        found = self.written(directory)
        return sorted(found, key=lambda name: (found[name], name))

    def written(self, directory: str) -> dict[str, int]:
        """The same, each with its time of writing, in seconds; 0 where the bank tells none."""
        return self._do(self._names(directory))

    def unfinished(self, path: str, now: datetime) -> bool:
        """Whether somebody may be writing at a file, or has taken it away. Not so where the bank tells no time.

        For a file that was found to be broken: one that is whole may be as young.
        """
        return self._do(self._unfinished(path, now.timestamp()))

    def exists(self, path: str) -> bool:
        """Whether there is a file of that name."""
        return self._do(self._sftp.exists(path))

    def read(self, path: str) -> bytes | None:
        """A whole file, None when it is not there (any more). Raises `HaltError` beyond 64 MiB."""
        return self._do(self._read(path))

    def size(self, path: str) -> int | None:
        """The size of a file in bytes, None when it is not there."""
        return self._do(self._size(path))

    def sha256(self, path: str) -> str | None:
        """The digest (hex) of a file as it lies there, read piece by piece; None when it is not there (any more)."""
        return self._do(self._sha256(path))

    def upload(self, path: str, data: bytes) -> str:
        """Write a complete, flushed ``.part`` next to ``path`` and return its name; it is new and ours alone."""
        return self.upload_pieces(path, [data])

    def upload_pieces(self, path: str, pieces: Iterable[bytes]) -> str:
        """The same from pieces. Whatever ends them early leaves a ``.part`` that `discard_parts` removes."""
        part = f"{path}.{secrets.token_hex(4)}.part"
        self._do(self._write(part, pieces))
        return part

    def publish(self, part: str, path: str) -> bool:
        """Rename to the final name; False when that name is taken. Raises `InDoubtError` when the answer is lost."""
        return self._do(self._rename(part, path), renaming=True)

    def discard_parts(self, directory: str, name: str) -> None:
        """Remove what attempts at this file left behind and no attempt needs, where that can be done; raises nothing.

        What is said of the file does not hang on it, and the next delivery tries again.
        """
        try:
            for part in self.names(directory):
                if re.fullmatch(rf"{re.escape(name)}\.[0-9a-f]{{8}}\.part", part):
                    self._do(self._remove(f"{directory}/{part}"))
        except ConnectorError as error:
            _log.warning("parts of %s were left at the bank: %s", name, error.message)

    def close(self) -> None:
        """Log out and end the thread."""
        try:
            asyncio.run_coroutine_threadsafe(self._logout(), self._loop).result(_CLOSE_S * 2)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CLOSE_S)
            if not self._loop.is_running():
                self._loop.close()

    def _do(self, step: Coroutine[Any, Any, T], *, renaming: bool = False) -> T:
        async def bounded() -> T:
            async with asyncio.timeout_at(self._end):
                return await step

        try:
            return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result()
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise _translated(error, self._server.host, renaming=renaming) from error

    async def _login(self, address: str) -> asyncssh.SFTPClient:
        server = self._server
        nothing: list[asyncssh.SSHKey] = []
        self._connection = await asyncssh.connect(
            address,
            server.port,
            username=server.username,
            client_keys=[server.client_key],
            known_hosts=(list(server.pins), nothing, nothing),
            server_host_key_algs="default",  # so that a key of another kind is seen and refused, not a lost connection
            preferred_auth=["publickey"],
            config=None,
            agent_path=None,
            x509_trusted_certs=None,
            connect_timeout=server.deadline_s,
            login_timeout=server.deadline_s,
        )
        # A name in another encoding is to be seen and refused, not to end the listing with a protocol error.
        return await self._connection.start_sftp_client(path_errors="surrogateescape")

    async def _logout(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            async with asyncio.timeout(_CLOSE_S):
                await self._connection.wait_closed()
        others = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _names(self, directory: str) -> dict[str, int]:
        names: dict[str, int] = {}
        async for entry in self._sftp.scandir(directory):
            mode = entry.attrs.permissions
            name = str(entry.filename)
            if name in (".", ".."):
                continue
            if len(name) > _LONGEST_NAME or "/" in name or not name.isprintable():
                raise HaltError(
                    f"the bank's directory {directory} lists a name that no file should have",
                    code="strange_name",
                    remedy="ask the bank who put it there and have it removed; nothing was read",
                )
            if mode is None or stat.S_ISREG(mode):
                names[name] = entry.attrs.mtime or 0
            if len(names) > _NAMES_LIMIT:
                raise HaltError(
                    f"the bank's directory {directory} holds more than {_NAMES_LIMIT} files",
                    code="directory_too_full",
                    remedy="have old files archived",
                )
        return names

    async def _read(self, path: str) -> bytes | None:
        try:
            async with self._sftp.open(path, "rb") as source:
                size = (await source.stat()).size or 0
                if size > FILE_LIMIT_BYTES:
                    remedy = "ask the bank what it is"
                    raise HaltError(f"{path} is larger than 64 MiB", code="file_too_large", remedy=remedy)
                return cast("bytes", await source.read(size))
        except asyncssh.SFTPNoSuchFile:
            return None

    async def _size(self, path: str) -> int | None:
        try:
            return (await self._sftp.stat(path)).size
        except asyncssh.SFTPNoSuchFile:
            return None

    async def _unfinished(self, path: str, now_s: float) -> bool:
        try:
            written_s = (await self._sftp.stat(path)).mtime
        except asyncssh.SFTPNoSuchFile:
            return True
        return bool(written_s) and abs(now_s - (written_s or 0)) < _FINISHED_AFTER_S

    async def _sha256(self, path: str) -> str | None:
        digest = hashlib.sha256()
        try:
            async with self._sftp.open(path, "rb") as source:
                while piece := cast("bytes", await source.read(_PIECE_BYTES)):
                    digest.update(piece)
        except asyncssh.SFTPNoSuchFile:
            return None
        return digest.hexdigest()

    async def _write(self, part: str, pieces: Iterable[bytes]) -> None:
        written = 0
        async with self._sftp.open(part, "xb") as target:  # x: O_EXCL, never into a file that is there
            for piece in pieces:
                await target.write(piece)
                written += len(piece)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):  # an OpenSSH extension; elsewhere the size must do
                await target.fsync()
            size = (await target.stat()).size  # of the open file: a faster worker may have discarded the name
        if size != written:
            raise RetryableError(f"the bank's server stored {size} of {written} bytes", code="short_write")

    async def _rename(self, part: str, path: str) -> bool:
        try:
            await self._sftp.rename(part, path)  # the plain rename: posix-rename would overwrite
        except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists, asyncssh.SFTPNoSuchFile):
            if await self._sftp.exists(path):
                return False
            raise
        return True

    async def _remove(self, path: str) -> None:
        with contextlib.suppress(asyncssh.SFTPNoSuchFile):  # its owner has just renamed or removed it
            await self._sftp.remove(path)


def _translated(error: Exception, host: str, *, renaming: bool) -> ConnectorError:
    """The connector error for anything asyncssh or the network raises."""
    match error:
        case asyncssh.HostKeyNotVerifiable() | asyncssh.KeyExchangeFailed():
            return HaltError(
                f"{host} does not show the pinned host key; nothing was sent",
                code="host_key",
                remedy="ask the bank by telephone; only when it confirms a new key, add it to host_keys",
            )
        case asyncssh.PermissionDenied():
            remedy = "check username and client_key, and that the bank has our public key"
            return HaltError(f"{host} refused the login", code="login", remedy=remedy)
        case asyncssh.SFTPPermissionDenied() | asyncssh.SFTPWriteProtect():
            remedy = "ask the bank for the rights the README lists"
            return HaltError(f"{host} does not permit this in the directory", code="permission", remedy=remedy)
        case asyncssh.SFTPNoSuchFile() if renaming:
            return InDoubtError("another worker has finished this file and the bank has fetched it", code="part_gone")
        case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
            remedy = "correct the directories in systems.yaml"
            return HaltError(f"{host} has no such directory", code="directory", remedy=remedy)
        case asyncssh.SFTPConnectionLost() | asyncssh.SFTPNoConnection():
            pass
        case asyncssh.SFTPError():
            return RetryableError(f"{host} could not do this (SFTP status {error.code})", code="sftp_failure")
        case _:
            pass
    what = f"{host} cannot be reached or was lost ({type(error).__name__})"
    if renaming:
        return InDoubtError(what, code="lost_answer")
    return RetryableError(what, code="unreachable")
