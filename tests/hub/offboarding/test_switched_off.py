"""A system that is switched off is not an empty one: who has an account there cannot be done with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from baton.errors import ApprovalError
from baton.hub import execution
from baton.hub.offboarding import completing
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.offboarding.completion import Missing
from baton.model.account import AccountState
from baton.model.case import CaseState, Cause, ItemState
from baton.model.handover import HoldingKind
from baton.settings import SystemSettings
from tests.hub.conftest import Start
from tests.hub.offboarding.conftest import HR, LEAVER, Desk, staffed
from tests.rig.belongings import Belongings, KeeperTarget

Make = Callable[..., Desk]


@pytest.fixture
def desk(start: Start) -> Make:
    """The leaver has an account in the CRM and one in the ERP."""

    def make() -> Desk:
        company, hub = start({"crm": KeeperTarget, "erp": KeeperTarget})
        company.truths["erp"].belongings = Belongings()
        return staffed(company, hub)

    return make


def say(d: Desk, system: str, settings: SystemSettings | None) -> None:
    """What ``systems.yaml`` says of a system now; None: nothing any more."""
    systems = {name: each for name, each in d.hub.settings.systems.items() if name != system}
    d.hub.settings = replace(d.hub.settings, systems=systems if settings is None else {**systems, system: settings})


def test_a_system_that_is_switched_off_is_in_the_way_of_who_has_an_account_there(desk: Make) -> None:
    d = desk()
    things: Belongings = d.company.truths["erp"].belongings
    account = d.company.truths["erp"].accounts[LEAVER]
    ref = things.plant(HoldingKind.CLIENT, 1, account.external_id)
    on = d.hub.settings.systems["erp"]
    say(d, "erp", replace(on, enabled=False))
    case = d.open(Cause.EMERGENCY)
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)
    hour = d.tick()
    assert "switched off" in hour.troubles[f"{case.id} erp"]
    (missing,) = [each for each in completing.gate(d.hub, case.id).obstacles if each.what is Missing.UNREAD]
    assert missing.count == 1
    assert "switch it on" in missing.message
    with pytest.raises(ApprovalError, match=r"take it out of systems\.yaml"):
        completing.complete(d.hub, case.id, HR, "x")

    say(d, "erp", on)
    d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED
    with pytest.raises(ApprovalError, match="1 items are open"):
        completing.complete(d.hub, case.id, HR, "x")


@pytest.mark.parametrize("way_out", ["taken out", "no account"])
def test_one_in_which_the_leaver_has_nothing_any_more_is_in_nobodys_way(desk: Make, way_out: str) -> None:
    d = desk()
    case = d.open(Cause.EMERGENCY)
    d.company.truths["crm"].accounts[LEAVER].state = AccountState.DISABLED
    off = replace(d.hub.settings.systems["erp"], enabled=False)
    say(d, "erp", None if way_out == "taken out" else off)
    if way_out == "no account":
        with d.hub.database.write() as connection:
            link = d.hub.links.of(connection, "erp", [LEAVER])[LEAVER]
            d.hub.links.observe(connection, [replace(link, state=AccountState.REMOVED)])
    assert not d.tick().troubles
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED
