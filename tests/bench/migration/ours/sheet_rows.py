"""The hub's XLSX reader: ``python -m tests.bench.migration.ours.sheet_rows XLSX``; says how many rows and cells."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.migration.ours.reading import records


def main() -> None:
    rows = cells = 0
    for page in records(Path(sys.argv[1])).pages:
        rows += page.rows.height
        cells += sum(page.rows.count().row(0))
    sys.stdout.write(f"{rows} rows, {cells} cells\n")


if __name__ == "__main__":
    main()
