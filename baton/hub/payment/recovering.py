"""Recovery cases at work: opened, agreed on, given up, taken back. Each step is one transaction and one entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.overpayments import find_within
from baton.hub.payment.policies import offices_of, policy_of
from baton.hub.payment.returned_money import add, returns_given_up
from baton.jobs.payment.instalments import from_wages_by_month, require_plan
from baton.jobs.payment.overpayment import NotOwed, Remedy
from baton.jobs.payment.roles import Role
from baton.model.payable import recovery_reference
from baton.model.persons import alike
from baton.model.recovery import (
    ClaimedLine,
    EntryKind,
    Instalment,
    RecoveryCase,
    RecoveryEntry,
    RecoveryEvent,
    RecoveryState,
    Way,
    step,
)

BY: Final = "baton"
"""Who has done what was done by the schedule."""


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody has agreed to a plan, and where they have signed it."""

    given_on: date
    paper: str
    """The name of the signed paper (a file number, a digest), not its text."""


def zone(hub: Hub) -> ZoneInfo:
    """By which days are told here."""
    return ZoneInfo(hub.settings.hub.time_zone)


def today(hub: Hub) -> date:
    """The day it is here."""
    return hub.clock.now().astimezone(zone(hub)).date()


def unknown_case(hub: Hub, connection: sa.Connection, case_id: str) -> ConfigurationError:
    """The error for a name that is no recovery case's."""
    latest = ", ".join(case.id for case in hub.recoveries.listed(connection)[-3:]) or "none"
    message = f"there is no recovery case {case_id[:80]!r}; the latest: {latest}"
    return ConfigurationError([Fault("CASE", "unknown_case", message)])


def find_case(hub: Hub, case_id: str) -> tuple[RecoveryCase, list[RecoveryEntry]]:
    """A case and its ledger; `ConfigurationError` naming the latest ones when there is none."""
    with hub.database.read() as connection:
        case = hub.recoveries.get(connection, case_id)
        if case is None:
            raise unknown_case(hub, connection, case_id)
        return case, hub.recoveries.entries(connection, case_id)


def locked_case(hub: Hub, connection: sa.Connection, case_id: str) -> RecoveryCase:
    """A case for this transaction alone; `ConfigurationError` when there is none."""
    hub.database.alone(connection, PLANNING)
    case = hub.recoveries.locked(connection, case_id)
    if case is None:
        raise unknown_case(hub, connection, case_id)
    return case


def open_cases(hub: Hub, number: str, person: str, why: str, besides: Collection[str] = ()) -> list[RecoveryCase]:
    """Open a case, one per currency, for all that was overpaid to somebody and left our account; none when nothing.

    ``besides`` are the references of payments that none is opened for.
    """
    opened = []
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        found = find_within(hub, connection, [number]).get(number)
        to_recover = (
            []
            if found is None
            else [each for each in found.not_owed if _to_recover(each) and each.line.key.reference not in besides]
        )
        for currency in sorted({each.line.currency for each in to_recover}):
            case = _case(hub, number, person, [each for each in to_recover if each.line.currency == currency])
            entry = RecoveryEntry(
                EntryKind.OPENED, case.opened_at, person, case.state, amount_minor=case.amount_minor,
                facts={"why": why},
            )  # fmt: skip
            hub.recoveries.insert(connection, case, entry)
            opened.append(case)
        hub.crash_point("recovery_opening")
    return opened


def _to_recover(found: NotOwed) -> bool:
    return found.remedy is Remedy.RECOVER and found.amount_minor > 0


def _case(hub: Hub, number: str, person: str, found: Sequence[NotOwed]) -> RecoveryCase:
    case_id = hub.new_run_id("recovery")
    return RecoveryCase(
        id=case_id,
        number=number,
        reference=recovery_reference(case_id),
        state=RecoveryState.CLAIMED,
        currency=found[0].line.currency,
        opened_by=person,
        opened_at=hub.clock.now(),
        lines=tuple(
            ClaimedLine(
                reference=each.line.key.reference,
                run_id=each.line.run_id,
                period=each.line.key.period,
                component=each.line.key.component.value,
                pay_day=each.line.pay_day,
                paid_minor=each.line.amount_minor,
                amount_minor=each.amount_minor,
                working=each.working.text,
                cause_version=each.cause.version,
                cause_recorded_at=each.cause.recorded_at,
            )
            for each in found
        ),
    )


