"""What became of messages: by the record of the other side where there is one, else by a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest

from baton.contracts import DeliveryRecord, Finding, Notifier, Rate
from baton.engine.handovers import NoticeAbility
from baton.model.account import AccountRef, Outcome, Receipt
from baton.model.handover import Message
from tests.rig.targets import NoClient, NoSettings

MESSAGE = Message("a" * 64, AccountRef("0001"), "", "subject", "text")
LATE = Receipt.refused(DeliveryRecord.NO_REPORT, "nobody has told")
FAILED = Receipt.refused("carrier_x", "it was not delivered")


class Silent(Notifier):
    title: ClassVar[str] = "A notifier that knows nothing afterwards"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1)
    message_limit: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]

    def check(self) -> Sequence[Finding]:
        return []

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        raise AssertionError("asking sends nothing")


class Recording(Silent, DeliveryRecord):
    told = Receipt.done()

    def deliveries(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        return [self.told for _ in messages]


@pytest.mark.parametrize(
    ("told", "in_doubt", "accepted"),
    [
        (Receipt.done(None, delivered_at="then"), Outcome.DONE, Outcome.DONE),
        (FAILED, Outcome.REFUSED, Outcome.REFUSED),
        (Receipt.accepted(), Outcome.ACCEPTED, Outcome.ACCEPTED),
        (Receipt.in_doubt("not_recorded", "nothing there"), Outcome.IN_DOUBT, Outcome.ACCEPTED),
        (Receipt.not_performed("x", "y"), Outcome.IN_DOUBT, Outcome.ACCEPTED),
        (LATE, Outcome.IN_DOUBT, Outcome.REFUSED),
    ],
)
def test_a_record_settles_what_it_shows_and_silence_proves_nothing(
    told: Receipt, in_doubt: Outcome, accepted: Outcome
) -> None:
    target = Recording()
    target.told = told
    ability = NoticeAbility(target)
    (looked,), (heard,) = ability.look_up([MESSAGE]), ability.results([MESSAGE])
    assert (looked.outcome, heard.outcome) == (in_doubt, accepted)
    assert looked.code == ("blind" if in_doubt is Outcome.IN_DOUBT else told.code)


def test_without_a_record_a_person_decides() -> None:
    ability = NoticeAbility(Silent())
    assert [each.code for each in ability.look_up([MESSAGE])] == ["blind"]
    assert [each.outcome for each in ability.results([MESSAGE])] == [Outcome.REFUSED]
    assert ability.blind
