"""The mapping engine over a CSV: ``python -m tests.bench.migration.ours.map_rows CSV``; says how many rows fit."""

from __future__ import annotations

import sys
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


if __name__ == "__main__":
    sys.stdout.write(f"{sum(page.height for page in mapped(Path(sys.argv[1])))} fit\n")
