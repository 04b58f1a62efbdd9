"""Migrations: from where to where a run moves records, and what it has to remember for its proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from baton.errors import BatonError
from baton.model.account import FieldSpec, FieldType
from baton.model.effect import OPEN_STATES, EffectState
from baton.store.personal import Keyring
from baton.store.tables import effects, migrations, runs, staged


@dataclass(frozen=True, slots=True)
class Move:
    """One migration (or, with ``undoes``, one rollback)."""

    run_id: str
    source: str
    """System that records come from."""
    source_collection: str
    target: str
    """System that records go to."""
    collection: str
    mapping_file: str
    mapping_digest: str
    fields: Mapping[str, FieldSpec]
    """The target fields that are written, key fields first."""
    key: Sequence[str]
    waves: Sequence[int]
    """How many records each wave has."""
    retain_until: datetime
    undoes: str | None = None
    purged_at: datetime | None = None
    version: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Salt, roots and control totals by stage: sealed, since a total may be one person's pay."""

    def require_kept(self) -> None:
        """Raise `BatonError` (``purged``) once the staged records have been deleted."""
        if self.purged_at is not None:
            raise BatonError(
                f"the staged records of {self.run_id} were deleted at {self.purged_at:%Y-%m-%d}: their retention ended",
                code="purged",
                remedy="what it wrote stands; without them it cannot be looked at, repeated or rolled back",
            )


