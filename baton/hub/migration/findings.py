"""What a migration knows about itself, for people and machines: figures, differences, rejects, one record's path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from baton.errors import ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.migration.figures import agreement, column_figures, shown_stages
from baton.hub.migration.left_over import LeftOver
from baton.hub.migration.planning import JOB, MigrationPlan
from baton.hub.migration.proving import proven_so_far
from baton.hub.migration.running import find_move
from baton.jobs.migration.cells import CELL_SCHEMA, UnfitCell, cell_frame
from baton.jobs.migration.planning import ACTION, DIGEST
from baton.jobs.migration.proof import DIFFERENCE_SCHEMA, RESULT
from baton.jobs.migration.transform import FIXED, NAMES_APART, ROW, SOURCE_DIGEST
from baton.jobs.migration.waves import wave_of
from baton.records.compare import Cause
from baton.records.totals import Totals
from baton.store.moves import Move
from baton.store.runs import Run
from baton.store.staging import Stage
from baton.store.tables import effects

REPORT_VERSION: Final = 1
"""Of the report's data; a change that a reader must know of raises it."""
DRY_RUN: Final = "dry run"
_TIMINGS: Final = ("planned_in_s", "sent_in_s", "proven_in_s")
_EARLIER: Final = "an earlier rollback had taken this record back: it was left as it is"
LISTED: Final = 1000
"""So many cells a report lists; all are counted, and `quarantine` and the log have them all."""


def quarantined(hub: Hub, run_id: str) -> pl.DataFrame:
    """Every cell that kept a row out (``row column rule message``), in order."""
    empty = pl.DataFrame(schema=CELL_SCHEMA)
    parts = [_stage(hub, run_id, stage, empty) for stage in (Stage.UNREADABLE, Stage.QUARANTINE)]
    return pl.concat(parts).sort("row", maintain_order=True)


def differences(hub: Hub, run_id: str) -> pl.DataFrame:
    """Every cell read back otherwise than planned (``row column cause expected found``), values masked."""
    return _stage(hub, run_id, Stage.DIFFERENCES, pl.DataFrame(schema=DIFFERENCE_SCHEMA)).sort(
        "row", maintain_order=True
    )


def refusals(hub: Hub, run_id: str) -> pl.DataFrame:
    """Every record that was not written (``row outcome code message remedy``), also those ``found`` as planned."""
    names = ("outcome", "code", "message", "remedy")
    empty = pl.DataFrame(schema={"row": pl.Int64(), **dict.fromkeys(names, pl.String())})
    return _stage(hub, run_id, Stage.OUTCOME, empty).sort("row", maintain_order=True)


def _stage(hub: Hub, run_id: str, stage: Stage, empty: pl.DataFrame) -> pl.DataFrame:
    with hub.database.read() as connection:
        records = hub.staging.of(connection, run_id, stage)
    return pl.concat([empty, *(hub.staging.read(record) for record in records.values())])


@dataclass(frozen=True, slots=True)
class RecordPath:
    """One record's way through a migration, step by step; digests in hex, no value in clear."""

    source_row: int
    source_digest: str
    fixed: str
    """Source columns that cleaning changed."""
    planned_digest: str
    action: str
    segment: int
    wave: int
    effect: str
    """Key of the effect that carried it; empty where nothing had to be written."""
    effect_state: str
    outcome: str
    message: str
    result_digest: str
    alike: bool | None
    """Whether it was read back as planned; None before that."""


def paths(hub: Hub, run_id: str, key: Mapping[str, str]) -> Iterator[RecordPath]:
    """The way of the record with this key (field -> value as text): once per segment that holds it."""
    _, move = find_move(hub, run_id)
    move.require_kept()
    unknown = sorted(set(key) - set(move.fields))
    if unknown:
        message = f"no field of this migration is named {', '.join(unknown)}; its key is {', '.join(move.key)}"
        raise ConfigurationError([Fault("--key", "unknown_field", message)])
    with hub.database.read() as connection:
        planned = hub.staging.of(connection, move.undoes or run_id, Stage.PLAN)
        earlier = LeftOver.to(hub, connection, move)
    wanted = [pl.col(name).cast(pl.String) == value for name, value in key.items()]
    for number, record in planned.items():
        found = hub.staging.read(record).filter(*wanted)
        left = earlier.rows(number) if found.height else None
        for row in found.to_dicts():
            path = _path(hub, move, number, wave_of(record.facts["rank"]), row)
            tried = left is None or row[ROW] in left
            yield path if tried else replace(path, effect="", effect_state="", outcome="", message=_EARLIER)


def _path(hub: Hub, move: Move, number: int, wave: int, row: Mapping[str, Any]) -> RecordPath:
    source_row = row[ROW]
    entity = f"{move.undoes or move.run_id}/{number:06d}"
    query = sa.select(effects.c.key, effects.c.state).where(effects.c.run_id == move.run_id, effects.c.number == entity)
    with hub.database.read() as connection:
        effect = connection.execute(query).first()
        outcome = hub.staging.one(connection, move.run_id, Stage.OUTCOME, number)
        result = hub.staging.one(connection, move.run_id, Stage.RESULT, number)
    said = [] if outcome is None else hub.staging.read(outcome).filter(pl.col("row") == source_row).to_dicts()
    read = [] if result is None else hub.staging.read(result).filter(pl.col(ROW) == source_row).to_dicts()
    digest = read[0][RESULT] if read else None
    return RecordPath(
        source_row=source_row,
        source_digest=row[SOURCE_DIGEST].hex(),
        fixed=(row[FIXED] or "").replace(NAMES_APART, ", "),
        planned_digest=row[DIGEST].hex(),
        action=row[ACTION],
        segment=number,
        wave=wave,
        effect=effect.key if effect else "",
        effect_state=effect.state if effect else "",
        outcome=said[0]["outcome"] if said else "done" if outcome is not None else "",
        message=said[0]["message"] if said else "",
        result_digest=digest.hex() if digest else "",
        alike=digest == row[DIGEST] if read and move.undoes is None else None,
    )


