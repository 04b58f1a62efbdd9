"""Whose accounts a person keeps as they are, against what the source says last: not decided yet, or rejected."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from baton.model.effect import EffectState
from baton.store.effects import chunked
from baton.store.links import LAST_PLANNED
from baton.store.runs import RunState
from baton.store.tables import effects, links, people, person_versions, runs

_NOT_LET_GO = (RunState.HELD.value, RunState.REPLACED.value, RunState.REJECTED.value)


def held_by(connection: sa.Connection, job: str) -> dict[str, str]:
    """Everybody from whom a held run of a job would take something, with that run."""
    # Written into the statement, not bound: only so does the index over what is held fit.
    is_held = effects.c.state == sa.literal(EffectState.HELD.value, literal_execute=True)
    query = sa.select(effects.c.number, effects.c.run_id).where(effects.c.job == job, is_held, effects.c.destructive)
    return dict(connection.execute(query.order_by(effects.c.id)).all())


def rejected(connection: sa.Connection, systems: Sequence[str], numbers: Sequence[str]) -> set[str]:
    """Those of these people of whom the source has said nothing since its last word was rejected in one of these."""
    found: set[str] = set()
    for chunk in chunked(numbers):
        # By system too: the key of the links begins with it.
        theirs = (links.c.system.in_(systems), links.c.number.in_(chunk))
        last = sa.and_(people.c.number == links.c.number, people.c.version == links.c.rejected_version)
        query = sa.select(links.c.number).join_from(links, people, last).where(*theirs)
        found.update(connection.execute(query).scalars())
    return found


def let_go(connection: sa.Connection, job: str, system: str, numbers: Sequence[str]) -> set[str]:
    """Those of these people of whom what they were planned up to in this system has passed the gate once.

    The run that recorded that version was not held; or, if it was, a later one has taken up what it takes away, and
    passed by itself or by a person's word.
    """
    version, effect = person_versions.c, effects.c
    theirs = (effect.job == job, effect.system == system, effect.number == version.number, effect.destructive)
    passed = (effect.created_at >= version.recorded_at, runs.c.state.not_in(_NOT_LET_GO))
    later = sa.exists().where(*theirs, *passed, runs.c.id == effect.run_id)
    held = sa.exists().where(runs.c.id == version.run_id, runs.c.state.in_(_NOT_LET_GO)).correlate(person_versions)
    planned = sa.and_(version.number == links.c.number, version.version == LAST_PLANNED)
    found: set[str] = set()
    for chunk in chunked(numbers):
        asked = (links.c.system == system, links.c.number.in_(chunk))
        query = sa.select(links.c.number).join_from(links, person_versions, planned).where(*asked, sa.or_(~held, later))
        found.update(connection.execute(query).scalars())
    return found
