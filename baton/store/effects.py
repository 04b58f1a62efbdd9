"""The table of effects: planning, holding, releasing, superseding, reading. Leases and receipts are in `leases`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from baton.clock import Clock
from baton.model.effect import (
    ACCOUNT_ACTIONS,
    REJECTED,
    Effect,
    EffectState,
    Intention,
    effect_action,
    effect_key,
    require_set_back,
    require_transition,
)
from baton.store.payload import pack, unpack
from baton.store.personal import Keyring
from baton.store.steps import step_to
from baton.store.tables import effects, restores
from baton.store.trail import Entry, append

FINAL_REFUSALS = ("given_up", "poison")
"""Codes of refusals that nobody tries again before the person changes."""

_CHUNK = 500
"""Rows per statement: far below every database's parameter limit."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """An intention with its place in the entity's order: ready to become a row."""

    intention: Intention
    version: int
    mapping_digest: str
    digests: Mapping[str, str]
    """Field name -> keyed digest of the intended value (references: of the employee number)."""

    def key(self, job: str) -> str:
        """The effect key."""
        what = self.intention
        return effect_key(job, what.system, what.number, what.action, self.version)


@dataclass(frozen=True, slots=True)
class Made:
    """That an effect was made, and where it stands."""

    at: datetime
    marks: Mapping[str, str]
    state: EffectState


class EffectStore:
    """Writes and reads effects. Every method works inside the caller's transaction and leaves an audit entry."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    def insert(self, connection: sa.Connection, job: str, run_id: str, drafted: Sequence[Drafted]) -> None:
        """Save planned effects: from here on they exist, whatever happens to this process."""
        now = self.clock.now()
        rows = [self._row(job, run_id, draft, now) for draft in drafted]
        for start in range(0, len(rows), _CHUNK):
            connection.execute(sa.insert(effects), rows[start : start + _CHUNK])
        append(connection, [_entry(now, row["key"], None, EffectState.PLANNED, run=run_id) for row in rows])

    def _row(self, job: str, run_id: str, draft: Drafted, now: datetime) -> dict[str, Any]:
        what = draft.intention
        key = draft.key(job)
        return {
            "key": key,
            "run_id": run_id,
            "job": job,
            "system": what.system,
            "number": what.number,
            "action": what.action.value,
            "version": draft.version,
            "state": EffectState.PLANNED.value,
            "destructive": what.action.destructive,
            "rank": what.rank,
            "due_at": what.due_at,
            "next_at": what.due_at,
            "mapping_digest": draft.mapping_digest,
            "payload": self.keyring.seal(
                pack(what.fields, what.references), table="effects", row=key, column="payload", version=draft.version
            ),
            "digests": dict(draft.digests),
            "evidence": {},
            **dict.fromkeys(("created_at", "updated_at", "state_since"), now),
        }

    def supersede(self, connection: sa.Connection, job: str, system: str, numbers: Sequence[str], *, why: str) -> int:
        """Cancel what was planned or held for these people there and has not been sent; returns how many."""
        # The state is not to be searched by: SQLite would read all that waits there for every few hundred people.
        unsent = effects.c.state.concat("").in_([EffectState.PLANNED.value, EffectState.HELD.value])
        where = (effects.c.job == job, effects.c.system == system, unsent)
        return sum(
            self._move_where(connection, EffectState.SUPERSEDED, *where, effects.c.number.in_(chunk), code=why)
            for chunk in chunked(numbers)
        )

    def hold(self, connection: sa.Connection, run_id: str) -> int:
        """Hold everything a run planned: nothing of it goes out before a person has decided."""
        return self._move_where(
            connection, EffectState.HELD, effects.c.run_id == run_id, effects.c.state == EffectState.PLANNED.value
        )

    def release(self, connection: sa.Connection, run_id: str) -> int:
        """Let a held run go, marked as approved so that the gate does not count it again.

        What may have been sent already, since this store was restored from a backup, is looked up before it is sent.
        """
        held = (effects.c.run_id == run_id, effects.c.state == EffectState.HELD.value)
        doubted = self.set_back(connection, EffectState.IN_DOUBT, *held, effects.c.doubted, approved=True)
        return doubted + self._move_where(connection, EffectState.PLANNED, *held, approved=True)

    def replace_held(self, connection: sa.Connection, run_id: str) -> int:
        """Give up a held run because a newer plan covers its people."""
        return self._give_up_held(connection, run_id, "newer_plan")

    def reject(self, connection: sa.Connection, run_id: str) -> int:
        """Discard a held run. Its people stay as they are until the source says something new about them."""
        return self._give_up_held(connection, run_id, REJECTED)

    def _give_up_held(self, connection: sa.Connection, run_id: str, why: str) -> int:
        held = effects.c.state == EffectState.HELD.value
        return self._move_where(connection, EffectState.SUPERSEDED, effects.c.run_id == run_id, held, code=why)

    def cancel(self, connection: sa.Connection, run_id: str, *, why: str) -> int:
        """Give up what a run has planned or holds and has not sent; returns how many."""
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        return self._move_where(connection, EffectState.SUPERSEDED, effects.c.run_id == run_id, unsent, code=why)

    def cancel_keys(
        self, connection: sa.Connection, keys: Sequence[str], *, why: str, absent: Collection[str] = ()
    ) -> set[str]:
        """Give up those of these effects that cannot have arrived and never will; returns their keys.

        One that was in doubt once is carried to its end: it may still arrive, and nobody would know. But for those that
        are ``absent`` (keys): the target was asked just now, long after the last try, and certainly does not have them.
        """
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        not_there, cancelled = frozenset(absent), set[str]()
        for chunk in chunked(keys):
            surely = sa.or_(effects.c.doubted.is_(False), effects.c.key.in_(not_there.intersection(chunk)))
            where = (effects.c.key.in_(chunk), unsent, surely)
            found = connection.execute(sa.select(effects.c.key).where(*where).with_for_update()).scalars()
            cancelled.update(found)
            self._move_where(connection, EffectState.SUPERSEDED, *where, code=why)
        return cancelled

    def set_back(
        self, connection: sa.Connection, after: EffectState, *where: sa.ColumnElement[bool], **values: Any
    ) -> int:
        """Move what a restore has made uncertain, or an erasure has ended; returns how many."""
        return self._move_where(connection, after, *where, allowed=require_set_back, **values)

    def _move_where(
        self,
        connection: sa.Connection,
        after: EffectState,
        *where: sa.ColumnElement[bool],
        allowed: Callable[[EffectState, EffectState], None] = require_transition,
        **values: Any,
    ) -> int:
        """The one bulk transition: check the machine, change the rows, write the audit entries."""
        now = self.clock.now()
        found = connection.execute(
            sa.select(effects.c.id, effects.c.key, effects.c.state, effects.c.run_id)
            .where(*where)
            .order_by(effects.c.id)
            .with_for_update()  # nobody may send in between what is about to be held or cancelled
        ).all()
        for row in found:
            allowed(EffectState(row.state), after)
        step = {**step_to(after, now), "updated_at": now, **values}
        for chunk in chunked([row.id for row in found]):
            connection.execute(sa.update(effects).where(effects.c.id.in_(chunk)).values(**step))
        append(connection, [_entry(now, row.key, row.state, after, run=row.run_id) for row in found])
        return len(found)

    def read(self, connection: sa.Connection, *where: sa.ColumnElement[bool], limit: int | None = None) -> list[Effect]:
        """Effects in the order they would be sent."""
        query = sa.select(effects).where(*where).order_by(effects.c.rank, effects.c.id).limit(limit)
        return [self.effect(row) for row in connection.execute(query)]

    def next_versions(
        self, connection: sa.Connection, job: str, system: str, entities: Sequence[str]
    ) -> dict[str, int]:
        """For each of these entities the version that its next effect of this job gets there."""
        floor = self.version_floor(connection)
        found = dict.fromkeys(entities, floor + 1)
        for chunk in chunked(entities):
            query = (
                sa.select(effects.c.number, sa.func.max(effects.c.version))
                .where(effects.c.job == job, effects.c.system == system, effects.c.number.in_(chunk))
                .group_by(effects.c.number)
            )
            found.update((row[0], max(row[1], floor) + 1) for row in connection.execute(query))
        return found

    def version_floor(self, connection: sa.Connection) -> int:
        """The version that everything new must be above; 0 in a store that was never restored.

        What was done after the backup has versions that the store has forgotten. Used again, they would give keys that
        targets know already, for another content, and writes that look older than what is there.
        """
        return connection.execute(sa.select(sa.func.max(restores.c.version_floor))).scalar_one() or 0

    def by_key(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, Effect]:
        """The effects with these keys."""
        found: dict[str, Effect] = {}
        for chunk in chunked(keys):
            found.update((effect.key, effect) for effect in self.read(connection, effects.c.key.in_(chunk)))
        return found

    def newest_of(
        self, connection: sa.Connection, job: str, system: str, entities: Sequence[str]
    ) -> dict[str, EffectState]:
        """Where the newest effect of a job on each of these entities stands; those without one are left out."""
        found: dict[str, EffectState] = {}
        for chunk in chunked(entities):
            query = (
                sa.select(effects.c.number, effects.c.state)
                .where(effects.c.job == job, effects.c.system == system, effects.c.number.in_(chunk))
                .order_by(effects.c.version)
            )
            found.update((row.number, EffectState(row.state)) for row in connection.execute(query))
        return found

    def last_doubts(
        self, connection: sa.Connection, job: str, system: str, entities: Sequence[str]
    ) -> dict[str, datetime]:
        """When the last effect of a job on each of these entities that was ever in doubt was touched for the last time.

        Entities of which nothing was in doubt are left out.
        """
        found: dict[str, datetime] = {}
        for chunk in chunked(entities):
            query = (
                sa.select(effects.c.number, sa.func.max(effects.c.updated_at))
                .where(effects.c.job == job, effects.c.system == system, effects.c.number.in_(chunk), effects.c.doubted)
                .group_by(effects.c.number)
            )
            found.update((row[0], row[1]) for row in connection.execute(query))
        return found

    def newest_marks(
        self, connection: sa.Connection, job: str, systems: Sequence[str], entities: Sequence[str]
    ) -> dict[str, Made]:
        """When a job's newest effect on each of these entities was made in one of these systems, its marks and state.

        Those without one are left out.
        """
        found: dict[str, Made] = {}
        for chunk in chunked(entities):
            # With the systems, which are few, an index leads to the entities.
            ours = (effects.c.system.in_(systems), effects.c.number.in_(chunk), effects.c.job == job)
            newest = sa.select(sa.func.max(effects.c.id)).where(*ours).group_by(effects.c.number)
            columns = (effects.c.number, effects.c.created_at, effects.c.digests, effects.c.state)
            rows = connection.execute(sa.select(*columns).where(effects.c.id.in_(newest)))
            found.update((number, Made(at, marks, EffectState(state))) for number, at, marks, state in rows)
        return found

    def newest_id(self, connection: sa.Connection) -> int:
        """The id of the newest effect there is; 0 before the first."""
        return connection.execute(sa.select(sa.func.max(effects.c.id))).scalar_one() or 0

    def made_after(self, connection: sa.Connection, keys: Sequence[str], newest_id: int) -> set[str]:
        """Those of these effects that did not exist yet when ``newest_id`` was the newest."""
        found: set[str] = set()
        for chunk in chunked(keys):
            query = sa.select(effects.c.key).where(effects.c.key.in_(chunk), effects.c.id > newest_id)
            found.update(connection.execute(query).scalars())
        return found

    def numbers_in(self, connection: sa.Connection, system: str, states: Sequence[str]) -> set[str]:
        """The people who have an effect in one of these states there."""
        # Not distinct: that would be answered by the index over everybody's numbers, not by that over the states.
        query = sa.select(effects.c.number).where(effects.c.system == system, effects.c.state.in_(states))
        return set(connection.execute(query).scalars())

    def undecided(self, connection: sa.Connection, system: str) -> set[str]:
        """The people there for whom a write is planned that may have arrived already, or may still.

        It is carried to its end before anything newer is planned, even when it is no longer wanted: until its key (or
        its condition) is used up, a late arrival could undo the newer at any time, and nobody would know.
        """
        query = sa.select(effects.c.number).where(
            effects.c.system == system,
            effects.c.state == EffectState.PLANNED.value,
            effects.c.doubted,
        )
        return set(connection.execute(query).scalars())

    def freeze(self, connection: sa.Connection, job: str) -> None:
        """Let nobody send or decide on what a job has not sent yet until this transaction ends.

        A planner does this first: what it then reads as unsent stays unsent, and it takes its locks in the same order
        as the workers (effects before the audit log). SQLite needs none of it; there a writer is alone anyway.
        """
        if connection.dialect.name == "sqlite":
            return
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        query = sa.select(effects.c.id).where(effects.c.job == job, unsent).order_by(effects.c.id).with_for_update()
        connection.execute(query).all()

    def refused(self, connection: sa.Connection, system: str) -> set[str]:
        """The people whose newest effect there was refused, so that they are not as they should be.

        Left out are those a person has given up, and those that end the worker: they wait for a change.
        """
        later = effects.alias("later")
        # What the same plan scheduled after it makes good only what it takes away altogether.
        taken_away = sa.and_(later.c.destructive, later.c.state == EffectState.DONE.value)
        newer = sa.exists().where(
            later.c.system == effects.c.system,
            later.c.number == effects.c.number,
            later.c.version > effects.c.version,
            later.c.state != EffectState.SUPERSEDED.value,
            sa.or_(later.c.run_id != effects.c.run_id, taken_away),
        )
        query = sa.select(effects.c.number).where(
            effects.c.system == system,
            effects.c.state == EffectState.REFUSED.value,
            effects.c.action.in_(sorted(ACCOUNT_ACTIONS)),
            effects.c.code.not_in(FINAL_REFUSALS),
            ~newer,
        )
        return set(connection.execute(query).scalars())

    def held_by_run(self, connection: sa.Connection, job: str) -> dict[str, set[tuple[str, str]]]:
        """Each held run of a job with the (system, number) pairs it holds."""
        # Written into the statement, not bound: only so does the index over what is held fit.
        is_held = effects.c.state == sa.literal(EffectState.HELD.value, literal_execute=True)
        query = sa.select(effects.c.run_id, effects.c.system, effects.c.number).where(effects.c.job == job, is_held)
        held: dict[str, set[tuple[str, str]]] = {}
        for row in connection.execute(query):
            held.setdefault(row.run_id, set()).add((row.system, row.number))
        return held

    def count(self, connection: sa.Connection, run_id: str) -> dict[tuple[str, str, str], int]:
        """How many effects a run has by (system, action, state)."""
        columns = (effects.c.system, effects.c.action, effects.c.state)
        query = sa.select(*columns, sa.func.count()).where(effects.c.run_id == run_id).group_by(*columns)
        return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}

    def effect(self, row: sa.Row[Any], **since: Any) -> Effect:
        """One row, opened; with what has been changed ``since`` it was read."""
        data = self.keyring.open(row.payload, table="effects", row=row.key, column="payload", version=row.version)
        fields, references = unpack(data)
        typed = {"action": effect_action(row.action), "state": EffectState(row.state)}
        plain = zip(_PLAIN, _plain(row), strict=True)
        return Effect(**{**dict(plain), **typed, "fields": fields, "references": references, **since})


