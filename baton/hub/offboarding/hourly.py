"""What the schedule does: open cases for those who resign, bring every open case on, watch over completed ones."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import dropwhile
from typing import Final

import sqlalchemy as sa

from baton import telemetry, tracing
from baton.engine.report import Report
from baton.errors import BatonError
from baton.hub.core import SYNC_JOB, Hub
from baton.hub.offboarding import ahead
from baton.hub.offboarding.came_back import stays
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.offboarding.certifying import certify, lacks_certificate
from baton.hub.offboarding.ended import ended_for_good
from baton.hub.offboarding.following_hr import follow_hr, news_from_hr
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.looking import systems_that_hold
from baton.hub.offboarding.moving import perform, plan, send_messages
from baton.hub.offboarding.policies import policies
from baton.hub.offboarding.prescan import prescan
from baton.hub.offboarding.readiness import worth_planning
from baton.hub.offboarding.refreshing import refresh_all
from baton.hub.offboarding.settling import settle
from baton.hub.offboarding.still_in import accounts_that_stand
from baton.hub.offboarding.taking import call_back_needed_again
from baton.hub.offboarding.telling import tell_all
from baton.hub.offboarding.undecided import Waiting, undecided
from baton.hub.offboarding.undoing import take_back_retracted, take_back_unneeded
from baton.hub.offboarding.watching import still_watched, watch_all
from baton.hub.offboarding.ways_back import call_back_retracted
from baton.model.case import Case, CaseState, Cause
from baton.model.people import Employee, EmploymentStatus, LeaverDate
from baton.store import passes
from baton.store.departures import left_since
from baton.store.held_back import still_rejected
from baton.store.people import Recorded

log = logging.getLogger("baton.offboarding")
BY = "schedule"
_GOING = (CaseState.OPEN, CaseState.PAUSED)
_LEAVING = (EmploymentStatus.NOTICE, EmploymentStatus.DEPARTED)
LOOKED_BACK: Final = timedelta(days=31)
"""Who was called departed longer ago, and has no case by then, gets none by itself: no outage lasts that long.

But whom ``hub.protected`` keeps, or of whom a person has rejected that, is looked for as long as it is so; and where
it was held or rejected, the newest word counts: by that they lose their accounts.
"""


@dataclass
class Hour:
    """What one run of the schedule did."""

    opened: list[str] = field(default_factory=list)
    refreshed: int = 0
    moved: int = 0
    log_outs: int = 0
    """Systems in which a leaver is to be logged out."""
    blocked: int = 0
    """Items newly found that cannot go: their successor has no account there, or has left."""
    told: int = 0
    escalations: int = 0
    """Those of the messages that tell somebody what others let wait."""
    ahead: int = 0
    """Cases in which it was looked ahead: what will get in the way of the last day."""
    alerts: int = 0
    taken_back: int = 0
    done: int = 0
    stuck: int = 0
    reopened: list[str] = field(default_factory=list)
    retracted: list[str] = field(default_factory=list)
    waiting: Waiting = field(default_factory=Waiting)
    """Who would have a case, or an earlier last day in theirs, by a word of HR's that nobody has let go."""
    reports: list[Report] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    """Case, person, system or held run -> what went wrong there, or waits; the others went on."""


def tick(hub: Hub, cases: Sequence[str] = ()) -> Hour:
    """One round over all cases (or these)."""
    hour = look(hub, cases)
    hour.reports = perform(hub)
    conclude(hub, hour, cases)
    return hour


