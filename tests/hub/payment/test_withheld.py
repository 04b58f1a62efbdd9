"""What the last look keeps here: the files of that run alone, told each time, sent once they may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerKind, PaymentFile
from baton.errors import RetryableError
from baton.hub.payment.delivering import file_path
from baton.hub.payment.withdrawing import withdraw
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.model.people import EmploymentStatus
from baton.store import deliveries
from baton.store.queue import WORN_AFTER
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import references, say
from tests.payment.steps import effect_states
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, TREASURY, FakeChannel

LATER = timedelta(hours=2)
AWAY = {"status": EmploymentStatus.DEPARTED, "last_working_day": PAY_DAY.replace(month=9)}


def two_released(office: Office) -> tuple[str, str]:
    """A run of 0001 and 0004, and behind it one of 0002 and 0003; neither is delivered yet."""
    office.hire("0001", "0002", "0003", "0004")
    first = office.signed({"0001": "8000.00", "0004": "7000.00"})
    second = office.signed({"0002": "9000.00", "0003": "9100.00"})
    office.release(first)
    office.release(second)
    return first, second


def spoken_of(office: Office, run_id: str, number: str = "0001", amount: str = "8000.00") -> None:
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, [(references(office, run_id)[number], amount, "DBIT")]))


@pytest.mark.parametrize(
    ("spoken", "why"), [(True, "the bank speaks of the payment"), (False, "left, changed or got another account")]
)
def test_one_run_that_may_not_go_keeps_no_other_here(office: Office, spoken: bool, why: str) -> None:
    first, second = two_released(office)
    if spoken:
        spoken_of(office, first)
    else:
        office.hire("0001", **AWAY)
    began = office.company.clock.monotonic()
    report = office.deliver()
    assert (why in report.halted, report.needs_person, first in report.halted) == (True, True, True)
    assert report.halted.count(why) == 1
    assert effect_states(office, first) == [EffectState.PLANNED]
    assert effect_states(office, second) == [EffectState.ACCEPTED]
    assert {each.decode() for each in office.bank.seen} == set(references(office, second).values())
    assert office.company.clock.monotonic() - began < 1, "nobody waits here for what a person has to do"
    office.company.clock.advance(LATER)
    assert why in office.deliver().halted, "it is told again"
    assert len(office.bank.files) == 1


def test_what_may_stand_again_goes_out_however_often_it_was_looked_at(office: Office) -> None:
    first, _ = two_released(office)
    office.hire("0001", **AWAY)
    for _ in range(50):
        office.deliver()
        office.company.clock.advance(LATER)
    assert effect_states(office, first) == [EffectState.PLANNED], "what was never sent is not given up for its tries"
    office.hire("0001")
    assert office.deliver().halted == ""
    assert effect_states(office, first) == [EffectState.ACCEPTED]
    assert len(office.bank.seen) == len(set(office.bank.seen)) == 4


def test_whoever_is_kept_here_can_be_taken_back_and_paid_by_another_run(office: Office) -> None:
    first, _ = two_released(office)
    office.hire("0001", **AWAY)
    office.deliver()
    assert withdraw(office.hub, first, TREASURY, "somebody has left").lines == 2
    assert set(office.states(first).values()) == {LineState.DRAFT}


def test_it_is_told_each_time_also_where_it_is_not_yet_looked_at_again(office: Office) -> None:
    first, _ = two_released(office)
    office.hire("0001", **AWAY)
    for _ in range(12):
        report = office.deliver()
        assert report.halted.count("left, changed or got another account") == 1
        assert (report.needs_person, f"baton pay withdraw {first}" in report.halted) == (True, True)
        office.company.clock.advance(timedelta(minutes=15))
    withdraw(office.hub, first, TREASURY, "somebody has left")
    assert office.deliver().halted == ""


def test_a_file_that_is_not_what_was_signed_for_keeps_no_other_here(office: Office) -> None:
    first, second = two_released(office)
    with office.hub.database.read() as connection:
        (file,) = office.hub.pay_runs.files(connection, first)
    file_path(office.hub, file.name, file.sealed_digest).unlink()
    report = office.deliver()
    assert ("is not the one that was signed for" in report.halted, report.needs_person) == (True, True)
    assert f"baton pay withdraw {first}" in report.halted
    assert effect_states(office, first) == [EffectState.PLANNED]
    assert effect_states(office, second) == [EffectState.ACCEPTED]
    withdraw(office.hub, first, TREASURY, "its file is gone")
    assert set(office.states(first).values()) == {LineState.DRAFT}


def test_a_file_that_fails_alone_comes_after_the_others_once_it_has_been_tried_often(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_released(office)
    with office.hub.database.read() as connection:
        (bad,) = office.hub.pay_runs.files(connection, first)
    honest = FakeChannel.submit

    def submit(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        if bad.message_id in {file.message_id for file in files}:
            raise RetryableError("the upload broke off", code="broken_off")
        return honest(channel, files)

    monkeypatch.setattr(FakeChannel, "submit", submit)
    for _ in range(WORN_AFTER + 2):
        assert "the upload broke off" in office.deliver().halted
        office.company.clock.advance(LATER)
    assert effect_states(office, first) == [EffectState.PLANNED]
    assert effect_states(office, second) == [EffectState.ACCEPTED]


def test_a_file_that_was_tried_and_is_then_kept_here_counts_as_tried(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two_released(office)

    def submit(_: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        office.hire("0001", **AWAY)
        raise RetryableError("the upload broke off", code="broken_off")

    monkeypatch.setattr(FakeChannel, "submit", submit)
    assert "left, changed or got another account" in office.deliver().halted
    with office.hub.database.read() as connection:
        keys = [file.effect_key for file in office.hub.pay_runs.files(connection, first)]
        assert deliveries.never_sent(connection, keys) == set()
    assert effect_states(office, first) == [EffectState.PLANNED]
