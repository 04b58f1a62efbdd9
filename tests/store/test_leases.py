"""Claims: fenced, in order per person, one action a batch, closed machine; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from baton.engine.plan import Planned, save_plan
from baton.errors import TransitionError
from baton.model.account import Action, Receipt
from baton.model.effect import TRANSITIONS, Effect, EffectState, Intention, Link, require_transition
from baton.store.claims import ClaimRule
from baton.store.database import Database
from baton.store.effects import EffectStore
from baton.store.leases import LeaseStore, Settlement
from baton.store.links import LinkStore
from baton.store.migrate import upgrade
from baton.store.personal import Keyring
from baton.store.runs import Run, RunState, RunStore
from tests.rig.clock import VirtualClock
from tests.rig.company import KEYS

RULE = ClaimRule("crm", "worker", 10, 300.0, whole_batches=False)


class Bench:
    """The stores on one database, without a hub."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        upgrade(self.database)
        self.clock = VirtualClock()
        self.links = LinkStore()
        self.effects = EffectStore(Keyring.load(KEYS), self.clock)
        self.leases = LeaseStore(self.effects, self.links)
        with self.database.write() as connection:
            now = self.clock.now()
            RunStore(self.clock).insert(connection, Run("r", "sync", RunState.READY, "t", "", "", now), [])

    def plan(self, number: str, *actions: Action, rank: int = 0, run: str = "r") -> None:
        """Intend these actions, all due now."""
        with self.database.write() as connection:
            link = self.links.of(connection, "crm", [number]).get(number, Link("crm", number))
            wanted = [(Intention("crm", number, a, self.clock.now(), {"title": a}, rank=rank), {}) for a in actions]
            save_plan(connection, "sync", run, [Planned(link, wanted)], self.effects, self.links)

    def claim(self, **changed: object) -> list[Effect]:
        with self.database.write() as connection:
            return self.leases.claim(connection, replace(RULE, **changed))

    def settle(self, effects: list[Effect], receipt: Receipt) -> list[EffectState | None]:
        with self.database.write() as connection:
            return self.leases.settle(connection, [Settlement(effect, receipt) for effect in effects])

    def recover(self) -> int:
        with self.database.write() as connection:
            return self.leases.recover(connection, "crm")

    def doubtful(self) -> list[Effect]:
        with self.database.write() as connection:
            return self.leases.claim_unsettled(connection, RULE, EffectState.IN_DOUBT)

    def states(self) -> list[tuple[str, int, EffectState]]:
        with self.database.read() as connection:
            return sorted((e.number, e.version, e.state) for e in self.effects.read(connection))


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    made = Bench(database_url)
    yield made
    made.database.close()


def test_a_zombie_changes_nothing(bench: Bench) -> None:
    bench.plan("0012", Action.PROVISION)
    zombie = bench.claim()
    bench.clock.advance(timedelta(seconds=299))
    assert bench.recover() == 0
    bench.clock.advance(timedelta(seconds=2))
    assert bench.recover() == 1
    for receipt in (Receipt.done("x1"), Receipt.refused("no", "no"), Receipt.not_performed("no", "no")):
        assert bench.settle(zombie, receipt) == [None]
    assert bench.states() == [("0012", 1, EffectState.IN_DOUBT)]
    looking = bench.doubtful()
    assert bench.doubtful() == []
    assert bench.settle(looking, Receipt.done("x1")) == [EffectState.DONE]
    assert bench.settle(zombie, Receipt.done("x2")) == [None]
    with bench.database.read() as connection:
        assert bench.links.of(connection, "crm", ["0012"])["0012"].external_id == "x1"


def test_one_person_is_served_in_order(bench: Bench) -> None:
    bench.plan("0012", Action.PROVISION, Action.DISABLE, Action.REMOVE)
    first = bench.claim()
    assert [(e.action, e.version) for e in first] == [(Action.PROVISION, 1)]
    assert bench.claim() == []
    assert bench.settle(first, Receipt.in_doubt("lost", "lost")) == [EffectState.IN_DOUBT]
    assert bench.claim() == []
    bench.settle(bench.doubtful(), Receipt.done("x1"))
    assert [e.action for e in bench.claim()] == [Action.DISABLE]


