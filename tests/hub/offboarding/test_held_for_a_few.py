"""A run for a few, while a run that the gate holds has them in it: the others stay held, with all that keeps."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub import decisions, execution
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.case import Cause
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.conftest import Start
from tests.hub.offboarding.conftest import HR, staffed
from tests.hub.offboarding.test_held_leavers import CREW, GONE, ONE, Make, Town, slip, town
from tests.rig.belongings import Belongings, KeeperTarget

__all__ = ["town"]
OTHERS = GONE[1:]
BACK = CREW[-1]
"""Who left before, and is hired again in the export that is held."""
LEFT = {"status": "departed", "last_day": "2026-11-20", "contract_end": "2035-01-31"}


def alone(d: Town) -> str:
    """An emergency of one of those who are held, and the run for them alone that the guide advises."""
    open_case(d.hub, Opening(ONE, Cause.EMERGENCY, HR))
    run = plan_sync(d.hub, SyncRequest(employees=(ONE,))).run
    execution.apply(d.hub)
    return run.id


def plan_of(d: Town, run_id: str) -> str:
    with d.hub.database.read() as connection:
        run = d.hub.runs.get(connection, run_id)
    assert run is not None
    assert run.state is RunState.HELD
    return run.plan_hash


def test_who_must_be_out_is_and_nobody_else_loses_anything_to_it(town: Make) -> None:
    d = town()
    held = slip(d)
    before = plan_of(d, held)
    assert alone(d) != held
    assert d.company.truths["crm"].accounts[ONE].state is not AccountState.ENABLED
    for _ in range(2):
        hour = d.hour()
        assert (hour.opened, hour.waiting.held, d.kept(OTHERS)) == ([], {held: OTHERS}, 39)
    with pytest.raises(ApprovalError, match="something else than what was shown"):
        decisions.release(d.hub, held, "boss", "the branch closes", seen=before[:16])
    assert decisions.release(d.hub, held, "boss", "the branch closes", seen=plan_of(d, held)[:16]) == 39
    execution.apply(d.hub)
    assert d.kept(OTHERS) == 0


def test_the_next_run_for_all_holds_what_was_left(town: Make) -> None:
    d = town()
    held = slip(d)
    alone(d)
    d.sync()
    hour = d.hour()
    assert (hour.opened, list(hour.waiting.held.values()), d.kept(OTHERS)) == ([], [OTHERS], 39)
    decisions.reject(d.hub, held, "boss", "the export is wrong")
    d.sync()
    assert (d.hour().opened, d.kept(OTHERS)) == ([], 39)


def test_what_somebody_changed_in_the_held_run_is_not_covered_up_by_it(town: Make) -> None:
    d = town()
    held = slip(d)
    with d.hub.database.write() as connection:
        connection.execute(sa.update(effects).where(effects.c.number == GONE[5]).values(mapping_digest="another"))
    alone(d)
    with pytest.raises(ApprovalError, match="no longer holds what was planned"):
        decisions.release(d.hub, held, "boss", "the branch closes")


def back_in_a_slip(d: Town) -> str:
    """Somebody has left, and is let in again by the export that has the others leave."""
    d.hr_says([BACK], **LEFT)
    for _ in range(2):
        d.hour()
    d.company.rows = [d.person(BACK, status="rehired") if r["number"] == BACK else r for r in d.company.rows]
    held = slip(d)
    assert states_of(d) == {AccountState.DISABLED}
    return held


def states_of(d: Town) -> set[AccountState]:
    return {truth.accounts[BACK].state for truth in d.company.truths.values()}


def test_a_release_lets_nobody_in_who_must_be_out_by_an_emergency_since(town: Make) -> None:
    d = town()
    held = back_in_a_slip(d)
    open_case(d.hub, Opening(BACK, Cause.EMERGENCY, HR))
    with pytest.raises(ApprovalError, match=f"would open accounts of 1 who must be out by an emergency: {BACK}") as no:
        decisions.release(d.hub, held, "boss", "the branch closes")
    assert no.value.code == "emergency"
    execution.apply(d.hub)
    d.sync()
    (again,) = d.hour().waiting.held
    assert decisions.release(d.hub, again, "boss", "the branch closes") == len(GONE)
    execution.apply(d.hub)
    assert (states_of(d), d.kept()) == ({AccountState.DISABLED}, 0)


def two_systems(start: Start) -> Town:
    company, hub = start({"crm": KeeperTarget, "erp": KeeperTarget})
    company.truths["erp"].belongings = Belongings()
    desk = staffed(company, hub)
    d = Town(desk.company, desk.hub)
    d.settle_in()
    return d


def test_a_release_lets_nobody_in_whom_hr_calls_departed_by_now(start: Start) -> None:
    d = two_systems(start)
    held = back_in_a_slip(d)
    d.company.rows = [d.person(BACK, **LEFT) if each["number"] == BACK else each for each in d.company.rows]
    plan_sync(d.hub, SyncRequest(systems=("erp",)))
    with pytest.raises(ApprovalError, match=f"HR has said something else of 1 in {held} since it was planned: {BACK}"):
        decisions.release(d.hub, held, "boss", "the branch closes")
    execution.apply(d.hub)
    d.sync()
    assert states_of(d) == {AccountState.DISABLED}


@pytest.mark.parametrize("asked", [{"employees": (ONE,), "systems": ("crm",)}, {"systems": ("crm",)}])
def test_what_hr_has_corrected_since_is_not_released_for_another_system(
    start: Start, asked: dict[str, tuple[str, ...]]
) -> None:
    d = two_systems(start)
    held = slip(d)
    d.company.rows = [d.person(ONE) if each["number"] == ONE else each for each in d.company.rows]
    plan_sync(d.hub, SyncRequest(**asked))
    with pytest.raises(ApprovalError, match=f"HR has said something else of 1 in {held} since it was planned: {ONE}"):
        decisions.release(d.hub, held, "boss", "the branch closes")
    d.sync()
    (again,) = d.hour().waiting.held
    assert decisions.release(d.hub, again, "boss", "the branch closes") == 2 * len(OTHERS)
    execution.apply(d.hub)
    assert {d.company.truths[name].accounts[ONE].state for name in ("crm", "erp")} == {AccountState.ENABLED}
