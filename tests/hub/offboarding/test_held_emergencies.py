"""An emergency leaver in a held run: a person rejects the closing by their case, not what HR said and was let go."""

from __future__ import annotations

import re

import pytest

from baton.hub import decisions, execution
from baton.hub.offboarding import casework
from baton.hub.offboarding.people import employed
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.case import Act, Case, CaseState, Cause
from baton.store.runs import RunState
from tests.hub.offboarding.conftest import HR
from tests.hub.offboarding.test_held_leavers import DAY_S, GONE, ONE, Make, Town, slip, stays_rejected, town
from tests.rig import company

__all__ = ["town"]
OTHERS = GONE[1:]
TO_COME = {"status": "notice", "last_day": "2026-12-31"}


def emergency(d: Town) -> Case:
    return casework.open_case(d.hub, casework.Opening(ONE, Cause.EMERGENCY, HR))


def retract(d: Town, case: Case) -> None:
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "a regular leaver after all")


def state(d: Town) -> AccountState:
    return d.company.truths["crm"].accounts[ONE].state


def held_with_others(d: Town) -> tuple[Case, str]:
    """An emergency whose closing is held with the slip about the others; the run that holds it."""
    case = emergency(d)
    run = d.hr_says(OTHERS, status="departed", last_day="2026-11-20").run
    assert run.state is RunState.HELD
    return case, run.id


def leaves_on_the_day(d: Town) -> None:
    """The account stands until the last day that was approved, and not after it."""
    d.hr_says(OTHERS)
    d.hour()
    assert state(d) is AccountState.ENABLED
    d.company.clock.sleep(40 * DAY_S)
    d.sync()
    assert state(d) is not AccountState.ENABLED


@pytest.mark.parametrize("first", ["reject", "retract"])
def test_a_departure_that_was_let_go_outlasts_the_rejection_of_an_emergency(town: Make, first: str) -> None:
    d = town()
    assert d.hr_says([ONE], **TO_COME).run.state is RunState.READY
    case, run = held_with_others(d)
    if first == "retract":
        retract(d, case)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    if first == "reject":
        retract(d, case)
    leaves_on_the_day(d)


def test_so_does_one_whose_run_was_held_and_released(town: Make) -> None:
    d = town()
    decisions.release(d.hub, slip(d, **TO_COME), "boss", "the branch is closed")
    execution.apply(d.hub)
    outlasts_a_rejected_emergency(d)


def test_so_does_one_whose_run_was_replaced_and_the_newer_one_released(town: Make) -> None:
    d = town()
    slip(d, **TO_COME)
    again = d.hr_says(GONE[1:2], status="notice", last_day="2026-12-30").run
    assert again.state is RunState.HELD
    decisions.release(d.hub, again.id, "boss", "the branch is closed")
    execution.apply(d.hub)
    outlasts_a_rejected_emergency(d)


def outlasts_a_rejected_emergency(d: Town) -> None:
    case, run = held_with_others(d)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    retract(d, case)
    leaves_on_the_day(d)


def test_one_that_was_only_held_is_rejected_with_the_emergency(town: Make) -> None:
    d = town()
    slip(d)
    case = emergency(d)
    decisions.reject(d.hub, d.sync().run.id, "boss", "the export is wrong")
    retract(d, case)
    d.sync()
    assert state(d) is AccountState.ENABLED
    stays_rejected(d)


def completed(d: Town, case: Case) -> Case:
    with d.hub.database.write() as connection:
        casework.step(d.hub, connection, d.case(case), Act.COMPLETE, HR, "done")
    d.company.clock.sleep(2 * DAY_S)
    return d.case(case)


def out_by_an_emergency(d: Town) -> Case:
    """One whose case is completed, before HR has entered anything."""
    case = emergency(d)
    d.sync()
    d.hour()
    return completed(d, case)


def stays_out(d: Town, case: Case) -> None:
    """Nothing that comes to pass opens the account, or the case."""
    for _ in range(2):
        d.sync()
        assert state(d) is not AccountState.ENABLED
        assert d.hour().reopened == []
        d.company.clock.sleep(DAY_S)
    assert d.case(case).state is CaseState.COMPLETED
    with d.hub.database.read() as connection:
        assert employed(d.hub, connection, [ONE]) == set()


