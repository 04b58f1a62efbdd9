"""Laws of payable sources: what is approved is given once and exact, nothing else is, and nothing is passed over."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from baton.contracts import PayableSource
from baton.errors import ConnectorError, InDoubtError
from baton.kit.bench import Bench, LawBrokenError, expect, not_applicable
from baton.kit.troubles import Trouble
from baton.model.payable import Component
from baton.model.source_rows import SourcePage

_AMOUNTS: Final = {1: "0.01", 2: "1.10", 3: "12345.67", 4: "9999999.99", 5: "100.00"}
_PERIOD, _BEFORE, _AFTER = "2026-11", "2026-10", "2026-12"
_LOST: Final = (Trouble.UNREACHABLE, Trouble.SERVER_ERROR, Trouble.THROTTLED, Trouble.GARBLED, Trouble.LOST_REPLY)
_MOST_REQUESTS: Final = 20
_Row: TypeAlias = dict[str, str | None]


class _Desk:
    """What the counterpart was asked to approve, and what the connector gives of it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.source: PayableSource = bench.connector
        if not hasattr(bench.counterpart, "seed_payables"):
            raise LawBrokenError("the counterpart has no seed_payables, so nothing shows that the law holds")

    def approve(self, *people: int, period: str = _PERIOD, component: Component = Component.SALARY) -> None:
        """These people are to be paid."""
        self.bench.counterpart.seed_payables({n: _AMOUNTS[n] for n in people}, period, component.value)

    def pages(self) -> list[SourcePage]:
        """All of them."""
        return list(self.source.payables(_PERIOD, Component.SALARY))

    def rows(self) -> list[_Row]:
        """The rows of all pages."""
        return [row for page in self.pages() for row in page.rows.iter_rows(named=True)]

    def expect_given(self, *people: int) -> None:
        """Insist that these people's payables are given, each once, to the last digit."""
        wanted = Counter((self.bench.ref(n).number, Decimal(_AMOUNTS[n])) for n in people)
        given = Counter((row["number"], _amount(row)) for row in self.rows())
        expect(given == wanted, f"{given.total()} payables are given where {wanted.total()} are approved, or others")


def _amount(row: _Row) -> Decimal:
    text = row["amount"] or ""
    expect(all(sign in "0123456789.-" for sign in text), "an amount is no plain decimal")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise LawBrokenError("an amount is no number") from None


def every_approved_payable_is_given_once_to_the_last_digit(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(*_AMOUNTS)
    desk.expect_given(*_AMOUNTS)


def payables_are_text_with_a_place_of_their_own(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(*_AMOUNTS)
    for page in desk.pages():
        wrong = [name for name, kind in page.rows.schema.items() if str(kind) != "String"]
        expect(not wrong, f"the columns {wrong} are not text")
    places = [row.get("place") for row in desk.rows()]
    expect(all(places), "a payable does not say what people find it by")
    expect(len(set(places)) == len(places), "two payables have the same place")


def what_is_not_approved_is_not_given(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(1)
    bench.counterpart.seed_unapproved(2)
    desk.expect_given(1)


def payables_of_other_months_and_components_are_not_given(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(1)
    desk.approve(2, period=_BEFORE)
    desk.approve(3, period=_AFTER)
    desk.approve(4, component=Component.EXPENSE)
    desk.expect_given(1)


def a_payable_to_nobody_known_is_rejected_never_passed_over(bench: Bench) -> None:
    desk = _Desk(bench)
    if not hasattr(bench.counterpart, "seed_stranger"):
        not_applicable("this system pays only people it knows as employees")
    desk.approve(1)
    bench.counterpart.seed_stranger()
    desk.expect_given(1)
    rejected = [bad for page in desk.pages() for bad in page.rejected]
    expect(len(rejected) == 1, f"{len(rejected)} rows are rejected where one payee is nobody known")
    expect(all(bad.rule and bad.message for bad in rejected), "a rejected row does not say why")


def the_same_payables_come_in_the_same_order(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(*_AMOUNTS)
    expect(desk.rows() == desk.rows(), "asked twice, the same state gives other rows")


def reading_payables_changes_nothing(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(*_AMOUNTS)
    before = bench.written()
    desk.pages()
    expect(bench.written() == before, "reading payables has written something")
    desk.expect_given(*_AMOUNTS)


def a_lost_page_is_an_error_never_fewer_payables(bench: Bench) -> None:
    desk = _Desk(bench)
    desk.approve(*_AMOUNTS)
    desk.pages()  # logged in, and whatever else is asked once
    bench.troubles.clear()
    desk.pages()
    for position in range(min(len(bench.troubles.requests), _MOST_REQUESTS)):
        for trouble in _LOST:
            bench.troubles.clear()
            bench.troubles.at(position, trouble)
            try:
                rows = desk.rows()
            except InDoubtError:
                expect(held=False, message="reading is said to be in doubt: mark the request Intent.READ")
            except ConnectorError:
                continue
            expect(len(rows) == len(_AMOUNTS), f"with {trouble} at request {position} payables are missing")


LAWS = (
    every_approved_payable_is_given_once_to_the_last_digit,
    payables_are_text_with_a_place_of_their_own,
    what_is_not_approved_is_not_given,
    payables_of_other_months_and_components_are_not_given,
    a_payable_to_nobody_known_is_rejected_never_passed_over,
    the_same_payables_come_in_the_same_order,
    reading_payables_changes_nothing,
    a_lost_page_is_an_error_never_fewer_payables,
)
