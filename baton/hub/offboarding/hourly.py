"""What the schedule does: open cases for those who resign, bring every open case on, watch over completed ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from baton.engine.apply import Report
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import Opening, follow_hr, open_case
from baton.hub.offboarding.completing import watch_over
from baton.hub.offboarding.moving import perform, plan
from baton.hub.offboarding.refreshing import refresh
from baton.hub.offboarding.settling import settle
from baton.hub.offboarding.telling import tell
from baton.hub.offboarding.watching import watch
from baton.model.case import Case, CaseState, Cause, ItemState
from baton.model.people import EmploymentStatus

log = logging.getLogger("baton.offboarding")
BY = "schedule"


@dataclass
class Hour:
    """What one run of the schedule did."""

    opened: list[str] = field(default_factory=list)
    refreshed: int = 0
    moved: int = 0
    told: int = 0
    alerts: int = 0
    done: int = 0
    stuck: int = 0
    reopened: list[str] = field(default_factory=list)
    retracted: list[str] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    """Case, person or system -> what went wrong there; the others went on."""


def tick(hub: Hub, cases: Sequence[str] = ()) -> Hour:
    """One round over all cases (or these)."""
    hour = look(hub, cases)
    hour.reports = perform(hub)
    conclude(hub, hour, cases)
    return hour


def look(hub: Hub, cases: Sequence[str] = ()) -> Hour:
    """Open cases, bring lists up to date, plan what may go. One case in trouble keeps no other waiting."""
    hour = Hour()
    if not cases:
        _open_for_those_who_leave(hub, hour)
    for case in _to_look_at(hub, cases):
        with _apart(hour, case.id):
            _bring_on(hub, case, hour)
    return hour


def conclude(hub: Hub, hour: Hour, cases: Sequence[str] = ()) -> None:
    """Bring what is on its way to where its effects and systems say it is."""
    with hub.database.read() as connection:
        moving = hub.cases.with_items_in(connection, ItemState.MOVING)
    for case_id in moving:
        if not cases or case_id in cases:
            with _apart(hour, case_id):
                settled = settle(hub, case_id)
                hour.done += settled.done
                hour.stuck += settled.stuck
                hour.troubles.update({f"{case_id} {system}": why for system, why in settled.unread.items()})


def _to_look_at(hub: Hub, cases: Sequence[str]) -> list[Case]:
    """The cases that are not finished, and the completed ones whose clients are still protected."""
    now = hub.clock.now()
    with hub.database.read() as connection:
        known = hub.cases.listed(connection, CaseState.OPEN, CaseState.PAUSED, CaseState.COMPLETED)
    return [
        case
        for case in known
        if (not cases or case.id in cases)
        and (case.state is not CaseState.COMPLETED or case.protected_until is None or case.protected_until > now)
    ]


def _bring_on(hub: Hub, case: Case, hour: Hour) -> None:
    watched = watch(hub, case.id)
    hour.alerts += len(watched.alerts)
    hour.troubles.update({f"{case.id} {system}": why for system, why in watched.unread.items()})
    if case.state is CaseState.COMPLETED:
        if watch_over(hub, case.id).state is CaseState.OPEN:
            hour.reopened.append(case.id)
        return
    if follow_hr(hub, case).state is CaseState.RETRACTED:
        hour.retracted.append(case.id)
        return
    refreshed = refresh(hub, case.id)
    hour.refreshed += 1
    hour.troubles.update({f"{case.id} {system}": why for system, why in refreshed.unread.items()})
    hour.moved += plan(hub, case.id).items
    told = tell(hub, case.id)
    hour.told += told.messages
    for person in told.unreachable:
        hour.troubles[f"{case.id} {person}"] = "cannot be reached by any notifier"


def _open_for_those_who_leave(hub: Hub, hour: Hour) -> None:
    """A case for everybody whom HR says to be leaving and who has none for this departure."""
    with hub.database.read() as connection:
        leaving = hub.people.with_status(connection, EmploymentStatus.NOTICE)
        having = {case.number for case in hub.cases.listed(connection, *CaseState)}
    for number in leaving:
        if number not in having:
            with _apart(hour, number):
                hour.opened.append(open_case(hub, Opening(number, Cause.RESIGNATION, BY)).id)


@contextmanager
def _apart(hour: Hour, what: str) -> Iterator[None]:
    """Trouble here is noted and ends here."""
    try:
        yield
    except BatonError as error:
        log.warning("%s: %s", what, error)
        hour.troubles[what] = str(error)
