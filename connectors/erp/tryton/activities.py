"""What was done to clients in Tryton: sales made and confirmed, opportunities given to somebody else.

Tryton writes a log of its own (``ir.model.log``), which may be searched only by naming the records. So the records
written in the window are looked up first, then their log. What was deleted is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
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
class Sold:
    """A sale, as far as an activity tells of it."""

    id: int
    client: HoldingRef
    title: str
    amount: Decimal | None
    currency: str
    user: int
    at: datetime | None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Sold:
        """From one row of an answer."""
        client, currency = HoldingRef(HoldingKind.CLIENT, str(row["party"])), str(row["currency."]["code"])
        amount, at = wire.decimal_in(row["total_amount"]), wire.moment_in(row["create_date"])
        return cls(
            int(row["id"]), client, str(row["number"] or row["id"]), amount, currency, int(row["create_uid"]), at
        )


@dataclass(frozen=True, slots=True)
class Offered:
    """An opportunity, as far as an activity tells of it."""

    id: int
    client: HoldingRef
    title: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Offered:
        """From one row of an answer."""
        return cls(int(row["id"]), HoldingRef(HoldingKind.CLIENT, str(row["party"])), str(row["number"]))


@dataclass(frozen=True, slots=True)
class _Window:
    """What is asked about."""

    since: datetime
    until: datetime
    records: frozenset[HoldingRef]
    people: frozenset[str]

    def concerns(self, actor: str, *records: HoldingRef) -> bool:
        return actor in self.people or not self.records.isdisjoint(records)

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
        """Orders and reassignments in ``[since, until)``, of these clients or by these people, the earliest first.

        All in one page: orders and reassignments come from two places and have to be put in order together.
        """
        employees = self._directory.employee_ids(people).values()
        window = _Window(since, until, frozenset(clients), frozenset(map(str, employees)))
        if not (window.records or window.people):
            return
        found = [*self._orders(window)] if self._reader.has(SALE) else []
        found += self._reassigned(window) if self._reader.has(OPPORTUNITY) else []
        if found:
            yield sorted(found, key=lambda each: (each.at, each.id))

    def _orders(self, window: _Window) -> Iterator[Activity]:
        domain = [["company", "=", self._reader.company_id], *window.written]
        for page in self._reader.pages(SALE, domain, _SALE, Sold.read):
            sales = {sale.id: sale for sale in page}
            made = [
                Entry(0, sale.id, sale.user, sale.at, "")
                for sale in page
                if sale.at is not None and window.since <= sale.at < window.until
            ]
            entries = [*made, *self._log(SALE, list(sales), ["target", "=", "state:confirmed"], window)]
            actors = self._actors(entries)
            for entry in entries:
                sale, actor = sales[entry.record], actors[entry.user]
                if window.concerns(actor, sale.client):
                    yield _order(entry, sale, actor)

    def _reassigned(self, window: _Window) -> Iterator[Activity]:
        domain = [["company", "=", self._reader.company_id], *window.written]
        for page in self._reader.pages(OPPORTUNITY, domain, ["party", "number"], Offered.read):
            deals = {deal.id: deal for deal in page}
            entries = self._log(OPPORTUNITY, list(deals), ["target", "like", "%employee%"], window)
            entries = [entry for entry in entries if "employee" in entry.target.split(",")]
            actors = self._actors(entries)
            wanted = [
                entry
                for entry in entries
                if window.concerns(actors[entry.user], _deal(entry), deals[entry.record].client)
            ]
            yield from self._moves(wanted, deals, actors)

    def _moves(
        self, entries: Sequence[Entry], deals: Mapping[int, Offered], actors: Mapping[int, str]
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
                        about=_deal(entry),
                        title=deals[entry.record].title,
                        before=was,
                        after=now,
                        client=deals[entry.record].client,
                    )

    def _held(self, ids: Sequence[int], at: datetime) -> dict[int, str]:
        """Who had these opportunities at a moment."""
        domain = [["id", "in", sorted(set(ids))]]
        return dict(self._reader.rows(OPPORTUNITY, domain, ["employee"], _employee, _datetime=wire.moment_out(at)))

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
        domain = [["id", "in", sorted(users)]]
        known = dict(self._reader.rows(USER, domain, ["employee"], _employee)) if users else {}
        return {user: known.get(user) or f"user/{user}" for user in users}


def _deal(entry: Entry) -> HoldingRef:
    return HoldingRef(HoldingKind.OPPORTUNITY, str(entry.record))


def _employee(row: Mapping[str, Any]) -> tuple[int, str]:
    """The employee of an opportunity or of a login; empty where there is none."""
    return int(row["id"]), "" if row["employee"] is None else str(row["employee"])


def _order(entry: Entry, sale: Sold, actor: str) -> Activity:
    return Activity(
        id=f"{_LOG}/{entry.id}" if entry.id else f"{SALE}/{sale.id}",
        kind=ActivityKind.ORDER,
        at=entry.at,
        actor=actor,
        about=sale.client,
        title=sale.title,
        amount=sale.amount,
        currency=sale.currency,
    )
