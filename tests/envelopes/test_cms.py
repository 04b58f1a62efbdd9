"""CMS: OpenSSL opens and verifies what we write, we open what OpenSSL writes, and nothing else."""

from __future__ import annotations

import io
import tracemalloc
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from baton.envelopes import cms_ciphers, der
from baton.envelopes.cms import CmsSealer, CmsUnsealer
from baton.envelopes.cms_ciphers import AES256_GCM, CbcCipher
from baton.envelopes.cms_enveloped import envelop
from baton.envelopes.cms_keys import CertifiedSigner, RsaReceiver, RsaRecipient, TrustedCertificate
from baton.envelopes.cms_signed import SHA256, signed
from tests.envelopes import desk
from tests.envelopes.desk import LABEL, SIZES, certificate, content, key, pem, refused, run, sealed

BANK, OWN, OTHER = "rsa-bank", "ec-own", "ec-other"


def sealer(own: str = OWN, bank: str = BANK) -> CmsSealer:
    return CmsSealer([RsaRecipient(certificate(bank))], CertifiedSigner(certificate(own), key(own)))


def unsealer(own: str = OWN, bank: str = BANK) -> CmsUnsealer:
    return CmsUnsealer([RsaReceiver(certificate(bank), key(bank))], [TrustedCertificate(certificate(own))])


def enveloped(inside: bytes) -> bytes:
    """Encrypted for the bank, whatever is inside."""
    out = io.BytesIO()
    envelop([inside], AES256_GCM, [RsaRecipient(certificate(BANK))], out.write)
    return out.getvalue()


def by_openssl(data: bytes, folder, own: str = OWN) -> tuple[int, bytes]:
    """Decrypted and verified by two ordinary calls; the worse exit code and the content."""
    crt, private = pem(BANK, folder)
    sender, _ = pem(own, folder)
    words = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", crt, "-inkey", private]
    inner = run(*words, data=data)
    outer = run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-CAfile", sender, data=inner.stdout)
    return inner.returncode or outer.returncode, outer.stdout


def openssl_writes(plain: bytes, folder, own: str, *, cipher: str = "-aes-256-gcm", sign: bool = True) -> bytes:
    crt, _ = pem(BANK, folder)
    sender, private = pem(own, folder)
    pss = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"] if own.startswith("rsa") else []
    words = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-md", "sha256", "-signer", sender]
    inside = run(*words, "-inkey", private, *pss, data=plain).stdout if sign else plain
    words = ["openssl", "cms", "-encrypt", "-binary", "-stream", "-outform", "DER", cipher, "-recip", crt]
    oaep = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256"]
    done = run(*words, *oaep, data=inside)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("size", SIZES)
def test_openssl_decrypts_and_verifies_it_byte_for_byte(size, tmp_path):
    plain = content(size)
    data = sealed(sealer(), plain)
    assert by_openssl(data, tmp_path) == (0, plain)
    assert unsealer().open(LABEL.name, data) == plain


def test_a_key_of_either_kind_signs(tmp_path):
    plain = "示例䶮".encode()
    data = sealed(sealer(own="rsa-own"), plain)
    assert by_openssl(data, tmp_path, "rsa-own") == (0, plain)
    assert unsealer(own="rsa-own").open(LABEL.name, data) == plain


@pytest.mark.parametrize("own", ["rsa-own", OWN])
def test_what_openssl_writes_is_opened(own, tmp_path):
    plain = content(50_000)
    assert unsealer(own=own).open(LABEL.name, openssl_writes(plain, tmp_path, own)) == plain


def borders(data: bytes) -> list[int]:
    """Where the segments of the encrypted content begin, and where the last one ends."""
    body = der.read(data).children[1].children[0]
    encrypted = body.children[2].children[2]
    found, at = [], data.index(encrypted.children[0].raw)
    for segment in encrypted.children:
        found.append(at)
        at += len(segment.raw)
    return [*found, at]


def test_every_border_damaged_releases_nothing(tmp_path):
    data = sealed(sealer(), content(3 * 262_144 + 500))
    wrong = list(desk.damaged(data, borders(data)))
    assert len(wrong) > 60
    for what, broken in wrong:
        refused(unsealer(), broken, what)
    inside = [(what, broken) for what, broken in wrong if len(broken) < 2 * len(data) and broken[: len(data)] != data]
    for what, broken in inside[:: len(inside) // 6]:  # OpenSSL ignores what follows the file, and nothing else
        code, out = by_openssl(broken, tmp_path)
        assert code != 0, (what, len(out))


def test_every_flipped_byte_of_a_small_file_is_found():
    data = sealed(sealer(), b"6222000000000001")
    for at in range(len(data)):
        refused(unsealer(), data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :], f"byte {at}")