@telemetry.span("look", job=JOB)
def look(hub: Hub, cases: Sequence[str] = ()) -> Hour:
    """Open cases, bring lists up to date, plan what may go. One case in trouble keeps no other waiting."""
    hour = Hour()
    if not cases:
        _open_for_those_who_leave(hub, hour)
    chosen = _not_retracted(hub, cases)
    known = _to_look_at(hub, chosen)
    late: list[Case] = []
    with _apart(hour, "watching"):
        late = _over_and_watched(hub, chosen, known)
        _watch(hub, [*known, *late], hour)
    looked: list[str] = []
    with _apart(hour, "looking"):
        looked = _look_again(hub, known, hour)
    hour.troubles.update(hour.waiting.troubles())
    with _apart(hour, "accounts"):
        hour.troubles.update(accounts_that_stand(hub, [case for case in known if case.id not in hour.retracted]))
    _look_ahead(hub, known, hour)
    if not cases:
        ahead.forget(hub, {case.id for case in known if case.state in _GOING and case.id not in hour.retracted})
    with _apart(hour, "taking back"):
        call_back_retracted(hub)
        call_back_needed_again(hub)
        hour.taken_back = take_back_retracted(hub, hour.troubles)
        take_back_unneeded(hub, hour.troubles)
    for case in (*known, *_just_over(hub, chosen, known)):
        if lacks_certificate(hub, case) and case.id not in hour.reopened:
            with _apart(hour, case.id):
                certify(hub, case, BY)
    with _apart(hour, "planning"):
        for case_id in _chosen(worth_planning(hub), cases):
            with _apart(hour, case_id):
                planned = plan(hub, case_id)
                hour.moved += planned.items
                hour.log_outs += planned.log_outs
                hour.blocked += planned.blocked
                hour.troubles.update({f"{case_id} {system}": why for system, why in planned.unread.items()})
    with _apart(hour, "telling"):
        _tell(hub, [case.id for case in (*known, *late)], hour, looked)
    if not cases:
        with hub.database.write() as connection:
            passes.note(connection, JOB, hub.clock.now())
    return hour


def systems_concerned(hub: Hub) -> list[str]:
    """Where something may have to be done: the systems in which people hold something, and those that tell people."""
    holding = [system.name for system in systems_that_hold(hub)]
    return [*holding, *(name for name in hub.settings.offboarding.notifiers if name not in holding)]


@telemetry.span("settle", job=JOB)
def conclude(hub: Hub, hour: Hour, cases: Sequence[str] = ()) -> None:
    """Bring what is on its way to where effects and systems say it is; who must know of a refusal is told at once."""
    with hub.database.read() as connection:
        arrived = hub.caseload.arrived(connection)
    for case_id in _chosen(arrived, cases):
        with _apart(hour, case_id):
            settled = settle(hub, case_id)
            hour.done += settled.done
            hour.stuck += settled.stuck
            hour.alerts += settled.alerts
            hour.troubles.update({f"{case_id} {system}": why for system, why in settled.unread.items()})
            if settled.alerts:
                _tell(hub, [case_id], hour)
                hour.reports += send_messages(hub)


def _chosen(ids: Sequence[str], cases: Sequence[str]) -> list[str]:
    return [case_id for case_id in ids if not cases or case_id in cases]


def _not_retracted(hub: Hub, cases: Sequence[str]) -> list[Case]:
    with hub.database.read() as connection:
        known = hub.cases.listed(connection, *_GOING, CaseState.COMPLETED, limit=None)
    return [case for case in known if not cases or case.id in cases]


def _to_look_at(hub: Hub, chosen: Sequence[Case]) -> list[Case]:
    """The cases that are not finished, the completed ones whose clients are still protected, and once a day others."""
    now = hub.clock.now()
    over = {case.id for case in chosen if _is_over(case, now)}
    drifting = _may_have_drifted(hub, [case for case in chosen if case.id in over])
    return [case for case in chosen if case.id not in over or case.id in drifting]


def _is_over(case: Case, now: datetime) -> bool:
    return case.state is CaseState.COMPLETED and case.protected_until is not None and case.protected_until <= now


def _may_have_drifted(hub: Hub, over: Sequence[Case]) -> set[str]:
    """Those of the cases that are over in which it is time to look whether access or ownership has come back.

    Once a day, for as long as the policy says.
    """
    now, policy = hub.clock.now(), policies(hub)
    due = [
        case
        for case in over
        if case.completed_at is not None
        and now < case.completed_at + policy.of(case.policy).drift
        and (case.checked_at is None or now - case.checked_at >= ahead.A_DAY)
    ]
    return {case.id for case in due} - ended_for_good(hub, due)


