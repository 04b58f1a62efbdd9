"""The result proof over two Parquet files: ``… ours.check_rows EXPECTED FOUND``; says how many records differ.

As in a run: segment by segment, each read back by key, compared by digest, differing cells named with their cause. The
digests of what is expected are counted too, which a run has from planning. The target is the second file; a filter on
its keys stands for the index of a database.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from baton.contracts import Collection
from baton.jobs.migration.planning import DIGEST
from baton.jobs.migration.proof import Comparer
from baton.jobs.migration.transform import ROW
from baton.records.digest import Digester
from tests.bench.migration.table import FIELDS

SEGMENT_ROWS = 50_000
THREADS = 4
"""As many segments at once as a run proves unless it is told otherwise (``threads`` in systems.yaml)."""
KEY = ("number",)


class FileTarget:
    """What `Comparer` asks of a target."""

    def __init__(self, path: Path) -> None:
        self.records = pl.scan_parquet(path)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        numbers = keys.get_column("number")
        near = self.records.filter(pl.col("number").is_between(pl.lit(numbers.min()), pl.lit(numbers.max())))
        return near.select(*KEY, *(name for name in fields if name not in KEY)).collect().join(keys, on=KEY, how="semi")


def main() -> None:
    expected, found = map(Path, sys.argv[1:])
    digester = Digester(FIELDS, b"bench")
    target = FileTarget(found)
    comparer = Comparer(target, Collection("staff", FIELDS, KEY), FIELDS, KEY, digester, whole=digester)  # type: ignore[arg-type]
    source = pl.scan_parquet(expected)

    def counted(start: int) -> Counter[str]:
        part = source.slice(start, SEGMENT_ROWS).collect().with_row_index(ROW, start).cast({ROW: pl.Int64})
        return comparer.compare(part.with_columns(digester.rows(part).alias(DIGEST))).counts

    height = source.select(pl.len()).collect().item()
    with ThreadPoolExecutor(THREADS) as pool:
        counts = sum(pool.map(counted, range(0, height, SEGMENT_ROWS)), Counter[str]())
    sys.stdout.write(f"{counts['different']} differ\n")


if __name__ == "__main__":
    main()
