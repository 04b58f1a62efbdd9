"""A handover from the opening of its case to its end, in a system that keeps clients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import casework, completing, hourly, undoing
from baton.hub.offboarding.refreshing import refresh
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.alert import Rule
from baton.model.case import NOT_BACK, Act, CaseState, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import PromisingTarget
from tests.rig.company import row

CLIENT, OPPORTUNITY, GROUP = HoldingKind.CLIENT, HoldingKind.OPPORTUNITY, HoldingKind.GROUP
Make = Callable[..., Desk]


def test_what_somebody_holds_goes_to_whom_it_should_and_the_case_ends(desk: Make) -> None:
    d = desk()
    clients = [d.plant(CLIENT, n) for n in range(10)]
    deals = [d.plant(OPPORTUNITY, n, about=clients[n]) for n in range(5)]
    theirs = d.plant(CLIENT, 99, OTHER)
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    d.things.sessions = {d.id_of(LEAVER), d.id_of(OTHER)}
    case = d.open(Cause.EMERGENCY)
    refresh(d.hub, case.id)
    assert {item.successor for item in d.items(case, ItemState.OFFERED)} == {MANAGER}
    d.agree(case)
    d.tick()
    assert {d.holder(ref) for ref in (*clients, *deals)} == {MANAGER}
    assert d.holder(theirs) == OTHER
    assert d.things.grants[d.id_of(LEAVER)] == set()
    assert d.things.sessions == {d.id_of(OTHER)}
    with pytest.raises(ApprovalError, match="1 accounts are alive"):
        completing.complete(d.hub, case.id, HR, "done")
    d.close_account()
    assert completing.complete(d.hub, case.id, HR, "everything is handed over").state is CaseState.COMPLETED


def test_nothing_moves_before_it_is_accepted_and_approved(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    (item,) = d.items(case, ItemState.OFFERED)
    (item,) = d.say(case, [item], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    d.tick()
    (item,) = d.say(case, [item], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.tick()
    assert d.holder(ref) == LEAVER
    d.say(case, [item], Act.APPROVE, MANAGER, Role.MANAGER)
    d.tick()
    assert d.holder(ref) == SUCCESSOR
    assert d.item(case, ref).state is ItemState.DONE
    assert d.statement_acts(case) == [Act.OPEN, Act.NAME, Act.ACCEPT, Act.APPROVE]


def test_who_accepted_one_version_has_not_accepted_the_next(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    assert d.item(case, ref).state is ItemState.APPROVED
    d.things.change(ref, stage="lost")
    d.tick()
    item = d.item(case, ref)
    assert (item.state, item.version, item.accepted_by, item.approved_by) == (ItemState.OFFERED, 2, "", "")
    assert d.holder(ref) == LEAVER
    with pytest.raises(ApprovalError, match="has changed since"):
        d.say(
            case, [d.items(case)[0].__class__(**{**_fields(item), "version": 1})], Act.ACCEPT, MANAGER, Role.SUCCESSOR
        )
    with d.hub.database.read() as connection:
        versions = d.hub.cases.versions(connection, case.id, item.id)
    assert [(version, holding.facts.get("stage")) for version, _, holding in versions] == [(1, None), (2, "lost")]


def _fields(item: object) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("person", "role", "act", "code"),
    [
        (LEAVER, Role.SUCCESSOR, Act.ACCEPT, "leaver"),
        (LEAVER, Role.LEAVER, Act.ACCEPT, "role"),
        (LEAVER, Role.MANAGER, Act.APPROVE, "leaver"),
        (OTHER, Role.SUCCESSOR, Act.ACCEPT, "not_yours"),
        (MANAGER, Role.MANAGER, Act.APPROVE, "state"),
        (MANAGER, Role.MANAGER, Act.LEAVE, "reason"),
        (HR, Role.HR, Act.ACCEPT, "role"),
    ],
)
def test_who_may_not(desk: Make, person: str, role: Role, act: Act, code: str) -> None:
    d = desk()
    d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    with pytest.raises(ApprovalError) as refused:
        d.say(case, d.items(case, ItemState.OFFERED), act, person, role)
    assert refused.value.code == code
    assert d.statement_acts(case) == [Act.OPEN]


def test_who_accepts_does_not_approve(desk: Make) -> None:
    d = desk()
    d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    items = d.say(case, d.items(case, ItemState.OFFERED), Act.ACCEPT, MANAGER, Role.SUCCESSOR)
    with pytest.raises(ApprovalError) as refused:
        d.say(case, items, Act.APPROVE, MANAGER, Role.MANAGER)
    assert refused.value.code == "maker"


def test_what_changed_hands_meanwhile_is_not_overwritten(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.target().during = lambda: d.things.holders.update({ref: d.id_of(OTHER)})
    d.tick()
    assert d.holder(ref) == OTHER
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.STUCK, "changed")
    d.tick()
    assert d.item(case, ref).state is ItemState.GONE


def test_a_system_that_says_yes_and_does_nothing_is_found_out(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.target().deaf = True
    d.tick()
    d.agree(case)
    d.tick()
    assert d.holder(ref) == LEAVER
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.STUCK, "not_there")


def test_what_is_only_said_to_have_come_back_cannot_be_left_where_it_is_not(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    d.target().deaf = True
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    assert d.holder(ref) == MANAGER
    assert (d.item(case, ref).state, d.item(case, ref).code) == (ItemState.STUCK, NOT_BACK)
    with pytest.raises(ApprovalError, match="not with the leaver"):
        d.say(case, [d.item(case, ref)], Act.LEAVE, MANAGER, Role.MANAGER, "let it be")
    d.target().deaf = False
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "stays after all")
    undoing.undo(d.hub, case.id, HR, "once more")
    d.tick()
    assert d.holder(ref) == LEAVER


def test_a_promise_is_no_proof_and_a_refusing_client_comes_back_as_work(desk: Make) -> None:
    d = desk(PromisingTarget)
    agrees, refuses = d.plant(CLIENT, 1), d.plant(CLIENT, 2)
    case = d.open()
    d.tick()
    d.agree(case)
    begun_s = d.hub.clock.monotonic()
    d.tick()
    assert d.hub.clock.monotonic() - begun_s < 1  # a promise takes a day: nobody stays for it
    assert {item.state for item in (d.item(case, agrees), d.item(case, refuses))} == {ItemState.MOVING}
    target = d.target()
    assert isinstance(target, PromisingTarget)
    target.decide(refuses)
    d.tick()
    assert d.item(case, agrees).state is ItemState.DONE
    stuck = d.item(case, refuses)
    assert (stuck.state, stuck.code, d.holder(refuses)) == (ItemState.STUCK, "client_refused", LEAVER)


def test_what_was_passed_on_can_be_taken_back_exactly_but_for_what_cannot(desk: Make) -> None:
    d = desk()
    clients, group = [d.plant(CLIENT, n) for n in range(6)], d.plant(GROUP, 1)
    before = dict(d.things.holders)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    assert {d.holder(ref) for ref in (*clients, group)} == {MANAGER}
    undone = undoing.undo(d.hub, case.id, HR, "she stays after all")
    assert [item.ref for item in undone.irreversible] == [group]
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays after all")
    d.tick()
    assert {ref: d.things.holders[ref] for ref in clients} == {ref: before[ref] for ref in clients}
    assert d.holder(group) == MANAGER


def test_a_system_that_cannot_be_read_closes_nothing(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.target().away = True
    hour = d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED
    assert any("crm" in what for what in hour.troubles)
    assert "unread" in {each.what for each in completing.gate(d.hub, case.id).obstacles}


def test_a_resignation_opens_one_case_and_it_stays_one(desk: Make) -> None:
    d = desk()
    d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day="2030-01-31", department="销售部")
    plan_sync(d.hub, SyncRequest())
    assert len(d.tick().opened) == 1
    assert d.tick().opened == []
    case = casework.find_case(d.hub, LEAVER)
    assert case.dates.last_working_at is not None
    assert case.cause is Cause.RESIGNATION
    assert any(each.what == "still_working" for each in completing.gate(d.hub, case.id).obstacles)


def test_what_drifts_back_opens_a_completed_case_again(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    d.close_account()
    completing.complete(d.hub, case.id, HR, "done")
    assert d.tick().reopened == []
    d.things.holders[ref] = d.id_of(LEAVER)
    assert d.tick().reopened == [case.id]
    assert (d.case(case).state, d.item(case, ref).code) == (CaseState.OPEN, "returned")


def test_who_has_had_what_since_when_is_known(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.company.clock.sleep(3600)
    d.tick()
    with d.hub.database.read() as connection:
        had = [(t.holder, t.until is None) for t in d.hub.tenures.of(connection, case_id=case.id) if t.ref == ref]
    assert had == [(LEAVER, False), (MANAGER, True)]


def test_hr_moves_the_last_day_and_takes_the_resignation_back(desk: Make) -> None:
    d = desk()
    leaving = row(LEAVER, status="notice", manager=MANAGER, last_day="2030-01-31", department="销售部")
    d.company.rows[1] = leaving
    ref = d.plant(CLIENT, 1)
    plan_sync(d.hub, SyncRequest())
    d.tick()
    case = casework.find_case(d.hub, LEAVER)
    d.company.rows[1] = {**leaving, "last_day": "2030-03-31"}
    plan_sync(d.hub, SyncRequest())
    d.tick()
    moved = d.case(case).dates.last_working_at
    assert case.dates.last_working_at is not None
    assert moved is not None
    assert (moved - case.dates.last_working_at).days == 59
    d.agree(case)
    d.company.rows[1] = row(LEAVER, manager=MANAGER, department="销售部")
    plan_sync(d.hub, SyncRequest())
    assert d.tick().retracted == [case.id]
    assert d.case(case).state is CaseState.RETRACTED
    assert d.holder(ref) == LEAVER


def test_what_was_about_to_be_taken_at_a_last_day_that_is_put_off_stays_until_the_new_one(
    desk: Make, tmp_path: Path
) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text("policies:\n  all:\n    restrict: {crm: [export*]}\n", "utf-8")
    d = desk(offboarding=OffboardingPart(policies=policies))
    leaver, day = d.id_of(LEAVER), timedelta(days=1)
    d.things.grants[leaver] = {"discounts", "exports"}
    d.things.sessions.add(leaver)
    today = d.company.clock.now().date()
    leaving = row(LEAVER, status="notice", manager=MANAGER, last_day=str(today - day), department="销售部")
    d.company.rows[1] = leaving
    plan_sync(d.hub, SyncRequest())
    hourly.look(d.hub)
    d.company.rows[1] = {**leaving, "last_day": str(today + 2 * day)}
    plan_sync(d.hub, SyncRequest())
    assert not d.tick().troubles
    case = casework.find_case(d.hub, LEAVER)
    assert d.things.grants[leaver] == {"discounts"}, "what the policy takes at the resignation has gone"
    assert leaver in d.things.sessions
    assert [item.code for item in d.items(case, ItemState.OPEN) if item.ref.external_id == "discounts"] == ["postponed"]
    d.company.clock.sleep((4 * day).total_seconds())
    d.tick()
    assert not d.things.grants[leaver]
    assert leaver not in d.things.sessions


def test_when_rights_have_gone_before_hr_puts_the_last_day_off_people_are_told_once(desk: Make, tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text("policies:\n  all:\n    restrict: {crm: [export*]}\n", "utf-8")
    d = desk(offboarding=OffboardingPart(policies=policies))
    d.things.grants[d.id_of(LEAVER)] = {"discounts", "exports"}
    day, today = timedelta(days=1), d.company.clock.now().date()
    leaving = row(LEAVER, status="notice", manager=MANAGER, last_day=str(today - day), department="销售部")
    d.company.rows[1] = leaving
    plan_sync(d.hub, SyncRequest())
    d.tick()
    assert not d.things.grants[d.id_of(LEAVER)]
    d.company.rows[1] = {**leaving, "last_day": str(today + 2 * day)}
    plan_sync(d.hub, SyncRequest())
    d.tick()
    d.tick()
    with d.hub.database.read() as connection:
        (alert,) = d.hub.alerts.of(connection)
    assert (alert.rule, alert.system, alert.text) == (Rule.RIGHTS_GONE, "crm", "权限discounts")
    d.company.rows[1] = leaving
    plan_sync(d.hub, SyncRequest())
    d.tick()
    with d.hub.database.read() as connection:
        assert d.hub.alerts.of(connection) == [alert], "a day that has come already is not put off to"


def test_a_right_on_its_way_back_is_not_called_back_when_hr_puts_the_last_day_off(desk: Make) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    day, today = timedelta(days=1), d.company.clock.now().date()
    leaving = row(LEAVER, status="notice", manager=MANAGER, last_day=str(today - day), department="销售部")
    d.company.rows[1] = leaving
    plan_sync(d.hub, SyncRequest())
    d.tick()
    case = casework.find_case(d.hub, LEAVER)
    assert not d.things.grants[d.id_of(LEAVER)]
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.company.rows[1] = {**leaving, "last_day": str(today + 2 * day)}
    plan_sync(d.hub, SyncRequest())
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == {"discounts"}
    with d.hub.database.read() as connection:
        assert not d.hub.alerts.of(connection)


def test_some_rights_go_at_the_resignation_and_an_exception_ends_with_the_last_day(desk: Make, tmp_path: Path) -> None:
    policies = tmp_path / "policies.yaml"
    policies.write_text('policies:\n  all:\n    restrict: {crm: ["权限export*"]}\n', encoding="utf-8")
    d = desk(offboarding=OffboardingPart(policies=policies))
    leaver = d.id_of(LEAVER)
    d.things.grants[leaver] = {"export-all", "export-some", "read"}
    d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day="2026-12-20", department="销售部")
    plan_sync(d.hub, SyncRequest())
    case = d.open(Cause.RESIGNATION)
    refresh(d.hub, case.id)
    (excepted,) = [item for item in d.items(case) if item.ref.external_id == "export-some"]
    d.say(case, [excepted], Act.LEAVE, MANAGER, Role.MANAGER, "needed for the closing of the books")
    (asked,) = [item for item in d.items(case) if item.id == excepted.id]
    with pytest.raises(ApprovalError, match="second person"):
        d.say(case, [asked], Act.LEAVE, MANAGER, Role.MANAGER, "and I agree")
    (left,) = d.say(case, [asked], Act.LEAVE, HR, Role.HR, "agreed")
    assert (left.state, left.accepted_by, left.approved_by) == (ItemState.LEFT, MANAGER, HR)
    d.tick()
    assert d.things.grants[leaver] == {"export-some", "read"}
    d.company.clock.sleep(60 * 24 * 3600)
    assert "rights" in {each.what for each in completing.gate(d.hub, case.id).obstacles}
    d.tick()
    assert d.things.grants[leaver] == set()