def _over_and_watched(hub: Hub, chosen: Sequence[Case], known: Sequence[Case]) -> list[Case]:
    """Cases that are not looked at otherwise, of whose protection something may be told late."""
    looked_at = {case.id for case in known}
    return still_watched(hub, [case for case in chosen if case.id not in looked_at])


def _just_over(hub: Hub, chosen: Sequence[Case], known: Sequence[Case]) -> list[Case]:
    """Cases that are not looked at otherwise and were completed lately: their certificate may have been put off."""
    looked_at, since = {case.id for case in known}, hub.clock.now() - LOOKED_BACK
    over = [case for case in chosen if case.id not in looked_at]
    return [case for case in over if case.completed_at is not None and case.completed_at >= since]


def _watch(hub: Hub, watched: Sequence[Case], hour: Hour) -> None:
    """What was done to leavers' clients, where a system keeps a history or a client has refused."""
    for case_id, one in watch_all(hub, watched).items():
        hour.alerts += len(one.alerts)
        hour.troubles.update({f"{case_id} {system}": why for system, why in one.unread.items()})


def _look_ahead(hub: Hub, known: Sequence[Case], hour: Hour) -> None:
    """What will get in the way of a last day that is still to come: once a day in each case."""
    with _apart(hour, "looking ahead"):
        scans = prescan(hub, ahead.due(hub, [case for case in known if case.id not in hour.retracted]))
        for case_id, scan in scans.items():
            with _apart(hour, case_id):
                ahead.settled(hub, scan)
                hour.ahead += 1
                hour.troubles.update({f"{case_id} {system}": why for system, why in scan.unread.items()})


def _tell(hub: Hub, ids: Sequence[str], hour: Hour, looked: Sequence[str] = ()) -> None:
    """Whoever is waited for in one of these cases; ``looked``: for which of them every system has just been read."""
    for case_id, told in tell_all(hub, ids, lambda case_id: _apart(hour, case_id), looked).items():
        hour.told += told.messages
        hour.escalations += told.escalations
        hour.troubles.update({f"{case_id} {person}": why for person, why in told.unreachable.items()})
        hour.troubles.update(told.unused)


def _look_again(hub: Hub, known: Sequence[Case], hour: Hour) -> list[str]:
    """Every system is read once for all of them; a list is written where something has changed.

    Gives the ids of those for which all could be read.
    """
    was_completed = {case.id for case in known if case.state is CaseState.COMPLETED}
    for case in news_from_hr(hub, known, hour.troubles, hour.waiting):
        with _apart(hour, case.id):
            if follow_hr(hub, case).state is CaseState.RETRACTED:
                hour.retracted.append(case.id)
    staying = [case for case in known if case.id not in hour.retracted]
    looked = []
    for case_id, refreshed in refresh_all(hub, staying, lambda case_id: _apart(hour, case_id)).items():
        looked += [] if refreshed.unread or refreshed.outdated or case_id in hour.troubles else [case_id]
        hour.troubles.update({f"{case_id} {system}": why for system, why in refreshed.unread.items()})
        if case_id not in was_completed:
            hour.refreshed += 1
        elif refreshed.case.state is CaseState.OPEN:
            hour.reopened.append(case_id)
    return looked


def _open_for_those_who_leave(hub: Hub, hour: Hour) -> None:
    """A case for everybody whom HR says to be leaving, or to have left, and who has none for this departure.

    But for who is held at the gate with too many others, or was rejected there.
    """
    with hub.database.read() as connection:
        leaving = hub.people.with_status(connection, EmploymentStatus.NOTICE)
        newest = hub.cases.newest_of(connection, leaving)
        people = hub.people.newest(connection, [number for number in leaving if number in newest])
        before = {number for number, known in newest.items() if _left_before(known, people[number].employee)}
        stayed = [number for number, known in newest.items() if known.state is CaseState.RETRACTED]
        told = hub.people.versions(connection, [number for number in stayed if number not in before])
        out = hub.barred(connection) if before else frozenset()
        openings = _of_who_has_left(hub, connection)
    before -= out  # HR enters the departure of somebody who is out already by their emergency
    before |= {number for number, versions in told.items() if _has_stayed(newest[number], versions)}
    resigned = [number for number in leaving if number not in newest or number in before]
    openings = [*(Opening(number, Cause.RESIGNATION, BY) for number in resigned), *openings]
    with hub.database.read() as connection:
        waiting = undecided(hub, connection, [opening.number for opening in openings])
    hour.waiting.note(waiting)
    for opening in [each for each in openings if each.number not in waiting]:
        with _apart(hour, opening.number):
            hour.opened.append(open_case(hub, opening).id)


