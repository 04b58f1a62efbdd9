"""Paying again what the bank has refused or returned: as the next attempt, tied to the bank's word, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.beneath import AGAIN
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.drafting import Drafting, new_run, payee_of, save
from baton.hub.payment.out_again import out_again
from baton.hub.payment.reissue_evidence import evidence_of, of_files
from baton.jobs.payment.checks.account_numbers import plain_account
from baton.jobs.payment.reissue import Refusal, Reissue, attempted, reissue
from baton.model.pay_run import FAILED, LineState, PayLine, PayRun
from baton.model.payable import BankAccount
from baton.model.people import Employee

_NOT_DUE: Final = (Refusal.CLAIMED, Refusal.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Reissued:
    """A run of next attempts, and the lines that were not taken into it."""

    run: PayRun
    lines: Sequence[PayLine]
    refused: Sequence[tuple[PayLine, Refusal]]


def reissue_run(hub: Hub, run_id: str, person: str, day: date) -> Reissued:
    """Draft the failed lines of a run anew, to the accounts HR knows now. Raises `ApprovalError` when none may be."""
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        failed_run = hub.pay_runs.get(connection, run_id)
        if failed_run is None:
            raise unknown_run(hub, connection, run_id)
        wanted = Drafting(
            system=failed_run.system,
            component=failed_run.component,
            period=failed_run.period,
            execution_day=day,
            requested_by=person,
            currency=failed_run.currency,
        )
        run = new_run(hub, wanted)
        failed = list(hub.pay_runs.lines(connection, run_id, *FAILED))
        judged = _judged(hub, connection, failed_run.system, failed)
        again = [(line, found) for line, found in judged if isinstance(found, Reissue)]
        refused = [(line, found) for line, found in judged if isinstance(found, Refusal)]
        if not again:
            why = ", ".join(sorted({refusal.value for _, refusal in refused})) or "nothing of it has failed"
            raise ApprovalError(f"no line of {run_id} may be paid again: {why}", code="no_reissue")
        lines = [
            PayLine(run.run_id, place, found.payable, LineState.DRAFT, changed_at=run.created)
            for place, (_, found) in enumerate(again, start=1)
        ]
        evidence = {found.payable.key.reference: found.evidence for _, found in again}
        run = replace(run, facts={**run.facts, "evidence": evidence, AGAIN: run_id})
        save(hub, connection, person, run, lines, [], failed_run.run_id)
    return Reissued(run, lines, refused)


def unpaid(hub: Hub, connection: sa.Connection, number: str) -> list[PayLine]:
    """Somebody's failed lines that are still theirs to have: nobody has paid them again, or said that they are not due.

    That is said by a recovery case that claims all of a line, by the bank that has paid it already, and by who gives up
    the run of the next attempt. That the checks have left the next attempt out says nothing.
    """
    lines = hub.pay_runs.of_person(connection, number)
    attempts = [line.payable.key for line in lines if line.state is not LineState.LEFT_OUT]
    found = []
    for line in lines:
        if line.state not in FAILED or attempted(line.payable.key, attempts):
            continue
        run = hub.pay_runs.get(connection, line.run_id)
        assert run is not None, "a line belongs to a run"
        ((_, judged),) = _judged(hub, connection, run.system, [line])
        if judged not in _NOT_DUE:
            found.append(line)
    return found


def _judged(
    hub: Hub, connection: sa.Connection, system: str, failed: Sequence[PayLine]
) -> list[tuple[PayLine, Reissue | Refusal]]:
    numbers = sorted({line.payable.key.number for line in failed})
    known = {number: newest.employee for number, newest in hub.people.newest(connection, numbers).items()}
    said = hub.bank_answers.of_lines(connection, [line.reference for line in failed])
    of_file = of_files(hub, connection, system, {line.message_id for line in failed})
    attempts = [line.payable.key for line in hub.pay_runs.claimed(connection, (), numbers)]
    returned = [line for line in failed if line.state is LineState.RETURNED]
    out = out_again(hub, connection, returned)
    # What a recovery case claims of a payment that came back is back already; only the rest is the person's.
    claimed = hub.recoveries.claimed(connection, [line.reference for line in returned])
    judged: list[tuple[PayLine, Reissue | Refusal]] = []
    for line in failed:
        if line.reference in out:
            judged.append((line, Refusal.DISPUTED))
            continue
        owed = line.payable.amount_minor - claimed[line.reference]
        if owed <= 0:
            judged.append((line, Refusal.CLAIMED))
            continue
        employee = known.get(line.payable.key.number)
        payee = _payee(line.payable.payee, employee)
        evidence = evidence_of(line, said.get(line.reference, ()), of_file[line.message_id])
        if evidence is None:
            judged.append((line, Refusal.DISPUTED))
            continue
        failed_part = replace(line.payable, amount_minor=owed)
        judged.append((line, reissue(failed_part, line.state, evidence, payee, attempts)))
    return judged


def _payee(failed: BankAccount, employee: Employee | None) -> BankAccount:
    """Whom HR knows now. The bank of the account before says nothing of where a new one is."""
    if employee is None or not employee.bank_account_number:
        return failed
    known = payee_of(employee)
    same = plain_account(known.account) == plain_account(failed.account)
    return BankAccount(
        holder=known.holder or failed.holder,
        account=known.account,
        bank_code=known.bank_code or (failed.bank_code if same else ""),
        bank_name=known.bank_name or (failed.bank_name if same else ""),
        town=failed.town if same else "",
    )
