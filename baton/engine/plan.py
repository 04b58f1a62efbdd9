"""Saving a plan: intentions get their place in each entity's order, a key, a row, and together a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from baton.model.effect import Intention, Link
from baton.store.effects import Drafted, EffectStore
from baton.store.links import LinkStore


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
    for entity in planned:
        generation = entity.link.generation
        for intention, digests in entity.intentions:
            generation += 1
            drafted.append(Drafted(intention, generation, entity.link.mapping_digest, digests))
        numbered.append(replace(entity.link, generation=generation))
    links.save_plan(connection, numbered)
    effects.insert(connection, job, run_id, drafted)
    return drafted


def plan_hash(job: str, drafted: Sequence[Drafted], now: datetime) -> str:
    """The plan in one value (64 hex): the same intentions give the same hash, whatever the order or the machine.

    What is due by ``now`` counts as "at once", so that planning a second later changes nothing.
    """
    lines = sorted(
        "|".join(
            (
                draft.key(job),
                draft.intention.due_at.isoformat() if draft.intention.due_at > now else "at once",
                draft.mapping_digest,
                ",".join(f"{name}={draft.digests[name]}" for name in sorted(draft.digests)),
            )
        )
        for draft in drafted
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
