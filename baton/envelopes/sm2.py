"""SM2 by the ``openssl`` command (3.0 or newer): no library for Python that is well kept does it.

The private key comes out of the vault and goes to the command through a pipe: it is on no disk, in no argument and no
environment. Who keeps the key in a device passes classes of their own to `baton.envelopes.sm4` instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from baton.envelopes.cms_keys import identity_of
from baton.envelopes.sm4 import SM2_ENCRYPTION_ID, SM2_WITH_SM3_ID

USER_ID: Final = "1234567812345678"
"""Who signs, as SM2 mixes it into the digest, where nothing else was agreed (GM/T 0009)."""
_DEADLINE_S: Final = 30
_LARGEST: Final = 32 * 1024
"""What a pipe holds on every system, so that it can be filled before anybody reads it."""
_CURVE: Final = b"\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d"
"""The curve's name (1.2.156.10197.1.301) as a key's algorithm carries it."""


def available() -> bool:
    """Whether the command is there."""
    return shutil.which("openssl") is not None


@dataclass(frozen=True, slots=True)
class Sm2Signer:
    """Us, signing over SM3."""

    holder: x509.Certificate
    key: str = field(repr=False)
    """PEM."""
    user_id: str = USER_ID
    algorithm: bytes = SM2_WITH_SM3_ID

    def __post_init__(self) -> None:
        _require_pair(self.holder, self.key)

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    @property
    def certificate(self) -> bytes:
        """In DER."""
        return self.holder.public_bytes(serialization.Encoding.DER)

    def sign(self, message: bytes) -> bytes:
        """Sign."""
        return _asked(["pkeyutl", "-sign", *_over_sm3(self.user_id)], message, {"-inkey": self.key.encode()})


@dataclass(frozen=True, slots=True)
class Sm2Trusted:
    """A certificate of the bank's that was agreed with it; its issuer's word and its dates are not asked for."""

    holder: x509.Certificate
    user_id: str = USER_ID

    def __post_init__(self) -> None:
        _public(self.holder)

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    def verify(self, algorithm: bytes, signature: bytes, message: bytes) -> bool:
        """SM2 over SM3 and nothing else."""
        if algorithm != SM2_WITH_SM3_ID:
            return False
        files = {"-inkey": _pem(self.holder), "-sigfile": signature}
        try:
            _asked(["pkeyutl", "-verify", "-certin", *_over_sm3(self.user_id)], message, files)
        except ValueError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Sm2Recipient:
    """A bank that opens what we send."""

    holder: x509.Certificate
    algorithm: bytes = SM2_ENCRYPTION_ID

    def __post_init__(self) -> None:
        _public(self.holder)

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    def wrap(self, data_key: bytes) -> bytes:
        """Wrap."""
        return _asked(["pkeyutl", "-encrypt", "-certin"], data_key, {"-inkey": _pem(self.holder)})


@dataclass(frozen=True, slots=True)
class Sm2Receiver:
    """The private side of an `Sm2Recipient`."""

    holder: x509.Certificate
    key: str = field(repr=False)
    """PEM."""
    algorithm: bytes = SM2_ENCRYPTION_ID

    def __post_init__(self) -> None:
        _require_pair(self.holder, self.key)

    @property
    def identity(self) -> bytes:
        """Issuer and serial number."""
        return identity_of(self.holder)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Unwrap."""
        return _asked(["pkeyutl", "-decrypt"], wrapped, {"-inkey": self.key.encode()})


def _over_sm3(user_id: str) -> list[str]:
    return ["-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{user_id}"]


def _require_pair(holder: x509.Certificate, key: str) -> None:
    # With a password given, a key behind another is refused at once: the command would ask for it at the terminal.
    if _asked(["pkey", "-pubout", "-passin", "pass:"], b"", {"-in": key.encode()}) != _public(holder):
        raise ValueError("the private key is not the certificate's")


def _public(holder: x509.Certificate) -> bytes:
    """The certificate's public key (PEM). Raises ValueError for one that is not SM2's."""
    public = _asked(["x509", "-pubkey", "-noout"], b"", {"-in": _pem(holder)})
    lines = public.split(b"\n")
    if _CURVE not in b64decode(b"".join(line for line in lines if b"-----" not in line)):
        raise ValueError("not a certificate of an SM2 key")
    return public


def _pem(holder: x509.Certificate) -> bytes:
    return holder.public_bytes(serialization.Encoding.PEM)


def _asked(words: Sequence[str], data: bytes, files: dict[str, bytes]) -> bytes:
    """What the command says; ValueError when it refuses (its own words may quote what it was given)."""
    with ExitStack() as stack:
        ends = {option: stack.enter_context(_pipe(content)) for option, content in files.items()}
        named = [word for option, end in ends.items() for word in (option, f"/dev/fd/{end}")]
        done = subprocess.run(
            ["openssl", *words, *named],
            input=data,
            capture_output=True,
            pass_fds=tuple(ends.values()),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            timeout=_DEADLINE_S,
            check=False,
        )
    if done.returncode != 0:
        raise ValueError(f"openssl {words[0]} refuses (status {done.returncode})")
    return done.stdout


@contextmanager
def _pipe(content: bytes) -> Iterator[int]:
    """The reading end of a pipe that holds this."""
    if not content or len(content) > _LARGEST:
        raise ValueError("neither a key nor a signature")
    reading, writing = os.pipe()
    try:
        try:
            os.write(writing, content)
        finally:
            os.close(writing)
        yield reading
    finally:
        os.close(reading)
