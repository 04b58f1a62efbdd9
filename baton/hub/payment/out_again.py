"""What a bank has returned and then booked out once more: it took its return back, and the money is out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.payment.bookings import ENTRY, shown_of
from baton.model.bank_answers import Direction
from baton.model.pay_run import PayLine
from baton.store.bank_answers import BankEvent


def out_again(hub: Hub, connection: sa.Connection, returned: Iterable[PayLine]) -> set[str]:
    """Of these returned lines, the references of those that the bank has booked once more since.

    A line stays `returned` whatever is booked later, since bookings come in any order; so they are counted here. So
    are those of all of its file in one, which name no line.
    """
    lines = {line.reference: line for line in returned}
    said = hub.bank_answers.of_lines(connection, list(lines))
    systems = systems_of(hub, connection, lines.values())
    in_one = {
        file: [event for event in hub.bank_answers.of_file(connection, *file) if event.kind == ENTRY]
        for file in {(systems[line.run_id], line.message_id) for line in lines.values()}
    }
    of_banks: dict[str, set[str]] = {}
    for reference, line in lines.items():
        system = systems[line.run_id]
        if _may_be_out((*said.get(reference, ()), *in_one[system, line.message_id])):
            of_banks.setdefault(system, set()).add(reference)
    found: set[str] = set()
    for system, references in of_banks.items():
        files = {line.message_id for line in lines.values() if in_one.get((system, line.message_id))}
        shown = shown_of(hub, connection, system, references, files)
        found |= {each for each, told in shown.items() if _ends_out((entry.direction, entry.booked) for entry in told)}
    return found


def systems_of(hub: Hub, connection: sa.Connection, lines: Iterable[PayLine]) -> dict[str, str]:
    """The bank of each of these lines' runs."""
    found: dict[str, str] = {}
    for run_id in {line.run_id for line in lines}:
        run = hub.pay_runs.get(connection, run_id)
        assert run is not None, "a line belongs to a run"
        found[run_id] = run.system
    return found


def _may_be_out(said: Iterable[BankEvent]) -> bool:
    """Whether it is worth it to read every statement for this line."""
    entries = [event for event in said if event.kind == ENTRY]
    debits = [event.at for event in entries if event.state == Direction.DEBIT.value]
    return len(debits) > 1 or max((event.at for event in entries), default=None) in debits


def _ends_out(booked: Iterable[tuple[Direction, date]]) -> bool:
    """Whether money went out once more than it came back, or after it came back."""
    days: dict[Direction, list[date]] = {way: [] for way in Direction}
    for way, day in booked:
        days[way].append(day)
    debits, credits_ = days[Direction.DEBIT], days[Direction.CREDIT]
    return len(debits) > max(len(credits_), 1) or bool(debits and credits_ and max(debits) > max(credits_))
