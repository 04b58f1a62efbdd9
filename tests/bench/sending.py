"""Sending through the engine, against a bare loop over the same connector; and pacing, against the allowance itself."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from baton.clock import SystemClock
from baton.contracts import Rate
from baton.hub import Hub
from baton.hub.execution import apply
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountRef, AccountWrite, Action, Receipt
from tests.bench.figures import Figure, Line, timed
from tests.bench.migration.bars import AtLeast, AtMost
from tests.rig.company import Company, row
from tests.rig.targets import FakeTarget, UpsertTarget, obey
from tests.rig.truth import Truth

LATENCY_S = 0.02
THREADS = 8
OVERHEAD, USED = 1.15, 0.95
"""The bars: the engine's time against the bare calls; and the share of an allowance that is used."""

ALLOWANCE = Rate(100, per_s=1, burst=1)
PACED = 300


class OneByOne(UpsertTarget):
    """A vendor with one call per record."""

    batch_limit = 1


class Paced(OneByOne):
    """A vendor that lets so many calls a second through."""

    rate = ALLOWANCE


class ByHundred(UpsertTarget):
    """A vendor with collections."""

    batch_limit = 100


def slowly(target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
    time.sleep(LATENCY_S)
    return obey(target, writes)


def bare(kind: type[FakeTarget], people: int) -> float:
    """The same calls with nothing stored, nothing proven, nothing repeated."""
    target = kind(Truth(), slowly)
    writes = [
        AccountWrite(
            f"key{number}", AccountRef(f"{number:04d}", None), Action.PROVISION, 1, {"name": f"测试{number:04d}"}, ""
        )
        for number in range(people)
    ]
    batches = [writes[start : start + kind.batch_limit] for start in range(0, people, kind.batch_limit)]

    def loop() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(target.provision, batches))

    return timed(loop)


def through_the_engine(folder: Path, kind: type[FakeTarget], people: int) -> float:
    folder.mkdir()

    def slow(_: str, target: FakeTarget) -> None:
        target.receive = slowly

    url = f"sqlite:///{folder}/baton.sqlite3"
    company = Company(folder, url, SystemClock(), {"crm": kind}, threads=THREADS, prepare=slow, waits_for_disk=True)
    company.rows = [row(f"{number:04d}") for number in range(people)]
    with company.open() as hub:
        plan_sync(hub, SyncRequest())
        seconds = timed(lambda: apply(hub))
    assert len(company.truths["crm"].accounts) == people
    return seconds


def figures(folder: Path, people: int) -> Iterator[Line]:
    """One call per record, calls of a hundred, and the shared allowance."""
    for kind, how in ((OneByOne, "one call per record"), (ByHundred, "calls of 100")):
        baseline = f"a bare loop, {THREADS} threads, {LATENCY_S * 1000:.0f} ms a call"
        engine, alone = through_the_engine(folder / kind.__name__, kind, people), bare(kind, people)
        what, note = f"send {people:,} effects, {how}, through the engine", f"{engine:.2f} s, and {alone:.2f} s"
        if kind is OneByOne:
            yield AtMost(engine / alone, OVERHEAD, f"times {baseline}", what, note)
        else:
            yield Figure(what, engine, baseline, alone, f"{1000 * engine / people:.2f} ms an effect")
    yield limiter(folder / "limiter")


def limiter(folder: Path) -> Line:
    """How much of an allowance of 100 calls a second the engine uses, by when the target is called.

    The target waits for its turn as a connector's client does before each request, and takes down the time. Turns are
    never closer than is allowed; a thread that the machine wakes late makes one call late, which may fall among the next.
    """
    folder.mkdir()
    hubs: list[Hub] = []
    calls: list[float] = []

    def paced(target: FakeTarget, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        hubs[0].limiter("crm").acquire()
        calls.append(time.monotonic())
        return obey(target, writes)

    def slow_down(_: str, target: FakeTarget) -> None:
        target.receive = paced

    url = f"sqlite:///{folder}/baton.sqlite3"
    company = Company(
        folder, url, SystemClock(), {"crm": Paced}, threads=THREADS, prepare=slow_down, waits_for_disk=True
    )
    company.rows = [row(f"{number:04d}") for number in range(PACED)]
    with company.open() as hub:
        hubs.append(hub)
        plan_sync(hub, SyncRequest())
        seconds = timed(lambda: apply(hub))
    assert len(calls) == len(company.truths["crm"].accounts) == PACED
    most, allowed = busiest_second(calls), ALLOWANCE.calls + ALLOWANCE.burst + THREADS
    assert most <= allowed, f"faster than allowed: {most} calls in a second, {allowed} are"
    used = (PACED - 1) / ALLOWANCE.calls / (max(calls) - min(calls))
    what = f"send {PACED} effects through the engine from {THREADS} threads, one call each, paced"
    assert ALLOWANCE.calls * seconds >= PACED - 1, f"faster than allowed: {PACED} calls in {seconds:.3f} s"
    unit = f"of the allowance of {ALLOWANCE.calls}/s used, and no more on the whole"
    return AtLeast(
        used, USED, unit, what, f"{seconds:.2f} s; at most {most} calls in any one second (threads that wake late)"
    )


def busiest_second(moments: Sequence[float]) -> int:
    """The most calls in any second, wherever it begins."""
    ordered = sorted(moments)
    return max(bisect_left(ordered, start + 1) - place for place, start in enumerate(ordered))
