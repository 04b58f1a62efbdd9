"""What commission takes from the hub where no table says it: who has left, and on which day."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date

import pytest

from baton.hub.offboarding.commission import Sheet, Sheets, read_facts
from baton.hub.sync import SyncRequest, plan_sync
from tests.hub.offboarding.conftest import LEAVER, MANAGER, NEXT_YEAR, Desk
from tests.rig.company import row

# What is asked here is what is worked out: the same on every database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Make = Callable[..., Desk]
EMPTY = Sheets(
    Sheet.given("orders", b"order,client,signed_on,currency\n"),
    Sheet.given("payments", b"payment,order,paid_on,amount_minor\n"),
)


def test_nobody_who_has_left_is_left_out_because_there_are_many(desk: Make) -> None:
    d = desk()
    case = d.open(last_working_at=NEXT_YEAR)
    with d.hub.database.write() as connection:
        for n in range(1000):
            d.hub.cases.insert(connection, replace(case, id=f"case-{n}", number=f"L{n}", opened_at=d.hub.clock.now()))
    d.company.clock.sleep(1)
    left = read_facts(EMPTY, lambda: nullcontext(d.hub)).left
    assert (len(left), LEAVER in left) == (1001, True)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_the_last_day_is_the_last_one_worked_wherever_that_is(desk: Make, zone: str) -> None:
    d = desk()
    d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day="2026-12-20", zone=zone)
    plan_sync(d.hub, SyncRequest())
    d.open()
    assert read_facts(EMPTY, lambda: nullcontext(d.hub)).left == {LEAVER: date(2026, 12, 20)}
