"""All figures of a migration, one after the other: every peer gets the same data and the machine to itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.figures import Line
from tests.bench.migration import checking, loading, mapping_rows, workbooks
from tests.bench.migration.bars import Unknown
from tests.bench.migration.environment import NoPeersError, peers_python
from tests.bench.migration.measure import measure
from tests.servers.postgres import postgres

SHEET_SHARE: Final = 10
"""Rows per row of the workbook."""
LARGER: Final = 4
"""Times the rows, for how the memory grows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured."""

    rows: int
    times: int
    flat: bool
    """Also `LARGER` times the rows."""


def figures(folder: Path, wanted: Wanted) -> Iterator[Line]:
    """The figures; a missing peer is a line of its own."""
    python: Path | None = None
    try:
        python = peers_python(folder / "peers")
    except NoPeersError as error:
        yield Unknown("everything against dlt and datacompy", str(error))
    source = _data(folder, wanted.rows)
    yield from mapping_rows.figures(folder, source, wanted.rows, wanted.times)
    yield from checking.figures(folder, source, wanted.rows, wanted.times, python)
    yield from workbooks.figures(folder, max(1, wanted.rows // SHEET_SHARE), wanted.times)
    with postgres() as server:
        loads = loading.Loads(folder, server, source, wanted.rows, wanted.times)
        larger = None
        if wanted.flat:
            rows = LARGER * wanted.rows
            larger = loading.Loads(folder, server, _data(folder, rows), rows, 1)
        yield from loading.figures(loads, python, larger)


def _data(folder: Path, rows: int) -> Path:
    path = folder / f"staff_{rows}.csv"
    measure([sys.executable, "-m", "tests.bench.migration.data", str(rows), path], folder)
    return path
