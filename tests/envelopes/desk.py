"""What the tests of envelopes share: keys and certificates made once, content that can be read again, and damage."""

from __future__ import annotations

import functools
import io
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from baton.envelopes.seam import Label, Sealer, Unsealer
from baton.errors import TamperedError

LABEL = Label("payment", "f-0001", "CUSTOMER-0001", "EXAMPLE-BANK", datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
SIZES = [0, 1, 16_384, 262_143, 262_144, 262_145, 700_001]


@functools.cache
def key(name: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """``rsa-…`` or ``ec-…``; the same name is the same key."""
    if name.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def certificate(name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Synthetic {name}")])
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(int.from_bytes(name.encode(), "big"))
        .not_valid_before(began)
        .not_valid_after(began.replace(year=2046))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key(name), hashes.SHA256())
    )


def pem(name: str, folder: Path) -> tuple[Path, Path]:
    """The certificate and the key as files."""
    crt, private = folder / f"{name}.crt", folder / f"{name}.key"
    crt.write_bytes(certificate(name).public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key(name).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return crt, private


def content(size: int) -> bytes:
    return os.urandom(size)


def pieces(plain: bytes, size: int = 1000) -> list[bytes]:
    return [plain[at : at + size] for at in range(0, len(plain), size)]


def sealed(sealer: Sealer, plain: bytes) -> bytes:
    out = io.BytesIO()
    told = sealer.seal(pieces(plain), out, LABEL)
    data = out.getvalue()
    digest = [hashes.Hash(hashes.SHA256()) for _ in range(2)]
    for each, value in zip(digest, (plain, data), strict=True):
        each.update(value)
    assert (told.plain_sha256, told.sha256) == tuple(each.finalize().hex() for each in digest)
    assert (told.plain_bytes, told.size_bytes) == (len(plain), len(data))
    return data


def refused(unsealer: Unsealer, data: bytes, why: str = "") -> None:
    with pytest.raises(TamperedError) as caught:
        pytest.fail(f"opened: {why} ({len(unsealer.open(LABEL.name, data))} bytes)")
    assert caught.value.code == "envelope"


def damaged(data: bytes, borders: list[int]) -> Iterator[tuple[str, bytes]]:
    """Every border flipped, cut and extended, and the parts between them swapped, doubled and left out."""
    for at in borders:
        for near in (at - 1, at, at + 1):
            if 0 <= near < len(data):
                yield f"flipped at {near}", data[:near] + bytes([data[near] ^ 1]) + data[near + 1 :]
                yield f"cut at {near}", data[:near]
        yield f"extended at {at}", data[:at] + b"\0" + data[at:]
    for first, second, third in zip(borders, borders[1:], borders[2:], strict=False):
        one, two = data[first:second], data[second:third]
        if one != two:
            yield f"swapped at {second}", data[:first] + two + one + data[third:]
        yield f"doubled at {second}", data[:second] + one + data[second:]
        yield f"left out at {first}", data[:first] + data[second:]
    yield "extended", data + b"\0"
    yield "doubled", data + data


def run(*command: str | Path, data: bytes | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(part) for part in command], input=data, capture_output=True, check=False, cwd=cwd)


class Broken:
    """Content that fails while it is read."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * 300_000
        raise LookupError("the payables are gone")


class Endless:
    """So many bytes of the same block, made as they are asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._block = os.urandom(65_536)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._block for _ in range(self.size // len(self._block)))


class Nowhere(io.RawIOBase):
    """Takes everything, keeps nothing."""

    def write(self, data: object) -> int:
        return len(data)  # type: ignore[arg-type]