def test_another_sender_another_reader_and_no_signature_are_refused(tmp_path):
    data = sealed(sealer(), b"content")
    refused(unsealer(own=OTHER), data, "another sender")
    refused(unsealer(bank="rsa-own"), data, "another reader")
    refused(unsealer(), sealed(sealer(own=OTHER), b"content"), "signed by a stranger")
    refused(unsealer(), openssl_writes(b"content", tmp_path, OWN, sign=False), "not signed")
    stolen = CmsUnsealer([RsaReceiver(certificate(BANK), key(BANK))], [])
    refused(stolen, data, "nobody is trusted")


def test_a_name_of_a_trusted_party_is_not_its_signature():
    """A certificate that names itself as the trusted one does, with the same serial number and another key."""

    class Impostor(CertifiedSigner):
        @property
        def identity(self):
            return TrustedCertificate(certificate(OWN)).identity

    forged = CmsSealer([RsaRecipient(certificate(BANK))], Impostor(certificate(OTHER), key(OTHER)))
    refused(unsealer(), sealed(forged, b"content"), "an impostor")


@pytest.mark.parametrize("sign", [True, False])
def test_cbc_is_refused_signed_or_not(sign, tmp_path):
    data = openssl_writes(b"content", tmp_path, OWN, cipher="-aes-256-cbc", sign=sign)
    refused(unsealer(), data, "CBC")
    cbc = CbcCipher("2.16.840.1.101.3.4.1.42", 32, AES)
    assert AES256_GCM.envelope != cbc.envelope


def test_a_short_tag_is_refused():
    def sealed_with(tag_bytes: int) -> bytes:
        inside = b"".join(signed([b"content"], SHA256, CertifiedSigner(certificate(OWN), key(OWN)), LABEL.created))
        data = enveloped(inside)
        body = der.read(data).children[1].children[0]
        mac, named = body.children[-1].raw, der.integer(16)
        at = data.rindex(mac)
        data = data[:at] + der.element(der.OCTETS, mac[2 : 2 + tag_bytes]) + data[at + len(mac) :]
        return data.replace(named, der.integer(tag_bytes), 1)

    assert unsealer().open(LABEL.name, sealed_with(16)) == b"content"
    for tag_bytes in (0, 1, 4, 12, 15):
        refused(unsealer(), sealed_with(tag_bytes), f"a tag of {tag_bytes}")


def test_two_signatures_are_one_too_many():
    own = CertifiedSigner(certificate(OWN), key(OWN))
    inside = b"".join(signed([b"content"], SHA256, own, LABEL.created))
    node = der.read(inside).children[1].children[0]
    signers = node.children[-1]
    doubled = inside.replace(signers.raw, der.element(der.SET, signers.children[0].raw * 2))
    refused(unsealer(), enveloped(doubled), "two")


def test_content_that_fails_half_way_is_an_error_and_memory_does_not_grow():
    with pytest.raises(LookupError):
        sealer().seal(desk.Broken(), io.BytesIO(), LABEL)
    sealer().seal([b"warm"], desk.Nowhere(), LABEL)
    tracemalloc.start()
    told = sealer().seal(desk.Endless(64 * 1024 * 1024), desk.Nowhere(), LABEL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.plain_bytes == 64 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


def test_a_file_beyond_one_nonce_is_refused(monkeypatch):
    monkeypatch.setattr(cms_ciphers, "_MOST_UNDER_ONE_NONCE", 1_000_000)
    with pytest.raises(ValueError, match="64 GiB"):
        sealer().seal(desk.Endless(2_000_000), io.BytesIO(), LABEL)


def test_keys_that_cannot_be_used_are_refused_at_once():
    with pytest.raises(ValueError, match="not the certificate's"):
        CertifiedSigner(certificate(OWN), key(OTHER))
    with pytest.raises(ValueError, match="not the certificate's"):
        RsaReceiver(certificate(BANK), rsa.generate_private_key(65537, 2048))
    with pytest.raises(ValueError, match="RSA"):
        RsaRecipient(certificate(OWN))
    with pytest.raises(ValueError, match="nobody"):
        CmsSealer([], CertifiedSigner(certificate(OWN), key(OWN))).seal([b"x"], io.BytesIO(), LABEL)
    assert "key=" not in repr(CertifiedSigner(certificate(OWN), key(OWN)))


@pytest.mark.parametrize("extra", [b"\x04\x01x", b"\x31\x00", b"\xa0\x00", b"\xa2\x00"])
def test_what_has_no_place_beside_the_signature_is_not_passed_over(extra: bytes) -> None:
    """Nobody has signed it: with a cipher that proves nothing, damage looks like that."""
    moment = datetime(2026, 11, 27, tzinfo=UTC)
    inside = b"".join(signed([b"payables"], SHA256, CertifiedSigner(certificate(OWN), key(OWN)), moment))
    assert unsealer().open(LABEL.name, enveloped(inside)) == b"payables"
    signers = der.read(inside).children[1].children[0].children[-1].raw
    assert inside.count(signers) == 1
    refused(unsealer(), enveloped(inside.replace(signers, extra + signers)))
    refused(unsealer(), enveloped(inside.replace(signers, signers + extra + signers)))
