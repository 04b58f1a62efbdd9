"""What HR says of somebody who has a case: other dates move it, a resignation taken back retracts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.came_back import AGAIN, stays
from baton.hub.offboarding.casework import BY_WORD, UNFINISHED, call_back, locked, step
from baton.hub.offboarding.intentions import JOB, frozen, last_log_out
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.undecided import Waiting, undecided
from baton.jobs.offboarding import moments
from baton.jobs.offboarding.watch import rights_gone
from baton.model.case import Act, Case, CaseState, Cause, ItemState, LeaverDates
from baton.model.effect import EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.model.people import Employee, EmploymentStatus, LeaverDate
from baton.store.people import Recorded
from baton.store.tables import effects

_GONE_OR_GOING = (EffectState.DONE, EffectState.SENT, EffectState.IN_DOUBT, EffectState.PLANNED)
"""Where a revocation stands that has been carried out, or that nobody can call back any more."""
CORRECTED_WITHIN: Final = timedelta(days=7)
"""For how long HR can take back a departure that has happened by entering that it has not."""
_NO_DAY: Final = (
    "HR says notice without a last working day: the case, opened by hand, keeps {} UTC, "
    "also where that was a departure entered by mistake; enter the last working day in HR's data"
)


def news_from_hr(hub: Hub, known: Sequence[Case], troubles: dict[str, str], waiting: Waiting) -> list[Case]:
    """Those of these cases of which HR says something else by now, and of which that holds.

    ``troubles`` ("case HR" -> why) gets those that keep a last working moment of which HR has to say whether it is so,
    ``waiting`` whose earlier day nobody has let go yet.
    """
    asked = [case for case in known if case.cause is not Cause.EMERGENCY and case.state in UNFINISHED]
    with hub.database.read() as connection:
        people = hub.people.newest(connection, [case.number for case in asked])
        now = hub.clock.now()
        said = {number: newest.employee for number, newest in people.items()}
        found = [case for case in asked if case.number in said and _differs(case, said[case.number], now)]
        judged = [case.number for case in found if stays(said[case.number].status) or not _follows(case, ())]
        told = hub.people.versions(connection, judged) if judged else {}
    for case in found:
        last = case.dates.last_working_at
        if last and _keeps_its_day(case, said[case.number]) and _follows(case, told.get(case.number, ())):
            troubles[f"{case.id} HR"] = _NO_DAY.format(f"{last:%Y-%m-%d %H:%M}")
    news = [case for case in found if _is_news(case, said[case.number], told.get(case.number, ()), now)]
    earlier = [case for case in news if _comes_earlier(case, said[case.number], told.get(case.number, ()), now)]
    with hub.database.read() as connection:
        wait = undecided(hub, connection, [case.number for case in earlier])
    waiting.note(wait)
    return [case for case in news if case not in earlier or case.number not in wait]


def _differs(case: Case, employee: Employee, now: datetime) -> bool:
    if stays(employee.status):  # of a case by hand HR may not have heard yet
        return case.cause is Cause.RESIGNATION
    if employee.status is EmploymentStatus.PENDING_HIRE:  # who is to be hired again has left all the same
        return False
    return case.dates != _dates(case, employee, now)


def _is_news(case: Case, employee: Employee, told: Sequence[Recorded], now: datetime) -> bool:
    """Whether a case takes over what HR says otherwise; ``told`` is all that HR ever said."""
    if stays(employee.status):
        return case.state is CaseState.OPEN or _can_be_taken_back(case, employee, told, now)
    return _taken_over(case, employee, told, now) != case.dates


def _comes_earlier(case: Case, employee: Employee, told: Sequence[Recorded], now: datetime) -> bool:
    """Whether by what HR says the leaver would lose their rights before what the case says by now."""
    if stays(employee.status):
        return False
    last, before = _taken_over(case, employee, told, now).last_working_at, case.dates.last_working_at
    return last is not None and (before is None or last < before)


def _can_be_taken_back(case: Case, employee: Employee, told: Sequence[Recorded], now: datetime) -> bool:
    """Whether HR's saying that somebody stays means that they never left.

    A departure that has happened is no resignation taken back, but for a correction soon after: who works here again
    later has been hired again, and what is with others since is theirs until a person says otherwise.
    """
    last = case.dates.last_working_at
    since = [each for each in told if each.recorded_at >= case.opened_at]
    over = [each.recorded_at for each in since if each.employee.status is EmploymentStatus.DEPARTED]
    over += [last] if last is not None and last <= now and not _was_to_stay(told, last) else []
    if not over:
        return True
    happened = min(over)
    again = any(each.employee.status in AGAIN for each in since if each.recorded_at >= happened)
    return employee.status not in AGAIN and not again and now - happened < CORRECTED_WITHIN


def _was_to_stay(told: Sequence[Recorded], last: datetime) -> bool:
    """Whether HR's last word, that somebody stays, was given before their last working moment."""
    stayed = list(takewhile(lambda each: stays(each.employee.status), reversed(told)))
    return bool(stayed) and stayed[-1].recorded_at < last


def _follows(case: Case, told: Sequence[Recorded]) -> bool:
    """Whether a case has no other last day than HR's: one that was named by hand stays until they have left."""
    last = case.dates.last_working_at
    if case.cause is Cause.RESIGNATION or last is None:
        return True
    if any(each.employee.moment(LeaverDate.LAST_WORKING) == last for each in told):
        return True
    # A day that was taken from a departure without one is HR's too: it goes where HR corrects that.
    then = [each.employee for each in told if each.recorded_at <= last][-1:]
    return any(
        each.status is EmploymentStatus.DEPARTED and each.moment(LeaverDate.LAST_WORKING) is None for each in then
    )


