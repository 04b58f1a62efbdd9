"""Declared cleaning of source rows: repairs that are counted, checks that put a row aside or refuse everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from baton.errors import FeedRefusedError, GuardBreach
from baton.jobs.migration.cells import CELL_SCHEMA, cells_at
from baton.mapping.schema import CleaningRule, Unfit
from baton.mapping.steps import Step


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Rows after cleaning, as many as before."""

    rows: pl.DataFrame
    fixed: Mapping[str, int]
    """Column -> how many of its cells were changed."""
    fixed_in: pl.Series
    """Per row: the columns that were changed, joined by commas; null where none was."""
    unfit: pl.DataFrame
    """The cells that no repair makes usable (`CELL_SCHEMA`)."""


def clean(rows: pl.DataFrame, numbers: pl.Series, rules: Sequence[CleaningRule]) -> Cleaned:
    """Apply the rules in order. ``numbers`` are the rows' numbers in the source.

    Raises `FeedRefusedError` where a rule says that one such row refuses the whole source.
    """
    unfit = [pl.DataFrame(schema=CELL_SCHEMA)]
    changed: dict[str, pl.Series] = {}
    for rule in rules:
        before = rows.get_column(rule.column)
        after, bad = _through(before, rule.fix)
        bad |= _through(after, rule.check)[1]
        after = pl.select(pl.when(bad).then(before).otherwise(after)).to_series()
        different = before.ne_missing(after)
        changed[rule.column] = changed[rule.column] | different if rule.column in changed else different
        rows = rows.with_columns(after.alias(rule.column))
        unfit.append(_unfit(rule, numbers.filter(bad)))
    fixed = {column: int(mask.sum()) for column, mask in changed.items() if mask.any()}
    return Cleaned(rows, fixed, _fixed_in(changed, rows.height), pl.concat(unfit))


def _through(column: pl.Series, steps: Sequence[Step]) -> tuple[pl.Series, pl.Series]:
    """The column after all steps, and which cells one of them refused. Blanks that are trimmed away are no refusal."""
    refused = pl.Series([False]).new_from_index(0, column.len())
    frame = pl.DataFrame({"cell": column})
    for step in steps:
        cell = pl.col("cell")
        if frame.schema["cell"] == pl.String:
            cell = pl.when(cell != "").then(cell)
        given = frame.select(cell).to_series()
        frame = frame.select(step.on(cell).alias("cell"))
        if step.transform.refuses:
            refused |= given.is_not_null() & frame.to_series().is_null()
    return frame.to_series(), refused


def _unfit(rule: CleaningRule, rows: pl.Series) -> pl.DataFrame:
    steps = rule.check or rule.fix
    reason = next((step.transform.refuses for step in reversed(steps) if step.transform.refuses), "")
    message = f"the value {reason}" if reason else f"the value does not pass {', '.join(step.text for step in steps)}"
    if rule.otherwise is Unfit.REFUSE and rows.len():
        first = f"{rows.len()} rows break the rule on {rule.column!r}, the first of them row {rows[0]}: {message}"
        refusal = FeedRefusedError([GuardBreach("cleaning", first)], feed_digest="")
        refusal.remedy = "have the source corrected, or let the rule put such rows into quarantine"
        raise refusal
    return cells_at(rows, rule.column, "cleaning", message)


def _fixed_in(changed: Mapping[str, pl.Series], height: int) -> pl.Series:
    touched = {column: mask for column, mask in changed.items() if mask.any()}
    if not touched:
        return pl.Series([None], dtype=pl.String).new_from_index(0, height)
    marks = [pl.when(mask).then(pl.lit(column)) for column, mask in touched.items()]
    joined = pl.select(pl.concat_str(marks, separator=",", ignore_nulls=True)).to_series()
    return pl.select(pl.when(joined != "").then(joined)).to_series()
