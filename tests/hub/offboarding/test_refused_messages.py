"""A message that was refused on its way was heard by nobody: it is said again, whatever it was about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest

from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import Receipt
from baton.model.handover import Activity, ActivityKind, HoldingKind, Message
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import LEAVER, MANAGER, Desk
from tests.rig.belongings import RecordingTarget
from tests.rig.company import row

Make = Callable[..., Desk]
HOUR, DAY = 3600, 86_400


class Mail(RecordingTarget):
    """Refuses every message while the mailboxes are full."""

    full: ClassVar[bool] = False

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        if self.full:
            return [Receipt.refused("mailbox_full", "552 mailbox full") for _ in messages]
        return super().notify(messages)


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    return lambda full: monkeypatch.setattr(Mail, "full", full)


def office(desk: Make) -> Desk:
    return desk(Mail, offboarding=OffboardingPart(notifiers=("crm",)))


def heard(d: Desk, person: str, word: str) -> int:
    return sum(to == person and word in subject for to, subject, _ in d.things.outbox)


def test_an_alert_whose_message_was_refused_is_told_a_day_later_and_once(
    desk: Make, mail: Callable[[bool], None]
) -> None:
    d = office(desk)
    d.open(last_working_at=d.hub.clock.now() + timedelta(days=60))
    d.tick()
    mail(True)
    exported = Activity("exp-1", ActivityKind.EXPORT, d.hub.clock.now(), d.id_of(LEAVER), title="all", count=20_000)
    d.things.activities.append(exported)
    d.company.clock.sleep(HOUR)
    assert d.tick().alerts == 1
    mail(False)
    d.company.clock.sleep(HOUR)
    assert (d.tick().told, heard(d, MANAGER, "警报")) == (0, 0), "not every hour: the mailbox may be full for long"
    for _ in range(3):
        d.company.clock.sleep(DAY)
        d.tick()
    assert heard(d, MANAGER, "警报") == 1


def test_a_leaver_whose_greeting_was_refused_is_greeted_a_day_later(desk: Make, mail: Callable[[bool], None]) -> None:
    d = office(desk)
    mail(True)
    d.company.rows[1] = row(LEAVER, department="销售部", manager=MANAGER, status="notice", last_day="2026-12-30")
    plan_sync(d.hub, SyncRequest())
    d.tick()
    mail(False)
    for _ in range(3):
        d.company.clock.sleep(DAY)
        d.tick()
    assert len([to for to, _, _ in d.things.outbox if to == LEAVER]) == 1


def test_what_is_in_the_way_is_told_by_the_next_look_where_it_was_refused(
    desk: Make, mail: Callable[[bool], None]
) -> None:
    d = office(desk)
    d.plant(HoldingKind.GROUP, 1)
    d.open(last_working_at=d.hub.clock.now() + timedelta(days=9))
    mail(True)
    d.tick()
    mail(False)
    for hours in (23, 23):
        d.company.clock.sleep(hours * HOUR)
        assert d.tick().ahead == 1
        assert heard(d, MANAGER, "before the last day") == 1
