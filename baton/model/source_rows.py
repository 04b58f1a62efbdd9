"""Rows as a source gives them: pages of them, where they came from, and those that could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A source row that could not be read, with the place and the rule; its content is never repeated."""

    row: int
    rule: str
    message: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feed came from and in which shape, for guards and evidence."""

    name: str
    digest: str
    """SHA-256 (hex) of the feed's bytes, or of its canonical rows where there is no file."""
    as_of: datetime
    """When the source produced it (UTC)."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """Encoding, delimiter, sheet, header row …"""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """Some source records. ``rows`` has text columns only (null = no value); ``first_row`` places the first."""

    rows: pl.DataFrame
    first_row: int = 1
    rejected: Sequence[RejectedRow] = ()
    cursor: str | None = None
    """Where to go on from after this page has been stored; None on the last page."""