def _of_who_has_left(hub: Hub, connection: sa.Connection) -> list[Opening]:
    """Cases of those whom HR has called departed at once, or before any run had seen them leaving.

    Only of who worked here until then: the leavers of a first import hold nothing that anybody here knows of.
    """
    protected = hub.settings.hub.protected
    ever = still_rejected(connection, SYNC_JOB, list(hub.settings.systems)).union(protected)
    left = left_since(connection, hub.clock.now() - LOOKED_BACK, ever)
    newest = hub.cases.newest_of(connection, sorted(left))
    asked = [number for number, at in left.items() if number not in newest or not _saw(newest[number], at)]
    told = hub.people.versions(connection, asked)
    return [
        Opening(number, Cause.RESIGNATION, BY, manager=_last_manager(told[number]))
        for number in asked
        if number not in newest or not _is_about_this(newest[number], told[number], protected)
    ]


def _saw(known: Case, left_at: datetime) -> bool:
    """Whether a case was still going when its leaver's departure was recorded, or was opened after that."""
    going = known.state in _GOING or (known.completed_at is not None and known.completed_at >= left_at)
    return going or known.opened_at >= left_at


def _is_about_this(known: Case, told: Sequence[Recorded], protected: Collection[str]) -> bool:
    """Whether a case that had ended before HR called its leaver departed was about that departure all the same.

    An emergency was: who was let out by it has not been in since, unless the list of the protected let them in again.
    """
    opened = sum(each.recorded_at <= known.opened_at for each in told)
    since = [each.employee.status for each in told[max(0, opened - 1) :]]
    if any(map(stays, dropwhile(lambda status: status not in _LEAVING, since))):
        return False  # they came back, and have left once more
    last = told[-1].employee
    if known.state is CaseState.RETRACTED:
        return not _left_before(known, last)
    if since[0] in _LEAVING or (known.cause is Cause.EMERGENCY and known.number not in protected):
        return True
    dated = known.dates.last_working_at is not None and last.moment(LeaverDate.LAST_WORKING) is not None
    return not (dated and _left_before(known, last))


def _last_manager(told: Sequence[Recorded]) -> str:
    """Whom somebody who has left reported to: HR may have taken that off with the departure."""
    return next((each.employee.manager_number for each in reversed(told) if each.employee.manager_number), "")


def _left_before(known: Case, employee: Employee) -> bool:
    """Whether the newest case of somebody who is leaving is about an earlier departure."""
    ended = known.state in (CaseState.COMPLETED, CaseState.RETRACTED)
    return ended and known.dates.last_working_at != employee.moment(LeaverDate.LAST_WORKING)


def _has_stayed(known: Case, told: Sequence[Recorded]) -> bool:
    """Whether HR has said since a case was opened that its leaver stays: who leaves now has resigned anew."""
    return any(each.recorded_at > known.opened_at and stays(each.employee.status) for each in told)


@contextmanager
def _apart(hour: Hour, what: str) -> Iterator[None]:
    """Trouble here is noted and ends here."""
    try:
        yield
    except BatonError as error:
        log.warning("%s: %s", what, error)
        hour.troubles[what] = str(error)
    except Exception as error:  # noqa: BLE001 - whatever nobody foresaw in one case must not keep the others waiting
        log.error(  # noqa: TRY400 - a traceback with its message may hold personal data
            "%s: %s\n%s", what, tracing.place(error), tracing.whereabouts(error)
        )
        hour.troubles[what] = f"unexpected {tracing.place(error)}: see the log"
