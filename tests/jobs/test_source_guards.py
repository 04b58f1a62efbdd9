"""Source guards at, just inside and just outside every limit."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from baton.jobs.source_guards import ApprovedFeed, FeedFacts, GuardPolicy, check_feed, check_order, unparseable_rows
from baton.model.source_rows import Origin, RejectedRow

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
GOOD = FeedFacts(1000, 0, 0, ("工号", "姓名"), NOW - timedelta(hours=1), NOW)
LAST = ApprovedFeed(1000, ("工号", "姓名"))


def guards(last: ApprovedFeed | None = LAST, policy: GuardPolicy = GuardPolicy(), **facts: Any) -> list[str]:
    return [breach.guard for breach in check_feed(dataclasses.replace(GOOD, **facts), last, policy)]


def test_normal_feed_passes() -> None:
    assert guards() == []
    assert guards(last=None) == []
    assert guards(rows=5000) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"rows": 0}, ["empty"]),
        ({"rows": 900}, []),
        ({"rows": 899}, ["shrunken"]),
        ({"unparseable": 10}, []),  # 10 of 1010
        ({"unparseable": 11}, ["unparseable"]),
        ({"rows": 990, "unparseable": 10}, []),  # exactly 1 %
        ({"rows": 989, "unparseable": 10}, ["unparseable"]),
        ({"duplicate_numbers": 5}, []),
        ({"duplicate_numbers": 6}, ["duplicates"]),
        ({"columns": ("工号",)}, ["missing_column"]),
        ({"columns": ("姓名", "工号")}, []),
        ({"columns": ("工号", "姓名", "状态")}, ["new_column"]),
        ({"columns": ("工号", "名字")}, ["missing_column", "new_column"]),
        ({"columns": ("工号", "姓名", "姓名")}, ["duplicate_column"]),
        ({"as_of": NOW - timedelta(hours=36)}, []),
        ({"as_of": NOW - timedelta(hours=36, seconds=1)}, ["stale"]),
        ({"as_of": NOW + timedelta(hours=24)}, []),
        ({"as_of": NOW + timedelta(hours=24, seconds=1)}, ["from_the_future"]),
    ],
)
def test_limits(facts: dict[str, Any], expected: list[str]) -> None:
    assert guards(**facts) == expected


def test_everything_wrong_is_said_at_once() -> None:
    found = guards(rows=10, unparseable=10, duplicate_numbers=5, columns=("姓名",), as_of=NOW - timedelta(days=9))
    assert found == ["shrunken", "missing_column", "stale", "unparseable", "duplicates"]


def test_first_feed_is_still_judged_on_itself() -> None:
    assert guards(last=None, rows=0, unparseable=3) == ["empty", "unparseable"]


@pytest.mark.parametrize("total", range(100, 5001, 100))
def test_shares_are_not_a_victim_of_binary_fractions(total: int) -> None:
    last = ApprovedFeed(total, GOOD.columns)
    assert guards(last=last, rows=total * 9 // 10) == []
    assert guards(last=last, rows=total * 9 // 10 - 1) == ["shrunken"]
    assert guards(last=last, rows=total - total // 100, unparseable=total // 100) == []


@pytest.mark.parametrize("name", ["fewest_share", "max_unparseable_share", "max_duplicate_share"])
@pytest.mark.parametrize("value", [-0.01, 1.01, 10.0, math.nan, math.inf, -math.inf])
def test_senseless_shares_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        GuardPolicy(**{name: value})


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, 0.0])
def test_senseless_age_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="max_age_h"):
        GuardPolicy(max_age_h=value)


@pytest.mark.parametrize("value", ["0.9", None, True])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        GuardPolicy(fewest_share=value)


def test_facts_must_make_sense() -> None:
    with pytest.raises(ValueError, match="negative"):
        dataclasses.replace(GOOD, rows=-1)
    with pytest.raises(ValueError, match="time zone"):
        dataclasses.replace(GOOD, as_of=datetime(2026, 1, 1))  # noqa: DTZ001


def test_totals_and_notes_do_not_count_against_a_feed() -> None:
    rejected = [RejectedRow(9, "total_row", ""), RejectedRow(10, "lone_cell", ""), RejectedRow(11, "ragged", "")]
    assert unparseable_rows(rejected) == 1


@pytest.mark.parametrize(
    ("unknown", "absent", "refused"),
    [(200, 200, True), (11, 11, True), (10, 10, False), (60, 0, False), (0, 15, False)],
)
def test_the_same_people_under_other_numbers_are_refused(unknown, absent, refused):
    known = ApprovedFeed(rows=200, columns=("number",))
    facts = FeedFacts(200, 0, 0, ("number",), NOW, NOW, unknown=unknown, absent=absent)
    guards = [breach.guard for breach in check_feed(facts, known, GuardPolicy())]
    assert guards == (["renumbered"] if refused else [])


@pytest.mark.parametrize(
    ("hours", "digest", "refused"),
    [(-0.001, "other", True), (0, "other", False), (1, "other", False), (-5, "same", False)],
)
def test_an_older_statement_of_something_else_is_refused(hours: float, digest: str, refused: bool) -> None:
    last = Origin("tuesday.csv", "same", NOW)
    given = Origin("monday.csv", digest, NOW + timedelta(hours=hours))
    found = check_order(given, last)
    assert [breach.guard for breach in found] == (["older"] if refused else [])
    assert all(name in breach.message for breach in found for name in ("monday.csv", "tuesday.csv"))
    assert check_order(given, None) == []
