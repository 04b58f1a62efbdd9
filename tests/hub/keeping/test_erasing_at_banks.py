"""What a bank told of somebody on bookings that name no line of theirs is blanked with the rest of their payments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from baton.hub.keeping import retention, subject_access
from baton.hub.payment.bookings import ENTRY, HEAD, entry_event
from baton.model.bank_answers import Direction, Reason, ReasonKind, StatementEntry
from baton.model.pay_run import LineState
from baton.store.bank_answers import BankFile
from baton.store.pay_runs import LineChange
from tests.hub.keeping.conftest import OPERATOR, World
from tests.hub.keeping.leaver import LEAVER, erase, lived
from tests.rig.company import row

Make = Callable[..., World]
THEIRS, OTHERS = "测试0001", "测试甲"


@pytest.mark.parametrize(
    ("counterparty", "references", "left"),
    [
        (THEIRS, (), ""),
        ("测试000", (), ""),  # banks cut names
        (OTHERS, (), OTHERS),
        ("测", (), "测"),  # cut so short it may be anybody
        (OTHERS, ("theirs", "another"), ""),  # a booking that names several lines is kept with none
    ],
)
def test_a_booking_without_a_line_is_blanked_where_it_shows_them(
    world: Make, counterparty: str, references: tuple[str, ...], left: str
) -> None:
    it = world()
    it.office.hire("0001")
    run = it.office.draft({"0001": "5000.00"}).run.run_id
    (line,) = it.office.lines(run)
    at = it.hub.clock.now()
    named = tuple(line.reference if each == "theirs" else each for each in references)
    returned = Reason("AC04", ReasonKind.DEAD_ACCOUNT, f"the account of {counterparty} is closed")
    entry = StatementEntry(
        "E1", Direction.CREDIT, 500_000, "CNY", at.date(), named, returned=returned, counterparty=counterparty
    )
    with it.hub.database.write() as connection:
        it.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
        file = BankFile("bank", "statement-1", "statement", "0" * 64, at)
        it.hub.bank_answers.take(connection, file, [entry_event("bank", "statement-1", 1, entry, "", at)])
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)
    erase(it)
    it.company.clock.advance(timedelta(days=3700))
    retention.carry_out(it.hub, retention.due(it.hub))
    with it.hub.database.read() as connection:
        (kept,) = it.hub.bank_answers.bookings(connection, "bank", (HEAD, ENTRY))
    assert kept.facts["counterparty"] == left
    assert (kept.facts["returned"][2] == "") is (left == "")
    assert kept.facts["amount_minor"] == 500_000


def booked(it: World, counterparty: str, amount_minor: int, *references: str) -> None:
    """A booking of these references as it is read now."""
    at = it.hub.clock.now()
    returned = Reason("AC04", ReasonKind.DEAD_ACCOUNT, f"the account of {counterparty} is closed")
    entry = StatementEntry(
        "E1", Direction.CREDIT, amount_minor, "CNY", at.date(), references, returned=returned, counterparty=counterparty
    )
    with it.hub.database.write() as connection:
        file = BankFile("bank", "statement-1", "statement", "0" * 64, at)
        it.hub.bank_answers.take(connection, file, [entry_event("bank", "statement-1", 1, entry, "", at)])


def paid(it: World) -> str:
    """The reference of a line of theirs that is paid."""
    it.office.hire("0001")
    run = it.office.draft({"0001": "5000.00"}).run.run_id
    (line,) = it.office.lines(run)
    with it.hub.database.write() as connection:
        it.hub.pay_runs.move_lines(connection, [LineChange(line, LineState.PAID)])
    return line.reference


@pytest.mark.parametrize(("again", "left"), [(False, ""), (True, THEIRS)])
def test_a_booking_that_is_read_after_the_erasure_is_blanked_but_not_who_is_paid_again(
    world: Make, again: bool, left: str
) -> None:
    it = world()
    paid(it)
    it.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    lived(it)
    erase(it)
    it.company.clock.advance(timedelta(days=1))
    if again:
        it.office.hire("0001")
        it.office.draft({"0001": "7000.00"}, period="2026-12")
    booked(it, THEIRS, 500_000)
    it.company.clock.advance(timedelta(days=3700))
    retention.carry_out(it.hub, retention.due(it.hub))
    with it.hub.database.read() as connection:
        (kept,) = it.hub.bank_answers.bookings(connection, "bank", (HEAD, ENTRY))
    assert kept.facts["counterparty"] == left


@pytest.mark.parametrize(
    ("counterparty", "amount_minor", "references", "told"),
    [
        (THEIRS, 500_000, (), [()]),
        (THEIRS, 700_000, (), []),  # a namesake's
        (OTHERS, 500_000, (), []),
        (OTHERS, 900_000, ("theirs", "another"), [("theirs",)]),
    ],
)
def test_the_copy_tells_a_booking_without_a_line_that_shows_them(
    world: Make, counterparty: str, amount_minor: int, references: tuple[str, ...], told: list[tuple[str, ...]]
) -> None:
    it = world()
    reference = paid(it)
    booked(it, counterparty, amount_minor, *(reference if each == "theirs" else each for each in references))
    answers = subject_access.answer(it.hub, "0001", OPERATOR).sections["bank_answers"]
    wanted = [[reference for _ in each] for each in told]
    assert [each["references"] for each in answers] == wanted
    assert OTHERS not in str(answers)
