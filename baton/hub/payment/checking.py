"""Checking a pay run by what the hub knows (people, other runs, waivers), and moving its lines accordingly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from baton import telemetry
from baton.banking.catalogue import load_profile
from baton.banking.problems import problem_finder
from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.arrived import arrived
from baton.hub.payment.beneath import down_from
from baton.hub.payment.bookings import ENTRY, REFUSED
from baton.hub.payment.makers import makers
from baton.hub.payment.out_again import out_again
from baton.hub.payment.policies import calendar_of, holders_of, policy_of
from baton.hub.payment.second_sources import second_sources
from baton.hub.payment.standing import everybody, people_digest
from baton.hub.payment.taken_after_all import taken_after_all
from baton.hub.payment.taken_elsewhere import taken_elsewhere
from baton.hub.payment.voiding import delete_files, void_files
from baton.jobs.payment.checks import facts as told
from baton.jobs.payment.checks.checking import check as check_lines
from baton.jobs.payment.checks.facts import Declared, Facts, PastLine, PastState
from baton.jobs.payment.checks.findings import LineVerdict
from baton.jobs.payment.checks.waivers import Cleared, Waiver, apply_waivers
from baton.jobs.payment.periods import before
from baton.jobs.payment.roles import Role
from baton.model.bank_answers import Direction
from baton.model.pay_run import BY_DRAFT, JOB, LineState, PayLine, PayRun
from baton.model.payable import Component
from baton.model.people import Employee
from baton.store.pay_decisions import WaiverRow
from baton.store.pay_runs import LineChange
from baton.store.restores import UNREAD
from baton.store.runs import Run, RunState

_PAST: Final[dict[LineState, PastState]] = {
    LineState.DRAFT: PastState.DRAFT,
    LineState.HELD: PastState.DRAFT,
    LineState.FILED: PastState.DRAFT,
    LineState.RELEASED: PastState.OPEN,
    LineState.ACCEPTED: PastState.OPEN,
    LineState.DEBITED: PastState.OPEN,
    LineState.IN_DOUBT: PastState.OPEN,
    LineState.DISPUTED: PastState.OPEN,
    LineState.PAID: PastState.PAID,
    LineState.REJECTED: PastState.CAME_BACK,
    LineState.RETURNED: PastState.CAME_BACK,
    LineState.RECALLED: PastState.CAME_BACK,
}
"""What a line of another run is to a check."""
_STATES: Final[dict[LineVerdict, LineState]] = {
    LineVerdict.PAYABLE: LineState.DRAFT,
    LineVerdict.HELD: LineState.HELD,
    LineVerdict.LEFT_OUT: LineState.LEFT_OUT,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked run."""

    run: PayRun
    cleared: Cleared


def check(hub: Hub, run_id: str) -> Checked:
    """Check a run that is not released, move its lines, keep the report. What was built or signed before is void."""
    with telemetry.span("check", job=JOB, run=run_id), hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run, head = open_run(hub, connection, run_id)
        void = void_files(hub, connection, run, why="checked_again")
        lines, people = considered(hub, connection, run), everybody(hub, connection)
        cleared = judge(hub, connection, run, head, lines, people)
        hub.pay_runs.move_lines(connection, list(_moved(lines, cleared)))
        numbers = [line.key.number for line in cleared.lines if line.state is LineVerdict.PAYABLE]
        run = hub.pay_runs.note(
            connection,
            run,
            report_digest=cleared.digest,
            people_digest=people_digest(hub, numbers, people),
            facts={
                "findings": [finding.document() for finding in cleared.report.findings],
                "totals": _totals(cleared),
            },
        )
        reasons = [] if cleared.releasable else list(cleared.run_held_by) or ["no line can be paid"]
        counts = {**head.counts, **_counts(cleared)}
        hub.runs.change(connection, run_id, RunState.HELD, plan_hash="", reasons=reasons, counts=counts)
        hub.crash_point("checking")
    delete_files(hub, void)
    hub.crash_point("checked")
    return Checked(run, cleared)


def waive(hub: Hub, waiver: WaiverRow) -> Checked:
    """Keep a waiver and check again; `ApprovalError` when it covers nothing, with why."""
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        run, head = open_run(hub, connection, waiver.run_id)
        hub.pay_decisions.waive(connection, waiver)
        cleared = judge(hub, connection, run, head, considered(hub, connection, run), everybody(hub, connection))
        wanted = waiver_of(waiver)
        for refused, why in cleared.refused:
            if refused == wanted:
                raise ApprovalError(
                    f"this waiver of {waiver.rule} covers nothing: {why.value.replace('_', ' ')}",
                    code=why.value,
                    remedy="see who may waive what: docs/payment-checks.md",
                )
    return check(hub, waiver.run_id)


