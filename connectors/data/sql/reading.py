"""One reading of a table: a snapshot that is digested first, then walked once, page by page."""

from __future__ import annotations

import weakref
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from itertools import pairwise

import polars as pl
import sqlalchemy as sa

from baton.sdk import ConnectorError, Feed, FeedRefusedError, GuardBreach, Origin, RejectedRow, SourcePage
from connectors.data.sql.backend import Backend
from connectors.data.sql.catalogue import Column, Table
from connectors.data.sql.cells import canonical, typed
from connectors.data.sql.troubles import FOREIGN, Phase, translated, translating


def read(backend: Backend, engine: sa.Engine, table: Table, now: datetime) -> Feed:
    """Open a snapshot, digest it, and hand out its pages; it closes behind the last one, or with the feed."""
    opened = ExitStack()
    try:
        with translating():
            connection = opened.enter_context(engine.connect())
            backend.begin_snapshot(connection)
            digest, rows = backend.digest(connection, table)
        if rows > backend.settings.max_rows:
            message = f"{table.name} has {rows} rows, more than max_rows allows"
            raise FeedRefusedError([GuardBreach("max_rows", message)], feed_digest=digest)
    except BaseException:
        opened.close()
        raise
    shape = {"rows": str(rows), "columns": str(len(table.columns)), "key": ", ".join(table.key) or "none"}
    detail = {"database": backend.settings.product.value, **shape, "time_zone": backend.settings.time_zone}
    return Feed(
        Origin(table.name, digest, now, detail), _Pages(opened, _walk(backend, connection, table, digest, rows))
    )


class _Pages(Iterator[SourcePage]):
    """The pages, and the connection under them, which is given back however the walk ends."""

    def __init__(self, opened: ExitStack, pages: Generator[SourcePage]) -> None:
        self._pages = pages
        self._close = weakref.finalize(self, _given_up, pages, opened)

    def __next__(self) -> SourcePage:
        try:
            return next(self._pages)
        except FOREIGN as error:
            self._close()
            raise translated(error, Phase.WORK) from None
        except (StopIteration, ConnectorError, FeedRefusedError):
            self._close()
            raise


def _given_up(pages: Generator[SourcePage], opened: ExitStack) -> None:
    pages.close()
    with suppress(*FOREIGN):  # the connection may be lost already; what was read is judged by then
        opened.close()


def _walk(backend: Backend, connection: sa.Connection, table: Table, digest: str, total: int) -> Generator[SourcePage]:
    columns, read_rows, rejected = list(table.columns.values()), 0, 0
    for raw in backend.pages(connection, table):
        frame, wrong = typed(raw, columns, backend.settings.time_zone)
        faults = _faults(wrong, table, read_rows + 1)
        rejected += len(faults)
        if rejected > backend.settings.max_rejected_rows:
            message = f"more than {backend.settings.max_rejected_rows} rows of {table.name} cannot be read"
            raise FeedRefusedError([GuardBreach("rejected_rows", message)], feed_digest=digest)
        yield from _runs(canonical(frame), faults, read_rows, total)
        read_rows += raw.height
    if read_rows != total:
        message = f"{table.name} had {total} rows at first and {read_rows} when it was read"
        raise FeedRefusedError([GuardBreach("source_changed", message)], feed_digest=digest)
    if not total:
        yield SourcePage(pl.DataFrame(schema=dict.fromkeys(table.columns, pl.String())))


def _faults(wrong: Mapping[str, pl.Series], table: Table, first_row: int) -> list[RejectedRow]:
    """One per row that holds a value which does not fit; the value is not repeated."""
    found: dict[int, RejectedRow] = {}
    for name, mask in wrong.items():
        rule, message = "stored_value", f"the stored value is no {_named(table.columns[name])} that can be carried"
        for place in mask.arg_true():
            found.setdefault(place, RejectedRow(first_row + place, rule, message, name))
    return [found[place] for place in sorted(found)]


def _named(column: Column) -> str:
    return column.kind.value


def _runs(frame: pl.DataFrame, faults: list[RejectedRow], before: int, total: int) -> Iterator[SourcePage]:
    """Runs of consecutive good rows; each takes along the bad row behind it."""
    edges = [-1, *(fault.row - before - 1 for fault in faults), frame.height]
    for number, (low, high) in enumerate(pairwise(edges)):
        cursor = None if before + high >= total else f"row:{before + high + 1}"
        mine = (faults[number],) if number < len(faults) else ()
        if high - low > 1 or mine:
            yield SourcePage(frame.slice(low + 1, high - low - 1), before + low + 2, mine, cursor)
