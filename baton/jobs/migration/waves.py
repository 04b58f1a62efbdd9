"""Waves: one record first, then one in a hundred, then the rest; each proved before the next is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

DEPTHS_PER_WAVE: Final = 1000
"""Effects are ranked by wave, and within a wave by depth: parents before children."""


@dataclass(frozen=True, slots=True)
class WavePlan:
    """How many records the waves before the last one take; the last takes the rest."""

    first: int = 1
    share: float = 0.01
    """Of all records, for the second wave; 0 leaves it out."""

    def sizes(self, count: int) -> tuple[int, ...]:
        """The sizes of all waves for so many records; no wave is empty.

        >>> WavePlan().sizes(1000), WavePlan().sizes(1), WavePlan(first=0, share=0).sizes(50)
        ((1, 10, 989), (1,), (50,))
        """
        first = min(self.first, count)
        second = min(-int(-self.share * count // 1), count - first)
        return tuple(size for size in (first, second, count - first - second) if size)


@dataclass
class WaveCutter:
    """Gives every record its wave, page by page; parents never in a later one than their children."""

    sizes: tuple[int, ...]
    per_depth: tuple[int, ...]
    _taken: dict[int, int] = field(default_factory=dict)

    def waves(self, depths: pl.Series) -> pl.Series:
        """The wave (from 1) of each record of a page."""
        places = pl.Series([0], dtype=pl.Int64).new_from_index(0, depths.len())
        for depth in depths.unique().to_list():
            here = depths == depth
            start = sum(self.per_depth[:depth]) + self._taken.get(depth, 0)
            running = here.cast(pl.Int64).cum_sum() - 1 + start
            places = pl.select(pl.when(here).then(running).otherwise(places)).to_series()
            self._taken[depth] = self._taken.get(depth, 0) + int(here.sum())
        wave = pl.Series([1], dtype=pl.Int32).new_from_index(0, depths.len())
        edge = 0
        for size in self.sizes[:-1]:
            edge += size
            wave = wave + (places >= edge).cast(pl.Int32)
        return wave


def rank(wave: int, depth: int) -> int:
    """The rank of a segment's effect."""
    return wave * DEPTHS_PER_WAVE + depth


def wave_of(rank: int) -> int:
    """The wave a rank belongs to."""
    return rank // DEPTHS_PER_WAVE
