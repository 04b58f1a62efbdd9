"""Erasing one person: who asked, who decided, and what is taken out at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.model.account import AccountState
from baton.store.effects import EffectStore, chunked
from baton.store.tables import cases, erasures, links, people, person_indexes, person_versions
from baton.store.told_lines import drop_told_lines
from baton.store.trail import Entry, append
from baton.store.written_words import WrittenWords


@dataclass(frozen=True, slots=True)
class Erasure:
    """One request to erase somebody, and what became of it."""

    id: int
    number: str
    asked_by: str
    why: str
    asked_at: datetime
    decided_by: str
    erased_at: datetime | None
    kept: Sequence[Mapping[str, str]]
    """What law has us keep for now: ``what`` (a class of `baton.hub.keeping.fates`) and ``until`` (a day)."""


class ErasureStore:
    """Requests, decisions, and the taking out itself. Inside the caller's transaction."""

    def __init__(self, store: EffectStore) -> None:
        self.words = WrittenWords(store)
        self.clock = store.clock

    # --- who asked, who decided

    def ask(self, connection: sa.Connection, number: str, person: str, why: str) -> None:
        """Keep a request; one that waits already is replaced."""
        now = self.clock.now()
        connection.execute(sa.delete(erasures).where(erasures.c.number == number, erasures.c.erased_at.is_(None)))
        values = {"number": number, "asked_by": person, "why": why, "asked_at": now, "decided_by": "", "kept": []}
        connection.execute(sa.insert(erasures).values(**values))
        self._note(connection, "asked", number, {"by": person, "why": why})

    def newest(self, connection: sa.Connection, number: str) -> Erasure | None:
        """The newest request about somebody; None where there is none."""
        query = sa.select(erasures).where(erasures.c.number == number).order_by(erasures.c.id.desc()).limit(1)
        row = connection.execute(query).first()
        return None if row is None else _erasure(row)

    def all(self, connection: sa.Connection) -> list[Erasure]:
        """Every request, the oldest first."""
        return [_erasure(row) for row in connection.execute(sa.select(erasures).order_by(erasures.c.id))]

    def done(
        self, connection: sa.Connection, number: str, person: str, at: datetime, kept: Sequence[Mapping[str, str]]
    ) -> None:
        """Keep that somebody was erased, and what is kept of them; a request there is for it is answered."""
        values = {"decided_by": person, "erased_at": at, "kept": [dict(each) for each in kept]}
        waiting = sa.and_(erasures.c.number == number, erasures.c.erased_at.is_(None))
        answered = connection.execute(sa.update(erasures).where(waiting).values(**values))
        if answered.rowcount == 0:
            asked = {"number": number, "asked_by": "", "why": "ledger", "asked_at": at}
            connection.execute(sa.insert(erasures).values(**asked, **values))
        self._note(connection, "erased", number, {"by": person, "kept": ",".join(each["what"] for each in kept)})

    def keep_less(self, connection: sa.Connection, erasure: Erasure, kept: Sequence[Mapping[str, str]]) -> None:
        """Keep that the time of some of it is over."""
        rest = [dict(each) for each in kept]
        connection.execute(sa.update(erasures).where(erasures.c.id == erasure.id).values(kept=rest))
        self._note(connection, "retention_over", erasure.number, {"kept": ",".join(each["what"] for each in kept)})

    def erased(self, connection: sa.Connection) -> set[str]:
        """Everybody who was erased."""
        query = sa.select(erasures.c.number).where(erasures.c.erased_at.is_not(None))
        return set(connection.execute(query).scalars())

    def erased_at(self, connection: sa.Connection, number: str) -> datetime | None:
        """When somebody was erased last; None for who never was."""
        return self.last(connection, [number]).get(number)

    def last(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, datetime]:
        """When each of these people was erased last; those who never were are left out."""
        found: dict[str, datetime] = {}
        for chunk in chunked(numbers):
            theirs = (erasures.c.number.in_(chunk), erasures.c.erased_at.is_not(None))
            query = sa.select(erasures.c.number, sa.func.max(erasures.c.erased_at)).where(*theirs)
            found.update((number, at) for number, at in connection.execute(query.group_by(erasures.c.number)))
        return found

    def of_erased(self, connection: sa.Connection, case_ids: Sequence[str]) -> frozenset[str]:
        """Those of these cases whose leaver was erased since they were opened."""
        found: set[str] = set()
        for chunk in chunked(case_ids):
            query = sa.select(cases.c.id).where(cases.c.id.in_(chunk), leaver_is_erased())
            found.update(connection.execute(query).scalars())
        return frozenset(found)

    def _note(self, connection: sa.Connection, what: str, number: str, facts: Mapping[str, str]) -> None:
        body = {"what": what, "number": number, **facts}
        append(connection, [Entry(kind="erasure", at=self.clock.now(), body=body)])

    # --- at once

    def erase_person(self, connection: sa.Connection, number: str, before: datetime) -> int:
        """Take out what was recorded of somebody up to a moment: versions, index, links, payloads; how many rows.

        Who was hired again since keeps what was recorded since.
        """
        old = (person_versions.c.number == number, person_versions.c.recorded_at <= before)
        newer = connection.execute(
            sa.select(person_versions.c.version).where(
                person_versions.c.number == number, person_versions.c.recorded_at > before
            )
        ).first()
        drop_told_lines(connection)
        gone = connection.execute(sa.delete(person_versions).where(*old)).rowcount
        if newer is None:
            for table in (person_indexes, people):
                gone += connection.execute(sa.delete(table).where(table.c.number == number)).rowcount
            # The row stays for its counters: a key that a target knows is never used for anything else.
            emptied = {"applied": {}, "state": AccountState.REMOVED.value, "planned_version": 0, "rejected_version": 0}
            theirs = sa.update(links).where(links.c.number == number)
            connection.execute(theirs.values(**emptied, external_id=None, dirty=False))
        return gone + self.words.take_out(connection, number, before)


def leaver_is_erased() -> sa.ColumnElement[bool]:
    """A case whose leaver was erased since it was opened; not one of who was hired again."""
    return sa.exists().where(erasures.c.number == cases.c.number, erasures.c.erased_at >= cases.c.opened_at)


def _erasure(row: sa.Row[Any]) -> Erasure:
    return Erasure(
        row.id, row.number, row.asked_by, row.why, row.asked_at, row.decided_by, row.erased_at, tuple(row.kept)
    )
