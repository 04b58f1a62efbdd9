"""OpenPGP behind the seam, by the ``gpg`` program: signed and encrypted in one pass; ``gpg -d`` opens and verifies it.

Each call has a key ring of its own, made for it and removed after it, so that nothing of the machine's users or of
another bank can be mixed in. Content goes through pipes only.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, Final

from baton.envelopes.seam import (
    OPENED_LIMIT_BYTES,
    Label,
    Outlet,
    Passing,
    Sealed,
    Sealer,
    Unsealer,
    gathered,
    not_verified,
)
from baton.errors import BatonError

_FINGERPRINT: Final = re.compile(r"[0-9A-F]{40}([0-9A-F]{24})?")
_BLOCK_BYTES: Final = 256 * 1024
_KEYS_S: Final = 60
_AES256: Final = "9"


class GpgMissingError(BatonError):
    """The OpenPGP profile is configured and there is no ``gpg`` to do it."""

    code = "gpg_missing"

    def __init__(self) -> None:
        super().__init__("there is no gpg on this machine", remedy="install GnuPG 2.2 or newer, or use another profile")


class GpgFailedError(BatonError):
    """gpg did not do what it was asked to; what it said names keys, so only its status words are told."""

    code = "gpg_failed"


@dataclass(frozen=True, slots=True)
class OpenPgpKeys:
    """Our key and the bank's. Fingerprints are 40 (or 64) hex digits in capitals, of the primary keys."""

    own_fingerprint: str
    own_key: str = field(repr=False)
    """Our private key, armoured."""
    bank_fingerprint: str
    bank_key: str
    """The bank's public key, armoured: files are encrypted for it, and it signs what the bank sends."""
    passphrase: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for fingerprint in (self.own_fingerprint, self.bank_fingerprint):
            if not _FINGERPRINT.fullmatch(fingerprint):
                raise ValueError("a fingerprint is 40 or 64 hex digits in capitals")


class OpenPgpSealer(Sealer):
    """Signs with our key and encrypts for the bank's: AES-256, not compressed."""

    profile = "openpgp"
    suffix = ".pgp"

    def __init__(self, keys: OpenPgpKeys) -> None:
        self._keys = keys

    def seal(self, plain: Iterable[bytes], out: BinaryIO, label: Label) -> Sealed:
        """As in `Sealer`; ``plain`` is iterated once, the label stays with us. Raises `GpgMissingError`."""
        keys, passing, outlet = self._keys, Passing(), Outlet(out)
        words = ["-z0", "--cipher-algo", "AES256", "--digest-algo", "SHA256", "--set-filename", "", "--no-emit-version"]
        words += ["--sign", "--encrypt", "--trust-model", "always"]
        words += ["--local-user", keys.own_fingerprint, "--recipient", keys.bank_fingerprint]
        with _ring(keys) as ring:
            run = ring.start(words)
            run.carry(map(passing.seen, gathered(plain)), outlet.write)
        said = run.status
        encrypted = said.get("BEGIN_ENCRYPTION", "").split()[1:2] == [_AES256]
        if run.code or not encrypted or not {"SIG_CREATED", "END_ENCRYPTION"} <= set(said):
            raise _failed("sealing", said)
        return outlet.sealed(passing.sha256, passing.count)


class OpenPgpUnsealer(Unsealer):
    """Opens what is encrypted for us and signed by the bank's key."""

    profile = "openpgp"

    def __init__(self, keys: OpenPgpKeys) -> None:
        self._keys = keys

    def open(self, name: str, data: bytes) -> bytes:
        """As in `Unsealer`: gpg's output is believed only after its exit code and its status lines."""
        if len(data) > OPENED_LIMIT_BYTES:
            raise not_verified()
        content = bytearray()
        with _ring(self._keys) as ring:
            run = ring.start(["--max-output", str(OPENED_LIMIT_BYTES), "--trust-model", "always", "--decrypt"])
            run.carry([data], content.extend)
        said = run.status
        needed = {"DECRYPTION_OKAY", "GOODMDC", "GOODSIG", "VALIDSIG"}
        signed_by = said.get("VALIDSIG", "").split()[-1:]
        if (
            run.code
            or not needed <= set(said)
            or signed_by != [self._keys.bank_fingerprint]
            or run.repeated("VALIDSIG")
        ):
            raise not_verified()
        return bytes(content)


