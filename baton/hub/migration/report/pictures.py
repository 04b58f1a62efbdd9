"""Figures turned into shapes: bars for shares, a band that narrows from stage to stage. Coordinates only, no markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NONE: Final = "—"
_STEP: Final = 100
_MIDDLE: Final = 32
_HALF: Final = 30
_THINNEST: Final = 0.6
_EDGE: Final = 34
_LEAST_STEP: Final = 1.5
"""So much narrower the band gets on either side where records stayed behind, however few."""
_LEAST_SEEN: Final = 1.0
"""So much of a bar (in hundredths of it) is kept for what is not alike, however little it is; and for what is."""


@dataclass(frozen=True, slots=True)
class Share:
    """One bar: how many of how many."""

    part: int
    whole: int

    @property
    def text(self) -> str:
        """The share in per cent, never rounded up: only all of them are 100 %."""
        if not self.whole:
            return NONE
        hundredths = self.part * 10_000 // self.whole
        if self.part and not hundredths:
            return "< 0.01 %"
        return f"{hundredths // 100} %" if not hundredths % 100 else f"{hundredths // 100}.{hundredths % 100:02d} %"

    @property
    def width(self) -> str:
        """The length of the bar, of 100."""
        if self.part >= self.whole or not self.part:
            return "100" if self.part and self.whole else "0"
        return f"{min(max(100 * self.part / self.whole, _LEAST_SEEN), 100 - _LEAST_SEEN):.2f}"


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the way: how many records came so far, and what became of the others."""

    name: str
    count: int
    lost: tuple[tuple[str, int], ...] = ()
    share: Share | None = None
    """Of the stage before."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """All stages, and the band that shows them."""

    steps: tuple[Step, ...]

    @property
    def width(self) -> int:
        """Width of the picture; it is `height` high."""
        return _STEP * len(self.steps)

    @property
    def height(self) -> int:
        """Height of the picture."""
        return 2 * _MIDDLE

    @property
    def band(self) -> str:
        """The outline as an SVG path: along the upper edge to the right, along the lower one back."""
        widest = max((step.count for step in self.steps), default=0) or 1
        halves: list[float] = []
        for step in self.steps:
            half = _HALF * step.count / widest
            if halves:  # it never widens
                half = min(half, halves[-1] - (_LEAST_STEP if step.lost else 0))
            halves.append(max(half, _THINNEST))
        upper = _edge([(at * _STEP, _MIDDLE - half) for at, half in enumerate(halves)])
        lower = _edge([(at * _STEP, _MIDDLE + half) for at, half in enumerate(halves)])
        back = [lower[0][::-1], *(part[::-1] for part in lower[1:])][::-1]
        drawn = [_draw(part) for part in upper] + [_draw(part) for part in back]
        return f"M{upper[0][0][0]:g} {upper[0][0][1]:.2f} " + " ".join(drawn) + " Z"


_Point = tuple[float, float]


def _edge(corners: list[_Point]) -> list[list[_Point]]:
    """Level across each stage, and in a gentle curve between two: lists of two points (a line) or four (a curve)."""
    parts: list[list[_Point]] = []
    for at, (x, y) in enumerate(corners):
        if at:
            left, start = corners[at - 1][1], x - _STEP + _STEP - _EDGE / 2
            parts.append([(start, left), (x, left), (x, y), (x + _EDGE / 2, y)])
        begin = x if not at else x + _EDGE / 2
        end = x + _STEP if at == len(corners) - 1 else x + _STEP - _EDGE / 2
        parts.append([(begin, y), (end, y)])
    return parts


def _draw(part: list[_Point]) -> str:
    points = " ".join(f"{x:g} {y:.2f}" for x, y in part[1:])
    first = f"L{part[0][0]:g} {part[0][1]:.2f} "
    return first + ("L" if len(part) == 2 else "C") + points


def funnel(document: Mapping[str, Any]) -> Funnel:
    """The stages of a run, as far as it came."""
    counts = Counter(document["counts"])
    backwards = bool(document["run"]["undoes"])
    steps = [Step("touched", counts["insert"] + counts["update"])] if backwards else _planning(counts)
    if counts["compared"] or counts["refused"]:
        sent = steps[-1].count
        waiting = sent - counts["refused"] - counts["compared"]
        lost = _lost(refused=counts["refused"], unwritten=max(waiting, 0))
        name = "restored" if backwards else "compared"
        compared = Step(name, counts["compared"], lost, Share(counts["compared"], sent))
        alike = Share(counts["alike"], counts["compared"])
        steps += [compared, Step("alike", counts["alike"], _lost(different=counts["different"]), alike)]
    return Funnel(tuple(steps))


def _planning(counts: Counter[str]) -> list[Step]:
    read, outside, planned = counts["read"], counts["out_of_scope"], counts["planned"]
    steps = [Step("read", read)]
    if outside:
        steps.append(Step("in_scope", read - outside, _lost(out_of_scope=outside), Share(read - outside, read)))
    put_aside = _lost(quarantined=counts["quarantined"])
    return [*steps, Step("planned", planned, put_aside, Share(planned, steps[-1].count))]


def _lost(**counts: int) -> tuple[tuple[str, int], ...]:
    return tuple((name, count) for name, count in counts.items() if count)
