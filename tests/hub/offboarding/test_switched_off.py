"""A system that is switched off is not an empty one: who has an account there cannot be done with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import pytest

from baton.errors import ApprovalError
from baton.hub import Hub, execution
from baton.hub.offboarding import casework, completing, hourly, moving, undoing
from baton.hub.offboarding.accountability import table
from baton.hub.offboarding.certifying import kept
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.offboarding.accountability import Reason
from baton.jobs.offboarding.checklist import RETURNED
from baton.jobs.offboarding.completion import Missing
from baton.model.account import AccountState, Receipt
from baton.model.case import READ_BACK, Act, Case, CaseState, Cause, Item, ItemState, Role
from baton.model.handover import HoldingKind, HoldingRef
from baton.settings import SystemSettings
from tests.hub.conftest import Start
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk, staffed
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


DAY_S = 24 * 3600.0


class TwoSystems:
    """A leaver with two clients and a right in the ERP, one client and a right in the CRM; all is agreed, none gone."""

    def __init__(self, desk: Make) -> None:
        self.d = d = desk()
        self.erp: Belongings = d.company.truths["erp"].belongings
        self.account = d.company.truths["erp"].accounts[LEAVER]
        self.leaver = d.id_of(LEAVER)
        self.client = d.plant(HoldingKind.CLIENT, 1)
        self.there, self.waiting = (self.erp.plant(HoldingKind.CLIENT, n, self.account.external_id) for n in (7, 8))
        d.things.grants[self.leaver], d.things.sessions = {"admin"}, {self.leaver}
        self.erp.grants[self.account.external_id] = {"warehouse"}
        self.case: Case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=2))
        d.tick()
        for item in d.items(self.case, ItemState.OFFERED):
            if item.ref != self.waiting:
                d.say(self.case, [item], Act.ACCEPT, item.successor, Role.SUCCESSOR)
        for item in d.items(self.case, ItemState.ACCEPTED):
            d.say(self.case, [item], Act.APPROVE, HR, Role.HR)

    def in_the_erp(self) -> Mapping[HoldingRef, tuple[ItemState, str]]:
        return {item.ref: (item.state, item.code) for item in self.d.items(self.case) if item.system == "erp"}


@pytest.mark.parametrize("before", ["approved", "on its way", "unread", "excepted"])
def test_what_is_on_the_list_in_a_system_that_is_taken_out_keeps_nothing_back(desk: Make, before: str) -> None:
    t = TwoSystems(desk)
    d, case = t.d, t.case
    if before == "on its way":
        moving.plan(d.hub, case.id)
        assert t.in_the_erp()[t.there][0] is ItemState.MOVING
    if before == "unread":
        connector = d.hub.connector("erp")
        assert isinstance(connector, KeeperTarget)
        connector.away = True
        for _ in range(3):
            d.tick()
        assert d.case(case).picture, "the last look has shown what the next one will"
    if before == "excepted":
        for person, role in ((MANAGER, Role.MANAGER), (HR, Role.HR)):
            (right,) = [item for item in d.items(case) if item.ref.external_id == "warehouse"]
            d.say(case, [right], Act.LEAVE, person, role, "the stocktaking")
    on = d.hub.settings.systems["erp"]
    say(d, "erp", None)
    d.company.clock.sleep(3 * DAY_S)
    hour = d.tick()
    assert not hour.troubles
    assert d.holder(t.client) == MANAGER
    assert (d.things.grants[t.leaver], d.things.sessions) == (set(), set())
    standing = t.in_the_erp()
    if before == "unread":
        assert standing.pop(t.there) == (ItemState.DONE, "not_asked"), "it had left by then"
    assert set(standing.values()) == {(ItemState.GONE, "no_system")}
    assert len(standing) == (3 if before == "unread" else 4)
    d.close_account()
    d.tick()
    assert completing.complete(d.hub, case.id, HR, "x").state is CaseState.COMPLETED
    if before == "unread":
        with pytest.raises(ApprovalError, match="no certificate"):
            kept(d.hub, case.id)
        t.erp.holders[t.waiting] = t.erp.holders[t.there]
        t.erp.grants.clear()
        t.account.state = AccountState.DISABLED
        connector.away = False
        say(d, "erp", on)
        d.tick()
    assert kept(d.hub, case.id).pdf


def test_what_is_there_still_when_the_system_is_put_back_is_on_the_list_again(desk: Make) -> None:
    t = TwoSystems(desk)
    d, case = t.d, t.case
    on = d.hub.settings.systems["erp"]
    say(d, "erp", None)
    d.company.clock.sleep(3 * DAY_S)
    d.tick()
    d.close_account()
    d.tick()
    completing.complete(d.hub, case.id, HR, "x")
    say(d, "erp", on)
    d.company.clock.sleep(3600.0)
    assert d.tick().reopened == [case.id]
    assert t.in_the_erp()[t.there] == (ItemState.OPEN, RETURNED)
    assert t.erp.grants[t.account.external_id] == set(), "and rights go in the run that sees them again"


def test_what_was_passed_on_in_a_system_that_is_gone_is_not_promised_back(desk: Make) -> None:
    d = desk()
    things: Belongings = d.company.truths["erp"].belongings
    there = things.plant(HoldingKind.CLIENT, 1, d.company.truths["erp"].accounts[LEAVER].external_id)
    here = d.plant(HoldingKind.CLIENT, 2)
    on = d.hub.settings.systems["erp"]
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    d.tick()
    d.tick()
    say(d, "erp", None)
    undone = undoing.undo(d.hub, case.id, HR, "all back")
    assert ([item.ref for item in undone.items], [item.ref for item in undone.irreversible]) == ([here], [there])
    with pytest.raises(ApprovalError, match="nothing"):
        undoing.undo(d.hub, case.id, HR, "that too", [d.item(case, there).id])
    d.company.clock.sleep(3600)
    d.tick()
    assert (d.item(case, there).state, d.item(case, there).successor) == (ItemState.DONE, MANAGER)
    say(d, "erp", on)
    assert [item.ref for item in undoing.undo(d.hub, case.id, HR, "now", [d.item(case, there).id]).items] == [there]


class Away:
    """One client in the ERP whose transfer, or whose way back, is on its way when the ERP is taken out."""

    def __init__(self, desk: Make, how: str) -> None:
        self.d = d = desk()
        truth = d.company.truths["erp"]
        self.things: Belongings = truth.belongings
        self.ids = {record.external_id: number for number, record in truth.accounts.items()}
        self.ref = self.things.plant(HoldingKind.CLIENT, 1, truth.accounts[LEAVER].external_id)
        self.on = d.hub.settings.systems["erp"]
        self.case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
        d.tick()
        d.agree(self.case)
        if how == "sent, not read back":
            moving.plan(d.hub, self.case.id)
            moving.perform(d.hub)
        else:
            if how.startswith("refused"):
                target = d.hub.connector("erp")
                assert isinstance(target, KeeperTarget)
                moving.plan(d.hub, self.case.id)
                with mock.patch.object(target, "_transfer", return_value=Receipt.refused("busy", "not now")):
                    self.hours(1)
                target.give(self.ref, truth.accounts[MANAGER].external_id)
            self.hours(2)
            undoing.undo(d.hub, self.case.id, HR, "the wrong person")
        if how == "came back, not read back":
            moving.perform(d.hub)
        assert self.item.state is ItemState.MOVING
        d.company.clock.sleep(60)
        say(d, "erp", None)
        self.hours(1)

    @property
    def item(self) -> Item:
        return self.d.item(self.case, self.ref)

    @property
    def holder(self) -> str:
        return self.ids[self.things.holders[self.ref]]

    def hours(self, count: int) -> None:
        for _ in range(count):
            self.d.company.clock.sleep(3600)
            assert not self.d.tick().troubles


@pytest.mark.parametrize("how", ["sent, not read back", "way back not sent"])
@pytest.mark.parametrize("then", ["retracted", "undone", "passed on"])
def test_what_was_on_its_way_when_its_system_was_taken_out_is_with_its_successor_for_the_hub_too(
    desk: Make, how: str, then: str
) -> None:
    t = Away(desk, how)
    d, case = t.d, t.case
    assert (t.holder, t.item.state, t.item.code) == (MANAGER, ItemState.DONE, "not_asked")
    assert answers(d.hub) == (MANAGER, Reason.HOLDS)
    if then == "retracted":
        casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
        t.hours(1)
    assert t.holder == MANAGER, "nothing can be sent there"
    say(d, "erp", t.on)
    t.hours(1)
    if then == "undone":
        assert [item.id for item in undoing.undo(d.hub, case.id, HR, "again", [t.item.id]).items] == [t.item.id]
    t.hours(3)
    assert t.holder == (MANAGER if then == "passed on" else LEAVER)
    assert t.item.state is (ItemState.DONE if then == "passed on" else t.item.state)


def answers(hub: Hub) -> tuple[str, Reason]:
    """Who answers for the only client, and why."""
    last = table(hub).clients[-1]
    return last.person, last.reason


@pytest.mark.parametrize("before", ["agreed", "planned"])
def test_who_held_what_is_gone_with_its_system_held_it_last(desk: Make, before: str) -> None:
    d = desk()
    things: Belongings = d.company.truths["erp"].belongings
    ref = things.plant(HoldingKind.CLIENT, 1, d.company.truths["erp"].accounts[LEAVER].external_id)
    on = d.hub.settings.systems["erp"]
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    if before == "planned":
        d.agree(case)
        moving.plan(d.hub, case.id)
    assert answers(d.hub) == (LEAVER, Reason.HOLDS)
    for settings, reason in ((None, Reason.HELD_LAST), (on, Reason.HOLDS)):
        say(d, "erp", settings)
        d.company.clock.sleep(3600)
        d.tick()
        assert (answers(d.hub), d.item(case, ref).successor) == ((LEAVER, reason), MANAGER)


def test_what_had_come_back_when_its_system_was_taken_out_is_on_the_list_again_with_it(desk: Make) -> None:
    t = Away(desk, "came back, not read back")
    assert (t.holder, t.item.state, t.item.code) == (LEAVER, ItemState.GONE, "no_system")
    assert answers(t.d.hub) == (LEAVER, Reason.HELD_LAST)
    say(t.d, "erp", t.on)
    t.hours(1)
    assert answers(t.d.hub) == (LEAVER, Reason.HOLDS)
    assert (t.item.state, t.item.code) in {(ItemState.OPEN, RETURNED), (ItemState.OFFERED, RETURNED)}


def test_what_had_arrived_late_can_be_taken_back_after_its_system_was_away(desk: Make) -> None:
    t = Away(desk, "refused and there, way back not sent")
    assert (t.holder, t.item.state, t.item.code) == (MANAGER, ItemState.DONE, READ_BACK)
    say(t.d, "erp", t.on)
    undoing.undo(t.d.hub, t.case.id, HR, "again", [t.item.id])
    t.hours(2)
    assert t.holder == LEAVER


def test_a_right_that_was_excepted_is_so_still_when_its_system_is_put_back(desk: Make) -> None:
    t = TwoSystems(desk)
    d, case, on = t.d, t.case, t.d.hub.settings.systems["erp"]
    (right,) = [item for item in d.items(case) if item.ref.external_id == "warehouse"]
    for person, role in ((MANAGER, Role.MANAGER), (HR, Role.HR)):
        d.say(case, [d.item(case, right.ref)], Act.LEAVE, person, role, "the stocktaking")
    excepted = d.item(case, right.ref)
    for settings in (None, on):
        say(d, "erp", settings)
        d.company.clock.sleep(3600)
        d.tick()
        now = d.item(case, right.ref)
        assert (now.state, now.accepted_by, now.approved_by) == (ItemState.LEFT, MANAGER, HR)
        assert now.version == excepted.version
    d.company.clock.sleep(3 * DAY_S)
    d.tick()
    assert t.erp.grants[t.account.external_id] == set(), "and no longer than rights last"


@pytest.mark.parametrize("leaves_again", [False, True])
def test_what_was_to_come_back_when_its_system_was_taken_out_comes_to_nobody_who_leaves_by_then(
    desk: Make, leaves_again: bool
) -> None:
    d = desk()
    truth = d.company.truths["erp"]
    things: Belongings = truth.belongings
    ref = things.plant(HoldingKind.CLIENT, 1, truth.accounts[LEAVER].external_id)
    on = d.hub.settings.systems["erp"]
    case = d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    d.tick()
    d.agree(case)
    d.tick()
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    hourly.look(d.hub)
    assert d.item(case, ref).state is ItemState.MOVING
    say(d, "erp", None)
    for _ in range(2):
        d.company.clock.sleep(3600)
        assert not d.tick().taken_back
    assert (d.item(case, ref).state, d.item(case, ref).successor) == (ItemState.DONE, MANAGER)
    d.company.clock.sleep(60 * DAY_S)
    if leaves_again:
        d.open(last_working_at=d.hub.clock.now() + timedelta(days=5))
    say(d, "erp", on)
    for _ in range(3):
        d.company.clock.sleep(3600)
        d.tick()
    assert things.holders[ref] == truth.accounts[MANAGER if leaves_again else LEAVER].external_id
