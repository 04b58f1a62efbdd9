"""The lines of a source as they stood when it was read last: enough to know them again, not to know what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from baton.model.source_rows import Origin, RejectedRow

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class LineMarker:
    """Marks lines by two 64-bit hashes under two secret seeds, so that equal marks mean equal lines.

    Fast and columnar, not cryptographic: whoever writes the source gains nothing by two lines with one mark (they could
    leave out the change), and the marks themselves are only kept sealed, together with their seeds.
    """

    first: int = field(repr=False)
    second: int = field(repr=False)

    def of(self, lines: pl.Series) -> pl.DataFrame:
        """Columns ``first`` and ``second`` (UInt64), one row a line."""
        import polars as pl  # half a second that most commands can do without

        return pl.DataFrame({"first": lines.hash(self.first), "second": lines.hash(self.second)})


@dataclass(frozen=True, slots=True)
class LinesBefore:
    """What a source needs to leave out the lines that stand as they stood."""

    marker: LineMarker
    context: str
    """What the source said of how it read them; under another context no line is the same."""
    marks: pl.DataFrame
    """As `LineMarker.of` gives them."""


@dataclass(frozen=True, slots=True)
class OtherLines:
    """A whole reading of a source but for the lines that stand as they stood."""

    origin: Origin
    context: str
    rows: pl.DataFrame
    """The other records: text columns only, null = no value."""
    row_numbers: pl.Series
    """The row of each of them."""
    marks: pl.DataFrame
    """The marks of each of them."""
    rejected: Sequence[RejectedRow]
    standing: pl.Series
    """Places in `LinesBefore.marks` of the lines that stand there again, each of them once."""
