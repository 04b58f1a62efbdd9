"""Calls from vendors through the console's own HTTP handler: believed once each, stored before answered, newest wins."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Final
from unittest import mock

import httpx
import sqlalchemy as sa

from baton.contracts import HintReply, HintSource
from baton.hub import Hub, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountWrite, Receipt
from baton.store.tables import hints
from connectors.oa.wecom.callbacks import Callbacks
from connectors.oa.wecom.members import Names
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.targets import KeyTarget
from tests.rig.truth import Truth
from tests.webhooks.deliveries import CORP, KEY, TOKEN, Change, Delivery, changes, deliveries, honest, message_of

SYSTEM: Final = "wecom"
_AT_ONCE: Final = 8
"""Calls that come in at the same time."""
_PEOPLE: Final = 40


class TellingTarget(KeyTarget, HintSource):
    """Accounts in memory; calls are judged by WeCom's real code."""

    title: ClassVar[str] = "Fake that calls us"

    def __init__(self, truth: Truth) -> None:
        super().__init__(truth)
        del self.receive  # the rig's name for taking writes; here it is the contract's for taking calls

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        return [self.act(write) for write in writes]

    update = disable = enable = remove = provision

    def receive(self, headers: Mapping[str, str], body: bytes) -> HintReply:
        return judged(headers, body)


def judged(headers: Mapping[str, str], body: bytes) -> HintReply:
    """What WeCom's real code makes of a call."""
    return Callbacks(CORP, TOKEN, KEY, Names("", "")).receive(headers, body)


def ids_of(happened: Sequence[Change]) -> list[str]:
    """Under which id each change must be stored, whatever calls come in about it."""
    vendor = honest()
    return [hint.event_id for change in happened for hint in judged(*vendor.enclose(message_of(change))).hints]


@dataclass
class Figures:
    """What a campaign came to."""

    events: int = 0
    deliveries: int = 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(``valid`` or ``forged``, status) -> how many calls."""
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    syncs: int = 0
    slowest_ms: float = 0.0
    seconds: float = 0.0


class _Keeper:
    """What the console keeps its hub with."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def hub(self) -> Hub:
        return self._hub


class World:
    """One company on one database, its console, and what HR says at every moment."""

    def __init__(self, folder: Path, figures: Figures) -> None:
        self.figures = figures
        self.clock = VirtualClock()
        url = f"sqlite:///{folder}/hub.sqlite3"
        self.company = Company(folder, url, self.clock, {SYSTEM: TellingTarget})
        self.company.rows = [row(f"{n:04d}") for n in range(1, _PEOPLE + 1)]
        self.hub = self.company.open()
        self.sync()
        self.started = 0

    def sync(self) -> None:
        plan_sync(self.hub, SyncRequest())
        execution.apply(self.hub)
        self.figures.syncs += 1

    def happens(self, change: Change) -> None:
        place = int(change.number) - 1
        self.company.rows[place] = row(change.number, title=change.title)

    def start_sync(self) -> bool:
        """What the console does after it has stored something new: here the run comes at the end of the round."""
        self.started += 1
        return True

    def stored(self) -> list[str]:
        with self.hub.database.read() as connection:
            return list(connection.execute(sa.select(hints.c.event_id)).scalars())


def campaign(events: int, seed: int, kills: int) -> Figures:
    """So many events; at so many moments the process dies between storing and answering."""
    from baton.console import web  # needs Airflow's environment

    began, figures, chance = time.perf_counter(), Figures(events=events), random.Random(seed)
    happened = changes(events, _PEOPLE, chance, 96 * 3600.0)
    calls = deliveries(happened, chance)
    figures.deliveries = len(calls)
    with tempfile.TemporaryDirectory(prefix="baton-hooks-") as folder, ExitStack() as stack:
        world = World(Path(folder), figures)
        stack.callback(world.hub.close)
        stack.enter_context(mock.patch.object(web, "keeper", _Keeper(world.hub)))
        stack.enter_context(mock.patch.object(web, "start_sync", world.start_sync))
        asyncio.run(_play(web.app, world, happened, calls))
        _judge(world, happened)
        for place in range(kills):
            chance = random.Random(f"{seed}/{place}")
            number = f"{chance.randint(1, _PEOPLE):04d}"
            _killed(web, world, Change(0.0, number, "killed", events + place), chance)
    figures.seconds = time.perf_counter() - began
    return figures


