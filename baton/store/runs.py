"""Runs, their faults, the decisions taken on them, the feeds they were made from, and the switches over all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from baton.clock import Clock
from baton.contracts import Hint
from baton.model.effect import EffectState
from baton.model.source_rows import Origin
from baton.store.effects import chunked
from baton.store.tables import approvals, effects, feeds, hints, run_faults, runs, switches
from baton.store.trail import Entry, append
from baton.store.upserts import insert_into

RELEASE: Final = "release"
"""The decision by which a person lets a held run go."""


class RunState(StrEnum):
    """Where a run stands."""

    HELD = "held"
    READY = "ready"
    SETTLED = "settled"
    REJECTED = "rejected"
    REPLACED = "replaced"
    """Held, and then covered by a newer plan; or a migration's plan that gave way to one, once its records are gone."""
    REFUSED = "refused"
    """The feed was refused; nothing was compared."""


@dataclass(frozen=True, slots=True)
class RunFault:
    """Something a run could not use: a source row, a cell."""

    place: str
    field: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one job. ``counts`` are figures for people; ``reasons`` say why it is held or refused."""

    id: str
    job: str
    state: RunState
    requested_by: str
    plan_hash: str
    feed_digest: str
    created_at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    verdict: str = ""
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided on a run, when and why."""

    decision: str
    person: str
    why: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ApprovedFeed:
    """The last feed of a source that was used: what the next one is measured against."""

    digest: str
    row_count: int
    columns: Sequence[str]
    population: int
    present: int
    """How many of the people in it had not departed; those still to come are among them."""


