"""Control totals: exact, the same in whatever parts they are added, and different when anything is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from baton.jobs.migration.source_totals import SourceColumn, agree, source_totals
from baton.model.account import FieldSpec, FieldType
from baton.records.totals import Totals
from baton.records.types import frame_schema

FIELDS = {
    "pay": FieldSpec(FieldType.DECIMAL, places=2),
    "rank": FieldSpec(FieldType.INTEGER),
    "day": FieldSpec(FieldType.DATE),
    "name": FieldSpec(),
}
ROW = st.tuples(
    st.none() | st.decimals(-(10**15), 10**15, places=2),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
    st.none() | st.text(max_size=3),
)


def frame(rows):
    return pl.DataFrame(rows, schema=frame_schema(FIELDS), orient="row")


@given(st.lists(ROW, max_size=20), st.integers(0, 20))
def test_parts_add_up_to_the_whole_exactly(rows, cut) -> None:
    whole = Totals.of(frame(rows), FIELDS)
    parts = Totals.of(frame(rows[cut:]), FIELDS).add(Totals.of(frame(rows[:cut]), FIELDS))
    assert parts == whole
    pays = [row[0] for row in rows if row[0] is not None]
    assert whole.columns["pay"].total == (sum(pays, Decimal(0)) if pays else None)
    ranks = [row[1] for row in rows if row[1] is not None]
    assert whole.columns["rank"].total == (sum(ranks) if ranks else None)


@given(st.lists(ROW, max_size=8))
def test_totals_survive_being_stored(rows) -> None:
    totals = Totals.of(frame(rows), FIELDS)
    assert Totals.from_document(totals.to_document()) == totals


def test_a_cent_a_day_and_a_missing_row_show() -> None:
    rows = [(Decimal("1.00"), 1, date(2026, 1, 1), "a"), (Decimal("2.00"), 2, date(2026, 1, 2), "b")]
    totals = Totals.of(frame(rows), FIELDS)
    assert totals.differing(Totals.of(frame(rows), FIELDS)) == []
    cent = [(Decimal("1.01"), *rows[0][1:]), rows[1]]
    assert totals.differing(Totals.of(frame(cent), FIELDS)) == ["pay"]
    day = [(*rows[0][:2], date(2025, 12, 31), "a"), rows[1]]
    assert totals.differing(Totals.of(frame(day), FIELDS)) == ["day"]
    assert totals.differing(Totals.of(frame(rows[:1]), FIELDS))[0] == "#"


def test_a_sum_of_more_digits_than_python_keeps_is_exact() -> None:
    fields = {"pay": FieldSpec(FieldType.DECIMAL, places=9)}

    def of(*pays: str) -> Totals:
        return Totals.of(pl.DataFrame({"pay": [Decimal(pay) for pay in pays]}, frame_schema(fields)), fields)

    large, some, other = of("12345678901234567890.123456789"), of("1.000000001"), of("1.000000002")
    assert large.add(some).columns["pay"].total == Decimal("12345678901234567891.123456790")
    again = of("12345678901234567890.123456789").add(other)
    assert large.differing(again) == ["pay"]


def test_a_source_of_many_digits_agrees_with_its_plan() -> None:
    fields = {"pay": FieldSpec(FieldType.DECIMAL, places=9)}
    texts = [f"{number}23456789012345678.123456789" for number in range(1, 10)] * 5
    planned = Totals.of(pl.DataFrame({"pay": texts}).select(pl.col("pay").cast(pl.Decimal(38, 9))), fields)
    assert (
        agree(source_totals(pl.DataFrame({"x": texts}), {"pay": SourceColumn("x", trimmed=False)}, fields), planned)
        == []
    )


def test_a_sign_of_a_footnote_is_no_digit_of_a_total() -> None:
    fields = {"pay": FieldSpec(FieldType.DECIMAL, places=2)}
    found = source_totals(
        pl.DataFrame({"x": ["１２", "8000①", "8000¹"]}), {"pay": SourceColumn("x", trimmed=False)}, fields
    )
    assert (found.columns["pay"].count, found.columns["pay"].total) == (3, Decimal(12))
