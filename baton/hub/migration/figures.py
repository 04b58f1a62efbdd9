"""Control totals as a report may show them: which of them agree, and none that is one person's figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from baton.jobs.migration.source_totals import agree
from baton.model.account import FieldSpec
from baton.records.totals import ColumnTotal, Totals

FEWEST: Final = 5
"""The sum and the range of a personal column are shown from so many values on: of fewer, they tell who earns what."""


_SHOWN_FIRST: Final = ("planned", "source", "expected", "result", "quarantined")
"""Where two stages cannot both be shown, the one that comes first here is."""


def shown_stages(stages: Mapping[str, Totals], fields: Mapping[str, FieldSpec]) -> dict[str, dict[str, Any]]:
    """The `shown_totals` of all stages of one report, each held against those that are shown before it."""
    shown: list[Totals] = []
    documents: dict[str, dict[str, Any]] = {}
    for name in sorted(stages, key=_SHOWN_FIRST.index):
        totals, document = stages[name], shown_totals(stages[name], fields, shown)
        documents[name] = document
        clear = {each: part for each, part in totals.columns.items() if "withheld" not in document["columns"][each]}
        shown.append(Totals(totals.rows, clear))
    return {name: documents[name] for name in stages}


def shown_totals(totals: Totals, fields: Mapping[str, FieldSpec], beside: Sequence[Totals] = ()) -> dict[str, Any]:
    """`Totals.to_document`, with ``withheld`` in place of a personal column's sum or range over too few values.

    So is one that differs by a few values from the same column in one of ``beside``, which are shown too: the
    difference would be what those few have. Where both have as many values, one of them may be another.
    """
    document = totals.to_document()
    for name, part in totals.columns.items():
        if not _has_figures(part) or name not in fields or not fields[name].personal:
            continue
        others = [each.columns[name] for each in beside if name in each.columns]
        if part.count < FEWEST or any(_nearly(part, other) for other in others):
            document["columns"][name] = {"count": part.count, "withheld": True}
    return document


def _nearly(part: ColumnTotal, other: ColumnTotal) -> bool:
    """Whether two figures of one column differ, and by fewer values than `FEWEST`."""
    apart = abs(part.count - other.count)
    return 0 < apart < FEWEST or (apart == 0 and _unlike(part, other))


def _unlike(part: ColumnTotal, other: ColumnTotal) -> bool:
    """Whether a figure that both have is not the same: a source's column has no first and last."""
    pairs = [(part.total, other.total), (part.first, other.first), (part.last, other.last)]
    return any(one != another for one, another in pairs if one is not None and another is not None)


def _has_figures(part: ColumnTotal) -> bool:
    return part.total is not None or part.first is not None


def agreement(stages: Mapping[str, Totals]) -> dict[str, dict[str, Any]]:
    """Per later stage: against which one its figures were held, in which fields, and where they are not the same.

    ``#`` stands for the number of rows. What was read back is held against what the target took (``expected``), which
    is the plan less what was refused.
    """
    found: dict[str, dict[str, Any]] = {}
    if "source" in stages and "planned" in stages:
        source, planned = stages["source"], stages["planned"]
        differing = agree(source, planned)
        if source.rows != planned.rows:
            differing.insert(0, "#")
        found["planned"] = {"against": "source", "held": ["#", *sorted(source.columns)], "differing": differing}
    if "expected" in stages and "result" in stages:
        expected = stages["expected"]
        differing = expected.differing(stages["result"])
        found["result"] = {"against": "expected", "held": ["#", *sorted(expected.columns)], "differing": differing}
    return found


def column_figures(fields: Mapping[str, FieldSpec], compared: int, unlike: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Per field how many records were compared, how many are alike in it, and how many of its cells differ.

    ``unlike`` (``row column``) holds every difference; one without a column is a whole record and counts in each field.
    """
    whole = unlike.filter(pl.col("column") == "").select("row").unique()
    cells = unlike.filter(pl.col("column") != "")
    differing = dict(cells.group_by("column").agg(pl.col("row").n_unique()).rows())
    apart = cells.join(whole, on="row", how="anti").group_by("column").agg(pl.col("row").n_unique())
    alone = dict(apart.rows())
    return {
        name: {
            "type": spec.type.value,
            "personal": spec.personal,
            "compared": compared if spec.readable else 0,
            "alike": max(0, compared - whole.height - alone.get(name, 0)) if spec.readable else 0,
            "different": differing.get(name, 0),
        }
        for name, spec in fields.items()
    }
