"""One digest per record: no two different records share one, and a record's digest hangs on nothing but itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from baton.model.account import FieldSpec, FieldType
from baton.records.digest import EMPTY_ROOT, Digester, root_of_roots, tree_root
from baton.records.types import frame_schema

TEXTS = {"a": FieldSpec(), "b": FieldSpec(), "c": FieldSpec()}
MARKS = st.sampled_from(["\x1f", "\x1e", "\x1c", "a", "bc", "", "1:", "n", "䶮"])
CELLS = st.one_of(st.none(), st.lists(MARKS, max_size=4).map("".join), st.text(max_size=6))
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=2, max_size=12, unique=True)


def digests(rows: list[tuple[str | None, ...]]) -> list[bytes]:
    frame = pl.DataFrame(rows, schema=frame_schema(TEXTS), orient="row")
    return Digester(TEXTS, b"salt").rows(frame).to_list()


@given(ROWS)
def test_different_records_never_look_alike(rows) -> None:
    assert len(set(digests(rows))) == len(rows)


@given(ROWS)
def test_a_records_digest_does_not_hang_on_its_neighbours(rows) -> None:
    assert digests(rows) == [digests([row])[0] for row in rows]


def test_every_digest_has_32_bytes_and_an_empty_frame_has_none() -> None:
    assert {len(each) for each in digests([("a", None, "")])} == {32}
    assert digests([]) == []


def test_no_value_is_not_empty_text_and_neighbours_do_not_run_into_each_other() -> None:
    rows = [("", "x", None), (None, "x", ""), ("ab", "c", None), ("a", "bc", None), ("a\x1fbc", None, None)]
    assert len(set(digests(rows))) == len(rows)


def test_unicode_forms_and_blanks_make_another_digest() -> None:
    assert len(set(digests([("é", "", ""), ("e\u0301", "", ""), ("é ", "", "")]))) == 3


def test_the_type_and_the_name_of_a_column_count() -> None:
    number = pl.DataFrame({"a": [1]})
    text = pl.DataFrame({"a": ["1"]})
    integer, words = {"a": FieldSpec(FieldType.INTEGER)}, {"a": FieldSpec()}
    made = {
        Digester(integer, b"s").rows(number)[0],
        Digester(words, b"s").rows(text)[0],
        Digester({"b": FieldSpec()}, b"s").rows(text.rename({"a": "b"}))[0],
        Digester(words, b"other salt").rows(text)[0],
    }
    assert len(made) == 4


def test_typed_values_are_told_apart_to_the_last_place() -> None:
    fields = {
        "pay": FieldSpec(FieldType.DECIMAL, places=2),
        "day": FieldSpec(FieldType.DATE),
        "at": FieldSpec(FieldType.DATETIME),
        "ok": FieldSpec(FieldType.BOOLEAN),
    }
    base = (Decimal("1.10"), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), True)
    rows = [
        base,
        (Decimal("1.11"), *base[1:]),
        (base[0], date(2026, 1, 2), *base[2:]),
        (*base[:2], datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), True),
        (*base[:3], False),
        (None, *base[1:]),
    ]
    frame = pl.DataFrame(rows, schema=frame_schema(fields), orient="row")
    assert Digester(fields, b"s").rows(frame).n_unique() == len(rows)


@given(st.integers(0, 700))
def test_a_tree_changes_with_any_leaf_their_order_and_their_number(count: int) -> None:
    leaves = [bytes([place % 256]) * 31 + bytes([place // 256]) for place in range(count)]
    root = tree_root(leaves)
    assert root == tree_root(pl.Series(leaves, dtype=pl.Binary))
    if not count:
        assert root == EMPTY_ROOT
        return
    others = {tree_root(leaves[:-1]), tree_root([*leaves, leaves[0]]), tree_root([b"\xff" * 32, *leaves[1:]])}
    if count > 1:
        others.add(tree_root(leaves[::-1]))
    assert root not in others


def test_a_root_over_roots_is_no_root_over_rows() -> None:
    leaf = b"x" * 32
    assert len({tree_root([leaf]), root_of_roots([leaf]), root_of_roots([leaf, leaf])}) == 3
