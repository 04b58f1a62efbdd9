"""What kind of difference two values show, and what of them a report may show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from baton.model.account import FieldSpec
from baton.records.compare import Cause, cause_of, differing_cells
from baton.records.masking import masked

AT = datetime(2026, 1, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "found", "cause"),
    [
        ("测试甲乙丙", "测试甲", Cause.CUT),
        ("é", "e\u0301", Cause.UNICODE),
        ("ＡＢ１２", "AB12", Cause.WIDTH),
        ("0012②", "00122", Cause.VALUE),
        (AT, AT + timedelta(hours=8), Cause.ZONE_SHIFT),
        (AT, AT + timedelta(minutes=1), Cause.VALUE),
        ("2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00+00:00", Cause.ZONE),
        ("2026-01-01T08:00:00+08:00", "2026-01-01T08:00:00+00:00", Cause.ZONE_SHIFT),
        ("0012", "12", Cause.LEADING_ZEROS),
        ("000", "0", Cause.LEADING_ZEROS),
        (None, "", Cause.NO_VALUE),
        ("", None, Cause.NO_VALUE),
        ("x", None, Cause.VALUE),
        ("测试 ", "测试", Cause.PADDING),
        ("测试\u3000", "测试", Cause.PADDING),
        ("1.50", "1.5", Cause.SCALE),
        ("1,500.00", "1500", Cause.SCALE),
        ("张三", "张三".encode().decode("latin-1"), Cause.MOJIBAKE),
        ("张三", "张三".encode().decode("gbk", "replace"), Cause.MOJIBAKE),
        ("张三", "李四", Cause.VALUE),
        (1, 2, Cause.VALUE),
        ("NaN", "nan", Cause.VALUE),
        ("1" * 100, "1" * 99 + "2", Cause.VALUE),
    ],
)
def test_the_cause_says_what_happened(expected: object, found: object, cause: Cause) -> None:
    assert cause_of(expected, found) is cause


def test_only_another_way_of_writing_the_same_counts_as_representation() -> None:
    assert {cause for cause in Cause if cause.representation} == {
        Cause.NO_VALUE, Cause.PADDING, Cause.UNICODE, Cause.WIDTH, Cause.SCALE, Cause.ZONE,
    }  # fmt: skip


def test_swapped_columns_are_named_as_swapped_and_equal_ones_are_not_named() -> None:
    fields = {"family": FieldSpec(), "given": FieldSpec(), "note": FieldSpec()}
    expected = pl.DataFrame({"family": ["王", "李"], "given": ["小明", "四"], "note": ["x", None]})
    found = pl.DataFrame({"family": ["小明", "李"], "given": ["王", "四"], "note": ["x", None]})
    cells = differing_cells(expected, found, fields, [7, 8])
    assert [(cell.position, cell.column, cell.cause) for cell in cells] == [
        (7, "family", Cause.SWAPPED),
        (7, "given", Cause.SWAPPED),
    ]


@pytest.mark.parametrize("value", ["110101199001011234", "13800000001", "张三丰", "a"])
def test_a_personal_value_cannot_be_read_in_a_report(value: str) -> None:
    shown = masked(value, personal=True)
    assert value not in shown
    assert f"({len(value)})" in shown


def test_what_cannot_be_seen_is_shown() -> None:
    assert masked("a ", personal=False) == "a␣ (2)"
    assert masked("\u202e<b>", personal=False) == "\\u202e<b> (4)"
    assert (masked(None, personal=False), masked("", personal=False)) == ("no value", "empty text")
