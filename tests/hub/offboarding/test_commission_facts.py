"""What commission takes from the hub where no table says it: who has left, and on which day."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date

import pytest

from baton.errors import ConfigurationError
from baton.hub.offboarding.casework import Opening, open_case
from baton.hub.offboarding.commission import Sheet, Sheets, read_facts
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import CaseState, Cause, Item, ItemState
from baton.model.handover import HoldingKind, HoldingRef
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


def test_one_id_in_two_systems_is_two_clients_and_nobody_is_paid_by_a_guess(desk: Make) -> None:
    d = desk()
    case = d.open(last_working_at=NEXT_YEAR)
    ids = {"crm": ["17", "18"], "erp": ["17", "19"]}
    with d.hub.database.write() as connection:
        for system, numbers in ids.items():
            refs = [HoldingRef(HoldingKind.CLIENT, number) for number in numbers]
            held = [Item(case.id, 1, system, ref, ItemState.OPEN, 1, b"d", "示例") for ref in refs]
            d.hub.tenures.begin(connection, case, held, d.hub.clock.now())
    orders = "order,client,signed_on,currency\no1,17,2026-01-01,CNY\no2,18,2026-01-01,CNY\no3,19,2026-01-01,CNY\n"
    paid = "payment,order,paid_on,amount_minor\np1,o1,2026-02-01,100\np2,o2,2026-02-01,100\n"
    sheets = Sheets(Sheet.given("orders", orders.encode()), Sheet.given("payments", paid.encode()))
    with pytest.raises(ConfigurationError) as refused:
        read_facts(sheets, lambda: nullcontext(d.hub))
    assert [(fault.place, fault.rule) for fault in refused.value.faults] == [("order o1", "ambiguous_client")]
    assert "crm, erp" in refused.value.faults[0].message
    owners = Sheet.given("owners", b"client,person,since,until\n17,0002,2025-01-01,\n")
    assert read_facts(replace(sheets, owners=owners), lambda: nullcontext(d.hub)).owned


def test_a_leaver_with_two_last_days_is_refused_whichever_stands_first(desk: Make) -> None:
    d = desk()
    rows = ["0002,2026-01-31", "0002,2026-06-30", "0003,2026-02-28", "0003,2026-02-28"]
    for some in (rows, rows[::-1]):
        leavers = Sheet.given("leavers", "\n".join(["person,left_on", *some, ""]).encode())
        with pytest.raises(ConfigurationError) as refused:
            read_facts(replace(EMPTY, leavers=leavers), lambda: nullcontext(d.hub))
        assert [(fault.place, fault.rule) for fault in refused.value.faults] == [("leavers", "duplicate")]
        assert "0002" in refused.value.faults[0].message


def test_who_works_here_again_has_left_once_and_has_not_left(desk: Make) -> None:
    d = desk()
    d.company.rows[1] = row(LEAVER, status="notice", manager=MANAGER, last_day="2026-12-20", zone="Asia/Shanghai")
    plan_sync(d.hub, SyncRequest())
    case = d.open()
    with d.hub.database.write() as connection:
        d.hub.cases.change(connection, d.case(case), CaseState.COMPLETED, completed_at=d.hub.clock.now())
    gone = read_facts(EMPTY, lambda: nullcontext(d.hub))
    assert (gone.left, gone.earlier) == ({LEAVER: date(2026, 12, 20)}, {})
    d.company.clock.sleep(1)
    d.company.rows[1] = row(LEAVER, status="rehired", manager=MANAGER, zone="Asia/Shanghai")
    plan_sync(d.hub, SyncRequest())
    back = read_facts(EMPTY, lambda: nullcontext(d.hub))
    assert (back.left, back.earlier) == ({}, {LEAVER: (date(2026, 12, 20),)})
    d.company.clock.sleep(1)
    again = Opening(LEAVER, Cause.BY_HAND, "hr", last_working_at=NEXT_YEAR)
    open_case(d.hub, again)
    leaving = read_facts(EMPTY, lambda: nullcontext(d.hub))
    assert (list(leaving.left), leaving.earlier) == ([LEAVER], {LEAVER: (date(2026, 12, 20),)})