def _keeps_its_day(case: Case, employee: Employee) -> bool:
    """Whether HR has taken off the last day of a case that somebody has opened by hand: without one nothing would end.

    It may be that of a departure that was a mistake. The day that was named before that nobody knows any more.
    """
    named = case.cause is not Cause.RESIGNATION and case.dates.last_working_at is not None
    return named and employee.status is EmploymentStatus.NOTICE and employee.moment(LeaverDate.LAST_WORKING) is None


def _taken_over(case: Case, employee: Employee, told: Sequence[Recorded], now: datetime) -> LeaverDates:
    """The dates of a case by what HR says; ``told`` is all that HR ever said.

    Who has left has left, whatever day was named by hand: a later one ends with that, an earlier one stays.
    """
    said = _dates(case, employee, now)
    if _follows(case, told):
        return replace(said, last_working_at=case.dates.last_working_at) if _keeps_its_day(case, employee) else said
    named, left = case.dates.last_working_at, said.last_working_at
    if employee.status is not EmploymentStatus.DEPARTED or named is None or left is None:
        return case.dates
    return replace(said, last_working_at=min(named, left))


def _dates(case: Case, employee: Employee, now: datetime) -> LeaverDates:
    """What HR says. Who has left has left, also where it does not say when: by now, or when it had said before."""
    last, contract, pay = (employee.moment(which) for which in LeaverDate)
    if last is None and employee.status is EmploymentStatus.DEPARTED:
        last = min(now, case.dates.last_working_at or now)
        contract = contract or last
        pay = pay or contract
    return LeaverDates(last, contract, pay)


def follow_hr(hub: Hub, case: Case) -> Case:
    """Take over the dates that HR gives now; retract a resignation that HR no longer knows of.

    An earlier day waits where it is held at the gate or was rejected: see `undecided`.
    """
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        found = hub.people.newest(connection, [case.number]).get(case.number)
        if found is None or case.state not in UNFINISHED or case.cause is Cause.EMERGENCY:
            return case
        employee = found.employee
        now = hub.clock.now()
        if not _differs(case, employee, now):
            return case
        told = hub.people.versions(connection, [case.number])[case.number]
        if stays(employee.status):
            if not _can_be_taken_back(case, employee, told, now):
                return _left_to_people(hub, connection, case, told[-1])
            after = step(hub, connection, case, Act.RETRACT, "baton", f"HR says: {employee.status}")
            call_back(hub, connection, after)
            return after
        dates = _taken_over(case, employee, told, now)
        waits = _comes_earlier(case, employee, told, now) and undecided(hub, connection, [case.number])
        if dates == case.dates or waits:
            return case
        last = dates.last_working_at
        until = None if last is None else last + policy_of(hub, case).protection
        noted = {"last_working_at": last, "contract_end_at": dates.contract_end_at, "pay_end_at": dates.pay_end_at}
        after = hub.cases.change(connection, case, case.state, **noted, protected_until=until)
        _call_back_early(hub, connection, case, after)
        return after


def _left_to_people(hub: Hub, connection: sa.Connection, case: Case, told: Recorded) -> Case:
    """Pause the case of somebody who is back: it would go on taking their rights, hour by hour, until HR has decided.

    Once for what HR's data says: who has decided since that it goes on is not contradicted.
    """
    decided = [each for each in hub.cases.said(connection, case.id) if each.item_id is None and each.act in BY_WORD]
    if case.state is not CaseState.OPEN or any(each.at >= told.recorded_at for each in decided):
        return case
    why = f"HR says: {told.employee.status}, after the departure; retract it, or go on"
    after = step(hub, connection, case, Act.PAUSE, "baton", why)
    call_back(hub, connection, after)
    return after


def _call_back_early(hub: Hub, connection: sa.Connection, before: Case, case: Case) -> None:
    """What was to be taken away at a last working moment that HR has put off, and has not been sent, is cancelled.

    But for what the policy takes away earlier anyway, and what two people have frozen: no last day has taken that. Of
    what is gone, or may be, an alert tells.
    """
    policy, now = policy_of(hub, case), hub.clock.now()
    if moments.rights_end(case, policy, now):
        return
    rights = [
        item
        for item in hub.cases.items(connection, case.id, states=[ItemState.MOVING, ItemState.DONE])
        if item.kind is HoldingKind.GRANT
        and item.effect_key
        and not policy.restricts(item.system, item.title, item.ref.external_id)
    ]
    entity = last_log_out(before, hub.caseload.reopened(connection, [case.id]).get(case.id), now)
    log_outs = hub.effects.read(connection, effects.c.job == JOB, effects.c.number == entity)
    moves = hub.effects.by_key(connection, [item.effect_key for item in rights])
    away = {key: each for key, each in moves.items() if each.action is HandoverAction.REVOKE and not frozen(each)}
    early = [*away, *(effect.key for effect in log_outs)]
    called_back = hub.effects.cancel_keys(connection, early, why="postponed")
    gone = {key for key, effect in away.items() if effect.state in _GONE_OR_GOING} - called_back
    taken = [item for item in rights if item.effect_key in gone]
    hub.alerts.raise_new(connection, rights_gone(case, taken, now))