_PLAIN = (
    *("id", "key", "run_id", "job", "system", "number", "version", "due_at", "batch_id"),
    *("epoch", "attempts", "crashes", "digests", "code", "message", "remedy"),
)
"""Columns that are in an `Effect` as they are in the row."""
_plain: Final = attrgetter(*_PLAIN)
OPENED: Final[Sequence[sa.ColumnElement[Any]]] = [effects.c[name] for name in (*_PLAIN, "action", "state", "payload")]
"""The columns that `EffectStore.effect` needs: a claim of thousands reads no others."""


def _entry(at: datetime, key: str, before: str | None, after: EffectState, **more: str) -> Entry:
    body = {"effect": key, "to": after.value, **({"from": before} if before else {}), **more}
    return Entry(kind="effect", at=at, body=body)


def audit_move(at: datetime, effect: Effect, after: EffectState, **more: str) -> Entry:
    """The audit entry of one transition."""
    return audit_step(at, effect.key, effect.state, after, **more)


def audit_step(at: datetime, key: str, before: EffectState, after: EffectState, **more: str) -> Entry:
    """The same for an effect of which only the key is at hand."""
    return _entry(at, key, before.value, after, **more)


def chunked(items: Iterable[Any], size: int = _CHUNK) -> Iterator[list[Any]]:
    """The items in lists of at most ``size``, taken as they are asked for."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
