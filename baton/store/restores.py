"""A store that was set back to a backup: what it believes unsent may have been sent since, so nothing leaves it yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.model.effect import ACCOUNT_ACTIONS, EffectState
from baton.store.effects import EffectStore
from baton.store.links import LinkStore
from baton.store.tables import effects, links, migrations, pay_runs, personal_links, restores
from baton.store.trail import Entry, append, log

UNREAD: Final = "restored:"
"""Scope of the switch (with a system's name) that is on from a restore until that system was read back."""
READ: Final = "read_back:"
"""The same, from then until a second person opens it."""
FENCES: Final = (UNREAD, READ)
UNREAD_WHY: Final = "restored from a backup and not read back yet"
"""Why nothing is sent to a system, until trying to read it back has told more."""
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_STEP: Final = 1_000_000
"""More versions than any entity gets between two backups."""
_SINCE: Final = "restored"
"""The code of effects that a restore has moved."""


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore of this store."""

    at: datetime
    person: str
    why: str
    backup: str
    """SHA-256 (hex) of the backup's manifest; empty where the database's own tools restored it."""


class RestoreStore:
    """Marks a store as restored, inside the caller's transaction."""

    def __init__(self, store: EffectStore, links: LinkStore) -> None:
        self.effects = store
        self.links = links
        self.clock = store.clock

    def begin(self, connection: sa.Connection, person: str, why: str, backup: str) -> Counter[str]:
        """Raise the floor of versions and take back every belief that something was not sent; what was moved whither.

        Accounts are planned anew from what is read back: an old plan sent now could put an older value over a newer.
        Anything else is looked up before it is sent.
        """
        now = self.clock.now()
        entries = log.head(connection).size
        floor = _floor(now, self.effects.version_floor(connection))
        row = {"at": now, "person": person, "why": why, "backup": backup, "entries": entries, "version_floor": floor}
        connection.execute(sa.insert(restores).values(**row))
        moved = Counter({"planned_anew": self._plan_anew(connection)})
        moved["to_look_up"] = self._doubt(connection, effects.c.state == EffectState.PLANNED.value)
        moved["to_look_up"] += self._doubt(connection, effects.c.state == EffectState.SENT.value)
        held = effects.c.state == EffectState.HELD.value
        marked = connection.execute(sa.update(effects).where(held).values(doubted=True))
        moved["held"] = marked.rowcount
        # Some may have been taken back after the backup: a way in that somebody has closed must not open again.
        living = personal_links.c.revoked_at.is_(None)
        moved["links_ended"] = connection.execute(
            sa.update(personal_links).where(living).values(revoked_at=now)
        ).rowcount
        body: dict[str, Json] = {"by": person, "why": why, "backup": backup, "entries": entries, "floor": floor}
        append(connection, [Entry(kind="restore", at=now, body=body)])
        return moved

    def _plan_anew(self, connection: sa.Connection) -> int:
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        accounts = effects.c.action.in_(sorted(ACCOUNT_ACTIONS))
        found = connection.execute(sa.select(effects.c.system, effects.c.number).where(unsent, accounts)).all()
        for system in sorted({row.system for row in found}):
            self.links.mark_dirty(connection, system, [row.number for row in found if row.system == system])
        return self.effects.set_back(connection, EffectState.SUPERSEDED, unsent, accounts, code=_SINCE)

    def _doubt(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
        return self.effects.set_back(
            connection,
            EffectState.IN_DOUBT,
            which,
            doubted=True,
            epoch=effects.c.epoch + 1,
            attempts=effects.c.attempts + 1,
            lease_owner=None,
            lease_until=None,
            code=_SINCE,
            message="the store was restored from a backup: it may have been sent since",
        )

    def overtaken(self, connection: sa.Connection, system: str) -> int:
        """Give up what is in doubt about accounts that have just been read: what they are like is known now."""
        doubtful = (
            effects.c.system == system,
            effects.c.action.in_(sorted(ACCOUNT_ACTIONS)),
            effects.c.state == EffectState.IN_DOUBT.value,
        )
        # Also those of whom nothing was there to be read: an account that was never made is wanted all the same.
        numbers = connection.execute(sa.select(effects.c.number).where(*doubtful).distinct()).scalars().all()
        self.links.mark_dirty(connection, system, numbers)
        return self.effects.set_back(
            connection,
            EffectState.REFUSED,
            *doubtful,
            code=_SINCE,
            message="the account was read back after a restore and is planned anew",
        )

    def written_to(self, connection: sa.Connection) -> set[str]:
        """Every system of which this store knows that something was sent to it, or was to be."""
        columns = (effects.c.system, links.c.system, pay_runs.c.system, migrations.c.target)
        return {name for column in columns for name in connection.execute(sa.select(column).distinct()).scalars()}

    def latest(self, connection: sa.Connection) -> Restore | None:
        """The newest restore; None in a store that was never restored."""
        row = connection.execute(sa.select(restores).order_by(restores.c.id.desc()).limit(1)).first()
        return None if row is None else Restore(row.at, row.person, row.why, row.backup)


def _floor(now: datetime, former: int) -> int:
    """The seconds of the calendar: above whatever was used before, for no entity gets a version every second.

    Counted on from the store alone, a backup that is gone back to twice would give the same floor twice. That is done
    only where the clock has been set back.
    """
    seconds = int((now - _BEGAN).total_seconds())
    return seconds if seconds > former else former + _STEP


def fenced(scopes: Sequence[str], fence: str) -> list[str]:
    """The systems that one of the `FENCES` stands around, among the scopes of switches that are on."""
    return sorted(scope.removeprefix(fence) for scope in scopes if scope.startswith(fence))


def in_force(scopes: Iterable[str], used: Collection[str]) -> list[str]:
    """The switches, of those that are on, that stop anything: a fence around a system not in use waits for its day."""
    return [
        scope
        for scope in scopes
        if not scope.startswith(FENCES) or any(scope == f"{fence}{name}" for fence in FENCES for name in used)
    ]
