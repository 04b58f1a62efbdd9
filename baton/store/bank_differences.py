"""What the last comparison with a bank has found: each difference while it stands, and how each run stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.store.effects import chunked
from baton.store.personal import Keyring
from baton.store.tables import bank_differences, pay_comparisons
from baton.store.trail import Entry, append

AUDITED: Final = "bank_difference"
"""The kind of the audit entries about differences that somebody has to look at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A difference that was found, and what became of it."""

    key: str
    """Short and unique; what a person types."""
    system: str
    run_id: str
    """Of the run it is about; empty beside all runs."""
    kind: str
    what: str
    """The reference of a line, the id of a file, booking or statement; never a name or an account."""
    place: str
    """The statement it stands on, where it stands on one."""
    weight: str
    """What it asks of people; empty: nothing."""
    since: datetime
    expected_minor: int | None = field(repr=False, default=None)
    found_minor: int | None = field(repr=False, default=None)
    hint: str = ""
    over_at: datetime | None = None
    decided_at: datetime | None = None
    """When somebody took it on; None while nobody has."""
    person: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a run stood when it was last compared. Sums are minor units of the run's currency."""

    run_id: str
    at: datetime
    verdict: str
    lines: int
    compared: int
    sums: Mapping[str, int] = field(repr=False)
    """``filed``, ``refused``, ``waiting``, ``booked``, ``came_back``, ``rest``."""
    version: int = 1


_PLAIN: Final = ("key", "system", "run_id", "kind", "what", "place", "weight", "since")
_DECIDED: Final = ("over_at", "decided_at", "person", "why")
_SEALED: Final = ("expected_minor", "found_minor", "hint")


class BankDifferenceStore:
    """Reads and writes differences and comparisons, inside the caller's transaction."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
        self.clock = clock

    def stand(self, connection: sa.Connection, system: str, found: Sequence[Standing]) -> list[Standing]:
        """Keep what stands now at one bank, and end what does not any more; those that did not stand before.

        One that was taken on, ended and is found again unchanged stays taken on.
        """
        table, now = bank_differences.c, self.clock.now()
        query = sa.select(table.key, table.over_at).where(table.system == system)
        known = {row.key: row.over_at for row in connection.execute(query)}
        new = [each for each in found if each.key not in known]
        again = [each for each in found if known.get(each.key) is not None]
        standing = {each.key for each in found}
        gone = [key for key, over_at in known.items() if over_at is None and key not in standing]
        for chunk in chunked(new):
            connection.execute(sa.insert(bank_differences), [self._row(each) for each in chunk])
        for keys, over_at in (([each.key for each in again], None), (gone, now)):
            for some in chunked(keys):
                connection.execute(sa.update(bank_differences).where(table.key.in_(some)).values(over_at=over_at))
        risen = [*new, *again]
        entries = [Entry(now, AUDITED, _told(each, "found")) for each in risen if each.weight]
        over = self._weighty(connection, gone)
        append(connection, [*entries, *(Entry(now, AUDITED, _told(each, "over")) for each in over)])
        return risen

    def current(self, connection: sa.Connection, systems: Sequence[str] | None = None) -> list[Standing]:
        """What stands now, at these banks or at all, what nobody has taken on yet before the rest, the oldest first."""
        table = bank_differences.c
        query = sa.select(bank_differences).where(table.over_at.is_(None))
        if systems is not None:
            query = query.where(table.system.in_(list(systems)))
        order = (table.decided_at.is_not(None), table.since, table.key)
        return [self._standing(row) for row in connection.execute(query.order_by(*order))]

    def get(self, connection: sa.Connection, key: str) -> Standing | None:
        """One of them."""
        row = connection.execute(sa.select(bank_differences).where(bank_differences.c.key == key)).one_or_none()
        return None if row is None else self._standing(row)

    def take_on(self, connection: sa.Connection, standing: Standing, person: str, why: str) -> None:
        """Keep that somebody looks after it."""
        now = self.clock.now()
        values = {"decided_at": now, "person": person, "why": why}
        connection.execute(sa.update(bank_differences).where(bank_differences.c.key == standing.key).values(**values))
        body = _told(standing, "acknowledged") | {"by": person, "why": why}
        append(connection, [Entry(now, AUDITED, body)])

    def compared(self, connection: sa.Connection, comparisons: Sequence[Comparison]) -> None:
        """Keep how these runs stand, in place of how they stood."""
        before = self.comparisons(connection, [each.run_id for each in comparisons])
        for some in chunked(list(before)):
            connection.execute(sa.delete(pay_comparisons).where(pay_comparisons.c.run_id.in_(some)))
        names = ("run_id", "at", "verdict", "lines", "compared")
        rows = []
        for each in comparisons:
            version = before[each.run_id].version + 1 if each.run_id in before else each.version
            sealed = self._seal("pay_comparisons", each.run_id, dict(each.sums), version)
            rows.append({name: getattr(each, name) for name in names} | {"version": version, "sealed": sealed})
        for chunk in chunked(rows):
            connection.execute(sa.insert(pay_comparisons), chunk)

    def comparisons(self, connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, Comparison]:
        """How these runs stood when they were last compared; those that never were are left out."""
        found = {}
        for some in chunked(list(run_ids)):
            for row in connection.execute(sa.select(pay_comparisons).where(pay_comparisons.c.run_id.in_(some))):
                sums = self._open("pay_comparisons", row.run_id, row)
                found[row.run_id] = Comparison(
                    row.run_id, row.at, row.verdict, row.lines, row.compared, sums, row.version
                )
        return found

    def _weighty(self, connection: sa.Connection, keys: Sequence[str]) -> list[Standing]:
        table = bank_differences.c
        found = []
        for some in chunked(list(keys)):
            query = sa.select(bank_differences).where(table.key.in_(some), table.weight != "")
            found += [self._standing(row) for row in connection.execute(query.order_by(table.key))]
        return found

    def _row(self, each: Standing) -> dict[str, Any]:
        facts = {name: getattr(each, name) for name in _SEALED}
        values = {name: getattr(each, name) for name in _PLAIN}
        return {**values, "version": 1, "sealed": self._seal("bank_differences", each.key, facts, 1)}

    def _standing(self, row: sa.Row[Any]) -> Standing:
        facts = self._open("bank_differences", row.key, row)
        return Standing(**{name: getattr(row, name) for name in (*_PLAIN, *_DECIDED)}, **facts)

    def _seal(self, table: str, row: str, document: Mapping[str, Any], version: int) -> bytes:
        data = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        return self.keyring.seal(data, table=table, row=row, column="sealed", version=version)

    def _open(self, table: str, name: str, row: sa.Row[Any]) -> dict[str, Any]:
        data = self.keyring.open(row.sealed, table=table, row=name, column="sealed", version=row.version)
        found: dict[str, Any] = orjson.loads(data)
        return found


def _told(each: Standing, step: str) -> dict[str, Json]:
    return {
        "system": each.system,
        "key": each.key,
        "step": step,
        "run": each.run_id,
        "difference": each.kind,
        "what": each.what,
    }
