"""A completed case is looked at for as long as its policy says, protection or not: what comes back opens it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.hub.offboarding import casework, completing
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.case import Case, CaseState, Cause
from baton.model.handover import HoldingKind, HoldingRef
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.company import row

Make = Callable[..., Desk]


def completed(desk: Make, folder: Path, policy: str) -> tuple[Desk, Case, HoldingRef]:
    """A client handed over, in a case that is completed and, by its policy, protects nothing."""
    file = folder / "policies.yaml"
    file.write_text(f"policies:\n  default: {{{policy}}}\n", "utf-8")
    d = desk(offboarding=OffboardingPart(policies=file))
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    d.close_account()
    completing.complete(d.hub, case.id, HR, "done")
    d.company.clock.advance(timedelta(hours=1))
    d.tick()
    return d, case, ref


def test_without_a_protection_what_comes_back_within_the_year_opens_the_case(desk: Make, tmp_path: Path) -> None:
    d, case, ref = completed(desk, tmp_path, "protection_days: 0")
    d.things.holders[ref] = d.id_of(LEAVER)
    d.company.clock.advance(timedelta(days=1))
    assert d.tick().reopened == [case.id]
    assert d.case(case).state is CaseState.OPEN


def test_an_account_that_lives_again_after_the_protection_opens_the_case(desk: Make, tmp_path: Path) -> None:
    d, case, _ = completed(desk, tmp_path, "protection_days: 1")
    d.company.clock.advance(timedelta(days=300))
    d.tick()
    assert d.case(case).state is CaseState.COMPLETED
    d.company.truths["crm"].accounts[LEAVER].state = AccountState.ENABLED
    d.company.clock.advance(timedelta(days=1))
    assert d.tick().reopened == [case.id]


@pytest.mark.parametrize("days", [7, 0])
def test_nothing_is_looked_at_longer_than_the_policy_says(desk: Make, tmp_path: Path, days: int) -> None:
    d, case, ref = completed(desk, tmp_path, f"protection_days: 0, drift_days: {days}")
    d.company.clock.advance(timedelta(days=max(days, 1)))
    d.things.holders[ref] = d.id_of(LEAVER)
    assert d.tick().reopened == []
    assert d.case(case).state is CaseState.COMPLETED


def test_it_is_looked_once_a_day(desk: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    d, _, _ = completed(desk, tmp_path, "protection_days: 0")
    asked = []
    owned = d.target().owned
    monkeypatch.setattr(d.target(), "owned", lambda person: asked.append(person) or owned(person))
    for _ in range(48):
        d.company.clock.advance(timedelta(hours=1))
        d.tick()
    assert len(asked) == 2


def test_who_is_hired_again_has_their_things_by_right(desk: Make, tmp_path: Path) -> None:
    d, case, ref = completed(desk, tmp_path, "protection_days: 0")
    d.company.rows[1]["status"] = "rehired"
    plan_sync(d.hub, SyncRequest())
    d.things.holders[ref] = d.id_of(LEAVER)
    d.company.clock.advance(timedelta(days=1))
    assert d.tick().reopened == []
    assert d.case(case).state is CaseState.COMPLETED


def hr_says(d: Desk, **given: str) -> None:
    d.company.rows[1] = row(LEAVER, **{"department": "销售部", "manager": MANAGER, **given})
    plan_sync(d.hub, SyncRequest())


def handed_over(desk: Make) -> tuple[Desk, Case, HoldingRef]:
    """Somebody who had resigned has left, and their client is the manager's."""
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    hr_says(d, status="notice", last_day="2026-12-20")
    d.tick()
    case = casework.find_case(d.hub, LEAVER)
    d.agree(case)
    d.tick()
    d.company.clock.sleep(60 * 86_400)
    hr_says(d, status="departed", last_day="2026-12-20")
    d.close_account()
    d.tick()
    completing.complete(d.hub, case.id, HR, "done")
    return d, case, ref


@pytest.mark.parametrize("status", ["rehired", "active"])
def test_who_works_here_again_during_the_protection_keeps_their_rights_and_gets_no_clients_back(
    desk: Make, status: str
) -> None:
    d, case, ref = handed_over(desk)
    d.company.clock.advance(timedelta(days=5))
    hr_says(d, status=status)
    d.company.truths["crm"].accounts[LEAVER].state = AccountState.ENABLED
    d.things.grants[d.id_of(LEAVER)] = {"read"}
    for _ in range(3):
        d.company.clock.advance(timedelta(hours=1))
        hour = d.tick()
        assert (hour.reopened, hour.retracted, hour.taken_back) == ([], [], 0)
    assert d.things.grants[d.id_of(LEAVER)] == {"read"}
    assert d.holder(ref) == MANAGER
    assert d.case(case).state is CaseState.COMPLETED


def test_who_leaves_once_more_leaves_by_one_case(desk: Make) -> None:
    d, case, _ = handed_over(desk)
    d.company.clock.advance(timedelta(days=200))
    hr_says(d, status="rehired")
    d.company.truths["crm"].accounts[LEAVER].state = AccountState.ENABLED
    d.plant(HoldingKind.CLIENT, 2)
    d.company.clock.advance(timedelta(days=10))
    hr_says(d, status="notice", last_day="2027-12-20")
    assert len(d.tick().opened) == 1
    d.company.clock.advance(timedelta(days=2))
    assert d.tick().reopened == []
    assert d.case(case).state is CaseState.COMPLETED
