"""Reading records back by their keys."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from baton.contracts import Collection, RecordTarget


def fetched(target: RecordTarget, collection: Collection, keys: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The records of a target with these keys, with exactly these columns (key fields among them where named)."""
    fields = [name for name in names if name not in keys.columns]
    return target.fetch(collection, keys, fields).select(names)