def agree(
    hub: Hub, case_id: str, person: str, plan: Sequence[Instalment], consent: Consent, wage_minor: int | None = None
) -> RecoveryCase:
    """Keep a plan that the person has agreed to; it replaces an earlier one.

    ``wage_minor`` is the month's wage, where the plan keeps something from it. Raises `ApprovalError` with everything
    that is wrong with the plan.
    """
    with hub.database.write() as connection:
        case = locked_case(hub, connection, case_id)
        state = step(case.state, RecoveryEvent.AGREE)
        if not consent.paper.strip() or consent.given_on > today(hub):
            raise ApprovalError("a consent has a day, not after today, and a signed paper", code="consent")
        elsewhere = kept_or_planned(hub, connection, case)
        require_plan(plan, case.open_minor, today(hub), policy_of(hub).overpayment, wage_minor, elsewhere)
        facts = {
            "plan": [[part.due.isoformat(), part.amount_minor, part.way.value] for part in plan],
            "given_on": consent.given_on.isoformat(),
            "wage_minor": wage_minor,
        }
        entry = RecoveryEntry(
            EntryKind.AGREEMENT, hub.clock.now(), person, state, consent.paper.strip(), case.open_minor, facts
        )
        return hub.recoveries.step(connection, case, entry, plan=tuple(plan), wage_minor=wage_minor)


def kept_or_planned(hub: Hub, connection: sa.Connection, case: RecoveryCase) -> Counter[str]:
    """What is kept from the person's wages by month besides this case's plan.

    Of every case what was kept, whatever became of the case since; of the others that are open what they plan, where
    that is more.
    """
    months: Counter[str] = Counter()
    for each in hub.recoveries.listed(connection, number=case.number):
        kept: Counter[str] = Counter()
        for entry in hub.recoveries.entries(connection, each.id):
            if entry.facts.get("way") == Way.WAGES.value:
                kept[str(entry.facts["period"])] += entry.amount_minor
        planned = from_wages_by_month(each.plan) if each.state.open and each.id != case.id else Counter[str]()
        months.update(kept | planned)
    return months


def write_off(hub: Hub, case_id: str, person: str, role: Role, why: str) -> RecoveryCase:
    """Give up what is still open: by somebody who holds an office the policy names, and did not open the case."""
    allowed = policy_of(hub).overpayment.write_off
    with hub.database.write() as connection:
        decision = _Decision(person, role, why, EntryKind.WRITE_OFF, RecoveryEvent.WRITE_OFF)
        return _decided(hub, connection, case_id, decision, allowed)


def withdraw_case(hub: Hub, case_id: str, person: str, role: Role, why: str) -> RecoveryCase:
    """Take the claim back, since it was owed after all: HR's to say. What the person has paid back is owed back.

    What the bank has returned counts no more: it is paid again as the next attempt. Where that was made already,
    without what was claimed, the case owes it back as well.
    """
    with hub.database.write() as connection:
        decision = _Decision(person, role, why, EntryKind.WITHDRAWAL, RecoveryEvent.WITHDRAW)
        case = _decided(hub, connection, case_id, decision, (Role.HR,))
        for _, entry in returns_given_up(hub, connection, case, person):
            case = add(hub, connection, case, entry)
        return case


@dataclass(frozen=True, slots=True)
class _Decision:
    """Who ends a case, as what, and why."""

    person: str
    role: Role
    why: str
    kind: EntryKind
    event: RecoveryEvent


def _decided(
    hub: Hub, connection: sa.Connection, case_id: str, decision: _Decision, allowed: Collection[Role]
) -> RecoveryCase:
    person, role = decision.person, decision.role
    case = locked_case(hub, connection, case_id)
    state = step(case.state, decision.event)
    if role not in allowed or role not in offices_of(hub, person):
        offices = ", ".join(allowed)
        raise ApprovalError(f"{person[:40]} may not decide this as {role}", code="role", remedy=f"it takes: {offices}")
    if alike(person) == alike(case.opened_by):
        raise ApprovalError("whoever opened the case does not close it", code="opener")
    if not decision.why.strip():
        raise ApprovalError("a reason is missing", code="no_reason")
    facts = {"role": role.value, "why": decision.why}
    entry = RecoveryEntry(decision.kind, hub.clock.now(), person, state, amount_minor=case.open_minor, facts=facts)
    return hub.recoveries.step(connection, case, entry)
