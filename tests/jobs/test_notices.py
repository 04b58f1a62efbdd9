"""What people are told: whose turn it is, in one number or the other, and nobody is asked to do what another must."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from baton.jobs.offboarding.deadlines import Turn, Wait
from baton.jobs.offboarding.notices import in_the_way, notice
from baton.model.case import Case, CaseState, Cause, LeaverDates

CASE = Case(
    "c1", "0002", CaseState.OPEN, Cause.RESIGNATION, "p", "0001", "hr", datetime(2026, 11, 1, tzinfo=UTC), LeaverDates()
)
ONE_AND_MANY = re.compile(r"\b1 (items|rights|freezes|exceptions|things|alerts)\b|\b[2-9] \w*?(item|right|freeze)\b")


@pytest.mark.parametrize("turn", Turn)
def test_who_is_only_to_know_is_not_told_that_it_is_for_them_to_do(turn: Turn) -> None:
    """The subject is all that a text message says."""
    own = Wait("0003", turn, (1, 2), (1, 2))
    above = replace(own, person="0001", instead="0003")
    if turn in (Turn.BEGIN, Turn.RESUME):
        return  # neither is ever told upon
    mine, theirs = (notice(CASE, [], wait).subject for wait in (own, above))
    assert mine != theirs
    assert ("您" in theirs, "you" in theirs.split()) == (False, False)
    assert ("他人" in theirs, "somebody else" in theirs) == (True, True)


@pytest.mark.parametrize("turn", Turn)
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("instead", [None, "0003"])
def test_one_is_one_and_two_are_several(turn: Turn, count: int, instead: str | None) -> None:
    numbers = tuple(range(1, count + 1))
    said = notice(CASE, [], Wait("0001", turn, numbers, numbers, instead))
    assert ONE_AND_MANY.search(said.subject) is None
    assert "{" not in said.subject + said.body


def test_one_thing_in_the_way_is_one() -> None:
    assert ONE_AND_MANY.search(in_the_way(CASE, [("a", "b")]).subject) is None
