"""A bar: a figure that must not be under, or over, what was promised. Ratios only; seconds stand in the note."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.figures import Verdict
from tests.bench.migration.measure import Measured


@dataclass(frozen=True, slots=True)
class AtLeast:
    """More is better: must reach ``bar``."""

    value: float
    bar: float
    unit: str
    what: str
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict.MET if self.value >= self.bar else Verdict.MISSED

    def line(self) -> str:
        return _line(self, f"at least {self.bar:.3g}")


@dataclass(frozen=True, slots=True)
class AtMost:
    """Less is better: must not pass ``bar``."""

    value: float
    bar: float
    unit: str
    what: str
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict.MET if self.value <= self.bar else Verdict.MISSED

    def line(self) -> str:
        return _line(self, f"at most {self.bar:.3g}")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A figure that could not be taken, so that nobody takes silence for success."""

    what: str
    why: str

    @property
    def verdict(self) -> Verdict:
        return Verdict.NOT_MEASURED

    def line(self) -> str:
        return f"{self.verdict:<6}  {self.what}: {self.why}"


def _line(bar: AtLeast | AtMost, limit: str) -> str:
    told = f"{bar.verdict:<6}  {bar.value:.3g} {bar.unit} (the bar: {limit}): {bar.what}"
    return f"{told}\n        {bar.note}" if bar.note else told


def faster(ours: Measured, peer: Measured, name: str, bar: float, what: str) -> AtLeast:
    """How many times the peer's time is ours."""
    ratio = peer.wall_s / ours.wall_s
    return AtLeast(ratio, bar, f"times as fast as {name}", what, versus(ours, name, peer))


def slower(ours: Measured, peer: Measured, name: str, bar: float, what: str) -> AtMost:
    """How many times our time is the peer's."""
    ratio = ours.wall_s / peer.wall_s
    return AtMost(ratio, bar, f"times the time of {name}", what, versus(ours, name, peer))


def versus(ours: Measured, name: str, peer: Measured) -> str:
    """Both in full, and the ratio by CPU time, which other work on the machine disturbs less."""
    return f"Baton {ours}; {name} {peer}; by CPU time 1 : {peer.all_cpu_s / ours.all_cpu_s:.2f}"
