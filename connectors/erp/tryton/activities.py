"""What was done to clients in Tryton: sales made and confirmed, opportunities given to somebody else.

Tryton writes a log of its own (``ir.model.log``), which may be searched only by naming the records. So the records
written in the window are looked up first, then their log. What was deleted is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from baton.sdk import AccountRef, Activity, ActivityKind, HoldingKind, HoldingRef
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory, chunks
from connectors.erp.tryton.reader import OPPORTUNITY, SALE, USER, Reader

_LOG: Final = "ir.model.log"
_SALE: Final = ("party", "number", "total_amount", "currency.code", "create_uid", "create_date")
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of Tryton's log: what a user did to a record."""

    id: int
    record: int
    user: int
    at: datetime
    target: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Entry:
        """From one row of an answer."""
        at = wire.moment_in(row["create_date"])
        if at is None:
            raise ValueError("a log entry without a moment")
        record = int(str(row["resource"]).partition(",")[2])
        return cls(int(row["id"]), record, int(row["user"] or 0), at, str(row["target"] or ""))


@dataclass(frozen=True, slots=True)
class _Window:
    """What is asked about."""

    since: datetime
    until: datetime
    clients: frozenset[int]
    employees: frozenset[int]

    def holds(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at < self.until

    def concerns(self, client: int | None, employee: str) -> bool:
        return client in self.clients or (employee.isdecimal() and int(employee) in self.employees)

    @property
    def written(self) -> list[Any]:
        """The domain of records written since it opened. A record written again after it closed is one of them."""
        since, until = wire.moment_out(self.since), wire.moment_out(self.until)
        return [["OR", ["write_date", ">=", since], ["create_date", ">=", since]], ["create_date", "<", until]]


class Activities:
    """The history of one company's sales and opportunities."""

    def __init__(self, reader: Reader, directory: Directory) -> None:
        self._reader = reader
        self._directory = directory

    def between(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        """Orders, then reassignments, in ``[since, until)``, of these clients or by these people."""
        ids = [int(ref.external_id) for ref in clients if _is_client(ref)]
        employees = self._directory.employee_ids(people).values()
        window = _Window(since, until, frozenset(ids), frozenset(employees))
        if not (window.clients or window.employees):
            return
        if self._reader.has(SALE):
            yield from self._orders(window)
        if self._reader.has(OPPORTUNITY):
            yield from self._reassigned(window)

    def _orders(self, window: _Window) -> Iterator[Sequence[Activity]]:
        domain = [["company", "=", self._reader.company_id], *window.written]
        for page in self._reader.pages(SALE, domain, _SALE, dict):
            sales = {int(row["id"]): row for row in page}
            confirmed = self._log(SALE, list(sales), ["target", "=", "state:confirmed"], window)
            made = [
                Entry(0, number, int(row["create_uid"]), at, "")
                for number, row in sales.items()
                if (at := wire.moment_in(row["create_date"])) and window.holds(at)
            ]
            actors = self._actors([*made, *confirmed])
            found = [_order(entry, sales[entry.record], actors[entry.user]) for entry in (*made, *confirmed)]
            chosen = [each for each, client in found if window.concerns(client, each.actor)]
            if chosen:
                yield chosen

    def _reassigned(self, window: _Window) -> Iterator[Sequence[Activity]]:
        domain = [["company", "=", self._reader.company_id], *window.written]
        for page in self._reader.pages(OPPORTUNITY, domain, ["party", "number"], dict):
            deals = {int(row["id"]): row for row in page}
            entries = self._log(OPPORTUNITY, list(deals), ["target", "like", "%employee%"], window)
            entries = [entry for entry in entries if "employee" in entry.target.split(",")]
            actors = self._actors(entries)
            wanted = [e for e in entries if window.concerns(deals[e.record]["party"], actors[e.user])]
            found = list(self._moves(wanted, deals, actors))
            if found:
                yield found

    def _moves(
        self, entries: Sequence[Entry], deals: Mapping[int, Mapping[str, Any]], actors: Mapping[int, str]
    ) -> Iterator[Activity]:
        """Who had it before and after, from Tryton's history: two questions for each moment at which any changed."""
        for at in sorted({entry.at for entry in entries}):
            some = [entry for entry in entries if entry.at == at]
            before, after = (self._held([entry.record for entry in some], moment) for moment in (at - _TICK, at))
            for entry in some:
                was, now = before.get(entry.record, ""), after.get(entry.record, "")
                if was != now:
                    yield Activity(
                        id=f"{_LOG}/{entry.id}",
                        kind=ActivityKind.REASSIGNED,
                        at=at,
                        actor=actors[entry.user],
                        about=HoldingRef(HoldingKind.OPPORTUNITY, str(entry.record)),
                        title=str(deals[entry.record]["number"]),
                        before=was,
                        after=now,
                    )

    def _held(self, ids: Sequence[int], at: datetime) -> dict[int, str]:
        """Who had these opportunities at a moment."""
        domain = [["id", "in", sorted(set(ids))]]
        rows = self._reader.rows(OPPORTUNITY, domain, ["employee"], dict, _datetime=wire.moment_out(at))
        return {int(row["id"]): "" if row["employee"] is None else str(row["employee"]) for row in rows}

    def _log(self, model: str, ids: Sequence[int], target: Sequence[Any], window: _Window) -> list[Entry]:
        found: list[Entry] = []
        for some in chunks(ids):
            since, until = wire.moment_out(window.since), wire.moment_out(window.until)
            domain = [["resource", "in", [f"{model},{number}" for number in some]], target]
            domain += [["create_date", ">=", since], ["create_date", "<", until]]
            found += self._reader.rows(_LOG, domain, ["resource", "user", "create_date", "target"], Entry.read)
        return found

    def _actors(self, entries: Sequence[Entry]) -> dict[int, str]:
        """Who these users are: the id of the employee they act as, else ``user/<id>``."""
        users = {entry.user for entry in entries}
        rows = self._reader.rows(USER, [["id", "in", sorted(users)]], ["employee"], dict) if users else []
        known = {int(row["id"]): str(row["employee"]) for row in rows if row["employee"] is not None}
        return {user: known.get(user, f"user/{user}") for user in users}


def _is_client(ref: HoldingRef) -> bool:
    return ref.kind is HoldingKind.CLIENT and ref.external_id.isdecimal()


def _order(entry: Entry, row: Mapping[str, Any], actor: str) -> tuple[Activity, int | None]:
    client = None if row["party"] is None else int(row["party"])
    activity = Activity(
        id=f"{_LOG}/{entry.id}" if entry.id else f"{SALE}/{entry.record}",
        kind=ActivityKind.ORDER,
        at=entry.at,
        actor=actor,
        about=None if client is None else HoldingRef(HoldingKind.CLIENT, str(client)),
        title=str(row["number"] or entry.record),
        amount=wire.decimal_in(row["total_amount"]),
        currency=str(row["currency."]["code"]),
    )
    return activity, client
