"""Settle and reconcile do not flatter: what is not proven is not done, and what was refused stays in sight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts import ResultSource
from baton.engine.settle import Settlement, Verdict
from baton.errors import RetryableError
from baton.hub.execution import apply, settle
from baton.hub.reconcile import reconcile
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import Action, Receipt
from tests.rig.company import row
from tests.rig.targets import FakeTarget, KeyTarget

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def go(company, hub, *rows):
    company.rows = list(rows)
    plan = plan_sync(hub, SyncRequest())
    apply(hub)
    return plan


def wanted(plan) -> list[tuple[str, Action]]:
    return [(draft.intention.number, draft.intention.action) for draft in plan.drafted]


class Liar(KeyTarget):
    """Says done, and did nothing to titles."""

    def act(self, write):
        if write.action is Action.UPDATE:
            return Receipt.done(self.truth.accounts[write.ref.number].external_id)
        return super().act(write)


def test_a_target_that_says_done_and_did_nothing_is_found_and_asked_again(start) -> None:
    company, hub = start({"crm": Liar})
    go(company, hub, row("0012"), row("0013"))
    run = go(company, hub, row("0012", title="经理"), row("0013")).run
    settled = settle(hub, run.id)
    assert settled.verdict == "incomplete"
    assert [(d.number, list(d.fields)) for d in settled.settlement.differences] == [("0012", ["title"])]
    assert wanted(go(company, hub, row("0012", title="经理"), row("0013"))) == [("0012", Action.UPDATE)]


class Idle(KeyTarget):
    """Says done to whatever this is, and does nothing."""

    claims: Action | None = None

    def act(self, write):
        return Receipt.done("x1") if write.action is type(self).claims else super().act(write)


@pytest.mark.parametrize("action", [Action.PROVISION, Action.DISABLE, Action.ENABLE, Action.REMOVE])
def test_a_state_that_was_claimed_and_never_reached_is_asked_for_again(start, action: Action, monkeypatch) -> None:
    company, hub = start({"crm": Idle})
    yesterday, later = ((company.clock.now() + timedelta(days=days)).date().isoformat() for days in (-1, 90))
    there = row("0012")
    disabled = row("0012", status="departed", last_day=yesterday, contract_end=later)
    removed = row("0012", status="departed", last_day=yesterday, contract_end=yesterday)
    before, wanted_now = {
        Action.PROVISION: ([], there),
        Action.DISABLE: ([there], disabled),
        Action.ENABLE: ([there, disabled], row("0012", title="经理")),
        Action.REMOVE: ([there, disabled], removed),
    }[action]
    go(company, hub, row("0013"))
    for told in before:
        go(company, hub, row("0013"), told)
    monkeypatch.setattr(Idle, "claims", action)
    settled = settle(hub, go(company, hub, row("0013"), wanted_now).run.id)
    assert (settled.verdict, [d.number for d in settled.settlement.differences]) == ("incomplete", ["0012"])
    monkeypatch.setattr(Idle, "claims", None)
    mended = go(company, hub, row("0013"), wanted_now)
    assert ("0012", action) in wanted(mended)
    assert settle(hub, mended.run.id).verdict == "clean"
    assert company.truths["crm"].accounts["0012"].state is action.leaves
    assert reconcile(hub, "crm").drifts == []


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({}, Verdict.CLEAN),
        ({"done": 3, "comparable": 3, "compared": 3}, Verdict.CLEAN),
        ({"done": 3, "comparable": 3, "compared": 0}, Verdict.INCOMPLETE),
        ({"done": 3, "comparable": 3, "compared": 2}, Verdict.INCOMPLETE),
        ({"planned": 1, "due": 1}, Verdict.INCOMPLETE),
        ({"planned": 1, "scheduled": 1}, Verdict.CLEAN),
        ({"sent": 1}, Verdict.INCOMPLETE),
        ({"accepted": 1}, Verdict.INCOMPLETE),
        ({"in_doubt": 1}, Verdict.INCOMPLETE),
        ({"refused": 1}, Verdict.INCOMPLETE),
        ({"superseded": 1}, Verdict.CLEAN),
        ({"held": 1, "refused": 1}, Verdict.HELD),
    ],
)
def test_the_verdict_follows_from_the_figures(database_url, counts: dict[str, int], verdict: Verdict) -> None:
    settlement = Settlement()
    settlement.counts.update(counts)
    assert settlement.verdict is verdict
    assert {Verdict.CLEAN: 0, Verdict.INCOMPLETE: 1, Verdict.BROKEN: 2, Verdict.HELD: 3}[verdict] == verdict.exit_code


def test_a_target_that_cannot_be_read_back_proves_nothing(start) -> None:
    company, hub = start()
    plan = go(company, hub, row("0012"))

    def unreachable(*_: object) -> None:
        raise RetryableError("no route")

    hub.target("crm").look = unreachable
    settled = settle(hub, plan.run.id)
    assert (settled.verdict, settled.settlement.counts["compared"]) == ("incomplete", 0)
    assert list(settled.settlement.unreadable) == ["crm"]


class Choosy(KeyTarget):
    """Refuses one person until its mind changes."""

    refuses = True

    def act(self, write):
        if type(self).refuses and write.ref.number == "0012":
            return Receipt.refused("quota", "no licence left", remedy="buy one")
        return super().act(write)


@pytest.fixture
def choosy():
    Choosy.refuses = True
    return Choosy


def test_a_refused_write_is_shown_by_every_later_run_until_reconcile_has_it_tried_again(start, choosy) -> None:
    company, hub = start({"crm": choosy})
    people = [row("0012"), row("0013")]
    assert settle(hub, go(company, hub, *people).run.id).verdict == "incomplete"
    later = go(company, hub, *people)
    assert (wanted(later), settle(hub, later.run.id).settlement.counts["outstanding"]) == ([], 1)
    choosy.refuses = False
    drifts = [(drift.number, drift.kind) for drift in reconcile(hub, "crm").drifts]
    assert drifts == [("0012", "refused")]
    mended = go(company, hub, *people)
    assert wanted(mended) == [("0012", Action.PROVISION)]
    settled = settle(hub, mended.run.id)
    assert (settled.verdict, settled.settlement.counts["outstanding"]) == ("clean", 0)


def test_an_account_somebody_deleted_is_made_again_and_one_somebody_disabled_is_enabled(start) -> None:
    company, hub = start()
    people = [row("0012"), row("0013"), row("0014")]
    go(company, hub, *people)
    truth = company.truths["crm"]
    del truth.accounts["0012"]
    truth.accounts["0013"].state = Action.DISABLE.leaves
    assert {(drift.number, drift.kind) for drift in reconcile(hub, "crm").drifts} == {
        ("0012", "missing"),
        ("0013", "state"),
    }
    assert wanted(go(company, hub, *people)) == [("0012", Action.PROVISION), ("0013", Action.ENABLE)]


def test_reconcile_leaves_alone_what_the_hub_has_never_written(start) -> None:
    company, hub = start()
    go(company, hub, row("0012"))
    account = company.truths["crm"].accounts["0012"]
    account.fields["nickname"] = "theirs"
    account.fields["department"] = "theirs"  # a field that is mapped but has no value here
    assert reconcile(hub, "crm").drifts == []
    account.fields["title"] = "wrong"
    (drift,) = reconcile(hub, "crm").drifts
    assert (drift.kind, list(drift.fields)) == ("fields", ["title"])
    go(company, hub, row("0012"))
    assert account.fields["title"] == "员工"
    assert (account.fields["nickname"], account.fields["department"]) == ("theirs", "theirs")


def test_reconcile_writes_to_no_target(start) -> None:
    company, hub = start()
    go(company, hub, row("0012"))
    company.truths["crm"].accounts["0012"].fields["title"] = "wrong"
    before = list(company.truths["crm"].journal)
    reconcile(hub, "crm")
    assert company.truths["crm"].journal == before


class Promising(KeyTarget, ResultSource):
    """Takes everything and proves it later, if at all."""

    answer = Receipt.accepted()

    def act(self, write):
        super().act(write)
        return Receipt.accepted("x1")

    def results(self, writes: Sequence) -> Sequence[Receipt]:
        return [type(self).answer] * len(writes)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Receipt.accepted(), "incomplete"),
        (Receipt.done("x1"), "clean"),
        (Receipt.refused("bank", "account closed"), "incomplete"),
        (Receipt.not_performed("unknown", "never heard of it"), "incomplete"),
    ],
)
def test_a_promise_counts_only_when_the_answer_is_there(start, answer: Receipt, verdict: str) -> None:
    company, hub = start({"crm": Promising})
    Promising.answer = Receipt.accepted()
    plan = go(company, hub, row("0012"))
    assert settle(hub, plan.run.id).verdict == "incomplete"
    Promising.answer = answer
    company.clock.advance(timedelta(hours=2))
    apply(hub)
    assert settle(hub, plan.run.id).verdict == verdict
    assert len(company.truths["crm"].journal) == 1, "what was taken once is not sent again"


def test_a_system_that_cannot_be_opened_does_not_stop_the_others(start) -> None:
    company, hub = start({"crm": KeyTarget, "oa": KeyTarget})
    company.rows = [row("0012")]
    plan = plan_sync(hub, SyncRequest())
    intact = company.build

    def build(name: str) -> FakeTarget:
        if name == "crm":
            raise RetryableError("their login page is down")
        return intact(name)

    company.build = build
    crm, oa = apply(hub)
    assert (crm.halted != "", crm.needs_person, oa.counts["done"]) == (True, False, 1)
    assert settle(hub, plan.run.id).verdict == "incomplete"


def test_an_older_write_of_a_run_is_not_compared_once_a_newer_one_has_arrived(start) -> None:
    company, hub = start()
    first = go(company, hub, row("0012", title="员工")).run
    go(company, hub, row("0012", title="经理"))
    settled = settle(hub, first.id)
    assert (settled.verdict, settled.settlement.counts["comparable"]) == ("clean", 0)


def test_a_run_that_could_not_plan_somebody_s_news_is_not_clean_and_the_one_that_does_is(start) -> None:
    lost = [False]

    def receive(target, writes):
        return [Receipt.in_doubt("lost", "no answer") if lost[0] else target.act(write) for write in writes]

    def look(*_: object) -> None:
        if lost[0]:
            raise RetryableError("no route")

    def trouble(_name, target) -> None:
        target.receive, target.look = receive, look

    company, hub = start(prepare=trouble)
    go(company, hub, row("0012"), row("0013"))
    lost[0] = True
    go(company, hub, row("0012", title="经理"), row("0013"))
    left = row("0012", title="经理", status="departed", last_day="2026-11-01")
    run = go(company, hub, left, row("0013")).run
    assert run.counts["waiting"] == 1
    assert settle(hub, run.id).verdict == "incomplete"
    lost[0] = False
    company.clock.advance(timedelta(hours=1))
    apply(hub)
    later = go(company, hub, left, row("0013"))
    assert (wanted(later), settle(hub, later.run.id).verdict) == ([("0012", Action.REMOVE)], "clean")
    again = go(company, hub, left, row("0013"))
    assert (wanted(again), settle(hub, again.run.id).verdict) == ([], "clean")
    assert settle(hub, run.id).verdict == "incomplete", "it planned nothing for them, whatever came after it"