class _Run:
    """One gpg process: content in, content out, and what it says about it."""

    def __init__(self, command: Sequence[str], passphrase: str) -> None:
        read_end, write_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command[:1], "--passphrase-fd", str(read_end), *command[1:]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[read_end],
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
            )
            os.write(write_end, passphrase.encode() + b"\n")
        finally:
            os.close(read_end)
            os.close(write_end)
        self._said: list[bytes] = []
        self._fault: BaseException | None = None

    def carry(self, pieces: Iterable[bytes], take: Callable[[bytes], object]) -> None:
        """Feed the pieces, from this thread, and hand on what comes out, from another. Any fault ends gpg."""
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("gpg was started without pipes")
        taking = threading.Thread(target=self._take, args=(process.stdout, take), name="gpg-out")
        listening = threading.Thread(target=self._take, args=(process.stderr, self._said.append), name="gpg-status")
        for thread in (taking, listening):
            thread.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # gpg has ended early; its exit code and status say why
                for piece in pieces:
                    process.stdin.write(piece)
                process.stdin.close()
        except BaseException:
            process.kill()
            raise
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            taking.join()
            listening.join()
            process.wait()
        if self._fault is not None:
            raise self._fault

    @property
    def code(self) -> int:
        """The exit code."""
        return self._process.returncode

    @property
    def status(self) -> dict[str, str]:
        """The status words, each with what followed it the last time."""
        return dict(self._lines())

    def repeated(self, word: str) -> bool:
        """Whether a status word came more than once."""
        return [name for name, _ in self._lines()].count(word) > 1

    def _lines(self) -> list[tuple[str, str]]:
        text = b"".join(self._said).decode("utf-8", "replace")
        marked = [line.removeprefix("[GNUPG:] ") for line in text.splitlines() if line.startswith("[GNUPG:] ")]
        return [(line.partition(" ")[0], line.partition(" ")[2]) for line in marked]

    def _take(self, pipe: IO[bytes], take: Callable[[bytes], object]) -> None:
        with pipe:
            try:
                while piece := pipe.read(_BLOCK_BYTES):
                    take(piece)
            except BaseException as error:  # noqa: BLE001 - the feeding side raises it
                self._fault = error
                self._process.kill()


@dataclass(frozen=True, slots=True)
class _Ring:
    """A key ring in a directory of its own."""

    home: Path
    program: str
    passphrase: str = field(repr=False)

    def start(self, words: Sequence[str]) -> _Run:
        """Start gpg on this ring."""
        always = ["--homedir", str(self.home), "--batch", "--no-tty", "--no-options", "--pinentry-mode", "loopback"]
        quiet = ["--status-fd", "2", "--no-auto-key-locate", "--no-auto-key-retrieve", "--no-permission-warning"]
        return _Run([self.program, *always, *quiet, "--output", "-", *words], self.passphrase)

    def take(self, armoured: str) -> None:
        """Import keys."""
        run = self.start(["--import"])
        run.carry([armoured.encode()], _ignore)
        if run.code:
            raise _failed("reading a key", run.status)


def program_there() -> str:
    """Where ``gpg`` is on this machine. Raises `GpgMissingError`."""
    program = shutil.which("gpg")
    if program is None:
        raise GpgMissingError
    return program


@contextlib.contextmanager
def _ring(keys: OpenPgpKeys) -> Iterator[_Ring]:
    """Both keys on a ring that exists for one call, in memory where the machine has a place for that."""
    program = program_there()
    memory = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it, readable by us only
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="baton-gpg-", dir=place, ignore_cleanup_errors=True) as folder:
        ring = _Ring(Path(folder), program, keys.passphrase)
        try:
            ring.take(keys.bank_key)
            ring.take(keys.own_key)
            yield ring
        finally:
            stop = ["gpgconf", "--homedir", folder, "--kill", "all"]
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(stop, capture_output=True, check=False, timeout=_KEYS_S)


def _ignore(_: bytes) -> None:
    """Of an import nothing comes out that anybody wants."""


def _failed(what: str, status: dict[str, str]) -> GpgFailedError:
    words = ", ".join(sorted(set(status) & _TELLING)) or "none of its status lines says why"
    return GpgFailedError(f"gpg failed at {what}: {words}", remedy="check the keys, fingerprints and passphrase")


_TELLING: Final = {
    "BAD_PASSPHRASE",
    "ERROR",
    "FAILURE",
    "IMPORT_PROBLEM",
    "INV_RECP",
    "INV_SGNR",
    "KEYEXPIRED",
    "KEYREVOKED",
    "MISSING_PASSPHRASE",
    "NODATA",
    "NO_RECP",
    "NO_SECKEY",
    "NO_SGNR",
}
"""Status words that say why, none of which needs its rest to be understood."""
