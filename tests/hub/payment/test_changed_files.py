"""A bank's file that is another one by now than it was under its name is told, and moves nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import RetryableError
from baton.hub.payment.answering import take_answers
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, booked, say
from tests.rig.bank_papers import statement
from tests.rig.payroll import ACCOUNT, BANK, FakeChannel


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the bank's list tells of each file."""
    marks: dict[str, str] = {}
    monkeypatch.setattr(FakeChannel, "marks", lambda _: dict(marks))
    return marks


@pytest.fixture
def paid(office: Office) -> str:
    """A run that has been delivered."""
    return office.delivered(TWO)


def test_a_file_that_was_changed_at_the_bank_is_told_until_it_is_the_one_that_was_read(
    office: Office, paid: str, told: dict[str, str]
) -> None:
    first = statement(ACCOUNT, booked(office, "0001"))
    told["S1"] = "a"
    assert say(office, AnswerKind.STATEMENT, first, "S1").files == 1
    told["S1"] = "b"
    office.bank.answers[:] = [AnswerFile("S1", AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0002")))]
    for _ in range(2):
        taken = take_answers(office.hub, BANK)
        assert (taken.files, list(taken.refused), taken.moved) == (0, ["S1"], {})
        assert "[changed_file]" in taken.refused["S1"]
    assert office.states(paid) == {"0001": LineState.PAID, "0002": LineState.RELEASED}
    office.bank.answers[:] = [AnswerFile("S1", AnswerKind.STATEMENT, first)]
    assert take_answers(office.hub, BANK).refused == {}


def test_the_same_file_in_another_envelope_is_read_once_more_only(
    office: Office, paid: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told["S1"] = "a"
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001", "0002")), "S1")
    told["S1"] = "b"
    taken = take_answers(office.hub, BANK)
    assert (taken.files, taken.refused, taken.alarms) == (0, {}, [])
    asked: list[set[str]] = []
    monkeypatch.setattr(FakeChannel, "answers", lambda _, known: asked.append(set(known)) or iter(()))
    take_answers(office.hub, BANK)
    assert asked == [{"S1"}]


def test_a_bank_that_cannot_list_its_files_tells_so_where_they_are_read(
    office: Office, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: FakeChannel) -> Mapping[str, str]:
        raise RetryableError("the line is down")

    monkeypatch.setattr(FakeChannel, "marks", down)
    assert say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001"))).files == 1
