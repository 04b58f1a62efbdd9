"""The quarantine as a file: a person corrects the rows in it, and they are migrated as a run of their own.

The file holds the source rows in clear, since nobody can correct what is masked. It is written only when asked for,
readable by its owner alone. A text that a spreadsheet would take for a formula gets an apostrophe in front, which is
taken off again when the file comes back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from baton import tables
from baton.contracts import Feed
from baton.errors import ConfigurationError, Fault
from baton.hub.handed_out import new_file
from baton.hub.migration.since import planned_and_brought
from baton.jobs.migration.planning import ACTION
from baton.jobs.migration.transform import ROW, SOURCE_DIGEST
from baton.model.source_rows import Origin, SourcePage
from baton.store.moves import Move
from baton.store.staging import Stage, Staged
from baton.tables.harmless import FORMULA, csv_bytes, harmless

if TYPE_CHECKING:
    from baton.hub.core import Hub

REASONS: Final = "#reasons"

_LARGEST: Final = 64 * 1024 * 1024


def write_quarantine(hub: Hub, run_id: str, path: Path) -> int:
    """Write the rows that a run put aside, each with the reasons, as CSV or XLSX (by the suffix); returns how many.

    An existing file is never overwritten.
    """
    if path.suffix not in (".csv", ".xlsx"):
        raise ConfigurationError([Fault(str(path), "suffix", "a quarantine file is a .csv or an .xlsx")])
    rows = _rows(hub, run_id)
    try:
        opened = new_file(path)
    except FileExistsError:
        fault = Fault(str(path), "exists", "is there already: move it away, it may hold somebody's corrections")
        raise ConfigurationError([fault]) from None
    with opened as file:
        if path.suffix == ".xlsx":
            _write_workbook(file.fileno(), rows)
        else:
            file.write(csv_bytes(rows.columns, rows.rows()))
    return rows.height


def _rows(hub: Hub, run_id: str) -> pl.DataFrame:
    """The source rows in quarantine: `ROW`, the source's columns, `REASONS`."""
    with hub.database.read() as connection:
        move = hub.moves.get(connection, run_id)
        aside = hub.staging.of(connection, run_id, Stage.QUARANTINE)
        pages = hub.staging.of(connection, run_id, Stage.SOURCE)
    if move is not None:
        move.require_kept()
    found = []
    for number, record in aside.items():
        unfit = hub.staging.read(record)
        said = pl.concat_str(pl.col("column"), pl.lit(": "), pl.col("message")).str.strip_prefix(": ")
        reasons = unfit.group_by("row").agg(said.str.join("; ").alias(REASONS)).rename({"row": ROW})
        page = hub.staging.read(pages[number]).drop(SOURCE_DIGEST)
        found.append(page.join(reasons, on=ROW, how="inner", maintain_order="left"))
    if not found:
        fault = Fault("RUN", "no_quarantine", f"{run_id} has no row in quarantine that could be read")
        raise ConfigurationError([fault])
    return pl.concat(found)


def _write_workbook(descriptor: int, rows: pl.DataFrame) -> None:
    import xlsxwriter

    with os.fdopen(os.dup(descriptor), "wb") as file:
        book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
        sheet = book.add_worksheet("quarantine")
        sheet.freeze_panes(1, 0)
        # Cells that are text stay so when something is typed: 00051 in any other one is kept as the number 51.
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
        sheet.set_column(0, rows.width - 1, None, text)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})  # nobody is asked to make numbers of them
        for place, name in enumerate(rows.columns):
            sheet.write_string(0, place, str(harmless(name)), bold)
        for line, row in enumerate(rows.rows(), start=1):
            for place, cell in enumerate(row):
                if cell is None:
                    sheet.write_blank(line, place, None, text)
                elif sheet.write_string(line, place, str(harmless(cell)), text) != 0:
                    fault = Fault("--out", "too_large", f"row {line} does not fit into a workbook: write a .csv")
                    raise ConfigurationError([fault])
        book.close()


