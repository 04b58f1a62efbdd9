"""Putting faults into frames: of source rows, of records on their way into the plan, of what a target holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from baton.hub.migration.verifying import Proof
from baton.jobs.migration.surplus import NO_ROW
from baton.jobs.migration.transform import ROW
from baton.records.masking import masked
from tests.migration.damage import CELLS, Fault
from tests.migration.warehouse import COLUMNS, FIELDS, FIRST_ROW

Finding = tuple[Proof, int, str, str]
"""Stage, source row (-1: nobody's), field (empty: the whole record; of nobody's: its key as shown), cause."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A damaged frame, and what has to be found: fault -> findings."""

    rows: pl.DataFrame
    expected: Mapping[Fault, frozenset[Finding]]


def plant(rows: pl.DataFrame, at: Mapping[int, Fault], names: Mapping[str, str], extra: str = "X") -> Planted:
    """Damage the rows at these positions. ``names``: field -> column of the frame; extra records are called so."""
    order: list[tuple[float, pl.DataFrame]] = []
    expected: dict[Fault, frozenset[Finding]] = {}
    gone: set[int] = set()
    for position, fault in at.items():
        row = rows.slice(position, 1)
        whole = (fault.stage, FIRST_ROW + fault.number, "", fault.cause.value)
        if fault.kind == "missing":
            gone.add(position)
        elif fault.kind == "duplicate":
            order.append((position + 0.5, row))
        elif fault.kind == "extra":
            key = f"{extra}{fault.number:06d}"
            order.append((position + 0.5, row.with_columns(pl.lit(key).alias(names["code"]))))
            whole = (fault.stage, NO_ROW, masked(key, personal=False), fault.cause.value)
        else:
            hurt, fields = _hurt(row, fault, names)
            gone.add(position)
            order.append((float(position), hurt))
            expected[fault] = frozenset((*whole[:2], field, whole[3]) for field in fields)
            continue
        expected[fault] = frozenset({whole})
    marked = rows.with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias("#at"))
    marked = marked.filter(~pl.col("#at").is_in(sorted(map(float, gone))))
    added = [row.with_columns(pl.lit(place).alias("#at")) for place, row in order]
    return Planted(pl.concat([marked, *added]).sort("#at").drop("#at"), expected)


def _hurt(row: pl.DataFrame, fault: Fault, names: Mapping[str, str]) -> tuple[pl.DataFrame, Sequence[str]]:
    values = {field: row.get_column(column)[0] for field, column in names.items()}
    before = dict(values)
    hurt, _ = CELLS[fault.kind]
    fields = hurt(values, fault.chance())
    assert fields, f"{fault} hurts nothing"
    assert all(values[field] != before[field] for field in fields)
    changed = [pl.Series(names[field], [values[field]], row.schema[names[field]]) for field in fields]
    return row.with_columns(changed), fields


def in_source(rows: pl.DataFrame, faults: Sequence[Fault]) -> Planted:
    """Damage of the source, after it was read. Differences there are told by column, so by the source's names."""
    planted = plant(rows, {fault.number: fault for fault in faults}, COLUMNS)
    code = planted.rows.get_column(COLUMNS["code"]).to_list()
    place = {key: FIRST_ROW + at for at, key in enumerate(code)}
    expected = {}
    for fault, findings in planted.expected.items():
        named = {(s, row, COLUMNS.get(field, ""), cause) for s, row, field, cause in findings}
        if fault.kind == "extra":
            named = {(fault.stage, place[f"X{fault.number:06d}"], "", fault.cause.value)}
        expected[fault] = frozenset(named)
    return Planted(planted.rows, expected)


def in_records(rows: pl.DataFrame, faults: Sequence[Fault], last_row: int) -> Planted:
    """Damage of mapped records on their way into the plan; the record that nobody wanted comes from no source row."""
    position = {row - FIRST_ROW: at for at, row in enumerate(rows.get_column(ROW).to_list())}
    here = {position[fault.number]: fault for fault in faults if fault.number in position}
    planted = plant(rows, here, {name: name for name in FIELDS}, "Y")
    nowhere = last_row + 1 + pl.col("code").str.slice(1).cast(pl.Int64, strict=False)
    made = pl.when(pl.col("code").str.starts_with("Y")).then(nowhere).otherwise(pl.col(ROW))
    expected = {
        fault: frozenset({(fault.stage, last_row + 1 + fault.number, "", fault.cause.value)})
        if fault.kind == "extra"
        else findings
        for fault, findings in planted.expected.items()
    }
    return Planted(planted.rows.with_columns(made.alias(ROW)), expected)


def in_target(rows: pl.DataFrame, faults: Sequence[Fault]) -> Planted:
    """Damage of what the target holds, after it was written. Its records may stand in any order."""
    position = {code: at for at, code in enumerate(rows.get_column("code").to_list())}
    at = {position[f"W{fault.number + 1:06d}"]: fault for fault in faults}
    return plant(rows, at, {name: name for name in FIELDS}, "Z")
