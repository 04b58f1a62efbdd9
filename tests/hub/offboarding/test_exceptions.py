"""What a policy takes away at the resignation: two people keep it for the leaver or give it back, for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import undoing, watching
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Cause, Item, ItemState, Role
from baton.model.handover import Activity, ActivityKind
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.belongings import KeeperTarget, RecordingTarget
from tests.rig.company import row

Make = Callable[..., Desk]
DAY_S = 24 * 3600.0


class Restricted:
    """A case whose leaver has resigned, and has lost the right to export already."""

    def __init__(self, desk: Make, folder: Path, kind: type[KeeperTarget] = KeeperTarget) -> None:
        policies = folder / "policies.yaml"
        policies.write_text("policies:\n  all:\n    restrict: {crm: [export*]}\n", "utf-8")
        self.d = desk(kind, offboarding=OffboardingPart(policies=policies))
        self.leaver = self.d.id_of(LEAVER)
        self.d.things.grants[self.leaver] = {"exports", "read"}
        self.d.company.rows[1] = row(
            LEAVER, status="notice", manager=MANAGER, last_day="2026-12-20", department="销售部"
        )
        plan_sync(self.d.hub, SyncRequest())
        self.case: Case = self.d.open(Cause.RESIGNATION)
        self.d.tick()
        assert self.rights == {"read"}

    @property
    def rights(self) -> set[str]:
        return self.d.things.grants[self.leaver]

    @property
    def right(self) -> Item:
        return next(item for item in self.d.items(self.case) if item.ref.external_id == "exports")

    def leave(self, person: str, role: Role) -> Item:
        (after,) = self.d.say(self.case, [self.right], Act.LEAVE, person, role, "the books are to be closed")
        return after


def test_what_has_gone_comes_back_when_a_second_person_agrees_and_goes_at_the_last_moment(
    desk: Make, tmp_path: Path
) -> None:
    r = Restricted(desk, tmp_path)
    assert r.leave(MANAGER, Role.MANAGER).state is ItemState.DONE
    r.d.tick()
    assert r.rights == {"read"}, "one person changes nothing"
    for role in (Role.MANAGER, Role.HR):
        with pytest.raises(ApprovalError):
            r.leave(MANAGER, role)
    assert r.leave(HR, Role.HR).state is ItemState.MOVING
    r.d.tick()
    assert r.rights == {"exports", "read"}
    assert (r.right.state, r.right.message) == (ItemState.LEFT, f"by {MANAGER} and {HR}")
    r.d.tick()
    assert r.rights == {"exports", "read"}, "no later run takes it again"
    assert r.d.statement_acts(r.case).count(Act.LEAVE) == 2
    r.d.company.clock.sleep(60 * DAY_S)
    r.d.tick()
    assert r.rights == set()


def test_an_exception_is_about_one_version_and_a_new_one_is_asked_for_anew(desk: Make, tmp_path: Path) -> None:
    r = Restricted(desk, tmp_path)
    r.leave(MANAGER, Role.MANAGER)
    r.rights.add("exports")  # somebody has given it back in the system itself
    r.d.tick()
    assert r.right.accepted_by == ""
    r.d.tick()
    assert r.rights == {"read"}
    assert r.leave(HR, Role.HR).state is ItemState.DONE
    assert r.leave(MANAGER, Role.MANAGER).state is ItemState.MOVING


def test_what_has_gone_at_the_last_moment_is_no_exceptions_business(desk: Make, tmp_path: Path) -> None:
    r = Restricted(desk, tmp_path)
    r.leave(MANAGER, Role.MANAGER)
    r.d.company.clock.sleep(60 * DAY_S)
    with pytest.raises(ApprovalError, match="given back"):
        r.leave(HR, Role.HR)
    assert r.right.state is ItemState.DONE
    r.d.tick()
    (read,) = [item for item in r.d.items(r.case) if item.ref.external_id == "read"]
    with pytest.raises(ApprovalError, match="too late"):
        r.d.say(r.case, [read], Act.LEAVE, MANAGER, Role.MANAGER, "late")
    assert r.rights == set()


def test_a_way_back_that_hr_takes_is_no_exception(desk: Make, tmp_path: Path) -> None:
    r = Restricted(desk, tmp_path)
    r.leave(MANAGER, Role.MANAGER)
    undoing.undo(r.d.hub, r.case.id, HR, "a mistake", [r.right.id])
    r.d.tick()
    assert (r.right.state, r.right.accepted_by) == (ItemState.OPEN, "")
    r.d.tick()
    assert r.rights == {"read"}


def test_a_freeze_takes_what_was_excepted_as_well(desk: Make, tmp_path: Path) -> None:
    r = Restricted(desk, tmp_path, RecordingTarget)
    r.leave(MANAGER, Role.MANAGER)
    r.leave(HR, Role.HR)
    r.d.tick()
    assert "exports" in r.rights
    r.d.company.clock.sleep(60)
    at = r.d.hub.clock.now() - timedelta(seconds=1)
    r.d.things.activities.append(Activity("e1", ActivityKind.EXPORT, at, r.leaver, None, "everything", count=5000))
    r.d.tick()
    with r.d.hub.database.read() as connection:
        (alert,) = r.d.hub.alerts.of(connection, r.case.id)
    watching.ask_freeze(r.d.hub, alert.key, MANAGER, "this was not what it was for")
    watching.freeze(r.d.hub, alert.key, HR, "agreed")
    r.d.tick()
    assert r.rights == set()
    assert r.right.state is ItemState.DONE
    r.d.tick()
    assert r.rights == set(), "and stays away"
