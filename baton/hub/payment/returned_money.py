"""What a recovery case counts as returned by the bank: what is back now, whatever was booked before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.out_again import out_again
from baton.model.pay_run import LineState
from baton.model.recovery import ClaimedLine, EntryKind, RecoveryCase, RecoveryEntry, RecoveryEvent, Way, step


def returns(
    hub: Hub, connection: sa.Connection, cases: Mapping[str, RecoveryCase], person: str
) -> Iterator[tuple[str, RecoveryEntry]]:
    """What cases, by their references, have to count anew: a return that stands, or, below zero, one that does not.

    What the bank has returned is back as far as it is claimed; the rest is the person's, by the next attempt. So is
    all of it once the claim is withdrawn: it would be paid twice if the case owed it as well. And what the bank has
    booked out again is not back.
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
            stands = bool(case.claimed_minor) and line.reference in back
            times = counted.count(line.reference)
            if stands != bool(times % 2):  # each other time it was counted below zero
                yield reference, _entry(hub, case, person, line, times)


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
