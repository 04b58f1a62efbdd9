"""Planning a large feed, against merely parsing the same file with the fastest reader there is."""

from __future__ import annotations

import csv
import hashlib
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import xlsxwriter

from baton.hub import Hub
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.store.runs import Run
from tests.bench.bare_storing import bare_storing_s, copied
from tests.bench.figures import Figure, Line, median, timed
from tests.bench.migration.bars import AtMost, Unknown
from tests.bench.migration.environment import PEERS, NoPeersError, peers_python
from tests.bench.migration.measure import Measured, measure
from tests.bench.migration.measure import median as median_of_processes
from tests.bench.roster import RosterCompany, roster_company, write_roster

PARSING = 3.0
"""The bar: times merely parsing the file."""
TIMES = 5
"""Whole processes of each kind, of which the middle one is told."""
ONLY_PARSED = "import polars, sys; print(polars.read_csv(sys.argv[1], infer_schema=False).height)"


@dataclass
class News:
    """The roster of a company, in which one person in a hundred gets a new position each time."""

    roster: Path
    people: int
    moved: set[int] = field(default_factory=set)
    _first: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def come(self) -> int:
        """Write it with the next ones moved; returns how many these are."""
        moving = range(next(self._first), self.people + 1, 100)
        self.moved.update(moving)
        write_roster(self.roster, self.people, frozenset(self.moved))
        return len(moving)


def figures(folder: Path, people: int) -> Iterator[Line]:
    """First feed, the same feed again, and a feed with 1 % news."""
    company = roster_company(folder)
    news = News(company.roster, people)
    write_roster(company.roster, people)
    parsed = median(lambda: pl.read_csv(company.roster, infer_schema=False))
    baseline = f"polars parsing the {company.roster.stat().st_size / 1e6:.0f} MB file"
    with company.open() as hub:
        runs: list[Run] = []  # and not the plans: what 100,000 effects hold in memory would be walked again and again
        first = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        assert runs[0].counts["effects"] == people, runs[0].counts
        yield Figure(f"plan the first feed, {people:,} people, {people:,} effects", first, baseline, parsed)
        sent = timed(lambda: apply(hub))
        yield Figure(f"store {people:,} outcomes, target at once", sent, "planning them", first)
        settled = timed(lambda: settle(hub, runs[0].id))
        yield Figure(f"settle {people:,} effects by reading back", settled, "planning them", first)
        again = median(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        assert [run.counts["effects"] for run in runs[1:]] == [0, 0, 0], runs[1:]
        what, note = "plan the same feed again: no news", f"{again:.3f} s, and {parsed:.3f} s"
        yield AtMost(again / parsed, PARSING, f"times {baseline}", what, note)
        before = copied(company.database_file, folder / "before.sqlite3")
        count = news.come()
        with_news = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        assert runs[-1].counts["effects"] == count, runs[-1].counts
        what = f"plan a feed with 1 % news: {count:,} effects"
        note = f"{with_news:.2f} s, and {parsed:.3f} s"
        yield AtMost(with_news / parsed, PARSING, f"times {baseline}", what, note)
        rows, bare = bare_storing_s(before, company.database_file)
        what = f"the least it could take: parse that file, and store the {rows:,} rows of that plan with sqlite3 alone"
        yield Figure(what, parsed + bare, baseline, parsed)
    yield from whole_processes(company, news)
    book = to_workbook(company)
    with company.open() as hub:  # anew: a source keeps the place it was opened with
        yield from in_a_workbook(hub, news, book)


def whole_processes(company: RosterCompany, news: News) -> Iterator[Line]:
    """The same, start-up and the loading of libraries included on both sides: what somebody at a terminal waits for."""
    folder = company.folder

    def planned(effects: int) -> Measured:
        done = measure([sys.executable, "-m", "tests.bench.plan_whole", folder], folder)
        assert int(done.said) == effects, done.said
        return done

    parsed = median_of_processes(lambda: measure([sys.executable, "-c", ONLY_PARSED, company.roster], folder), TIMES)
    against = "times a process that only parses the file with polars"
    planned(0)  # whatever is cached once is there for both
    for what, run in (("no news", lambda: planned(0)), ("1 % news", lambda: planned(news.come()))):
        done = median_of_processes(run, TIMES)
        note = f"{done}, and {parsed}; start-up included"
        yield AtMost(done.wall_s / parsed.wall_s, PARSING, against, f"a process that plans a feed with {what}", note)


def to_workbook(company: RosterCompany) -> Path:
    """From now on the same roster comes as XLSX; returns where it is."""
    book = company.roster.with_suffix(".xlsx")
    _write_workbook(company.roster, book)
    company.roster = book
    return book


def _write_workbook(roster: Path, book: Path) -> None:
    with roster.open(encoding="utf-8", newline="") as file, xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        for place, line in enumerate(csv.reader(file)):
            sheet.write_row(place, 0, line)


def in_a_workbook(hub: Hub, news: News, book: Path) -> Iterator[Line]:
    """The same as XLSX, which is what most HR systems export, against the fastest reader of those."""
    against = "times calamine (through polars) parsing the file"
    what = "plan the same feed from an XLSX: no news"
    try:
        peer = measure([peers_python(book.parent / "peers"), PEERS / "fastexcel_rows.py", book], book.parent)
    except NoPeersError as error:
        yield Unknown(what, str(error).splitlines()[0])
        return
    seconds, _, said = peer.said.partition(" ")
    parsed = float(seconds)

    def planned(effects: int) -> float:
        plans: list[SyncPlan] = []
        took_s = timed(lambda: plans.append(plan_sync(hub, SyncRequest())))
        run = plans[0].run
        assert (run.counts["rows"], run.counts["effects"]) == (int(said.split()[0]), effects), (run.counts, said)
        assert run.feed_digest == hashlib.sha256(book.read_bytes()).hexdigest(), "another file was read"
        return took_s

    first = planned(0)
    all_mapped = "plan an XLSX of which no row is known, though everybody in it is as before"
    yield Figure(all_mapped, first, against.removeprefix("times "), parsed, said)
    again = planned(0)
    yield AtMost(again / parsed, PARSING, against, what, f"{again:.2f} s, and {parsed:.2f} s")
    count = news.come()
    _write_workbook(news.roster, book)
    with_news = planned(count)
    note = f"{with_news:.2f} s, and {parsed:.2f} s"
    yield AtMost(with_news / parsed, PARSING, against, f"plan an XLSX with 1 % news: {count:,} effects", note)
