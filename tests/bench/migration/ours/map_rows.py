"""The mapping engine over a CSV: ``python -m tests.bench.migration.ours.map_rows CSV``.

Says how many rows fit, and how long they took once they had been read.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from baton.jobs.migration.transform import transform
from baton.mapping.load import load_mapping
from tests.bench.migration.ours.reading import records
from tests.bench.migration.table import FIELDS

MAPPING = Path(__file__).resolve().parents[1] / "mapping.yaml"


def mapped(path: Path) -> Iterator[pl.DataFrame]:
    """The records of the file, typed, page by page; rows that do not fit are left out."""
    mapping = load_mapping(MAPPING, source_fields=None, target_fields=FIELDS)
    for page in records(path).pages:
        numbers = pl.int_range(page.first_row, page.first_row + page.rows.height, dtype=pl.Int64, eager=True)
        yield transform(page.rows, numbers, mapping, FIELDS).records


def main() -> None:
    mapping = load_mapping(MAPPING, source_fields=None, target_fields=FIELDS)
    fitting, took_s = 0, 0.0
    for page in records(Path(sys.argv[1])).pages:
        numbers = pl.int_range(page.first_row, page.first_row + page.rows.height, dtype=pl.Int64, eager=True)
        started = time.perf_counter()
        fitting += transform(page.rows, numbers, mapping, FIELDS).records.height
        took_s += time.perf_counter() - started
    sys.stdout.write(f"{fitting} fit\n{took_s:.3f}\n")


if __name__ == "__main__":
    main()
