"""Reading records back by their keys, and laying them beside those they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from baton.contracts import Collection, RecordTarget

THERE: Final = "#there"
"""Whether a record was found."""


def fetched(target: RecordTarget, collection: Collection, keys: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The records of a target with these keys, with exactly these columns (key fields among them where named)."""
    fields = [name for name in names if name not in keys.columns]
    return target.fetch(collection, keys, fields).select(names)


def fetched_once(
    target: RecordTarget, collection: Collection, keys: pl.DataFrame, names: Sequence[str]
) -> pl.DataFrame:
    """The same; of several records with one key (which no system should have) the first."""
    found = fetched(target, collection, keys, names)
    return found.unique(subset=keys.columns, keep="first", maintain_order=True) if _repeats(found, keys) else found


def _repeats(found: pl.DataFrame, keys: pl.DataFrame) -> bool:
    return bool(found.select(keys.columns).is_duplicated().any())


def beside(keys: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """What was found (at most one record of each key), in the order of the keys, with `THERE`; else nulls."""
    marked = found.with_columns(pl.lit(value=True).alias(THERE))
    aligned = keys.join(marked, on=keys.columns, how="left", maintain_order="left")
    return aligned.with_columns(pl.col(THERE).fill_null(value=False))
