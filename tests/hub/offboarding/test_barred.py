"""An emergency leaver cannot log in again: the account is closed by the next sync, before HR has entered anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from baton.errors import ApprovalError
from baton.hub import decisions, execution
from baton.hub.offboarding import casework, completing
from baton.hub.offboarding.people import employed
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState, Action
from baton.model.case import Act, Case, CaseState, Cause
from baton.settings_shape import GatePart, OffboardingPart, WindowLimit
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, Desk
from tests.rig.belongings import TalkingTarget
from tests.rig.company import row

Make = Callable[..., Desk]
WORKING = {"department": "销售部", "manager": MANAGER}


def synced(d: Desk) -> AccountState:
    """How the leaver's account stands after a sync."""
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)
    state: AccountState = d.company.truths["crm"].accounts[LEAVER].state
    return state


def hr_says(d: Desk, **given: str) -> None:
    d.company.rows[1] = row(LEAVER, **{**WORKING, **given})


def completed(d: Desk) -> Case:
    """An emergency case from its opening to its end, in which the sync has closed the account."""
    case = d.open(Cause.EMERGENCY)
    assert synced(d) is AccountState.DISABLED
    d.tick()
    d.agree(case)
    d.tick()
    return completing.complete(d.hub, case.id, HR, "handed over")


def test_an_emergency_closes_the_account_at_the_next_sync_although_hr_still_says_active(desk: Make) -> None:
    d = desk()
    d.open()
    assert synced(d) is AccountState.ENABLED, "an ordinary case closes nothing"
    casework.decide(d.hub, LEAVER, Act.RETRACT, HR, "to be opened as an emergency")
    d.open(Cause.EMERGENCY)
    others = {number: account.state for number, account in d.company.truths["crm"].accounts.items()}
    assert synced(d) is AccountState.DISABLED
    others[LEAVER] = AccountState.DISABLED
    assert {number: each.state for number, each in d.company.truths["crm"].accounts.items()} == others


@pytest.mark.parametrize("act", [Act.PAUSE, Act.RETRACT])
def test_a_retracted_emergency_lets_in_again_and_a_paused_one_does_not(desk: Make, act: Act) -> None:
    d = desk()
    case = d.open(Cause.EMERGENCY)
    assert synced(d) is AccountState.DISABLED
    casework.decide(d.hub, case.id, act, HR, "looked at closely")
    assert synced(d) is (AccountState.ENABLED if act is Act.RETRACT else AccountState.DISABLED)
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "after all")
    assert synced(d) is AccountState.DISABLED


@pytest.mark.parametrize("said", [{}, {"status": "departed", "last_day": "2020-01-31"}])
def test_a_retracted_emergency_that_nobody_could_send_closes_nothing_although_no_sync_follows(
    desk: Make, said: dict[str, str]
) -> None:
    d = desk()
    synced(d)
    decisions.kill_switch(d.hub, "system:crm", "on", "ops", "being repaired")
    case = d.open(Cause.EMERGENCY)
    if said:
        hr_says(d, **said)
    assert synced(d) is AccountState.ENABLED
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "the wrong person")
    decisions.kill_switch(d.hub, "system:crm", "off", "ops", "repaired")
    execution.apply(d.hub)
    gone = (AccountState.DISABLED, AccountState.REMOVED)
    assert (d.company.truths["crm"].accounts[LEAVER].state in gone) is bool(said), "what HR says stands"
    assert (synced(d) in gone) is bool(said)


def test_a_held_run_with_an_emergency_that_was_retracted_is_planned_anew(desk: Make) -> None:
    d = desk(gate=GatePart(run=WindowLimit(share=Decimal(0), at_least=0, at_most=0)))
    case = d.open(Cause.EMERGENCY)
    run = plan_sync(d.hub, SyncRequest()).run
    assert run.state == "held"
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "the wrong person")
    with pytest.raises(ApprovalError) as refused:
        decisions.release(d.hub, run.id, "wang.wu", "out at once")
    assert refused.value.code == "retracted"
    assert synced(d) is AccountState.ENABLED


def test_what_hr_changes_meanwhile_lets_nobody_in(desk: Make) -> None:
    d = desk()
    d.open(Cause.EMERGENCY)
    assert synced(d) is AccountState.DISABLED
    hr_says(d, title="主管")
    assert synced(d) is AccountState.DISABLED
    hr_says(d, status="notice", last_day="2031-01-31")
    assert synced(d) is AccountState.DISABLED


def test_who_is_protected_keeps_the_account_and_the_case_stays_open_for_it(desk: Make) -> None:
    d = desk(protected=(LEAVER,))
    case = d.open(Cause.EMERGENCY)
    assert synced(d) is AccountState.ENABLED
    d.tick()
    assert "1 accounts are alive" in [each.message for each in completing.gate(d.hub, case.id).obstacles]


def test_the_gate_of_a_sync_holds_it_like_any_other_closing(desk: Make) -> None:
    d = desk(gate=GatePart(run=WindowLimit(share=Decimal(0), at_least=0, at_most=0)))
    d.open(Cause.EMERGENCY)
    plan = plan_sync(d.hub, SyncRequest())
    assert plan.run.state.value == "held"
    execution.apply(d.hub)
    assert d.company.truths["crm"].accounts[LEAVER].state is AccountState.ENABLED


