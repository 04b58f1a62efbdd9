"""SM2 out of the vault: the envelope can be chosen by settings, and the private key is nowhere but in memory."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest

from baton.envelopes import sm2
from baton.envelopes.settings import EnvelopeSettings
from baton.envelopes.sm4 import Sm4Sealer, Sm4Unsealer
from tests.envelopes.desk import LABEL, certificate, content, damaged, key, pem, refused, run

NAMES = ("own-sign", "own-read", "bank-sign", "bank-read")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Name -> certificate and private key (PEM), as a bank's desk would make them."""
    folder: Path = tmp_path_factory.mktemp("sm2")
    made = {}
    for name in NAMES:
        private, crt = folder / f"{name}.key", folder / f"{name}.crt"
        assert run("openssl", "genpkey", "-algorithm", "SM2", "-out", private).returncode == 0
        words = ["req", "-x509", "-new", "-key", private, "-sm3", "-subj", f"/CN=Synthetic {name}", "-days", "3650"]
        assert run("openssl", *words, "-sigopt", "distid:1234567812345678", "-out", crt).returncode == 0
        made[name] = (crt.read_text(), private.read_text())
    return made


def side(keys: dict[str, tuple[str, str]], us: str, them: str, **more: Any) -> EnvelopeSettings:
    values: dict[str, Any] = {
        "sender": LABEL.sender if us == "own" else LABEL.recipient,
        "recipient": LABEL.recipient if us == "own" else LABEL.sender,
        "payment_envelope": "sm4",
        "bank_certificate": keys[f"{them}-read"][0],
        "bank_signing_certificates": [keys[f"{them}-sign"][0]],
        "own_signing_certificate": keys[f"{us}-sign"][0],
        "own_reading_certificate": keys[f"{us}-read"][0],
        "cms_signing_key": keys[f"{us}-sign"][1],
        "cms_reading_key": keys[f"{us}-read"][1],
    }
    return EnvelopeSettings(**{**values, **more})


def sealed(settings: EnvelopeSettings, plain: bytes) -> bytes:
    out = io.BytesIO()
    settings.sealer().seal([plain], out, LABEL)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["gcm", "cbc"])
def test_what_one_side_seals_the_other_opens_and_nobody_else(keys, mode):
    ours, bank = side(keys, "own", "bank", sm4_mode=mode), side(keys, "bank", "own", sm4_mode=mode)
    assert isinstance(ours.sealer(), Sm4Sealer)
    assert isinstance(ours.unsealer(), Sm4Unsealer)
    plain = content(300_000)
    data = sealed(ours, plain)
    assert bank.unsealer().open(LABEL.name, data) == plain
    refused(ours.unsealer(), data, "not for us")
    stranger = bank.model_copy(update={"bank_signing_certificates": (keys["bank-sign"][0],)})
    refused(stranger.unsealer(), data, "signed by somebody else")
    other = {"gcm": "cbc", "cbc": "gcm"}[mode]
    refused(side(keys, "bank", "own", sm4_mode=other).unsealer(), data, "in another mode")


def test_a_signature_is_for_the_user_id_that_was_agreed(keys):
    ours, bank = side(keys, "own", "bank", sm2_user_id="CUSTOMER-1"), side(keys, "bank", "own")
    data = sealed(ours, b"x")
    refused(bank.unsealer(), data, "another user id")
    assert side(keys, "bank", "own", sm2_user_id="CUSTOMER-1").unsealer().open(LABEL.name, data) == b"x"


def test_damage_at_the_borders_is_refused(keys):
    data, bank = sealed(side(keys, "own", "bank"), b"x" * 100), side(keys, "bank", "own").unsealer()
    for what, broken in damaged(data, [4, len(data) // 2]):
        refused(bank, broken, what)


def test_a_signature_and_a_wrapped_key_are_openssls_own(keys, tmp_path):
    """The command alone, with keys in files, believes and opens them."""
    crt, private = tmp_path / "c", tmp_path / "k"
    crt.write_text(keys["own-sign"][0])
    private.write_text(keys["own-sign"][1])
    holder = side(keys, "own", "bank")
    signature = holder._sm2_signer().sign(b"message")
    (tmp_path / "m").write_bytes(b"message")
    (tmp_path / "s").write_bytes(signature)
    words = ["pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-certin", "-inkey", crt, "-in", tmp_path / "m"]
    assert run("openssl", *words, "-sigfile", tmp_path / "s", "-pkeyopt", "distid:1234567812345678").returncode == 0
    trusted = side(keys, "bank", "own")._sm2_trusted()[0]
    assert trusted.verify(sm2.SM2_WITH_SM3_ID, signature, b"message")
    assert not trusted.verify(sm2.SM2_WITH_SM3_ID, signature, b"Message")
    assert not trusted.verify(b"", signature, b"message")
    wrapped = sm2.Sm2Recipient(holder._sm2_signer().holder).wrap(b"k" * 16)
    assert run("openssl", "pkeyutl", "-decrypt", "-inkey", private, data=wrapped).stdout == b"k" * 16


def test_the_private_key_is_in_no_argument_no_environment_and_no_file(keys, monkeypatch, tmp_path):
    calls = []
    real = subprocess.run

    def watched(command, **given):
        calls.append((command, given["env"]))
        return real(command, **given)

    monkeypatch.setattr(subprocess, "run", watched)
    monkeypatch.chdir(tmp_path)
    ours = side(keys, "own", "bank")
    sealed(ours, b"x")
    assert len(calls) >= 4
    lines = [line for line in keys["own-sign"][1].splitlines() if "-----" not in line]
    assert [line for line in lines if line in str(calls)] == []
    assert list(tmp_path.iterdir()) == []
    assert "PRIVATE" not in repr(ours) + repr(ours._sm2_signer()) + repr(ours._sm2_receiver())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"bank_certificate": ""}, "bank_certificate"),
        ({"bank_signing_certificates": []}, "bank_signing_certificates"),
        ({"cms_signing_key": ""}, "own_signing_certificate or cms_signing_key"),
        ({"cms_reading_key": "no key"}, "own_reading_certificate or cms_reading_key"),
        ({"sm4_mode": "ecb"}, "sm4_mode"),
        ({"sm2_user_id": ""}, "sm2_user_id"),
    ],
)
def test_what_is_missing_is_named(keys, change, named):
    with pytest.raises(ValueError, match=named):
        side(keys, "own", "bank", **change)


def test_keys_of_another_kind_or_of_another_pair_are_not_taken(keys, tmp_path):
    crt, private = pem("ec-own", tmp_path)
    assert key("ec-own").public_key() == certificate("ec-own").public_key()
    for change in (
        {"own_signing_certificate": crt.read_text(), "cms_signing_key": private.read_text()},
        {"cms_signing_key": keys["own-read"][1]},
    ):
        with pytest.raises(ValueError, match="own_signing_certificate or cms_signing_key"):
            side(keys, "own", "bank", **change)


def test_without_the_command_the_profile_says_so(keys, monkeypatch):
    monkeypatch.setattr(sm2.shutil, "which", lambda _: None)
    with pytest.raises(ValueError, match="needs the command openssl"):
        side(keys, "own", "bank")
