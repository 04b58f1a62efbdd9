"""Saving a plan: intentions get their place in each entity's order, a key, a row, and together a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from baton.model.effect import EffectState, Intention, Link, effect_key
from baton.store.effects import Drafted, EffectStore, chunked
from baton.store.links import LinkStore
from baton.store.tables import effects as table


@dataclass(frozen=True, slots=True)
class Planned:
    """One entity's plan: the link to be stored, and the intentions (with field digests) in the order of their dates."""

    link: Link
    intentions: Sequence[tuple[Intention, Mapping[str, str]]]


def save_plan(
    connection: sa.Connection,
    job: str,
    run_id: str,
    planned: Sequence[Planned],
    effects: EffectStore,
    links: LinkStore,
) -> list[Drafted]:
    """Store the plan in the caller's transaction: earlier unsent effects of these entities give way to the new ones.

    But for what a person has released, where just that is planned again: it stays as it is, and their yes with it.
    """
    by_system: dict[str, list[Planned]] = {}
    for entity in planned:
        by_system.setdefault(entity.link.system, []).append(entity)
    standing: set[tuple[str, str]] = set()
    for system, entities in by_system.items():
        stay = _released_again(connection, job, system, entities, effects.clock.now())
        standing.update((system, number) for number in stay)
        numbers = [entity.link.number for entity in entities if entity.link.number not in stay]
        effects.supersede(connection, job, system, numbers, why="newer_plan")
    drafted: list[Drafted] = []
    numbered: list[Link] = []
    floor = effects.version_floor(connection)
    for entity in planned:
        generation = entity.link.generation  # of whom nothing was ever wanted stays at 0: what is there is not ours
        stands = (entity.link.system, entity.link.number) in standing
        for intention, digests in () if stands else entity.intentions:
            generation = max(generation, floor) + 1
            drafted.append(Drafted(intention, generation, entity.link.mapping_digest, digests))
        numbered.append(replace(entity.link, generation=generation))
    links.save_plan(connection, numbered)
    effects.insert(connection, job, run_id, drafted)
    return drafted


def _released_again(
    connection: sa.Connection, job: str, system: str, entities: Sequence[Planned], now: datetime
) -> set[str]:
    """Those of whom nothing is planned but what waits there already, released: the same actions, dates and values."""
    waiting: dict[str, list[_Step]] = {}
    released = (
        table.c.job == job,
        table.c.system == system,
        table.c.state == EffectState.PLANNED.value,
        table.c.approved,
    )
    # Once over what waits there, not once for every few people: mostly nothing is released, and everybody planned.
    concerned = set(connection.execute(sa.select(table.c.number).where(*released)).scalars())
    for chunk in chunked(sorted(concerned & {entity.link.number for entity in entities})):
        query = sa.select(
            table.c.number, table.c.action, table.c.due_at, table.c.mapping_digest, table.c.digests
        ).where(*released, table.c.number.in_(chunk))
        for row in connection.execute(query.order_by(table.c.version)):
            step = _step(row.action, row.due_at, row.mapping_digest, row.digests, now)
            waiting.setdefault(row.number, []).append(step)
    return {
        entity.link.number
        for entity in entities
        if waiting.get(entity.link.number)
        == [
            _step(what.action.value, what.due_at, entity.link.mapping_digest, digests, now)
            for what, digests in entity.intentions
        ]
    }


_Step = tuple[str, datetime | None, str, dict[str, str]]


def _step(action: str, due_at: datetime, mapping_digest: str, digests: Mapping[str, str], now: datetime) -> _Step:
    """What a step is compared by; what is due by now is due at once, however long it has been."""
    return action, due_at if due_at > now else None, mapping_digest, dict(digests)


def plan_hash(job: str, drafted: Sequence[Drafted], now: datetime) -> str:
    """The plan in one value (64 hex): the same intentions give the same hash, whatever the order or the machine.

    What is due by ``now`` counts as "at once", so that planning a second later changes nothing.
    """
    return _hash(
        (draft.key(job), draft.intention.due_at, draft.mapping_digest, draft.digests, now) for draft in drafted
    )


def stored_plan_hash(connection: sa.Connection, run_id: str, planned_at: datetime) -> str:
    """The hash of what a run holds now, from the rows: equal to `plan_hash` unless somebody has changed them."""
    rows = connection.execute(sa.select(table).where(table.c.run_id == run_id, table.c.state == EffectState.HELD.value))
    return _hash(
        (
            effect_key(row.job, row.system, row.number, row.action, row.version),
            row.due_at,
            row.mapping_digest,
            row.digests,
            planned_at,
        )
        for row in rows
    )


def _hash(parts: Iterable[tuple[str, datetime, str, Mapping[str, str], datetime]]) -> str:
    """Of (key, due at, mapping, field digests, planned at)."""
    lines = sorted(
        "|".join(
            (
                key,
                due_at.isoformat() if due_at > planned_at else "at once",
                mapping_digest,
                ",".join(f"{name}={digests[name]}" for name in sorted(digests)),
            )
        )
        for key, due_at, mapping_digest, digests, planned_at in parts
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
