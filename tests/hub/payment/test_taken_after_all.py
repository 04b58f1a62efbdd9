"""What a bank has refused and then takes, by its own clock, is paid by no next attempt until it says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.answering import Taken
from baton.hub.payment.reissuing import reissue_run
from baton.jobs.payment.checks.findings import LineVerdict
from baton.model.pay_run import LineState
from baton.store.bank_answers import BankEvent, BankFile
from tests.hub.payment.office import PAY_DAY, Office
from tests.hub.payment.test_answers import references, say
from tests.hub.payment.test_told_of import BOTH
from tests.hub.payment.test_withheld import LATER
from tests.rig.bank_papers import report
from tests.rig.payroll import BANK, MAKER


def told(office: Office, run_id: str, state: str, hour: int, *numbers: str, reason: str = "") -> Taken:
    """An answer of the bank at an hour of its day: about these payments, or about the whole file."""
    known = references(office, run_id)
    lines = {known[number]: (state, reason) for number in numbers}
    said = report(_first(office), "PART" if lines else state, lines)
    return say(office, AnswerKind.REPORT, said.replace(b"2026-11-30T10:00:00", f"2026-11-30T{hour}:00:00".encode()))


def _first(office: Office) -> bytes:
    return next(iter(office.bank.contents.values()))


@pytest.fixture
def sent(office: Office) -> str:
    """A run that is at the bank."""
    return office.delivered(BOTH)


def again(office: Office, run_id: str) -> str:
    """A run of the next attempts, released."""
    run = reissue_run(office.hub, run_id, MAKER, PAY_DAY).run.run_id
    office.check(run)
    office.build(run)
    office.sign(run)
    office.release(run)
    return run


def test_a_refusal_that_is_taken_back_keeps_the_next_attempt_here_and_is_told(office: Office, sent: str) -> None:
    told(office, sent, "RJCT", 10, *BOTH, reason="AM04")
    run = again(office, sent)
    taken = told(office, sent, "ACSP", 12, *BOTH)
    names = sorted(references(office, sent).values())
    assert taken.alarms == [f"taken_after_all {name}" for name in names]
    assert set(office.states(sent).values()) == {LineState.REJECTED}
    report_of = office.deliver()
    assert (report_of.needs_person, "may have paid" in report_of.halted, len(office.bank.files)) == (True, True, 1)
    assert f"baton pay withdraw {run}" in report_of.halted
    assert told(office, sent, "PDNG", 13, *BOTH).alarms == [], "it is told once"
    told(office, sent, "RJCT", 14, *BOTH, reason="AM04")
    office.company.clock.advance(LATER)
    assert (office.deliver().halted, len(office.bank.files)) == ("", 2)


def test_the_answers_count_by_the_banks_clock_and_not_as_they_come(office: Office, sent: str) -> None:
    told(office, sent, "ACSP", 9, *BOTH)
    assert told(office, sent, "RJCT", 10, *BOTH, reason="AM04").alarms == []
    assert told(office, sent, "ACSP", 9, *BOTH).alarms == []
    again(office, sent)
    assert (office.deliver().halted, len(office.bank.files)) == ("", 2)


def test_a_refusal_that_comes_after_what_took_it_back_is_told_as_well(office: Office, sent: str) -> None:
    told(office, sent, "ACSP", 12, *BOTH)
    taken = told(office, sent, "RJCT", 10, "0001", reason="AM04")
    assert taken.alarms == [f"taken_after_all {references(office, sent)['0001']}"]


def test_such_a_payment_is_drafted_again_only_once_the_bank_has_refused_it_anew(office: Office, sent: str) -> None:
    told(office, sent, "RJCT", 10, *BOTH, reason="AM04")
    told(office, sent, "ACSP", 12, "0001")
    reissued = reissue_run(office.hub, sent, MAKER, PAY_DAY)
    assert [(line.payable.key.number, why) for line, why in reissued.refused] == [("0001", "disputed")]
    assert [line.payable.key.number for line in reissued.lines] == ["0004"]
    with pytest.raises(ApprovalError, match="disputed") as caught:
        reissue_run(office.hub, sent, MAKER, PAY_DAY)
    assert "ask it which of them holds" in caught.value.remedy
    told(office, sent, "RJCT", 14, "0001", reason="AM04")
    assert [line.payable.key.number for line in reissue_run(office.hub, sent, MAKER, PAY_DAY).lines] == ["0001"]


def test_one_that_is_drafted_already_is_left_out_by_the_check(office: Office, sent: str) -> None:
    told(office, sent, "RJCT", 10, *BOTH, reason="AM04")
    run = reissue_run(office.hub, sent, MAKER, PAY_DAY).run.run_id
    told(office, sent, "ACSP", 12, "0001")
    verdicts = {line.key.number: (line.state, line.reasons) for line in office.check(run).cleared.lines}
    assert verdicts["0001"] == (LineVerdict.LEFT_OUT, ("attempt_unproven",))
    assert verdicts["0004"][0] is LineVerdict.PAYABLE


@pytest.mark.parametrize(("later", "kept"), [("ACSP", True), ("PART", False), ("RJCT", False), ("RCVD", False)])
def test_what_was_refused_as_a_whole_file_is_taken_as_one(office: Office, sent: str, later: str, kept: bool) -> None:
    told(office, sent, "RJCT", 10)
    again(office, sent)
    assert len(told(office, sent, later, 12).alarms) == (2 if kept else 0)
    assert bool(office.deliver().halted) is kept


def test_a_word_about_the_whole_file_is_no_news_of_a_payment_that_was_refused_by_itself(
    office: Office, sent: str
) -> None:
    told(office, sent, "RJCT", 10, "0001", reason="AM04")
    assert told(office, sent, "ACCP", 12).alarms == []
    again(office, sent)
    assert (office.deliver().halted, len(office.bank.files)) == ("", 2)


def test_that_the_bank_has_it_already_does_not_take_back_that_it_has_taken_it(office: Office, sent: str) -> None:
    told(office, sent, "RJCT", 10, *BOTH, reason="AM04")
    again(office, sent)
    told(office, sent, "ACSP", 12, *BOTH)
    told(office, sent, "RJCT", 14, *BOTH, reason="AM05")
    assert ("may have paid" in office.deliver().halted, len(office.bank.files)) == (True, 1)


def test_that_the_bank_has_it_already_is_news_of_what_it_has_refused_otherwise(office: Office, sent: str) -> None:
    told(office, sent, "RJCT", 10, *BOTH, reason="AM04")
    again(office, sent)
    names = sorted(references(office, sent).values())
    assert told(office, sent, "RJCT", 12, *BOTH, reason="AM05").alarms == [f"taken_after_all {name}" for name in names]
    assert ("may have paid" in office.deliver().halted, len(office.bank.files)) == (True, 1)
    told(office, sent, "RJCT", 14, *BOTH, reason="AM04")
    office.company.clock.advance(LATER)
    assert (office.deliver().halted, len(office.bank.files)) == ("", 2)


def test_a_refusal_in_words_that_nobody_has_read_takes_back_no_acceptance(office: Office, sent: str) -> None:
    told(office, sent, "RJCT", 10, *BOTH, reason="AM04")
    again(office, sent)
    told(office, sent, "ACSP", 12, *BOTH)
    with office.hub.database.write() as connection:
        known = references(office, sent)
        at = datetime(2026, 11, 30, 14, tzinfo=UTC)
        said = [
            BankEvent(BANK, "words", place, "", known[number], "line", "rejected", "", at, {"raw": "系统异常"})
            for place, number in enumerate(BOTH, start=1)
        ]
        office.hub.bank_answers.take(connection, BankFile(BANK, "words", "report", "00", at), said)
    assert ("may have paid" in office.deliver().halted, len(office.bank.files)) == (True, 1)
