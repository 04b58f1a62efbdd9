"""Sending through the engine, against a bare loop over the same connector; and pacing, against the allowance itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from baton.clock import SystemClock
from baton.contracts import Rate
from baton.engine.limiter import SharedLimiter
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


class OneByOne(UpsertTarget):
    """A vendor with one call per record."""

    batch_limit = 1


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
    company = Company(folder, url, SystemClock(), {"crm": kind}, threads=THREADS, prepare=slow)
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
    """How much of an allowance of 100 calls a second eight threads get to use."""
    folder.mkdir()
    calls, rate = 300, Rate(100, per_s=1, burst=1)
    with Company(folder, f"sqlite:///{folder}/baton.sqlite3", SystemClock(), {"crm": OneByOne}).open() as hub:
        shared = SharedLimiter(hub.database, "crm", rate, SystemClock())

        def work() -> None:
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda _: shared.acquire(), range(calls)))

        seconds = timed(work)
    used = (calls - 1) / 100 / seconds
    assert used <= 1.0, f"faster than allowed: {calls} calls in {seconds:.3f} s"
    what = f"{calls} paced calls from {THREADS} threads"
    return AtLeast(used, USED, "of the allowance of 100/s used, and never more", what, f"{seconds:.2f} s")