@pytest.mark.parametrize("decision", ["reject", "neither"])
@pytest.mark.parametrize("said", [{}, {"contract_end": "2035-01-31"}, {"last_day": "2027-12-31"}])
def test_a_slip_that_is_corrected_lets_nobody_in_who_is_out_by_a_completed_emergency(
    town: Make, decision: str, said: dict[str, str]
) -> None:
    d = town()
    case = out_by_an_emergency(d)
    before = list(d.company.rows)
    run = slip(d, **said)
    stays_out(d, case)
    if decision == "reject":
        decisions.reject(d.hub, run, "boss", "the export is wrong")
        stays_out(d, case)
    d.company.rows = before
    stays_out(d, case)
    d.company.truths["crm"].accounts[ONE].state = AccountState.ENABLED
    reconcile(d.hub, "crm")
    d.sync()
    assert state(d) is not AccountState.ENABLED, "opened by others, closed by the case: no word of HR's"
    stays_out(d, case)


def test_nor_one_with_which_their_closing_was_rejected_and_planned_anew(town: Make) -> None:
    d = town()
    before = list(d.company.rows)
    case = emergency(d)
    run = slip(d)
    d.company.clock.sleep(DAY_S)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    d.company.clock.sleep(DAY_S)
    d.sync()
    assert state(d) is AccountState.DISABLED, "by the case"
    d.hour()
    case = completed(d, case)
    d.company.rows = before
    stays_out(d, case)


@pytest.mark.parametrize("decision", ["reject", "neither"])
def test_nor_does_the_closing_of_who_must_be_out_let_the_slip_go(town: Make, decision: str) -> None:
    """By the guide: an emergency for one of those in the held run, and a run for them alone."""
    d = town()
    before = list(d.company.rows)
    run = slip(d)
    d.company.clock.sleep(3600)
    case = emergency(d)
    plan_sync(d.hub, SyncRequest(employees=(ONE,)))
    execution.apply(d.hub)
    assert state(d) is not AccountState.ENABLED
    d.hour()
    case = completed(d, case)
    if decision == "reject":
        decisions.reject(d.hub, run, "boss", "the export is wrong")
    d.company.rows = before
    stays_out(d, case)


@pytest.mark.parametrize("removed", ["contract_end", "never"])
@pytest.mark.parametrize("corrected", ["all_but_one", "by_a_run_for_few", "after_a_rejection"])
def test_nor_does_a_run_that_passes_though_nobody_has_released_the_slip(
    town: Make, monkeypatch: pytest.MonkeyPatch, corrected: str, removed: str
) -> None:
    """Neither one without those whom HR has corrected, nor one that came after the rejection."""
    monkeypatch.setattr(company, "TARGET_MAPPING", re.sub(r"remove: \w+", f"remove: {removed}", company.TARGET_MAPPING))
    d = town()
    case = out_by_an_emergency(d)
    before = list(d.company.rows)
    slip(d)
    d.company.clock.sleep(4 * DAY_S)
    if corrected == "after_a_rejection":
        decisions.reject(d.hub, d.sync().run.id, "boss", "the export is wrong")
        d.company.clock.sleep(DAY_S)
    elif corrected == "by_a_run_for_few":
        d.company.rows = before
        plan_sync(d.hub, SyncRequest(employees=tuple(OTHERS)))
        execution.apply(d.hub)
    else:
        wrong = next(row for row in d.company.rows if row["number"] == ONE)
        d.company.rows = [wrong if row["number"] == ONE else row for row in before]
    d.sync()
    d.company.clock.sleep(DAY_S)
    d.company.rows = before
    stays_out(d, case)


@pytest.mark.parametrize("how", ["released", "replaced", "late"])
@pytest.mark.parametrize("removed", ["contract_end", "never"])
def test_a_departure_that_was_held_and_released_lets_in_who_is_hired_again(
    town: Make, monkeypatch: pytest.MonkeyPatch, how: str, removed: str
) -> None:
    monkeypatch.setattr(company, "TARGET_MAPPING", re.sub(r"remove: \w+", f"remove: {removed}", company.TARGET_MAPPING))
    d = town()
    out_by_an_emergency(d)
    run = slip(d)
    if how != "released":
        d.company.clock.sleep(4 * DAY_S)
        say = {"replaced": lambda: d.hr_says(GONE[1:2], status="departed", last_day="2026-11-21"), "late": d.sync}
        run = say[how]().run.id
    decisions.release(d.hub, run, "boss", "the branch is closed")
    execution.apply(d.hub)
    d.hour()
    d.company.clock.sleep(DAY_S)
    d.hr_says([ONE], status="rehired")
    assert state(d) is AccountState.ENABLED
    with d.hub.database.read() as connection:
        assert employed(d.hub, connection, [ONE]) == {ONE}