class MoveStore:
    """Reads and writes migrations, inside the caller's transaction."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def insert(self, connection: sa.Connection, move: Move) -> None:
        """Save a migration beside its run."""
        connection.execute(
            sa.insert(migrations).values(
                run_id=move.run_id,
                undoes=move.undoes,
                source=move.source,
                source_collection=move.source_collection,
                target=move.target,
                collection=move.collection,
                mapping_file=move.mapping_file,
                mapping_digest=move.mapping_digest,
                shape={"key": list(move.key), "fields": [_field(name, spec) for name, spec in move.fields.items()]},
                waves=list(move.waves),
                retain_until=move.retain_until,
                version=move.version,
                sealed=self._seal(move),
            )
        )

    def get(self, connection: sa.Connection, run_id: str) -> Move | None:
        """One migration, or None."""
        row = connection.execute(sa.select(migrations).where(migrations.c.run_id == run_id)).first()
        return None if row is None else self._move(row)

    def note(self, connection: sa.Connection, run_id: str, **facts: Any) -> Move:
        """Add to what a migration remembers."""
        query = sa.select(migrations).where(migrations.c.run_id == run_id).with_for_update()
        move = self._move(connection.execute(query).one())
        noted = replace(move, facts={**move.facts, **facts}, version=move.version + 1)
        values = {"sealed": self._seal(noted), "version": noted.version}
        connection.execute(sa.update(migrations).where(migrations.c.run_id == run_id).values(**values))
        return noted

    def undoing(self, connection: sa.Connection, run_id: str) -> list[str]:
        """The rollbacks of a run, oldest first."""
        query = sa.select(migrations.c.run_id).where(migrations.c.undoes == run_id).order_by(migrations.c.run_id)
        return list(connection.execute(query).scalars())

    def undone_by(self, connection: sa.Connection, run_id: str) -> str:
        """The newest rollback of a run; empty where there is none."""
        return next(reversed(self.undoing(connection, run_id)), "")

    def begun(self, connection: sa.Connection, run_id: str) -> bool:
        """Whether anything of a run has been tried."""
        tried = sa.select(effects.c.id).where(effects.c.run_id == run_id, effects.c.attempts > 0)
        return connection.execute(tried.limit(1)).first() is not None

    def never_sent(self, connection: sa.Connection, run_id: str) -> set[int]:
        """The numbers of the segments of a run that were called back before anything of them was tried."""
        query = sa.select(effects.c.number).where(
            effects.c.run_id == run_id, effects.c.state == EffectState.SUPERSEDED.value, effects.c.attempts == 0
        )
        return {int(name.rpartition("/")[2]) for name in connection.execute(query).scalars()}

    def later(self, connection: sa.Connection, move: Move, since: datetime) -> list[str]:
        """The migrations into the same collection that were planned later, newest first; rollbacks are left out."""
        query = (
            sa.select(migrations.c.run_id)
            .join(runs, runs.c.id == migrations.c.run_id)
            .where(
                migrations.c.target == move.target,
                migrations.c.collection == move.collection,
                migrations.c.undoes.is_(None),
                migrations.c.run_id != move.run_id,
                runs.c.created_at > since,
            )
            .order_by(runs.c.created_at.desc())
        )
        return list(connection.execute(query).scalars())

    def expired(self, connection: sa.Connection, now: datetime) -> list[str]:
        """The runs whose staged records have been kept long enough."""
        back = migrations.alias("back")
        open_ = sa.and_(effects.c.run_id == back.c.run_id, effects.c.state.in_(OPEN_STATES))
        rollbacks = sa.select(back).join(effects, open_).where(back.c.undoes.is_not(None)).subquery()
        undone = sa.select(back.c.undoes).where(back.c.undoes.is_not(None))  # nobody will settle those any more
        query = (
            sa.select(migrations.c.run_id)
            .join(runs, runs.c.id == migrations.c.run_id)
            .where(
                migrations.c.retain_until <= now,
                migrations.c.purged_at.is_(None),
                # What is not finished still needs them.
                sa.or_(runs.c.state.not_in(["ready", "held"]), migrations.c.run_id.in_(undone), _given_up()),
                migrations.c.run_id.not_in(sa.select(rollbacks.c.undoes)),
                # One that has ended says what it has left to the one that has not.
                sa.or_(migrations.c.undoes.is_(None), migrations.c.undoes.not_in(sa.select(rollbacks.c.undoes))),
                sa.not_(_stands_on_one_kept(now)),
            )
        )
        return list(connection.execute(query).scalars())

    def kept(self, connection: sa.Connection) -> set[str]:
        """The migrations whose staged records are not deleted."""
        return set(connection.execute(sa.select(migrations.c.run_id).where(migrations.c.purged_at.is_(None))).scalars())

    def gone(self, connection: sa.Connection) -> set[str]:
        """The migrations whose staged records are deleted, or should be."""
        query = sa.select(migrations.c.run_id).where(migrations.c.purged_at.is_not(None))
        return set(connection.execute(query).scalars())

    def purged(self, connection: sa.Connection, run_id: str, now: datetime) -> None:
        """Note that the staged records of a run are deleted."""
        connection.execute(sa.delete(staged).where(staged.c.run_id == run_id))
        connection.execute(sa.update(migrations).where(migrations.c.run_id == run_id).values(purged_at=now))

    def _seal(self, move: Move) -> bytes:
        data = orjson.dumps(dict(move.facts), option=orjson.OPT_SORT_KEYS)
        place = {"table": "migrations", "row": move.run_id, "column": "sealed", "version": move.version}
        return self.keyring.seal(data, **place)  # type: ignore[arg-type]

    def _move(self, row: sa.Row[Any]) -> Move:
        sealed = self.keyring.open(row.sealed, table="migrations", row=row.run_id, column="sealed", version=row.version)
        return Move(
            run_id=row.run_id,
            source=row.source,
            source_collection=row.source_collection,
            target=row.target,
            collection=row.collection,
            mapping_file=row.mapping_file,
            mapping_digest=row.mapping_digest,
            fields=dict(_spec(each) for each in row.shape["fields"]),
            key=tuple(row.shape["key"]),
            waves=tuple(row.waves),
            retain_until=row.retain_until,
            undoes=row.undoes,
            purged_at=row.purged_at,
            version=row.version,
            facts=orjson.loads(sealed),
        )


def _given_up() -> sa.ColumnElement[bool]:
    """Runs that gave way to a newer plan: something of them was called back, and nothing can happen any more.

    A plan that had nothing to send keeps nobody waiting, and there is nothing to call back: any that was made later
    for the same collection stands for it, by whatever mapping. A run of which all was sent and nothing called back is
    not among them: it may just be proving itself.
    """
    of_run = sa.select(effects.c.id).where(effects.c.run_id == migrations.c.run_id)
    called_back = of_run.where(effects.c.state == EffectState.SUPERSEDED.value)
    newer, newer_run = migrations.alias("newer"), runs.alias("newer_run")
    planned_anew = (
        sa.select(newer.c.run_id)
        .join(newer_run, newer_run.c.id == newer.c.run_id)
        .where(
            newer.c.target == migrations.c.target,
            newer.c.collection == migrations.c.collection,
            newer.c.undoes.is_(None),
            newer_run.c.created_at > runs.c.created_at,
        )
    )
    return sa.or_(
        sa.and_(called_back.exists(), ~of_run.where(effects.c.state.in_(OPEN_STATES)).exists()),
        sa.and_(migrations.c.undoes.is_(None), ~of_run.exists(), planned_anew.exists()),
    )


def _stands_on_one_kept(now: datetime) -> sa.ColumnElement[bool]:
    """Runs that have to be taken back before an older one can be, whose time has not ended.

    Both have written to the same collection, and neither was taken back. Were the newer one's records deleted first,
    nobody could take back the older one, though it was to be kept.
    """
    older, older_run = migrations.alias("older"), runs.alias("older_run")
    back = migrations.alias("back")
    undone = sa.select(back.c.undoes).where(back.c.undoes.is_not(None))
    below = (
        sa.select(older.c.run_id)
        .join(older_run, older_run.c.id == older.c.run_id)
        .where(
            older.c.target == migrations.c.target,
            older.c.collection == migrations.c.collection,
            older_run.c.created_at < runs.c.created_at,
            older.c.undoes.is_(None),
            older.c.purged_at.is_(None),
            older.c.retain_until > now,
            older.c.run_id.not_in(undone),
            _begun(older.c.run_id),
        )
    )
    own = [migrations.c.undoes.is_(None), migrations.c.run_id.not_in(undone), _begun(migrations.c.run_id)]
    return sa.and_(*own, below.exists())


def _begun(run_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether anything of the run has been tried."""
    return sa.select(effects.c.id).where(effects.c.run_id == run_id, effects.c.attempts > 0).exists()


def _field(name: str, spec: FieldSpec) -> dict[str, Any]:
    return {
        "name": name,
        "type": spec.type.value,
        "places": spec.places,
        "personal": spec.personal,
        "readable": spec.readable,
        "refers_to": spec.refers_to,
    }


def _spec(stored: Mapping[str, Any]) -> tuple[str, FieldSpec]:
    spec = FieldSpec(
        FieldType(stored["type"]),
        readable=stored["readable"],
        personal=stored["personal"],
        places=stored["places"],
        refers_to=stored["refers_to"],
    )
    return stored["name"], spec