def open_run(hub: Hub, connection: sa.Connection, run_id: str) -> tuple[PayRun, Run]:
    """A run that may still be changed; `ConfigurationError` when there is none, `ApprovalError` when it is released."""
    head = hub.runs.get(connection, run_id)
    if head is None or hub.pay_runs.get(connection, run_id) is None:
        raise unknown_run(hub, connection, run_id)
    if head.state is not RunState.HELD:
        raise ApprovalError(f"{run_id} is {head.state}; it cannot be changed any more", code="not_held")
    run = hub.pay_runs.locked(connection, run_id)
    require_bank_known(hub, connection, run.system)
    return run, head


def require_bank_known(hub: Hub, connection: sa.Connection, system: str) -> None:
    """Raise `ApprovalError` while nobody knows what this bank got after the backup that this store was set back to."""
    why = hub.runs.engaged(connection).get(f"{UNREAD}{system}")
    if why is not None:
        raise ApprovalError(
            f"it may have been paid already: {system} was {why}",
            code="not_read_back",
            remedy=f"baton restore read-back --system {system}",
        )


def unknown_run(hub: Hub, connection: sa.Connection, run_id: str) -> ConfigurationError:
    """The error for a name that is no pay run's."""
    latest = ", ".join(run.run_id for run in hub.pay_runs.latest(connection, 3)) or "none"
    message = f"there is no pay run {run_id[:80]!r}; the latest: {latest}"
    return ConfigurationError([Fault("RUN", "unknown_run", message)])


def considered(hub: Hub, connection: sa.Connection, run: PayRun) -> list[PayLine]:
    """The lines that checks decide about: all but those that were left out before any check, or given up."""
    return [
        line
        for line in hub.pay_runs.lines(connection, run.run_id)
        if line.code not in BY_DRAFT and line.state is not LineState.CANCELLED
    ]


def judge(
    hub: Hub,
    connection: sa.Connection,
    run: PayRun,
    head: Run,
    lines: Sequence[PayLine],
    people: Mapping[str, Employee],
) -> Cleared:
    """What the checks say of these lines now, by `everybody` in HR, waivers included. Writes nothing.

    Raises `FeedRefusedError` for an attendance or exit list that cannot be trusted: it is looked at each time.
    """
    policy, now = policy_of(hub), hub.clock.now()
    profile = load_profile(run.profile, hub.settings.payments.profiles)
    numbers = sorted({line.payable.key.number for line in lines})
    zone = ZoneInfo(hub.settings.hub.time_zone)
    others = second_sources(hub, run, people)
    facts = Facts(
        people=people,
        calendar=calendar_of(hub),
        now=now,
        past=_past(hub, connection, run, numbers),
        declared=_declared(run),
        left_out=_left_out(hub, connection, run),
        account_changed={
            number: moment.astimezone(zone).date()
            for number, moment in hub.people.account_changes(connection, numbers).items()
        },
        attendance=others.attendance,
        exit_list=others.exit_list,
        awaited=others.awaited,
        problems=problem_finder(profile),
        on_statement=_on_statement(hub, connection, lines),
        arrived=arrived(hub, connection, run.run_id),
        settled_for=_settled_for(hub, connection, run, lines),
    )
    report = check_lines(
        told.PayRun(id=run.run_id, period=run.period, pay_day=run.execution_day, currency=run.currency),
        [line.payable for line in lines],
        facts,
        policy.checks,
    )
    waivers = [waiver_of(row) for row in hub.pay_decisions.waivers(connection, run.run_id)]
    made_by = makers(hub, connection, run, head)
    return apply_waivers(report, waivers, policy.checks, makers=made_by, holders=holders_of(hub), now=now)


def _counts(cleared: Cleared) -> dict[str, int]:
    by_state = Counter(line.state for line in cleared.lines)
    return {
        "payable": by_state[LineVerdict.PAYABLE],
        "held": by_state[LineVerdict.HELD],
        "left_out_by_checks": by_state[LineVerdict.LEFT_OUT],
        "warnings": cleared.report.warnings,
    }