def corrected_rows(hub: Hub, path: Path, run_id: str) -> Feed:
    """The rows of a corrected quarantine file, as a source. Rows that were taken out of it stay in quarantine.

    Raises `ConfigurationError` unless every row is one that the run put aside, once, under the source's columns.
    """
    if path.stat().st_size > _LARGEST:
        raise ConfigurationError([Fault(str(path), "too_large", f"is larger than {_LARGEST // 2**20} MiB")])
    data = path.read_bytes()
    frame = _read_table(path, data)
    known = _rows(hub, run_id)
    columns = [name for name in known.columns if name not in (ROW, REASONS)]
    frame = frame.rename({str(harmless(name)): name for name in columns}, strict=False)
    faults = [
        Fault(str(path), "columns", f"the column {name!r} is missing") for name in (ROW, *columns) if name not in frame
    ]
    if faults:
        raise ConfigurationError(faults)
    numbers = frame.get_column(ROW).str.strip_chars().cast(pl.Int64, strict=False)
    faults = list(_number_faults(path, numbers, known.get_column(ROW)))
    if faults:
        raise ConfigurationError(faults)
    faults = list(_lost_digits(path, frame.select(numbers.alias(ROW), *columns), known))
    if faults:
        raise ConfigurationError(faults)
    unquoted = [
        pl.when(pl.col(name).str.starts_with("'") & pl.col(name).str.slice(1, 1).is_in([*FORMULA, "'"]))
        .then(pl.col(name).str.slice(1))
        .otherwise(pl.col(name))
        for name in columns
    ]
    rows = frame.select(numbers.alias(ROW), *unquoted).sort(ROW)
    origin = Origin(path.name, hashlib.sha256(data).hexdigest(), hub.clock.now(), {"corrects": run_id})
    return Feed(origin, _pages(rows))


@dataclass(frozen=True, slots=True)
class Earlier:
    """What one segment of another run into the same collection has planned."""

    run_id: str
    records: pl.DataFrame
    """`ROW` and key."""
    migrated: pl.DataFrame
    """Those of them that the target did not refuse; of a segment that was called back unsent, what it had already."""
    since: pl.DataFrame
    """The same of a later run that has read a source anew: these are other rows, wherever they stand."""


def migrated_before(hub: Hub, run_id: str, place: str, key: Sequence[str]) -> Iterator[Earlier]:
    """The rows that a run has planned, and all runs that are fed back from the same first one, or came after it.

    A row that is fed back under the key of one of them would overwrite that record with its own values; one that was
    fed back before under another key would be there twice. Raises `ConfigurationError` unless that run went into the
    same ``place`` (target/collection) by the same key, and `BatonError` (``purged``) once nobody can say what it has
    planned.
    """
    family: list[str] = []
    while run_id:
        with hub.database.read() as connection:
            move = hub.moves.get(connection, run_id)
            planned = hub.staging.of(connection, run_id, Stage.PLAN)
        if move is None or f"{move.target}/{move.collection}" != place or set(move.key) != set(key):
            message = f"{run_id} is no migration into {place} by {', '.join(key)}"
            raise ConfigurationError([Fault("--of", "other_place", message)])
        move.require_kept()
        yield from _planned(hub, run_id, planned, key)
        family.append(run_id)
        run_id = _corrects(move)
    if family:
        yield from _fed_back(hub, family, key)


def _planned(hub: Hub, run_id: str, planned: Mapping[int, Staged], key: Sequence[str]) -> Iterator[Earlier]:
    for found, brought in planned_and_brought(hub, run_id, planned, key):
        records = found.drop(ACTION)
        yield Earlier(run_id, records, brought.drop(ACTION), records.clear())


