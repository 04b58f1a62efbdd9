"""Waves: one record first, then one in a hundred, then the rest; each proved before the next is sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DEPTHS_PER_WAVE: Final = 1000
"""Effects are ranked by wave, and within a wave by depth: parents before children."""


@dataclass(frozen=True, slots=True)
class WavePlan:
    """How many of the records that are written the waves before the last one take; the last takes the rest."""

    first: int = 1
    share: float = 0.01
    """Of all records that are written, for the second wave; 0 leaves it out."""

    def sizes(self, count: int) -> tuple[int, ...]:
        """The sizes of all waves for so many records; no wave is empty.

        >>> WavePlan().sizes(1000), WavePlan().sizes(1), WavePlan(first=0, share=0).sizes(50)
        ((1, 10, 989), (1,), (50,))
        """
        first = min(self.first, count)
        second = min(-int(-self.share * count // 1), count - first)
        return tuple(size for size in (first, second, count - first - second) if size)


def cut(lengths: Sequence[int], sizes: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Cut stretches of records, in the order in which they are to go, into waves of these sizes.

    Gives for each stretch its waves (from 1), each with how many of its records. The sizes add up to the lengths.

    >>> cut([3, 4, 2], [1, 4, 4])
    [[(1, 1), (2, 2)], [(2, 2), (3, 2)], [(3, 2)]]
    """
    left = deque(enumerate(sizes, start=1))
    found: list[list[tuple[int, int]]] = []
    for length in lengths:
        pieces: list[tuple[int, int]] = []
        while (missing := length - sum(rows for _, rows in pieces)) > 0:
            wave, room = left.popleft()
            taken = min(room, missing)
            pieces.append((wave, taken))
            if taken < room:
                left.appendleft((wave, room - taken))
        found.append(pieces)
    return found


def rank(wave: int, depth: int) -> int:
    """The rank of a segment's effect."""
    return wave * DEPTHS_PER_WAVE + depth


def wave_of(rank: int) -> int:
    """The wave a rank belongs to."""
    return rank // DEPTHS_PER_WAVE
