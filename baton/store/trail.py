"""The hub's audit log, bound to its tables: an action and its entry commit or roll back together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.audit.log import AuditLog, Entry
from baton.store.tables import audit

log = AuditLog(audit)
append = log.append


def newest_entries(
    connection: sa.Connection, kind: str, limit: int, *, system: str = ""
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The newest entries of a kind (about one system, where it is given), newest first: when, and what."""
    table = audit.entries
    query = sa.select(table.c.at, table.c.body).where(table.c.kind == kind)
    if system:  # as it is spelt in the canonical JSON of a body
        query = query.where(table.c.body.contains(f'"system":{json.dumps(system)}', autoescape=True))
    for row in connection.execute(query.order_by(table.c.seq.desc()).limit(limit)):
        yield datetime.fromisoformat(row.at), json.loads(row.body)


def newest_moment(connection: sa.Connection) -> datetime | None:
    """The latest moment that any entry gives: not the last entry's, where a clock that was ahead has been set right."""
    newest = connection.execute(sa.select(sa.func.max(audit.entries.c.at))).scalar()
    return None if newest is None else datetime.fromisoformat(newest)


__all__ = ["Entry", "append", "log", "newest_entries", "newest_moment"]
