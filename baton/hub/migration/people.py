"""The hub's own employees as records: every known person can be read, and people can be brought in and taken back.

Read and compared is always the newest version of a person, also one that is still to come (``effective_on`` says from
when). Nothing is overwritten: to amend is to record a further version, and a person is only deleted whose first version
is the last one and to whom nothing in the hub refers. A person that an HR source has told of belongs to that source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time
from enum import Enum
from typing import Any, ClassVar, Final

import polars as pl
import sqlalchemy as sa

from baton.contracts import (
    Collection,
    ConnectorSettings,
    Feed,
    Finding,
    Promise,
    Rate,
    RecordSource,
    RecordTarget,
)
from baton.errors import ConfigurationError, Fault
from baton.hub.core import PLANNING, Hub
from baton.jobs.contradictions import contradictions
from baton.mapping.employees import employee_frame, employee_of
from baton.mapping.schema import EMPLOYEE
from baton.mapping.values import EMPLOYEE_FIELDS
from baton.model.account import FieldSpec, FieldType, Receipt
from baton.model.people import EMPLOYEE_COLUMNS, Employee, EmploymentStatus
from baton.model.receipts import Receipts
from baton.model.source_rows import Origin, SourcePage
from baton.records.types import frame_schema
from baton.settings_shape import MIGRATED, OWN
from baton.store.payload import pack_employee
from baton.store.people import Newest
from baton.store.referring import referred
from baton.store.trail import Entry, append

PAGE_ROWS: Final = 5_000
FIELDS: Final[Mapping[str, FieldSpec]] = {
    **EMPLOYEE_FIELDS,
    "manager_number": replace(EMPLOYEE_FIELDS["manager_number"], type=FieldType.REFERENCE, refers_to=EMPLOYEE),
}
_TIMES: Final = ("last_working_time",)
"""Columns that are times of day in an employee and ISO 8601 text in a record."""
_CHANGED: Final = Receipt.refused(RecordTarget.CHANGED, "the person is not as expected")

Judged = Receipt | Employee
"""What is to become of one record: nothing, for this reason, or a new version of a person."""
Judge = Callable[[dict[str, Any], Newest | None, int], Judged]
"""From a record, who is there under its number now, and its place among the records."""


class OwnPeople(RecordSource, RecordTarget):
    """The people of one hub. ``run_id`` is the run in whose name new versions are recorded.

    A write compares and records in one transaction, in which nobody else plans: promise class B.
    """

    title: ClassVar[str] = "Baton's own employees"
    Settings: ClassVar[type[ConnectorSettings]] = ConnectorSettings
    rate: ClassVar[Rate] = Rate(calls=1000, burst=1000)
    record_promise: ClassVar[Promise] = Promise.CONDITION
    record_batch_limit: ClassVar[int] = 2_000

    def __init__(self, hub: Hub, run_id: str = "") -> None:
        self.hub = hub
        self.run_id = run_id

    def check(self) -> Sequence[Finding]:
        with self.hub.database.read() as connection:
            return [Finding("employees", ok=True, detail=f"{self.hub.people.count(connection)} known")]

    def collections(self) -> Sequence[str]:
        return [EMPLOYEE]

    def collection(self, name: str) -> Collection:
        if name != EMPLOYEE:
            fault = Fault(OWN, "unknown_collection", f"there is no {name[:60]!r} here, only {EMPLOYEE!r}")
            raise ConfigurationError([fault])
        return Collection(EMPLOYEE, FIELDS, ("number",), title=self.title)

    # --- reading

    def records(self, collection: str) -> Feed:
        self.collection(collection)
        return Feed(Origin(OWN, "", self.hub.clock.now()), self._pages())

    def _pages(self) -> Iterator[SourcePage]:
        first_row = 1
        yield SourcePage(_records([]).cast(pl.String()))  # the columns are known, also where nobody is
        with self.hub.database.read() as connection:
            for people in self.hub.people.everyone(connection, PAGE_ROWS):
                yield SourcePage(_records(people).cast(pl.String()), first_row=first_row)
                first_row += len(people)

    def count(self, collection: Collection) -> int:
        with self.hub.database.read() as connection:
            return self.hub.people.count(connection)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        with self.hub.database.read() as connection:
            found = self.hub.people.newest(connection, keys.get_column("number").to_list())
        names = ["number", *(name for name in fields if name != "number")]
        return _records([newest.employee for newest in found.values()]).select(names)

    # --- writing

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        def judge(row: dict[str, Any], there: Newest | None, _place: int) -> Judged:
            return employee_of(_values(row)) if there is None else _foreign(there) or _CHANGED

        return self._record("insert", rows, judge)

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        expected = before.to_dicts()

        def judge(row: dict[str, Any], there: Newest | None, place: int) -> Judged:
            if there is None:
                return _CHANGED
            as_expected = _is_as(there.employee, expected[place])
            return _foreign(there) or (replace(there.employee, **_values(row)) if as_expected else _CHANGED)

        return self._record("amend", rows, judge)

    def _record(self, action: str, rows: pl.DataFrame, judge: Judge) -> Sequence[Receipt]:
        """Judge each record by who is there now, and record a new version of those that may have one."""
        hub, now = self.hub, self.hub.clock.now()
        with hub.database.write() as connection:
            hub.database.alone(connection, PLANNING)
            there = hub.people.newest(connection, rows.get_column("number").to_list())
            judged = _without_contradictions(
                [
                    _timeless(row) or judge(row, there.get(row["number"]), place)
                    for place, row in enumerate(rows.iter_rows(named=True))
                ]
            )
            people = [each for each in judged if isinstance(each, Employee)]
            known = {number: newest.known for number, newest in there.items()}
            pairs = [(person, self._digest(person)) for person in people]
            hub.people.record(connection, MIGRATED, self.run_id, pairs, known, now)
            self._note(connection, action, [person.number for person in people])
        return _receipts(judged)

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        hub = self.hub
        numbers = before.get_column("number").to_list()
        with hub.database.write() as connection:
            hub.database.alone(connection, PLANNING)
            there = hub.people.newest(connection, numbers)
            used = referred(connection, numbers)
            kept = {
                place: reason
                for place, was in enumerate(before.iter_rows(named=True))
                if (newest := there.get(was["number"])) is not None
                and (reason := _why_kept(newest, was, in_use=was["number"] in used)) is not None
            }
            gone = [number for place, number in enumerate(numbers) if place not in kept and number in there]
            hub.people.forget(connection, gone)
            self._note(connection, "delete", gone)
        return Receipts(before.height, others=kept)

    def _digest(self, person: Employee) -> bytes:
        return self.hub.keyring.field_digest(pack_employee(person).decode(), f"people/{MIGRATED}")

    def _note(self, connection: sa.Connection, action: str, numbers: Sequence[str]) -> None:
        """Write into the audit log how many people were changed, and a commitment to whom."""
        if not numbers:
            return
        named = self.hub.keyring.field_digest("\n".join(sorted(numbers)), "audit/people").hex()
        body = {"run": self.run_id, "action": action, "count": str(len(numbers)), "people": named}
        append(connection, [Entry(kind="people", at=self.hub.clock.now(), body=body)])


# --- between employees and records


def _records(people: Sequence[Employee]) -> pl.DataFrame:
    """Employees as records: all columns, in the types of `FIELDS`."""
    frame = employee_frame([])
    rows = [{name: _cell(getattr(person, name)) for name in EMPLOYEE_COLUMNS} for person in people]
    return pl.DataFrame(rows, schema=frame_schema(FIELDS, frame.columns))


def _cell(value: object) -> object:
    """One value of an employee as a record has it."""
    if isinstance(value, time):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record as an employee has them."""
    values = dict(row)
    for name in _TIMES:
        if values.get(name) is not None:
            values[name] = time.fromisoformat(values[name])
    if "status" in values:
        values["status"] = EmploymentStatus(values["status"])
    return values


