"""The mapping engine, against one pydantic model per row."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Line
from tests.bench.migration.bars import AtLeast, AtMost
from tests.bench.migration.environment import PEERS
from tests.bench.migration.measure import BrokenRunError, measure

OURS = "tests.bench.migration.ours"
ONE_MS = 5


def figures(folder: Path, source: Path, rows: int, times: int) -> Iterator[Line]:
    """Cleaned, mapped and checked; nothing written. The engine is what is compared: both read the file for themselves."""
    ours = [measure([sys.executable, "-m", f"{OURS}.map_rows", source], folder) for _ in range(times)]
    peers = [measure([sys.executable, PEERS / "pydantic_rows.py", source], folder) for _ in range(times)]
    fits = {each.said.split()[0] for each in (*ours, *peers)}
    if len(fits) != 1:
        raise BrokenRunError(f"not the same rows fit: {fits}")
    ours_s, peer_s = (statistics.median(float(each.said.split()[2]) for each in runs) for runs in (ours, peers))
    note = f"Baton {ours_s:.2f} s, {rows / ours_s:,.0f} rows/s; pydantic {peer_s:.2f} s; "
    note += f"whole processes, reading included: {ours[0]} against {peers[0]}"
    what = f"map and check {rows:,} rows, once they are read"
    yield AtLeast(peer_s / ours_s, 6, "times as fast as one pydantic model per row", what, note)
    one = float(measure([sys.executable, "-m", f"{OURS}.map_one"], folder).said)
    yield AtMost(one, ONE_MS, "ms", "one record through the same mapping engine (median)")
