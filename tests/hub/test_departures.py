"""Departures that meet trouble: they are carried out all the same, and a retracted one is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl
import pytest
import sqlalchemy as sa

from baton.contracts import Feed
from baton.errors import BatonError, RetryableError
from baton.hub import Hub
from baton.hub.execution import Settled, apply, settle
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.hub.unplanned import apply_unplanned
from baton.mapping.transforms import transform, transform_names
from baton.model.account import AccountState, Action, Receipt
from tests.rig.company import TARGET_MAPPING, Company, row
from tests.rig.targets import FakeTarget, KeyTarget

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


def go(company, hub, *rows: dict[str, str]) -> tuple[SyncPlan, Settled]:
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    return plan, settle(hub, plan.run.id)


def on(company, days: int) -> str:
    """The day so many days from now."""
    return (company.clock.now() + days * DAY).date().isoformat()


def actions(plan: SyncPlan) -> list[Action]:
    return [draft.intention.action for draft in plan.drafted]


def state_of(company, number: str = "0001") -> AccountState:
    return company.truths["crm"].accounts[number].state


def refusing(refused: Sequence[Action]):
    """A target that refuses these actions as long as they are in the list."""

    def receive(target, writes):
        return [Receipt.refused("busy", "not now") if w.action in refused else target.act(w) for w in writes]

    return lambda _name, target: setattr(target, "receive", receive)


def test_a_refused_disabling_is_tried_again_though_the_same_plan_has_a_removal_to_come(start) -> None:
    refused: list[Action] = []
    company, hub = start(prepare=refusing(refused))
    go(company, hub, row("0001"))
    gone = row("0001", status="departed", last_day=on(company, -1), contract_end=on(company, 30))
    refused.append(Action.DISABLE)
    _, settled = go(company, hub, gone)
    assert settled.settlement.counts["outstanding"] == 1
    refused.clear()
    assert [drift.kind for drift in reconcile(hub, "crm").drifts] == ["refused"]
    plan, settled = go(company, hub, gone)
    assert actions(plan) == [Action.DISABLE, Action.REMOVE]
    assert (state_of(company), settled.settlement.counts["outstanding"]) == (AccountState.DISABLED, 0)


def test_what_was_refused_before_the_same_plan_took_everything_away_is_not_missed(start) -> None:
    refused: list[Action] = []
    company, hub = start(prepare=refusing(refused))
    go(company, hub, row("0001"))
    refused.append(Action.UPDATE)
    leaver = row("0001", title="经理", status="notice", last_day=on(company, 2), contract_end=on(company, 9))
    _, settled = go(company, hub, leaver)
    assert settled.settlement.counts["outstanding"] == 1
    company.clock.advance(4 * DAY)
    apply(hub)
    assert state_of(company) is AccountState.DISABLED
    assert reconcile(hub, "crm").drifts == []


def nameless(number: str, **given: str) -> dict[str, str]:
    """Somebody whose name cannot be mapped."""
    return {column: value for column, value in row(number, **given).items() if column != "name"}


def test_a_retracted_departure_does_not_happen_though_another_cell_cannot_be_mapped(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    go(company, hub, row("0001", status="notice", last_day=on(company, 2)))
    back = nameless("0001")
    for _ in range(2):
        plan, settled = go(company, hub, back)
        assert (actions(plan), settled.verdict, plan.run.counts["unmapped"]) == ([], "incomplete", 1)
        assert [(fault.field, fault.rule) for fault in plan.faults] == [("name", "required")]
        company.clock.advance(4 * DAY)
    assert state_of(company) is AccountState.ENABLED
    _, settled = go(company, hub, row("0001"))
    assert settled.verdict == "clean"


def test_who_is_on_notice_loses_access_in_time_though_another_cell_cannot_be_mapped(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    leaver = nameless("0001", status="notice", last_day=on(company, 2), contract_end=on(company, 9))
    plan, settled = go(company, hub, leaver)
    assert (actions(plan), settled.verdict) == ([Action.DISABLE, Action.REMOVE], "incomplete")
    assert len(plan.faults) == plan.run.counts["unmapped"] == 1
    company.clock.advance(4 * DAY)
    apply(hub)
    assert state_of(company) is AccountState.DISABLED


def test_a_cell_that_stays_at_fault_in_versions_to_come_is_told_once(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    go(company, hub, nameless("0001"))
    plan, _ = go(company, hub, nameless("0001", title="经理", effective=on(company, 9)))
    assert (actions(plan), len(plan.faults)) == ([], 1)


def test_who_was_dismissed_is_out_although_the_row_still_has_the_date_of_a_transfer(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    transfer = {"title": "经理", "effective": on(company, 20)}
    go(company, hub, row("0001", **transfer))
    gone = {"status": "departed", "last_day": on(company, -1), "contract_end": on(company, 5)}
    plan, _ = go(company, hub, row("0001", **transfer, **gone))
    assert actions(plan) == [Action.DISABLE, Action.REMOVE]
    assert state_of(company) is AccountState.DISABLED


def test_who_works_on_after_the_end_of_a_contract_keeps_the_account_until_the_last_working_day(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    go(company, hub, row("0001", status="notice", last_day=on(company, 20), contract_end=on(company, -2)))
    assert state_of(company) is AccountState.ENABLED
    company.clock.advance(22 * DAY)
    apply(hub)
    assert state_of(company) is AccountState.REMOVED


def test_who_comes_back_later_than_first_said_is_not_let_in_on_the_first_date(start) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    go(company, hub, row("0001", status="departed", last_day=on(company, -1), contract_end=on(company, 400)))
    assert state_of(company) is AccountState.DISABLED
    company.clock.advance(DAY)
    for days in (9, 60):
        back = row("0001", status="rehired", hired=on(company, days), effective=on(company, days))
        go(company, hub, back)
    company.clock.advance(12 * DAY)
    go(company, hub, back)
    assert state_of(company) is AccountState.DISABLED
    company.clock.advance(50 * DAY)
    go(company, hub, back)
    assert state_of(company) is AccountState.ENABLED


def broken_pages():
    raise KeyError("王小明")
    yield


def cannot_be_read(*_: object) -> Feed:
    raise OSError(5, "Input/output error", "/exports/王小明.csv")


@pytest.mark.parametrize("in_the_middle", [False, True], ids=["when it is opened", "among its rows"])
def test_what_nobody_foresaw_in_a_source_keeps_no_leaver_in(start, monkeypatch, in_the_middle: bool) -> None:
    company, hub = start()
    go(company, hub, row("0001"))
    go(company, hub, row("0001", status="notice", last_day=on(company, 1), contract_end=on(company, 40)))
    company.clock.advance(2 * DAY)
    source = hub.source("hr")
    origin = source.census().origin
    census = (lambda: Feed(origin, broken_pages())) if in_the_middle else cannot_be_read
    monkeypatch.setattr(source, "census", census)
    with pytest.raises(BatonError) as caught:
        plan_sync(hub, SyncRequest())
    kind = "KeyError" if in_the_middle else "OSError"
    assert (type(caught.value), caught.value.code) == (RetryableError, "unexpected")
    assert str(caught.value).startswith(f"hr: unexpected {kind} at test_departures.py:")
    assert "王" not in str(caught.value)
    assert "if it comes again, mend the connector or the transform" in str(caught.value)
    assert apply_unplanned(hub, caught.value, lambda done: apply(hub, progress=done)) is caught.value
    assert state_of(company) is AccountState.DISABLED


def due_and_away(start) -> tuple[Company, Hub, dict[str, str]]:
    """Somebody whose last day is over, and whose account is still to be closed."""
    company, hub = start()
    go(company, hub, row("0001"))
    leaver = row("0001", status="notice", last_day=on(company, 1), contract_end=on(company, 40))
    go(company, hub, leaver)
    company.clock.advance(2 * DAY)
    return company, hub, leaver


def fails_to_plan(hub: Hub) -> BatonError:
    with pytest.raises(BatonError) as caught:
        plan_sync(hub, SyncRequest())
    return caught.value


def cast_strictly(column: pl.Expr) -> pl.Expr:
    return column.cast(pl.Int64).cast(pl.String)


def test_a_transform_of_one_s_own_that_fails_for_a_joiner_keeps_no_leaver_in(start) -> None:
    if "grade_number" not in transform_names():
        transform("grade_number")(cast_strictly)
    company, hub, leaver = due_and_away(start)
    own = TARGET_MAPPING.replace("TARGET", "crm/fake_crm").replace("position}", "position, via: [grade_number]}")
    company.write_mapping("crm", own)
    hub.__dict__["mappings"] = dict(company.mappings)
    company.rows = [{**leaver, "title": "7"}, row("0002", title="七级")]
    why = fails_to_plan(hub)
    assert (type(why), why.code) == (RetryableError, "unexpected")
    assert str(why).startswith("crm: unexpected InvalidOperationError at ")
    assert "七级" not in str(why)
    apply_unplanned(hub, why, lambda done: apply(hub, progress=done))
    assert state_of(company) is AccountState.DISABLED


def test_a_source_whose_connector_cannot_even_be_built_keeps_no_leaver_in(start, monkeypatch) -> None:
    company, hub, leaver = due_and_away(start)
    company.rows = [leaver]
    monkeypatch.setattr(hub, "source", cannot_be_read)
    why = fails_to_plan(hub)
    assert str(why).startswith("hr: unexpected OSError at test_departures.py:")
    apply_unplanned(hub, why, lambda done: apply(hub, progress=done))
    assert state_of(company) is AccountState.DISABLED


def test_what_ails_our_own_database_while_a_target_is_planned_is_raised_as_it_is(start, monkeypatch) -> None:
    company, hub, leaver = due_and_away(start)
    company.rows = [{**leaver, "title": "经理"}]

    def away(*_: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, OSError("gone"))

    monkeypatch.setattr(hub.people, "timelines", away)
    with pytest.raises(sa.exc.OperationalError):
        plan_sync(hub, SyncRequest())


def test_a_target_whose_connector_cannot_even_be_built_keeps_nobody_in_elsewhere(start) -> None:
    def prepare(name: str, _target: FakeTarget) -> None:
        if name in broken:
            raise KeyError("王小明")

    broken: set[str] = set()
    company, hub = start({"asset": KeyTarget, "crm": KeyTarget}, prepare=prepare)
    go(company, hub, row("0001"))
    go(company, hub, row("0001", status="notice", last_day=on(company, 1), contract_end=on(company, 40)))
    company.clock.advance(2 * DAY)
    broken.add("asset")
    with company.open() as anew:
        asset, crm = apply(anew)
    assert asset.halted.startswith("unexpected KeyError at test_departures.py:")
    assert (crm.halted, crm.counts["done"]) == ("", 1)
    assert state_of(company) is AccountState.DISABLED


def test_what_ends_the_sending_hides_neither_what_was_sent_nor_why_nothing_was_planned(start) -> None:
    _, hub, _ = due_and_away(start)
    why = BatonError("the export is not there", code="away")

    def work(done) -> None:
        apply(hub, progress=done)
        raise BrokenPipeError(32, "Broken pipe")

    assert apply_unplanned(hub, why, work) is why
    assert [report.counts["done"] for report in why.besides["applied"]] == [1]
