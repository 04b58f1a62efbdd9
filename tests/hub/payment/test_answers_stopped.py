"""That nobody reads a bank's answers any more is told: a bank may have refused what everybody believes to be paid."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

import pytest

from baton.contracts.payments import AnswerFile
from baton.errors import RetryableError
from baton.hub.payment.answering import take_answers
from baton.hub.vitals.document import health_document
from tests.hub.payment.office import Office
from tests.rig.payroll import BANK, FakeChannel


def age(office: Office) -> float | None:
    found: float | None = health_document(office.hub)["systems"][BANK].get("answers_age_s")
    return found


def told(office: Office) -> list[str]:
    return [each["about"] for each in health_document(office.hub)["broken"] if each["rule"] == "answers_silent"]


def later(office: Office, hours: float) -> None:
    office.company.clock.advance(timedelta(hours=hours))


def test_a_bank_that_nothing_was_paid_through_is_not_waited_for(office: Office) -> None:
    later(office, 24 * 30)
    assert (age(office), told(office)) == (None, [])


def test_a_bank_whose_answers_were_never_read_is_told_from_its_first_run_on(office: Office) -> None:
    office.delivered({"0001": "8000.00"})
    later(office, 3)
    assert told(office) == []
    later(office, 2)
    assert told(office) == [BANK]
    take_answers(office.hub, BANK)
    assert (age(office), told(office)) == (0, [])


def test_a_bank_that_cannot_be_read_to_the_end_has_not_been_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_answers(office.hub, BANK)

    def down(self: FakeChannel, known: Collection[str]) -> Iterator[AnswerFile]:
        raise RetryableError("the line is down", code="down", remedy="later")
        yield

    monkeypatch.setattr(FakeChannel, "answers", down)
    later(office, 5)
    assert take_answers(office.hub, BANK).halted is not None
    assert told(office) == [BANK]
