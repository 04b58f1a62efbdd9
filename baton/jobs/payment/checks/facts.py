"""What a run is checked against: everything is given, nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from baton.errors import Fault
from baton.jobs.payment.calendar import WorkCalendar
from baton.model.payable import Component, Payable, PayableKey
from baton.model.people import Employee

Problems: TypeAlias = Callable[[Payable], Iterable[Fault]]
"""What a bank's layout cannot carry of a line: the writer of its profile answers. Only the faults' rules are kept."""


def no_problems(_: Payable) -> Iterable[Fault]:
    """Where no profile has been chosen yet."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRun:
    """The run that is checked."""

    id: str
    period: str
    """``YYYY-MM``: what it mainly pays for."""
    pay_day: date
    currency: str = "CNY"


class PastState(StrEnum):
    """What has become of a line of another run, as far as a check must know."""

    DRAFT = "draft"
    """Prepared and not released; its key is taken all the same."""
    OPEN = "open"
    """Released; the bank has not said the last word."""
    PAID = "paid"
    CAME_BACK = "came_back"
    """Refused or returned by the bank's own word: the evidence a further attempt needs."""

    @property
    def counts(self) -> bool:
        """Whether the money is with the payee or on its way."""
        return self in (PastState.OPEN, PastState.PAID)


@dataclass(frozen=True, slots=True)
class PastLine:
    """A line of another run. A draft that was withdrawn is none: its key is free."""

    key: PayableKey
    run: str
    pay_day: date
    amount_minor: int
    currency: str
    state: PastState


@dataclass(frozen=True, slots=True)
class Declared:
    """The control totals that came with the payables, told by the file or by its maker; None: that one was not told."""

    count: int | None
    total_minor: int | None = None
    components: Mapping[Component, tuple[int, int]] = field(default_factory=dict)
    """Component -> count and sum in minor units; components that are not listed were not declared apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known. A source that is None was not given and its rules are not tried: see the policy's ``requires``."""

    people: Mapping[str, Employee]
    """Everybody HR knows, by number, leavers included."""
    calendar: WorkCalendar
    now: datetime
    past: Iterable[PastLine] | None = None
    """Lines of other runs, read once, in any order: all that share a key with the run, the period before, and what lies
    within ``nearby_days`` of the pay day; every final settlement of the people in the run."""
    declared: Declared | None = None
    left_out: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Why -> amounts in minor units: lines that came with the payables, and were left out before any check."""
    account_changed: Mapping[str, date] = field(default_factory=dict)
    """Number -> the day on which the account HR has now was entered."""
    attendance: Mapping[str, date | None] | None = None
    """Number -> the last day of the period with attendance; None for a day in no one's record."""
    exit_list: Mapping[str, date | None] | None = None
    """A second source's leavers: number -> last day, where it tells one."""
    on_statement: Collection[str] = frozenset()
    """References that the bank's statements show as debited and not returned."""
    arrived: Mapping[str, str] = field(default_factory=dict)
    """Reference -> the file that was taken back and may pay it, since the bank speaks of it, and how much it has said:
    ``MESSAGE_ID/COUNT``."""
    awaited: Collection[str] = ()
    """Sources that are set up here and have not told anything: as grave as one that the policy requires."""
    settled_for: Mapping[str, date] = field(default_factory=dict)
    """Reference of a final settlement that was worked out here -> the last day it was worked out for."""
    expected: Collection[str] | None = None
    """Whom the run's salaries are for; None: everybody who had one in the period before."""
    problems: Problems = no_problems
