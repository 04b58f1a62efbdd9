"""What was paid to people out of what came back too much: booked in the ledgers of the cases that owe it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.out_again import out_again
from baton.model.pay_run import FAILED, LineState, PayLine
from baton.model.payable import Component
from baton.model.recovery import EntryKind, RecoveryCase, RecoveryEntry, RecoveryEvent, RecoveryState, Way, step

_GONE: Final = (LineState.DEBITED, LineState.PAID)
"""The money has left our account."""
_SENT: Final = (Way.TRANSFER.value, Way.WAGES.value)
"""How money comes from the person: what the bank has returned never was theirs."""


@dataclass
class _Debt:
    """A case as it is by now, and what of each line is booked in it."""

    case: RecoveryCase
    booked: Counter[str]
    entries: Counter[str]
    """How many there are about each line."""
    ledger: list[RecoveryEntry]
    """What is in its ledger."""


def repay(hub: Hub, connection: sa.Connection, cases: Collection[RecoveryCase], by: str) -> Counter[str]:
    """Book what was paid with component `recovery` since: to the person's oldest case that owes something back.

    Up to what it owes, in its currency, and of payments drafted after it was opened, whenever they were paid again;
    what the bank has returned since is booked out again. What it owed when the payment was drafted first counts too,
    where a return was taken back meanwhile: what the person had sent themself is with them again, whichever of the two
    came first. How many bookings each case got, by its id.
    """
    counts: Counter[str] = Counter()
    people = sorted({case.number for case in cases if _may_owe(case)})
    lines = [
        line
        for line in hub.pay_runs.claimed(connection, (), people)
        if line.payable.key.component is Component.RECOVERY
    ]
    out = out_again(hub, connection, [line for line in lines if line.state is LineState.RETURNED])
    # What came back first: it makes room for what was paid instead.
    lines.sort(key=lambda line: (_is_gone(line, out), line.payable.key))
    for number in sorted({line.payable.key.number for line in lines}):
        debts = [_debt(hub, connection, case) for case in cases if case.number == number]
        for line in (each for each in lines if each.payable.key.number == number):
            for debt, minor in _bookings(hub, connection, debts, line, out):
                _book(hub, connection, debt, line, minor, by)
                counts[debt.case.id] += 1
    return counts


def _debt(hub: Hub, connection: sa.Connection, case: RecoveryCase) -> _Debt:
    booked: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    ledger = hub.recoveries.entries(connection, case.id)
    for entry in ledger:
        if entry.facts.get("way") == Way.REPAID.value:
            booked[str(entry.facts["line"])] -= entry.amount_minor
            entries[str(entry.facts["line"])] += 1
    return _Debt(case, booked, entries, ledger)


def _may_owe(case: RecoveryCase) -> bool:
    """Whether a payment may be to be booked in it: it owes, has paid, or may owe less since a return was taken back.

    Whatever its state: what the person has sent may cover the claim to the last cent without that return, and one that
    was withdrawn may have owed nothing but the return.
    """
    withdrawn = case.state is RecoveryState.WITHDRAWN
    return bool(withdrawn or case.owed_back_minor or case.repaid_minor or case.back_minor)


def _owed_then(debt: _Debt, drafted: datetime) -> int:
    """What of the debt of that moment is not paid yet, in minor units.

    While the claim stood that came from the person; a case that was withdrawn owed what had been returned as well.
    """
    withdrawn, kept, sent, paid = False, 0, 0, 0
    for entry in debt.ledger:
        if entry.kind is EntryKind.WITHDRAWAL and entry.at < drafted:
            withdrawn = True
        if entry.kind is not EntryKind.MONEY:
            continue
        if entry.facts.get("way") in _SENT:
            sent += entry.amount_minor
        if entry.at < drafted:
            kept += entry.amount_minor
        elif entry.facts.get("way") == Way.REPAID.value:
            paid -= entry.amount_minor
    if withdrawn:
        return max(kept - paid, 0)
    return max(min(kept - debt.case.amount_minor - paid, sent - debt.case.repaid_minor), 0)


def _is_gone(line: PayLine, out: Collection[str]) -> bool:
    return line.state in _GONE or line.reference in out


def _bookings(
    hub: Hub, connection: sa.Connection, debts: Sequence[_Debt], line: PayLine, out: Collection[str]
) -> Iterator[tuple[_Debt, int]]:
    """What is to be booked of a line, case by case: minor units that were paid, or, below zero, were not after all."""
    name = line.reference
    if _is_gone(line, out):
        drafted = _drafted(hub, connection, line)
        left = line.payable.amount_minor - sum(debt.booked[name] for debt in debts)
        theirs = [
            debt for debt in debts if debt.case.currency == line.payable.currency and drafted >= debt.case.opened_at
        ]
        # First what a case owes by now: what another one owed then may have been settled since.
        owed = [(debt, debt.case.owed_back_minor) for debt in theirs]
        owed += [(debt, _owed_then(debt, drafted) - debt.case.owed_back_minor) for debt in theirs]
        for debt, amount in owed:
            part = min(left, amount)
            if part > 0:
                left -= part
                yield debt, part
    elif line.state in FAILED:
        for debt in debts:
            if debt.booked[name]:
                yield debt, -debt.booked[name]


def _drafted(hub: Hub, connection: sa.Connection, line: PayLine) -> datetime:
    """When a payment was drafted first: what is paid again pays the debt of then."""
    key = replace(line.payable.key, attempt=1)
    first = hub.pay_runs.by_reference(connection, [key.reference]).get(key.reference, line)
    run = hub.pay_runs.get(connection, first.run_id)
    assert run is not None, "a line belongs to a run"
    return run.created


def _book(hub: Hub, connection: sa.Connection, debt: _Debt, line: PayLine, minor: int, by: str) -> None:
    case, name = debt.case, line.reference
    # More than it owes by now: what had come back is the person's again, and they are told anew.
    event = RecoveryEvent.REPAY if minor <= case.owed_back_minor else RecoveryEvent.NOT_BACK
    if minor < 0:
        whole = case.kept_minor - minor >= case.amount_minor
        event = RecoveryEvent.ALL_BACK if whole else RecoveryEvent.PART_BACK
    debt.booked[name] += minor
    debt.entries[name] += 1
    evidence = f"repaid/{case.id}/{name}/{debt.entries[name]}"
    facts = {"way": Way.REPAID.value, "line": name, "run": line.run_id}
    entry = RecoveryEntry(EntryKind.MONEY, hub.clock.now(), by, step(case.state, event), evidence, -minor, facts)
    debt.case = hub.recoveries.step(connection, case, entry, repaid_minor=case.repaid_minor + minor)
    debt.ledger.append(entry)
