"""Tryton 8.2 as a target: a person is a party with the employee number as its code, and an employee of one company."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, SecretStr

from baton.sdk import (
    AccessControl,
    Account,
    AccountRef,
    AccountTarget,
    AccountWrite,
    Activity,
    ActivitySource,
    Blocker,
    BlockerSource,
    Client,
    Collection,
    Component,
    ConnectorSettings,
    Feed,
    FieldSpec,
    Finding,
    Grant,
    GrantChange,
    Holding,
    HoldingKind,
    HoldingRef,
    OwnershipScan,
    OwnershipStore,
    PayableSource,
    Promise,
    Rate,
    Receipt,
    RecordSource,
    RecordTarget,
    RightsScan,
    Scalar,
    SessionControl,
    SessionEnd,
    SourcePage,
    Transfer,
    Undo,
    WorkScan,
    WorkSource,
)
from connectors.erp.tryton import claims, sales, wire
from connectors.erp.tryton.activities import Activities
from connectors.erp.tryton.blockers import Blockers
from connectors.erp.tryton.deals import Deals
from connectors.erp.tryton.directory import Directory
from connectors.erp.tryton.isolate import isolate
from connectors.erp.tryton.logins import Logins
from connectors.erp.tryton.payments import Payments
from connectors.erp.tryton.reader import Reader
from connectors.erp.tryton.records import Records
from connectors.erp.tryton.refusals import endless, ends, faults, moves_end, nameless, not_found, stranger, unfit
from connectors.erp.tryton.rpc import Rpc
from connectors.erp.tryton.selfcheck import findings

if TYPE_CHECKING:
    import polars as pl

_NO_END: Mapping[str, Scalar] = {"end_date": None}


class TrytonSettings(ConnectorSettings):
    """How to reach one company in one Tryton database."""

    base_url: str = Field(description="where trytond listens, for example https://erp.example:8000")
    database: str = Field(description="the database name")
    username: str = Field(description="login of a Tryton user kept for the hub alone")
    password: SecretStr = Field(description="its password")
    company_id: int = Field(default=1, ge=1, description="id of the company whose employees these are")
    code_prefix: str = Field(default="", pattern=r"^\S*$", description="put before the employee number in party codes")
    receivables: bool = Field(
        default=True, description="list open receivables, expenses and advances; false needs no accounting right"
    )
    payment_journals: dict[str, Component] = Field(
        default={}, max_length=50, description="payment journal: what it pays people for (salary, expense, …)"
    )
    paid_months_later: int = Field(
        default=0, ge=0, le=2, description="how many months after the month it is for a payment is dated"
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """One write with the person it is about and the fields to set (those of the write and what its action implies)."""

    write: AccountWrite
    person: wire.Person
    fields: Mapping[str, Scalar]


class TrytonConnector(
    AccountTarget,
    RecordSource,
    RecordTarget,
    OwnershipStore,
    OwnershipScan,
    WorkSource,
    WorkScan,
    AccessControl,
    RightsScan,
    SessionControl,
    BlockerSource,
    ActivitySource,
    PayableSource,
):
    """Employees of one company in Tryton 8.2, correlated by the unique ``party.code``; its parties as records too.

    Records are created once per key, and changed by comparing and setting in one step. Opportunities are passed on,
    and logins restricted, in the same way.
    """

    title: ClassVar[str] = "Tryton"
    Settings: ClassVar[type[ConnectorSettings]] = TrytonSettings
    rate: ClassVar[Rate] = Rate(calls=20, per_s=1, burst=5)
    promise: ClassVar[Promise] = Promise.KEY
    batch_limit: ClassVar[int] = 200
    record_promise: ClassVar[Promise] = Promise.CONDITION
    record_batch_limit: ClassVar[int] = 200
    fields: ClassVar[Mapping[str, FieldSpec]] = wire.FIELDS
    transfers: ClassVar[Mapping[HoldingKind, Undo]] = {HoldingKind.OPPORTUNITY: Undo.REVERSIBLE}
    transfer_limit: ClassVar[int] = 2_000
    work_kinds: ClassVar[frozenset[HoldingKind]] = frozenset(
        (*sales.KINDS.values(), HoldingKind.RECEIVABLE, *claims.KINDS)
    )
    change_limit: ClassVar[int] = 200

    def __init__(self, settings: TrytonSettings, client: Client) -> None:
        super().__init__(settings, client)
        self._rpc = Rpc(
            client,
            base_url=settings.base_url,
            database=settings.database,
            username=settings.username,
            password=settings.password.get_secret_value(),
        )
        self._company_id = settings.company_id
        self._directory = Directory(self._rpc, company_id=settings.company_id, code_prefix=settings.code_prefix)
        self._records = Records(self._rpc, client, self._directory, settings.company_id)
        self._reader = reader = Reader(self._rpc, settings.company_id)
        self._deals = Deals(reader, self._directory)
        self._sales = sales.Sales(reader, self._directory, receivables=settings.receivables)
        self._claims = claims.Claims(reader, self._directory, listed=settings.receivables)
        self._logins = Logins(reader, self._directory)
        self._blockers = Blockers(reader, self._directory, self._logins)
        self._activities = Activities(reader, self._directory)
        self._payments = Payments(
            reader, self._directory, journals=settings.payment_journals, months_later=settings.paid_months_later
        )

    def check(self) -> Sequence[Finding]:
        """Version, login, company, rights, fields, and what handovers would miss."""
        return findings(self._rpc, self._reader, self._company_id)

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """The employees with these numbers; a party that is no employee of the company is no account."""
        people = self._directory.people(refs)
        found = (people.get(ref.number) for ref in refs)
        numbers = (ref.number for ref in refs)
        return [
            wire.account_of(person, person.employment, number) if person and person.employment else None
            for number, person in zip(numbers, found, strict=True)
        ]

    def scan(self) -> Iterator[Account]:
        """Every employee of the company, leavers too; a second employment of one person is given without a number."""
        for person, counts in self._directory.everyone():
            if person.employment is not None:
                number = self._directory.number_of(person.party) if counts else None
                yield wire.account_of(person, person.employment, number)

    # --- writes

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create party and employee; what exists of the pair is taken over, an ended employment begins again."""
        receipts = faults(writes, unfit, ends, nameless)
        open_writes = [write for write in writes if write.key not in receipts]
        people = self._directory.people(write.ref for write in open_writes)
        new = [write for write in open_writes if write.ref.number not in people]
        created = dict(zip((w.key for w in new), isolate(new, self._create_parties), strict=True))
        if any(isinstance(each, Receipt) for each in created.values()):
            # Tryton refuses a code that someone else has created since we looked: that party is taken over as well.
            people |= self._directory.people(w.ref for w in new if isinstance(created[w.key], Receipt))
        hires: list[tuple[AccountWrite, int]] = []
        jobs: list[_Job] = []
        for write in open_writes:
            outcome, person = created.get(write.key), people.get(write.ref.number)
            if isinstance(outcome, int):
                hires.append((write, outcome))
            elif person is None:
                receipts[write.key] = outcome or not_found()
            elif person.employment is None and person.party.name != write.fields["name"]:
                receipts[write.key] = stranger()
            else:
                jobs.append(_Job(write, person, {**write.fields, **_NO_END}))
        receipts |= self._set(jobs)
        hires += [(job.write, job.person.party.id) for job in jobs if job.write.key not in receipts]
        hired = isolate(hires, self._employ)
        receipts |= {write.key: receipt for (write, _), receipt in zip(hires, hired, strict=True)}
        return [receipts[write.key] for write in writes]

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set fields of existing employees. An ``end_date`` may be corrected here, neither set anew nor lifted."""
        return self._change(writes, faults(writes, unfit), moves_end)

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """End employments: the field ``end_date`` (the last working day) is needed."""
        return self._change(writes, faults(writes, unfit, endless))

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Lift the end of employments, with a new ``start_date`` where one is given."""
        return self._change(writes, faults(writes, unfit, ends), implied=_NO_END)

    def _change(
        self,
        writes: Sequence[AccountWrite],
        receipts: dict[str, Receipt],
        objection: Callable[[AccountWrite, wire.Employment], Receipt | None] = lambda _write, _employment: None,
        *,
        implied: Mapping[str, Scalar] | None = None,
    ) -> list[Receipt]:
        """Set the fields (and the implied ones) of people who are employees; everybody else gets a refusal."""
        open_writes = [write for write in writes if write.key not in receipts]
        people = self._directory.people(write.ref for write in open_writes)
        jobs: list[_Job] = []
        for write in open_writes:
            person = people.get(write.ref.number)
            if person is None or person.employment is None:
                receipts[write.key] = not_found()
            elif fault := objection(write, person.employment):
                receipts[write.key] = fault
            else:
                jobs.append(_Job(write, person, {**write.fields, **(implied or {})}))
        receipts |= self._set(jobs)
        return [receipts[write.key] for write in writes]

    def _set(self, jobs: Sequence[_Job]) -> dict[str, Receipt]:
        """Write parties, then employments. Gives a receipt for every job but those that still await an employment."""
        receipts: dict[str, Receipt] = {}
        party_changes = [(job, values) for job in jobs if (values := _party_values(job))]
        for (job, _), failure in zip(party_changes, isolate(party_changes, self._send_parties), strict=True):
            if failure is not None:
                receipts[job.write.key] = failure
        employed = [
            (job, job.person.employment)
            for job in jobs
            if job.write.key not in receipts and job.person.employment is not None
        ]
        changes = [(job, row, values) for job, row in employed if (values := wire.employee_values(job.fields))]
        for (job, _, _), failure in zip(changes, isolate(changes, self._send_employments), strict=True):
            if failure is not None:
                receipts[job.write.key] = failure
        return {job.write.key: Receipt.done(str(row.id)) for job, row in employed} | receipts

    def _create_parties(self, writes: Sequence[AccountWrite]) -> list[int]:
        code_of = self._directory.code_of
        values = [{**wire.party_values(w.fields, None), "code": code_of(w.ref.number)} for w in writes]
        return self._directory.create_parties(values)

    def _employ(self, hires: Sequence[tuple[AccountWrite, int]]) -> list[Receipt]:
        values = {party: wire.employee_values(write.fields) for write, party in hires}
        ids, known = self._directory.employ(values)
        meanwhile = Receipt.not_performed("employed_meanwhile", "another call has employed this person just now")
        return [meanwhile if party in known else Receipt.done(str(ids[party])) for _, party in hires]

    def _send_parties(self, changes: Sequence[tuple[_Job, dict[str, Any]]]) -> list[None]:
        self._directory.change_parties([(job.person.party, values) for job, values in changes])
        return [None] * len(changes)

    def _send_employments(self, changes: Sequence[tuple[_Job, wire.Employment, dict[str, Any]]]) -> list[None]:
        self._directory.change_employments([(row, values) for _, row, values in changes])
        return [None] * len(changes)

    # --- records

    def collections(self) -> Sequence[str]:
        """Parties, then employees."""
        return self._records.names()

    def records(self, collection: str) -> Feed:
        """All parties, or all employees of the company, by id."""
        return self._records.feed(collection)

    def collection(self, name: str) -> Collection:
        """``party.party`` or ``company.employee``."""
        return self._records.collection(name)

    def count(self, collection: Collection) -> int:
        """Inactive ones included."""
        return self._records.count(collection)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        """By party code, 500 per call to Tryton."""
        return self._records.fetch(collection, keys, fields)

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        """Create records: Tryton itself refuses a second party with a code, and a second employment of a party."""
        return self._records.insert(collection, rows)

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        """Set fields of records that are as ``before`` says, in one step."""
        return self._records.amend(collection, rows, before)

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        """Delete records as they are expected; one that others use is refused as ``in_use``."""
        return self._records.delete(collection, before)

    # --- handovers

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """Open opportunities, the only thing in Tryton that has an owner."""
        return self._deals.owned(person)

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of several people: a call for every 2,500 opportunities."""
        return self._deals.owned_by(people)

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """The ids of the employees who have these opportunities, in any state."""
        return self._deals.holders(refs)

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """Set the employee of open opportunities, under the condition that nobody wrote since they were looked at."""
        return self._deals.transfer(transfers)

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """Open quotes and orders this person answers for, what their clients owe, and what is open with the company.

        A person has to deal with each of them.
        """
        yield from self._sales.work(person)
        yield from self._claims.work(person)

    def work_of(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of several people, in as many calls as of one."""
        yield from self._sales.work_of(people)
        yield from self._claims.work_of(people)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """Login, administrator, groups and keys of the logins that act as this employee."""
        return self._logins.grants(person)

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        """The same of several people, in as many calls as of one."""
        return self._logins.grants_of(people)

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Deactivate logins, take groups away, cancel keys."""
        return self._logins.revoke(changes)

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Give groups; activate logins again."""
        return self._logins.entitle(changes)

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """End the sessions of these people's logins, and cancel their keys."""
        return self._logins.end_sessions(ends)

    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        """People they supervise, being the last administrator, shared logins, what Tryton locks."""
        return self._blockers.of(person)

    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        """Sales made and confirmed, opportunities given to others, from Tryton's own log."""
        return self._activities.between(since, until, clients, people)

    # --- payments

    def payables(self, period: str, component: Component) -> Iterator[SourcePage]:
        """Approved payments to employees, dated in the month of the period, from the journals of this component."""
        return self._payments.payables(period, component)


def _party_values(job: _Job) -> dict[str, Any]:
    values = wire.party_values(job.fields, job.person)
    begins = "end_date" in job.fields and job.fields["end_date"] is None
    return {**values, "active": True} if begins and not job.person.party.active else values
