"""What happens to a thing between our planning and our knowing: a change that was seen once is not forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from baton.errors import RetryableError
from baton.hub.offboarding import casework, moving, refreshing, undoing
from baton.model.case import Act, ItemState
from baton.model.handover import HoldingKind, HoldingRef
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.belongings import KeeperTarget

Make = Callable[..., Desk]


class Silent(KeeperTarget):
    """Which shows what people have, and at times not who has a thing."""

    silent = False

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        if self.silent:
            raise RetryableError("the system cannot be reached", code="unreachable")
        return super().holders(refs)


def test_what_changed_after_it_was_called_back_with_its_case_is_offered_anew(desk: Make) -> None:
    d = desk()
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    moving.plan(d.hub, case.id)
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    casework.decide(d.hub, case.id, Act.REOPEN, HR, "she leaves after all")
    d.things.change(ref, stage="signed")
    refreshing.refresh(d.hub, case.id)
    item = d.item(case, ref)
    assert (item.state, item.version, item.accepted_by) == (ItemState.OFFERED, 2, "")
    d.tick()
    assert d.holder(ref) == LEAVER


def test_what_nobody_can_tell_about_just_now_is_not_gone(desk: Make) -> None:
    d = desk(Silent)
    ref = d.plant(HoldingKind.CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    assert (d.holder(ref), d.item(case, ref).state) == (MANAGER, ItemState.DONE)
    undoing.undo(d.hub, case.id, HR, "a mistake")
    target = d.target()
    assert isinstance(target, Silent)
    target.deaf = True  # it says that the way back is done, and does nothing
    d.tick()
    assert d.item(case, ref).state is ItemState.STUCK
    target.silent = True
    refreshing.refresh(d.hub, case.id)
    assert d.item(case, ref).state is ItemState.STUCK
    target.silent = False
    refreshing.refresh(d.hub, case.id)
    assert d.item(case, ref).state is ItemState.STUCK
