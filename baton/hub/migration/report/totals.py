"""Control totals side by side: one line per column, one cell per stage, and whether those agree that must."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ROWS: Final = "#"
"""The line that counts rows rather than values of a column."""
STAGES: Final = ("source", "quarantined", "planned", "expected", "result")


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one column (`ROWS`: of all rows) in every stage; None where a stage has none."""

    column: str
    figures: Mapping[str, Mapping[str, Any] | None]
    """Stage -> ``count``, and ``sum``, or ``first`` and ``last``, or ``withheld``."""
    checks: Mapping[str, bool | None]
    """Stage -> whether its figures are those they were held against; None where they were not held."""


def shown_stages(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The stages a report shows; what the target took only where that is not the whole plan."""
    stages = document["stages"]
    whole = stages.get("expected") == stages.get("planned")
    return tuple(name for name in STAGES if name in stages and not (name == "expected" and whole))


def total_lines(document: Mapping[str, Any]) -> list[Line]:
    """All lines, the number of rows first, then the columns as they are mapped."""
    return list(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[Line]:
    stages, names = document["stages"], shown_stages(document)
    if not names:
        return
    yield Line(ROWS, {name: {"count": stages[name]["rows"]} for name in names}, _checks(document, ROWS))
    for column in document["columns"]:
        figures = {name: stages[name]["columns"].get(column) for name in names}
        if any(figures.values()):
            yield Line(column, figures, _checks(document, column))


def _checks(document: Mapping[str, Any], column: str) -> dict[str, bool | None]:
    return {
        stage: column not in held["differing"] if column in held["held"] else None
        for stage, held in document["agreement"].items()
    }
