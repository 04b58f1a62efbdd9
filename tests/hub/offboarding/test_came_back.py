"""Who was hired again works here, whatever HR calls them later; who is only still called active after a case does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.hub import decisions, execution
from baton.hub.core import SYNC_JOB
from baton.hub.offboarding import casework
from baton.hub.offboarding.commission import read_facts
from baton.model.account import AccountState
from baton.model.case import Act, Case, CaseState, Cause
from baton.store.held_back import words
from baton.store.runs import RunState
from tests.hub.offboarding.conftest import HR
from tests.hub.offboarding.test_commission_facts import EMPTY
from tests.hub.offboarding.test_held_leavers import DAY_S, GONE, ONE, Make, Town, slip, town
from tests.hub.offboarding.test_held_successors import works_here

__all__ = ["town"]
BY_PERSONS = pytest.mark.parametrize("cause", [Cause.BY_HAND, Cause.EMERGENCY])
LAST_DAY = "2026-11-22"


def complete(d: Town, case: Case) -> Case:
    with d.hub.database.write() as connection:
        return casework.step(d.hub, connection, d.case(case), Act.COMPLETE, HR, "done")


def let_out(d: Town, cause: Cause) -> Case:
    """Somebody has lost everything by a case that a person has opened; their account, by hand, is closed by HR's word."""
    last = None if cause is Cause.EMERGENCY else d.hub.clock.now()
    case = casework.open_case(d.hub, casework.Opening(ONE, cause, HR, last_working_at=last))
    d.sync()
    for _ in range(2):
        d.hour()
    return case


def departed(d: Town, cause: Cause) -> Case:
    """The same, and HR has entered the departure; 100 days ago."""
    case = let_out(d, cause)
    d.hr_says([ONE], status="departed", last_day=LAST_DAY, contract_end="2035-01-31")
    d.hour()
    complete(d, case)
    d.company.clock.sleep(100 * DAY_S)
    d.hour()
    return case


def given_anew(d: Town) -> None:
    d.things.grants[d.id_of(ONE)] = {"sales", "export"}
    d.things.sessions.add(d.id_of(ONE))


def keeps_all(d: Town, case: Case) -> None:
    for _ in range(2):
        d.company.clock.sleep(DAY_S)
        d.sync()
        hour = d.hour()
        assert (hour.opened, hour.reopened, hour.troubles, d.kept([ONE])) == ([], [], {}, 1)
    assert d.case(case).state is CaseState.COMPLETED


@BY_PERSONS
def test_who_was_hired_again_keeps_everything_once_hr_calls_them_active(town: Make, cause: Cause) -> None:
    d = town()
    case = departed(d, cause)
    d.hr_says([ONE], status="rehired")
    given_anew(d)
    keeps_all(d, case)
    d.company.clock.sleep(30 * DAY_S)
    d.hr_says([ONE])
    keeps_all(d, case)
    facts = read_facts(EMPTY, d.company.open)
    assert (facts.left, list(facts.earlier)) == ({}, [ONE]), "their commission is theirs again"


@BY_PERSONS
def test_so_does_who_is_called_active_at_once_after_a_departure(town: Make, cause: Cause) -> None:
    d = town()
    case = departed(d, cause)
    d.hr_says([ONE])
    given_anew(d)
    keeps_all(d, case)


def comes_back(d: Town, case: Case) -> None:
    """A right that is there again opens the case."""
    d.things.grants[d.id_of(ONE)] = {"sales"}
    d.company.clock.sleep(DAY_S)
    assert d.hour().reopened == [case.id]


@pytest.mark.parametrize("title", ["", "顾问"])
@pytest.mark.parametrize("status", ["active", "rehired"])
@BY_PERSONS
def test_whom_hr_simply_still_calls_as_before_is_not_back(town: Make, cause: Cause, status: str, title: str) -> None:
    d = town()
    d.hr_says([ONE], status=status)
    case = complete(d, let_out(d, cause))
    d.company.clock.sleep(DAY_S)
    if title:
        d.hr_says([ONE], status=status, title=title)
    comes_back(d, case)


@BY_PERSONS
def test_a_departure_that_was_rejected_and_is_corrected_brings_nobody_back(town: Make, cause: Cause) -> None:
    d = town()
    case = complete(d, let_out(d, cause))
    before = list(d.company.rows)
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    d.company.clock.sleep(DAY_S)
    d.company.rows = before
    d.sync()
    comes_back(d, case)


def test_whose_hiring_was_called_off_is_looked_after_as_before(town: Make) -> None:
    d = town()
    case = departed(d, Cause.EMERGENCY)
    for status in ("pending", "departed"):
        d.hr_says([ONE], status=status, last_day=LAST_DAY, contract_end="2035-01-31")
        d.company.clock.sleep(DAY_S)
        d.hour()
    comes_back(d, case)


@pytest.mark.parametrize("state", [CaseState.PAUSED, CaseState.COMPLETED])
def test_who_was_hired_again_works_here_while_a_slip_is_held(town: Make, state: CaseState) -> None:
    d = town()
    d.hr_says([ONE], status="departed", last_day="2026-11-20")
    for _ in range(2):
        d.hour()
    (case,) = d.cases()
    if state is CaseState.COMPLETED:
        complete(d, case)
    d.company.clock.sleep(DAY_S)
    d.hr_says([ONE], status="rehired")
    d.hour()
    assert d.case(case).state is state
    d.company.clock.sleep(30 * DAY_S)
    d.hr_says([ONE])
    d.hour()
    assert works_here(d, ONE)
    run = slip(d, last_day="2026-12-20")
    d.hour()
    assert works_here(d, ONE)
    decisions.reject(d.hub, run, "boss", "the export is wrong")
    assert works_here(d, ONE)


def let_go(d: Town) -> list[tuple[str, bool]]:
    systems = list(d.hub.settings.systems)
    with d.hub.database.read() as connection:
        told = words(connection, SYNC_JOB, systems, [ONE, "9999"])
    assert list(told) == [ONE]
    return [(word.status.value, word.let_go) for word in told[ONE]]


def test_what_a_run_held_is_let_go_by_a_release_or_by_the_run_that_takes_it_up(town: Make) -> None:
    d = town()
    run = slip(d)
    assert let_go(d) == [("active", True), ("departed", False)]
    d.company.clock.sleep(timedelta(hours=73).total_seconds())
    again = d.sync().run
    assert (again.state, again.id == run) == (RunState.HELD, False)
    assert let_go(d) == [("active", True), ("departed", False)]
    decisions.release(d.hub, again.id, "boss", "the branch is closed")
    execution.apply(d.hub)
    assert let_go(d) == [("active", True), ("departed", True)]
    assert d.company.truths["crm"].accounts[ONE].state is not AccountState.ENABLED


def test_what_passed_after_a_correction_was_not_about_what_was_held_before(town: Make) -> None:
    d = town()
    decisions.reject(d.hub, slip(d), "boss", "the export is wrong")
    d.company.clock.sleep(DAY_S)
    d.hr_says(GONE)
    d.company.clock.sleep(DAY_S)
    d.hr_says([ONE], status="departed", last_day="2026-11-24")
    assert let_go(d) == [("active", True), ("departed", False), ("active", True), ("departed", True)]
