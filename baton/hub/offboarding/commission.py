"""What commission is worked out from: orders and payments in tables; owners and leavers too, or as the hub knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import orjson
from pydantic import TypeAdapter, ValidationError

from baton import tables
from baton.errors import ConfigurationError, ConnectorError, Fault
from baton.hub.core import Hub
from baton.hub.handed_out import new_file
from baton.hub.offboarding.came_back import came_back
from baton.hub.offboarding.undecided import undecided
from baton.jobs.offboarding.commission import Closed, Facts, Line, Order, Owned, Payment
from baton.model.case import CaseState
from baton.model.handover import HoldingKind

LARGEST_BYTES: Final = 256 * 1024 * 1024
Row = Mapping[str, str]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: what it is called, and its bytes when they are asked for."""

    name: str
    read: Callable[[], bytes]

    @classmethod
    def on_disk(cls, path: Path) -> Sheet:
        """A file here."""
        return cls(str(path), lambda: tables.read_plain(path, LARGEST_BYTES))

    @classmethod
    def given(cls, name: str, content: bytes) -> Sheet:
        """What somebody has sent."""
        return cls(name, lambda: content)


@dataclass(frozen=True, slots=True)
class Sheets:
    """Where the facts stand. What is left out comes from the hub."""

    orders: Sheet
    """``order client signed_on currency``"""
    payments: Sheet
    """``payment order paid_on amount_minor``"""
    owners: Sheet | None = None
    """``client person since until``"""
    leavers: Sheet | None = None
    """``person left_on``"""


def read_facts(sheets: Sheets, hub: Callable[[], AbstractContextManager[Hub]]) -> Facts:
    """Everything that has happened. ``hub`` is opened only for what no file says.

    Raises one `ConfigurationError` for every row of a file that cannot be used.
    """
    faults: list[Fault] = []
    orders = _read(sheets.orders, ("order", "client", "signed_on", "currency"), _order, faults)
    payments = _read(sheets.payments, ("payment", "order", "paid_on", "amount_minor"), _payment, faults)
    owned = left = None
    earlier: Mapping[str, Sequence[date]] = {}
    if sheets.owners is not None:
        owned = _read(sheets.owners, ("client", "person", "since", "until"), _owned, faults)
    if sheets.leavers is not None:
        left = _once_each(sheets.leavers, _read(sheets.leavers, ("person", "left_on"), _left, faults), faults)
    if faults:
        raise ConfigurationError(faults)
    if owned is None or left is None:
        with hub() as opened:
            if owned is None:
                owned = _tenures(opened, _paid_for(orders, payments))
            if left is None:
                left, earlier = _leavers(opened)
    return Facts(orders, payments, owned, left, earlier)


def document(lines: Sequence[Line], person: str = "") -> dict[str, list[dict[str, Any]]]:
    """A statement as plain values: the lines (of one person, where one is named), and their sums."""
    shown = [asdict(line) | {"rule": line.rule.value} for line in lines if person in ("", line.person)]
    sums: dict[tuple[str, str, str], int] = {}
    for line in shown:
        place = (line["person"], line["month"], line["currency"])
        sums[place] = sums.get(place, 0) + line["amount_minor"]
    names = ("person", "month", "currency", "amount_minor")
    return {"lines": shown, "totals": [dict(zip(names, (*place, sums[place]), strict=True)) for place in sorted(sums)]}


def closed_of(through: str, lines: Sequence[Line]) -> Closed:
    """What a statement says of every month up to ``through``."""
    return Closed(through, tuple(line for line in lines if line.month <= through))


