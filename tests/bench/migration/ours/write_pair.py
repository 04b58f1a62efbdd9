"""Two Parquet files of the same records, one in a hundred different: ``… ours.write_pair CSV EXPECTED FOUND``.

The difference is a mobile, a salary, a blank at the end of a name or a department, in turn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from tests.bench.migration.data import PIECE_ROWS
from tests.bench.migration.ours.map_rows import mapped
from tests.bench.migration.table import FIELDS

_EVERY = 100
_CHANGES = {
    "mobile": pl.lit("+8613900000000"),
    "salary": (pl.col("salary") + pl.lit("0.01").cast(pl.Decimal(38, 2))).cast(pl.Decimal(38, 2)),
    "full_name": pl.col("full_name") + " ",
    "department": pl.lit("D9999"),
}


def changed(frame: pl.DataFrame) -> pl.DataFrame:
    """The same records, of which every hundredth has one other cell."""
    place = pl.col("place in file")
    apart = place % _EVERY == 0
    return (
        frame.with_row_index("place in file")
        .with_columns(
            pl.when(apart & (place // _EVERY % len(_CHANGES) == turn)).then(change).otherwise(pl.col(name)).alias(name)
            for turn, (name, change) in enumerate(_CHANGES.items())
        )
        .drop("place in file")
    )


def main() -> None:
    source, expected, found = map(Path, sys.argv[1:])
    records = pl.concat([page.select(list(FIELDS)) for page in mapped(source)], rechunk=True)
    records.write_parquet(expected, row_group_size=PIECE_ROWS)
    changed(records).write_parquet(found, row_group_size=PIECE_ROWS)


if __name__ == "__main__":
    main()
