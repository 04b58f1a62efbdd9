"""Held runs and the people who decide on them; verdicts that do not flatter."""

from __future__ import annotations

from datetime import timedelta

import pytest

from baton.errors import ApprovalError, InDoubtError
from baton.hub.decisions import Resolution, reject, release, resolve
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState, Receipt
from baton.model.effect import EffectState
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.rig.company import row
from tests.rig.targets import BlindTarget, KeyTarget

LEFT = {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-12-31"}


def people(left: int = 0) -> list[dict[str, str]]:
    return [row(f"{n:04d}", **(LEFT if n <= left else {})) for n in range(1, 41)]


def plan(company, hub, rows):
    company.rows = rows
    return plan_sync(hub, SyncRequest(requested_by="maker"))


def disabled(company) -> int:
    return sum(record.state is AccountState.DISABLED for record in company.truths["crm"].accounts.values())


@pytest.fixture
def held(start):
    company, hub = start()
    plan(company, hub, people())
    apply(hub)
    run = plan(company, hub, people(left=20)).run
    assert run.state is RunState.HELD
    apply(hub)
    assert disabled(company) == 0
    return company, hub, run


def test_another_person_releases_and_it_goes(held) -> None:
    company, hub, run = held
    with pytest.raises(ApprovalError, match="asked for this run"):
        release(hub, run.id, "maker", "mine")
    assert release(hub, run.id, "checker", "the branch is closed") >= 20
    apply(hub)
    assert disabled(company) == 20
    with pytest.raises(ApprovalError, match="not held"):
        release(hub, run.id, "checker", "again")


def test_an_old_decision_is_none(held) -> None:
    company, hub, run = held
    company.clock.advance(timedelta(hours=73))
    with pytest.raises(ApprovalError, match="3 days"):
        release(hub, run.id, "checker", "late")


def test_a_rejected_run_freezes_its_people_until_there_is_news(held) -> None:
    company, hub, run = held
    reject(hub, run.id, "checker", "a mistake of the export")
    apply(hub)
    assert plan(company, hub, people(left=20)).drafted == []
    assert plan(company, hub, people()).run.state is RunState.READY
    apply(hub)
    assert disabled(company) == 0


def test_news_about_held_people_replaces_the_run(held) -> None:
    company, hub, run = held
    newer = plan(company, hub, people(left=1)).run
    assert newer.state is RunState.READY
    with hub.database.read() as connection:
        assert hub.runs.get(connection, run.id).state is RunState.REPLACED
    with pytest.raises(ApprovalError):
        release(hub, run.id, "checker", "too late")
    apply(hub)
    assert disabled(company) == 1


def test_what_an_outage_kept_waiting_counts_when_it_happens(start) -> None:
    down = [True]

    def receive(target, writes):
        if down[0] and writes[0].action.destructive:
            return [Receipt.not_performed("down", "down", retry_after_s=60)] * len(writes)
        return [target.act(write) for write in writes]

    def trouble(_name, target) -> None:
        target.receive = receive

    company, hub = start(prepare=trouble)
    plan(company, hub, people())
    apply(hub)
    states = []
    for day in range(1, 5):
        states.append(plan(company, hub, people(left=4 * day)).run.state)
        company.clock.advance(timedelta(hours=25))
    assert states[:2] == [RunState.READY, RunState.READY]
    assert states[2] is RunState.HELD  # twelve at once when the target is back, and ten a day are allowed
    down[0] = False
    apply(hub)
    assert disabled(company) == 8


def test_nothing_compared_is_no_success_and_a_difference_is_named_and_mended(start) -> None:
    silent = [True]

    class Forgetful(KeyTarget):
        def find(self, refs):
            if silent[0]:
                raise InDoubtError("no answer")
            return super().find(refs)

    company, hub = start({"crm": Forgetful})
    run = plan(company, hub, people()).run
    assert settle(hub, run.id).run.verdict == "incomplete"
    apply(hub)
    settled = settle(hub, run.id)
    assert (settled.run.verdict, settled.settlement.counts["compared"]) == ("incomplete", 0)
    silent[0] = False
    company.truths["crm"].accounts["0001"].fields["title"] = "别的"
    settled = settle(hub, run.id)
    assert settled.run.verdict == "incomplete"
    assert [(d.number, list(d.fields)) for d in settled.settlement.differences] == [("0001", ["title"])]
    again = plan(company, hub, people())
    assert [(d.intention.number, set(d.intention.fields)) for d in again.drafted] == [("0001", {"title"})]
    apply(hub)
    assert settle(hub, again.run.id).run.verdict == "clean"


def test_a_short_answer_is_no_answer(start) -> None:
    class Short(KeyTarget):
        def find(self, refs):
            return super().find(refs)[:-1]

    company, hub = start({"crm": Short})
    run = plan(company, hub, people()).run
    apply(hub)
    settled = settle(hub, run.id)
    assert settled.run.verdict == "incomplete"
    assert "another number of accounts" in settled.settlement.unreadable["crm"]


def test_a_blind_target_waits_for_a_person_and_blocks_what_follows(start) -> None:
    def lose(target, writes):
        for write in writes:
            target.act(write)
        raise InDoubtError("the line went dead")

    def trouble(_name, target) -> None:
        target.receive = lose

    company, hub = start({"crm": BlindTarget}, prepare=trouble)
    plan(company, hub, people()[:1])
    apply(hub)
    company.clock.advance(timedelta(days=9))
    apply(hub)
    assert plan(company, hub, [row("0001", title="新")]).drafted == []
    with hub.database.read() as connection:
        (effect,) = hub.effects.read(connection)
    assert effect.state is EffectState.IN_DOUBT
    assert len(company.truths["crm"].journal) == 1
    resolve(hub, effect.key, Resolution.DONE, "checker", "seen at the bank")
    with pytest.raises(ApprovalError, match="not in doubt"):
        resolve(hub, effect.key, Resolution.RESEND, "checker", "again")
    assert len(plan(company, hub, [row("0001", title="新")]).drafted) == 1


def test_a_whole_call_refused_is_cut_down_to_the_record_it_is_about(start) -> None:
    from baton.errors import RejectedError

    def picky(target, writes):
        if any(write.ref.number == "0007" for write in writes):
            raise RejectedError("a name is too long", code="name", remedy="shorten it")
        return [target.act(write) for write in writes]

    def trouble(_name, target) -> None:
        target.receive = picky

    company, hub = start(prepare=trouble)
    run = plan(company, hub, people()).run
    apply(hub)
    assert len(company.truths["crm"].accounts) == 39
    with hub.database.read() as connection:
        (refused,) = hub.effects.read(connection, effects.c.state == "refused")
    assert (refused.number, refused.code, refused.remedy) == ("0007", "name", "shorten it")
    assert settle(hub, run.id).run.verdict == "incomplete"
