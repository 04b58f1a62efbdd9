"""Whose turn it is, since when, and who is told: the step's owner first, then the manager of who lets it wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from baton.jobs.offboarding.checklist import WATCHED
from baton.jobs.offboarding.policy import Policy
from baton.model.case import Case, CaseState, Item, ItemState
from baton.model.persons import alike

NOBODY: Final = ""
"""In place of a person: somebody has to do something, and nobody is named who could."""


class Turn(StrEnum):
    """What somebody is waited for to do."""

    ANSWER = "answer"
    """Accept or refuse what is offered."""
    APPROVE = "approve"
    NAME = "name"
    """Name a successor: nobody fits by the policy, or the last one has refused."""
    UNSTICK = "unstick"
    """A system, or a client, has refused."""
    DO = "do"
    """Pass on by hand what no system can."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One person who is waited for, and for which items."""

    person: str
    turn: Turn
    items: tuple[int, ...]
    """Item numbers, in order."""
    overdue: tuple[int, ...] = ()
    """Those of them that have waited so long that somebody else should know."""
    instead: str | None = None
    """Whose turn it is (`NOBODY` where that is so), for who is only to know that it waits; None where it is theirs."""


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who decides in one case: employee numbers, or names under which HR is known."""

    manager: tuple[str, ...]
    """Whose the manager's turns are."""
    second: tuple[str, ...]
    """Who decides where the manager must not: the deputies, or HR; empty where nobody is named."""


_TURNS: Final = {
    ItemState.OFFERED: Turn.ANSWER,
    ItemState.ACCEPTED: Turn.APPROVE,
    ItemState.OPEN: Turn.NAME,
    ItemState.STUCK: Turn.UNSTICK,
    ItemState.APPROVED: Turn.DO,
}
WAITED_FOR: Final = tuple(_TURNS)
"""Where an item stands that somebody may be waited for."""


def waits(case: Case, policy: Policy, items: Sequence[Item], deciders: Deciders, now: datetime) -> list[Wait]:
    """Everybody who is waited for, several for one item where any of them may; nobody in a case that is not open."""
    if case.state is not CaseState.OPEN:
        return []
    found: dict[tuple[str, Turn], list[Item]] = {}
    for item in items:
        turn = _turn(item)
        if turn is not None:
            for person in _whose(item, turn, deciders):
                found.setdefault((person, turn), []).append(item)
    late = timedelta(hours=policy.deadlines.escalate_after_h)
    return [
        Wait(
            person,
            turn,
            tuple(item.id for item in waiting),
            tuple(item.id for item in waiting if _since(item) is not None and now >= _due(item, policy) + late),
        )
        for (person, turn), waiting in sorted(found.items())
    ]


def _turn(item: Item) -> Turn | None:
    if item.kind in WATCHED and item.state is ItemState.OPEN:
        return None  # ends by itself, or by the schedule
    if item.state is ItemState.APPROVED and not item.by_hand:
        return None  # the schedule's turn
    return _TURNS.get(item.state)


def _whose(item: Item, turn: Turn, deciders: Deciders) -> tuple[str, ...]:
    """The successor's or the manager's turn; of a second person where the manager has accepted it."""
    if turn in (Turn.ANSWER, Turn.DO) and item.successor:
        return (item.successor,)
    if turn is not Turn.APPROVE:
        return deciders.manager or (NOBODY,)
    return _besides(item.accepted_by, deciders.manager) or _besides(item.accepted_by, deciders.second) or (NOBODY,)


def _besides(person: str, others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(other for other in others if alike(other) != alike(person))


def _since(item: Item) -> datetime | None:
    return item.due_at or item.changed_at


def _due(item: Item, policy: Policy) -> datetime:
    """When the step should have been taken."""
    if item.due_at is not None:
        return item.due_at
    assert item.changed_at is not None
    return item.changed_at + timedelta(hours=policy.deadlines.accept_h)


def again_after(policy: Policy) -> timedelta:
    """How long after one message about the same things the next is sent."""
    return timedelta(hours=policy.deadlines.remind_every_h)
