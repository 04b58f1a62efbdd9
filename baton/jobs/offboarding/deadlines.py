"""Whose turn it is, since when, and who is told: the step's owner first, then the manager of who lets it wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from baton.jobs.offboarding import moments
from baton.jobs.offboarding.checklist import WATCHED
from baton.jobs.offboarding.policy import Policy
from baton.jobs.offboarding.steps import may_be_agreed
from baton.model.alert import Alert
from baton.model.case import NO_ACCOUNT, Case, CaseState, Cause, Item, ItemState
from baton.model.handover import HoldingKind
from baton.model.persons import alike

Wanted = TypeVar("Wanted")
WHOLE: Final = 0
"""In place of an item's number: the case as a whole is meant."""
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
    """A system, or a client, has refused; or the successor has no account there."""
    DO = "do"
    """Pass on by hand what no system can."""
    END = "end"
    """Take a right away by hand, where its system offers no way to do it."""
    BEGIN = "begin"
    """The leaver: say, and put to the items, what whoever takes them over should know."""
    REPLY = "reply"
    """Answer what somebody has asked about an item."""
    AGREE = "agree"
    """As the second person, to an exception that somebody wants; or leave the right as it is."""
    FREEZE = "freeze"
    """As the second person, agree to a freeze that somebody wants, or dismiss it."""
    RESUME = "resume"
    """HR: let a paused case go on, or retract it; the leaver should have lost their rights by now."""
    CLOSE = "close"
    """HR: complete a case in which nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One person who is waited for, and for which items."""

    person: str
    turn: Turn
    items: tuple[int, ...]
    """Item numbers, in order; `WHOLE` for what is about the case, once for each such thing."""
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
    hr: tuple[str, ...] = ()
    """Who is told as HR; empty where nobody is named."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody has asked about an item and nobody has answered."""

    item: int
    asked_by: str
    at: datetime


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
        turn = _turn(case, policy, item, now)
        if turn is not None:
            for person in _whose(item, turn, deciders):
                found.setdefault((person, turn), []).append(item)
    late = timedelta(hours=policy.deadlines.escalate_after_h)
    return [
        Wait(
            person,
            turn,
            tuple(item.id for item in waiting),
            tuple(item.id for item in waiting if (due := _due(case, policy, item)) is not None and now >= due + late),
        )
        for (person, turn), waiting in sorted(found.items())
    ]


def _turn(case: Case, policy: Policy, item: Item, now: datetime) -> Turn | None:
    if item.kind in WATCHED and item.state is ItemState.OPEN:
        # Otherwise it ends by itself, or by the schedule.
        return Turn.END if to_end_by_hand(case, policy, item, now) else None
    if item.state is ItemState.APPROVED and not item.by_hand:
        # The schedule's turn, unless only a person can make what it waits for: an account, or another successor.
        return Turn.UNSTICK if item.code == NO_ACCOUNT else None
    return _TURNS.get(item.state)


def _whose(item: Item, turn: Turn, deciders: Deciders) -> tuple[str, ...]:
    """The successor's or the manager's turn; of a second person where the manager has accepted it."""
    if turn in (Turn.ANSWER, Turn.DO) and item.successor:
        return (item.successor,)
    if turn is not Turn.APPROVE:
        return deciders.manager or (NOBODY,)
    return _second(item.accepted_by, deciders)


