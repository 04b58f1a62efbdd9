"""Paying again what the bank has refused or returned: as the next attempt, tied to the bank's word, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.beneath import AGAIN
from baton.hub.payment.bookings import REFUSED
from baton.hub.payment.checking import unknown_run
from baton.hub.payment.drafting import Drafting, new_run, payee_of, save
from baton.hub.payment.out_again import out_again
from baton.hub.payment.policies import require_office
from baton.hub.payment.reissue_evidence import evidence_of, of_files
from baton.hub.payment.returned_money import owed_by_withdrawn
from baton.hub.payment.taken_after_all import taken_after_all
from baton.jobs.payment.checks.account_numbers import plain_account
from baton.jobs.payment.reissue import (
    Evidence,
    Refusal,
    Reissue,
    attempted,
    held_by_words,
    named,
    reissue,
)
from baton.model.bank_answers import ReasonKind
from baton.model.pay_run import FAILED, LineState, PayLine, PayRun
from baton.model.payable import BankAccount
from baton.model.people import Employee

_NOT_DUE: Final = (Refusal.CLAIMED, Refusal.DUPLICATE)
_NOBODY_SAID: Final[Mapping[str, ReasonKind]] = MappingProxyType({})
NAMED: Final = "named"
"""The fact of a run that tells of which failed lines its maker has said what the bank's words mean."""


@dataclass(frozen=True, slots=True)
class Reissued:
    """A run of next attempts, and the lines that were not taken into it."""

    run: PayRun
    lines: Sequence[PayLine]
    refused: Sequence[tuple[PayLine, Refusal]]


def reissue_run(
    hub: Hub, run_id: str, person: str, day: date, meanings: Mapping[str, ReasonKind] = _NOBODY_SAID
) -> Reissued:
    """Draft the failed lines of a run anew, to the accounts HR knows now. Raises `ApprovalError` when none may be.

    ``meanings`` are pieces of the bank's words that no table has, and what they mean: an office says it, and the run
    keeps of which lines it was said.
    """
    if meanings:
        require_office(hub, person)
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
        judged = _judged(hub, connection, failed_run.system, failed, meanings)
        again = [(line, found) for line, found in judged if isinstance(found, Reissue)]
        refused = [(line, found) for line, found in judged if isinstance(found, Refusal)]
        if not again:
            raise _nothing(run_id, {refusal for _, refusal in refused})
        lines = [
            PayLine(run.run_id, place, found.payable, LineState.DRAFT, changed_at=run.created)
            for place, (_, found) in enumerate(again, start=1)
        ]
        evidence = {found.payable.key.reference: found.evidence for _, found in again}
        said = {line.reference: found.said.value for line, found in again if found.said is not None}
        run = replace(run, facts={**run.facts, "evidence": evidence, AGAIN: run_id, **({NAMED: said} if said else {})})
        save(hub, connection, person, run, lines, [], failed_run.run_id)
    return Reissued(run, lines, refused)


def _nothing(run_id: str, refusals: Collection[Refusal]) -> ApprovalError:
    why = ", ".join(sorted(refusals)) or "nothing of it has failed"
    remedy = ""
    if Refusal.UNREAD_REASON in refusals:
        remedy = (
            "find out at the bank whether it has these payments, and say what its words mean: baton pay reissue "
            f"{run_id} --means WORDS=KIND; write them into answers.reasons of the bank's profile as well"
        )
    elif Refusal.DISPUTED in refusals:
        remedy = "the bank has said two things of these payments: ask it which of them holds; its next answer counts"
    return ApprovalError(f"no line of {run_id} may be paid again: {why}", code="no_reissue", remedy=remedy)


def unread_of(hub: Hub, run_id: str, meanings: Mapping[str, ReasonKind] = _NOBODY_SAID) -> list[tuple[PayLine, str]]:
    """The failed lines of a run that wait for somebody to say what the bank's words mean, each with its code and words.

    The words may name a person: they are for whoever decides, and go into no log.
    """
    return [
        (line, "; ".join(f"{each.code}: {each.text}" for each in shown.reasons if each.kind is ReasonKind.UNREAD))
        for line, shown, found in _weighed(hub, run_id, meanings)
        if found is Refusal.UNREAD_REASON
    ]


