"""When a handover is finished: nothing open, no account alive, nothing only promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from baton.model.case import Case, CaseState, Item, ItemState
from baton.model.handover import HoldingKind


class Missing(StrEnum):
    """What keeps a case from being completed."""

    CASE = "case"
    UNREAD = "unread"
    NEVER_CHECKED = "never_checked"
    OPEN_ITEMS = "open_items"
    PROMISED = "promised"
    ACCOUNTS = "accounts"
    RIGHTS = "rights"
    STILL_WORKING = "still_working"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that is missing, with the figure and what to do."""

    what: Missing
    count: int
    message: str


def obstacles(
    case: Case, items: Sequence[Item], unread: Collection[str], unfinished: int, now: datetime
) -> list[Obstacle]:
    """Everything that keeps a case from being completed; empty when it is finished.

    ``unread`` names the systems that could not be read just now (and why), ``unfinished`` counts effects of the case
    that are still to happen, or of which nobody knows yet whether they have.
    """
    found: list[Obstacle] = []

    def note(what: Missing, count: int, message: str) -> None:
        if count:
            found.append(Obstacle(what, count, message))

    note(Missing.CASE, int(case.state is not CaseState.OPEN), f"the case is {case.state}")
    note(Missing.NEVER_CHECKED, int(case.checked_at is None), "no system has been asked what the leaver holds")
    note(Missing.UNREAD, len(unread), f"could not be read: {', '.join(sorted(unread))}")
    last = case.dates.last_working_at
    working = last is not None and last > now
    note(Missing.STILL_WORKING, int(working), f"the last working moment is {last:%Y-%m-%d %H:%M} UTC" if last else "")
    tally = Counter(_sort(item) for item in items if not item.state.closed or _excepted(item))
    note(Missing.ACCOUNTS, tally[Missing.ACCOUNTS], f"{tally[Missing.ACCOUNTS]} accounts are alive")
    note(Missing.RIGHTS, tally[Missing.RIGHTS], f"{tally[Missing.RIGHTS]} rights are not taken away")
    note(Missing.PROMISED, tally[Missing.PROMISED], f"{tally[Missing.PROMISED]} transfers are promised, not proven")
    note(Missing.OPEN_ITEMS, tally[Missing.OPEN_ITEMS], f"{tally[Missing.OPEN_ITEMS]} items are open")
    note(Missing.DOUBT, unfinished, f"{unfinished} effects have not ended, or nobody knows yet how")
    return found


def _excepted(item: Item) -> bool:
    """A right that was left to the leaver: that decision ends with the last working moment."""
    return item.kind is HoldingKind.GRANT and item.state is ItemState.LEFT


def _sort(item: Item) -> Missing:
    if item.kind is HoldingKind.ACCOUNT:
        return Missing.ACCOUNTS
    if item.kind is HoldingKind.GRANT:
        return Missing.RIGHTS
    return Missing.PROMISED if item.state is ItemState.MOVING else Missing.OPEN_ITEMS
