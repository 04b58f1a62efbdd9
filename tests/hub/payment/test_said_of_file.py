"""What a bank's answers about a file come to for one line of it: its newest word that leaves no doubt counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from baton.hub.payment.said_of_file import Said, Words
from baton.model.bank_answers import AnswerLevel, BankState, ReasonKind
from baton.store.bank_answers import BankEvent

FILE, LINE, OTHER = "F" * 26, "L" * 26, "M" * 26
_HAS: Final[Mapping[str, Any]] = {"code": "DU03", "kind": ReasonKind.DUPLICATE.value, "text": "", "piece": ""}
_FUNDS: Final[Mapping[str, Any]] = {"code": "AM04", "kind": ReasonKind.FUNDS.value, "text": "", "piece": ""}


def answer(hour: int, state: BankState, about: str = "", reason: Mapping[str, Any] | None = None) -> BankEvent:
    level = AnswerLevel.LINE if about else AnswerLevel.FILE
    facts = {"raw": "RJCT", "batch": "", "reasons": [] if reason is None else [reason]}
    at = datetime(2026, 11, 30, hour, tzinfo=UTC)
    return BankEvent("bank", "report", hour, FILE, about, level.value, state.value, "", at, facts)


def refused(hour: int, about: str = "") -> BankEvent:
    return answer(hour, BankState.REJECTED, about, _FUNDS)


def has_it(hour: int, about: str = "") -> BankEvent:
    return answer(hour, BankState.REJECTED, about, _HAS)


def in_words(hour: int, about: str = "") -> BankEvent:
    """A refusal by a bank without codes, in words that are in no table."""
    return answer(hour, BankState.REJECTED, about, {**_FUNDS, "kind": ReasonKind.UNREAD.value})


def unknown(hour: int) -> BankEvent:
    """It has the file and cannot say yet what becomes of it (ICBC's 95 and 98)."""
    return answer(hour, BankState.UNKNOWN)


def accepted(hour: int, about: str = "") -> BankEvent:
    return answer(hour, BankState.ACCEPTED, about)


def words(*said: BankEvent) -> Words:
    return Words(Said(FILE, [(event, event.at) for event in said], came_back=False))


@pytest.mark.parametrize(
    ("said", "pays"),
    [
        ((), False),
        ((accepted(9), refused(10)), False),
        ((refused(9), accepted(10)), True),
        # "We have it already" never ends a hold.
        ((has_it(9),), True),
        ((accepted(9), has_it(10)), True),
        ((accepted(9), has_it(10, LINE)), True),
        ((has_it(9), refused(10)), True),
        ((refused(9, LINE), has_it(10, LINE)), True),
        ((refused(9), has_it(10, OTHER)), False),
        # Words that nobody has read leave it as it was.
        ((in_words(9),), True),
        ((in_words(9, LINE),), True),
        ((in_words(9, OTHER),), False),
        ((accepted(9), in_words(10)), True),
        ((accepted(9, LINE), in_words(10, LINE)), True),
        ((refused(9), in_words(10)), False),
        ((in_words(9), refused(10)), False),
    ],
)
def test_a_refusal_ends_the_hold_only_where_the_bank_cannot_have_it(said: tuple[BankEvent, ...], *, pays: bool) -> None:
    assert words(*said).may_pay(LINE) is pays


@pytest.mark.parametrize(
    ("said", "pays"),
    [
        ((unknown(9),), True),
        ((refused(9), unknown(10)), True),
        ((unknown(9), refused(10)), False),
    ],
)
def test_of_what_it_cannot_say_yet_it_may_be_paying(said: tuple[BankEvent, ...], *, pays: bool) -> None:
    assert words(*said).may_pay(LINE) is pays


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ((accepted(9),), False),
        ((accepted(9, LINE),), True),
        ((accepted(9, LINE), has_it(10, LINE)), True),
        ((accepted(9, LINE), in_words(10)), True),
        ((accepted(9, LINE), refused(10)), False),
        ((accepted(9, LINE), refused(10, LINE), accepted(11)), False),
        ((has_it(9, LINE),), False),
    ],
)
def test_a_line_is_taken_by_a_word_of_itself_that_still_holds(said: tuple[BankEvent, ...], *, taken: bool) -> None:
    assert words(*said).has_taken(LINE) is taken
