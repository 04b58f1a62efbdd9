"""A completed case is looked at for as long as its policy says, protection or not: what comes back opens it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.hub.offboarding import completing
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.case import Case, CaseState, Cause
from baton.model.handover import HoldingKind, HoldingRef
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, Desk

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