def test_a_completed_emergency_bars_until_hr_has_entered_the_departure(desk: Make) -> None:
    d = desk()
    assert completed(d).state is CaseState.COMPLETED
    hr_says(d, title="主管")
    assert synced(d) is AccountState.DISABLED, "HR has entered nothing: nobody is let in"
    d.company.clock.sleep(86_400)
    hr_says(d, status="departed", last_day="2024-01-31", contract_end="2035-01-31")
    assert synced(d) is AccountState.DISABLED
    d.company.clock.sleep(86_400)
    hr_says(d, status="rehired", hired="2024-01-01")
    assert synced(d) is AccountState.ENABLED, "hired again: somebody as any other"


@pytest.mark.parametrize("to_come", [False, True], ids=["told at once", "told before it came"])
def test_who_is_hired_again_after_an_emergency_is_not_shut_out_by_a_strangers_case(
    desk: Make, *, to_come: bool
) -> None:
    d = desk()
    completed(d)
    d.company.clock.sleep(86_400)
    hr_says(d, status="departed", last_day="2024-01-31", contract_end="2035-01-31")
    assert synced(d) is AccountState.DISABLED
    begun = d.hub.clock.now()
    d.company.clock.sleep(86_400)
    hr_says(d, status="rehired", effective=str((begun + timedelta(days=9)).date()) if to_come else "")
    synced(d)
    d.company.clock.sleep(10 * 86_400)
    casework.open_case(d.hub, casework.Opening(OTHER, Cause.BY_HAND, HR))
    hr_says(d, status="rehired", title="主管")
    assert synced(d) is AccountState.ENABLED
    with d.hub.database.read() as connection:
        assert employed(d.hub, connection, [LEAVER]) == {LEAVER}


def test_a_departure_from_long_before_does_not_end_an_emergency_of_today(desk: Make) -> None:
    d = desk()
    hr_says(d, status="departed", last_day="2020-06-30", contract_end="2035-01-31")
    assert synced(d) is AccountState.DISABLED
    d.company.clock.sleep(86_400)
    hr_says(d, status="rehired")
    assert synced(d) is AccountState.ENABLED
    d.company.clock.sleep(86_400)
    completed(d)
    hr_says(d, status="active", title="主管")
    assert synced(d) is AccountState.DISABLED


@pytest.mark.parametrize("changed", [False, True], ids=["put off", "another change to come"])
def test_a_departure_is_not_over_on_the_former_date_of_a_return_that_was_put_off(desk: Make, *, changed: bool) -> None:
    d = desk()
    hr_says(d, status="departed", last_day="2020-06-30", contract_end="2035-01-31")
    assert synced(d) is AccountState.DISABLED
    begun = d.hub.clock.now()
    for days in (10, 60):
        d.company.clock.sleep(86_400)
        title = {"title": "主管"} if changed and days == 60 else {}
        hr_says(d, status="rehired", effective=str((begun + timedelta(days=days)).date()), **title)
        synced(d)
    d.company.clock.sleep(20 * 86_400)
    completed(d)
    d.company.clock.sleep(50 * 86_400)
    expected = AccountState.DISABLED if changed else AccountState.ENABLED
    assert synced(d) is expected, "the departure was over before the emergency only where the first return took place"
    with d.hub.database.read() as connection:
        assert employed(d.hub, connection, [LEAVER]) == (set() if changed else {LEAVER})


@pytest.mark.parametrize("paused", [False, True])
def test_who_has_resigned_and_must_be_out_at_once_is_out_by_the_case_that_is_open(desk: Make, paused: bool) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"exports"}
    hr_says(d, status="notice", last_day="2031-01-31")
    assert synced(d) is AccountState.ENABLED
    d.tick()
    case = casework.find_case(d.hub, LEAVER)
    if paused:
        casework.decide(d.hub, case.id, Act.PAUSE, HR, "wait for the audit")
    assert d.open(Cause.EMERGENCY).id == case.id
    assert synced(d) is AccountState.DISABLED
    d.tick()
    assert d.things.grants[d.id_of(LEAVER)] == set()
    now = d.case(case)
    assert (now.state, now.cause, now.dates.last_working_at) == (CaseState.OPEN, Cause.EMERGENCY, d.hub.clock.now())
    assert d.statement_acts(case).count(Act.OPEN) == 2
    assert d.open(Cause.EMERGENCY).cause is Cause.EMERGENCY
    assert d.statement_acts(case).count(Act.OPEN) == 2, "once is enough"


def test_what_a_retracted_case_has_taken_does_not_come_back_to_who_is_out_by_the_next_one(desk: Make) -> None:
    d = desk()
    leaver = d.id_of(LEAVER)
    d.things.grants[leaver] = {"exports"}
    first = d.open(Cause.EMERGENCY)
    d.tick()
    assert d.things.grants[leaver] == set()
    casework.decide(d.hub, first.id, Act.RETRACT, HR, "the wrong manager")
    d.company.clock.sleep(60)
    second = d.open(Cause.EMERGENCY)
    assert (d.tick().taken_back, d.things.grants[leaver]) == (0, set())
    casework.decide(d.hub, second.id, Act.RETRACT, HR, "she stays after all")
    d.tick()
    d.tick()
    assert d.things.grants[leaver] == {"exports"}


