"""What the console shows of a migration: rows by stage, fields, causes, what was put aside. Names, counts, no value."""

from __future__ import annotations

from typing import Any, Final

from baton.errors import BatonError
from baton.hub import Hub
from baton.hub.migration.findings import report_document
from baton.hub.migration.report.files import plain
from baton.hub.migration.report.page import render_page
from baton.hub.migration.report.workbook import render_workbook
from baton.hub.migration.running import find_move

LINES_SHOWN: Final = 100
_STAGES: Final = ("source", "quarantined", "planned", "expected", "result")


def migration_detail(hub: Hub, run_id: str) -> dict[str, Any]:
    """A migration or a rollback as plain values; of one whose staged records are deleted only where it went."""
    _, move = find_move(hub, run_id)
    with hub.database.read() as connection:
        undone_by = hub.moves.undone_by(connection, run_id)
    detail: dict[str, Any] = {
        "source": f"{move.source}/{move.source_collection}",
        "target": f"{move.target}/{move.collection}",
        "mapping": move.mapping_file,
        "undoes": move.undoes or "",
        "undone_by": undone_by,
        "waves": list(move.waves),
        "retain_until": move.retain_until.isoformat(),
        "purged_at": move.purged_at.isoformat() if move.purged_at else None,
    }
    return detail if move.purged_at else {**detail, **_findings(hub, run_id)}


def _findings(hub: Hub, run_id: str) -> dict[str, Any]:
    document = report_document(hub, run_id)
    stages = document["stages"]
    return {
        "stages": {name: stages[name]["rows"] for name in _STAGES if name in stages},
        "unequal_totals": sorted({name for held in document["agreement"].values() for name in held["differing"]}),
        "columns": document["columns"],
        "rules": document["rules"],
        "causes": document["causes"],
        # The values are left out: the target does not always know which of its fields are personal.
        "differences": [
            {name: each[name] for name in ("row", "column", "cause")} for each in document["differences"][:LINES_SHOWN]
        ],
        "refusals": document["refusals"][:LINES_SHOWN],
        "listed": document["listed"],
    }


def report_page(hub: Hub, run_id: str, language: str) -> bytes:
    """The report as one page that works offline."""
    return render_page(_document(hub, run_id), language).encode()


def report_workbook(hub: Hub, run_id: str, language: str) -> bytes:
    """The report as a workbook."""
    return render_workbook(_document(hub, run_id), language)


def _document(hub: Hub, run_id: str) -> dict[str, Any]:
    _, move = find_move(hub, run_id)
    if move.purged_at:
        raise BatonError(f"the copies of {run_id} were deleted at {move.purged_at:%F}", code="purged")
    document: dict[str, Any] = plain(report_document(hub, run_id))
    return document
