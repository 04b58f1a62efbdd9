"""Planning a large feed, against merely parsing the same file with the fastest reader there is."""

from __future__ import annotations

import csv
import hashlib
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import xlsxwriter

from baton.hub import Hub
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.store.runs import Run
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


def figures(folder: Path, people: int) -> Iterator[Line]:
    """First feed, the same feed again, and a feed with 1 % news."""
    company = roster_company(folder)
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
        again = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        assert runs[1].counts["effects"] == 0, runs[1].counts
        what, note = "plan the same feed again: no news", f"{again:.3f} s, and {parsed:.3f} s"
        yield AtMost(again / parsed, PARSING, f"times {baseline}", what, note)
        write_roster(company.roster, people, frozenset(range(1, people + 1, 100)))
        news = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        count = runs[2].counts["effects"]
        assert count == len(range(1, people + 1, 100)), runs[2].counts
        what = f"plan a feed with 1 % news: {count:,} effects"
        note = f"{news:.2f} s, and {parsed:.3f} s"
        yield AtMost(news / parsed, PARSING, f"times {baseline}", what, note)
    yield from whole_processes(company, people)
    to_workbook(company)
    with company.open() as hub:  # anew: a source keeps the place it was opened with
        yield from in_a_workbook(company, hub, folder)


def whole_processes(company: RosterCompany, people: int) -> Iterator[Line]:
    """The same, start-up and the loading of libraries included on both sides: what somebody at a terminal waits for."""
    folder = company.folder

    def planned(effects: int) -> Measured:
        done = measure([sys.executable, "-m", "tests.bench.plan_whole", folder], folder)
        assert int(done.said) == effects, done.said
        return done

    def planned_anew() -> Measured:
        changed.update(range(next(first), people + 1, 100))
        write_roster(company.roster, people, frozenset(changed))
        return planned(len(range(1, people + 1, 100)))

    changed = set(range(1, people + 1, 100))
    first = itertools.count(2)
    parsed = median_of_processes(lambda: measure([sys.executable, "-c", ONLY_PARSED, company.roster], folder), TIMES)
    against = "times a process that only parses the file with polars"
    planned(0)  # whatever is cached once is there for both
    for what, run in (("no news", lambda: planned(0)), ("1 % news", planned_anew)):
        done = median_of_processes(run, TIMES)
        note = f"{done}, and {parsed}; start-up included"
        yield AtMost(done.wall_s / parsed.wall_s, PARSING, against, f"a process that plans a feed with {what}", note)


def to_workbook(company: RosterCompany) -> None:
    """From now on the same roster comes as XLSX."""
    book = company.roster.with_suffix(".xlsx")
    with company.roster.open(encoding="utf-8", newline="") as file, xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        for place, line in enumerate(csv.reader(file)):
            sheet.write_row(place, 0, line)
    company.roster = book


def in_a_workbook(company: RosterCompany, hub: Hub, folder: Path) -> Iterator[Line]:
    """The same as XLSX, which is what most HR systems export, against the fastest reader of those."""
    what = "plan the same feed from an XLSX"
    try:
        peer = measure([peers_python(folder / "peers"), PEERS / "fastexcel_rows.py", company.roster], folder)
    except NoPeersError as error:
        yield Unknown(what, str(error).splitlines()[0])
        return
    seconds, _, said = peer.said.partition(" ")
    plans: list[SyncPlan] = []
    again = timed(lambda: plans.append(plan_sync(hub, SyncRequest())))
    assert plans[0].run.counts["rows"] == int(said.split()[0]), (plans[0].run.counts, said)
    assert plans[0].run.counts["effects"] == 0, plans[0].run.counts
    assert plans[0].run.feed_digest == hashlib.sha256(company.roster.read_bytes()).hexdigest(), "another file was read"
    note = f"{again:.2f} s, and {float(seconds):.2f} s for {said}"
    yield AtMost(again / float(seconds), PARSING, "times calamine (through polars) parsing the file", what, note)