def test_whoever_waits_holds_up_nobody_below(bench: Bench) -> None:
    bench.plan("0001", Action.UPDATE, Action.UPDATE)
    bench.settle(bench.claim(), Receipt.in_doubt("lost", "lost"))
    bench.plan("0002", Action.PROVISION, rank=1)
    assert [e.number for e in bench.claim()] == ["0002"]


def test_managers_go_first_and_a_paused_action_holds_up_nobody(bench: Bench) -> None:
    bench.plan("0003", Action.PROVISION, rank=1)
    bench.plan("0002", Action.PROVISION, rank=0)
    bench.plan("0004", Action.DISABLE)
    paused = frozenset({Action.DISABLE.value})
    manager = bench.claim(paused_actions=paused)
    assert [e.number for e in manager] == ["0002"]
    assert bench.claim(paused_actions=paused) == []
    bench.settle(manager, Receipt.done("x2"))
    assert [e.number for e in bench.claim(paused_actions=paused)] == ["0003"]


def test_a_newer_plan_replaces_what_was_not_sent(bench: Bench) -> None:
    bench.plan("0012", Action.PROVISION, Action.DISABLE)
    bench.plan("0012", Action.PROVISION)
    gone = EffectState.SUPERSEDED
    assert bench.states() == [("0012", 1, gone), ("0012", 2, gone), ("0012", 3, EffectState.PLANNED)]


def test_what_kills_its_worker_ends_up_alone_and_then_aside(bench: Bench) -> None:
    for number in range(16):
        bench.plan(f"{number:04d}", Action.PROVISION)
    sizes = []
    for _ in range(4):
        taken = bench.claim(batch_limit=16)
        sizes.append(len(taken))
        bench.clock.advance(timedelta(seconds=301))
        bench.recover()
        bench.settle(bench.doubtful(), Receipt.not_performed("not_there", "not there"))
    assert sizes == [16, 4, 1, 1]


def test_concurrent_workers_never_share_an_effect(bench: Bench) -> None:
    for number in range(60):
        bench.plan(f"{number:04d}", Action.UPDATE)
    taken: list[str] = []

    def work(name: str) -> None:
        while batch := bench.claim(worker=name, batch_limit=4):
            taken.extend(effect.number for effect in batch)
            assert bench.settle(batch, Receipt.done("x")) == [EffectState.DONE] * len(batch)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [f"{number:04d}" for number in range(60)]


def test_planning_and_working_at_once_never_cancels_what_was_sent(bench: Bench) -> None:
    for number in range(40):
        bench.plan(f"{number:04d}", Action.UPDATE)
    faults: list[BaseException] = []

    def plan() -> None:
        try:
            for _ in range(5):
                with bench.database.write() as connection:
                    bench.effects.freeze(connection, "sync")
                    busy = bench.effects.numbers_in(connection, "crm", ["sent", "in_doubt", "accepted"])
                    free = sorted({f"{number:04d}" for number in range(40)} - busy)
                    links = bench.links.of(connection, "crm", free)
                    now = bench.clock.now()
                    wanted = [
                        Planned(link, [(Intention("crm", number, Action.UPDATE, now, {"title": "新"}), {})])
                        for number, link in links.items()
                    ]
                    save_plan(connection, "sync", "r", wanted, bench.effects, bench.links)
        except BaseException as error:
            faults.append(error)

    lost = []

    def work() -> None:
        try:
            for _ in range(30):
                batch = bench.claim(batch_limit=4)
                lost.extend(state for state in bench.settle(batch, Receipt.done("x")) if state is None)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=plan), *(threading.Thread(target=work) for _ in range(3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert lost == []


def test_the_machine_is_closed() -> None:
    for before in EffectState:
        for after in EffectState:
            if after in TRANSITIONS[before]:
                require_transition(before, after)
            else:
                with pytest.raises(TransitionError):
                    require_transition(before, after)
    for final in (EffectState.DONE, EffectState.REFUSED, EffectState.SUPERSEDED):
        assert not TRANSITIONS[final]