def _is_as(person: Employee, expected: Mapping[str, object]) -> bool:
    return all(_cell(getattr(person, name)) == value for name, value in expected.items())


# --- what speaks against a write


def _timeless(row: Mapping[str, object]) -> Receipt | None:
    """A record that takes the time zone away: without one no day of the person begins or ends."""
    if "time_zone" not in row or row["time_zone"] is not None:
        return None
    remedy = "leave time_zone out of the mapping, or give it a default, such as via: [default(Asia/Shanghai)]"
    return Receipt.refused("time_zone", "the person has no time zone", remedy=remedy)


def _foreign(there: Newest) -> Receipt | None:
    if there.source == MIGRATED:
        return None
    return Receipt.refused(
        "other_source",
        f"the person belongs to the HR source {there.source}: a migration does not take people over",
        remedy=f"change the person in {there.source}, or leave the row out of the migration",
    )


def _why_kept(there: Newest, expected: Mapping[str, object], *, in_use: bool) -> Receipt | None:
    """Why a person cannot be deleted; None when nothing speaks against it."""
    foreign = _foreign(there)
    if foreign is not None:
        return foreign
    if not _is_as(there.employee, expected):
        return _CHANGED
    if there.known.version > 1:
        return Receipt.refused(
            "has_history",
            f"the person has {there.known.version} versions: deleting them would lose that history",
            remedy="migrate the person again with the status departed",
        )
    if in_use:
        return Receipt.refused(
            "in_use",
            "this person has accounts or writes in systems, pay, a settlement, a recovery, or a part in a handover",
            remedy="migrate the person again with the status departed; the next sync closes the accounts",
        )
    return None


def _without_contradictions(judged: Sequence[Judged]) -> list[Judged]:
    """The same, but for employees that no employee can be: they are refused with what contradicts itself."""
    found = list(judged)
    places = [place for place, each in enumerate(judged) if isinstance(each, Employee)]
    frame = employee_frame([each for each in judged if isinstance(each, Employee)])
    for position, field, rule, message in contradictions(frame):
        remedy = "correct the source or the mapping"
        found[places[position]] = Receipt.refused(rule, f"{field}: {message}", remedy=remedy)
    return found


def _receipts(judged: Sequence[Judged]) -> Receipts:
    return Receipts(len(judged), others={at: each for at, each in enumerate(judged) if isinstance(each, Receipt)})
