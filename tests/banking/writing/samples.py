"""The packaged profiles as a customer would use them, with the values of an invented contract."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from baton.banking.catalogue import load_profile
from tests.banking.writing.orders import payable

PROFILES = {
    "iso20022-cny": "",
    "iso20022-cny-03": "",
    "iso20022-sepa": "",
    "cmb-agency": "contract: {login: demo01, branch: '75', business_mode: '00001'}",
    "icbc-payper": "contract: {group: '400090001600001', certificate: demo.y.4000}",
    "boc-b2e0061": "contract: {terminal: E127000000001, customer: '123456', operator: demo1}",
    "generic-csv": "",
    "generic-fixed": "",
}
"""What each profile needs besides itself."""

_EURO = {"currency": "EUR", "remark": "Salary 2026-11", "bank_name": "", "town": "Berlin", "country": "DE"}
LINES = {
    "iso20022-sepa": (
        payable("E0001", 1_234_56, holder="Erika Mustermann", account="DE89370400440532013000", bank_code="", **_EURO),
        payable("E0002", 5, holder="Max Beispiel", account="DE02120300000000202051", bank_code="BYLADEM1001", **_EURO),
        payable("E0003", 99_999_999, holder="A. Sample", account="NL91ABNA0417164300", bank_code="", **_EURO),
    )
}
"""Lines for profiles that cannot carry `THREE`."""


@cache
def sample(name):
    """The profile, with what a contract adds to it."""
    if not PROFILES[name]:
        return load_profile(name)
    with TemporaryDirectory() as folder:
        Path(folder, f"our-{name}.yaml").write_text(f"based_on: {name}\n{PROFILES[name]}", "utf-8")
        return load_profile(f"our-{name}", Path(folder))
