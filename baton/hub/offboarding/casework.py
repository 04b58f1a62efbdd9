"""Opening a case, finding it again, and taking it as a whole from one state to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError, BatonError, ConfigurationError, Fault
from baton.hub.core import PLANNING, Hub
from baton.hub.offboarding.by_hand import items_by_hand
from baton.hub.offboarding.entitling import given_to_others
from baton.hub.offboarding.intentions import JOB, last_log_out
from baton.hub.offboarding.policies import policies, policy_of
from baton.hub.offboarding.signing import signed
from baton.hub.offboarding.standing import require_standing
from baton.hub.proof import signer
from baton.jobs.contradictions import EARLIEST, LATEST
from baton.jobs.offboarding import moments
from baton.jobs.offboarding.policy import Policies
from baton.jobs.offboarding.steps import require_may
from baton.jobs.offboarding.watch import rights_gone
from baton.model.case import (
    CASE_STEPS,
    Act,
    Case,
    CaseState,
    Cause,
    ItemState,
    LeaverDates,
    Role,
    Statement,
)
from baton.model.effect import EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.model.people import Employee, EmploymentStatus, LeaverDate
from baton.store.people import Recorded
from baton.store.tables import effects

_GONE_OR_GOING = (EffectState.DONE, EffectState.SENT, EffectState.IN_DOUBT, EffectState.PLANNED)
"""Where a revocation stands that has been carried out, or that nobody can call back any more."""
_UNFINISHED = (CaseState.OPEN, CaseState.PAUSED)
CORRECTED_WITHIN: Final = timedelta(days=7)
"""For how long HR can take back a departure that has happened by entering that it has not."""
AGAIN: Final = (EmploymentStatus.REHIRED, EmploymentStatus.PENDING_HIRE)
"""Who has left, and works here again or is about to."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when a case is opened. What is left out comes from what HR has told."""

    number: str
    cause: Cause
    by: str
    manager: str = ""
    last_working_at: datetime | None = None


def open_case(hub: Hub, opening: Opening) -> Case:
    """Open a case; the one that is open already where there is one, since a person leaves once at a time.

    An emergency makes that one an emergency: whoever must be out at once does not wait for its dates.
    Raises `ConfigurationError` for somebody the hub does not know, `BatonError` where nobody could approve
    (``no_manager``) and for a last moment that is none (``date_range``).
    """
    _require_plausible(opening.last_working_at)
    chosen = policies(hub)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        for known in hub.cases.of_person(connection, opening.number):
            if known.state in _UNFINISHED:
                urgent = opening.cause is Cause.EMERGENCY is not known.cause
                return _made_an_emergency(hub, connection, known, opening.by) if urgent else known
        employee = _employee(hub, connection, opening.number)
        case = _new_case(hub, opening, employee, chosen)
        hub.cases.insert(connection, case)
        hub.cases.add_items(connection, items_by_hand(hub, connection, case, chosen.of(case.policy)))
        said = _about_case(hub, case, Act.OPEN, opening.by, Role.HR, opening.cause.value)
        hub.cases.say(connection, [said])
        _plan_accounts_anew(hub, connection, case)
    return case


def _made_an_emergency(hub: Hub, connection: sa.Connection, known: Case, by: str) -> Case:
    """The same case from now on as one whose leaver must be out; it goes on where it was paused."""
    case, now = locked(hub, connection, known.id), hub.clock.now()
    last = min(now, case.dates.last_working_at or now)
    changed = {"cause": Cause.EMERGENCY.value, "last_working_at": last}
    case = hub.cases.change(
        connection, case, case.state, **changed, protected_until=last + policy_of(hub, case).protection
    )
    hub.cases.say(connection, [_about_case(hub, case, Act.OPEN, by, Role.HR, Cause.EMERGENCY.value)])
    if case.state is CaseState.PAUSED:
        return step(hub, connection, case, Act.REOPEN, by, Cause.EMERGENCY.value)
    _plan_accounts_anew(hub, connection, case)
    return case


def _employee(hub: Hub, connection: sa.Connection, number: str) -> Employee:
    found = hub.people.newest(connection, [number]).get(number)
    if found is None:
        message = f"nobody has the employee number {number[:40]!r}; run a sync first"
        raise ConfigurationError([Fault("NUMBER", "unknown_person", message)])
    return found.employee


def _require_plausible(moment: datetime | None) -> None:
    """What HR's own feed may not say of a leaver's last day, nobody else may either: deadlines are counted from it."""
    if moment is not None and not EARLIEST <= moment.date() <= LATEST:
        raise BatonError(
            f"the last working moment is outside {EARLIEST} to {LATEST}", code="date_range", remedy="look at the year"
        )