def _besides(person: str, others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(other for other in others if alike(other) != alike(person))


def to_end_by_hand(case: Case, policy: Policy, item: Item, now: datetime) -> bool:
    """Whether an item is a right that is to be taken away by now, and that only a person can take away."""
    ends = moments.right_ends_at(case, policy, item) if _ended_by_hand(item) else None
    return ends is not None and ends <= now


def due_at(case: Case, policy: Policy, item: Item) -> datetime | None:
    """By when what an item waits for should be done, as far as that is fixed."""
    if item.due_at is not None or not _ended_by_hand(item) or item.changed_at is None:
        return item.due_at
    ends = moments.right_ends_at(case, policy, item)
    return None if ends is None else max(ends, item.changed_at) + timedelta(hours=policy.deadlines.by_hand_h)


def _ended_by_hand(item: Item) -> bool:
    return item.kind is HoldingKind.GRANT and item.state is ItemState.OPEN and bool(item.by_hand)


def _due(case: Case, policy: Policy, item: Item) -> datetime | None:
    """When the step should have been taken; where nothing fixes that, some time after it has become one."""
    fixed = due_at(case, policy, item)
    if fixed is not None or item.changed_at is None:
        return fixed
    return item.changed_at + timedelta(hours=policy.deadlines.accept_h)


def greeting(case: Case, now: datetime) -> list[Wait]:
    """A leaver who has resigned gets to know their page while they may open it.

    Nobody else does by itself: a case that HR has opened by hand may be about somebody who does not know of it yet.
    """
    return [Wait(case.number, Turn.BEGIN, (WHOLE,))] if _leaver_is_told(case, now) else []


def replies(case: Case, policy: Policy, questions: Sequence[Question], deciders: Deciders, now: datetime) -> list[Wait]:
    """Whoever can answer what is asked: leaver and manager, and somebody else where it is the manager who asks."""
    if case.state is not CaseState.OPEN:
        return []
    leaver = (case.number,) if _leaver_is_told(case, now) else ()
    found: dict[str, list[Question]] = {}
    for question in questions:
        whose = _besides(question.asked_by, (*leaver, *deciders.manager))
        for person in whose or _besides(question.asked_by, deciders.second) or (NOBODY,):
            found.setdefault(person, []).append(question)
    late = timedelta(hours=policy.deadlines.accept_h + policy.deadlines.escalate_after_h)
    return [
        Wait(
            person,
            Turn.REPLY,
            tuple(sorted(each.item for each in asked)),
            tuple(sorted(each.item for each in asked if now >= each.at + late)),
        )
        for person, asked in sorted(found.items())
    ]


def agreements(case: Case, policy: Policy, asked: Sequence[Item], deciders: Deciders, now: datetime) -> list[Wait]:
    """A second person for each right of which somebody wants an exception, while there can be one."""
    if case.state is not CaseState.OPEN:
        return []
    open_ = [item for item in asked if may_be_agreed(case, item) and not moments.rights_end(case, policy, now)]
    late = _late(policy)
    return [
        Wait(
            person,
            Turn.AGREE,
            tuple(item.id for item in items),
            tuple(item.id for item in items if item.changed_at is not None and now >= item.changed_at + late),
        )
        for person, items in _by_second(open_, lambda item: item.accepted_by, deciders)
    ]


def freezes(policy: Policy, asked: Sequence[Alert], deciders: Deciders, now: datetime) -> list[Wait]:
    """A second person for each freeze that somebody wants; how long it waits counts from the alert."""
    late = _late(policy)
    return [
        Wait(
            person,
            Turn.FREEZE,
            (WHOLE,) * len(alerts),
            (WHOLE,) * sum(each.raised_at is not None and now >= each.raised_at + late for each in alerts),
        )
        for person, alerts in _by_second(asked, lambda alert: alert.asked_by, deciders)
    ]


def _by_second(
    wanted: Iterable[Wanted], first: Callable[[Wanted], str], deciders: Deciders
) -> list[tuple[str, list[Wanted]]]:
    """Each second person with what they can agree to."""
    found: dict[str, list[Wanted]] = {}
    for each in wanted:
        for person in _second(first(each), deciders):
            found.setdefault(person, []).append(each)
    return sorted(found.items())


def _second(first: str, deciders: Deciders) -> tuple[str, ...]:
    """Who can agree with what the first person wants."""
    able = (_besides(first, some) for some in (deciders.manager, deciders.second, deciders.hr))
    return next(filter(None, able), (NOBODY,))


def _late(policy: Policy) -> timedelta:
    """After so long a step that waits for one word is told to somebody else."""
    return timedelta(hours=policy.deadlines.approve_h + policy.deadlines.escalate_after_h)


def closing(policy: Policy, since: datetime, deciders: Deciders, now: datetime) -> list[Wait]:
    """HR for a case in which nothing is left to do ``since`` then; where nobody there is named, who can tell them."""
    overdue = (WHOLE,) if now >= since + _late(policy) else ()
    return [Wait(person, Turn.CLOSE, (WHOLE,), overdue) for person in deciders.hr or deciders.manager or (NOBODY,)]


def forgotten(case: Case, policy: Policy, deciders: Deciders, now: datetime) -> list[Wait]:
    """HR (or who can tell them) for a paused case in which rights would have been taken away by now."""
    if case.state is not CaseState.PAUSED or not moments.rights_end(case, policy, now):
        return []
    return [Wait(person, Turn.RESUME, (WHOLE,)) for person in deciders.hr or deciders.manager or (NOBODY,)]


def _leaver_is_told(case: Case, now: datetime) -> bool:
    last = case.dates.last_working_at
    over = last is not None and last <= now
    return case.state is CaseState.OPEN and case.cause is Cause.RESIGNATION and not over


def again_after(policy: Policy, turn: Turn) -> timedelta:
    """How long after one message about the same things the next is sent; a link that has run out is made anew."""
    if turn is Turn.BEGIN:
        return timedelta(days=policy.link_days)
    return timedelta(hours=policy.deadlines.remind_every_h)
