"""Reminders by text message: to the number HR has at that moment, once, and with what the carrier says of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from baton.hub.sync import SyncRequest, plan_sync
from baton.model.effect import Effect, EffectState
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from baton.store.messages import messages, told_of
from baton.store.tables import effects
from connectors.sms.aliyun.simulator import Simulator
from tests.hub.offboarding.conftest import LEAVER, MANAGER, NEXT_YEAR, Desk
from tests.rig.belongings import TalkingTarget
from tests.rig.texting import SMS, add_texts

# What is asked here is the same on every database; how receipts are kept is tried on both with the evidence of recoveries.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Desk]
OLD, NEW = "13900000001", "13900000009"


def texted(desk: Make, mobile: str = OLD) -> tuple[Desk, Simulator]:
    """A case in which the manager has to name somebody, and can be reached by text message, then in the CRM."""
    d = desk(TalkingTarget, offboarding=OffboardingPart(address="https://hub.example.com/baton"))
    vendor = add_texts(d.hub, "crm")
    moved(d, mobile)
    d.plant(HoldingKind.CLIENT, 1)
    d.open(last_working_at=NEXT_YEAR)
    return d, vendor


def moved(d: Desk, mobile: str) -> None:
    """HR tells another mobile number of the manager."""
    d.company.rows[0]["mobile"] = mobile
    plan_sync(d.hub, SyncRequest())


def told(d: Desk) -> list[Effect]:
    with d.hub.database.read() as connection:
        return sorted(d.hub.effects.read(connection, messages()), key=lambda effect: effect.id)


def evidence(d: Desk, effect: Effect) -> dict[str, str]:
    with d.hub.database.read() as connection:
        return dict(told_of(connection, [effect.key])[effect.key])


def test_a_reminder_is_taken_over_and_later_delivered(desk: Make) -> None:
    d, vendor = texted(desk)
    d.tick()
    ((phone, _, text),) = vendor.outbox
    assert phone == OLD
    assert "1 项离职交接" in text
    assert LEAVER not in text
    assert "hub.example.com" not in text, "a personal link is longer than a variable of the template"
    (effect,) = told(d)
    assert (effect.system, effect.state) == (SMS, EffectState.ACCEPTED)
    assert OLD not in f"{effect.fields}", "the number is kept with no message"
    vendor.settle()
    d.company.clock.advance(timedelta(hours=1))
    d.tick()
    (effect,) = told(d)
    assert effect.state is EffectState.DONE
    assert set(evidence(d, effect)) == {"biz_id", "carrier_code", "delivered_at"}
    assert len(vendor.outbox) == 1
    assert d.things.outbox == []


def test_the_number_is_the_one_hr_has_when_it_is_sent(desk: Make) -> None:
    d, vendor = texted(desk)
    with d.hub.database.write() as connection:
        d.hub.runs.engage(connection, f"system:{SMS}", "ops", "a test")
    d.tick()
    assert [effect.state for effect in told(d)] == [EffectState.PLANNED]
    moved(d, NEW)
    with d.hub.database.write() as connection:
        d.hub.runs.disengage(connection, f"system:{SMS}", "ops", "mended")
    d.tick()
    assert [phone for phone, _, _ in vendor.outbox] == [NEW]


def test_what_the_carrier_refuses_is_said_and_the_next_reminder_is_sent(desk: Make) -> None:
    d, vendor = texted(desk)
    d.tick()
    vendor.refuse(OLD)
    d.company.clock.advance(timedelta(hours=1))
    d.tick()
    (effect,) = told(d)
    assert (effect.state, effect.code) == (EffectState.REFUSED, "carrier_MK:0001")
    assert effect.remedy
    d.company.clock.advance(timedelta(hours=24))
    d.tick()
    assert len(vendor.outbox) == 2


def test_a_report_that_never_comes_ends_the_wait_of_the_next_reminder(desk: Make) -> None:
    d, vendor = texted(desk)
    d.tick()
    for _ in range(4):
        d.company.clock.advance(timedelta(hours=20))
        d.tick()
    first, dropped, last = told(d)
    assert (first.state, first.code) == (EffectState.REFUSED, "no_report")
    assert (dropped.state, dropped.code) == (EffectState.SUPERSEDED, "said_anew")
    assert last.state is EffectState.ACCEPTED
    assert len(vendor.outbox) == 2, "not one for every reminder that had to wait"


def test_a_lost_answer_is_found_on_the_record_and_nobody_is_told_twice(desk: Make) -> None:
    d, vendor = texted(desk)

    def lose(request: httpx.Request) -> httpx.Response:
        answer = vendor.handle(request)
        if request.headers["x-acs-action"] == "SendSms":
            raise httpx.ReadError("reset")
        return answer

    d.hub._transports[SMS] = httpx.MockTransport(lose)
    vendor.recording = False
    d.tick()
    assert [(effect.state, effect.code) for effect in told(d)] == [(EffectState.IN_DOUBT, "blind")]
    vendor.recording = True
    vendor.settle()
    d.company.clock.advance(timedelta(hours=2))
    d.tick()
    assert [effect.state for effect in told(d)] == [EffectState.DONE]
    assert len(vendor.outbox) == 1


def test_a_record_that_lags_behind_is_no_doubt(desk: Make) -> None:
    d, vendor = texted(desk)
    vendor.recording = False
    d.tick()
    d.company.clock.advance(timedelta(hours=1))
    d.tick()
    (effect,) = told(d)
    assert (effect.state, set(evidence(d, effect))) == (EffectState.ACCEPTED, {"biz_id"})


def test_whoever_has_no_mobile_number_is_reached_by_the_next_notifier(desk: Make) -> None:
    d, vendor = texted(desk, mobile="")
    d.tick()
    assert vendor.outbox == []
    assert [to for to, _, _ in d.things.outbox] == [MANAGER]


def test_a_number_that_hr_has_taken_back_is_a_refusal_and_no_call(desk: Make) -> None:
    d, vendor = texted(desk)
    with d.hub.database.write() as connection:
        d.hub.runs.engage(connection, f"system:{SMS}", "ops", "a test")
    d.tick()
    moved(d, "")
    with d.hub.database.write() as connection:
        d.hub.runs.disengage(connection, f"system:{SMS}", "ops", "mended")
    d.tick()
    with d.hub.database.read() as connection:
        rows = connection.execute(sa.select(effects.c.state, effects.c.code).where(effects.c.system == SMS)).all()
    assert [tuple(row) for row in rows] == [("refused", "no_address")]
    assert vendor.requests == 0
