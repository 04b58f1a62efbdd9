"""The sealed file: opened by an independent decoder, refused after any change, rotated without touching its data."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import os
import random
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from baton.errors import TamperedError
from baton.sealed import (
    InternalKey,
    Label,
    Opener,
    Reader,
    RsaOpener,
    RsaReader,
    Signer,
    X25519Opener,
    X25519Reader,
    inspect_sealed,
    open_sealed,
    open_to_file,
    rewrap,
    seal,
)

PAYER = Signer("payer-1", ed25519.Ed25519PrivateKey.generate())
TRUSTED = {"payer-1": PAYER.key.public_key()}
KEK = InternalKey("kek-1", os.urandom(32))
HPKE_KEY = x25519.X25519PrivateKey.generate()
RSA_KEY = rsa.generate_private_key(65537, 3072)
LABEL = Label("roster", "r.hpf", "示例".encode().hex(), "BANK", datetime(2026, 11, 22, tzinfo=UTC), {"lines": "3"})
CHUNK = 16384
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 1, 3 * CHUNK + 5]


def sealed(plain: bytes, readers: list[Reader] | None = None, label: Label = LABEL) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(plain), target, label=label, readers=readers or [KEK], signer=PAYER)
    return target.getvalue()


def opened(data: bytes, opener: Opener = KEK) -> bytes:
    target = io.BytesIO()
    open_sealed(io.BytesIO(data), target, opener=opener, trusted=TRUSTED)
    return target.getvalue()


def canonical(part: object) -> bytes:
    return json.dumps(part, sort_keys=True, separators=(",", ":")).encode()


def independent_open(data: bytes, kek: bytes, sender: ed25519.Ed25519PublicKey) -> bytes:
    """Another implementation, from docs/file-format.md, with AES-GCM, HKDF and HMAC only."""
    end = 8 + int.from_bytes(data[4:8], "big")
    header, payload, signature = json.loads(data[8:end]), data[end:-64], data[-64:]
    assert data[:4] == b"HPF1"
    assert canonical(header) == data[8:end]
    context = b"hpf1" + hashlib.sha256(canonical(header["immutable"])).digest()
    sender.verify(signature, b"hpf1 signature" + context + hashlib.sha256(payload).digest())
    data_key = aes_key_unwrap(kek, base64.b64decode(header["wraps"][0]["wrapped"]))
    mac_key = HKDFExpand(hashes.SHA512(), 32, b"hpf1 wraps").derive(data_key)
    assert hmac.digest(mac_key, canonical(header["wraps"]), "sha256").hex() == header["mac"]
    salt, commitment, body = payload[:24], payload[24:56], payload[56:]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + context
    derived = HKDFExpand(hashes.SHA512(), 76, info).derive(data_key)
    key, nonce, expected = derived[:32], int.from_bytes(derived[32:44], "big"), derived[44:]
    assert commitment == expected
    chunks = [body[at : at + 16400] for at in range(0, len(body), 16400)]
    assert 16 <= len(chunks[-1]) < 16400
    plain = b"".join(
        AESGCM(key).decrypt((nonce ^ n).to_bytes(12, "big"), chunk, None) for n, chunk in enumerate(chunks)
    )
    assert hashlib.sha256(plain).hexdigest() == header["immutable"]["plaintext_sha256"]
    return plain


@pytest.mark.parametrize("size", SIZES)
def test_an_independent_decoder_opens_it(size: int) -> None:
    plain = os.urandom(size)
    data = sealed(plain)
    assert independent_open(data, KEK.key, TRUSTED["payer-1"]) == plain
    assert opened(data) == plain


@pytest.mark.parametrize(
    ("reader", "opener"),
    [
        (KEK, KEK),
        (X25519Reader("b", HPKE_KEY.public_key()), X25519Opener("b", HPKE_KEY)),
        (RsaReader("b", RSA_KEY.public_key()), RsaOpener("b", RSA_KEY)),
    ],
    ids=["kek", "hpke", "rsa"],
)
def test_each_kind_of_reader_opens_it_and_no_other(reader: Reader, opener: Opener) -> None:
    plain = "䶮,测试甲".encode()
    assert opened(sealed(plain, [reader]), opener) == plain
    strangers: list[Opener] = [
        InternalKey(opener.kid, os.urandom(32)),
        X25519Opener(opener.kid, x25519.X25519PrivateKey.generate()),
        RsaOpener(opener.kid, rsa.generate_private_key(65537, 3072)),
        InternalKey("kek-2", KEK.key),
    ]
    for stranger in strangers:
        with pytest.raises(TamperedError):
            opened(sealed(plain, [reader]), stranger)


def test_every_flipped_byte_of_a_small_file_is_found() -> None:
    data = sealed(b"x" * 40, [KEK, X25519Reader("b", HPKE_KEY.public_key())])
    for at in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            broken = bytearray(data)
            broken[at] ^= bit
            with pytest.raises(TamperedError):
                opened(bytes(broken))


def damage(data: bytes) -> dict[str, bytes]:
    start = 8 + int.from_bytes(data[4:8], "big") + 56
    step = CHUNK + 16
    chunks = [data[start + n * step : start + (n + 1) * step] for n in range(3)]
    cuts = {f"cut at {at}": data[:at] for at in (0, 3, 7, 8, 100, start - 56, start, start + step, start + 2 * step)}
    cuts |= {f"cut {n} from the end": data[:-n] for n in (1, 16, 63, 64, 65, 1000)}
    borders = [start + n * step + d for n in range(3) for d in (-1, 0, 1)]
    flips = {f"flip at {at}": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in borders}
    return {
        **cuts,
        **flips,
        "extended": data + b"\0",
        "extended before the signature": data[:-64] + b"\0" + data[-64:],
        "chunks swapped": data[:start] + chunks[1] + chunks[0] + data[start + 2 * step :],
        "a chunk doubled": data[:start] + chunks[0] + data[start:],
        "a chunk left out": data[:start] + data[start + step :],
        "the last chunk left out": data[: start + 2 * step] + data[-64:],
        "doubled": data + data,
    }


def test_cut_extended_and_shuffled_files_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    wrong = damage(sealed(os.urandom(2 * CHUNK + 500)))
    assert len(wrong) > 25
    for what, data in wrong.items():
        with pytest.raises(TamperedError):
            open_to_file(io.BytesIO(data), tmp_path / "plain", opener=KEK, trusted=TRUSTED)
        assert list(tmp_path.iterdir()) == [], what


def resigned(data: bytes) -> bytes:
    """The same change by an insider who can sign: now only the encryption stands against it."""
    end = 8 + int.from_bytes(data[4:8], "big")
    immutable = json.dumps(json.loads(data[8:end])["immutable"], sort_keys=True, separators=(",", ":")).encode()
    context = b"hpf1" + hashlib.sha256(immutable).digest()
    return data[:-64] + PAYER.key.sign(b"hpf1 signature" + context + hashlib.sha256(data[end:-64]).digest())


def test_the_payload_is_bound_even_against_a_new_signature() -> None:
    data = sealed(os.urandom(2 * CHUNK + 500))
    assert opened(resigned(data)) == opened(data)
    refused = 0
    for what, broken in damage(data).items():
        if what.startswith(("chunk", "a chunk", "the last", "extended before", "flip")):
            refused += 1
            with pytest.raises(TamperedError):
                opened(resigned(broken))
    assert refused >= 14
    with pytest.raises(TamperedError):
        opened(resigned(data.replace(b'"BANK"', b'"BONK"', 1)))


def test_no_byte_is_released_before_its_chunk_and_its_sender_are_verified() -> None:
    plain = os.urandom(4 * CHUNK)
    data = bytearray(sealed(plain))
    data[8 + int.from_bytes(data[4:8], "big") + 56 + 2 * (CHUNK + 16)] ^= 1
    target = io.BytesIO()
    with pytest.raises(TamperedError):
        open_sealed(io.BytesIO(bytes(data)), target, opener=KEK, trusted=TRUSTED)
    assert target.getvalue() == b""  # the signature speaks first
    with pytest.raises(TamperedError):
        open_sealed(io.BytesIO(resigned(bytes(data))), target, opener=KEK, trusted=TRUSTED)
    assert plain.startswith(target.getvalue())


def test_an_unknown_or_false_sender_is_refused() -> None:
    data = sealed(b"x")
    for trusted in ({}, {"payer-1": ed25519.Ed25519PrivateKey.generate().public_key()}):
        with pytest.raises(TamperedError):
            inspect_sealed(io.BytesIO(data), trusted=trusted)
        with pytest.raises(TamperedError):
            open_sealed(io.BytesIO(data), io.BytesIO(), opener=KEK, trusted=trusted)


def test_a_file_that_changes_between_check_and_reading_is_refused() -> None:
    first, second = sealed(b"a" * 100), sealed(b"b" * 100)

    class Switching(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads == 5:  # after magic, header, payload and signature: the second reading begins
                at = self.tell()
                self.seek(0)
                self.write(second)
                self.seek(at)
            return super().read(size)

    target = io.BytesIO()
    with pytest.raises(TamperedError):
        open_sealed(Switching(first), target, opener=KEK, trusted=TRUSTED)
    assert target.getvalue() == b""


def test_a_source_that_grows_while_it_is_sealed_is_refused() -> None:
    class Growing(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            super().seek(0, 2)
            self.write(b"more")
            return super().seek(offset, whence)

    with pytest.raises(TamperedError, match="changed while"):
        seal(Growing(b"x"), io.BytesIO(), label=LABEL, readers=[KEK], signer=PAYER)


def test_rotation_rewraps_without_touching_payload_or_signature() -> None:
    plain = os.urandom(CHUNK + 3)
    old = sealed(plain, [KEK])
    fresh = InternalKey("kek-2", os.urandom(32))
    target = io.BytesIO()
    rewrap(io.BytesIO(old), target, opener=KEK, readers=[fresh, X25519Reader("b", HPKE_KEY.public_key())])
    new = target.getvalue()
    assert old[8 + int.from_bytes(old[4:8], "big") :] == new[8 + int.from_bytes(new[4:8], "big") :]
    assert opened(new, fresh) == opened(new, X25519Opener("b", HPKE_KEY)) == plain
    with pytest.raises(TamperedError):
        opened(new, KEK)
    with pytest.raises(TamperedError):
        rewrap(io.BytesIO(new), io.BytesIO(), opener=KEK, readers=[fresh])


def test_a_reader_cannot_be_added_without_the_data_key() -> None:
    data = sealed(b"x", [KEK, InternalKey("kek-2", os.urandom(32))])
    end = 8 + int.from_bytes(data[4:8], "big")
    header = json.loads(data[8:end])
    for wraps in (header["wraps"][:1], header["wraps"][::-1], [header["wraps"][0], dict(header["wraps"][1], kid="x")]):
        body = json.dumps(dict(header, wraps=wraps), sort_keys=True, separators=(",", ":")).encode()
        with pytest.raises(TamperedError):
            opened(data[:4] + len(body).to_bytes(4, "big") + body + data[end:])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"[" * 60_000,
        b'{"immutable":{},"mac":"","wraps":[]}',
        b'{"immutable":{"facts":1},"mac":1,"wraps":"x"}',
        b'{"immutable":{"facts":[1]},"mac":null,"wraps":[1]}',
        b"\xff" * 10,
    ],
)
def test_a_senseless_header_is_refused(body: bytes) -> None:
    for data in (b"HPF1" + len(body).to_bytes(4, "big") + body + b"\0" * 200, b"HPF1\xff\xff\xff\xff" + body):
        with pytest.raises(TamperedError):
            opened(data)


def test_other_spellings_of_the_same_header_are_refused() -> None:
    data = sealed(b"x")
    end = 8 + int.from_bytes(data[4:8], "big")
    text = data[8:end]
    for other in (
        text.replace(b'":', b'": ', 1),
        text.replace(b'"BANK"', b'"\\u0042ANK"', 1),
        text.replace(b'"facts":{"lines":"3"}', b'"facts":{"lines":"4","lines":"3"}', 1),
        text.replace(b'"plaintext_length":1', b'"plaintext_length":1.0', 1),
        text.replace(b'"plaintext_length":1', b'"plaintext_length":true', 1),
        text + b" ",
    ):
        assert other != text
        with pytest.raises(TamperedError):
            opened(data[:4] + len(other).to_bytes(4, "big") + other + data[end:])


def test_what_no_reader_would_accept_is_not_written() -> None:
    many = [InternalKey(f"k{n}", os.urandom(32)) for n in range(17)]
    for readers in (many, [KEK, KEK]):
        with pytest.raises(ValueError, match="readers"):
            sealed(b"x", readers)
    for text in ("测试", 'a"b', "a\\b", "a\nb"):
        with pytest.raises(ValueError, match="printable ASCII"):
            sealed(b"x", label=Label("c", text, "a", "b", datetime.now(UTC)))
    with pytest.raises(ValueError, match="65536"):
        sealed(b"x", label=Label("c", "n", "a", "b", datetime.now(UTC), {"f": "x" * 70_000}))
    with pytest.raises(ValueError, match="3072"):
        RsaReader("b", rsa.generate_private_key(65537, 2048).public_key())


def test_publishing_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    data = sealed(b"new")
    open_to_file(io.BytesIO(data), path, opener=KEK, trusted=TRUSTED)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        open_to_file(io.BytesIO(sealed(b"other")), path, opener=KEK, trusted=TRUSTED)
    assert [path.read_bytes(), list(tmp_path.iterdir())] == [b"new", [path]]


def test_memory_stays_constant(tmp_path: Path) -> None:
    size = 64 * 1024 * 1024
    (tmp_path / "plain").write_bytes(random.Random(1).randbytes(1024) * (size // 1024))
    tracemalloc.start()
    with (tmp_path / "plain").open("rb") as source, (tmp_path / "sealed").open("wb") as target:
        seal(source, target, label=LABEL, readers=[KEK], signer=PAYER)
    with (tmp_path / "sealed").open("rb") as source:
        open_to_file(source, tmp_path / "again", opener=KEK, trusted=TRUSTED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "again").stat().st_size == size
    assert peak < 12 * 1024 * 1024


def test_nothing_secret_or_personal_is_in_the_error_or_the_repr() -> None:
    with pytest.raises(TamperedError) as caught:
        opened(sealed(b"6222000000000001"), InternalKey("kek-1", os.urandom(32)))
    assert "6222" not in str(caught.value) + repr(KEK) + repr(PAYER)
    assert KEK.key.hex() not in repr(KEK)
    assert "key=" not in repr(PAYER)
