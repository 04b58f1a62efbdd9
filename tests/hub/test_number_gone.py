"""Somebody's account carries no employee number any more: it is known by its id, and nobody is taken for missing."""

from __future__ import annotations

import pytest

from baton.hub.execution import apply
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState, Action
from tests.hub.test_relinked import go, linked, made_anew
from tests.rig.belongings import Belongings
from tests.rig.company import row
from tests.rig.unnumbered import NumberedTarget, renumber

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def staffed(start):
    company, hub = start({"crm": NumberedTarget})
    company.truths["crm"].belongings = Belongings()
    go(company, hub, row("0001"), row("0002"))
    return company, hub


def test_an_account_without_its_number_is_told_until_it_is_put_back_and_no_second_one_is_made(staffed) -> None:
    company, hub = staffed
    truth, before = company.truths["crm"], linked(hub)
    renumber(truth, "0001")
    for _ in range(2):
        found = reconcile(hub, "crm")
        (drift,) = found.drifts
        assert (drift.number, drift.kind) == ("0001", "number_gone")
        assert "put 0001 back into it" in drift.detail
        assert before["0001"] in drift.detail
        assert (found.counts["drifted"], found.counts["alike"], found.counts["unknown"]) == (1, 1, 0)
        assert linked(hub) == before
        assert go(company, hub, row("0001"), row("0002")) == {}
    renumber(truth, "empty 0001", "0001")
    assert reconcile(hub, "crm").drifts == []


def test_what_else_differs_in_it_is_mended(staffed) -> None:
    company, hub = staffed
    truth = company.truths["crm"]
    renumber(truth, "0001")
    truth.accounts["empty 0001"].fields["title"] = "wrong"
    (drift,) = reconcile(hub, "crm").drifts
    assert (drift.kind, list(drift.fields)) == ("number_gone", ["title"])
    assert go(company, hub, row("0001"), row("0002")) == {"0001": (Action.UPDATE, {"title"})}
    truth.accounts["empty 0001"].state = AccountState.DISABLED
    (drift,) = reconcile(hub, "crm").drifts
    assert drift.kind == "number_gone"
    assert "is disabled, should be enabled" in drift.detail
    go(company, hub, row("0001"), row("0002"))
    assert truth.accounts["empty 0001"].state is AccountState.ENABLED
    assert sorted(truth.accounts) == ["0002", "empty 0001"]


def test_a_leavers_account_without_its_number_is_ended_by_its_id(staffed) -> None:
    company, hub = staffed
    renumber(company.truths["crm"], "0001")
    reconcile(hub, "crm")
    go(company, hub, row("0001", status="departed", last_day="2020-06-01", contract_end="2020-06-01"), row("0002"))
    plan_sync(hub, SyncRequest())
    apply(hub)
    assert company.truths["crm"].accounts["empty 0001"].state is AccountState.REMOVED
    assert reconcile(hub, "crm").drifts == [], "it is over: its number is nobody's trouble"


def test_an_account_with_the_number_comes_before_one_without(staffed) -> None:
    company, hub = staffed
    truth = company.truths["crm"]
    old = truth.accounts["0001"]
    made_anew(company, "0001")
    del truth.accounts["9999"]
    truth.accounts["empty 0001"] = old
    found = reconcile(hub, "crm")
    assert [(drift.number, drift.kind) for drift in found.drifts] == [("0001", "relinked")]
    assert (linked(hub)["0001"], found.counts["unknown"]) == ("by-hand-0001", 1)


def test_accounts_without_numbers_are_no_shrunken_scan(start) -> None:
    company, hub = start({"crm": NumberedTarget})
    numbers = [f"{each:04d}" for each in range(1, 11)]
    go(company, hub, *map(row, numbers))
    for number in numbers:
        renumber(company.truths["crm"], number)
    assert {drift.kind for drift in reconcile(hub, "crm").drifts} == {"number_gone"}
