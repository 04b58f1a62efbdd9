"""Who held which client when, and who answers for which receivable at a date: worked out of tenures, with the reason.

The rules leave no gap and no overlap. At every instant a thing has exactly one responsible person:

- whoever holds it by its newest tenure that has begun;
- after a tenure has ended and before the next has begun, still the last one who held it;
- before the first tenure that is known, the first one.

For a receivable its own tenures count. Where it has none, whoever is responsible for its client is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from baton.model.handover import HoldingKind, HoldingRef

Thing: TypeAlias = tuple[str, HoldingRef]
"""A system and a holding in it."""


class Reason(StrEnum):
    """Why somebody is responsible."""

    HOLDS = "holds"
    """It is theirs at that moment."""
    HELD_LAST = "held_last"
    """They have held it last, and nobody is known to have taken it over yet."""
    EARLIEST_KNOWN = "earliest_known"
    """Nothing is known of that time; they are the first who is known to have held it."""
    HOLDS_CLIENT = "holds_client"
    """Nobody is known to have held it by itself: they are responsible for its client."""
    UNKNOWN = "unknown"
    """Neither it nor its client has ever been held by anybody we know of."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's holding of one thing: from ``since`` up to and not including ``until`` (None: to this day)."""

    thing: Thing
    holder: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Span:
    """One person's responsibility for one thing: from ``since`` (None: from the beginning) up to ``until``."""

    thing: Thing
    person: str
    since: datetime | None
    until: datetime | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Receivable:
    """Money that somebody has to see to."""

    system: str
    id: str
    client: HoldingRef | None
    amount: str
    """With its currency, as the system shows it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers for one thing at one moment, and why."""

    thing: Thing
    person: str
    """Empty only with `Reason.UNKNOWN`."""
    reason: Reason
    amount: str = ""
    client: HoldingRef | None = None


class History:
    """The tenures of everything, in whatever order they come."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._turns: dict[Thing, list[Turn]] = {}
        for turn in turns:
            self._turns.setdefault(turn.thing, []).append(turn)
        for known in self._turns.values():
            known.sort(key=lambda turn: (turn.since, turn.until is None, turn.until or turn.since, turn.holder))

    def things(self, kind: HoldingKind) -> list[Thing]:
        """Everything of a kind that anybody is known to have held."""
        return sorted((thing for thing in self._turns if thing[1].kind is kind), key=_order)

    def at(self, thing: Thing, moment: datetime) -> tuple[str, Reason]:
        """Who is responsible at a moment, and why; nobody (`Reason.UNKNOWN`) only for what nobody ever held."""
        turns = self._turns.get(thing)
        if not turns:
            return "", Reason.UNKNOWN
        begun = [turn for turn in turns if turn.since <= moment]
        if not begun:
            return turns[0].holder, Reason.EARLIEST_KNOWN
        newest = begun[-1]
        holds = newest.until is None or moment < newest.until
        return newest.holder, Reason.HOLDS if holds else Reason.HELD_LAST

    def spans(self, thing: Thing) -> list[Span]:
        """All of time, cut where the person or the reason changes: from the beginning, and without an end."""
        turns = self._turns.get(thing, [])
        moments = sorted({turn.since for turn in turns} | {turn.until for turn in turns if turn.until is not None})
        if not moments:
            return []
        found = [Span(thing, turns[0].holder, None, None, Reason.EARLIEST_KNOWN)]
        for moment in moments:
            person, reason = self.at(thing, moment)
            last = found[-1]
            if (person, reason) != (last.person, last.reason):
                found[-1] = Span(thing, last.person, last.since, moment, last.reason)
                found.append(Span(thing, person, moment, None, reason))
        return found


def answers(history: History, receivables: Sequence[Receivable], moment: datetime) -> list[Answer]:
    """Who answers for each receivable at a moment, by system and id."""
    found = [_answer(history, each, moment) for each in receivables]
    return sorted(found, key=lambda answer: _order(answer.thing))


def _answer(history: History, receivable: Receivable, moment: datetime) -> Answer:
    thing = (receivable.system, HoldingRef(HoldingKind.RECEIVABLE, receivable.id))
    person, reason = history.at(thing, moment)
    if reason is Reason.UNKNOWN and receivable.client is not None:
        person, _ = history.at((receivable.system, receivable.client), moment)
        reason = Reason.HOLDS_CLIENT if person else Reason.UNKNOWN
    return Answer(thing, person, reason, receivable.amount, receivable.client)


def rows(spans: Iterable[Span]) -> list[dict[str, str]]:
    """The table of spans as text, column by column."""
    return [
        {**_named(span.thing), "person": span.person, "since": _text(span.since), "until": _text(span.until),
         "reason": span.reason.value}
        for span in spans
    ]  # fmt: skip


def answer_rows(found: Iterable[Answer]) -> list[dict[str, str]]:
    """The table of answers as text, column by column."""
    return [
        {**_named(answer.thing), "client": str(answer.client or ""), "amount": answer.amount,
         "person": answer.person, "reason": answer.reason.value}
        for answer in found
    ]  # fmt: skip


def _named(thing: Thing) -> Mapping[str, str]:
    system, ref = thing
    return {"system": system, "kind": ref.kind.value, "id": ref.external_id}


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()


def _order(thing: Thing) -> tuple[str, str, str]:
    return thing[0], thing[1].kind.value, thing[1].external_id
