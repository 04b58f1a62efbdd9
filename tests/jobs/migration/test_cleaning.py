"""Declared cleaning: what is repaired, what is put aside, what refuses everything; and nothing else changes."""

from __future__ import annotations

import polars as pl
import pytest

from baton.errors import FeedRefusedError
from baton.jobs.migration.cleaning import clean
from baton.mapping.schema import CleaningRule, Unfit
from baton.mapping.transforms import step

ROWS = pl.DataFrame({"phone": ["１３８ 0000", " ", None, "138"], "name": ["甲", "乙", "丙", "丁"]})
NUMBERS = pl.Series([2, 3, 4, 5])


def rule(column: str, fix: str = "", check: str = "", otherwise: Unfit = Unfit.QUARANTINE) -> CleaningRule:
    fixes, checks = (tuple(step(name) for name in names.split()) for names in (fix, check))
    return CleaningRule(column, fixes, checks, otherwise)


def test_without_rules_nothing_changes() -> None:
    done = clean(ROWS, NUMBERS, [])
    assert done.rows.equals(ROWS)
    assert (dict(done.fixed), done.unfit.height, done.fixed_in.null_count()) == ({}, 0, 4)


def test_a_repair_is_counted_per_column_and_noted_per_row() -> None:
    done = clean(ROWS, NUMBERS, [rule("phone", fix="half_width no_blanks")])
    assert done.rows["phone"].to_list() == ["1380000", None, None, "138"]
    assert dict(done.fixed) == {"phone": 2}
    assert done.fixed_in.to_list() == ["phone", "phone", None, None]
    assert done.rows["name"].equals(ROWS["name"])


def test_a_check_names_the_rows_and_leaves_the_values_as_they_are() -> None:
    done = clean(ROWS, NUMBERS, [rule("phone", check="trim digits_only")])
    assert done.unfit.select("row", "column", "rule").rows() == [(2, "phone", "cleaning")], "blanks alone are no value"
    done = clean(
        ROWS.with_columns(phone=pl.Series(["x", None, "", "1"])), NUMBERS, [rule("phone", check="digits_only")]
    )
    assert done.unfit.select("row", "column", "rule").rows() == [(2, "phone", "cleaning")]
    assert done.rows["phone"].to_list() == ["x", None, "", "1"]


def test_rules_are_applied_in_order_and_a_check_sees_the_repair() -> None:
    rows = pl.DataFrame({"n": ["１", "一"]})
    done = clean(rows, pl.Series([7, 8]), [rule("n", fix="half_width", check="integer")])
    assert done.unfit["row"].to_list() == [8]
    assert done.rows["n"].to_list() == ["1", "一"]


def test_a_repair_that_does_not_accept_a_value_puts_its_row_aside_unchanged() -> None:
    rows = pl.DataFrame({"mail": ["A@B.test", "nonsense"]})
    done = clean(rows, pl.Series([2, 3]), [rule("mail", fix="email_lower")])
    assert (done.unfit["row"].to_list(), done.rows["mail"].to_list()) == ([3], ["a@b.test", "nonsense"])


def test_a_rule_may_refuse_everything_and_names_the_first_row() -> None:
    rows = pl.DataFrame({"n": ["1", "x", "y"]})
    with pytest.raises(FeedRefusedError, match="2 rows break the rule on 'n', the first of them row 9"):
        clean(rows, pl.Series([8, 9, 10]), [rule("n", check="integer", otherwise=Unfit.REFUSE)])


def test_several_repairs_of_one_row_are_all_noted() -> None:
    rows = pl.DataFrame({"a": [" x", "y"], "b": ["z ", "w"]})
    done = clean(rows, pl.Series([2, 3]), [rule("a", fix="trim"), rule("b", fix="trim")])
    assert done.fixed_in.to_list() == ["a,b", None]
