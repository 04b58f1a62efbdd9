"""A pay run checked against HR, history, attendance, a second exit list and statements, in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, Line
from tests.bench.migration.bars import AtMost
from tests.bench.migration.measure import measure

WITHIN_S = 5.0
WITHIN_MB = 500.0
"""What 100,000 payables may take; everything they are checked against is in the memory, too."""


def figures(folder: Path, payables: int) -> Iterator[Line]:
    measured = measure([sys.executable, "-m", "tests.bench.payments.checked", str(payables)], folder)
    told = json.loads(measured.said)
    what = f"checking {payables:,} payables, report and digest included"
    yield Figure(what, told["checked_s"], "reading them as CSV (csv.DictReader)", told["read_s"], str(told["told"]))
    yield AtMost(told["checked_s"], WITHIN_S * payables / 100_000, "s", what)
    yield AtMost(measured.peak_mb, WITHIN_MB, "MB", "the whole process, people, history and lines included")