def _fed_back(hub: Hub, family: Sequence[str], key: Sequence[str]) -> Iterator[Earlier]:
    """The same of all other runs that corrected one of this family, the last of which is the first, and stand.

    And of all others into the same collection since, whatever they read: a corrected export has another name, and a
    key names the same record whichever source it comes from.
    """
    with hub.database.read() as connection:
        first, move = hub.runs.get(connection, family[-1]), hub.moves.get(connection, family[-1])
        assert first is not None
        assert move is not None
        known = set(family)
        planned: dict[str, Mapping[int, Staged]] = {}
        for later in reversed(hub.moves.later(connection, move, first.created_at)):
            other = hub.moves.get(connection, later)
            if other is None or later in known:
                continue
            if not hub.moves.begun(connection, later) or hub.moves.undoing(connection, later):
                continue
            other.require_kept()
            if _corrects(other) in known:
                known.add(later)
            planned[later] = hub.staging.of(connection, later, Stage.PLAN)
    for later, segments in planned.items():
        for earlier in _planned(hub, later, segments, key):
            none = earlier.records.clear()
            yield earlier if later in known else Earlier(later, records=none, migrated=none, since=earlier.migrated)


def _corrects(move: Move) -> str:
    return str(move.facts["detail"].get("corrects", ""))


def _read_table(path: Path, data: bytes) -> pl.DataFrame:
    layout, caps = tables.Layout((ROW,), None, 1), tables.Caps(1_000_000, 500, 32_767, 0)
    try:
        if data.startswith(b"PK\x03\x04"):
            table = tables.read_workbook(data, None, layout, caps, tables.ArchiveCaps(inflated_bytes=4 * _LARGEST))
        else:
            table = tables.read_delimited(tables.decode(data, None).utf8, layout, caps)
    except tables.FileError as error:
        raise ConfigurationError([Fault(str(path), error.rule, error.message)]) from None
    if table.rejected:  # a row that is only left out would be missed by nobody
        faults = [Fault(f"{path}:{bad.row}", bad.rule, f"{bad.column}: {bad.message}") for bad in table.rejected]
        raise ConfigurationError(faults)
    return table.frame


def _number_faults(path: Path, numbers: pl.Series, known: pl.Series) -> Iterator[Fault]:
    named = set(known.to_list())
    seen: set[int] = set()
    for line, number in enumerate(numbers.to_list(), start=2):
        if number not in named:
            yield Fault(f"{path}:{line}", "row", f"{ROW} names no row of this quarantine: leave that column alone")
        elif number in seen:
            yield Fault(f"{path}:{line}", "row", f"the source row {number} stands here again")
        seen.add(number)


def _lost_digits(path: Path, rows: pl.DataFrame, known: pl.DataFrame) -> Iterator[Fault]:
    """What a spreadsheet has made of digits when it saved the file as text. What came so may stay so.

    A code without its leading zeros would be another record's key, or a new one.
    """
    before = rows.select(ROW).join(known, on=ROW, how="left", maintain_order="left")
    instead = "correct the quarantine as .xlsx, where cells stay text"
    for name in rows.columns[1:]:
        cells, was = rows.get_column(name), before.get_column(name).str.strip_chars()
        lost = cells.str.contains(tables.LOST_DIGITS) & cells.ne_missing(before.get_column(name))
        for at in lost.arg_true():
            message = f"{name}: a long number was saved in scientific notation: its last digits are gone; {instead}"
            yield Fault(f"{path}:{at + 2}", "precision_lost", message)
        shortened = was.str.contains("^0[0-9]+$") & (cells.str.strip_chars() == was.str.replace("^0+([0-9])", "${1}"))
        for at in shortened.arg_true():
            message = f"{name}: the same number without its leading zeros: a spreadsheet drops them; {instead}"
            yield Fault(f"{path}:{at + 2}", "leading_zeros", message)


def _pages(rows: pl.DataFrame) -> Iterator[SourcePage]:
    """One page per stretch of consecutive source rows."""
    numbers: Sequence[int] = rows.get_column(ROW).to_list()
    start = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            yield SourcePage(rows.slice(start, at - start).drop(ROW), first_row=numbers[start])
            start = at
