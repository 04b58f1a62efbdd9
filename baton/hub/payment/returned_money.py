"""What a recovery case counts as returned by the bank: what is back now, whatever was booked before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.out_again import out_again
from baton.model.pay_run import LineState, PayLine
from baton.model.recovery import (
    ClaimedLine,
    EntryKind,
    RecoveryCase,
    RecoveryEntry,
    RecoveryEvent,
    RecoveryState,
    Way,
    step,
)


def returns(
    hub: Hub, connection: sa.Connection, cases: Mapping[str, RecoveryCase], person: str
) -> Iterator[tuple[str, RecoveryEntry]]:
    """What cases, by their references, have to count anew: a return that stands, or, below zero, one that does not.

    What the bank has returned is back as far as it is claimed; the rest is the person's, by the next attempt. Once the
    claim is withdrawn, so is what it claimed: it would be paid twice if the case owed it as well. But where a next
    attempt was made without it, no other is, and the case owes it. And what the bank has booked out again is not back.
    """
    lines = hub.pay_runs.by_reference(
        connection, sorted({line.reference for each in cases.values() for line in each.lines})
    )
    returned = {name: line for name, line in lines.items() if line.state is LineState.RETURNED}
    back = returned.keys() - out_again(hub, connection, returned.values())
    for reference, case in cases.items():
        claimed = [line for line in case.lines if line.reference in returned]
        counted = _counted(hub, connection, case) if claimed else []
        for line in claimed:
            times = counted.count(line.reference)
            counts = bool(times % 2)  # each other time it was counted below zero
            stands = line.reference in back
            if stands and not case.claimed_minor:
                made = _without(hub, connection, case, returned[line.reference])
                # Where that attempt was given up, the case owes it still, and the next one is made without it again.
                stands = counts if made is None else made
            if stands != counts:
                yield reference, _entry(hub, case, person, line, times)


def returns_given_up(
    hub: Hub, connection: sa.Connection, case: RecoveryCase, person: str
) -> Iterator[tuple[str, RecoveryEntry]]:
    """What a case counts no more that is being withdrawn: the returns that the next attempt will pay, or pays."""
    lines = hub.pay_runs.by_reference(connection, [line.reference for line in case.lines])
    counted = _counted(hub, connection, case)
    for line in case.lines:
        times = counted.count(line.reference)
        if times % 2 and not _without(hub, connection, case, lines[line.reference]):
            yield case.reference, _entry(hub, case, person, line, times)


def owed_by_withdrawn(hub: Hub, connection: sa.Connection, references: Sequence[str]) -> Counter[str]:
    """What cases that were withdrawn owe back of these returned payments, in minor units: no next attempt pays it."""
    found: Counter[str] = Counter()
    for case in hub.recoveries.of_lines(connection, references):
        if case.state is RecoveryState.WITHDRAWN:
            found += _counting(hub, connection, case)
    return found


def _without(hub: Hub, connection: sa.Connection, case: RecoveryCase, returned: PayLine) -> bool | None:
    """Whether the next attempt at a payment was made without what a case has claimed of it; None where there is none.

    What it is short of is shared with the other cases that claim of the payment, or owe of it.
    """
    key = replace(returned.payable.key, attempt=returned.payable.key.attempt + 1)
    attempt = hub.pay_runs.by_reference(connection, [key.reference]).get(key.reference)
    if attempt is None or not attempt.state.claims:
        return None
    name = returned.reference
    left = returned.payable.amount_minor - attempt.payable.amount_minor
    for each in hub.recoveries.of_lines(connection, [name]):
        if each.id != case.id:
            of_case = _counting(hub, connection, each) if each.state is RecoveryState.WITHDRAWN else _claimed(each)
            left -= of_case[name]
    return _claimed(case)[name] <= left


def _claimed(case: RecoveryCase) -> Counter[str]:
    """What a case has claimed of each payment, in minor units."""
    return Counter({line.reference: line.amount_minor for line in case.lines})


def _counting(hub: Hub, connection: sa.Connection, case: RecoveryCase) -> Counter[str]:
    """What a case counts as returned of each payment now, in minor units."""
    counted = _counted(hub, connection, case)
    return Counter({name: minor for name, minor in _claimed(case).items() if counted.count(name) % 2})


def _counted(hub: Hub, connection: sa.Connection, case: RecoveryCase) -> list[str]:
    entries = hub.recoveries.entries(connection, case.id)
    return [str(entry.facts["line"]) for entry in entries if entry.facts.get("way") == Way.RETURNED.value]


def _entry(hub: Hub, case: RecoveryCase, person: str, line: ClaimedLine, times: int) -> RecoveryEntry:
    amount = -line.amount_minor if times % 2 else line.amount_minor
    evidence = "/".join(("returned", case.id, line.reference, *([str(times + 1)] if times else [])))
    facts = {"way": Way.RETURNED.value, "line": line.reference}
    return RecoveryEntry(EntryKind.MONEY, hub.clock.now(), person, case.state, evidence, amount, facts)


def add(hub: Hub, connection: sa.Connection, case: RecoveryCase, money: RecoveryEntry) -> RecoveryCase:
    """Take money into a case's ledger; it closes the case when all is back, and opens it when something is no more."""
    back = case.back_minor + money.amount_minor
    part = RecoveryEvent.PART_BACK if money.amount_minor > 0 else RecoveryEvent.NOT_BACK
    event = RecoveryEvent.ALL_BACK if back - case.repaid_minor >= case.amount_minor else part
    entry = RecoveryEntry(
        money.kind, money.at, money.person, step(case.state, event), money.evidence, money.amount_minor, money.facts
    )
    return hub.recoveries.step(connection, case, entry, back_minor=back)
