"""Opening a case, finding it again, and taking it as a whole from one state to another. See also `following_hr`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError, BatonError, ConfigurationError, Fault
from baton.hub.core import PLANNING, SYNC_JOB, Hub
from baton.hub.offboarding.by_hand import items_by_hand
from baton.hub.offboarding.intentions import JOB, frozen
from baton.hub.offboarding.people import employed
from baton.hub.offboarding.policies import policies, policy_of
from baton.hub.offboarding.signing import signed
from baton.hub.offboarding.standing import require_standing
from baton.hub.offboarding.undecided import require_decided
from baton.hub.offboarding.ways_back import call_back_earlier, call_back_own
from baton.hub.proof import signer
from baton.jobs.contradictions import EARLIEST, LATEST
from baton.jobs.offboarding.policy import Policies
from baton.jobs.offboarding.steps import require_may
from baton.model.case import (
    CASE_STEPS,
    NEW_MANAGER,
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
from baton.model.handover import HandoverAction
from baton.model.people import Employee, EmploymentStatus, LeaverDate
from baton.model.persons import NO_PERSONS
from baton.store.tables import effects

_ACCOUNT_BY_DATES: Final = (EmploymentStatus.NOTICE, EmploymentStatus.DEPARTED, EmploymentStatus.PENDING_HIRE)
"""Statuses of whose account HR's dates decide; of all others it is open."""
UNFINISHED: Final = (CaseState.OPEN, CaseState.PAUSED)


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

    An emergency makes that one an emergency: whoever must be out at once does not wait for its dates. Another manager
    becomes the manager of that one, where it is HR who says so. Of one that the schedule had opened for somebody on
    ``hub.protected`` it is kept, once, that a person has opened it as well, unless they named another manager.
    Raises `ConfigurationError` for somebody the hub does not know, `BatonError` where nobody could approve
    (``no_manager``) and for a last moment that is none (``date_range``). The schedule, which can name nobody, opens a
    case without a manager: who leaves does not wait, and what is the manager's is for the deputies or HR until then.
    It opens none by a word that is held at the gate or was rejected, and none of who is protected (``undecided``): a
    person does.
    """
    _require_plausible(opening.last_working_at)
    chosen = policies(hub)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        for known in hub.cases.of_person(connection, opening.number):
            if known.state in UNFINISHED:
                return _opened_again(hub, connection, known, opening)
        if opening.by in NO_PERSONS:
            require_decided(hub, connection, opening.number)
        employee = _employee(hub, connection, opening.number)
        case = _new_case(hub, opening, employee, chosen)
        hub.cases.insert(connection, case)
        call_back_earlier(hub, connection, case.number)
        hub.cases.add_items(connection, items_by_hand(hub, connection, case, chosen.of(case.policy)))
        said = _about_case(hub, case, Act.OPEN, opening.by, Role.HR, opening.cause.value)
        hub.cases.say(connection, [said])
        _plan_accounts_anew(hub, connection, case)
    return case


def _opened_again(hub: Hub, connection: sa.Connection, known: Case, opening: Opening) -> Case:
    """The case that is open already, with what a person who opens it once more says otherwise."""
    another = opening.by not in NO_PERSONS and opening.manager not in ("", known.manager)
    if another:
        known = _given_a_manager(hub, connection, known, opening)
    if opening.cause is Cause.EMERGENCY is not known.cause:
        return _made_an_emergency(hub, connection, known, opening.by)
    agrees = opening.by not in NO_PERSONS and not another and known.number in hub.settings.hub.protected
    if agrees and known.number not in hub.caseload.by_persons(connection, [known.number]):
        # Whom the list keeps leaves by this word: the schedule had opened the case, and nobody had agreed. Said of who
        # is not on it, or of the manager, it is no word on whether they leave once they are.
        known = locked(hub, connection, known.id)
        hub.cases.say(connection, [_about_case(hub, known, Act.OPEN, opening.by, Role.HR, opening.cause.value)])
    return known


def _given_a_manager(hub: Hub, connection: sa.Connection, known: Case, opening: Opening) -> Case:
    """The same case with another manager; what the one before has said stays said."""
    case, manager = locked(hub, connection, known.id), opening.manager
    require_standing(hub, connection, case, opening.by, Role.HR)
    if manager == case.number or not employed(hub, connection, [manager]):
        message = f"{manager[:40]} cannot be the manager of this case"
        raise BatonError(message, code="no_manager", remedy="name somebody who works here")
    case = hub.cases.change(connection, case, case.state, manager=manager)
    hub.cases.say(connection, [_about_case(hub, case, Act.OPEN, opening.by, Role.HR, f"{NEW_MANAGER}{manager}")])
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
    if manager == opening.number:
        manager = ""
    if not manager and opening.by not in NO_PERSONS:
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


_TO = {
    Act.PAUSE: CaseState.PAUSED,
    Act.RETRACT: CaseState.RETRACTED,
    Act.REOPEN: CaseState.OPEN,
    Act.COMPLETE: CaseState.COMPLETED,
}
BY_WORD = frozenset({Act.PAUSE, Act.RETRACT, Act.REOPEN})
"""What a word of HR is enough for."""


def decide(hub: Hub, case_id: str, act: Act, person: str, why: str) -> Case:
    """Pause, retract, reopen (which also resumes) a case. Completing has a gate of its own: see `completing`."""
    require_may(act, Role.HR, why)
    if act not in BY_WORD:
        raise ApprovalError(f"a case is not taken to {act} by word", code="role", remedy="see: baton offboard complete")
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        case = locked(hub, connection, find_case(hub, case_id).id)
        require_standing(hub, connection, case, person, Role.HR)
        if act is Act.REOPEN:
            _require_alone(hub, connection, case)
        case = step(hub, connection, case, act, person, why)
        if act in (Act.PAUSE, Act.RETRACT):
            call_back(hub, connection, case)
        hub.crash_point("deciding")
    hub.crash_point("decided")
    return case


def _require_alone(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """A person leaves once at a time: two open cases would pass the same things on, to two people."""
    for other in hub.cases.of_person(connection, case.number):
        if other.id != case.id and other.state in UNFINISHED:
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
        call_back_own(hub, connection, case)
    after = hub.cases.change(connection, case, _TO[act], **values)
    if case.state is CaseState.RETRACTED:
        call_back_earlier(hub, connection, case.number)
    hub.cases.say(connection, [_about_case(hub, case, act, person, Role.HR, why)])
    _plan_accounts_anew(hub, connection, after)
    if after.state is CaseState.RETRACTED and after.cause is Cause.EMERGENCY:
        _leave_accounts(hub, connection, after)
    return after


def _plan_accounts_anew(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """An emergency bars its leaver from every account (`CaseloadStore.barred`): the next sync plans what follows.

    Where people open or decide they plan alone: a sync that is being planned would note these people as planned after
    they were marked. What drifts back opens a case without that: its leaver was barred before, or is out by HR's dates.
    """
    if case.cause is Cause.EMERGENCY:
        for system in hub.targets():
            hub.links.forget_plan(connection, system.name, [case.number])


def _leave_accounts(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """Give up the closing of accounts that this emergency had planned and nobody has sent: no sync may come for days.

    Not where another case bars its leaver, nor where HR says when they leave, or that they have not come yet: what
    stands may be HR's own word then, and the next sync plans what is right.
    """
    versions = hub.people.timelines(connection, [case.number], hub.clock.now()).get(case.number, [])
    by_hr = not versions or any(version.employee.status in _ACCOUNT_BY_DATES for version in versions)
    if by_hr or case.number in hub.barred(connection):
        return
    systems = [system.name for system in hub.targets()]
    theirs = (effects.c.job == SYNC_JOB, effects.c.system.in_(systems), effects.c.number == case.number)
    unsent = (effects.c.state == EffectState.PLANNED.value, effects.c.destructive)
    keys = connection.execute(sa.select(effects.c.key).where(*theirs, *unsent)).scalars().all()
    hub.effects.cancel_keys(connection, keys, why=f"case_{case.state}")


def locked(hub: Hub, connection: sa.Connection, case_id: str) -> Case:
    """A case that nobody else decides on until the transaction ends."""
    hub.cases.lock(connection, case_id)
    case = hub.cases.get(connection, case_id)
    if case is None:
        raise ConfigurationError([Fault("CASE", "unknown_case", f"there is no case {case_id[:80]!r}")])
    return case


def call_back(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """What was to be passed on or taken away and has not been sent is cancelled. The way back (an undo) goes on.

    So does what two people have frozen, unless the leaver stays: a pause stops what the dates ask for.
    """
    items = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
    moves = hub.effects.by_key(connection, [item.effect_key for item in items])
    forwards = [
        item.effect_key
        for item in items
        if (effect := moves.get(item.effect_key)) is not None
        and effect.action is not HandoverAction.ENTITLE
        and effect.fields.get("successor_number") != case.number
        and (case.state is CaseState.RETRACTED or not frozen(effect))
    ]
    forwards += [key for _, key in hub.caseload.rights_given(connection, JOB, [case.id], EffectState.PLANNED)]
    hub.effects.cancel_keys(connection, forwards, why=f"case_{case.state}")


def _about_case(hub: Hub, case: Case, act: Act, person: str, role: Role, text: str) -> Statement:
    return signed(signer(hub), Statement(case.id, None, 0, b"", act, person, role, hub.clock.now(), text))