def read_of(hub: Hub, run_id: str, meanings: Mapping[str, ReasonKind] = _NOBODY_SAID) -> list[tuple[PayLine, str, str]]:
    """The failed lines of a run that only words of the bank hold, each with these and with what they were read as.

    An office may say otherwise of them. The words are as private as those of `unread_of`.
    """
    return [
        (
            line,
            "; ".join(dict.fromkeys(f"{each.code}: {each.text}" for each in shown.reasons if each.piece)),
            ", ".join(dict.fromkeys(f"{each.kind} ({each.piece})" for each in shown.reasons if each.piece)),
        )
        for line, shown, found in _weighed(hub, run_id, meanings)
        if isinstance(found, Refusal) and held_by_words(shown, found)
    ]


def _weighed(
    hub: Hub, run_id: str, meanings: Mapping[str, ReasonKind]
) -> list[tuple[PayLine, Evidence, Reissue | Refusal]]:
    """The failed lines of a run with what the bank has said of them, and what follows; nothing of an unknown run."""
    with hub.database.read() as connection:
        run = hub.pay_runs.get(connection, run_id)
        if run is None:
            return []
        failed = list(hub.pay_runs.lines(connection, run_id, *FAILED))
        judged = _judged(hub, connection, run.system, failed, meanings)
        shown = _shown(hub, connection, run.system, failed)
    return [
        (line, named(evidence, meanings), found)
        for (line, found), evidence in zip(judged, shown, strict=True)
        if evidence is not None
    ]


def unpaid(hub: Hub, connection: sa.Connection, number: str) -> list[PayLine]:
    """Somebody's failed lines that are still theirs to have: nobody has paid them again, or said that they are not due.

    That is said by a recovery case that claims all of a line, by the bank whose code says that it has paid it already,
    and by who gives up the run of the next attempt. That the checks have left the next attempt out says nothing.
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
        if judged not in _NOT_DUE or (
            # Words may have been read wrongly: nobody loses a claim over them.
            judged is Refusal.DUPLICATE
            and all(shown and held_by_words(shown, judged) for shown in _shown(hub, connection, run.system, [line]))
        ):
            found.append(line)
    return found


def _judged(
    hub: Hub,
    connection: sa.Connection,
    system: str,
    failed: Sequence[PayLine],
    meanings: Mapping[str, ReasonKind] = _NOBODY_SAID,
) -> list[tuple[PayLine, Reissue | Refusal]]:
    numbers = sorted({line.payable.key.number for line in failed})
    known = {number: newest.employee for number, newest in hub.people.newest(connection, numbers).items()}
    attempts = [line.payable.key for line in hub.pay_runs.claimed(connection, (), numbers)]
    returned = [line for line in failed if line.state is LineState.RETURNED]
    out = out_again(hub, connection, returned)
    out |= taken_after_all(hub, connection, [line for line in failed if line.state in REFUSED])
    # What a recovery case claims of a payment that came back is back already; only the rest is the person's. So is
    # what a withdrawn one owes.
    references = [line.reference for line in returned]
    claimed = hub.recoveries.claimed(connection, references) + owed_by_withdrawn(hub, connection, references)
    judged: list[tuple[PayLine, Reissue | Refusal]] = []
    for line, shown in zip(failed, _shown(hub, connection, system, failed), strict=True):
        if line.reference in out or shown is None:
            judged.append((line, Refusal.DISPUTED))
            continue
        owed = line.payable.amount_minor - claimed[line.reference]
        if owed <= 0:
            judged.append((line, Refusal.CLAIMED))
            continue
        employee = known.get(line.payable.key.number)
        payee = _payee(line.payable.payee, employee)
        failed_part = replace(line.payable, amount_minor=owed)
        judged.append((line, reissue(failed_part, line.state, named(shown, meanings), payee, attempts)))
    return judged


def _shown(hub: Hub, connection: sa.Connection, system: str, failed: Sequence[PayLine]) -> list[Evidence | None]:
    """What the bank has said of each line, as `evidence_of` has it."""
    said = hub.bank_answers.of_lines(connection, [line.reference for line in failed])
    of_file = of_files(hub, connection, system, {line.message_id for line in failed})
    return [evidence_of(line, said.get(line.reference, ()), of_file[line.message_id]) for line in failed]


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
