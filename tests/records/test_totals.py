"""Control totals: exact, the same in whatever parts they are added, and different when anything is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

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
