"""Several people at one alert at once: whatever the order, one of them is heard, and the leaver is stopped by two."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from baton.errors import ApprovalError
from baton.hub import Hub
from baton.hub.offboarding import casework, watching
from baton.model.alert import Alert, AlertState
from baton.model.case import Act, Case, CaseState
from baton.model.handover import Activity, ActivityKind, HandoverAction, HoldingKind
from baton.store.tables import effects
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.hub.offboarding.test_races import at_once
from tests.rig.belongings import RecordingTarget

Make = Callable[..., Desk]
HR_TOO = "hr-li"


def alarmed(desk: Make) -> tuple[Desk, Case, Alert]:
    """The leaver, who has a right and is logged in, has placed an order."""
    d = desk(RecordingTarget)
    client = d.plant(HoldingKind.CLIENT, 1)
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    d.things.sessions = {d.id_of(LEAVER)}
    case = d.open()
    order = Activity(
        "e1", ActivityKind.ORDER, d.company.clock.now(), d.id_of(LEAVER), client, "测试订单", amount=Decimal(1)
    )
    d.things.activities.append(order)
    d.company.clock.sleep(60)
    d.tick()
    return d, case, alert_of(d, case)


def alert_of(d: Desk, case: Case) -> Alert:
    with d.hub.database.read() as connection:
        (alert,) = d.hub.alerts.of(connection, case.id)
    return alert


def decides(act: Callable[[Hub, str, str, str], object], alert: Alert, person: str) -> Callable[[Hub], str]:
    """One decision; the code of its refusal, or nothing."""

    def decide(hub: Hub) -> str:
        try:
            act(hub, alert.key, person, "because")
        except ApprovalError as error:
            return error.code
        return ""

    return decide


def retracts(case: Case) -> Callable[[Hub], str]:
    def retract(hub: Hub) -> str:
        casework.decide(hub, case.id, Act.RETRACT, HR, "she stays")
        return ""

    return retract


def revocations(d: Desk) -> int:
    with d.hub.database.read() as connection:
        return len(d.hub.effects.read(connection, effects.c.action == HandoverAction.REVOKE.value))


def test_of_two_who_want_a_freeze_at_once_one_has_asked_and_the_other_can_agree(desk: Make) -> None:
    d, case, alert = alarmed(desk)
    asked = at_once(d, decides(watching.ask_freeze, alert, MANAGER), decides(watching.ask_freeze, alert, HR))
    assert sorted(asked) == ["", "state"]
    known = alert_of(d, case)
    first, second = (MANAGER, HR) if asked[0] == "" else (HR, MANAGER)
    assert (known.state, known.asked_by) == (AlertState.FREEZE_ASKED, first)
    assert decides(watching.freeze, alert, first)(d.hub) == "maker"
    assert decides(watching.freeze, alert, second)(d.hub) == ""


def test_dismissed_by_one_and_frozen_by_another_at_once_it_is_one_of_the_two(desk: Make) -> None:
    d, case, alert = alarmed(desk)
    watching.ask_freeze(d.hub, alert.key, MANAGER, "not theirs to do")
    frozen, dismissed = at_once(d, decides(watching.freeze, alert, HR), decides(watching.dismiss, alert, HR_TOO))
    assert sorted([frozen, dismissed]) == ["", "state"]
    known = alert_of(d, case)
    if frozen == "":
        assert (known.state, known.decided_by, revocations(d)) == (AlertState.FROZEN, HR, 1)
    else:
        assert (known.state, known.decided_by, revocations(d)) == (AlertState.DISMISSED, HR_TOO, 0)
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == (set() if frozen == "" else {"discounts"})


def test_of_two_who_agree_to_a_freeze_at_once_one_is_heard_and_it_happens_once(desk: Make) -> None:
    d, case, alert = alarmed(desk)
    watching.ask_freeze(d.hub, alert.key, MANAGER, "not theirs to do")
    agreed = at_once(d, decides(watching.freeze, alert, HR), decides(watching.freeze, alert, HR_TOO))
    assert sorted(agreed) == ["", "state"]
    assert (alert_of(d, case).decided_by, revocations(d)) == ([HR, HR_TOO][agreed.index("")], 1)


def test_frozen_while_hr_retracts_the_case_the_leaver_who_stays_has_their_rights(desk: Make) -> None:
    d, case, alert = alarmed(desk)
    watching.ask_freeze(d.hub, alert.key, MANAGER, "not theirs to do")
    frozen, retracted = at_once(d, decides(watching.freeze, alert, HR_TOO), retracts(case))
    assert retracted == ""
    assert frozen in ("", "case")
    assert revocations(d) == (frozen == "")
    for _ in range(3):
        assert not d.tick().troubles
    assert d.case(case).state is CaseState.RETRACTED
    assert d.things.grants[d.id_of(LEAVER)] == {"discounts"}
    assert alert_of(d, case).state is (AlertState.FROZEN if frozen == "" else AlertState.FREEZE_ASKED)


def test_nobody_is_frozen_any_more_once_the_case_is_retracted(desk: Make) -> None:
    d, case, alert = alarmed(desk)
    watching.ask_freeze(d.hub, alert.key, MANAGER, "not theirs to do")
    retracts(case)(d.hub)
    assert decides(watching.freeze, alert, HR)(d.hub) == "case"
    assert revocations(d) == 0
    watching.dismiss(d.hub, alert.key, HR, "she stays")
