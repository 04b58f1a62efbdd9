"""A finished payment file stays as long as it may still be delivered, however short a time they are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baton.contracts.payments import AnswerKind
from baton.hub.keeping import retention
from baton.hub.payment.signing import cancel
from baton.settings_shape import RetentionPart
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import content, say
from tests.rig.bank_papers import report
from tests.rig.payroll import TREASURY

TWO = {"0001": "8000.00", "0002": "12,345.67"}


@pytest.fixture
def brief(office: Office) -> Office:
    """An office that keeps payments for no year at all."""
    office.hub.settings = replace(office.hub.settings, retention=RetentionPart(payments_years=0))
    return office


def due(office: Office) -> list[str]:
    return [each.kind for each in retention.due(office.hub)]


def test_a_file_is_due_no_earlier_than_what_became_of_it_is_known(brief: Office) -> None:
    brief.hire(*TWO)
    run_id = brief.signed(TWO)
    assert due(brief) == [], "it waits for its release"
    brief.release(run_id)
    assert due(brief) == [], "it waits for its delivery"
    brief.deliver()
    assert due(brief) == [], "the bank has not answered"
    say(brief, AnswerKind.REPORT, report(content(brief)))
    brief.deliver()  # hears of it
    assert due(brief) == ["payments"]
    retention.carry_out(brief.hub, retention.due(brief.hub))
    assert due(brief) == []


def test_a_file_that_is_never_sent_leaves_nothing_behind(brief: Office) -> None:
    brief.hire(*TWO)
    cancel(brief.hub, brief.signed(TWO), TREASURY, "not this month")
    assert due(brief) == []
    assert list((brief.company.folder / "state/payments").iterdir()) == []
