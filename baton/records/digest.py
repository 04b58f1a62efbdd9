"""One digest per record, over a canonical form in which no two different records look alike, and a tree over them.

The canonical form of a row is a salt with the names and types of the columns, then every value: text as it is, whole
numbers and decimals with all their places, days as ISO 8601, moments as microseconds since 1970 in UTC, no value as a
mark that no text can be. Values are set apart by a separator; a row in which a value holds the separator or the mark
itself is written with lengths instead, so that ``a`` + ``bc`` never meets ``ab`` + ``c``. Nothing is trimmed or
normalised: two forms of one name differ (`baton.records.compare` says that it is only the form).

The tree is wide: a node is the SHA-256 of up to 256 digests below it, so that a million rows need four thousand nodes,
and a difference is found by comparing roots, then nodes, then rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import polars as pl
import polars_hash

from baton.model.account import FieldSpec, FieldType

DIGEST_BYTES: Final = 32
FAN_OUT: Final = 256
EMPTY_ROOT: Final = hashlib.sha256(b"\x02" + (0).to_bytes(8, "big")).digest()

_SEPARATOR: Final = "\x1f"
_NO_VALUE: Final = "\x1e"
_WITH_LENGTHS: Final = "\x1c"
_PART_ROWS: Final = 4_096
"""Fewer rows than this are not worth another core."""


class Digester:
    """Digests rows of one shape: these columns, in this order, in these types."""

    def __init__(self, fields: Mapping[str, FieldSpec], salt: bytes) -> None:
        """``salt`` is secret to one run: a digest then tells nothing to someone who guesses at what a row holds."""
        self.names = tuple(fields)
        shape = "\n".join(f"{name!r}:{_kind(spec)}" for name, spec in fields.items())
        self._prefix = hashlib.sha256(salt + shape.encode()).hexdigest()

    def rows(self, frame: pl.DataFrame) -> pl.Series:
        """One digest (32 bytes) per row of a frame that has these columns; large frames on every core."""
        parts = max(1, min(pl.thread_pool_size(), frame.height // _PART_ROWS))
        size = max(1, -(-frame.height // parts))
        slices = [frame.slice(start, size) for start in range(0, frame.height, size)] or [frame]
        plain = pl.collect_all([self._plain(part) for part in slices])
        digests = [
            found.get_column("digest") if self._all_plain(found) else self._rows_with_lengths(part)
            for part, found in zip(slices, plain, strict=True)
        ]
        return pl.concat(digests)

    def _plain(self, frame: pl.DataFrame) -> pl.LazyFrame:
        """The digests of the short forms, and what tells whether a short form will do (`_all_plain`)."""
        form = pl.col("form").str
        nulls = pl.sum_horizontal(pl.col(name).null_count() for name in self._columns) if self.names else pl.lit(0)
        return (
            frame.lazy()
            .select(self._texts(frame))
            .with_columns(self._short())
            .select(
                _hashed(),
                form.count_matches(_SEPARATOR, literal=True).sum().alias("separators"),
                form.count_matches(_NO_VALUE, literal=True).sum().alias("marks"),
                nulls.alias("nulls"),
            )
        )

    def _all_plain(self, found: pl.DataFrame) -> bool:
        """Whether every separator and every mark in the forms is one that we put there."""
        if found.is_empty():
            return True
        separators, marks, nulls = (found.item(0, name) for name in ("separators", "marks", "nulls"))
        return bool(separators == len(self.names) * found.height and marks == nulls)

    def _rows_with_lengths(self, frame: pl.DataFrame) -> pl.Series:
        texts = frame.select(self._texts(frame))
        work = texts.with_columns(self._short()).with_columns(self._mixed(texts))
        return work.select(_hashed()).get_column("digest")

    @property
    def _columns(self) -> list[str]:
        return [f"c{place}" for place in range(len(self.names))]

    def _texts(self, frame: pl.DataFrame) -> list[pl.Expr]:
        return [_as_text(frame, name).alias(column) for name, column in zip(self.names, self._columns, strict=True)]

    def _short(self) -> pl.Expr:
        values = pl.col(self._columns).fill_null(_NO_VALUE)
        return pl.concat_str(pl.lit(self._prefix), values, separator=_SEPARATOR).alias("form")

    def _mixed(self, texts: pl.DataFrame) -> pl.Expr:
        """The form of every row where some need lengths: each row's form depends on that row alone."""
        form = pl.col("form").str
        nulls = pl.sum_horizontal(pl.col(name).is_null().cast(pl.UInt32) for name in texts.columns)
        plain = (form.count_matches(_SEPARATOR, literal=True) == len(self.names)) & (
            form.count_matches(_NO_VALUE, literal=True) == nulls
        )
        parts = [
            pl.when(pl.col(name).is_null())
            .then(pl.lit("n"))
            .otherwise(pl.concat_str(pl.col(name).str.len_bytes().cast(pl.String), pl.lit(":"), pl.col(name)))
            for name in texts.columns
        ]
        return (
            pl.when(plain).then(pl.col("form")).otherwise(pl.concat_str(pl.lit(self._prefix + _WITH_LENGTHS), *parts))
        )


def _hashed() -> pl.Expr:
    return polars_hash.col("form").chash.sha2_256().str.decode("hex").alias("digest")


def _kind(spec: FieldSpec) -> str:
    return f"decimal({spec.places})" if spec.type is FieldType.DECIMAL else spec.type.value


def _as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name)
    if frame.schema[name] == pl.String:
        return column
    if isinstance(frame.schema[name], pl.Datetime):
        return column.dt.epoch("us").cast(pl.String)
    return column.cast(pl.String)


def tree_root(digests: pl.Series | Sequence[bytes]) -> bytes:
    """The root over row digests, in order; rows that are missing (null) are left out."""
    level = [digest for digest in digests if digest is not None]
    count = len(level)
    while len(level) > 1:
        level = [hashlib.sha256(b"\x01" + b"".join(group)).digest() for group in _groups(level)]
    return hashlib.sha256(b"\x02" + count.to_bytes(8, "big") + b"".join(level)).digest()


def root_of_roots(roots: Iterable[bytes]) -> bytes:
    """The root over the roots of segments, in order."""
    return hashlib.sha256(b"\x03" + b"".join(roots)).digest()


def _groups(level: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (level[start : start + FAN_OUT] for start in range(0, len(level), FAN_OUT))
