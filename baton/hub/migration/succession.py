"""Runs into one collection go one after the other: what one has still to write, or to undo, is no ground to plan on.

A plan says what each record needs by what is there. While another run into the same collection is unfinished, that is
not what will be there: the one finds alike what the other then takes away, and each believes to have had the last word.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from baton.errors import BatonError
from baton.hub.core import Hub
from baton.model.effect import OPEN_STATES
from baton.store.moves import Move
from baton.store.tables import effects, migrations


@dataclass(frozen=True, slots=True)
class Subject:
    """What is migrated, and how: a newer plan of the same says anew what the older one said."""

    source: str
    source_collection: str
    target: str
    collection: str
    mapping_digest: str
    corrects: str
    """The run whose quarantine is fed back; empty for a run from the source itself."""

    @classmethod
    def of(cls, move: Move) -> Subject:
        """That of a saved migration."""
        corrects = str(move.facts["detail"].get("corrects", ""))
        return cls(move.source, move.source_collection, move.target, move.collection, move.mapping_digest, corrects)


def require_turn(hub: Hub, connection: sa.Connection, subject: Subject) -> None:
    """Raise `BatonError` (``unfinished``) where a plan would have to wait for another run into the same collection."""
    replaced = _replaced(hub, connection, subject)
    require_no_other(connection, subject.target, subject.collection, but=replaced)


def take_turn(hub: Hub, connection: sa.Connection, subject: Subject, since: datetime) -> None:
    """The same, of what is being saved: earlier plans of it with which nobody has begun are given up for this one.

    `BatonError` (``overtaken``) where another run has written there ``since`` this one began to look.
    """
    _require_not_overtaken(connection, subject, since)
    for run_id in _replaced(hub, connection, subject):
        hub.effects.cancel(connection, run_id, why="planned_anew")
    require_no_other(connection, subject.target, subject.collection)


def require_no_other(connection: sa.Connection, target: str, collection: str, but: Collection[str] = ()) -> None:
    """Raise `BatonError` (``unfinished``) while a run into this collection, ``but`` for these, has something to do."""
    for run_id in _unfinished(connection, target, collection):
        if run_id not in but:
            raise BatonError(
                f"{run_id} is not finished, and is about {target}/{collection} as well",
                code="unfinished",
                remedy=f"finish it (baton migrate resume {run_id}; release or reject what is held), or take it back",
            )


def _require_not_overtaken(connection: sa.Connection, subject: Subject, since: datetime) -> None:
    query = (
        sa.select(migrations.c.run_id)
        .join(effects, effects.c.run_id == migrations.c.run_id)
        .where(
            migrations.c.target == subject.target,
            migrations.c.collection == subject.collection,
            effects.c.attempts > 0,
            effects.c.updated_at > since,
        )
    )
    other = connection.execute(query.limit(1)).scalar()
    if other is not None:
        raise BatonError(
            f"{other} has written to {subject.target}/{subject.collection} while this was planned",
            code="overtaken",
            remedy="plan again: what was compared is no longer what is there",
        )


def _unfinished(connection: sa.Connection, target: str, collection: str) -> list[str]:
    """The runs, both ways, of which something can still happen: not without their staged records. By name."""
    query = (
        sa.select(migrations.c.run_id)
        .join(effects, effects.c.run_id == migrations.c.run_id)
        .where(
            migrations.c.target == target,
            migrations.c.collection == collection,
            migrations.c.purged_at.is_(None),
            effects.c.state.in_(OPEN_STATES),
        )
    )
    return sorted(connection.execute(query.distinct()).scalars())


def _replaced(hub: Hub, connection: sa.Connection, subject: Subject) -> list[str]:
    """Those of them that have planned the same, and nobody has begun with."""
    found = []
    for run_id in _unfinished(connection, subject.target, subject.collection):
        move = hub.moves.get(connection, run_id)
        same = move is not None and not move.undoes and Subject.of(move) == subject
        if same and not hub.moves.begun(connection, run_id):
            found.append(run_id)
    return found
