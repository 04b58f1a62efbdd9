"""Who worked here until the source said that they have left: what a handover is opened for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from baton.model.people import EmploymentStatus
from baton.store.effects import chunked
from baton.store.held_back import was_held
from baton.store.tables import people, person_versions

_EARLIER = person_versions.alias("earlier")


def left_since(connection: sa.Connection, since: datetime, ever: Collection[str] = ()) -> dict[str, datetime]:
    """Who has left and worked here until that was recorded, if since then (of ``ever``: at any time); and when.

    Also who has worked here until a word that the gate held, or a person rejected, before that: where the source has
    said something newer of it since then, it is that word by which they leave.
    """
    at = person_versions.c.recorded_at
    found = _left(connection, people.c.recorded_at >= since, sa.or_(at >= since, was_held()))
    for chunk in chunked(ever):
        found |= _left(connection, people.c.number.in_(chunk))
    return dict(sorted(found.items()))


def _left(
    connection: sa.Connection, asked: sa.ColumnElement[bool], *which: sa.ColumnElement[bool]
) -> dict[str, datetime]:
    """Those of these people, and when the last such version of theirs was recorded."""
    departed = EmploymentStatus.DEPARTED.value
    worked = sa.exists().where(
        _EARLIER.c.number == person_versions.c.number,
        _EARLIER.c.version == person_versions.c.version - 1,
        _EARLIER.c.status.in_([status.value for status in EmploymentStatus if status.employed]),
    )
    # Who left years ago is passed over by the newest version alone: nobody reads all that was ever told of them.
    lately = sa.select(people.c.number).where(people.c.status == departed, people.c.version > 1, asked)
    at = sa.func.max(person_versions.c.recorded_at, type_=person_versions.c.recorded_at.type)
    query = sa.select(person_versions.c.number, at).where(
        person_versions.c.number.in_(lately), person_versions.c.status == departed, worked, *which
    )
    return dict(connection.execute(query.group_by(person_versions.c.number)).all())
