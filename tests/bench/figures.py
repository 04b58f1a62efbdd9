"""A figure is a ratio: what something costs against a named baseline, both from this run on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What a line says of a bar."""

    MET = "met"
    MISSED = "MISSED"
    NOT_MEASURED = "NOT MEASURED"
    NO_BAR = ""


class Line(Protocol):
    """One line of the report."""

    @property
    def verdict(self) -> Verdict:
        """Whether it reaches what was promised."""
        ...

    def line(self) -> str:
        """As it is printed."""
        ...


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    what: str
    seconds: float
    baseline: str
    baseline_s: float
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict.NO_BAR

    @property
    def ratio(self) -> float:
        return self.seconds / self.baseline_s

    def line(self) -> str:
        return (
            f"{self.ratio:8.2f} x  {self.what}: {self.seconds:.2f} s, against {self.baseline}: {self.baseline_s:.3f} s"
            + (f" ({self.note})" if self.note else "")
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """What a piece of work has taken. CPU time (of this process) is what other work on the machine disturbs least."""

    wall_s: float
    cpu_s: float

    @classmethod
    def by(cls, work: Callable[[], object]) -> Taken:
        """Of one call."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        work()
        return cls(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(work: Callable[[], object], times: int = 3) -> float:
    """The median of several calls."""
    return statistics.median(timed(work) for _ in range(times))
