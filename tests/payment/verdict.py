"""What must be true at the end, whatever happened on the way: told by the bank's own books first, then by the hub's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from baton.hub import Hub
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.standing import files_digest
from baton.jobs.payment.differences import DifferenceKind
from baton.model.pay_run import LineState
from baton.model.payable import Component, PayableKey
from baton.store.tables import effects, pay_files
from tests.hub.payment.office import PERIOD
from tests.migration.driver import later_clock
from tests.payment.bank import Bank
from tests.payment.site import LEAVER, PEOPLE, SETTLEMENT, site
from tests.rig.payroll import BANK, card
from tests.simulation.invariants import BrokenInvariantError, audit_faults

REFUSED, RETURNED = "0003", "0004"
"""The bank refuses the one late, and sends the other's money back."""
WANTED: dict[tuple[str, Component], LineState] = {
    **{(number, Component.SALARY): LineState.PAID for number in PEOPLE if number != LEAVER},
    (REFUSED, Component.SALARY): LineState.REJECTED,
    (RETURNED, Component.SALARY): LineState.RETURNED,
    **{(number, Component.FINAL_SETTLEMENT): LineState.PAID for number in SETTLEMENT},
}
"""Where every line that was ever sent must stand."""
_FINISHED = {"done", "superseded"}


@dataclass
class Account:
    """What was counted."""

    files: int = 0
    paid: int = 0
    doubles: Counter[str] = field(default_factory=Counter)

    def add(self, other: Account) -> None:
        """Take another month in."""
        self.files += other.files
        self.paid += other.paid
        self.doubles.update(other.doubles)


def check(folder: Path) -> Account:
    """Raise `BrokenInvariantError` unless all of it holds."""
    made = site(folder, later_clock(folder), lambda _: None)
    with made.open() as hub:
        account = one_file_one_id_one_hash(hub, made.office)
        account.paid = paid_once(made.office, WANTED)
        faults = [*_states(hub), *_ledger(hub), *_reconciled(hub)]
    if faults:
        raise BrokenInvariantError("; ".join(faults[:5]))
    return account


def one_file_one_id_one_hash(hub: Hub, bank: Bank) -> Account:
    """The bank has had no double to refuse, and what it read is byte for byte what was built, and signed for."""
    arrived = bank.arrived()
    refusals = [refusal for *_, refusal in arrived if refusal]
    if refusals:
        raise BrokenInvariantError(f"the bank's own check for doubles was needed: {refusals}")
    with hub.database.read() as connection:
        known = {
            row.message_id: (row.name, row.sealed_digest, row.plain_digest, row.run_id)
            for row in connection.execute(sa.select(pay_files))
        }
        signed = {
            run_id: {row.files for row in hub.pay_decisions.signatures(connection, run_id)}
            for run_id in {run_id for *_, run_id in known.values()}
        }
        bound = {run_id: files_digest(hub.pay_runs.files(connection, run_id)) for run_id in signed}
    for name, digest, message, plain, _ in arrived:
        if known.get(message, ())[:3] != (name, digest, plain):
            raise BrokenInvariantError(f"the bank has other bytes than the hub as {message}")
        run_id = known[message][3]
        if bound[run_id] not in signed[run_id]:
            raise BrokenInvariantError(f"nobody has signed for {message}")
    if len({message for _, _, message, _, _ in arrived}) != len(arrived):
        raise BrokenInvariantError("one message id came twice")
    return Account(files=len(arrived))


def paid_once(bank: Bank, wanted: dict[tuple[str, Component], LineState]) -> int:
    """Each (payee, period, component) is booked as often as it must be: once, or not at all. How many were."""
    references = {PayableKey(number, PERIOD, what).reference: state for (number, what), state in wanted.items()}
    accounts = {PayableKey(number, PERIOD, what).reference: card(int(number)) for number, what in wanted}
    if bank.accounts() != accounts:
        raise BrokenInvariantError(f"the bank was told to pay {len(bank.accounts())} lines, {len(accounts)} were owed")
    must = Counter({(ref, "DBIT"): 1 for ref, state in references.items() if state is not LineState.REJECTED})
    must += Counter({(ref, "CRDT"): 1 for ref, state in references.items() if state is LineState.RETURNED})
    if bank.bookings() != must:
        raise BrokenInvariantError(f"booked wrongly: {bank.bookings() - must or must - bank.bookings()}")
    return sum(way == "DBIT" for _, way in must)


def _states(hub: Hub) -> list[str]:
    found: dict[tuple[str, Component], LineState] = {}
    with hub.database.read() as connection:
        for run in hub.pay_runs.of_system(connection, BANK):
            for line in hub.pay_runs.lines(connection, run.run_id):
                if line.state.claims:
                    found[line.payable.key.number, line.payable.key.component] = line.state
    wrong = {key: state for key, state in found.items() if WANTED.get(key) is not state}
    return [f"{number} {component}: {state}" for (number, component), state in wrong.items()] + [
        f"no line for {key}" for key in WANTED.keys() - found.keys()
    ]


def _ledger(hub: Hub) -> list[str]:
    """The deliveries at rest, the audit log whole, nothing finished lying about that nobody will send."""
    with hub.database.read() as connection:
        states = Counter(connection.execute(sa.select(effects.c.state)).scalars())
        faults = [f"audit: {fault}" for fault in audit_faults(connection)]
    return faults + [f"{count} deliveries are {state}" for state, count in states.items() if state not in _FINISHED]


def _reconciled(hub: Hub) -> list[str]:
    view = reconcile(hub, BANK)
    rest = {kind: count for kind, count in view.differences.items() if kind is not DifferenceKind.DOUBLED_STATEMENT}
    return [] if rest == {DifferenceKind.RETURNED: 1} else [f"differences: {rest}"]
