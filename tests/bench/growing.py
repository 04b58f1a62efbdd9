"""How planning grows with the company: ten times the people, and how much memory the smaller company takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Line
from tests.bench.migration.bars import AtMost
from tests.bench.migration.measure import Measured, measure

TIMES = 10
LONGEST, MEMORY_MB = 12.0, 500.0


def figures(folder: Path, people: int) -> Iterator[Line]:
    """A feed with 1 % news, of ``people`` and of ten times as many, each planned in a process of its own."""
    few, many = (_planned(folder / str(size), size) for size in (people, people * TIMES))
    what = f"plan a feed with 1 % news of {people * TIMES:,} people, one in ten with an account"
    note = f"planning {_seconds(many):.2f} s ({many.peak_mb:.0f} MB), of {people:,}: {_seconds(few):.2f} s"
    yield AtMost(_seconds(many) / _seconds(few), LONGEST, f"times the time of {people:,} people", what, note)
    yield AtMost(few.peak_mb, MEMORY_MB, "MB in all", f"plan a feed with 1 % news of {people:,} people")


def _planned(folder: Path, people: int) -> Measured:
    folder.mkdir()
    taken = [
        measure([sys.executable, "-m", "tests.bench.plan_once", folder, str(people), step], folder)
        for step in ("first", "news")
    ]
    return taken[-1]


def _seconds(measured: Measured) -> float:
    """Of the planning alone, as the process itself says."""
    return float(measured.said)
