"""The canonical employees: the newest version of each, every earlier one, and what is still to come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from baton.model.people import Employee, EmploymentStatus, StatusPeriod, describe_change
from baton.store.effects import chunked
from baton.store.payload import pack_employee, unpack_employee
from baton.store.person_lookups import change_indexes
from baton.store.person_timelines import from_now, in_effect
from baton.store.personal import Keyring
from baton.store.tables import feeds, links, people, person_indexes, person_versions
from baton.store.told_lines import drop_told_lines
from baton.store.upserts import insert_into

_MANY: Final = 10_000
"""From so many people on it is faster to read everybody than to ask for them by number."""
_STATUSES: Final = {status.value: status for status in EmploymentStatus}
INDEXED: Final = ("mobile", "identity_number", "bank_account_number")


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of one person, besides who it is."""

    version: int
    status: EmploymentStatus
    digest: bytes


@dataclass(frozen=True, slots=True)
class PersonVersion:
    """One version of a person and when it takes effect."""

    version: int
    effective_at: datetime
    employee: Employee


@dataclass(frozen=True, slots=True)
class Recorded:
    """One version of a person and when it was stored."""

    version: int
    recorded_at: datetime
    employee: Employee


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest version of a person, in force or still to come, and which source told of it."""

    source: str
    known: Known
    employee: Employee


class PeopleStore:
    """Reads and writes people, inside the caller's transaction."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def digests(self, connection: sa.Connection, source: str) -> dict[str, bytes]:
        """Everyone this source has told us about, and the digest of what it said last: whether a row says news."""
        query = sa.select(people.c.number, people.c.digest).where(people.c.source == source)
        return dict(connection.execute(query).all())

    def told(self, connection: sa.Connection, source: str, numbers: Sequence[str]) -> dict[str, Known]:
        """What is stored of those of these people of whom this source has told; asked for many, all its people."""
        columns = (people.c.number, people.c.version, people.c.status, people.c.digest)
        found: dict[str, Known] = {}
        for chunk in [None] if len(numbers) > _MANY else list(chunked(numbers)):
            # Asked for by number only: with the source beside it, SQLite takes that index, and reads all its people.
            where = people.c.source == source if chunk is None else people.c.number.in_(chunk)
            for number, version, status, mark, of in connection.execute(
                sa.select(*columns, people.c.source).where(where)
            ):
                if of == source:
                    found[number] = Known(version, _STATUSES[status], mark)
        return found

    def count_told(self, connection: sa.Connection, source: str, status: EmploymentStatus | None = None) -> int:
        """How many people this source has told of; of those, how many whose newest status is this one."""
        query = sa.select(sa.func.count()).select_from(people).where(people.c.source == source)
        if status is not None:
            query = query.where(people.c.status == status.value)
        return connection.execute(query).scalar_one()

    def count_told_since_feed(self, connection: sa.Connection, source: str) -> int:
        """How many who have not departed this source said something new of after the last of its feeds was approved."""
        present = (people.c.source == source, people.c.status != EmploymentStatus.DEPARTED.value)
        both = people.join(
            feeds, sa.and_(feeds.c.source == people.c.source, people.c.recorded_at > feeds.c.approved_at)
        )
        return connection.execute(sa.select(sa.func.count()).select_from(both).where(*present)).scalar_one()

    def known(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, Known]:
        """What is stored of these people; those nobody knows are left out."""
        found: dict[str, Known] = {}
        for chunk in chunked(numbers):
            columns = (people.c.number, people.c.version, people.c.status, people.c.digest)
            for row in connection.execute(sa.select(*columns).where(people.c.number.in_(chunk))):
                found[row.number] = Known(row.version, EmploymentStatus(row.status), row.digest)
        return found

    def elsewhere(self, connection: sa.Connection, source: str, numbers: Sequence[str]) -> dict[str, str]:
        """Those of these people who belong to another source, with its name: two sources never share a person."""
        found: dict[str, str] = {}
        for chunk in chunked(numbers):
            query = sa.select(people.c.number, people.c.source).where(
                people.c.number.in_(chunk), people.c.source != source
            )
            found.update((row.number, row.source) for row in connection.execute(query))
        return found

    def everyone(self, connection: sa.Connection, page_rows: int) -> Iterator[list[Employee]]:
        """The newest version of every person, by number, in pages: one statement, and so one state of them all."""
        query = _newest().order_by(people.c.number)
        found = connection.execute(query, execution_options={"yield_per": page_rows})
        for page in found.partitions():
            yield [self._open(row) for row in page]

    def newest(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, Newest]:
        """The newest version of these people; those nobody knows are left out."""
        found: dict[str, Newest] = {}
        for chunk in chunked(numbers):
            for row in connection.execute(_newest().where(people.c.number.in_(chunk))):
                known = Known(row.version, EmploymentStatus(row.status), row.digest)
                found[row.number] = Newest(row.source, known, self._open(row))
        return found

    def count(self, connection: sa.Connection) -> int:
        """How many people are known, those who have left included."""
        return connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one()

    def forget(self, connection: sa.Connection, numbers: Sequence[str]) -> None:
        """Delete these people with every version: only for those who should never have been here."""
        drop_told_lines(connection)
        for chunk in chunked(numbers):
            for table in (person_indexes, person_versions, people):
                connection.execute(sa.delete(table).where(table.c.number.in_(chunk)))

    def record(
        self,
        connection: sa.Connection,
        source: str,
        run_id: str,
        changed: Sequence[tuple[Employee, bytes]],
        known: Mapping[str, Known],
        now: datetime,
    ) -> None:
        """Store a new version of each of these people, in force from ``now`` unless it says otherwise."""
        if not changed:
            return
        drop_told_lines(connection)
        heads, versions, indexes = [], [], []
        for employee, digest in changed:
            before = known.get(employee.number)
            version = 1 if before is None else before.version + 1
            heads.append(
                {
                    "number": employee.number,
                    "source": source,
                    "version": version,
                    "status": employee.status.value,
                    "digest": digest,
                    "recorded_at": now,
                }
            )
            sealed = self.keyring.seal(
                pack_employee(employee), table="person_versions", row=employee.number, column="sealed", version=version
            )
            versions.append(
                {
                    "number": employee.number,
                    "version": version,
                    "status": employee.status.value,
                    "what": describe_change(before.status if before else None, employee.status),
                    "effective_at": max(employee.effective_at() or now, now),
                    "recorded_at": now,
                    "run_id": run_id,
                    "sealed": sealed,
                }
            )
            indexes += self._index_rows(employee)
        for chunk in chunked(heads):
            self._upsert_heads(connection, chunk)
        for chunk in chunked(versions):
            connection.execute(sa.insert(person_versions), chunk)
        change_indexes(connection, [employee.number for employee, _ in changed], indexes)

    def timelines(
        self, connection: sa.Connection, numbers: Sequence[str], now: datetime
    ) -> dict[str, list[PersonVersion]]:
        """For each person the version in force and the ones still to come, in the order they take effect."""
        return {
            number: [
                PersonVersion(row.version, row.effective_at, self._open(row))
                for row in from_now(in_effect(rows, self._open), now)
            ]
            for number, rows in self._versions(connection, numbers).items()
        }

    def given_way(self, connection: sa.Connection, numbers: Sequence[str]) -> list[tuple[str, int]]:
        """(number, version) of what never took effect and never will: called off or put off before it came."""
        return [
            (number, row.version)
            for number, rows in self._versions(connection, numbers).items()
            for row in set(rows).difference(in_effect(rows, self._open))
        ]

    def _versions(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, list[sa.Row[Any]]]:
        versions: dict[str, list[sa.Row[Any]]] = {}
        for chunk in chunked(numbers):
            query = (
                sa.select(person_versions)
                .where(person_versions.c.number.in_(chunk))
                .order_by(person_versions.c.number, person_versions.c.version)
            )
            for row in connection.execute(query):
                versions.setdefault(row.number, []).append(row)
        return versions

    def candidates(
        self,
        connection: sa.Connection,
        system: str,
        mapping_digest: str,
        numbers: Sequence[str] | None,
        protected: Collection[str] = (),
        *,
        dirty: bool = True,
    ) -> Iterator[tuple[str, int]]:
        """People who changed since they were last planned for this system.

        Or whose mapping or link did (without ``dirty``: not the link), or who became ``protected`` or ceased to be.
        """
        links_of = sa.select(links.c.number, links.c.planned_version).where(links.c.system == system)
        if dirty:
            links_of = links_of.where(links.c.dirty == sa.false())
        planned = [
            links_of.where(links.c.mapping_digest == planned_digest(mapping_digest, protected=guarded), which)
            for guarded, which in (
                (False, links.c.number.not_in(sorted(protected)) if protected else sa.true()),
                (True, links.c.number.in_(sorted(protected))),
            )
            if protected or not guarded
        ]
        # Two lists in the order of their indexes, laid side by side: a join would look up each person.
        query = sa.select(people.c.number, people.c.version).except_(*planned).order_by("number", "version")
        wanted = None if numbers is None else set(numbers)
        for row in connection.execute(query).all():
            if wanted is None or row.number in wanted:
                yield row.number, row.version

    def population(self, connection: sa.Connection) -> int:
        """How many people work here, by what is stored."""
        gone = (EmploymentStatus.DEPARTED.value, EmploymentStatus.PENDING_HIRE.value)
        query = sa.select(sa.func.count()).select_from(people).where(people.c.status.not_in(gone))
        return connection.execute(query).scalar_one()

    def with_status(self, connection: sa.Connection, status: EmploymentStatus) -> list[str]:
        """The numbers of everybody whose newest version has this status."""
        query = sa.select(people.c.number).where(people.c.status == status.value).order_by(people.c.number)
        return list(connection.execute(query).scalars())

    def statuses(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, EmploymentStatus]:
        """The current status of these people."""
        found: dict[str, EmploymentStatus] = {}
        for chunk in chunked(numbers):
            query = sa.select(people.c.number, people.c.status).where(people.c.number.in_(chunk))
            found.update((row.number, EmploymentStatus(row.status)) for row in connection.execute(query))
        return found

    def history(self, connection: sa.Connection, number: str) -> list[StatusPeriod]:
        """Every status this person has had, oldest first, then those still to come: each from when it holds now.

        What was called off or put off before it came is none of them.
        """
        query = sa.select(person_versions).where(person_versions.c.number == number).order_by(person_versions.c.version)
        periods: list[StatusPeriod] = []
        for row in in_effect(connection.execute(query), self._open):
            status, before = EmploymentStatus(row.status), periods[-1].status if periods else None
            if before is not status:  # what was recorded with it tells it from the version before, which may be none
                what = describe_change(before, status)
                periods.append(StatusPeriod(status, row.effective_at, row.version, what))
        return periods

    def versions(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, list[Recorded]]:
        """Everything that was ever told of these people, the oldest first; those nobody knows are left out."""
        found: dict[str, list[Recorded]] = {}
        for chunk in chunked(numbers):
            query = sa.select(person_versions).where(person_versions.c.number.in_(chunk))
            for row in connection.execute(query.order_by(person_versions.c.number, person_versions.c.version)):
                found.setdefault(row.number, []).append(Recorded(row.version, row.recorded_at, self._open(row)))
        return found

    def account_changes(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, datetime]:
        """When the bank account that these people have now was entered; those who never had another are left out."""
        found: dict[str, datetime] = {}
        for chunk in chunked(numbers):
            several = (
                sa.select(person_versions.c.number)
                .where(person_versions.c.number.in_(chunk))  # else everybody's versions are counted for each chunk
                .group_by(person_versions.c.number)
                .having(sa.func.count() > 1)
            )
            query = (
                sa.select(person_versions)
                .where(person_versions.c.number.in_(several))
                .order_by(person_versions.c.number, person_versions.c.version)
            )
            before: dict[str, str | None] = {}
            for row in connection.execute(query):
                account = self._open(row).bank_account_number
                if row.number in before and before[row.number] != account:
                    found[row.number] = row.recorded_at
                before[row.number] = account
        return found

    def find_by(self, connection: sa.Connection, column: str, value: str) -> list[str]:
        """The numbers of people whose personal column holds exactly this value, found through its blind index."""
        query = sa.select(person_indexes.c.number).where(
            person_indexes.c.column == column,
            person_indexes.c.blind == self.keyring.blind_index(value, column),
        )
        return sorted(connection.execute(query).scalars())

    def _open(self, row: sa.Row[tuple[object, ...]]) -> Employee:
        data = self.keyring.open(
            row.sealed, table="person_versions", row=row.number, column="sealed", version=row.version
        )
        return unpack_employee(data)

    def _index_rows(self, employee: Employee) -> list[dict[str, object]]:
        return [
            {"column": column, "blind": self.keyring.blind_index(value, column), "number": employee.number}
            for column in INDEXED
            if (value := getattr(employee, column))
        ]

    def _upsert_heads(self, connection: sa.Connection, rows: list[dict[str, object]]) -> None:
        statement = insert_into(connection, people)
        changed = {name: statement.excluded[name] for name in ("version", "status", "digest", "recorded_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=["number"], set_=changed), rows)


def planned_digest(mapping_digest: str, *, protected: bool) -> str:
    """What a link that was planned by a mapping says of it: something else for people whose accounts are protected."""
    return f"{mapping_digest}+protected" if protected else mapping_digest


def _newest() -> sa.Select[Any]:
    joined = people.join(
        person_versions,
        sa.and_(person_versions.c.number == people.c.number, person_versions.c.version == people.c.version),
    )
    columns = (people.c.number, people.c.source, people.c.version, people.c.status, people.c.digest)
    return sa.select(*columns, person_versions.c.sealed).select_from(joined)
