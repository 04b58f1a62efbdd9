"""The result proof, against datacompy on the same two files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Line
from tests.bench.migration.bars import AtMost, Unknown, faster
from tests.bench.migration.environment import PEERS
from tests.bench.migration.measure import BrokenRunError, measure, warm_median

OURS = "tests.bench.migration.ours"


def figures(folder: Path, source: Path, rows: int, times: int, python: Path | None) -> Iterator[Line]:
    """The records of ``source``, one in a hundred changed."""
    what = f"compare {rows:,} records, 1 % different, cells named"
    expected, found = folder / "expected.parquet", folder / "found.parquet"
    measure([sys.executable, "-m", f"{OURS}.write_pair", source, expected, found], folder)
    check = [sys.executable, "-m", f"{OURS}.check_rows", expected, found]
    ours = warm_median(lambda: measure(check, folder), times)
    if python is None:
        yield Unknown(what, "datacompy is not here")
        return
    peer = warm_median(lambda: measure([python, PEERS / "datacompy_check.py", expected, found], folder), times)
    if peer.said != ours.said:
        raise BrokenRunError(f"not the same answer: {ours.said}, and datacompy: {peer.said}")
    yield faster(ours, peer, "datacompy (polars)", 2, what)
    yield AtMost(ours.peak_mb / peer.peak_mb, 1 / 3, "times the memory of datacompy (polars)", what)
