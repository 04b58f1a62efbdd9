"""The kept outcome of a segment: which of its records were not simply written, and why."""

from __future__ import annotations

from typing import Final

import polars as pl

from baton.jobs.migration.exchange import FOUND
from baton.model.account import Outcome

OUTCOME_SCHEMA: Final = {"row": pl.Int64(), **dict.fromkeys(("outcome", "code", "message", "remedy"), pl.String())}
"""What became of a record that was not simply written."""
_NOT_THERE: Final = (Outcome.REFUSED.value, Outcome.NOT_PERFORMED.value, Outcome.IN_DOUBT.value)


def refused_rows(outcome: pl.DataFrame | None) -> pl.Series:
    """The rows that were not written, by the outcome of their segment (`OUTCOME_SCHEMA`; None: nothing is known)."""
    if outcome is None:
        return pl.Series([], dtype=pl.Int64)
    return outcome.filter(pl.col("outcome").is_in(_NOT_THERE)).get_column("row")


def found_rows(outcome: pl.DataFrame | None) -> pl.Series:
    """The rows whose records others had brought into the planned state (an outcome as there): there, and not ours."""
    if outcome is None:
        return pl.Series([], dtype=pl.Int64)
    return outcome.filter(pl.col("outcome") == FOUND.code).get_column("row")