def _new_case(hub: Hub, opening: Opening, employee: Employee, chosen: Policies) -> Case:
    manager = opening.manager or employee.manager_number or ""
    if not manager or manager == opening.number:
        raise BatonError(
            f"{opening.number} has no manager who could approve", code="no_manager", remedy="name one with --manager"
        )
    now = hub.clock.now()
    last = opening.last_working_at or employee.moment(LeaverDate.LAST_WORKING)
    if opening.cause is Cause.EMERGENCY:
        last = now
    name = chosen.choose(employee.department or "", employee.position or "")
    ends = employee.moment(LeaverDate.CONTRACT_END), employee.moment(LeaverDate.PAY_END)
    return Case(
        id=hub.new_run_id("case"),
        number=opening.number,
        state=CaseState.OPEN,
        cause=opening.cause,
        policy=name,
        manager=manager,
        opened_by=opening.by,
        opened_at=now,
        dates=LeaverDates(last, *ends),
        name=employee.full_name or "",
        department=employee.department or "",
        salt=hub.chance.randbytes(32),
        protected_until=None if last is None else last + chosen.of(name).protection,
    )


def find_case(hub: Hub, case_id: str) -> Case:
    """A case by its id, or the newest one of an employee number; `ConfigurationError` when there is none."""
    with hub.database.read() as connection:
        case = hub.cases.get(connection, case_id)
        if case is not None:
            return case
        of_person = hub.cases.of_person(connection, case_id)
        if of_person:
            return of_person[0]
        latest = ", ".join(known.id for known in hub.cases.listed(connection, limit=3)) or "none"
    message = f"there is no case {case_id[:80]!r}; the latest: {latest}"
    raise ConfigurationError([Fault("CASE", "unknown_case", message)])


def news_from_hr(hub: Hub, known: Sequence[Case]) -> list[Case]:
    """Those of these cases of which HR says something else by now."""
    asked = [case for case in known if case.cause is not Cause.EMERGENCY and case.state in _UNFINISHED]
    with hub.database.read() as connection:
        people = hub.people.newest(connection, [case.number for case in asked])
        now = hub.clock.now()
        said = {number: newest.employee for number, newest in people.items()}
        found = [case for case in asked if case.number in said and _differs(case, said[case.number], now)]
        judged = [case.number for case in found if stays(said[case.number].status) or not _follows(case, ())]
        told = hub.people.versions(connection, judged) if judged else {}
    return [case for case in found if _is_news(case, said[case.number], told.get(case.number, ()), now)]


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
    return _follows(case, told)


def _can_be_taken_back(case: Case, employee: Employee, told: Sequence[Recorded], now: datetime) -> bool:
    """Whether HR's saying that somebody stays means that they never left.

    A departure that has happened is no resignation taken back, but for a correction soon after: who works here again
    later has been hired again, and what is with others since is theirs until a person says otherwise.
    """
    last = case.dates.last_working_at
    since = [each for each in told if each.recorded_at >= case.opened_at]
    over = [each.recorded_at for each in since if each.employee.status is EmploymentStatus.DEPARTED]
    over += [last] if last is not None and last <= now else []
    if not over:
        return True
    happened = min(over)
    again = any(each.employee.status in AGAIN for each in since if each.recorded_at >= happened)
    return employee.status not in AGAIN and not again and now - happened < CORRECTED_WITHIN


def _follows(case: Case, told: Sequence[Recorded]) -> bool:
    """Whether a case has no other last day than HR's: one that was named by hand stays."""
    last = case.dates.last_working_at
    return (
        case.cause is Cause.RESIGNATION
        or last is None
        or any(each.employee.moment(LeaverDate.LAST_WORKING) == last for each in told)
    )


def stays(status: EmploymentStatus) -> bool:
    """Whether HR says of somebody that they work here and do not leave."""
    return status.employed and status is not EmploymentStatus.NOTICE


def _dates(case: Case, employee: Employee, now: datetime) -> LeaverDates:
    """What HR says. Who has left has left, also where it does not say when: by now, or when it had said before."""
    last, contract, pay = (employee.moment(which) for which in LeaverDate)
    if last is None and employee.status is EmploymentStatus.DEPARTED:
        last = min(now, case.dates.last_working_at or now)
        contract = contract or last
        pay = pay or contract
    return LeaverDates(last, contract, pay)


def follow_hr(hub: Hub, case: Case) -> Case:
    """Take over the dates that HR gives now; retract a resignation that HR no longer knows of."""
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        found = hub.people.newest(connection, [case.number]).get(case.number)
        if found is None or case.state not in _UNFINISHED or case.cause is Cause.EMERGENCY:
            return case
        employee = found.employee
        now = hub.clock.now()
        if not _differs(case, employee, now):
            return case
        if stays(employee.status):
            told = hub.people.versions(connection, [case.number])[case.number]
            if not _can_be_taken_back(case, employee, told, now):
                return _left_to_people(hub, connection, case, told[-1])
            after = step(hub, connection, case, Act.RETRACT, "baton", f"HR says: {employee.status}")
            _call_back(hub, connection, after)
            return after
        dates = _dates(case, employee, now)
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
    decided = [each for each in hub.cases.said(connection, case.id) if each.item_id is None and each.act in _BY_WORD]
    if case.state is not CaseState.OPEN or any(each.at >= told.recorded_at for each in decided):
        return case
    why = f"HR says: {told.employee.status}, after the departure; retract it, or go on"
    after = step(hub, connection, case, Act.PAUSE, "baton", why)
    _call_back(hub, connection, after)
    return after


