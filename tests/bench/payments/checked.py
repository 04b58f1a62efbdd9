"""One process that checks so many payables, and says how long that took: ``python -m tests.bench.payments.checked N``.

Everybody has a line, last month's line, attendance and a reference on a statement; one in a hundred has some trouble.
Beside it, in the same process, the baseline: the same lines read from CSV by the standard library and not judged at all.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from datetime import UTC, date, datetime, timedelta

from baton.jobs.payment.calendar import WorkCalendar
from baton.jobs.payment.checks.checking import check
from baton.jobs.payment.checks.facts import Declared, Facts, PastLine, PastState, PayRun
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.model.payable import BankAccount, Component, Payable, PayableKey
from baton.model.people import Employee, EmploymentStatus

PERIOD, BEFORE = "2026-10", "2026-09"
RUN = PayRun(id="bench", period=PERIOD, pay_day=date(2026, 11, 5))
TROUBLE = 100


def card(n: int) -> str:
    """A card number whose check digit fits."""
    digits = f"6222{n:011d}"
    total = sum(sum(divmod(2 * int(digit), 10)) if place % 2 == 0 else int(digit)
                for place, digit in enumerate(reversed(digits)))  # fmt: skip
    return digits + str(-total % 10)


def person(n: int) -> Employee:
    gone = n % TROUBLE == 1
    return Employee(
        number=f"{n:06d}",
        status=EmploymentStatus.DEPARTED if gone else EmploymentStatus.ACTIVE,
        full_name=f"测试{n}",
        hire_day=date(2020, 1, 1),
        last_working_day=date(2026, 9, 15) if gone else None,
        bank_account_number=card(n),
        bank_code="105100000017",
    )


def payable(n: int) -> Payable:
    trouble = n % TROUBLE
    payee = BankAccount(f"测试{n + (trouble == 2)}", card(n + (trouble == 3)), "105100000017")
    amount = 1_000_000 + n + (500_000 if trouble == 4 else 0)
    return Payable(PayableKey(f"{n:06d}", PERIOD, Component.SALARY), payee, amount, place=f"pay.csv:{n + 2}")


def facts(people: int, declared: Declared) -> Facts:
    numbers = [f"{n:06d}" for n in range(people)]
    past = [
        PastLine(PayableKey(number, BEFORE, Component.SALARY), "before", date(2026, 10, 5), 1_000_000 + n, "CNY",
                 PastState.PAID)
        for n, number in enumerate(numbers)
    ]  # fmt: skip
    return Facts(
        people={number: person(n) for n, number in enumerate(numbers)},
        calendar=WorkCalendar(),
        now=datetime(2026, 11, 2, tzinfo=UTC),
        past=past,
        declared=declared,
        attendance={number: date(2026, 10, 30) - timedelta(days=25 * (n % TROUBLE == 5))
                    for n, number in enumerate(numbers)},
        exit_list={},
        on_statement={line.key.reference for line in past},
    )  # fmt: skip


def as_csv(lines: list[Payable]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", "period", "component", "amount", "holder", "account", "bank_code"])
    for line in lines:
        key, payee = line.key, line.payee
        told = (key.number, key.period, key.component.value, line.amount_minor)
        writer.writerow([*told, payee.holder, payee.account, payee.bank_code])
    return text.getvalue()


def main() -> None:
    people = int(sys.argv[1])
    lines = [payable(n) for n in range(people)]
    known = facts(people, Declared(people, sum(line.amount_minor for line in lines)))
    text = as_csv(lines)
    started = time.perf_counter()
    rows = sum(1 for _ in csv.DictReader(io.StringIO(text)))
    read_s = time.perf_counter() - started
    assert rows == people
    del text
    started = time.perf_counter()
    report = check(RUN, lines, known, CheckPolicy())
    digest = report.digest
    checked_s = time.perf_counter() - started
    states = {state.value: count for state, count in sorted(report.counts.items())}
    told = {"findings": len(report.findings), "digest": digest, "lines": states}
    sys.stdout.write(json.dumps({"checked_s": checked_s, "read_s": read_s, "told": told}) + "\n")


if __name__ == "__main__":
    main()
