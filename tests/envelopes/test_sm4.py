"""SM4 and SM3, with SM2 done by a device: here OpenSSL's command line plays the device, and opens what we write."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from baton.envelopes import der
from baton.envelopes.cms_enveloped import opened
from baton.envelopes.cms_keys import RsaReceiver, RsaRecipient, identity_of
from baton.envelopes.sm4 import SM2_ENCRYPTION_ID, SM2_WITH_SM3_ID, SM4_CBC, SM4_GCM, Sm4Sealer, Sm4Unsealer
from tests.envelopes import desk
from tests.envelopes.desk import LABEL, certificate, content, key, pem, refused, run, sealed

BANK = "rsa-bank"


class Device:
    """An SM2 key in a device: signs, unwraps, and never shows itself."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.private, self.crt = folder, folder / f"{name}.key", folder / f"{name}.crt"
        self._openssl("ecparam", "-genkey", "-name", "SM2", "-noout", "-out", self.private)
        words = [
            "req",
            "-x509",
            "-new",
            "-key",
            self.private,
            "-sm3",
            "-subj",
            f"/CN=Synthetic {name}",
            "-days",
            "3650",
        ]
        self._openssl(*words, "-sigopt", "distid:1234567812345678", "-out", self.crt)
        self.holder = x509.load_pem_x509_certificate(self.crt.read_bytes())
        self.identity = identity_of(self.holder)
        self.certificate = self._openssl("x509", "-in", self.crt, "-outform", "DER")

    def _openssl(self, *words, data: bytes | None = None) -> bytes:
        done = run("openssl", *words, data=data)
        if done.returncode:
            raise ValueError("the device refuses")
        return done.stdout


class Signing(Device):
    algorithm = SM2_WITH_SM3_ID

    def sign(self, message: bytes) -> bytes:
        (self.folder / "m").write_bytes(message)
        words = ["pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-inkey", self.private, "-in", self.folder / "m"]
        return self._openssl(*words, "-pkeyopt", "distid:1234567812345678")

    def verify(self, algorithm: bytes, signature: bytes, message: bytes) -> bool:
        (self.folder / "m").write_bytes(message)
        (self.folder / "s").write_bytes(signature)
        words = [
            "pkeyutl",
            "-verify",
            "-rawin",
            "-digest",
            "sm3",
            "-certin",
            "-inkey",
            self.crt,
            "-in",
            self.folder / "m",
        ]
        done = run("openssl", *words, "-sigfile", self.folder / "s", "-pkeyopt", "distid:1234567812345678")
        return algorithm == SM2_WITH_SM3_ID and done.returncode == 0


class Reading(Device):
    algorithm = SM2_ENCRYPTION_ID

    def wrap(self, data_key: bytes) -> bytes:
        return self._openssl("pkeyutl", "-encrypt", "-certin", "-inkey", self.crt, data=data_key)

    def unwrap(self, wrapped: bytes) -> bytes:
        return self._openssl("pkeyutl", "-decrypt", "-inkey", self.private, data=wrapped)


@pytest.fixture
def own(tmp_path: Path) -> Signing:
    return Signing(tmp_path, "own")


@pytest.fixture
def bank(tmp_path: Path) -> Reading:
    return Reading(tmp_path, "bank")


def independent_open(data: bytes, device: Reading) -> bytes:
    """Another way to what is inside: the outer structure by its fixed order, SM4-GCM from the library."""
    body = der.read(data).children[1].children[0]
    _, infos, held, mac = body.children
    wrapped = infos.children[0].children[3].content
    nonce = held.children[1].children[1].children[0].content
    encrypted = b"".join(segment.content for segment in held.children[2].children)
    decryptor = Cipher(SM4(device.unwrap(wrapped)), GCM(nonce, mac.content)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()


def test_with_keys_in_devices_both_sides_understand_each_other(own, bank, tmp_path):
    plain = content(300_000)
    for cipher in (SM4_GCM, SM4_CBC):
        data = sealed(Sm4Sealer([bank], own, cipher), plain)
        assert Sm4Unsealer([bank], [own], [cipher]).open(LABEL.name, data) == plain
    body = der.read(independent_open(sealed(Sm4Sealer([bank], own), plain), bank)).children[1].children[0]
    assert b"".join(segment.content for segment in body.children[2].children[1].children[0].children) == plain
    _, _, _, attributes, algorithm, signature = body.children[-1].children[0].children
    assert own.verify(algorithm.raw, signature.content, b"\x31" + attributes.raw[1:])
    digest = run("openssl", "dgst", "-sm3", "-binary", data=plain).stdout
    assert der.element(der.OCTETS, digest) in attributes.raw


def test_openssl_decrypts_the_cbc_profile(own, tmp_path):
    plain = content(50_000)
    crt, private = pem(BANK, tmp_path)
    data = sealed(Sm4Sealer([RsaRecipient(certificate(BANK))], own, SM4_CBC), plain)
    words = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", crt, "-inkey", private]
    done = run(*words, data=data)
    assert done.returncode == 0, done.stderr
    assert opened(data, [SM4_CBC], [RsaReceiver(certificate(BANK), key(BANK))]) == done.stdout


def test_every_border_damaged_and_every_stranger_is_refused(own, tmp_path):
    plain = content(600_000)
    for cipher in (SM4_GCM, SM4_CBC):
        data = sealed(Sm4Sealer([RsaRecipient(certificate(BANK))], own, cipher), plain)
        unsealer = Sm4Unsealer([RsaReceiver(certificate(BANK), key(BANK))], [own], [cipher])
        assert unsealer.open(LABEL.name, data) == plain
        segments = der.read(data).children[1].children[0].children[2].children[2].children
        at = data.index(segments[0].raw)
        borders = [at := at + len(segment.raw) for segment in segments]
        for what, broken in desk.damaged(data, borders):
            refused(unsealer, broken, f"{cipher}: {what}")
        refused(Sm4Unsealer([RsaReceiver(certificate(BANK), key(BANK))], [], [cipher]), data, "nobody is trusted")
    other = {SM4_GCM: SM4_CBC, SM4_CBC: SM4_GCM}[cipher]
    refused(Sm4Unsealer([RsaReceiver(certificate(BANK), key(BANK))], [own], [other]), data, "another cipher")
