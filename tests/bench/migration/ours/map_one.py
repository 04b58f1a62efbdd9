"""One record through the mapping engine: ``python -m tests.bench.migration.ours.map_one``; says the median in ms."""

from __future__ import annotations

import statistics
import sys
import time

from baton.mapping.load import load_mapping
from tests.bench.migration.data import employees
from tests.bench.migration.ours.map_rows import MAPPING
from tests.bench.migration.table import FIELDS

RECORDS = 200


def main() -> None:
    mapping = load_mapping(MAPPING, source_fields=None, target_fields=FIELDS)
    took = []
    for record in next(employees(RECORDS)).to_dicts():
        started = time.perf_counter()
        found = mapping.apply_one(record)
        took.append(time.perf_counter() - started)
        assert found.fields, found.faults
    sys.stdout.write(f"{statistics.median(took) * 1000:.3f}\n")


if __name__ == "__main__":
    main()
