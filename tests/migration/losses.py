"""Staged files that are altered, exchanged or gone: nothing is done with them, it is said which, and putting them back helps."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from baton.errors import TamperedError
from baton.hub import Hub
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import carry_on
from baton.hub.migration.verifying import verify
from baton.store.staging import Stage
from tests.migration.pieces import small_pieces
from tests.migration.trouble import archive, finish
from tests.rig.records import STAFF, Archive
from tests.simulation.invariants import BrokenInvariantError

Way = Callable[[Path, random.Random], None]
"""Damages one file."""


def altered(path: Path, chance: random.Random) -> None:
    """One bit of it is another."""
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def exchanged(path: Path, _chance: random.Random) -> None:
    """Another file of the same run stands in its place."""
    other = next(each for each in sorted(path.parent.iterdir()) if each != path)
    path.write_bytes(other.read_bytes())


def gone(path: Path, _chance: random.Random) -> None:
    """It was deleted."""
    path.unlink()


WAYS: tuple[Way, ...] = (altered, exchanged, gone)
NEEDED_TO_WRITE = (Stage.PLAN, Stage.BEFORE)
NEEDED_TO_LOOK = (Stage.SOURCE, Stage.PLAN)


def before_writing(folder: Path, rows: int, seed: int) -> int:
    """Files that the writing needs: four attempts write nothing of the segment, and the fifth, with the file, all."""
    tried = 0
    for stage in NEEDED_TO_WRITE:
        for way in WAYS:
            made = _half_filled(folder / f"{stage}-{way.__name__}", rows)
            _one_loss(made, stage, way, random.Random(f"{seed}/{stage}/{way.__name__}"))
            tried += 1
    return tried


def _one_loss(made: Archive, stage: Stage, way: Way, chance: random.Random) -> None:
    with small_pieces(page_rows=200, segment_rows=50), made.open() as hub:
        run_id = plan_migration(hub, made.request()).run.id
        path, whole = _damaged(made, run_id, stage, way, chance)
        for _ in range(4):
            reasons = carry_on(hub, run_id).reasons
            _require(any(str(stage) in each and "staged file" in each for each in reasons), stage, way, reasons)
        _require(_arrived(made) < len(made.rows), stage, way, reasons)
        path.write_bytes(whole)
        reasons = carry_on(hub, run_id).reasons
        _require(_arrived(made) == len(made.rows) and not reasons, stage, way, reasons)


def _arrived(made: Archive) -> int:
    return sum(row["pay"] is not None for row in made.shelf.rows.values())


def before_looking(folder: Path, rows: int, seed: int) -> int:
    """Files that a second look needs: it raises `TamperedError` and names the file."""
    made = archive(folder, rows)
    run_id = finish(made).run.id
    tried = 0
    for stage in NEEDED_TO_LOOK:
        for way in WAYS:
            path, whole = _damaged(made, run_id, stage, way, random.Random(f"{seed}/{stage}/{way.__name__}"))
            with made.open() as hub:
                said = _refusal(hub, run_id)
            _require(str(stage) in said, stage, way, [said])
            path.write_bytes(whole)
            tried += 1
    with made.open() as hub:
        _require(verify(hub, run_id).alike, Stage.PLAN, altered, ["put back, it is still not alike"])
    return tried


def _refusal(hub: Hub, run_id: str) -> str:
    try:
        verify(hub, run_id)
    except TamperedError as error:
        return str(error)
    return "nothing was noticed"


def _half_filled(folder: Path, rows: int) -> Archive:
    folder.mkdir(parents=True)
    made = archive(folder, rows)
    for number in range(2, rows + 1, 2):
        code = f"{number:05d}"
        made.shelf.rows[code] = {**dict.fromkeys(STAFF), "code": code, "name": "before"}
    return made


def _damaged(made: Archive, run_id: str, stage: Stage, way: Way, chance: random.Random) -> tuple[Path, bytes]:
    path = chance.choice(sorted(made.folder.glob(f"state/migrations/{run_id}/{stage}-*")))
    whole = path.read_bytes()
    way(path, chance)
    return path, whole


def _require(holds: bool, stage: Stage, way: Way, said: list[str]) -> None:
    if not holds:
        raise BrokenInvariantError(f"a file of {stage} was {way.__name__}: {said}")
