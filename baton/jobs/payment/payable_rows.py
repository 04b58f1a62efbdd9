"""Rows of a payroll file (or of any other source) as payables: headers recognised, amounts exact, bad rows named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import polars as pl

from baton.errors import Fault
from baton.jobs.payment.headers import EMPLOYEE_NUMBER, Headers
from baton.mapping.transforms.money import currencies, money
from baton.model.money import may_mean, minor_digits
from baton.model.payable import Component
from baton.model.source_rows import SourcePage

LARGEST_MINOR: Final = 10**15 - 1
"""Ten thousand milliards of yuan: what is beyond is a slip of the pen, and every bank layout carries it."""
_PLAIN: Final = re.compile(r"-?(?:[0-9]{1,20}\.?[0-9]{0,7}|\.[0-9]{1,7})", re.ASCII)
"""Few enough digits that every one of them counts when it is scaled."""
PAYABLES: Final = Headers(
    {
        "number": EMPLOYEE_NUMBER,
        "amount": ("金额", "实发工资", "实发金额", "实发", "付款金额", "amount", "net pay"),
        "holder": (
            *("户名", "账户名", "账户名称", "收款人", "收款人姓名", "收款人名称", "姓名"),
            *("account holder", "payee", "holder"),
        ),
        "account": (
            *("账号", "帐号", "卡号", "银行账号", "银行卡号", "收款账号"),
            *("account", "account number", "card number"),
        ),
        "bank_code": ("联行号", "行号", "开户行行号", "cnaps", "bic", "bank code", "bank_code"),
        "bank_name": ("开户行", "开户银行", "银行", "bank", "bank name", "bank_name"),
        "town": (
            *("开户城市", "开户地", "开户行城市", "开户行所在地", "开户行所在城市", "收款城市"),
            *("bank city", "bank town", "town"),
        ),
        "currency": ("币种", "币别", "currency"),
        "component": ("项目", "发放项目", "付款类型", "component"),
        "remark": ("摘要", "备注", "用途", "附言", "remark", "memo"),
    },
    required=("number", "amount"),
)
"""The columns of a payroll file."""
_COMPONENTS: Final[Mapping[str, Component]] = {
    **{component.value: component for component in Component},
    "工资": Component.SALARY,
    "奖金": Component.BONUS,
    "报销": Component.EXPENSE,
    "离职结算": Component.FINAL_SETTLEMENT,
    "退回多扣": Component.RECOVERY,
}


@dataclass(frozen=True, slots=True)
class PayableRow:
    """What one row says. Empty text: the row does not say, and the employee's record is asked."""

    number: str
    amount_minor: int
    place: str
    holder: str = field(default="", repr=False)
    account: str = field(default="", repr=False)
    bank_code: str = ""
    bank_name: str = ""
    town: str = ""
    """Of the bank's branch; no record of HR's has it."""
    remark: str = ""
    component: Component | None = None


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Rows that can be used, and by place and rule those that cannot: every row is in one of the two."""

    rows: Sequence[PayableRow]
    faults: Sequence[Fault]


def read_page(page: SourcePage, columns: Mapping[str, str], currency: str, file: str) -> ReadRows:
    """One page of rows; those of a source that names its records (``place``) are placed by these names.

    Amounts are numbers in major units with no more digits than the currency has, as people write them (``￥1,234.50``).
    A currency that stands with one must be able to mean the run's.
    """
    rows: list[PayableRow] = []
    faults = [Fault(f"{file}:{bad.row}", bad.rule, bad.message) for bad in page.rejected]
    texts = page.rows.select(
        (pl.col(header).str.strip_chars() if name != "amount" else money(pl.col(header))).fill_null("").alias(name)
        for name, header in columns.items()
    )
    signs = page.rows.select(currencies(pl.col(columns["amount"]).cast(pl.String))).to_series()
    for at, (values, written) in enumerate(zip(texts.iter_rows(named=True), signs.to_list(), strict=True)):
        place = f"{file}:{values.get('place') or page.first_row + at}"
        told = _row(values, written or (), currency, place)
        (rows if isinstance(told, PayableRow) else faults).append(told)  # type: ignore[arg-type]
    return ReadRows(rows, faults)


def _row(values: Mapping[str, str], written: Sequence[str], currency: str, place: str) -> PayableRow | Fault:
    if not values["number"]:
        return Fault(place, "no_number", "there is no employee number in this row")
    told = [values["currency"]] if values.get("currency") else []
    if not all(may_mean(each, currency) for each in (*told, *written)):
        return Fault(
            place, "other_currency", f"this run pays in {currency}; rows in another currency need their own run"
        )
    minor = minor_units(values["amount"], minor_digits(currency))
    if minor is None:
        most = f"the amount is no plain number with at most {minor_digits(currency)} decimals"
        return Fault(place, "amount", f"{most}; what a workbook works out has to be rounded there, with ROUND")
    named = values.get("component", "")
    if named and named.casefold() not in _COMPONENTS:
        return Fault(place, "component", f"{named[:20]!r} is none of {', '.join(_COMPONENTS)}")
    return PayableRow(
        number=values["number"],
        amount_minor=minor,
        place=place,
        holder=values.get("holder", ""),
        account=values.get("account", "").replace(" ", ""),
        bank_code=values.get("bank_code", ""),
        bank_name=values.get("bank_name", ""),
        town=values.get("town", ""),
        remark=values.get("remark", ""),
        component=_COMPONENTS[named.casefold()] if named else None,
    )


def minor_units(plain: str, places: int) -> int | None:
    """A plain decimal as minor units; None when it is none, has digits beyond the currency's, or is beyond all banks.

    >>> [minor_units(text, 2) for text in ("1234.5", "-0.01", "1.234", "", "1e3", "NaN", "1.2.3", "9999999999999999")]
    [123450, -1, None, None, None, None, None, None]
    """
    if not _PLAIN.fullmatch(plain):
        return None
    scaled = Decimal(plain).scaleb(places)
    minor = int(scaled)
    return minor if minor == scaled and abs(minor) <= LARGEST_MINOR else None
