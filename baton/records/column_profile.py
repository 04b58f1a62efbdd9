"""What a profile says, as plain data: counts, kinds, patterns and rows, and no value of a sensitive column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from baton.records.column_kinds import Inferred
from baton.records.suspicions import PLACEHOLDERS, Doubt
from baton.records.words import Sensitive


@dataclass(frozen=True, slots=True)
class Frequency:
    """A pattern, a form or a value, and how many cells have it."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that may be wrong with a column's values."""

    doubt: Doubt
    count: int
    """How many cells (of `Doubt.VARIANTS`: how many spellings beyond the first of each value)."""
    rows: tuple[int, ...]
    """Up to five of their rows."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column."""

    name: str
    rows: int
    nulls: int
    empty: int
    """Texts without a character."""
    spaces: int
    """Texts of nothing but blanks."""
    type: Inferred
    type_share: float
    """The share of the values (0 to 1) that have the type."""
    places: int
    """Of decimals: the most digits behind the point."""
    date_forms: tuple[Frequency, ...]
    distinct: int
    distinct_exact: bool
    """False when ``distinct`` is an estimate from a sample (and ``unique`` what the sample shows)."""
    unique: bool
    """No blank and no repeat: it may be a key."""
    min_length: int
    max_length: int
    """In characters."""
    patterns: tuple[Frequency, ...]
    """The commonest patterns; with many different ones, about the commonest."""
    smallest: str | None
    largest: str | None
    """Of numbers and days; never of a sensitive column."""
    sensitive: Sensitive | None
    top: tuple[Frequency, ...]
    """Every value, where there are few of them and the column is not sensitive."""
    suspicions: tuple[Suspicion, ...]
    digits: tuple[tuple[int, int], ...] = ()
    """Of values that are digits only: lengths, and how many values have each."""
    sketch: tuple[int, ...] = ()
    """Hashes of some values, to compare columns with in this process. Never part of the document."""

    @property
    def blanks(self) -> int:
        """Cells without anything to see."""
        return self.nulls + self.empty + self.spaces

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Words of a column with few values that stand for "no value"."""
        words = (value.what.strip() for value in self.top)
        return tuple(dict.fromkeys(word for word in words if word.lower() in PLACEHOLDERS))

    @property
    def date_like(self) -> bool:
        """True when some values at least have the form of a day."""
        return any("9{4}" in pattern.what and "9" in pattern.what[4:] for pattern in self.patterns)

    @property
    def number_like(self) -> bool:
        """True when some values at least hold digits."""
        return any("9" in pattern.what for pattern in self.patterns)

    def doubts(self, doubt: Doubt) -> int:
        """How many values a suspicion speaks of."""
        return next((found.count for found in self.suspicions if found.doubt is doubt), 0)

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        document = asdict(self)
        for name in ("sketch", "digits"):
            del document[name]
        return document | {"blanks": self.blanks}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Rows that cannot be read, all for one reason."""

    count: int
    rows: tuple[int, ...]
    """The first of them, as a spreadsheet numbers them."""


@dataclass(frozen=True, slots=True)
class Profile:
    """All columns of one collection."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    keys: tuple[tuple[str, ...], ...]
    """Columns, alone or in pairs, that name each record: the likeliest first."""
    unreadable: Mapping[str, Unreadable] = field(default_factory=dict)
    """Rule -> the rows that it put aside before there was a record to look at. They are not in ``rows``."""

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "columns": [column.to_document() for column in self.columns.values()],
            "keys": [list(key) for key in self.keys],
            "unreadable": {
                rule: {"count": found.count, "rows": list(found.rows)} for rule, found in self.unreadable.items()
            },
        }
