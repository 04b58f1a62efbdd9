"""Is it this person's account, as HR has it, and can money reach it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import polars as pl

from baton.jobs.payment.checks.account_numbers import (
    cnaps_fits,
    iban_fits,
    is_account,
    is_bank_code,
    is_card,
    is_iban,
    plain_account,
)
from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.inspection import Inspection
from baton.jobs.payment.checks.names import is_latin, same_name
from baton.model.payable import Payable
from baton.model.people import Employee
from baton.records.check_digits import luhn_fits


def holders(inspection: Inspection) -> Iterator[Finding]:
    """The name on the account against HR's, exact after the normalisation of `names`."""
    for at, line, person in inspection.known:
        record = person.bank_account_holder or person.full_name
        if not record or record.isspace():
            yield inspection.found("no_name_on_record", at)
        elif not same_name(line.payee.holder, record):
            yield inspection.found("holder_differs", at)
        elif person.full_name and not same_name(record, person.full_name):
            yield inspection.found("holder_is_another", at)
        if is_latin(line.payee.holder) and line.currency == "CNY":
            yield inspection.found("latin_name", at)


def records(inspection: Inspection) -> Iterator[Finding]:
    """The account against HR's, and how long HR has had it."""
    policy, pay_day = inspection.policy, inspection.run.pay_day
    for at, line, person in inspection.known:
        changed = inspection.facts.account_changed.get(line.key.number)
        if not person.bank_account_number:
            yield inspection.found("no_account_on_record", at)
        elif plain_account(line.payee.account) != plain_account(person.bank_account_number):
            # A finding holds no account. The day of HR's last change stands for it: a waiver covers no later one.
            yield inspection.found("account_differs", at, changed=changed)
        if line.payee.bank_code and person.bank_code and line.payee.bank_code != person.bank_code:
            yield inspection.found("bank_code_differs", at)
        # A change after the pay day is as fresh as one just before it.
        if changed is not None and (days := (pay_day - changed).days) < policy.account_changed_days:
            yield inspection.found("account_changed", at, changed=changed, days=max(days, 0))


def shared(inspection: Inspection) -> Iterator[Finding]:
    """Accounts of more than one person, by this run's lines and by HR's records of everybody."""
    owners = _owners(inspection.lines, inspection.facts.people)
    for at, line in enumerate(inspection.lines):
        others = owners.get(plain_account(line.payee.account))
        if isinstance(others, set):
            yield inspection.found("account_shared", at, people=len(others))


def _owners(lines: Sequence[Payable], people: Mapping[str, Employee]) -> Mapping[str, str | set[str]]:
    """Account -> its one owner, or a set of several: a set for each of 100,000 accounts would cost 20 MB."""
    recorded = ((number, person.bank_account_number or "") for number, person in people.items())
    owners: dict[str, str | set[str]] = {}
    for number, written in chain(recorded, ((line.key.number, line.payee.account) for line in lines)):
        account = plain_account(written)
        known = owners.setdefault(account, number)
        if isinstance(known, set):
            known.add(number)
        elif known != number:
            owners[account] = {known, number}
    owners.pop("", None)  # no account is nobody's
    return owners


def numbers(inspection: Inspection) -> Iterator[Finding]:
    """What account and bank numbers say of themselves: form, IBAN, Luhn, CNAPS."""
    plain = [plain_account(line.payee.account) for line in inspection.lines]
    cards = [at for at, account in enumerate(plain) if is_card(account)]
    column = pl.Series("account", [plain[at] for at in cards], dtype=pl.String)
    fits = column.to_frame().select(luhn_fits(pl.col("account"))).to_series()
    for at in (cards[position] for position in (~fits).arg_true()):
        yield inspection.found("account_luhn", at)
    for at, account in enumerate(plain):
        if not is_account(account):
            yield inspection.found("account_form", at)
        elif is_iban(account) and not iban_fits(account):
            yield inspection.found("account_iban", at)
        code = inspection.lines[at].payee.bank_code
        if code and not is_bank_code(code):
            yield inspection.found("bank_code_form", at)
        elif code and not cnaps_fits(code):
            yield inspection.found("bank_code_check", at)


def carried(inspection: Inspection) -> Iterator[Finding]:
    """What the bank's layout cannot carry: encodings, lengths, limits, as its writer says."""
    problems = inspection.facts.problems
    for at, line in enumerate(inspection.lines):
        for fault in problems(line):
            yield inspection.found("profile", at, code=fault.rule)
