"""What one person wants and a second one has to agree to: that one hears of it, is reminded, and is told upon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.hub.offboarding import completing, watching
from baton.hub.offboarding import links as personal_links
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.alert import Alert
from baton.model.case import Act, Case, Cause, ItemState, Role
from baton.model.handover import Activity, ActivityKind, HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import LEAVER, MANAGER, NEXT_YEAR, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import RecordingTarget
from tests.rig.company import row

# What is asked here is who is told: the same on every database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Desk]
HOUR_S = 3600.0
EXCEPTION, FREEZE = "例外", "冻结"
POLICY = "policies:\n  all: {restrict: {crm: [exports]}, deadlines: {approve_h: 10, escalate_after_h: 5}}\n"


@pytest.fixture
def office(desk: Make, tmp_path: Path) -> tuple[Desk, Case]:
    """A leaver who has resigned and has lost a right already; OTHER speaks as HR. Nobody has heard of anything."""
    policies = tmp_path / "policies.yaml"
    policies.write_text(POLICY, "utf-8")
    part = OffboardingPart(notifiers=("crm",), address="https://hub.example", policies=policies, hr=(OTHER,))
    d = desk(RecordingTarget, offboarding=part)
    d.things.grants[d.id_of(LEAVER)] = {"exports", "read"}
    d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day="2026-12-20", department="销售部")
    plan_sync(d.hub, SyncRequest())
    case = d.open(Cause.RESIGNATION)
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == {"read"}
    d.things.outbox.clear()
    return d, case


def told(d: Desk, number: str, of: str) -> list[str]:
    """The subjects about it that somebody was told."""
    return [subject for to, subject, _ in d.things.outbox if to == number and of in subject]


def later(d: Desk, hours: float) -> int:
    """The hourly run after so long: how many were told upon."""
    d.company.clock.sleep(hours * HOUR_S)
    return d.tick().escalations


def leave(d: Desk, case: Case, person: str, role: Role) -> None:
    right = next(item for item in d.items(case) if item.ref.external_id == "exports")
    d.say(case, [right], Act.LEAVE, person, role, "the books are to be closed")


def raised(d: Desk, case: Case) -> Alert:
    """The leaver has placed an order, which has raised an alert."""
    client = d.plant(HoldingKind.CLIENT, 7)
    placed = Activity("e1", ActivityKind.ORDER, d.company.clock.now(), d.id_of(LEAVER), client, "测试订单")
    d.things.activities.append(placed)
    later(d, 1)
    with d.hub.database.read() as connection:
        (alert,) = d.hub.alerts.of(connection, case.id)
    d.things.outbox.clear()
    return alert


def test_an_exception_waits_for_another_than_who_wants_it(office: tuple[Desk, Case]) -> None:
    d, case = office
    leave(d, case, MANAGER, Role.MANAGER)
    later(d, 0)
    assert ["1 项" in subject for subject in told(d, OTHER, EXCEPTION)] == [True]
    assert told(d, MANAGER, EXCEPTION) == []
    text = next(text for to, subject, text in d.things.outbox if to == OTHER and EXCEPTION in subject)
    assert "crm: 权限exports" in text
    assert personal_links.admit(d.hub, text.rpartition("/")[2]).link.role is Role.HR
    assert later(d, 16) == 1, "told upon"
    assert ["逾期" in subject for subject in told(d, MANAGER, EXCEPTION)] == [True]
    assert ["逾期" in subject for subject in told(d, OTHER, EXCEPTION)] == [False, True]
    later(d, 25)
    assert len(told(d, OTHER, EXCEPTION)) == 3, "reminded"
    leave(d, case, OTHER, Role.HR)
    later(d, 25)
    assert len(told(d, OTHER, EXCEPTION)) == 3
    assert d.things.grants[d.id_of(LEAVER)] == {"exports", "read"}


def test_an_exception_that_hr_wants_waits_for_the_manager_and_for_nobody_once_it_is_too_late(
    office: tuple[Desk, Case],
) -> None:
    d, case = office
    leave(d, case, OTHER, Role.HR)
    later(d, 0)
    assert (len(told(d, MANAGER, EXCEPTION)), told(d, OTHER, EXCEPTION)) == (1, [])
    later(d, 60 * 24)
    assert len(told(d, MANAGER, EXCEPTION)) == 1, "no exception outlives the last working moment"


def test_a_freeze_waits_for_another_than_who_wants_it_until_it_is_decided(office: tuple[Desk, Case]) -> None:
    d, case = office
    alert = raised(d, case)
    watching.ask_freeze(d.hub, alert.key, MANAGER, "not theirs to do")
    later(d, 0)
    assert (len(told(d, OTHER, FREEZE)), told(d, MANAGER, FREEZE)) == (1, [])
    text = next(text for to, subject, text in d.things.outbox if to == OTHER and FREEZE in subject)
    assert text.endswith("/alerts")
    assert later(d, 16) == 1
    assert ["逾期" in subject for subject in told(d, MANAGER, FREEZE)] == [True]
    watching.dismiss(d.hub, alert.key, OTHER, "agreed with the client")
    d.things.outbox.clear()
    later(d, 25)
    assert told(d, OTHER, FREEZE) == []


def test_a_freeze_in_a_completed_case_waits_for_a_second_person_too(office: tuple[Desk, Case]) -> None:
    d, case = office
    client = d.plant(HoldingKind.CLIENT, 1)
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.say(case, d.items(case, ItemState.OFFERED), Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.say(case, d.items(case, ItemState.ACCEPTED), Act.APPROVE, MANAGER, Role.MANAGER)
    later(d, 60 * 24)
    d.close_account()
    later(d, 1)
    completing.complete(d.hub, case.id, OTHER, "handed over")
    order = Activity("e2", ActivityKind.ORDER, d.company.clock.now(), d.id_of(OTHER), client, "测试订单")
    d.things.activities.append(order)
    later(d, 1)
    with d.hub.database.read() as connection:
        (alert,) = d.hub.alerts.of(connection, case.id)
    watching.ask_freeze(d.hub, alert.key, OTHER, "look at this")
    d.things.outbox.clear()
    later(d, 0)
    assert len(told(d, MANAGER, FREEZE)) == 1


def exported(desk: Make) -> tuple[Desk, Case]:
    """The leaver of an open case has exported everything; nobody but the manager is named as HR."""
    d = desk(RecordingTarget, offboarding=OffboardingPart(notifiers=("crm",), hr=(MANAGER,)))
    case = d.open(last_working_at=NEXT_YEAR)
    d.tick()
    d.company.clock.sleep(60)
    at = d.hub.clock.now() - timedelta(seconds=1)
    d.things.activities.append(Activity("e1", ActivityKind.EXPORT, at, d.id_of(LEAVER), None, "everything", count=5000))
    return d, case


def test_a_freeze_that_nobody_may_agree_to_is_named_in_every_run(desk: Make) -> None:
    d, case = exported(desk)
    assert not d.tick().troubles
    with d.hub.database.read() as connection:
        (alert,) = d.hub.alerts.of(connection, case.id)
    watching.ask_freeze(d.hub, alert.key, MANAGER, "not theirs to do")
    for _ in range(2):
        assert [(what, "offboarding.hr" in why) for what, why in d.tick().troubles.items()] == [(f"{case.id} hr", True)]


def test_an_alert_of_a_case_whose_manager_has_left_is_named_in_the_run(desk: Make) -> None:
    d, case = exported(desk)
    d.company.rows[0] = row(MANAGER, status="departed", last_day="2026-11-01", department="销售部")
    plan_sync(d.hub, SyncRequest())
    hour = d.tick()
    assert hour.alerts == 1
    assert len(hour.opened) == 1, "of who has left as well, and had no manager to approve"
    assert [(what, "offboarding.hr" in why) for what, why in hour.troubles.items()] == [(f"{case.id} hr", True)]


def test_hr_hears_of_what_the_only_deputy_of_a_manager_who_has_left_has_accepted(desk: Make, tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text(
        f"policies:\n  all: {{deputies: ['{SUCCESSOR}'], successors: [{{to: '{SUCCESSOR}'}}]}}\n", "utf-8"
    )
    d = desk(RecordingTarget, offboarding=OffboardingPart(notifiers=("crm",), policies=policies, hr=(OTHER,)))
    d.plant(HoldingKind.CLIENT, 1)
    case = d.open(last_working_at=NEXT_YEAR)
    d.company.rows[0] = row(MANAGER, department="销售部", status="departed", last_day="2026-11-20")
    plan_sync(d.hub, SyncRequest())
    d.tick()
    (item,) = d.items(case, ItemState.OFFERED)
    d.say(case, [item], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    hour = d.tick()
    assert (len(told(d, OTHER, "批准")), [what for what in hour.troubles if case.id in what]) == (1, [])
    d.say(case, d.items(case, ItemState.ACCEPTED), Act.APPROVE, OTHER, Role.HR)