async def _play(app: Any, world: World, happened: Sequence[Change], calls: Sequence[Delivery]) -> None:
    """Time goes on: what happens, happens in HR; calls come in, several at once; every round may end in a sync."""
    waiting = list(reversed(happened))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as client:
        for start in range(0, len(calls), _AT_ONCE):
            batch = calls[start : start + _AT_ONCE]
            while waiting and waiting[-1].at_s <= batch[-1].at_s:
                world.happens(waiting.pop())
            ahead = batch[-1].at_s - world.clock.monotonic()
            world.clock.advance(timedelta(seconds=max(0.0, ahead)))
            await asyncio.gather(*(_deliver(client, call, world.figures) for call in batch))
            if start // _AT_ONCE % 25 == 24 and world.started:
                world.started = 0
                world.sync()
    world.sync()


async def _deliver(client: httpx.AsyncClient, call: Delivery, figures: Figures) -> None:
    _, _, query = call.path.partition("?")
    began = time.perf_counter()
    answer = await client.post(f"/hooks/{SYSTEM}?{query}", content=call.body)
    figures.slowest_ms = max(figures.slowest_ms, (time.perf_counter() - began) * 1000)
    figures.answers["valid" if call.event is not None else "forged", answer.status_code] += 1


def _judge(world: World, happened: Sequence[Change]) -> None:
    wrong, truth = world.figures.wrong, world.company.truths[SYSTEM]
    stored = world.stored()
    valid = ids_of(happened)
    if len(set(valid)) != len(happened):
        wrong.append(f"{len(happened)} events have {len(set(valid))} ids")
    if Counter(stored) != Counter(valid):
        lost, invented = Counter(valid) - Counter(stored), Counter(stored) - Counter(valid)
        wrong.append(f"{lost.total()} events that happened are not stored, {invented.total()} are too many")
    with world.hub.database.read() as connection:
        if world.hub.runs.waiting_hints(connection):
            wrong.append("events wait although a run has looked")
    newest = {change.number: change.title for change in happened}
    for number, title in newest.items():
        if truth.accounts[number].fields["title"] != title:
            wrong.append(f"{number} does not have the newest state")
    if truth.stale() or truth.repeated():
        wrong.append(f"{len(truth.stale())} stale and {len(truth.repeated())} repeated writes")
    if len(truth.journal) > len(happened) + _PEOPLE:
        wrong.append(f"{len(truth.journal)} writes for {len(happened)} changes")
    statuses = {kind: {status for who, status in world.figures.answers if who == kind} for kind in ("valid", "forged")}
    if statuses["valid"] - {200} or 200 in statuses["forged"]:
        wrong.append(f"answers: {statuses}")


def _killed(web: Any, world: World, change: Change, chance: random.Random) -> None:
    """The process dies after it has stored an event and before it has answered; the vendor calls again."""
    before = Counter(world.stored())
    (call,) = deliveries([change], random.Random(_single(chance)))
    target = {":method": "POST", ":path": f"/hooks/{SYSTEM}?{call.path.partition('?')[2]}"}
    died = _die_in_between(web, world, target, call.body)
    after = Counter(world.stored())
    with mock.patch.object(web, "keeper", _Keeper(world.hub)):
        answer = web._take(SYSTEM, target, call.body)
    world.figures.kills += died
    if not died or after - before != Counter(ids_of([change])) or answer.status_code != 200:
        stored = (after - before).total()
        world.figures.wrong.append(f"kill {change.serial}: died {died}, stored {stored}, then {answer.status_code}")
    if Counter(world.stored()) != after:
        world.figures.wrong.append(f"kill {change.serial}: the second call has stored something")


def _single(chance: random.Random) -> int:
    """A seed under which one change gives one call."""
    while True:
        seed = chance.getrandbits(32)
        if len(deliveries([Change(0.0, "0001", "x", 0)], random.Random(seed))) == 1:
            return seed


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_in_between(web: Any, world: World, target: Mapping[str, str], body: bytes) -> bool:
    """A child with a hub of its own takes the call, and is gone at the moment it would answer; whether it was killed.

    It ends by itself where nothing new was stored: there was no such moment.
    """
    child = os.fork()
    if child == 0:  # nothing of the parent may be used here but its settings
        try:
            hub = world.company.open()
            with (
                mock.patch.object(web, "keeper", _Keeper(hub)),
                mock.patch.object(web, "start_sync", _die),
            ):
                web._take(SYSTEM, target, body)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
