"""A month's pay through the hub on SQLite, step by step, each in a process of its own: is it linear, and does it fit?

The baseline is SQLite alone: as many rows of 600 bytes put into one table in one transaction, synchronously.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.bench.figures import Figure, Line, timed
from tests.bench.migration.bars import AtMost
from tests.bench.migration.measure import measure
from tests.bench.payments.hub_steps import STEPS

WITHIN_MB = 500.0
"""The peak of any step with 100,000 lines."""
SHARE = 4
GROWTH = 1.25 * SHARE
"""So many times the lines may take so many times as long."""


def figures(folder: Path, payables: int) -> Iterator[Line]:
    before = _month(folder / "before", payables // SHARE)
    many = _month(folder / "many", payables)
    after = _month(
        folder / "after", payables // SHARE
    )  # what the host gives drifts: the few on either side of the many
    baseline = timed(lambda: _rows(folder / "rows.db", payables))
    for step, (took_s, peak_mb) in many.items():
        what = f"a pay run of {payables:,} lines, {step}"
        yield Figure(what, took_s, f"SQLite taking {payables:,} rows", baseline, f"{peak_mb:.0f} MB")
        yield AtMost(peak_mb, WITHIN_MB, "MB", what, "the whole process, the hub and the rig's bank included")
        few_s = (before[step][0] + after[step][0]) / 2
        note = f"{few_s:.1f} s and {took_s:.1f} s"
        yield AtMost(took_s / few_s, GROWTH, "times as long", f"{step} of {SHARE} times the lines", note)


def _month(folder: Path, payables: int) -> dict[str, tuple[float, float]]:
    """Seconds and peak megabytes by step."""
    folder.mkdir()
    found: dict[str, tuple[float, float]] = {}
    for step in ("hire", *STEPS):
        command = [sys.executable, "-m", "tests.bench.payments.hub_steps", step, str(payables), folder]
        measured = measure(command, folder)
        if step in STEPS:
            found[step] = json.loads(measured.said)["took_s"], measured.peak_mb
    shutil.rmtree(folder)
    return found


def _rows(file: Path, count: int) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("create table rows (key text primary key, what blob)")
        with connection:
            connection.executemany("insert into rows values (?, ?)", ((f"{n}", os.urandom(600)) for n in range(count)))
