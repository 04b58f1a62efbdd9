"""What two people have stopped at once stays stopped: no pause, no other last day and no exception before undoes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from baton.errors import InDoubtError
from baton.hub.offboarding import casework, hourly, watching
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import Receipt
from baton.model.case import Act, Case, CaseState, Cause, Item, ItemState, Role
from baton.model.handover import Activity, ActivityKind, GrantChange
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.belongings import RecordingTarget
from tests.rig.company import row

Make = Callable[..., Desk]
HOUR_S = 3600.0


class LosingTarget(RecordingTarget):
    """Gives a right, and loses the answer for as long as that is so."""

    losing = True

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        receipts = super().entitle(changes)
        if self.losing:
            raise InDoubtError("the answer was lost", code="timeout")
        return receipts


class Stopped:
    """A leaver with ten days to go, who has exported everything; what may be exported went at the resignation."""

    def __init__(self, desk: Make, folder: Path, kind: type[RecordingTarget] = RecordingTarget) -> None:
        policies = folder / "policies.yaml"
        policies.write_text("policies:\n  all:\n    restrict: {crm: [export*]}\n", "utf-8")
        self.d = desk(kind, offboarding=OffboardingPart(policies=policies))
        self.leaver = self.d.id_of(LEAVER)
        self.d.things.grants[self.leaver] = {"exports", "read"}
        self.hr_says(10)
        self.case: Case = self.d.open(Cause.RESIGNATION)
        self.d.company.clock.sleep(60)
        at = self.d.hub.clock.now() - timedelta(seconds=1)
        event = Activity("e1", ActivityKind.EXPORT, at, self.leaver, None, "everything", count=5000)
        self.d.things.activities.append(event)

    def hr_says(self, days: int) -> None:
        last = (self.d.company.clock.now() + timedelta(days=days)).date()
        self.d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day=str(last), department="销售部")
        plan_sync(self.d.hub, SyncRequest())

    def freeze(self) -> None:
        with self.d.hub.database.read() as connection:
            (alert,) = self.d.hub.alerts.of(connection, self.case.id)
        watching.ask_freeze(self.d.hub, alert.key, MANAGER, "this is not theirs to do")
        watching.freeze(self.d.hub, alert.key, HR, "agreed")

    def except_exports(self) -> None:
        for person, role in ((MANAGER, Role.MANAGER), (HR, Role.HR)):
            self.d.say(self.case, [self.right("exports")], Act.LEAVE, person, role, "the books are to be closed")

    def right(self, name: str) -> Item:
        return next(item for item in self.d.items(self.case) if item.ref.external_id == name)

    def decide(self, act: Act) -> None:
        casework.decide(self.d.hub, self.case.id, act, HR, "as agreed")

    def hours(self, count: int = 3) -> set[str]:
        """What the leaver may do some hours later."""
        for _ in range(count):
            self.d.company.clock.sleep(HOUR_S)
            assert not self.d.tick().troubles
        return self.d.things.grants[self.leaver]


@pytest.mark.parametrize("then", ["paused", "put off"])
def test_what_is_frozen_goes_although_the_case_is_paused_or_the_last_day_put_off(
    desk: Make, tmp_path: Path, then: str
) -> None:
    s = Stopped(desk, tmp_path)
    s.d.tick()
    assert s.d.things.grants[s.leaver] == {"read"}
    s.freeze()
    if then == "paused":
        s.decide(Act.PAUSE)
    else:
        s.hr_says(40)
    assert s.hours() == set()
    assert s.right("read").state is ItemState.DONE
    with s.d.hub.database.read() as connection:
        assert len(s.d.hub.alerts.of(connection, s.case.id)) == 1, (
            "no last day has taken that: nobody is asked about it"
        )


def test_what_the_policy_was_about_to_take_is_frozen_too(desk: Make, tmp_path: Path) -> None:
    s = Stopped(desk, tmp_path)
    hourly.look(s.d.hub)  # planned and not sent; the alert is raised
    hourly.look(s.d.hub)
    assert s.right("exports").state is ItemState.MOVING
    s.freeze()
    s.decide(Act.PAUSE)
    assert s.hours() == set()


def test_an_exception_that_was_just_agreed_gives_nothing_back_after_a_freeze(desk: Make, tmp_path: Path) -> None:
    s = Stopped(desk, tmp_path)
    s.d.tick()
    s.except_exports()
    assert s.right("exports").state is ItemState.MOVING
    s.freeze()
    assert s.hours() == set()
    assert {s.right(name).state for name in ("exports", "read")} == {ItemState.DONE}
    s.except_exports()
    assert s.hours() == {"exports"}, "two people can still agree to one afterwards"


def test_one_that_may_have_been_given_back_already_is_taken_once_more(desk: Make, tmp_path: Path) -> None:
    s = Stopped(desk, tmp_path, LosingTarget)
    s.d.tick()
    s.except_exports()
    s.d.tick()
    assert s.right("exports").state is ItemState.MOVING
    assert "exports" in s.d.things.grants[s.leaver]
    s.freeze()
    target = s.d.target()
    assert isinstance(target, LosingTarget)
    target.losing = False
    assert s.hours(6) == set()
    assert s.right("exports").state is ItemState.DONE


@pytest.mark.parametrize("excepted", [True, False])
@pytest.mark.parametrize("hours", [0, 3])
def test_who_stays_after_all_has_everything_back(desk: Make, tmp_path: Path, excepted: bool, hours: int) -> None:
    s = Stopped(desk, tmp_path)
    s.d.tick()
    if excepted:
        s.except_exports()
    s.freeze()
    s.hours(hours)
    s.decide(Act.RETRACT)
    assert s.d.case(s.case).state is CaseState.RETRACTED
    assert s.hours() == {"exports", "read"}
