"""doctor: a program that a bank's envelope needs, and that is not on this machine, is named before anything is paid."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.cli.conftest import Company

BANK = """  bank:
    connector: bank/https_files
    settings:
      base_url: https://files.bank.example
      sender: US
      recipient: BANK
      payment_envelope: %s
      bank_openpgp_key: "-"
      bank_openpgp_fingerprint: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      own_openpgp_fingerprint: BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB
"""


def findings(company: Company, envelope: str) -> list[tuple[str, bool, str, str]]:
    company.ok("keys", "init")
    secrets = company.root / "secrets" / "bank"
    secrets.mkdir()
    for name in ("token", "openpgp_key"):
        (secrets / name).write_text("none that opens anything", "utf-8")
        (secrets / name).chmod(0o600)
    company.systems.write_text(company.systems.read_text("utf-8") + BANK % envelope, "utf-8")
    said = company.baton("doctor", "--json").json["findings"]
    return [(each["what"], each["ok"], each["detail"], each["remedy"]) for each in said]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes a program off this machine."""
    which = shutil.which

    def take(program: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda name, *more, **named: (name != program and which(name)) or None)

    return take


def test_openpgp_without_gpg_is_named_with_the_bank(company: Company, without: Any) -> None:
    without("gpg")
    (found,) = [each for each in findings(company, "openpgp") if each[0] == "bank: payment_envelope"]
    assert not found[1]
    assert found[2].endswith("there is no gpg on this machine")
    assert "systems.yaml:" in found[2]
    assert "install GnuPG" in found[3]


def test_openpgp_with_gpg_is_well(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, *_, **__: f"/usr/bin/{name}")
    assert ("bank: payment_envelope", True, "/usr/bin/gpg") in [each[:3] for each in findings(company, "openpgp")]


def test_sm4_without_openssl_is_named_among_the_settings(company: Company, without: Any) -> None:
    without("openssl")
    told = [each[2] for each in findings(company, "sm4") if each[0] == "settings"]
    assert any("sm4 needs the command openssl" in detail for detail in told)
