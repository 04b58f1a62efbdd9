"""Canonical text of sources becomes the type of a field, or no value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from baton.model.account import FieldSpec, FieldType
from baton.records.types import column_type, from_text


@pytest.mark.parametrize(
    ("spec", "text", "value"),
    [
        (FieldSpec(), "0012", "0012"),
        (FieldSpec(FieldType.REFERENCE), "a ", "a "),
        (FieldSpec(FieldType.INTEGER), "-12", -12),
        (FieldSpec(FieldType.DECIMAL, places=2), "1.50", Decimal("1.50")),
        (FieldSpec(FieldType.BOOLEAN), "false", False),
        (FieldSpec(FieldType.DATE), "2026-11-22", date(2026, 11, 22)),
        (FieldSpec(FieldType.DATETIME), "2026-11-22T18:00:00+08:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        (FieldSpec(FieldType.DATETIME), "2026-11-22T10:00:00.000001Z", datetime(2026, 11, 22, 10, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_text_becomes_the_value_that_it_writes(spec: FieldSpec, text: str, value: object) -> None:
    made = pl.DataFrame({"v": [text, None]}).select(from_text(pl.col("v"), spec)).to_series()
    assert (made.to_list(), made.dtype) == ([value, None], column_type(spec))


@pytest.mark.parametrize(
    "kind", [FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME]
)
def test_other_text_becomes_no_value(kind: FieldType) -> None:
    made = pl.DataFrame({"v": ["nonsense"]}).select(from_text(pl.col("v"), FieldSpec(kind))).to_series()
    assert made.to_list() == [None]