_TO = {
    Act.PAUSE: CaseState.PAUSED,
    Act.RETRACT: CaseState.RETRACTED,
    Act.REOPEN: CaseState.OPEN,
    Act.COMPLETE: CaseState.COMPLETED,
}
_BY_WORD = frozenset({Act.PAUSE, Act.RETRACT, Act.REOPEN})
"""What a word of HR is enough for."""


def decide(hub: Hub, case_id: str, act: Act, person: str, why: str) -> Case:
    """Pause, retract, reopen (which also resumes) a case. Completing has a gate of its own: see `completing`."""
    require_may(act, Role.HR, why)
    if act not in _BY_WORD:
        raise ApprovalError(f"a case is not taken to {act} by word", code="role", remedy="see: baton offboard complete")
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        case = locked(hub, connection, find_case(hub, case_id).id)
        require_standing(hub, connection, case, person, Role.HR)
        if act is Act.REOPEN:
            _require_alone(hub, connection, case)
        case = step(hub, connection, case, act, person, why)
        if act in (Act.PAUSE, Act.RETRACT):
            _call_back(hub, connection, case)
        hub.crash_point("deciding")
    hub.crash_point("decided")
    return case


def _require_alone(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """A person leaves once at a time: two open cases would pass the same things on, to two people."""
    for other in hub.cases.of_person(connection, case.number):
        if other.id != case.id and other.state in _UNFINISHED:
            raise ApprovalError(
                f"{case.number} is leaving by {other.id} already",
                code="case",
                remedy="go on there, or retract it first",
            )


def step(hub: Hub, connection: sa.Connection, case: Case, act: Act, person: str, why: str) -> Case:
    """Take a case one step on, in the caller's transaction, and store who said so.

    Raises `ApprovalError` where it cannot go there (any more).
    """
    if _TO[act] not in CASE_STEPS[case.state]:
        raise ApprovalError(f"the case is {case.state}: too late or too early to {act} it", code="state")
    values = {"completed_at": hub.clock.now()} if act is Act.COMPLETE else {}
    if case.state is CaseState.RETRACTED:
        values = {"watched_until": hub.clock.now()}  # what who stayed did until now was their work
    after = hub.cases.change(connection, case, _TO[act], **values)
    hub.cases.say(connection, [_about_case(hub, case, act, person, Role.HR, why)])
    _plan_accounts_anew(hub, connection, after)
    return after


def _plan_accounts_anew(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """An emergency bars its leaver from every account (`CaseloadStore.barred`): the next sync plans what follows.

    Where people open or decide they plan alone: a sync that is being planned would note these people as planned after
    they were marked. What drifts back opens a case without that: its leaver was barred before, or is out by HR's dates.
    """
    if case.cause is Cause.EMERGENCY:
        for system in hub.targets():
            hub.links.forget_plan(connection, system.name, [case.number])


def locked(hub: Hub, connection: sa.Connection, case_id: str) -> Case:
    """A case that nobody else decides on until the transaction ends."""
    hub.cases.lock(connection, case_id)
    case = hub.cases.get(connection, case_id)
    if case is None:
        raise ConfigurationError([Fault("CASE", "unknown_case", f"there is no case {case_id[:80]!r}")])
    return case


def _call_back(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """What was to be passed on or taken away and has not been sent is cancelled. The way back (an undo) goes on."""
    items = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
    moves = hub.effects.by_key(connection, [item.effect_key for item in items])
    forwards = [
        item.effect_key
        for item in items
        if (effect := moves.get(item.effect_key)) is not None
        and effect.action is not HandoverAction.ENTITLE
        and effect.fields.get("successor_number") != case.number
    ]
    forwards += [effect.key for effect in given_to_others(hub, connection, case, EffectState.PLANNED)]
    hub.effects.cancel_keys(connection, forwards, why=f"case_{case.state}")


def _call_back_early(hub: Hub, connection: sa.Connection, before: Case, case: Case) -> None:
    """What was to be taken away at a last working moment that HR has put off, and has not been sent, is cancelled.

    But for what the policy takes away earlier anyway. Of what is gone, or may be, an alert tells.
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
    away = {key: effect for key, effect in moves.items() if effect.action is HandoverAction.REVOKE}
    early = [*away, *(effect.key for effect in log_outs)]
    called_back = hub.effects.cancel_keys(connection, early, why="postponed")
    gone = {key for key, effect in away.items() if effect.state in _GONE_OR_GOING} - called_back
    taken = [item for item in rights if item.effect_key in gone]
    hub.alerts.raise_new(connection, rights_gone(case, taken, now))


def _about_case(hub: Hub, case: Case, act: Act, person: str, role: Role, text: str) -> Statement:
    return signed(signer(hub), Statement(case.id, None, 0, b"", act, person, role, hub.clock.now(), text))
