"""Final settlements at work: worked out, kept, reviewed by a second person, drafted as a pay run. Each step is audited.

A settlement is worked out anew at every step. What differs from what was kept (another pack, another last day at HR)
voids the review; another case file is another settlement, and replaces the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError, ConfigurationError, Fault, TransitionError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.drafting import Drafted, Drafting, draft_within, payee_of
from baton.hub.payment.policies import offices_of, pack_of
from baton.jobs.payment.payable_rows import PayableRow, ReadRows
from baton.jobs.payment.periods import period_of
from baton.jobs.payment.roles import Role
from baton.jobs.payment.settlement.calculator import calculate
from baton.jobs.payment.settlement.case import last_day_at_hr
from baton.jobs.payment.settlement.case_file import CaseFile
from baton.jobs.payment.settlement.review import Review, to_payable
from baton.jobs.payment.settlement.statement import Settlement
from baton.model.pay_run import LineState
from baton.model.payable import Component, Payable, PayableKey
from baton.model.people import Employee
from baton.model.persons import alike
from baton.model.settlement import KeptSettlement, SettlementState
from baton.model.source_rows import Origin

REVIEWERS: Final = (Role.HR, Role.PAYROLL)
"""The offices a settlement is reviewed in: who answers for the days, and who for the amounts."""
SHORTEST_DIGEST: Final = 8
_AGAIN: Final = "work it out anew: baton pay settle CASE.yaml --as YOU"


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """A settlement, and the case it is of with both days filled in."""

    case: CaseFile
    settlement: Settlement


def work_out(hub: Hub, case: CaseFile, name: str) -> WorkedOut:
    """Work a case out, and keep nothing. `ConfigurationError` naming the file, the field and the rule."""
    with hub.database.read() as connection:
        return _worked_out(hub, case, name, _employee(hub, connection, case.number))


def prepare(hub: Hub, case: CaseFile, name: str, person: str) -> KeptSettlement:
    """Work a case out and keep it for review; open ones of the same person are replaced.

    Raises `ConfigurationError` where HR does not know the person or says another last day, and `TransitionError`
    (``in_run``) where an earlier one is in a pay run.
    """
    _require_person(person)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        employee = _employee(hub, connection, case.number)
        out = _worked_out(hub, case, name, employee)
        _require_hr(out.settlement, employee, name)
        period = period_of(out.settlement.last_day)
        for earlier in hub.settlements.listed(connection, case.number):
            if _to_replace(hub, connection, earlier, period):
                hub.settlements.move(connection, earlier, SettlementState.REDONE, person, {})
        now = hub.clock.now()
        kept = KeptSettlement(
            id=hub.new_run_id("settle"),
            number=case.number,
            period=period,
            state=SettlementState.PREPARED,
            digest=out.settlement.digest,
            pack_version=out.settlement.pack_version,
            pack_digest=out.settlement.pack_digest,
            prepared_by=person,
            prepared_at=now,
            changed_at=now,
            case=out.case.model_dump(mode="json"),
            result=out.settlement.document,
        )
        hub.settlements.insert(connection, kept)
        hub.crash_point("settlement_preparing")
    return kept


def find_settlement(hub: Hub, settlement_id: str) -> KeptSettlement:
    """One that was kept; `ConfigurationError` naming the latest ones when there is none."""
    with hub.database.read() as connection:
        return _found(hub, connection, settlement_id)


def review(hub: Hub, settlement_id: str, digest: str, person: str, role: Role) -> KeptSettlement:
    """A second person's yes to exactly what they have seen, named by the beginning of its digest.

    Raises `ApprovalError`: ``maker``, ``role``, ``digest`` (another calculation) or ``changed`` (it would be worked
    out differently now); `TransitionError` for one that waits for no review.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        kept = _found(hub, connection, settlement_id)
        if kept.state is not SettlementState.PREPARED:
            raise TransitionError(f"{kept.id} is {kept.state}: it waits for no review", code="settlement_state")
        if alike(person) == alike(kept.prepared_by) or not person.strip():
            raise ApprovalError(
                f"{person[:40]} has prepared this settlement and does not review it",
                code="maker",
                remedy="a second person must review it",
            )
        if role not in REVIEWERS or role not in offices_of(hub, person):
            offices = ", ".join(REVIEWERS)
            raise ApprovalError(
                f"{person[:40]} may not review this as {role}", code="role", remedy=f"it takes: {offices}"
            )
        if len(digest) < SHORTEST_DIGEST or not kept.digest.startswith(digest.lower()):
            raise ApprovalError(
                f"name the settlement you have seen by at least {SHORTEST_DIGEST} digits of its digest",
                code="digest",
                remedy=f"look at it: baton pay settlement show {kept.id}",
            )
        if _as_it_is_now(hub, connection, kept).digest != kept.digest:
            raise _changed(kept)
        facts = {"role": role.value}
        now = hub.clock.now()
        reviewed = hub.settlements.move(
            connection, kept, SettlementState.REVIEWED, person, facts,
            reviewed_by=person, reviewed_as=role.value, reviewed_at=now,
        )  # fmt: skip
        hub.crash_point("settlement_reviewing")
    return reviewed


