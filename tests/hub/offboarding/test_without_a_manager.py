"""Who leaves and has no manager has a case all the same: nobody waits for it, and HR hears that it is theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from baton.errors import BatonError
from baton.hub import execution
from baton.hub.offboarding import ahead, casework, hourly
from baton.hub.offboarding.deciders import deciders_of
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import TalkingTarget
from tests.rig.company import row

Make = Callable[..., Desk]


def resigned(desk: Make, hr: tuple[str, ...]) -> tuple[Desk, Case, hourly.Hour]:
    """The head of the department, whom nobody manages, has resigned; so has somebody of theirs."""
    d = desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",), hr=hr))
    d.plant(HoldingKind.CLIENT, 1, MANAGER)
    d.company.rows[0] = row(MANAGER, department="销售部", status="notice", last_day="2026-12-31")
    d.company.rows[1] = row(LEAVER, department="销售部", manager=SUCCESSOR, status="notice", last_day="2026-12-31")
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)
    hour = d.tick()
    with d.hub.database.read() as connection:
        (case,) = d.hub.cases.of_person(connection, MANAGER)
        assert len(d.hub.cases.of_person(connection, LEAVER)) == 1
    return d, case, hour


def told(d: Desk, person: str) -> list[str]:
    return [text for to, _, text in d.things.outbox if to == person and MANAGER in text]


def test_a_case_without_a_manager_is_hrs_and_in_nobody_elses_way(desk: Make) -> None:
    d, case, hour = resigned(desk, (OTHER,))
    assert (case.manager, hour.troubles, len(hour.opened)) == ("", {}, 2)
    look = ahead.last_look(d.hub, case)
    assert look is not None
    assert "no_manager" in [each["code"] for each in look.shown["found"]]
    assert any("no manager" in text for text in told(d, OTHER))
    heard = len(told(d, OTHER))
    d.company.clock.sleep(3600)
    hour = d.tick()
    assert (hour.troubles, hour.opened, len(told(d, OTHER))) == ({}, [], heard), "told once, and every run is clean"
    with d.hub.database.read() as connection:
        deciders = deciders_of(d.hub, connection, [case])[case.id]
    assert (deciders.manager, deciders.hr) == ((OTHER,), (OTHER,))


def test_hr_brings_it_to_its_end_or_names_a_manager(desk: Make) -> None:
    d, case, _ = resigned(desk, (OTHER,))
    (client,) = [item for item in d.items(case) if item.kind is HoldingKind.CLIENT]
    assert client.state is ItemState.OPEN
    (named,) = d.say(case, [client], Act.NAME, OTHER, Role.HR, successor=SUCCESSOR)
    d.say(case, [named], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    (again,) = [item for item in d.items(case) if item.kind is HoldingKind.CLIENT]
    d.say(case, [again], Act.APPROVE, OTHER, Role.HR)
    d.tick()
    assert d.holder(client.ref) == SUCCESSOR
    opening = casework.Opening(MANAGER, Cause.BY_HAND, OTHER, manager=SUCCESSOR)
    assert casework.open_case(d.hub, opening).manager == SUCCESSOR


def test_where_nobody_is_named_as_hr_every_run_says_so_of_the_case(desk: Make) -> None:
    d, case, hour = resigned(desk, ())
    for seen in (hour, d.tick()):
        assert [(what, "offboarding.hr" in why) for what, why in seen.troubles.items() if MANAGER in what] == []
        assert "offboarding.hr" in seen.troubles[f"{case.id} hr"]


def test_a_person_who_opens_a_case_names_a_manager(desk: Make) -> None:
    d = desk()
    with pytest.raises(BatonError) as refused:
        casework.open_case(d.hub, casework.Opening(MANAGER, Cause.BY_HAND, HR))
    assert refused.value.code == "no_manager"
