"""Drafting a pay run: rows read, payees completed from HR's records, every payable's key claimed first of all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from baton import tables, telemetry
from baton.contracts.payments import PayableSource
from baton.errors import ConfigurationError, Fault, TransitionError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.source_file import open_rows
from baton.jobs.payment.checks.account_numbers import plain_account
from baton.jobs.payment.payable_rows import PAYABLES, PayableRow, ReadRows, read_page
from baton.model.pay_run import CLAIMED, DOUBLED, JOB, OTHER_COMPONENT, LineState, PayLine, PayRun
from baton.model.payable import BankAccount, Component, Payable, PayableKey, is_currency, is_period
from baton.model.people import Employee
from baton.model.source_rows import Origin, SourcePage
from baton.settings_shape import BankPart
from baton.store.runs import Run, RunFault, RunState


@dataclass(frozen=True, slots=True)
class Drafting:
    """What a pay run is to be."""

    system: str
    component: Component
    period: str
    execution_day: date
    requested_by: str
    currency: str = "CNY"
    declared_count: int | None = None
    """Control totals from outside the file, where somebody has them."""
    declared_minor: int | None = None
    asked: str = ""
    """What asks for the run, the same each time it is asked again: it then gets the run it has. Empty: a new run."""

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a month and a currency that no payable has, before a file is read for them."""
        faults = []
        if not is_period(self.period):
            faults.append(Fault("period", "period", f"{self.period[:20]!r} is no month such as 2026-11"))
        if not is_currency(self.currency):
            faults.append(Fault("currency", "currency", f"{self.currency[:20]!r} is no currency such as CNY"))
        if faults:
            raise ConfigurationError(faults)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A drafted run."""

    run: PayRun
    lines: Sequence[PayLine]
    faults: Sequence[Fault]
    """Rows that could not be read."""


def bank_of(hub: Hub, system: str) -> BankPart:
    """How a bank is paid through; `ConfigurationError` when systems.yaml does not say, or has switched it off."""
    settings = hub.settings.system(system)
    if system in hub.settings.payments.banks and not settings.enabled:
        message = f"{system} is switched off, and nobody is paid through it: set enabled: yes first"
        raise ConfigurationError([Fault(settings.place, "disabled", message)])
    try:
        return hub.settings.payments.banks[system]
    except KeyError:
        known = ", ".join(hub.settings.payments.banks) or "none"
        message = f"payments.banks says nothing about {system[:40]!r}; there are: {known}"
        raise ConfigurationError([Fault(str(hub.settings.file), "unknown_bank", message)]) from None


def draft_file(hub: Hub, drafting: Drafting, path: Path) -> Drafted:
    """Draft a run from a payroll file. A row that cannot be read is named and is in no run."""
    return _in_a_span(lambda: _of_file(hub, drafting, path))


def _of_file(hub: Hub, drafting: Drafting, path: Path) -> Drafted:
    with hub.database.read() as connection:
        if known := _asked_before(hub, connection, drafting):
            return known  # the file may have gone since
    bank_of(hub, drafting.system)  # before a file is read for it
    file = open_rows(path, PAYABLES)
    read = _read(file.pages, lambda _: file.columns, drafting.currency, path.name)
    return draft(hub, drafting, read, file.origin)


def draft_system(hub: Hub, drafting: Drafting, source: str) -> Drafted:
    """Draft a run of what another system has approved to be paid for this period and component.

    Raises `FeedRefusedError` when there is nothing, `ConfigurationError` when that system knows no payables.
    """
    return _in_a_span(lambda: _of_system(hub, drafting, source))


def _of_system(hub: Hub, drafting: Drafting, source: str) -> Drafted:
    with hub.database.read() as connection:
        if known := _asked_before(hub, connection, drafting):
            return known
    bank_of(hub, drafting.system)  # before anybody is asked
    payables = source_of(hub, source)
    digest = hashlib.sha256()
    pages = _digested(payables.payables(drafting.period, drafting.component), digest)
    read = _read(pages, lambda page: {name: name for name in page.rows.columns}, drafting.currency, source)
    origin = Origin(source, digest.hexdigest(), hub.clock.now())
    if not read.rows and not read.faults:
        message = f"{source} has approved nothing for {drafting.period} ({drafting.component})"
        raise tables.refused(tables.FileError("no_rows", message, "approve it there first"), origin.digest)
    return draft(hub, drafting, read, origin)


def _in_a_span(draft: Callable[[], Drafted]) -> Drafted:
    with telemetry.span("draft", job=JOB) as opened:
        drafted = draft()
        telemetry.note(opened, run=drafted.run.run_id, count=len(drafted.lines))
    return drafted


def source_of(hub: Hub, system: str) -> PayableSource:
    """The connector of a system that knows payables; `ConfigurationError` for another one."""
    connector = hub.connector(system)
    if not isinstance(connector, PayableSource):
        place = hub.settings.system(system).place
        raise ConfigurationError([Fault(place, "capability", f"{system} does not tell what is to be paid")])
    return connector


def _digested(pages: Iterable[SourcePage], digest: hashlib._Hash) -> Iterator[SourcePage]:
    for page in pages:
        digest.update(page.rows.write_ndjson().encode())
        for bad in page.rejected:
            digest.update(f"{bad.row} {bad.rule}\n".encode())
        yield page


def _read(
    pages: Iterable[SourcePage], columns: Callable[[SourcePage], Mapping[str, str]], currency: str, name: str
) -> ReadRows:
    rows: list[PayableRow] = []
    faults: list[Fault] = []
    for page in pages:
        read = read_page(page, columns(page), currency, name)
        rows += read.rows
        faults += read.faults
    return ReadRows(rows, faults)


def draft(hub: Hub, drafting: Drafting, read: ReadRows, origin: Origin) -> Drafted:
    """Save a run of these rows: from here on nobody else pays the same. Asked again, it is the run there is.

    `TransitionError` (``other_request``) when the same request had other rows: its run would pay what was corrected.
    """
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        drafted = draft_within(hub, connection, drafting, read, origin)
        hub.crash_point("drafting")
    hub.crash_point("drafted")
    return drafted


def draft_within(hub: Hub, connection: sa.Connection, drafting: Drafting, read: ReadRows, origin: Origin) -> Drafted:
    """The same within a transaction that plans alone."""
    if known := _asked_before(hub, connection, drafting):
        _require_rows(hub, connection, known.run, origin.digest)
        return known
    run = new_run(hub, drafting)
    employees = _employees(hub, connection, read.rows)
    lines = _lines(hub, connection, run, drafting, read.rows, employees)
    faults = [RunFault(fault.place, "", fault.rule, fault.message) for fault in read.faults]
    save(hub, connection, drafting.requested_by, run, lines, faults, origin.digest)
    return Drafted(run, lines, read.faults)


def _asked_before(hub: Hub, connection: sa.Connection, drafting: Drafting) -> Drafted | None:
    """The run that the same has asked for, whatever has become of it; `TransitionError` when it asked for another.

    A process may end after it has drafted and before anybody has heard of it: what it claimed is found here.
    """
    run = hub.pay_runs.asked(connection, _request(drafting)) if drafting.asked else None
    if run is None:
        return None
    was = (run.system, run.component, run.period, run.currency, run.execution_day)
    if was != (drafting.system, drafting.component, drafting.period, drafting.currency, drafting.execution_day):
        raise _other_request(run, "another bank, component, period, currency or day")
    faults = [Fault(fault.place, fault.rule, fault.message) for fault in hub.runs.faults(connection, run.run_id)]
    return Drafted(run, list(hub.pay_runs.lines(connection, run.run_id)), faults)


def _require_rows(hub: Hub, connection: sa.Connection, run: PayRun, digest: str) -> None:
    head = hub.runs.get(connection, run.run_id)
    if head is None or head.feed_digest != digest:
        raise _other_request(run, "other rows")


def _other_request(run: PayRun, what: str) -> TransitionError:
    message = f"{run.run_id} was drafted for the same request with {what}; give what is asked for now a name of its own"
    return TransitionError(message, code="other_request")


def _request(drafting: Drafting) -> str:
    """What is kept of a request: it may name a person."""
    return hashlib.sha256(drafting.asked.encode()).hexdigest() if drafting.asked else ""


def new_run(hub: Hub, drafting: Drafting) -> PayRun:
    """A run as it begins, not saved yet."""
    bank = bank_of(hub, drafting.system)
    return PayRun(
        run_id=hub.new_run_id("pay"),
        system=drafting.system,
        profile=bank.profile,
        component=drafting.component,
        period=drafting.period,
        currency=drafting.currency,
        execution_day=drafting.execution_day,
        created=hub.clock.now(),
        payer=BankAccount(**bank.payer.model_dump()),
        initiator=bank.initiator,
        asked=_request(drafting),
        facts={"declared": {"count": drafting.declared_count, "minor": drafting.declared_minor}},
    )


def save(
    hub: Hub,
    connection: sa.Connection,
    maker: str,
    run: PayRun,
    lines: Sequence[PayLine],
    faults: Sequence[RunFault],
    source_digest: str,
) -> None:
    """Save a drafted run: held, until it is checked, built and signed for."""
    out = sum(line.state is LineState.LEFT_OUT for line in lines)
    counts = {"rows": len(lines) + len(faults), "lines": len(lines), "left_out": out, "unreadable": len(faults)}
    head = Run(
        id=run.run_id,
        job=JOB,
        state=RunState.HELD,
        requested_by=maker,
        plan_hash="",
        feed_digest=source_digest,
        created_at=run.created,
        counts=counts,
        reasons=["not checked yet"],
    )
    hub.runs.insert(connection, head, faults)
    hub.pay_runs.insert(connection, run, lines)


def _employees(hub: Hub, connection: sa.Connection, rows: Sequence[PayableRow]) -> Mapping[str, Employee]:
    numbers = sorted({row.number for row in rows})
    return {number: newest.employee for number, newest in hub.people.newest(connection, numbers).items()}


def _lines(
    hub: Hub,
    connection: sa.Connection,
    run: PayRun,
    drafting: Drafting,
    rows: Sequence[PayableRow],
    employees: Mapping[str, Employee],
) -> list[PayLine]:
    payables = [_payable(drafting, row, employees.get(row.number)) for row in rows]
    elsewhere = hub.pay_runs.by_reference(connection, [payable.key.reference for payable in payables])
    seen: set[PayableKey] = set()
    lines = []
    for place, (row, payable) in enumerate(zip(rows, payables, strict=True), start=1):
        code = ""
        if row.component not in (None, drafting.component):
            code = OTHER_COMPONENT  # and so no payable of this key: one further down is not its double
        elif payable.key.reference in elsewhere:
            code = CLAIMED
        elif payable.key in seen:
            code = DOUBLED
        if code != OTHER_COMPONENT:
            seen.add(payable.key)
        state = LineState.LEFT_OUT if code else LineState.DRAFT
        lines.append(PayLine(run.run_id, place, payable, state, code=code, changed_at=run.created))
    return lines


def _payable(drafting: Drafting, row: PayableRow, employee: Employee | None) -> Payable:
    """The row as a payable: what it does not say of the payee is what HR's record says.

    Of another account than HR's nothing is completed: HR's bank is not where that one is.
    """
    key = PayableKey(row.number, drafting.period, drafting.component)
    payee = BankAccount(row.holder, row.account, row.bank_code, row.bank_name, row.town)
    known = None if employee is None else payee_of(employee)
    if known is not None and (not row.account or plain_account(row.account) == plain_account(known.account)):
        payee = BankAccount(
            holder=row.holder or known.holder,
            account=row.account or known.account,
            bank_code=row.bank_code or known.bank_code,
            bank_name=row.bank_name or (known.bank_name if row.bank_code in ("", known.bank_code) else ""),
            town=row.town,
        )
    return Payable(key, payee, row.amount_minor, drafting.currency, row.remark, row.place)


def payee_of(employee: Employee) -> BankAccount:
    """Whom and where HR's record says to pay; empty where it says nothing."""
    return BankAccount(
        holder=employee.bank_account_holder or employee.full_name or "",
        account=(employee.bank_account_number or "").replace(" ", ""),
        bank_code=employee.bank_code or "",
        bank_name=employee.bank_name or "",
    )