def withdraw_settlement(hub: Hub, settlement_id: str, person: str, why: str) -> KeptSettlement:
    """Give one up that is in no pay run."""
    _require_person(person)
    if not why.strip():
        raise ApprovalError("a reason is missing", code="no_reason")
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        kept = _found(hub, connection, settlement_id)
        if not kept.state.open:
            raise TransitionError(f"{kept.id} is {kept.state} and cannot be withdrawn", code="settlement_state")
        return hub.settlements.move(connection, kept, SettlementState.WITHDRAWN, person, {"why": why})


@dataclass(frozen=True, slots=True)
class Into:
    """The pay run that settlements are drafted into."""

    system: str
    """The bank."""
    execution_day: date


def import_settlements(hub: Hub, ids: Sequence[str], into: Into, person: str) -> Drafted:
    """Draft one run of reviewed settlements of one month; who is paid on which account is HR's to say.

    Only who has prepared them does so: they are then the run's maker, and sign for nothing in it. All or nothing.
    Raises `ApprovalError` (``not_reviewed``, ``preparer``, ``changed``) and `TransitionError` (``period``,
    ``nothing_owed``, ``claimed``).
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        found = [_found(hub, connection, each) for each in dict.fromkeys(ids)]
        if len({kept.period for kept in found}) != 1:
            raise TransitionError("a run pays settlements of one month: import each month's by itself", code="period")
        rows = [_row(hub, connection, kept, person) for kept in found]
        drafting = Drafting(
            into.system, Component.FINAL_SETTLEMENT, found[0].period, into.execution_day, requested_by=person
        )
        digest = hashlib.sha256("\n".join(kept.digest for kept in found).encode()).hexdigest()
        origin = Origin("settlements", digest, hub.clock.now())
        drafted = draft_within(hub, connection, drafting, ReadRows(rows, []), origin)
        for kept, line in zip(found, drafted.lines, strict=True):
            if line.state is LineState.LEFT_OUT:
                raise TransitionError(
                    f"{kept.id}: what it pays is in another run already ({line.code})",
                    code="claimed",
                    remedy="see: baton pay list",
                )
            facts = {"run": drafted.run.run_id}
            hub.settlements.move(connection, kept, SettlementState.IMPORTED, person, facts, run_id=drafted.run.run_id)
        hub.crash_point("settlement_importing")
    return drafted


def _row(hub: Hub, connection: sa.Connection, kept: KeptSettlement, person: str) -> PayableRow:
    """A reviewed settlement as the row of a run, worked out as it is now."""
    if kept.state not in (SettlementState.REVIEWED, SettlementState.IMPORTED):  # the latter: its run was given up
        raise ApprovalError(
            f"{kept.id} is {kept.state}, not reviewed",
            code="not_reviewed",
            remedy=f"a second person: baton pay settlement review {kept.id} DIGEST --role ROLE --as YOU",
        )
    if alike(person) != alike(kept.prepared_by):
        raise ApprovalError(
            f"{kept.id} was prepared by somebody else",
            code="preparer",
            remedy="whoever prepared it makes the run of it, and so does not sign for it",
        )
    settlement = _as_it_is_now(hub, connection, kept)
    employee = _employee(hub, connection, kept.number)
    assert employee is not None, "_as_it_is_now has asked HR"
    told = Review(kept.reviewed_by, kept.digest)
    if settlement.digest != kept.digest:
        raise _changed(kept)
    payable = to_payable(settlement, told, prepared_by=kept.prepared_by, payee=payee_of(employee))
    if payable is None:
        raise TransitionError(f"{kept.id}: nothing is owed, so there is nothing to pay", code="nothing_owed")
    return _as_row(payable)


def _as_row(payable: Payable) -> PayableRow:
    payee = payable.payee
    return PayableRow(
        number=payable.key.number,
        amount_minor=payable.amount_minor,
        place=payable.place,
        holder=payee.holder,
        account=payee.account,
        bank_code=payee.bank_code,
        bank_name=payee.bank_name,
        component=payable.key.component,
    )


def _worked_out(hub: Hub, case: CaseFile, name: str, employee: Employee | None) -> WorkedOut:
    first, last = case.first_day, case.last_day
    if employee is not None:
        first, last = first or employee.hire_day, last or last_day_at_hr(employee)
    days = {"first_day": first, "last_day": last}
    faults = [
        Fault(f"{name}: {field}", "missing", f"neither the file nor HR's record of {case.number} tells the {field}")
        for field, day in days.items()
        if day is None
    ]
    if first is None or last is None:
        raise ConfigurationError(faults)
    try:
        settlement = calculate(case.leaving(first, last), pack_of(hub))
    except ConfigurationError as error:
        raise ConfigurationError([_in_file(name, fault) for fault in error.faults]) from None
    return WorkedOut(case.model_copy(update=days), settlement)


def _in_file(name: str, fault: Fault) -> Fault:
    """A fault of the calculation, with the file that its case is in; one of the pack stays where it is."""
    return replace(fault, place=f"{name}: {fault.place}") if fault.place.startswith("settlement of ") else fault


def _as_it_is_now(hub: Hub, connection: sa.Connection, kept: KeptSettlement) -> Settlement:
    employee = _employee(hub, connection, kept.number)
    out = _worked_out(hub, CaseFile.model_validate(kept.case), kept.id, employee)
    _require_hr(out.settlement, employee, kept.id)
    return out.settlement


def _require_hr(settlement: Settlement, employee: Employee | None, name: str) -> None:
    """HR knows the person, and says no other last day."""
    if employee is None:
        message = f"HR knows nobody with the number {settlement.number[:40]!r}"
        raise ConfigurationError([Fault(f"{name}: number", "unknown_person", message)])
    told = last_day_at_hr(employee)
    if told is not None and told != settlement.last_day:
        message = f"HR says that the contract ends on {told}, the case that it does on {settlement.last_day}"
        raise ConfigurationError([Fault(f"{name}: last_day", "other_day", message)])


def _to_replace(hub: Hub, connection: sa.Connection, earlier: KeptSettlement, period: str) -> bool:
    """Whether an earlier settlement gives way; `TransitionError` for one that is on its way to be paid."""
    if earlier.state in (SettlementState.REDONE, SettlementState.WITHDRAWN):
        return False
    key = PayableKey(earlier.number, earlier.period, Component.FINAL_SETTLEMENT)
    line = hub.pay_runs.by_reference(connection, [key.reference]).get(key.reference)
    if line is None:
        return True
    if earlier.period == period or line.state.unsent:
        raise TransitionError(
            f"a settlement of {earlier.number} is in {line.run_id} ({line.state})",
            code="in_run",
            remedy=f"where nothing has been released: baton pay cancel {line.run_id} --as YOU --why TEXT",
        )
    return earlier.state.open


def _employee(hub: Hub, connection: sa.Connection, number: str) -> Employee | None:
    newest = hub.people.newest(connection, [number]).get(number)
    return None if newest is None else newest.employee


def _found(hub: Hub, connection: sa.Connection, settlement_id: str) -> KeptSettlement:
    kept = hub.settlements.get(connection, settlement_id)
    if kept is None:
        latest = ", ".join(each.id for each in hub.settlements.listed(connection)[-3:]) or "none"
        message = f"there is no settlement {settlement_id[:80]!r}; the latest: {latest}"
        raise ConfigurationError([Fault("SETTLEMENT", "unknown_settlement", message)])
    return kept


def _changed(kept: KeptSettlement) -> ApprovalError:
    return ApprovalError(
        f"{kept.id} would be worked out differently now: the rule pack is not the one it was prepared by",
        code="changed",
        remedy=_AGAIN,
    )


def _require_person(person: str) -> None:
    if not person.strip():
        raise ApprovalError("say who does this", code="no_person", remedy="--as YOU")
