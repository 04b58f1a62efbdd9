"""Which last day a case has, whatever HR says of it, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from baton.errors import ApprovalError
from baton.hub.offboarding import casework, links
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Role
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
from tests.rig.company import row

Make = Callable[..., Desk]


def hr_says(d: Desk, **given: str) -> None:
    d.company.rows[1] = row(LEAVER, **{"department": "销售部", "manager": MANAGER, **given})
    plan_sync(d.hub, SyncRequest())
    d.tick()


@pytest.mark.parametrize("last_day", ["2026-12-20", ""])
def test_whom_hr_calls_departed_without_a_day_has_left(desk: Make, last_day: str) -> None:
    d = desk()
    d.things.grants[d.id_of(LEAVER)] = {"read"}
    hr_says(d, status="notice", **({"last_day": last_day} if last_day else {}))
    case = casework.find_case(d.hub, LEAVER)
    before = case.dates.last_working_at
    d.company.clock.sleep(60 * 86_400)
    hr_says(d, status="departed")
    after = d.case(case).dates
    assert after.last_working_at == (before or d.hub.clock.now())
    assert d.things.grants[d.id_of(LEAVER)] == set()
    with pytest.raises(ApprovalError):
        links.make_token(d.hub, links.Offer(case.id, LEAVER, Role.LEAVER, HR))
    d.company.clock.sleep(3600)
    d.tick()
    assert d.case(case).dates == after, "and it is not moved every hour"
