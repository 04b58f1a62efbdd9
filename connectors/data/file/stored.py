"""A collection as a file holds it: its records block by block, and how a new content is written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import polars as pl

from baton.sdk import Receipt


class Stored(ABC):
    """The records of one collection as text: null where there is no value, '' only where the file can tell it."""

    headers: Sequence[str]

    @abstractmethod
    def blocks(self) -> Iterator[pl.DataFrame]:
        """All records in order. Raises `HaltError` when there are any that cannot be read (nor kept, then)."""

    @abstractmethod
    def write(self, frames: Iterator[pl.DataFrame], file: BinaryIO) -> None:
        """A whole new file with the records of these frames."""

    @abstractmethod
    def unwritable(self, rows: pl.DataFrame) -> Mapping[int, Receipt]:
        """Which of these records (whole ones, as text) would not read back as they are, by position, and why."""