def report_document(hub: Hub, run_id: str) -> dict[str, Any]:
    """Everything a report shows, as plain data. Values are masked; control totals stand in clear (see `figures`).

    ``stages``: rows and control totals of source, quarantined, planned, expected (the plan less what was refused) and
    result, those of them that there are; ``agreement``: which of these were held against which. ``columns``: per field
    how many records were compared and how many are alike. ``differences``, ``quarantine``, ``refusals``: the first
    `LISTED` of each, and ``listed`` how many there are (``records``: in how many records the differences are).
    ``run.undone_by`` names the rollback that has taken the run back: all else is as it was before that.
    """
    run, move = find_move(hub, run_id)
    move.require_kept()
    with hub.database.read() as connection:
        undone_by = hub.moves.undone_by(connection, run_id)
    proven = proven_so_far(hub, run_id)
    counts = {**run.counts, **proven.counts} if proven.roots else run.counts
    unlike = differences(hub, run_id)
    stages = {name: Totals.from_document(totals) for name, totals in move.facts["totals"].items()}
    roots = dict(move.facts["roots"])
    if move.undoes:  # what was read and planned was so by the migration that it takes back
        stages = {}
        roots = {"result": roots["result"]} if run.settled_at else {}
    if proven.roots:
        stages |= {"expected": proven.expected, "result": proven.found}
    return {
        **_heading(run, move, kind="rollback" if move.undoes else JOB, verdict=run.verdict or "", undone_by=undone_by),
        "counts": dict(counts),
        **_figures(move, stages, counts.get("compared", 0), unlike),
        "roots": roots,
        **_listing(unlike, quarantined(hub, run_id), refusals(hub, run_id)),
    }


def plan_document(plan: MigrationPlan) -> dict[str, Any]:
    """The same for a dry run, of which nothing is stored: its verdict is ``dry run``, and nothing was compared yet.

    Of the quarantine it lists the first `FAULTS_KEPT`.
    """
    run, move = plan.run, plan.move
    stages = {name: Totals.from_document(totals) for name, totals in move.facts["totals"].items()}
    unlike = pl.DataFrame(schema=DIFFERENCE_SCHEMA)
    cells = [UnfitCell(int(each.place.rpartition(":")[2]), each.field, each.rule, each.message) for each in plan.faults]
    listing = _listing(unlike, cell_frame(cells), pl.DataFrame())
    listing["listed"]["quarantine"] = sum(move.facts["rules"].values())
    return {
        **_heading(run, move, kind=DRY_RUN, verdict=DRY_RUN, undone_by=""),
        "counts": dict(run.counts),
        **_figures(move, stages, 0, unlike),
        "roots": dict(move.facts["roots"]),
        **listing,
    }


def _heading(run: Run, move: Move, *, kind: str, verdict: str, undone_by: str) -> dict[str, Any]:
    return {
        "report": REPORT_VERSION,
        "run": {
            "id": run.id,
            "kind": kind,
            "state": run.state.value,
            "verdict": verdict,
            "requested_by": run.requested_by,
            "created_at": run.created_at,
            "settled_at": run.settled_at,
            "plan_hash": run.plan_hash,
            "reasons": list(run.reasons),
            "undoes": move.undoes or "",
            "undone_by": undone_by,
        },
        "route": {
            "source": move.source,
            "read": move.source_collection,
            "target": move.target,
            "collection": move.collection,
            "key": list(move.key),
            "mapping": move.mapping_file,
            "mapping_digest": move.mapping_digest,
            "origin": {**move.facts["detail"], **move.facts["origin"], "as_of": move.facts["as_of"]},
        },
        "retain_until": move.retain_until,
    }


def _figures(move: Move, stages: Mapping[str, Totals], compared: int, unlike: pl.DataFrame) -> dict[str, Any]:
    forwards = not move.undoes
    by_cause = unlike.group_by("cause").len().sort("cause").rows()
    return {
        "waves": list(move.waves),
        "stages": shown_stages(stages, move.fields),
        "agreement": agreement(stages),
        "timings_s": {name: move.facts[name] for name in _TIMINGS if name in move.facts},
        "cleaning": dict(move.facts["fixed"]) if forwards else {},
        "rules": dict(move.facts["rules"]) if forwards else {},
        "causes": {cause: {"cells": count, "representation": Cause(cause).representation} for cause, count in by_cause},
        "columns": column_figures(move.fields, compared, unlike),
    }


def _listing(unlike: pl.DataFrame, unfit: pl.DataFrame, refused: pl.DataFrame) -> dict[str, Any]:
    return {
        "differences": unlike.head(LISTED).to_dicts(),
        "quarantine": unfit.head(LISTED).to_dicts(),
        "refusals": refused.head(LISTED).to_dicts(),
        "listed": {
            "differences": unlike.height,
            "records": unlike.get_column("row").n_unique(),
            "quarantine": unfit.height,
            "refusals": refused.height,
        },
    }
