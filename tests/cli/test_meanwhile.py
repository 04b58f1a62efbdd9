"""What happens when two commands run at once."""

import threading

import httpx
import pytest

import baton.hub.sync as hub_sync
from baton import settings
from baton.errors import ApprovalError, BatonError
from baton.hub import Hub, decisions
from baton.hub.execution import settle
from baton.hub.sync import SyncRequest, plan_sync, preview_sync
from tests.cli.conftest import leaver, person


@pytest.fixture
def synced(company):
    company.ok("keys", "init")
    company.ok("run", "sync", "--as", "hr1")
    return company


def interrupted(monkeypatch, event, *, times=1):
    """Let something happen between the reading of the sources and the plan."""
    real = hub_sync.read_sources
    happened = []

    def reading(*arguments):
        found = real(*arguments)
        if len(happened) < times:
            happened.append(1)
            event()
        return found

    monkeypatch.setattr(hub_sync, "read_sources", reading)
    return happened


def test_an_older_feed_is_never_planned_over_a_newer_one(synced, monkeypatch):
    """This plan has read the feed; before it is saved, another one reads a newer feed and saves its plan."""
    synced.feed([person(n, 岗位="经理" if n == 12 else "客户经理") for n in range(1, 31)])

    def newer():
        synced.feed([person(n, 岗位="总监" if n == 12 else "客户经理") for n in range(1, 31)])
        assert synced.ok("run", "sync", "--as", "other").code == 0

    interrupted(monkeypatch, newer)
    synced.ok("run", "sync", "--as", "slow")
    assert synced.crm.user("0012")["Title"] == "总监"


def test_a_plan_that_is_always_overtaken_gives_up(synced, monkeypatch):
    with Hub(settings.load(synced.systems)) as hub, Hub(settings.load(synced.systems)) as other:
        real = hub_sync.read_sources
        depth = []

        def reading(*arguments):
            found = real(*arguments)
            if not depth:
                depth.append(1)
                plan_sync(other, SyncRequest(requested_by="other"))
                depth.pop()
            return found

        monkeypatch.setattr(hub_sync, "read_sources", reading)
        with pytest.raises(BatonError) as caught:
            plan_sync(hub, SyncRequest(requested_by="slow"))
        assert caught.value.code == "overtaken"


def test_two_plans_at_once_draft_every_change_once(synced):
    synced.feed([person(n, 岗位="经理") for n in range(1, 31)])
    failures = []

    def plan(name):
        try:
            with Hub(settings.load(synced.systems)) as hub:
                plan_sync(hub, SyncRequest(requested_by=name))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=plan, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    open_effects = synced.query("select number, count(*) from effects where state = 'planned' group by number")
    assert sorted(open_effects) == [(f"{n:04d}", 1) for n in range(1, 31)]


def test_a_release_that_races_a_new_plan_gets_all_or_nothing(company, monkeypatch):
    """The new plan has read its feed; a person releases the held run before it is saved."""
    run = company.held()
    company.feed([leaver(n) if n in (3, 6) else person(n) for n in range(1, 31)])
    interrupted(monkeypatch, lambda: company.ok("release", run, "--as", "boss", "--why", "approved").code)
    said = company.baton("plan", "sync", "--save", "--as", "hr1", "--json")
    planned = dict(company.query("select number, count(*) from effects where state = 'planned' group by number"))
    assert said.code == 0
    assert set(planned) == {"0003", "0006"}
    assert company.query("select count(*) from effects where state = 'held'") == [(0,)]


def test_a_replaced_run_cannot_be_released(company):
    run = company.held()
    company.feed([leaver(n) if n % 3 == 0 and n > 3 else person(n) for n in range(1, 31)])
    assert company.baton("plan", "sync", "--save", "--as", "hr1").code == 3
    with Hub(settings.load(company.systems)) as hub, pytest.raises(ApprovalError) as caught:
        decisions.release(hub, run, "boss", "late")
    assert caught.value.code == "not_held"


def test_settling_does_not_undo_a_release(company, monkeypatch):
    """A person releases while the settlement reads back."""
    import baton.hub.execution as execution

    run = company.held()
    real = execution.settling.settle

    def slowly(*arguments):
        found = real(*arguments)
        company.ok("release", run, "--as", "boss", "--why", "approved")
        return found

    monkeypatch.setattr(execution.settling, "settle", slowly)
    with Hub(settings.load(company.systems)) as hub:
        settled = settle(hub, run)
    assert settled.run.state != "held"


def test_planning_while_a_call_is_under_way_leaves_that_person_for_later(synced):
    """What is being sent is not superseded; the newer change follows as an effect of its own."""
    synced.feed([person(n, 岗位="经理" if n == 12 else "客户经理") for n in range(1, 31)])
    synced.ok("plan", "sync", "--save")
    newer = [person(n, 岗位="总监" if n == 12 else "客户经理") for n in range(1, 31)]
    plans = []

    def handle(request):
        if request.method == "PATCH" and not plans:
            synced.feed(newer)
            plans.append(synced.ok("plan", "sync", "--save", "--json").json)
        return synced.crm.handle(request)

    from baton.hub.execution import apply

    with Hub(settings.load(synced.systems), transports={"crm": httpx.MockTransport(handle)}) as hub:
        apply(hub)
    assert plans[0]["run"]["counts"]["waiting"] == 1
    assert plans[0]["effects"] == []
    assert synced.crm.user("0012")["Title"] == "经理"
    synced.ok("run", "sync")
    assert synced.crm.user("0012")["Title"] == "总监"


def test_a_preview_does_not_wait_for_itself(synced):
    with Hub(settings.load(synced.systems)) as hub:
        first = preview_sync(hub, SyncRequest())
        assert first.run.plan_hash == preview_sync(hub, SyncRequest()).run.plan_hash


def test_a_limited_run_does_not_move_the_measure_of_feeds(synced):
    """Held and released for twelve named leavers, the feed as a whole still has not been approved."""
    names = [f"{n:04d}" for n in range(1, 13)]
    before = synced.query("select digest, population from feeds")
    synced.feed([leaver(n) if n < 25 else person(n) for n in range(1, 31)])
    options = [word for name in names for word in ("--employee", name)]
    said = synced.baton("plan", "sync", "--save", "--as", "hr1", *options, "--json")
    assert said.code == 3
    synced.ok("release", said.json["run"]["id"], "--as", "boss", "--why", "these twelve")
    assert synced.query("select digest, population from feeds") == before


def test_a_system_that_throttles_under_another_status_is_left_alone_by_everyone(synced, monkeypatch):
    """Not every vendor says 429: what a connector raises with ``retry_after_s`` pauses the shared allowance too."""
    from baton.errors import RetryableError
    from baton.hub.execution import apply
    from connectors.crm.salesforce.connector import SalesforceConnector

    def throttled(*_):
        raise RetryableError("the daily limit is used up", code="REQUEST_LIMIT_EXCEEDED", retry_after_s=900)

    monkeypatch.setattr(SalesforceConnector, "update", throttled)
    synced.feed([person(n, 岗位="经理") for n in range(1, 31)])
    synced.ok("plan", "sync", "--save")
    with Hub(settings.load(synced.systems)) as hub:
        apply(hub)
    monkeypatch.undo()
    monkeypatch.chdir(synced.root)
    with Hub(settings.load(synced.systems)) as hub, pytest.raises(RetryableError) as caught:
        hub.connector("crm").client.limiter.acquire()
    assert caught.value.code == "paused"
    assert 800 < caught.value.retry_after_s <= 901
