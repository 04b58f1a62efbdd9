"""Orders for the tests: obviously invented people, companies and accounts."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

from baton.banking.splitting import OrderHead, split
from baton.banking.writing import write
from baton.model.payable import BankAccount, Component, Payable, PayableKey

OWN_BANK, OTHER_BANK = "308584000013", "102100099996"
PAYER = BankAccount("示例科技有限公司", "755900000000001", OWN_BANK, "示例银行深圳分行", "深圳", "CN")
EURO_PAYER = BankAccount("Demo GmbH", "DE44500105175407324931", "INGDDEFF", "Demo Bank", "Berlin", "DE")
HEAD = OrderHead(
    "run-2026-11", datetime(2026, 11, 26, 3, 4, 5, tzinfo=UTC), date(2026, 11, 27), PAYER, "示例科技有限公司"
)


def payable(number="E0001", amount_minor=1_234_56, **given):
    """One line; accounts, banks and all the rest can be given."""
    account = {
        "holder": "张三", "account": "6222020000000000001", "bank_code": OTHER_BANK, "bank_name": "示例银行北京分行",
        "town": "北京",
    }  # fmt: skip
    account |= {name: given.pop(name) for name in (*account, "country") if name in given}
    key = PayableKey(number, given.pop("period", "2026-11"), given.pop("component", Component.SALARY))
    line = {"remark": "2026年11月工资", "place": f"pay.csv:{number}"} | given
    return Payable(key, BankAccount(**account), amount_minor, **line)


THREE = (
    payable("E0001", 1_234_56),
    payable("E0002", 5, holder="欧阳·娜娜", account="6225880000000002", bank_code=OWN_BANK),
    payable("E0003", 99_999_999, holder="李<四> & 王\"五'", account="6217000000000000003"),
)
"""1,234.56 yuan, five fen, and 999,999.99 yuan to a name that XML has to escape."""


def order(lines, profile, part=1):
    """The order for the first (or another) part of a run of these lines."""
    euro = "EUR" in profile.currencies
    head = replace(HEAD, payer=EURO_PAYER, initiator=EURO_PAYER.holder) if euro else HEAD
    return head.order(split(lines, profile)[part - 1])


def written(lines, profile, part=1):
    """The bytes of it."""
    out = io.BytesIO()
    write(order(lines, profile, part), profile, out)
    return out.getvalue()
