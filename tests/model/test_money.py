"""A currency has one number of decimals, whoever asks."""

from __future__ import annotations

import pytest

from baton.banking.catalogue import load_profile
from baton.banking.reading.amounts import from_major
from baton.jobs.payment.payable_rows import minor_units
from baton.model.money import major_text, minor_digits


@pytest.mark.parametrize(
    ("currency", "written", "minor"), [("CNY", "12.30", 1230), ("VND", "1230", 1230), ("KWD", "1.230", 1230)]
)
def test_a_payroll_file_a_bank_profile_and_a_statement_count_a_currency_alike(tmp_path, currency, written, minor):
    (tmp_path / "ours.yaml").write_text(
        f"based_on: generic-csv\ncurrencies: {currency}\nscale: {minor_digits(currency)}\n", "utf-8"
    )
    profile = load_profile("ours", tmp_path)
    assert minor_units(written, minor_digits(currency)) == from_major(written, currency) == minor
    assert profile.amount(minor) == written
    assert major_text(minor, currency) == f"{profile.amount(minor)}".replace("1230", "1,230") + f" {currency}"
