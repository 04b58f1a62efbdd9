"""The mapping engine, against one pydantic model per row."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Line
from tests.bench.migration.bars import AtMost, faster
from tests.bench.migration.environment import PEERS
from tests.bench.migration.measure import BrokenRunError, measure, median

OURS = "tests.bench.migration.ours"
ONE_MS = 5


def figures(folder: Path, source: Path, rows: int, times: int) -> Iterator[Line]:
    """Read, cleaned, mapped and checked; nothing written."""
    ours = median(lambda: measure([sys.executable, "-m", f"{OURS}.map_rows", source], folder), times)
    peer = median(lambda: measure([sys.executable, PEERS / "pydantic_rows.py", source], folder), times)
    if peer.said != ours.said:
        raise BrokenRunError(f"not the same rows fit: {ours.said}, and pydantic: {peer.said}")
    yield faster(ours, peer, "one pydantic model per row", 6, f"map and check {rows:,} rows of a CSV")
    one = float(measure([sys.executable, "-m", f"{OURS}.map_one"], folder).said)
    yield AtMost(one, ONE_MS, "ms", "one record through the same mapping engine (median)")
