"""Whose accounts a person keeps as they are, against what the source says last: not decided yet, or rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from baton.model.case import CaseState, Cause
from baton.model.effect import REJECTED, EffectState
from baton.model.people import EmploymentStatus
from baton.store.effects import chunked
from baton.store.links import LAST_PLANNED
from baton.store.runs import RELEASE, RunState
from baton.store.tables import approvals, cases, effects, links, people, person_versions, runs

_NOT_LET_GO = (RunState.HELD.value, RunState.REPLACED.value, RunState.REJECTED.value)
# Made once: naming each column of another alias takes longer than the rest of a statement.
_NEWS, _REFUSED = person_versions.alias("news"), effects.alias("refused")
_DECIDER, _URGENT = runs.alias("decider"), cases.alias("urgent")


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
        found.update(connection.execute(_rejected(systems, links.c.number.in_(chunk))).scalars())
    return found


def still_rejected(connection: sa.Connection, job: str, systems: Sequence[str]) -> set[str]:
    """Everybody of whom that is so, however long ago it was rejected; one statement.

    It looks among those from whom a rejected run of this job would have taken something, not through everybody's links.
    """
    gone = (runs.c.job == job, runs.c.state == RunState.REJECTED.value, effects.c.destructive)
    spared = sa.select(effects.c.number).join_from(runs, effects, effects.c.run_id == runs.c.id).where(*gone)
    return set(connection.execute(_rejected(systems, links.c.number.in_(spared))).scalars())


def _rejected(systems: Sequence[str], which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    last = sa.and_(people.c.number == links.c.number, people.c.version == links.c.rejected_version)
    # By system too: the key of the links begins with it.
    return sa.select(links.c.number).join_from(links, people, last).where(links.c.system.in_(systems), which)


class Word(NamedTuple):
    """What a source has called somebody."""

    status: EmploymentStatus
    recorded_at: datetime
    let_go: bool
    """Whether that has passed the gate: by itself, by a person's word, or in a later run that took it up."""


def words(connection: sa.Connection, job: str, systems: Sequence[str], numbers: Sequence[str]) -> dict[str, list[Word]]:
    """All that was ever said of these people, the oldest first; those nobody knows are left out.

    Nothing sealed is opened for it, and it is one statement for a portion of people.
    """
    version = person_versions.c
    columns = (version.number, version.status, version.recorded_at, has_passed(job, systems))
    found: dict[str, list[Word]] = {}
    for chunk in chunked(numbers):
        query = sa.select(*columns).where(version.number.in_(chunk)).order_by(version.number, version.version)
        for number, status, recorded_at, passed in connection.execute(query):
            found.setdefault(number, []).append(Word(EmploymentStatus(status), recorded_at, bool(passed)))
    return found


def let_go(connection: sa.Connection, job: str, system: str, numbers: Sequence[str]) -> set[str]:
    """Those of these people of whom what they were planned up to in this system has passed the gate once."""
    version, passed = person_versions.c, has_passed(job, [system])
    planned = sa.and_(version.number == links.c.number, version.version == LAST_PLANNED)
    found: set[str] = set()
    for chunk in chunked(numbers):
        asked = (links.c.system == system, links.c.number.in_(chunk))
        query = sa.select(links.c.number).join_from(links, person_versions, planned).where(*asked, passed)
        found.update(connection.execute(query).scalars())
    return found


def has_passed(job: str, systems: Sequence[str]) -> sa.ColumnElement[bool]:
    """A version of somebody (`person_versions`) that has passed the gate once.

    The run that recorded it was not held; or, if it was, a later one has taken up in one of these systems what it takes
    away, and passed by itself or by a person's word. What is taken after HR has said something else, after a person has
    rejected the version, or in an emergency, is taken for another reason.
    """
    version, effect = person_versions.c, effects.c
    refused = sa.exists().where(
        *_takes_from(_REFUSED.c, job, systems),
        _REFUSED.c.code == REJECTED,
        _REFUSED.c.id < effect.id,
    )
    urgent = sa.exists().where(
        _URGENT.c.number == version.number,
        _URGENT.c.cause == Cause.EMERGENCY.value,
        _URGENT.c.state != CaseState.RETRACTED.value,
        _URGENT.c.opened_at <= effect.created_at,
    )
    later = sa.exists().where(
        *_takes_from(effect, job, systems),
        runs.c.id == effect.run_id,
        runs.c.state.not_in(_NOT_LET_GO),
        ~_had_news(effect.created_at).correlate(person_versions, effects),
        ~refused.correlate(person_versions, effects),
        ~urgent.correlate(person_versions, effects),
    )
    return sa.or_(~was_held(), later.correlate(person_versions))


def was_held() -> sa.ColumnElement[bool]:
    """A version that was recorded by a run which the gate has held, and nobody has released.

    Of one that was replaced it counts whether a person has released the run that planned the same anew, where that was
    the same still: who has nothing to lose is in no effect of either.
    """
    decider = sa.exists().where(
        _DECIDER.c.id == runs.c.replaced_by,
        _DECIDER.c.state.not_in(_NOT_LET_GO),
        sa.exists().where(approvals.c.run_id == _DECIDER.c.id, approvals.c.decision == RELEASE).correlate(_DECIDER),
        ~_had_news(_DECIDER.c.created_at).correlate(person_versions, _DECIDER),
    )
    held = sa.exists().where(
        runs.c.id == person_versions.c.run_id,
        runs.c.state.in_(_NOT_LET_GO),
        ~decider.correlate(runs, person_versions),
    )
    return held.correlate(person_versions)


def _had_news(by: sa.ColumnElement[datetime]) -> sa.Exists:
    """A version after which its source had said something else by this moment."""
    version = person_versions.c
    return sa.exists().where(
        _NEWS.c.number == version.number, _NEWS.c.version > version.version, _NEWS.c.recorded_at <= by
    )


def _takes_from(effect: Any, job: str, systems: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """An effect (columns) that takes something from whom a version is about, since that was told."""
    version = person_versions.c
    return [
        effect.job == job,
        effect.system.in_(systems),  # the index over whom effects are about begins with it
        effect.number == version.number,
        effect.destructive,
        effect.created_at >= version.recorded_at,
    ]