class RunStore:
    """Reads and writes runs and what belongs to them, inside the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def insert(self, connection: sa.Connection, run: Run, faults: Sequence[RunFault]) -> None:
        """Save a run with its faults."""
        connection.execute(
            sa.insert(runs).values(
                id=run.id,
                job=run.job,
                state=run.state.value,
                requested_by=run.requested_by,
                plan_hash=run.plan_hash,
                feed_digest=run.feed_digest,
                counts=dict(run.counts),
                reasons=list(run.reasons),
                verdict=run.verdict,
                created_at=run.created_at,
            )
        )
        self.add_faults(connection, run.id, faults)
        body = {"run": run.id, "job": run.job, "state": run.state.value, "plan": run.plan_hash, "by": run.requested_by}
        append(connection, [Entry(kind="run", at=run.created_at, body=body)])

    def add_faults(self, connection: sa.Connection, run_id: str, faults: Sequence[RunFault]) -> None:
        """Save what a run could not use."""
        if faults:
            connection.execute(
                sa.insert(run_faults),
                [
                    {"run_id": run_id, "place": f.place, "field": f.field, "rule": f.rule, "message": f.message}
                    for f in faults
                ],
            )

    def get(self, connection: sa.Connection, run_id: str) -> Run | None:
        """One run, or None."""
        row = connection.execute(sa.select(runs).where(runs.c.id == run_id)).first()
        return None if row is None else _run(row)

    def several(self, connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, Run]:
        """Those of these runs that there are, by their ids."""
        found = connection.execute(sa.select(runs).where(runs.c.id.in_(list(run_ids))))
        return {row.id: _run(row) for row in found}

    def latest(self, connection: sa.Connection, limit: int = 50) -> list[Run]:
        """The newest runs first."""
        query = sa.select(runs).order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit)
        return [_run(row) for row in connection.execute(query)]

    def ready_of(self, connection: sa.Connection, requested_by: str) -> dict[str, list[EffectState]]:
        """The runs somebody has asked for that are not settled, each with the states of its effects."""
        query = (
            sa.select(runs.c.id, effects.c.state)
            .join(effects, effects.c.run_id == runs.c.id)
            .where(runs.c.requested_by == requested_by, runs.c.state == RunState.READY.value)
        )
        found: dict[str, list[EffectState]] = {}
        for row in connection.execute(query):
            found.setdefault(row.id, []).append(EffectState(row.state))
        return found

    def count(self, connection: sa.Connection, job: str) -> int:
        """How many runs of a job there are: whether one has come in between."""
        return connection.execute(sa.select(sa.func.count()).where(runs.c.job == job)).scalar_one()

    def faults(self, connection: sa.Connection, run_id: str) -> list[RunFault]:
        """What a run could not use."""
        query = sa.select(run_faults).where(run_faults.c.run_id == run_id).order_by(run_faults.c.id)
        return [RunFault(row.place, row.field, row.rule, row.message) for row in connection.execute(query)]

    def change(self, connection: sa.Connection, run_id: str, state: RunState, **values: Any) -> None:
        """Move a run on, with an audit entry."""
        now = self.clock.now()
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(state=state.value, **values))
        body = {"run": run_id, "state": state.value, "verdict": str(values.get("verdict", ""))}
        if "plan_hash" in values:
            body["plan"] = str(values["plan_hash"])
        append(connection, [Entry(kind="run", at=now, body=body)])

    def replace(self, connection: sa.Connection, run_id: str, by: str | None) -> None:
        """Let a held run give way, with what has given way to it before, to the one that plans the same (if one does).

        None: a run for a few does not stand for the others that were held.
        """
        self.change(connection, run_id, RunState.REPLACED, verdict="held", replaced_by=by)
        connection.execute(sa.update(runs).where(runs.c.replaced_by == run_id).values(replaced_by=by))

    def decide(self, connection: sa.Connection, run: Run, decision: str, person: str, why: str) -> None:
        """Record a person's decision on a run, bound to the plan they decided on."""
        now = self.clock.now()
        connection.execute(
            sa.insert(approvals).values(
                run_id=run.id, decision=decision, person=person, why=why, plan_hash=run.plan_hash, decided_at=now
            )
        )
        body = {"run": run.id, "decision": decision, "by": person, "why": why, "plan": run.plan_hash}
        append(connection, [Entry(kind="decision", at=now, body=body)])

    def decisions(self, connection: sa.Connection, run_id: str) -> list[Decision]:
        """What people decided on a run, in order."""
        query = sa.select(approvals).where(approvals.c.run_id == run_id).order_by(approvals.c.id)
        return [Decision(row.decision, row.person, row.why, row.decided_at) for row in connection.execute(query)]

    def approved_feed(self, connection: sa.Connection, source: str) -> ApprovedFeed | None:
        """What the next feed of this source is measured against; None before the first."""
        used = feeds.c.digest != ""  # one without a digest was read, and never used as a whole
        row = connection.execute(sa.select(feeds).where(feeds.c.source == source, used)).first()
        if row is None:
            return None
        shape = row.columns
        if isinstance(shape, list):  # approved before the present were counted: they are never more than the rows
            shape = {"names": shape, "present": row.row_count}
        return ApprovedFeed(row.digest, row.row_count, shape["names"], row.population, shape["present"])

    def approve_feed(self, connection: sa.Connection, source: str, feed: ApprovedFeed) -> None:
        """Make this the feed that the next one is measured against."""
        values = {
            "digest": feed.digest,
            "row_count": feed.row_count,
            "columns": {"names": list(feed.columns), "present": feed.present},
            "population": feed.population,
            "approved_at": self.clock.now(),
        }
        updated = connection.execute(sa.update(feeds).where(feeds.c.source == source).values(**values))
        if updated.rowcount == 0:
            connection.execute(sa.insert(feeds).values(source=source, **values))

    def last_origin(self, connection: sa.Connection, source: str) -> Origin | None:
        """Where what this source said last came from, held or not; None where nothing of it lay there to be read."""
        kept = connection.execute(sa.select(feeds.c.cursor).where(feeds.c.source == source)).scalar()
        if kept is None:
            return None
        said = json.loads(kept)
        return Origin(said["name"], said["digest"], datetime.fromisoformat(said["as_of"]))

    def note_origin(self, connection: sa.Connection, source: str, origin: Origin) -> None:
        """Make this what the source said last."""
        said = {"name": origin.name, "digest": origin.digest, "as_of": origin.as_of.isoformat()}
        kept = {"cursor": json.dumps(said, ensure_ascii=False)}
        updated = connection.execute(sa.update(feeds).where(feeds.c.source == source).values(**kept))
        if updated.rowcount == 0:
            never_used = {"digest": "", "row_count": 0, "columns": [], "population": 0, "approved_at": self.clock.now()}
            connection.execute(sa.insert(feeds).values(source=source, **never_used, **kept))

    def add_hints(self, connection: sa.Connection, system: str, received: Sequence[Hint]) -> int:
        """Store verified inbound events once each; returns how many were new."""
        new = 0
        for hint in received:
            statement = insert_into(connection, hints).values(
                system=system,
                event_id=hint.event_id,
                kind=hint.kind,
                numbers=list(hint.numbers),
                received_at=self.clock.now(),
            )
            # Vendors deliver again, also while the first delivery is still being stored.
            stored = connection.execute(statement.on_conflict_do_nothing().returning(hints.c.event_id)).first()
            new += stored is not None
        return new

    def heard(self, connection: sa.Connection) -> list[tuple[str, str]]:
        """(system, event) of all that no run has answered yet."""
        query = sa.select(hints.c.system, hints.c.event_id).where(hints.c.taken_by.is_(None))
        return [(row.system, row.event_id) for row in connection.execute(query)]

    def take_hints(self, connection: sa.Connection, run_id: str, heard: Sequence[tuple[str, str]]) -> int:
        """Mark these events, of those still waiting, as answered by this run; returns how many."""
        named = sa.tuple_(hints.c.system, hints.c.event_id)
        waiting = hints.c.taken_by.is_(None)
        taken = 0
        for chunk in chunked(heard):
            answering = sa.update(hints).where(waiting, named.in_(chunk)).values(taken_by=run_id)
            taken += connection.execute(answering).rowcount
        return taken

    def waiting_hints(self, connection: sa.Connection) -> int:
        """How many events no run has answered yet."""
        query = sa.select(sa.func.count()).select_from(hints).where(hints.c.taken_by.is_(None))
        return connection.execute(query).scalar_one()

    def engage(self, connection: sa.Connection, scope: str, person: str, why: str) -> None:
        """Throw a kill switch: ``all``, ``system:NAME`` or ``action:NAME``."""
        now = self.clock.now()
        connection.execute(sa.delete(switches).where(switches.c.scope == scope))
        connection.execute(sa.insert(switches).values(scope=scope, person=person, why=why, engaged_at=now))
        append(connection, [Entry(kind="switch", at=now, body={"scope": scope, "on": "yes", "by": person, "why": why})])

    def disengage(self, connection: sa.Connection, scope: str, person: str, why: str) -> None:
        """Take a kill switch back."""
        now = self.clock.now()
        connection.execute(sa.delete(switches).where(switches.c.scope == scope))
        append(connection, [Entry(kind="switch", at=now, body={"scope": scope, "on": "no", "by": person, "why": why})])

    def engaged(self, connection: sa.Connection) -> dict[str, str]:
        """The kill switches that are on, with the reasons."""
        return {row.scope: row.why for row in connection.execute(sa.select(switches))}


def _run(row: sa.Row[Any]) -> Run:
    return Run(
        id=row.id,
        job=row.job,
        state=RunState(row.state),
        requested_by=row.requested_by,
        plan_hash=row.plan_hash,
        feed_digest=row.feed_digest,
        created_at=row.created_at,
        counts=row.counts,
        reasons=row.reasons,
        verdict=row.verdict,
        settled_at=row.settled_at,
    )
