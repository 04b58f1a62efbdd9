"""The settings of a bank's envelopes: both sides of each profile understand each other, and wrong keys are named."""

from __future__ import annotations

import io
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from baton.envelopes.cms import CmsSealer, CmsUnsealer
from baton.envelopes.openpgp import OpenPgpSealer, OpenPgpUnsealer
from baton.envelopes.settings import EnvelopeSettings
from tests.envelopes.desk import LABEL, certificate, key


def public(one: Any) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return one.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


def private(one: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    return one.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def crt(name: str) -> str:
    return certificate(name).public_bytes(serialization.Encoding.PEM).decode()


def hpf1() -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of both sides."""
    signing = [ed25519.Ed25519PrivateKey.generate() for _ in range(2)]
    reading = [x25519.X25519PrivateKey.generate() for _ in range(2)]

    def side(us: int, them: int) -> dict[str, Any]:
        return {
            "bank_reading_kid": f"read-{them}",
            "bank_reading_key": public(reading[them]),
            "bank_signing_keys": {f"sign-{them}": public(signing[them])},
            "signing_kid": f"sign-{us}",
            "reading_kid": f"read-{us}",
            "signing_key": private(signing[us]),
            "reading_key": private(reading[us]),
        }

    return side(0, 1), side(1, 0)


def cms() -> tuple[dict[str, Any], dict[str, Any]]:
    def side(us: str, them: str) -> dict[str, Any]:
        return {
            "payment_envelope": "cms",
            "bank_certificate": crt(f"rsa-{them}"),
            "bank_signing_certificates": [crt(f"ec-{them}")],
            "own_signing_certificate": crt(f"ec-{us}"),
            "own_reading_certificate": crt(f"rsa-{us}"),
            "cms_signing_key": private(key(f"ec-{us}")),
            "cms_reading_key": private(key(f"rsa-{us}")),
        }

    return side("own", "bank"), side("bank", "own")


def settings(values: dict[str, Any], sender: str = LABEL.sender, recipient: str = LABEL.recipient) -> EnvelopeSettings:
    return EnvelopeSettings(**{"sender": sender, "recipient": recipient, **values})


@pytest.mark.parametrize("profile", [hpf1, cms])
def test_what_one_side_seals_the_other_opens(profile):
    ours, theirs = profile()
    sealing = settings(ours).sealing()
    out = io.BytesIO()
    sealing.sealer.seal(["示例".encode()], out, LABEL)
    bank = settings(theirs, sender=LABEL.recipient, recipient=LABEL.sender)
    assert bank.unsealer().open(LABEL.name, out.getvalue()) == "示例".encode()
    assert (sealing.sender, sealing.recipient) == (LABEL.sender, LABEL.recipient)


def test_each_profile_is_what_it_is_called():
    ours, _ = cms()
    assert isinstance(settings(ours).sealer(), CmsSealer)
    assert isinstance(settings(ours).unsealer(), CmsUnsealer)
    fingerprints = {"bank_openpgp_fingerprint": "A" * 40, "own_openpgp_fingerprint": "B" * 40}
    pgp = settings({"payment_envelope": "openpgp", **fingerprints})
    assert isinstance(pgp.sealer(), OpenPgpSealer)
    assert isinstance(pgp.unsealer(), OpenPgpUnsealer)


@pytest.mark.parametrize(
    ("profile", "missing", "named"),
    [
        (hpf1, "bank_reading_key", "bank_reading_key"),
        (hpf1, "bank_signing_keys", "bank_signing_keys"),
        (hpf1, "signing_key", "signing_key"),
        (cms, "bank_certificate", "bank_certificate"),
        (cms, "bank_signing_certificates", "bank_signing_certificates"),
        (cms, "cms_signing_key", "cms_signing_key"),
        (cms, "own_reading_certificate", "own_reading_certificate"),
    ],
)
def test_a_missing_key_is_named(profile, missing, named):
    ours, _ = profile()
    del ours[missing]
    with pytest.raises(ValueError, match=named):
        settings(ours)


def test_no_profile_is_content_with_the_keys_of_another():
    ours, _ = hpf1()
    for other in ("cms", "openpgp"):
        with pytest.raises(ValueError, match=f"{other} needs other keys"):
            settings({**ours, "payment_envelope": other})
    swapped, _ = cms()
    swapped["cms_signing_key"] = swapped["cms_reading_key"]
    with pytest.raises(ValueError, match="own_signing_certificate or cms_signing_key"):
        settings(swapped)
    with pytest.raises(ValueError, match="payment_envelope"):
        settings({**ours, "payment_envelope": "cms-cbc"})


def test_no_private_key_is_shown():
    ours, _ = hpf1()
    assert "PRIVATE" not in repr(settings(ours))
