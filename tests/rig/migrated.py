"""Migrations that went in a known way, for reports: their documents, and what must never be seen or do harm in one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import polars as pl

from baton.hub import Hub
from baton.hub.migration.findings import plan_document, report_document
from baton.hub.migration.planning import plan_migration, preview_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.running import carry_on
from tests.rig.records import MAPPING, Archive, Shelf, old_row

CANARY_NAME = "测试秘密姓名甲"
CANARY_FOUND = "测试秘密姓名乙"
CANARY_PAY = "987654.32"
CANARIES = (CANARY_NAME, CANARY_FOUND, "秘密", CANARY_PAY, "987,654.32")
HOSTILE = '<script>alert("1")</script>&amp;\u202egnp.exe\x00\'"><img src=x onerror=alert(1)>{{ 7*7 }}'
ROWS = 300
CLEANED = MAPPING.replace("check: [trim, integer]", "fix: [trim], check: [integer]")


def archive(folder: Path, rows: list[dict[str, str | None]], **more: Any) -> Archive:
    """A pair of systems, the database in a file of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Archive(folder, f"sqlite:///{folder}/hub.sqlite3", rows=rows, mapping=CLEANED, **more)


def staff() -> list[dict[str, str | None]]:
    """`ROWS` rows: one of a pay that is none, one of a rank that is none, 33 that cleaning trims, one well paid."""
    rows = [old_row(number) for number in range(1, ROWS + 1)]
    rows[6]["工资"] = "abc"
    rows[9]["级别"] = "甲级"
    for row in rows[8::9]:
        row["级别"] = f" {row['级别']}"
    rows[149]["姓名"] = CANARY_NAME
    rows[6]["姓名"] = CANARY_NAME
    rows[9]["工资"] = CANARY_PAY
    return rows


def spoiling(shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
    """A target that renames one person, pads one note, and loses one record."""
    if "00150" in shelf.rows:
        shelf.rows["00150"]["name"] = CANARY_FOUND
    if "00153" in shelf.rows:
        shelf.rows["00153"]["note"] = "备注 153 "
    shelf.rows.pop("00200", None)


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """The documents of migrations that went in all ways: by the name of how it went."""
    spoiled = archive(folder / "spoiled", staff())
    spoiled.shelf.after_write = spoiling
    hub = spoiled.open()
    found = {"dry run": plan_document(preview_migration(hub, spoiled.request()))}
    plan = plan_migration(hub, spoiled.request())
    found["planned"] = report_document(hub, plan.run.id)
    found["different"] = _report(hub, plan.run.id)
    spoiled.shelf.rows["00160"]["name"] = "测试改"
    found["undone partly"] = _report(hub, plan_rollback(hub, plan.run.id, "tester").id)
    hub.close()
    right = archive(folder / "right", [old_row(number) for number in range(1, ROWS + 1)])
    hub = right.open()
    plan = plan_migration(hub, right.request())
    found["clean"] = _report(hub, plan.run.id)
    found["undone"] = _report(hub, plan_rollback(hub, plan.run.id, "tester").id)
    found["taken back"] = _report(hub, plan.run.id)
    hub.close()
    held = archive(folder / "held", [old_row(number) for number in range(1, ROWS + 1)])
    held.shelf.after_write = _renaming
    hub = held.open()
    found["held"] = _report(hub, plan_migration(hub, held.request()).run.id)
    hub.close()
    padded = archive(folder / "padded", [old_row(number) for number in range(1, ROWS + 1)])
    padded.shelf.after_write = _padding
    hub = padded.open()
    found["form"] = _report(hub, plan_migration(hub, padded.request()).run.id)
    hub.close()
    aside = archive(folder / "aside", staff())
    hub = aside.open()
    found["quarantined"] = _report(hub, plan_migration(hub, aside.request()).run.id)
    hub.close()
    return found


def hostile(document: dict[str, Any]) -> dict[str, Any]:
    """The same with hostile text wherever a name or a message of somebody else's comes in."""
    bad = copy.deepcopy(document)
    for name in ("source", "read", "target", "collection", "mapping", "mapping_digest"):
        bad["route"][name] = HOSTILE
    bad["route"]["key"] = [HOSTILE]
    bad["route"]["origin"] = {"name": HOSTILE, "digest": HOSTILE, "as_of": bad["route"]["origin"]["as_of"]}
    bad["run"].update(requested_by=HOSTILE, reasons=[HOSTILE], plan_hash=HOSTILE, undoes=bad["run"]["undoes"])
    for part in ("columns", "cleaning"):
        bad[part] = {HOSTILE if name in ("name", "级别") else name: each for name, each in bad[part].items()}
    bad["rules"] = {HOSTILE: 3}
    bad["differences"][0].update(column=HOSTILE, expected=HOSTILE, found=HOSTILE)
    bad["quarantine"] = [{"row": 1, "column": HOSTILE, "rule": HOSTILE, "message": HOSTILE}]
    bad["refusals"] = [{"row": 1, "outcome": HOSTILE, "code": HOSTILE, "message": HOSTILE, "remedy": HOSTILE}]
    bad["listed"]["refusals"] = 1
    for totals in bad["stages"].values():
        totals["columns"][HOSTILE] = totals["columns"].pop("name")
    return bad


def _report(hub: Hub, run_id: str) -> dict[str, Any]:
    carry_on(hub, run_id)
    return report_document(hub, run_id)


def _renaming(shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
    for row in shelf.rows.values():
        row["name"] = "测试别名"


def _padding(shelf: Shelf, _action: str, _rows: pl.DataFrame) -> None:
    if "00153" in shelf.rows:
        shelf.rows["00153"]["note"] = "备注 153 "
