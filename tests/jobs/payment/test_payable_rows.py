"""Rows of a payroll file become payables, or are named: what is no amount is never one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from baton.jobs.payment.payable_rows import PAYABLES, ReadRows, read_page
from baton.model.source_rows import SourcePage


def read(amounts: Sequence[str]) -> ReadRows:
    rows = pl.DataFrame({"工号": [f"{at:04d}" for at in range(len(amounts))], "实发工资": amounts})
    return read_page(SourcePage(rows, 2), PAYABLES.recognised(rows.columns, "pay.csv"), "CNY", "pay.csv")


@pytest.mark.parametrize("amount", ["8000①", "8000²", "①8000", "8000.50¹", "1⒉50", "￥8000①", "8000½", "8000㊿", "²"])
def test_a_sign_of_a_footnote_is_no_digit_of_an_amount(amount: str) -> None:
    told = read(["12.50", amount, "８０００．５０"])
    assert [(row.number, row.amount_minor) for row in told.rows] == [("0000", 1250), ("0002", 800050)]
    assert [(fault.place, fault.rule) for fault in told.faults] == [("pay.csv:3", "amount")]
