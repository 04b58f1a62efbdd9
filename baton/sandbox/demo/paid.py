"""What was paid, judged by the bank's own books: to whom, how often, how much, to which account, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Any

from baton.model.pay_run import LineState
from baton.sandbox.demo.company import Person
from baton.sandbox.demo.payroll import Payroll, money, total
from baton.sandbox.demo.tables import table


class Outcome(StrEnum):
    """What became of a salary, in the story's words."""

    PAID = "paid"
    WAIVED = "paid; held for the new account until HR had called back"
    LEFT_OUT = "left out: departed before the month"
    LEFT_LATE = "left out: departure told after the signatures"
    CAME_BACK = "came back: the account is closed"

    @property
    def line(self) -> LineState:
        """How the hub must have the line in the end."""
        if self is Outcome.CAME_BACK:
            return LineState.RETURNED
        return LineState.PAID if self in (Outcome.PAID, Outcome.WAIVED) else LineState.LEFT_OUT

    @property
    def times(self) -> tuple[int, int]:
        """How often money left the company's account, and how often it came back."""
        return (0 if self.line is LineState.LEFT_OUT else 1), int(self is Outcome.CAME_BACK)


@dataclass(frozen=True, slots=True)
class Booked:
    """One salary in the bank's books."""

    times: tuple[int, int]
    minor: int = 0
    account: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """The bank's books, read without the hub."""

    salaries: Mapping[str, Booked]
    """End-to-end reference -> what was booked."""
    balance_minor: int


def look_at_books(bank: Any) -> Books:
    """What the simulated bank has really done."""
    booked = {}
    for payment in bank.payments:
        order, reference = payment.instruction, payment.instruction.reference
        times = bank.paid[reference], bank.came_back[reference]
        booked[reference] = Booked(times, order.amount_minor, order.account, order.holder)
    return Books(booked, bank.balance_minor)


@dataclass(frozen=True)
class Judgement:
    """Every salary of the payroll against the bank's books and against the hub's lines."""

    payroll: Payroll
    people: Mapping[str, Person]
    outcomes: Mapping[str, Outcome]
    """Who is not simply paid."""
    before: Books
    after: Books
    lines: Mapping[str, str]
    """Number -> the state of the line in the hub."""

    @property
    def compared(self) -> int:
        """How many values were held against each other."""
        return len(self._findings)

    def wrong(self) -> list[str]:
        """What is not as it must be."""
        return [
            f"{what}: expected {wanted}, found {found}" for what, wanted, found in self._findings if wanted != found
        ]

    def outcome(self, number: str) -> Outcome:
        """What must have become of a salary."""
        return self.outcomes.get(number, Outcome.PAID)

    def sums(self) -> dict[Outcome, int]:
        """Minor units by what became of them: all of the payroll, to the cent."""
        return {
            outcome: total(
                self.payroll.amounts, (each for each in self.payroll.amounts if self.outcome(each) is outcome)
            )
            for outcome in Outcome
        }

    @cached_property
    def _findings(self) -> list[tuple[str, object, object]]:
        return list(chain(self._salaries(), self._strangers(), self._totals()))

    def _salaries(self) -> Iterator[tuple[str, object, object]]:
        for number, minor in self.payroll.amounts.items():
            outcome, person = self.outcome(number), self.people[number]
            found = self.after.salaries.get(self.payroll.reference(number), Booked((0, 0)))
            yield f"how often {number} was paid, and got back", outcome.times, found.times
            yield f"the line of {number}", outcome.line.value, self.lines.get(number)
            if outcome.times[0]:
                yield f"the amount of {number}", minor, found.minor
                yield f"the account of {number}", person.account, found.account
                yield f"the holder of {number}", person.name, found.holder

    def _strangers(self) -> Iterator[tuple[str, object, object]]:
        known = {self.payroll.reference(number) for number in self.payroll.amounts}
        yield "payments to anybody else", 0, len(self.after.salaries.keys() - known - self.before.salaries.keys())

    def _totals(self) -> Iterator[tuple[str, object, object]]:
        """The account of the company has moved by exactly what was to be paid."""
        sums = self.sums()
        yield "the payroll in parts", self.payroll.total_minor, sum(sums.values())
        stays = sums[Outcome.PAID] + sums[Outcome.WAIVED]
        yield "what left the account for good", stays, self.before.balance_minor - self.after.balance_minor


def outcomes_table(judgement: Judgement) -> str:
    """A line for each thing that became of a salary, and the payroll's total."""
    counts = dict.fromkeys(Outcome, 0)
    for number in judgement.payroll.amounts:
        counts[judgement.outcome(number)] += 1
    sums = judgement.sums()
    rows = [[outcome.value, str(counts[outcome]), money(sums[outcome])] for outcome in Outcome]
    rows.append(["the payroll file", str(sum(counts.values())), money(judgement.payroll.total_minor)])
    return table(["what happened", "people", "CNY"], rows)