def test_a_last_day_that_hr_enters_afterwards_opens_no_second_case_and_greets_nobody(desk: Make) -> None:
    d = desk(TalkingTarget, offboarding=OffboardingPart(notifiers=("crm",), address="https://hub.example"))
    case = completed(d)
    d.things.outbox.clear()
    d.company.clock.sleep(86_400)
    hr_says(d, status="notice", last_day="2031-01-31")
    assert synced(d) is AccountState.DISABLED
    assert (d.tick().opened, d.case(case).state) == ([], CaseState.COMPLETED)
    assert d.things.outbox == []


@pytest.mark.parametrize(("days", "status", "last_day"), [(1, "notice", "2031-01-31"), (400, "departed", "2027-01-31")])
def test_who_was_let_in_again_by_the_protected_list_is_named_for_a_case_for_leaving(
    desk: Make, days: int, status: str, last_day: str
) -> None:
    d = desk()
    case = completed(d)
    d.company.protected = (LEAVER,)
    with d.company.open() as hub:
        protecting = Desk(d.company, hub)
        assert synced(protecting) is AccountState.ENABLED
        d.company.clock.sleep(days * 86_400)
        hr_says(d, status=status, last_day=last_day, contract_end="2035-01-31")
        assert synced(protecting) is AccountState.ENABLED
        hour = protecting.tick()
        assert (hour.opened, hour.waiting.protected, LEAVER in hour.troubles["hub.protected"]) == ([], [LEAVER], True)
        leaving = protecting.open(last_working_at=d.company.clock.now())
        assert (leaving.id == case.id) is (days == 1), "so soon it is what came back that opens the old one again"
        assert protecting.tick().waiting.protected == []


@pytest.mark.parametrize("rejected", [False, True])
def test_an_emergency_is_news_of_whose_departure_is_held_or_was_rejected(desk: Make, *, rejected: bool) -> None:
    d = desk(gate=GatePart(run=WindowLimit(share=Decimal(0), at_least=0, at_most=0)))
    hr_says(d, status="departed", last_day="2020-06-30", contract_end="2035-01-31")
    first = plan_sync(d.hub, SyncRequest()).run
    if rejected:
        decisions.reject(d.hub, first.id, "checker", "HR made a mistake")
        assert plan_sync(d.hub, SyncRequest()).drafted == []
    d.open(Cause.EMERGENCY)
    again = plan_sync(d.hub, SyncRequest())
    wanted = [Action.DISABLE] if rejected else [Action.DISABLE, Action.REMOVE]  # a rejected removal stays rejected
    assert [draft.intention.action for draft in again.drafted] == wanted
    decisions.release(d.hub, again.run.id, "checker", "out at once")
    execution.apply(d.hub)
    assert d.company.truths["crm"].accounts[LEAVER].state is AccountState.DISABLED


@pytest.mark.parametrize("wrong", [{}, {"status": "departed", "last_day": "2020-06-30"}])
def test_an_emergency_leaver_does_not_stay_in_because_a_run_held_for_others_was_rejected(
    desk: Make, wrong: dict[str, str]
) -> None:
    d = desk(gate=GatePart(run=WindowLimit(share=Decimal(0), at_least=1, at_most=1)))
    right = list(d.company.rows)
    d.open(Cause.EMERGENCY)
    d.company.rows[2:] = [row(each["number"], status="departed", last_day="2020-06-30") for each in right[2:]]
    hr_says(d, **wrong)
    held = plan_sync(d.hub, SyncRequest())
    assert (held.run.state.value, len({draft.intention.number for draft in held.drafted})) == ("held", 3)
    decisions.reject(d.hub, held.run.id, "checker", "the export is wrong")
    again = plan_sync(d.hub, SyncRequest())
    said = [(draft.intention.number, draft.intention.action) for draft in again.drafted]
    assert (again.run.state.value, said) == ("ready", [(LEAVER, Action.DISABLE)]), (
        "closed, but what HR said of it is not"
    )
    execution.apply(d.hub)
    d.company.rows = right
    assert synced(d) is AccountState.DISABLED
    assert plan_sync(d.hub, SyncRequest()).drafted == []


def test_who_is_protected_is_not_closed_by_a_rejection_although_their_case_bars_them(desk: Make) -> None:
    d = desk(gate=GatePart(run=WindowLimit(share=Decimal(0), at_least=1, at_most=1)), protected=(LEAVER,))
    d.open(Cause.EMERGENCY)
    d.company.rows[2:] = [row(each["number"], status="departed", last_day="2020-06-30") for each in d.company.rows[2:]]
    decisions.reject(d.hub, plan_sync(d.hub, SyncRequest()).run.id, "checker", "the export is wrong")
    assert [plan_sync(d.hub, SyncRequest()).drafted for _ in range(2)] == [[], []]
