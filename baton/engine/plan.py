"""Saving a plan: intentions get their place in each entity's order, a key, a row, and together a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from baton.model.effect import EffectState, Intention, Link, effect_key
from baton.store.effects import Drafted, EffectStore
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
    """Store the plan in the caller's transaction: earlier unsent effects of these entities give way to the new ones."""
    by_system: dict[str, list[str]] = {}
    for entity in planned:
        by_system.setdefault(entity.link.system, []).append(entity.link.number)
    for system, numbers in by_system.items():
        effects.supersede(connection, job, system, numbers, why="newer_plan")
    drafted: list[Drafted] = []
    numbered: list[Link] = []
    floor = effects.version_floor(connection)
    for entity in planned:
        generation = entity.link.generation  # of whom nothing was ever wanted stays at 0: what is there is not ours
        for intention, digests in entity.intentions:
            generation = max(generation, floor) + 1
            drafted.append(Drafted(intention, generation, entity.link.mapping_digest, digests))
        numbered.append(replace(entity.link, generation=generation))
    links.save_plan(connection, numbered)
    effects.insert(connection, job, run_id, drafted)
    return drafted


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
