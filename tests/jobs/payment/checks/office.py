"""A small company whose run passes every check, and the ways to change one thing about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from baton.jobs.payment.calendar import WorkCalendar
from baton.jobs.payment.checks.checking import check
from baton.jobs.payment.checks.facts import Declared, Facts, PastLine, PastState, PayRun
from baton.jobs.payment.checks.findings import CheckReport
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.model.payable import BankAccount, Component, Payable, PayableKey
from baton.model.people import Employee, EmploymentStatus

PERIOD, BEFORE = "2026-10", "2026-09"
RUN = PayRun(id="run-1", period=PERIOD, pay_day=date(2026, 11, 5))
NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
CARDS = {f"{n:04d}": f"62220000000000{n}" for n in range(1, 10)}
CNAPS = "105100000017"
FULL = 1_000_000


def luhn(first: str) -> str:
    """The number with its check digit."""
    digits = [int(digit) for digit in reversed(first)]
    total = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return first + str(-total % 10)


def card(number: str) -> str:
    return luhn(f"62220000000{number}")


def person(number: str = "0001", status: EmploymentStatus = EmploymentStatus.ACTIVE, **more: Any) -> Employee:
    known = {
        "full_name": f"测试{number}",
        "hire_day": date(2020, 1, 1),
        "bank_account_number": card(number),
        "bank_code": CNAPS,
    }
    return Employee(number=number, status=status, **(known | more))


def line(number: str = "0001", component: Component = Component.SALARY, amount: int = FULL, **more: Any) -> Payable:
    key = PayableKey(number, more.pop("period", PERIOD), component, more.pop("attempt", 1))
    payee = BankAccount(
        more.pop("holder", f"测试{number}"), more.pop("account", card(number)), more.pop("bank_code", CNAPS)
    )
    return Payable(key, payee, amount, place=more.pop("place", f"pay.csv:{number}"), **more)


def past(number: str = "0001", component: Component = Component.SALARY, amount: int = FULL, **more: Any) -> PastLine:
    key = PayableKey(number, more.pop("period", BEFORE), component, more.pop("attempt", 1))
    known = {"run": "run-0", "pay_day": date(2026, 10, 5), "currency": "CNY", "state": PastState.PAID}
    return PastLine(key, amount_minor=amount, **(known | more))


def facts(people: Iterable[Employee] | None = None, **more: Any) -> Facts:
    known = {each.number: each for each in (people if people is not None else (person(), person("0002")))}
    told = {"past": [past(), past("0002")], "calendar": WorkCalendar(), "now": NOW}
    return Facts(people=known, **(told | more))


def declared(lines: Sequence[Payable]) -> Declared:
    return Declared(len(lines), sum(each.amount_minor for each in lines))


def checked(
    lines: Sequence[Payable] | None = None,
    known: Facts | None = None,
    policy: CheckPolicy | None = None,
    run: PayRun = RUN,
) -> CheckReport:
    lines = [line(), line("0002")] if lines is None else lines
    known = facts() if known is None else known
    if known.declared is None:
        known = replace(known, declared=declared(lines))
    return check(run, lines, known, policy or CheckPolicy())


def rules(report: CheckReport) -> set[str]:
    return {finding.rule for finding in report.findings}
