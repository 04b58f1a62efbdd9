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
from tests.bench.migration.measure import BrokenRunError, measure
from tests.servers.postgres import postgres
from tests.servers.unprivileged import NoServerError

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
    """The figures; a missing peer or server, or a side that did not do its work, is a line of its own."""
    python: Path | None = None
    try:
        python = peers_python(folder / "peers")
    except NoPeersError as error:
        yield Unknown("everything against dlt and datacompy", str(error))
    rows, times, source = wanted.rows, wanted.times, _data(folder, wanted.rows)
    yield from _told("mapping rows", mapping_rows.figures(folder, source, rows, times))
    yield from _told("the result check", checking.figures(folder, source, rows, times, python))
    yield from _told("reading XLSX", workbooks.figures(folder, max(1, rows // SHEET_SHARE), times))
    yield from _told("loading PostgreSQL", _loads(folder, source, wanted, python))


def _loads(folder: Path, source: Path, wanted: Wanted, python: Path | None) -> Iterator[Line]:
    with postgres() as server:
        larger = None
        if wanted.flat:
            rows = LARGER * wanted.rows
            larger = loading.Loads(folder, server, _data(folder, rows), rows, times=1)
        yield from loading.figures(loading.Loads(folder, server, source, wanted.rows, wanted.times), python, larger)


def _told(what: str, figures: Iterator[Line]) -> Iterator[Line]:
    """The figures up to where one side broke; then that."""
    try:
        yield from figures
    except (BrokenRunError, NoServerError) as error:
        yield Unknown(what, str(error))


def _data(folder: Path, rows: int) -> Path:
    path = folder / f"staff_{rows}.csv"
    measure([sys.executable, "-m", "tests.bench.migration.data", str(rows), path], folder)
    return path
