"""Personal links as they are kept: whom each lets in, where, until when. A row is no key: see the hub's `links`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.model.case import Role
from baton.store.tables import personal_links
from baton.store.trail import Entry, append


@dataclass(frozen=True, slots=True)
class PersonalLink:
    """One person's way into one case, in one role."""

    id: str
    """16 random bytes as 32 hexadecimal digits."""
    case_id: str
    person: str
    role: Role
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    """When it was last used."""


class PersonalLinkStore:
    """Reads and writes personal links, inside the caller's transaction."""

    def insert(self, connection: sa.Connection, link: PersonalLink) -> None:
        """Keep a new link."""
        connection.execute(
            sa.insert(personal_links).values(
                id=link.id,
                case_id=link.case_id,
                person=link.person,
                role=link.role.value,
                made_by=link.made_by,
                made_at=link.made_at,
                expires_at=link.expires_at,
            )
        )
        append(connection, [_entry("link", link.made_at, link, by=link.made_by)])

    def get(self, connection: sa.Connection, link_id: str) -> PersonalLink | None:
        """One link, or None."""
        row = connection.execute(sa.select(personal_links).where(personal_links.c.id == link_id)).first()
        return None if row is None else _link(row)

    def of_case(self, connection: sa.Connection, case_id: str) -> list[PersonalLink]:
        """Every link into a case, oldest first."""
        query = sa.select(personal_links).where(personal_links.c.case_id == case_id)
        return [_link(row) for row in connection.execute(query.order_by(personal_links.c.made_at, personal_links.c.id))]

    def of_person(self, connection: sa.Connection, person: str) -> list[PersonalLink]:
        """Every link that was made for somebody, oldest first."""
        query = sa.select(personal_links).where(personal_links.c.person == person)
        return [_link(row) for row in connection.execute(query.order_by(personal_links.c.made_at, personal_links.c.id))]

    def revoke(self, connection: sa.Connection, links: Iterable[PersonalLink], by: str, at: datetime) -> int:
        """End these links now; how many had not ended already."""
        entries = []
        for link in links:
            ending = (
                sa.update(personal_links)
                .where(personal_links.c.id == link.id, personal_links.c.revoked_at.is_(None))
                .values(revoked_at=at)
            )
            if connection.execute(ending).rowcount == 1:
                entries.append(_entry("link_revoked", at, link, by=by))
        append(connection, entries)
        return len(entries)

    def note_use(self, connection: sa.Connection, link: PersonalLink, at: datetime) -> None:
        """Note that a link has been used just now."""
        connection.execute(sa.update(personal_links).where(personal_links.c.id == link.id).values(used_at=at))


def _link(row: sa.Row[Any]) -> PersonalLink:
    return PersonalLink(
        id=row.id,
        case_id=row.case_id,
        person=row.person,
        role=Role(row.role),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )


def _entry(kind: str, at: datetime, link: PersonalLink, *, by: str) -> Entry:
    body: dict[str, Json] = {"case": link.case_id, "person": link.person, "role": link.role.value, "by": by}
    return Entry(kind=kind, at=at, body=body | {"link": link.id, "expires_at": link.expires_at.isoformat()})