def _totals(cleared: Cleared) -> dict[str, str]:
    """What the lines of each verdict add up to, in minor units; as text, since a far too large amount is a finding."""
    totals: Counter[str] = Counter()
    for line in cleared.lines:
        totals[line.state.value] += line.amount_minor
    return {state: str(minor) for state, minor in totals.items()}


def _past(hub: Hub, connection: sa.Connection, run: PayRun, numbers: Sequence[str]) -> list[PastLine]:
    """Every other run's lines of this period and the one before, and whatever else these people were ever paid.

    What came back and was booked out again since has not come back: its next attempt would be paid beside it. Nor has
    what the bank has refused and taken since.
    """
    days = hub.pay_runs.execution_days(connection)
    periods = (run.period, before(run.period))
    past, returned, refused = [], [], []
    for line in hub.pay_runs.claimed(connection, periods, numbers, besides=run.run_id):
        what = line.payable
        day = days[line.run_id]
        past.append(PastLine(what.key, line.run_id, day, what.amount_minor, what.currency, _PAST[line.state]))
        if line.state is LineState.RETURNED:
            returned.append(line)
        elif line.state in REFUSED:
            refused.append(line)
    out = out_again(hub, connection, returned)
    open_again = taken_after_all(hub, connection, refused)
    states = dict.fromkeys(open_again, PastState.OPEN) | dict.fromkeys(out, PastState.PAID)
    return [replace(each, state=states.get(each.key.reference, each.state)) for each in past]


def _on_statement(hub: Hub, connection: sa.Connection, lines: Sequence[PayLine]) -> frozenset[str]:
    """Which of these lines the bank has already: debited and not returned, or taken although we never sent them.

    The second happens to a store that was set back to a backup: what it knows least about, it must not pay again.
    """
    said = hub.bank_answers.of_lines(connection, [line.reference for line in lines])
    # What a check has left out for it would be payable to the next one.
    here = [line.reference for line in lines if line.state.unsent or line.state is LineState.LEFT_OUT]
    unsent = {reference: said[reference] for reference in here if reference in said}
    taken = taken_elsewhere(hub, connection, unsent)
    found = set()
    for reference, events in said.items():
        booked = Counter(event.state for event in events if event.kind == ENTRY)
        if booked[Direction.DEBIT.value] > booked[Direction.CREDIT.value] or (reference in taken and not booked):
            found.add(reference)
    return frozenset(found)


def _settled_for(hub: Hub, connection: sa.Connection, run: PayRun, lines: Sequence[PayLine]) -> dict[str, date]:
    """The last day of the settlement that each of these lines pays, for the first time or again, by reference.

    HR may have told another one since. A line that was not drafted of a settlement kept here has none.
    """
    if run.component is not Component.FINAL_SETTLEMENT:
        return {}
    worked_out = {
        (kept.number, kept.period): date.fromisoformat(kept.result["last_day"])
        for each in down_from(hub, connection, run)
        for kept in hub.settlements.of_run(connection, each.run_id)
    }
    keys = {line.reference: (line.payable.key.number, line.payable.key.period) for line in lines}
    return {reference: worked_out[key] for reference, key in keys.items() if key in worked_out}


def _declared(run: PayRun) -> Declared | None:
    declared: Any = run.facts.get("declared") or {}
    if declared.get("count") is None and declared.get("minor") is None:
        return None
    return Declared(declared.get("count"), declared.get("minor"))


def _left_out(hub: Hub, connection: sa.Connection, run: PayRun) -> dict[str, list[int]]:
    """The amounts of the lines that came with this run and were left out before any check, by why."""
    found: dict[str, list[int]] = {}
    for line in hub.pay_runs.lines(connection, run.run_id, LineState.LEFT_OUT):
        if line.code in BY_DRAFT:
            found.setdefault(line.code, []).append(line.payable.amount_minor)
    return found


def waiver_of(row: WaiverRow) -> Waiver:
    """A waiver as it was kept, as the checks ask for it."""
    return Waiver(row.rule, row.reference, row.finding, row.person, Role(row.role), row.reason, row.until)


def _moved(lines: Sequence[PayLine], cleared: Cleared) -> Iterator[LineChange]:
    by_key = {(line.reference, line.place): line for line in cleared.lines}
    for line in lines:
        judged = by_key[line.reference, line.payable.place]
        state, code = _STATES[judged.state], ",".join(judged.reasons)
        if (line.state, line.code) != (state, code):
            yield LineChange(line, state, {"code": code})
