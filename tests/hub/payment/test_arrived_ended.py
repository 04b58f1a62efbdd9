"""When a file that has arrived after all holds the next one no more: refused, or all of its money back, and no less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from baton.contracts.payments import AnswerKind
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.payment.checks.findings import LineVerdict
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import references, say
from tests.hub.payment.test_arrived import (
    LATER_ON,
    TEN,
    each_line,
    group,
    held,
    in_one,
    late,  # noqa: F401 - a fixture
    paid,
    released,
    taken_upon,
)
from tests.hub.payment.test_returned_in_one import notified
from tests.hub.payment.test_told_of import BOTH, WHY, booked
from tests.hub.payment.test_withheld import LATER
from tests.rig.bank_papers import message_id, report
from tests.rig.payroll import TREASURY

_ALREADY = b"</GrpSts><StsRsnInf><Rsn><Cd>DU03</Cd></Rsn></StsRsnInf>"


def pending(said: bytes) -> bytes:
    """Bookings that are not made yet."""
    return said.replace(b"<Cd>BOOK</Cd>", b"<Cd>PDNG</Cd>")


def bounced(office: Office, plain: bytes, **how: Any) -> None:
    in_one(office, plain, "CRDT", amount="8000.00", number=2, **how)


def bounced_before_the_debit(office: Office, plain: bytes) -> None:
    group(office, "", plain)
    bounced(office, plain, form=notified)


def bounced_and_nothing_else_told(office: Office, plain: bytes) -> None:
    bounced(office, plain, form=notified)


def bounced_by_notification_and_statement(office: Office, plain: bytes) -> None:
    in_one(office, plain, "DBIT")
    bounced(office, plain, form=notified)
    bounced(office, plain)


def bounced_under_two_names(office: Office, plain: bytes) -> None:
    in_one(office, plain, "DBIT")
    bounced(office, plain, form=notified, tag="EndToEndId")
    bounced(office, plain)


def bounced_by_the_statement_and_debited_by_notification(office: Office, plain: bytes) -> None:
    in_one(office, plain, "DBIT", form=notified)
    bounced(office, plain)


def coming_back(office: Office, plain: bytes) -> None:
    in_one(office, plain, "DBIT")
    in_one(office, plain, "CRDT", number=2, form=pending)


def going_out(office: Office, plain: bytes) -> None:
    in_one(office, plain, "DBIT", form=pending)


@pytest.mark.parametrize(
    "speak",
    [
        bounced_before_the_debit,
        bounced_and_nothing_else_told,
        bounced_by_notification_and_statement,
        bounced_under_two_names,
        bounced_by_the_statement_and_debited_by_notification,
        coming_back,
        going_out,
    ],
)
def test_money_ends_the_hold_only_once_all_of_it_has_come_back(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    speak: Callable[[Office, bytes], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    speak(office, plain)
    assert message_id(plain) in office.deliver().halted
    assert set(paid(office).values()) == {1}
    withdraw(office.hub, run_id, TREASURY, "the first file has arrived")
    held(office, run_id)


def test_what_two_papers_tell_of_the_debit_comes_back_by_one_of_them(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, plain = late
    in_one(office, plain, "DBIT", form=notified)
    in_one(office, plain, "DBIT")
    held(office, run_id)
    in_one(office, plain, "CRDT", number=2)
    released(office, run_id, monkeypatch)
    assert office.deliver().halted == ""


def test_what_comes_back_of_what_a_person_has_said_to_be_unpaid_keeps_no_other_run(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    booked(office, run_id, "0001")
    in_one(office, plain, "DBIT", number=2)
    office.deliver()
    office.company.clock.advance(LATER)
    withdraw(office.hub, run_id, TREASURY, WHY, rest_unpaid=True)
    released(office, office.draft({"0004": BOTH["0004"]}).run.run_id, monkeypatch)
    in_one(office, plain, "CRDT", amount="7000.00", number=3)
    assert office.deliver().halted == ""


@pytest.mark.parametrize("of_lines", [True, False])
def test_that_the_bank_has_it_already_ends_no_hold_and_the_treasury_may(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    *,
    of_lines: bool,
) -> None:
    run_id, plain = late
    lines = dict.fromkeys(references(office, run_id).values(), ("RJCT", "AM05")) if of_lines else None
    said = report(plain, "PART" if of_lines else "RJCT", lines).replace(TEN, LATER_ON)
    released(office, run_id, monkeypatch)
    say(office, AnswerKind.REPORT, said if of_lines else said.replace(b"</GrpSts>", _ALREADY))
    assert message_id(plain) in office.deliver().halted
    assert set(paid(office).values()) == {1}
    withdraw(office.hub, run_id, TREASURY, "the first file has arrived")
    held(office, run_id)
    taken_upon(office, run_id)
    released(office, run_id, monkeypatch)
    assert office.deliver().halted == ""


def refused_as_a_whole(office: Office, plain: bytes) -> None:
    say(office, AnswerKind.REPORT, report(plain, "RJCT").replace(TEN, LATER_ON))


def out_and_back(office: Office, plain: bytes) -> None:
    in_one(office, plain, "DBIT", "CRDT")


@pytest.mark.parametrize("speak", [refused_as_a_whole, out_and_back])
def test_lines_that_it_had_taken_are_paid_once_all_of_it_is_refused_or_back(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    speak: Callable[[Office, bytes], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, plain = late
    each_line(office, run_id, plain)
    assert {line.reasons for line in office.check(run_id).cleared.lines} == {("on_statement", "told_of")}
    speak(office, plain)
    released(office, run_id, monkeypatch)
    assert office.deliver().halted == ""


@pytest.mark.parametrize("speak", [refused_as_a_whole, out_and_back])
def test_what_was_released_by_then_goes_out_as_well(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    speak: Callable[[Office, bytes], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    each_line(office, run_id, plain)
    assert "the bank speaks of the payment" in office.deliver().halted
    office.company.clock.advance(LATER)
    speak(office, plain)
    assert office.deliver().halted == ""


def test_a_part_that_is_back_or_a_duplicate_frees_no_line_that_it_had_taken(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id, plain = late
    released(office, run_id, monkeypatch)
    each_line(office, run_id, plain)
    say(office, AnswerKind.REPORT, report(plain, "RJCT").replace(TEN, LATER_ON).replace(b"</GrpSts>", _ALREADY))
    in_one(office, plain, "DBIT")
    bounced(office, plain)
    assert "the bank speaks of the payment" in office.deliver().halted
    withdraw(office.hub, run_id, TREASURY, "the first file has arrived")
    assert {line.state for line in office.check(run_id).cleared.lines} == {LineVerdict.LEFT_OUT}


def test_a_refusal_that_names_no_file_is_said_of_the_line_in_any(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
) -> None:
    """Nor does one in another file free a line that this one has taken."""
    run_id, plain = late
    each_line(office, run_id, plain)
    told = dict.fromkeys(references(office, run_id).values(), ("RJCT", "AM04"))
    elsewhere = report(plain, "PART", told).replace(TEN, LATER_ON)
    say(office, AnswerKind.REPORT, elsewhere.replace(message_id(plain).encode(), b"A" * 26))
    assert {line.state for line in office.check(run_id).cleared.lines} == {LineVerdict.LEFT_OUT}
    nameless = elsewhere.replace(b"<OrgnlMsgId>" + message_id(plain).encode(), b"<OrgnlMsgId>NOTPROVIDED")
    say(office, AnswerKind.REPORT, nameless)
    assert "on_statement" not in {each for line in office.check(run_id).cleared.lines for each in line.reasons}


def test_one_line_that_is_taken_in_a_file_unknown_here_keeps_no_other_however_often_it_is_checked(
    office: Office,
    late: tuple[str, bytes],  # noqa: F811
) -> None:
    run_id, plain = late
    one = references(office, run_id)["0001"]
    said = report(plain, "PART", {one: ("ACSP", "")}).replace(message_id(plain).encode(), b"A" * 26)
    say(office, AnswerKind.REPORT, said)
    for _ in range(2):
        lines = {line.reference: line for line in office.check(run_id).cleared.lines}
        assert lines[one].state is LineVerdict.LEFT_OUT
        assert lines[one].reasons == ("on_statement",)
    office.build(run_id)
    assert {each.state for reference, each in lines.items() if reference != one} == {LineVerdict.PAYABLE}
