"""What is done to a leaver's clients is seen, told once, and can be stopped by two people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import casework, links, watching
from baton.model.alert import AlertState, Rule
from baton.model.case import Act, Role
from baton.model.handover import Activity, ActivityKind, HoldingKind, HoldingRef
from baton.settings_shape import OffboardingPart
from baton.store.tables import effects
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, Desk
from tests.rig.belongings import PromisingTarget, RecordingTarget, TalkingTarget

Make = Callable[..., Desk]
CLIENT = HoldingKind.CLIENT


class Office:
    """A desk whose system remembers, with one client and an open case."""

    def __init__(self, desk: Make) -> None:
        self.d = desk(RecordingTarget, offboarding=OffboardingPart(notifiers=("crm",)))
        self.client = self.d.plant(CLIENT, 1)
        self.case = self.d.open()
        self.d.tick()
        self.serial = 0

    def did(self, kind: ActivityKind, actor: str, about: HoldingRef | None = None, **more: object) -> None:
        self.serial += 1
        self.d.company.clock.sleep(60)
        at: datetime = self.d.company.clock.now() - timedelta(seconds=1)
        event = Activity(f"e{self.serial}", kind, at, self.d.id_of(actor), about, f"测试事件{self.serial}", **more)  # type: ignore[arg-type]
        self.d.things.activities.append(event)

    def alerts(self) -> list[Rule]:
        with self.d.hub.database.read() as connection:
            return [alert.rule for alert in self.d.hub.alerts.of(connection, self.case.id)]


def test_each_kind_of_remarkable_event_raises_its_alert_once(desk: Make) -> None:
    o = Office(desk)
    o.did(ActivityKind.ORDER, LEAVER, amount=Decimal(100))
    o.did(ActivityKind.ORDER, OTHER, o.client)
    o.did(ActivityKind.ORDER, MANAGER, o.client)  # who is to have the client may act for them
    o.did(ActivityKind.EXPORT, LEAVER, count=500)
    o.did(ActivityKind.EXPORT, LEAVER, count=5)
    o.did(ActivityKind.EXPORT, OTHER, count=5000)
    o.did(ActivityKind.DISCOUNT, OTHER, o.client, before="5", after="15")
    o.did(ActivityKind.DISCOUNT, OTHER, HoldingRef(HoldingKind.QUOTE, "q1"), before="5", after="15", client=o.client)
    o.did(ActivityKind.DISCOUNT, OTHER, o.client, before="5", after="6")
    o.did(ActivityKind.DISCOUNT, OTHER, o.client, before="15", after="5")
    leaver, manager = o.d.id_of(LEAVER), o.d.id_of(MANAGER)
    o.did(ActivityKind.REASSIGNED, OTHER, o.client, before=manager, after=leaver)
    o.did(ActivityKind.REASSIGNED, OTHER, o.client, before=leaver, after=manager)
    assert o.d.tick().alerts == 6
    assert o.d.tick().alerts == 0
    orders = [Rule.ORDER_BY_LEAVER, Rule.ORDER_IN_WINDOW]
    assert o.alerts() == [*orders, Rule.BULK_EXPORT, Rule.DISCOUNT, Rule.DISCOUNT, Rule.REASSIGNED_BACK]
    (told,) = [text for _, subject, text in o.d.things.outbox if "警报" in subject]
    assert told.count("·") == 5
    assert "+1" in told


def test_history_before_the_case_is_for_a_replay_alone_and_other_peoples_clients_are_nobodys_business(
    desk: Make,
) -> None:
    o = Office(desk)
    stranger = o.d.plant(CLIENT, 9, OTHER)
    o.did(ActivityKind.ORDER, OTHER, stranger)
    early = o.d.things.activities[0]
    o.d.things.activities.append(
        Activity("early", ActivityKind.ORDER, o.case.opened_at - timedelta(hours=1), o.d.id_of(LEAVER), o.client)
    )
    assert early.about == stranger
    assert o.d.tick().alerts == 0
    day = timedelta(days=1)
    replayed = watching.replay(o.d.hub, o.case.id, o.case.opened_at - day, o.d.hub.clock.now())
    assert [(alert.rule, alert.event) for alert in replayed.alerts] == [(Rule.ORDER_BY_LEAVER, "crm/early")]
    assert watching.replay(o.d.hub, o.case.id, o.case.opened_at, o.d.hub.clock.now()).alerts == []
    assert watching.replay(o.d.hub, o.case.id, o.case.opened_at - day, o.case.opened_at - day / 2).alerts == []


def test_what_could_not_be_read_is_read_later(desk: Make) -> None:
    o = Office(desk)
    o.did(ActivityKind.ORDER, LEAVER)
    o.d.target().away = True
    assert o.d.tick().alerts == 0
    o.d.target().away = False
    o.d.company.clock.sleep(7200)
    assert o.d.tick().alerts == 1


def test_replay_stores_nothing_and_says_the_same(desk: Make) -> None:
    o = Office(desk)
    o.did(ActivityKind.ORDER, LEAVER)
    found = watching.replay(o.d.hub, o.case.id, o.case.opened_at, o.d.hub.clock.now())
    assert [alert.rule for alert in found.alerts] == [Rule.ORDER_BY_LEAVER]
    assert o.alerts() == []


def test_the_manager_who_hears_of_an_alert_gets_a_link_to_it(desk: Make) -> None:
    at_home = OffboardingPart(notifiers=("crm",), address="https://hub.example")
    d = desk(RecordingTarget, offboarding=at_home)
    case = d.open()
    d.tick()
    d.things.outbox.clear()
    at = d.hub.clock.now()
    d.company.clock.sleep(60)
    d.things.activities.append(Activity("e1", ActivityKind.ORDER, at, d.id_of(LEAVER)))
    d.tick()
    with d.hub.database.read() as connection:
        (link,) = [
            str(effect.fields["link"])
            for effect in d.hub.effects.read(connection, effects.c.number == f"alerts/{case.id}/{MANAGER}")
        ]
    token, _, page = link.removeprefix("https://hub.example/handover/").partition("/")
    assert page == "alerts"
    admitted = links.admit(d.hub, token)
    assert (admitted.link.person, admitted.link.role, admitted.case.id) == (MANAGER, Role.MANAGER, case.id)


def test_two_people_can_stop_the_leaver_at_once(desk: Make) -> None:
    o = Office(desk)
    leaver = o.d.id_of(LEAVER)
    o.d.things.grants[leaver] = {"orders", "exports"}
    o.d.things.sessions = {leaver}
    o.did(ActivityKind.ORDER, LEAVER)
    o.d.tick()
    with o.d.hub.database.read() as connection:
        (alert,) = o.d.hub.alerts.of(connection, o.case.id)
    with pytest.raises(ApprovalError):
        watching.freeze(o.d.hub, alert.key, HR, "nobody has asked")
    watching.ask_freeze(o.d.hub, alert.key, MANAGER, "this is not theirs to do")
    with pytest.raises(ApprovalError, match="second person"):
        watching.freeze(o.d.hub, alert.key, MANAGER, "and I agree")
    with pytest.raises(ApprovalError):
        watching.freeze(o.d.hub, alert.key, LEAVER, "no")
    assert o.d.things.grants[leaver] == {"orders", "exports"}
    watching.freeze(o.d.hub, alert.key, HR, "agreed")
    o.d.tick()
    assert o.d.things.grants[leaver] == set()
    assert o.d.things.sessions == set()
    with o.d.hub.database.read() as connection:
        (after,) = o.d.hub.alerts.of(connection, o.case.id)
    assert (after.state, after.asked_by, after.decided_by) == (AlertState.FROZEN, MANAGER, HR)


def test_who_was_stopped_once_is_logged_out_again_at_the_last_moment(desk: Make) -> None:
    o = Office(desk)
    leaver, hub = o.d.id_of(LEAVER), o.d.hub
    o.did(ActivityKind.ORDER, LEAVER)
    o.d.tick()
    with hub.database.read() as connection:
        (alert,) = hub.alerts.of(connection, o.case.id)
    watching.ask_freeze(hub, alert.key, MANAGER, "this is not theirs to do")
    watching.freeze(hub, alert.key, HR, "agreed")
    o.d.tick()
    o.d.things.sessions = {leaver}
    o.d.tick()
    assert o.d.things.sessions == {leaver}  # they still work here
    with hub.database.write() as connection:
        case = o.d.case(o.case)
        hub.cases.change(connection, case, case.state, last_working_at=hub.clock.now())
    o.d.tick()
    assert o.d.things.sessions == set()


def test_a_dismissed_alert_stays_dismissed(desk: Make) -> None:
    o = Office(desk)
    o.did(ActivityKind.ORDER, LEAVER)
    o.d.tick()
    with o.d.hub.database.read() as connection:
        (alert,) = o.d.hub.alerts.of(connection, o.case.id)
    watching.dismiss(o.d.hub, alert.key, MANAGER, "a repeat order, agreed with me")
    assert o.d.tick().alerts == 0
    with pytest.raises(ApprovalError):
        watching.ask_freeze(o.d.hub, alert.key, MANAGER, "changed my mind")


class PromisingTalker(PromisingTarget, TalkingTarget):
    """A yes there is only a promise, and people can be reached."""


def test_a_refusing_client_raises_its_alert_in_the_very_run_that_hears_of_it_and_the_manager_is_told(
    desk: Make,
) -> None:
    d = desk(PromisingTalker, offboarding=OffboardingPart(notifiers=("crm",)))
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    target = d.target()
    assert isinstance(target, PromisingTarget)

    def raised() -> list[Rule]:
        with d.hub.database.read() as connection:
            return [alert.rule for alert in d.hub.alerts.of(connection, case.id)]

    def refuse() -> int:
        target.decide(ref)
        d.things.outbox.clear()
        d.company.clock.sleep(3600)
        return d.tick().alerts

    assert refuse() == 1
    assert raised() == [Rule.CLIENT_REFUSED]
    assert any("alerts" in subject for number, subject, _ in d.things.outbox if number == MANAGER)
    assert (d.tick().alerts, raised()) == (0, [Rule.CLIENT_REFUSED])
    d.say(case, [d.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=OTHER)
    d.agree(case)
    d.tick()
    assert refuse() == 1, "another refusal is another alert"


def test_what_was_done_while_the_leaver_was_to_stay_is_nobodys_business_when_the_case_is_reopened(desk: Make) -> None:
    o = Office(desk)
    casework.decide(o.d.hub, o.case.id, Act.RETRACT, HR, "she stays")
    o.did(ActivityKind.ORDER, LEAVER, o.client)
    o.d.tick()
    o.d.company.clock.sleep(86_400)
    casework.decide(o.d.hub, o.case.id, Act.REOPEN, HR, "she does not")
    o.did(ActivityKind.ORDER, LEAVER, amount=Decimal(7))
    o.d.tick()
    with o.d.hub.database.read() as connection:
        assert [alert.event for alert in o.d.hub.alerts.of(connection, o.case.id)] == ["crm/e2"]