def closed_bytes(closed: Closed) -> bytes:
    """Closed months as a file; the same months give the same bytes."""
    return orjson.dumps(asdict(closed), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def parse_closed(content: bytes, name: str) -> Closed:
    """What `closed_bytes` has made; `ConfigurationError` for anything else."""
    try:
        return TypeAdapter(Closed).validate_json(content)
    except ValidationError as error:
        message = f"is not a file of closed months: {error.error_count()} faults"
        raise ConfigurationError([Fault(name, "closed", message)]) from None


def read_closed(file: Path) -> Closed:
    """What `write_closed` has written; `ConfigurationError` for anything else."""
    try:
        return parse_closed(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigurationError([Fault(str(file), "unreadable", f"cannot be read: {error.strerror}")]) from None


def write_closed(file: Path, closed: Closed) -> None:
    """A copy of closed months. An existing file is never overwritten."""
    try:
        with new_file(file) as target:
            target.write(closed_bytes(closed))
    except FileExistsError:
        message = "is there already: what is closed is not written over"
        raise ConfigurationError([Fault(str(file), "exists", message)]) from None


def _paid_for(orders: Sequence[Order], payments: Sequence[Payment]) -> list[Order]:
    """The orders of which a client is asked for."""
    asked = {payment.order for payment in payments}
    return [order for order in orders if order.id in asked]


def _tenures(hub: Hub, orders: Sequence[Order]) -> list[Owned]:
    """Who held which client, by days in UTC.

    Raises `ConfigurationError` (``ambiguous_client``) for orders of a client whose id two systems have given: they are
    two clients, and nothing in an order tells which.
    """
    with hub.database.read() as connection:
        found = [each for each in hub.tenures.of(connection) if each.ref.kind is HoldingKind.CLIENT]
    systems: dict[str, set[str]] = {}
    for each in found:
        systems.setdefault(each.ref.external_id, set()).add(each.system)
    faults = [
        Fault(
            f"order {order.id}",
            "ambiguous_client",
            f"{order.client} is a client in {', '.join(sorted(systems[order.client]))}: name owners in a file",
        )
        for order in orders
        if len(systems.get(order.client, ())) > 1
    ]
    if faults:
        raise ConfigurationError(faults)
    return [
        Owned(each.ref.external_id, each.holder, each.since.date(), each.until.date() if each.until else None)
        for each in found
    ]


def _leavers(hub: Hub) -> tuple[dict[str, date], dict[str, Sequence[date]]]:
    """The last day, where they work, of everybody who has a case that was not retracted; and earlier ones.

    Who is leaving by a later case, or works here again as HR says, has come back since the last day of a case before.
    """
    with hub.database.read() as connection:
        cases = hub.cases.listed(connection, CaseState.OPEN, CaseState.PAUSED, CaseState.COMPLETED, limit=None)
        people = hub.people.newest(connection, sorted({case.number for case in cases}))
        completed = [case for case in cases if case.state is CaseState.COMPLETED]
        back = came_back(hub, connection, completed, undecided(hub, connection, sorted(people)))
    zones = {number: known.employee.time_zone for number, known in people.items()}
    newest = {case.number: case.id for case in reversed(cases)}
    left: dict[str, date] = {}
    earlier: dict[str, set[date]] = {}
    for case in cases:
        if case.dates.last_working_at is None:
            continue
        last = _last_day(case.dates.last_working_at, zones.get(case.number, hub.settings.hub.time_zone))
        if newest[case.number] == case.id and case.id not in back:
            left[case.number] = last
        else:
            earlier.setdefault(case.number, set()).add(last)
    return left, {number: tuple(sorted(days)) for number, days in earlier.items()}


def _last_day(last: datetime, zone: str) -> date:
    """The day of the last working moment: where that is midnight, the one which ends then."""
    return (last - timedelta.resolution).astimezone(ZoneInfo(zone)).date()


def _read(sheet: Sheet, columns: Sequence[str], make: Callable[[Row], Made], faults: list[Fault]) -> list[Made]:
    """Every row of a table as what it says; rows that say nothing usable become faults with their place."""
    made = []
    for number, row in _rows(sheet, columns, faults):
        try:
            made.append(make(row))
        except ValueError as error:
            faults.append(Fault(f"{sheet.name}:{number}", "value", str(error)))
    return made


def _rows(sheet: Sheet, columns: Sequence[str], faults: list[Fault]) -> Iterator[tuple[int, Row]]:
    try:
        decoded = tables.decode(sheet.read())
        table = tables.read_delimited(decoded.utf8, tables.Layout(required=tuple(columns)), tables.Caps())
    except ConnectorError as error:
        faults.append(Fault(sheet.name, error.code, str(error)))
        return
    except tables.FileError as error:
        faults.append(Fault(sheet.name, error.rule, f"{error.message}; {error.remedy}"))
        return
    faults += [Fault(f"{sheet.name}:{row.row}", row.rule, row.message) for row in table.rejected]
    for number, row in zip(table.row_numbers, table.frame.iter_rows(named=True), strict=True):
        yield int(number), {name: (row.get(name) or "").strip() for name in columns}


def _order(row: Row) -> Order:
    return Order(_text(row, "order"), _text(row, "client"), _day(row, "signed_on"), _text(row, "currency"))


def _payment(row: Row) -> Payment:
    return Payment(_text(row, "payment"), _text(row, "order"), _day(row, "paid_on"), _integer(row, "amount_minor"))


def _owned(row: Row) -> Owned:
    until = _day(row, "until") if row["until"] else None
    return Owned(_text(row, "client"), _text(row, "person"), _day(row, "since"), until)


def _left(row: Row) -> tuple[str, date]:
    return _text(row, "person"), _day(row, "left_on")


def _once_each(sheet: Sheet, told: Sequence[tuple[str, date]], faults: list[Fault]) -> dict[str, date]:
    """The last day of each; whoever has two would get by one or the other as the rows happen to stand."""
    left = dict(told)
    twice = sorted({person for person, last in told if left[person] != last})
    if twice:
        faults.append(Fault(sheet.name, "duplicate", f"several last days: {', '.join(twice)}; leave one for each"))
    return left


def _text(row: Row, name: str) -> str:
    if not row[name]:
        raise ValueError(f"{name} is empty")
    return row[name]


def _day(row: Row, name: str) -> date:
    try:
        return date.fromisoformat(row[name])
    except ValueError:
        raise ValueError(f"{name} is not a day such as 2026-11-30") from None


def _integer(row: Row, name: str) -> int:
    digits: Any = row[name].removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise ValueError(f"{name} is not a whole number of minor units (fen, cents)")
    return int(row[name])
