"""Hostile feeds against the whole way from file to target: nobody loses more than the limits without a person's yes."""

from __future__ import annotations

import logging
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from baton.errors import ConfigurationError, FeedRefusedError
from baton.hub.execution import apply
from baton.hub.sync import SyncRequest, plan_sync
from baton.mapping.load import load_mapping
from baton.settings import SystemSettings
from baton.store.runs import RunState
from connectors.hr.file_export.connector import FileExportSettings
from tests.gate.feeds import HOSTILE, Feed, company, leaving, share_of, written
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.targets import UpsertTarget

SYSTEM = "target"
ZONE = ZoneInfo("Asia/Shanghai")
ORDINARY = "0.5-1 % left"
"""The kind of feed that must go through."""
MAPPING = Path(__file__).parents[2] / "mappings" / "sync" / "hr_file_export--employee.yaml"


class UnapprovedError(AssertionError):
    """People lost access beyond a limit although nobody had agreed to it."""


class BlockedError(AssertionError):
    """An ordinary feed was stopped."""


@dataclass
class Figures:
    """What a campaign came to."""

    feeds: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    lost_access: int = 0
    seconds: float = 0.0

    @property
    def hostile(self) -> int:
        """Of them, random hostile ones: neither the first of a company nor a drip."""
        return sum(self.outcomes.get(kind, Counter()).total() for kind in HOSTILE)

    @property
    def ordinary(self) -> int:
        """Of them, ordinary ones; the first of each company is not counted."""
        return self.outcomes.get(ORDINARY, Counter()).total()

    def note(self, kind: str, outcome: str) -> None:
        """Count one feed."""
        self.feeds += 1
        self.outcomes.setdefault(kind, Counter())[outcome] += 1


class Story:
    """One company with one target. Nobody ever releases anything here."""

    def __init__(self, seed: str, folder: Path, figures: Figures) -> None:
        self.chance = random.Random(seed)
        self.figures = figures
        self.clock = VirtualClock()
        self.file = folder / "roster.csv"
        settings = FileExportSettings(path=self.file, settle_s=0)
        self.hubs = Company(
            folder,
            f"sqlite:///{folder}/hub.sqlite3",
            self.clock,
            {SYSTEM: UpsertTarget},
            chance=random.Random(seed),
            source=SystemSettings("hr", "hr/file_export", "systems.yaml:1", settings, MAPPING),
        )
        self.hubs.mappings["hr"] = load_mapping(MAPPING, source_fields=None, target_fields=None)
        self.hub = self.hubs.open()
        self.people = company(self.chance)
        self.population = len(self.people)
        self.losses: list[tuple[datetime, int]] = []
        """When how many people lost access, per application."""
        if self.feed("first", written(self.people)) != RunState.READY:
            raise BlockedError("the first feed was stopped")

    def today(self) -> datetime:
        """The local time now."""
        return self.clock.now().astimezone(ZONE)

    def feed(self, kind: str, data: Feed) -> str:
        """Put a file there, plan, apply, and hold what happened against the limits."""
        self.file.write_bytes(data)
        stamp = self.clock.now().timestamp()
        os.utime(self.file, (stamp, stamp))
        try:
            outcome: str = plan_sync(self.hub, SyncRequest()).run.state
        except FeedRefusedError:
            outcome = "refused"
        except ConfigurationError:
            outcome = "not the columns the mapping reads"
        self.figures.note(kind, outcome)
        self.apply()
        return outcome

    def apply(self) -> None:
        """Do what is due now, then judge."""
        before = self._lost()
        apply(self.hub)
        self.losses.append((self.clock.now(), len(self._lost() - before)))
        gate = self.hubs.gate
        for span, limit in (
            (timedelta(), gate.run.limit(self.population)),
            (timedelta(hours=24), gate.day.limit(self.population)),
            (timedelta(days=7), gate.week.limit(self.population)),
        ):
            for end, _ in self.losses:
                lost = sum(count for at, count in self.losses if end - span < at <= end or at == end)
                if lost > limit:
                    raise UnapprovedError(
                        f"{lost} of {self.population} lost access within {span}, the limit is {limit}"
                    )

    def _lost(self) -> set[tuple[str, int]]:
        return {(e.number, e.version) for e in self.hubs.truths[SYSTEM].journal if e.action.destructive}

    def ordinary(self) -> None:
        """A few people leave, as every week: this must go through."""
        gone = share_of(self.people, self.chance.uniform(0.005, 0.01), self.chance)
        self.people = leaving(self.people, gone, self.today().date() - timedelta(days=1))
        before = len(self._lost())
        outcome = self.feed(ORDINARY, written(self.people))
        if outcome != RunState.READY or len(self._lost()) == before:
            raise BlockedError(f"an ordinary feed with {len(gone)} leavers of {self.population} was {outcome}")

    def hostile(self, kind: str) -> None:
        """Something is wrong with the feed, and time passes."""
        self.feed(kind, HOSTILE[kind](self.people, self.chance, self.today().date()))
        for _ in range(3):
            self.clock.advance(timedelta(days=1))
            self.apply()

    def drip(self, hours: int) -> int:
        """One per cent leave every hour; returns in which hour it was stopped first (the limits bind ever after)."""
        people, stopped = self.people, hours + 1
        for hour in range(1, hours + 1):
            people = leaving(people, share_of(people, 0.01, self.chance), self.today().date() - timedelta(days=1))
            if self.feed("drip of 1 % an hour", written(people)) == RunState.HELD:
                stopped = min(stopped, hour)
            self.clock.advance(timedelta(hours=1))
        return stopped


@contextmanager
def story(seed: str, figures: Figures) -> Iterator[Story]:
    """A company for as long as the block lasts. An error says which seed replays it."""
    parent = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="baton-gate-", dir=parent))
    logging.getLogger("baton").setLevel(logging.CRITICAL)
    try:
        told = Story(seed, folder, figures)
        yield told
        figures.lost_access += len(told._lost())
        told.hub.close()
    except AssertionError as error:
        error.add_note(f"story {seed!r}")
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stories_for(feeds: int) -> int:
    """How many companies it takes for at least so many hostile feeds, and as many ordinary ones."""
    return -(-feeds // len(HOSTILE))


def campaign(stories: int, seed: int, drips: int = 1) -> Figures:
    """So many companies, each with every kind of bad feed and ordinary ones in between; some drips of 72 hours."""
    began = time.perf_counter()
    figures = Figures()
    for number in range(stories):
        with story(f"{seed}/{number}", figures) as told:
            for kind in told.chance.sample(list(HOSTILE), len(HOSTILE)):
                told.hostile(kind)
                told.clock.advance(timedelta(days=4))
                told.ordinary()
    for number in range(drips):
        with story(f"{seed}/drip {number}", figures) as told:
            stopped = told.drip(72)
            if stopped > 24:
                raise UnapprovedError(f"the drip was stopped after {stopped} hours only")
    figures.seconds = time.perf_counter() - began
    return figures
