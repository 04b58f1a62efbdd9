"""One check of one run: its lines in their order, what is known about them, and how a rule speaks."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from baton.jobs.payment.checks.facts import Facts, PastLine, PayRun
from baton.jobs.payment.checks.findings import Finding
from baton.jobs.payment.checks.policy import CheckPolicy
from baton.jobs.payment.periods import before
from baton.model.payable import Component, Payable
from baton.model.people import Employee, EmploymentStatus

_LEAVING = (EmploymentStatus.NOTICE, EmploymentStatus.DEPARTED)


@dataclass(frozen=True, slots=True)
class Departure:
    """The three dates of a leaver as whole days, the missing ones taken from the one before."""

    last_working: date
    contract_end: date
    pay_end: date

    @property
    def contradicts(self) -> bool:
        """Whether work goes on after the contract or after the pay."""
        return self.last_working > min(self.contract_end, self.pay_end)


def departure_of(person: Employee) -> Departure | None:
    """A person's departure, decided or past; None when there is none, or none with a date.

    Dates before the hire are those of an earlier employment. The end of a fixed-term contract alone is no departure
    while HR has the person neither on notice nor departed.
    """
    told = [person.last_working_day, person.contract_end_day, person.pay_end_day]
    leaves = person.status in _LEAVING or told[0] is not None or told[2] is not None
    first = next((day for day in told if day is not None), None)
    if first is None or not leaves:
        return None
    if person.hire_day is not None and first < person.hire_day and person.status is not EmploymentStatus.DEPARTED:
        return None
    last_working = told[0] or first
    contract_end = told[1] or last_working
    return Departure(last_working, contract_end, told[2] or contract_end)


def order_of(payable: Payable) -> tuple[Any, ...]:
    """By the key, then by everything else, so that no order of arrival shows."""
    key, payee = payable.key, payable.payee
    told = (payable.place, payable.amount_minor, payable.currency, payee.holder, payee.account, payee.bank_code)
    rest = (payee.bank_name, payee.town, payee.country, payable.remark)
    return (key.number, key.period, key.component.value, key.attempt, *told, *rest)


class Inspection:
    """Everything the rules look at. ``lines`` are in order; lines of one person stand together."""

    def __init__(self, run: PayRun, lines: Sequence[Payable], facts: Facts, policy: CheckPolicy) -> None:
        self.run = run
        self.lines = lines
        self.facts = facts
        self.policy = policy
        self.references = [line.key.reference for line in lines]
        self._departures: dict[str, Departure | None] = {}

    def found(self, rule: str, at: int, *, code: str = "", **detail: int | date | None) -> Finding:
        """A finding about a line; None stands for a figure that nobody has told."""
        severity = self.policy.severity(rule)
        told = tuple((name, value) for name, value in detail.items() if value is not None)
        return Finding(rule, severity, self.references[at], self.lines[at].place, "", code, told)

    def found_in_run(self, rule: str, *, number: str = "", code: str = "", **detail: int | date) -> Finding:
        """A finding about the run, or about a person without a line in it."""
        return Finding(rule, self.policy.severity(rule), "", "", number, code, tuple(detail.items()))

    def departure(self, person: Employee) -> Departure | None:
        """A person's departure, worked out once."""
        if person.number not in self._departures:
            self._departures[person.number] = departure_of(person)
        return self._departures[person.number]

    @cached_property
    def known(self) -> Sequence[tuple[int, Payable, Employee]]:
        """Every line whose person HR knows, with its position."""
        people = self.facts.people
        found = ((at, line, people.get(line.key.number)) for at, line in enumerate(self.lines))
        return [(at, line, person) for at, line, person in found if person is not None]

    def by_person(self) -> Iterator[tuple[str, Sequence[int]]]:
        """Each person of the run with the positions of their lines."""
        for number, group in groupby(range(len(self.lines)), key=lambda at: self.lines[at].key.number):
            yield number, list(group)

    @cached_property
    def past(self) -> Mapping[str, Sequence[PastLine]]:
        """Lines of other runs about the people of this one, in an order of their own."""
        mine = {line.key.number for line in self.lines}
        grouped: dict[str, list[PastLine]] = defaultdict(list)
        for line in self._elsewhere:
            if line.key.number in mine:
                grouped[line.key.number].append(line)
        for lines in (each for each in grouped.values() if len(each) > 1):
            lines.sort(key=attrgetter("key", "run", "pay_day", "amount_minor", "currency", "state"))
        return grouped

    @cached_property
    def salaries_before(self) -> Mapping[str, int]:
        """Number -> salary of the period before the run's, in the run's currency, as far as it went out."""
        return self._salaries(before(self.run.period))

    @cached_property
    def salaries_elsewhere(self) -> Mapping[str, int]:
        """The same of the run's own period, in other runs."""
        return self._salaries(self.run.period)

    @cached_property
    def salaries(self) -> Mapping[str, int]:
        """The same of the run's own period, in this run."""
        sums: dict[str, int] = defaultdict(int)
        for line in self.lines:
            key = line.key
            if key.component is Component.SALARY and key.period == self.run.period:
                sums[key.number] += line.amount_minor
        return sums

    @cached_property
    def _elsewhere(self) -> Sequence[PastLine]:
        return [line for line in self.facts.past or () if line.run != self.run.id]

    def _salaries(self, period: str) -> Mapping[str, int]:
        sums: dict[str, int] = defaultdict(int)
        for line in self._elsewhere:
            key = line.key
            salary = key.component is Component.SALARY and key.period == period
            if salary and line.state.counts and line.currency == self.run.currency:
                sums[key.number] += line.amount_minor
        return sums

    def content(self) -> str:
        """SHA-256 (hex) over every line, whole."""
        seen = hashlib.sha256(b"baton-run-content-1")
        for reference, line in zip(self.references, self.lines, strict=True):
            payee = line.payee
            named = [payee.holder, payee.account, payee.bank_code, payee.bank_name, payee.town, payee.country]
            told = [reference, line.place, str(line.amount_minor), line.currency, line.remark, *named]
            seen.update(orjson.dumps(told) + b"\n")
        return seen.hexdigest()
