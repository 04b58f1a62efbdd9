"""Salesforce users: created, changed, frozen and deactivated in collections of 200."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from baton.sdk import (
    Account,
    AccountRef,
    AccountState,
    AccountWrite,
    Client,
    Collection,
    Feed,
    FieldSpec,
    Finding,
    InDoubtError,
    Promise,
    Rate,
    Receipt,
    RecordSource,
    RecordTarget,
    RemovalTarget,
)
from connectors.crm.salesforce.batch import AMBIGUOUS, GIVEN_AWAY, NO_ACCOUNT, NO_LOGIN, OTHER_NUMBER, SHARED, Batch
from connectors.crm.salesforce.handover import SalesforceHandover
from connectors.crm.salesforce.org import BATCH_LIMIT, ID, Org, Row, long_id
from connectors.crm.salesforce.records import Records
from connectors.crm.salesforce.selfcheck import self_check
from connectors.crm.salesforce.settings import SalesforceSettings
from connectors.crm.salesforce.tokens import TokenCache
from connectors.crm.salesforce.wire import USER_FIELDS, deactivation_refusal, refusal, to_wire

if TYPE_CHECKING:
    import polars as pl


class SalesforceConnector(SalesforceHandover, RemovalTarget, RecordSource, RecordTarget):
    """Users of one Salesforce org, correlated by employee number; records of its objects by a unique external id."""

    title = "Salesforce"
    Settings = SalesforceSettings
    rate = Rate(calls=10, per_s=1.0, burst=10)
    promise = Promise.UPSERT
    batch_limit = BATCH_LIMIT
    record_promise = Promise.UPSERT
    record_batch_limit = 10_000
    fields: ClassVar[Mapping[str, FieldSpec]] = USER_FIELDS

    def __init__(self, settings: SalesforceSettings, client: Client) -> None:
        super().__init__(settings, client)
        self._settings = settings
        self._number = settings.number_field
        tokens = TokenCache(client, settings.login_url, settings.instance_url, settings.token_request(client))
        self._org = Org(client, tokens, settings.instance_url, settings.api_version)
        self.take_up(self._org, client, settings)
        self._records = Records(self._org, client.clock, settings.record_keys, settings.bulk_wait_s)
        self._columns = tuple(dict.fromkeys(("Id", "IsActive", "LastModifiedDate", self._number, *USER_FIELDS)))

    def check(self) -> Sequence[Finding]:
        """Token, API allowance, number field, mapped fields, freezing, and the language of the integration user."""
        return self_check(self._org, self._settings)

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """By user id where known, else by number; a linked user who carries another number by now is somebody else's.

        Of several users with one number the most active is given: never less access is told than someone has. Where
        that is not the only active one it is given without the number: whose user it is cannot be told.
        """
        by_id = self._by_id([ref.external_id for ref in refs if ref.external_id])
        linked = {ref: row for ref in refs if (row := by_id.get(_short(ref))) and self._may_be_of(ref, row)}
        by_number = self._by_number([ref.number for ref in refs if ref not in linked])
        rows = [linked.get(ref) or _foremost(by_number.get(ref.number, ())) for ref in refs]
        logins = self._logins([row["Id"] for row in rows if row is not None])
        frozen = {user for user, login in logins.items() if login["IsFrozen"]}
        accounts = [None if row is None else self._account(row, frozen) for row in rows]
        unsettled = {ref for ref in refs if ref not in linked and _unsettled(by_number.get(ref.number, ()))}
        return [
            replace(account, number=None) if account is not None and ref in unsettled else account
            for ref, account in zip(refs, accounts, strict=True)
        ]

    def scan(self) -> Iterator[Account]:
        """Every standard user; guests and Salesforce's own automation users are left out."""
        frozen = {row["UserId"] for row in self._org.query("SELECT UserId FROM UserLogin WHERE IsFrozen = true")}
        # The columns are constants and a setting with a strict pattern.
        soql = f"SELECT {', '.join(self._columns)} FROM User WHERE UserType = 'Standard' ORDER BY Id"  # noqa: S608
        for row in self._org.query(soql):
            yield self._account(row, frozen)

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create users; one found by number is taken over, reactivated and unfrozen instead."""
        batch = self._resolve(writes, self._linked(writes))
        absent = [i for i in batch.settled if batch.settled[i] is NO_ACCOUNT]
        for i in absent:
            del batch.settled[i]
        self._refuse_other_numbers(batch)
        taken = [i for i in batch.open if i in batch.users]
        self._create(batch, [i for i in absent if i in batch.open])
        self._change_users(batch, taken, self._whole)
        self._set_logins(batch, [i for i in taken if i not in batch.settled], {"IsFrozen": False})
        return batch.receipts()

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Set the given fields of users.

        Whose user a link names by now is not asked here: that would be as many calls again. Reading back tells.
        """
        batch = self._resolve(writes, {})
        self._refuse_other_numbers(batch)
        self._change_users(batch, batch.open, _given)
        return batch.receipts()

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Freeze: log-in stops at once; licence, ownership and special roles stay as they are."""
        batch = self._resolve(writes, self._linked(writes))
        self._set_logins(batch, batch.open, {"IsFrozen": True})
        return batch.receipts()

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Activate with the given fields, then unfreeze: a failure in between leaves the account closed."""
        batch = self._resolve(writes, self._linked(writes))
        self._refuse_other_numbers(batch)
        self._change_users(batch, batch.open, lambda write: {**_given(write), "IsActive": True})
        self._set_logins(batch, batch.open, {"IsFrozen": False})
        return batch.receipts()

    def remove(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Deactivate, which frees the licence. Users cannot be deleted, and what they own stays theirs."""
        batch = self._resolve(writes, self._linked(writes))
        self._change_users(batch, batch.open, lambda _: {"IsActive": False}, deactivation_refusal)
        return batch.receipts()

    # --- records

    def collections(self) -> Sequence[str]:
        """The objects in ``record_keys``."""
        return self._records.names()

    def records(self, collection: str) -> Feed:
        """All records of one object, by a Bulk API query job."""
        return self._records.feed(collection)

    def collection(self, name: str) -> Collection:
        """As the org describes the object."""
        return self._records.collection(name)

    def count(self, collection: Collection) -> int:
        """Those the integration user may see."""
        return self._records.count(collection)

    def fetch(self, collection: Collection, keys: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
        """By queries with as many keys as a request line takes."""
        return self._records.fetch(collection, keys, fields)

    def insert(self, collection: Collection, rows: pl.DataFrame) -> Sequence[Receipt]:
        """Create records. The key field is unique in Salesforce, so that a repeat is refused there."""
        return self._records.insert(collection, rows)

    def amend(self, collection: Collection, rows: pl.DataFrame, before: pl.DataFrame) -> Sequence[Receipt]:
        """Set fields of records that are as ``before`` says when looked at just before."""
        return self._records.amend(collection, rows, before)

    def delete(self, collection: Collection, before: pl.DataFrame) -> Sequence[Receipt]:
        """Delete records that are as they are expected, looked at just before."""
        return self._records.delete(collection, before)

    # --- reading

    def _by_id(self, ids: Sequence[str]) -> dict[str, Row]:
        """Users by the characters of their ids that tell them apart."""
        return {str(row["Id"])[:ID]: row for row in self._org.rows_in("User", self._columns, "Id", ids)}

    def _may_be_of(self, ref: AccountRef, row: Row) -> bool:
        """Whether a linked user carries this person's number, or none yet."""
        return (row[self._number] or ref.number) == ref.number

    def _by_number(self, numbers: Sequence[str]) -> dict[str, list[Row]]:
        """Users by number. SOQL compares without case; only rows with exactly the number asked for count."""
        found: dict[str, list[Row]] = {}
        for row in self._org.rows_in("User", self._columns, self._number, numbers):
            found.setdefault(str(row[self._number]), []).append(row)
        return found

    def _logins(self, users: Sequence[str]) -> dict[str, Row]:
        rows = self._org.rows_in("UserLogin", ("Id", "UserId", "IsFrozen"), "UserId", users)
        return {str(row["UserId"]): row for row in rows}

    def _account(self, row: Row, frozen: abc.Collection[str]) -> Account:
        state = AccountState.DISABLED if row["Id"] in frozen else AccountState.ENABLED
        return Account(
            number=row[self._number] or None,
            external_id=str(row["Id"]),
            state=state if row["IsActive"] else AccountState.REMOVED,
            fields={name: row[name] for name in USER_FIELDS},
            version=row["LastModifiedDate"],
        )

    # --- writing

    def _linked(self, writes: Sequence[AccountWrite]) -> dict[str, Row]:
        """The users that are linked: an administrator may have given one to another person since."""
        return self._by_id([write.ref.external_id for write in writes if write.ref.external_id])

    def _resolve(self, writes: Sequence[AccountWrite], linked: abc.Mapping[str, Row]) -> Batch:
        """Find out whose user each write is about; settle those that are about nobody, several or somebody else.

        ``linked`` are the users behind the links, as far as somebody has looked; a link is believed otherwise.
        """
        batch = Batch(writes)
        unknown = [write.ref.number for write in writes if not write.ref.external_id]
        by_number = self._by_number(unknown)
        for i, write in enumerate(writes):
            rows = by_number.get(write.ref.number, [])
            active = [row for row in rows if row["IsActive"]]
            user = linked.get(_short(write.ref))
            if user is not None and not self._may_be_of(write.ref, user):
                batch.settled[i] = GIVEN_AWAY
            elif write.ref.external_id:
                batch.users[i] = long_id(write.ref.external_id)
            elif len(rows) == 1 or len(active) == 1:
                batch.users[i] = str((active or rows)[0]["Id"])
            else:
                batch.settled[i] = AMBIGUOUS if rows else NO_ACCOUNT
        owner = {user: i for i, user in batch.users.items()}
        batch.settled |= {i: SHARED for i, user in batch.users.items() if owner[user] != i}
        return batch

    def _refuse_other_numbers(self, batch: Batch) -> None:
        for i in batch.open:
            write = batch.writes[i]
            if write.fields.get(self._number, write.ref.number) != write.ref.number:
                batch.settled[i] = OTHER_NUMBER

    def _whole(self, write: AccountWrite) -> dict[str, Any]:
        return {**_given(write), self._number: write.ref.number, "IsActive": True}

    def _create(self, batch: Batch, places: Sequence[int]) -> None:
        if not places:
            return
        records = [self._whole(batch.writes[i]) for i in places]
        with batch.step():
            if self._settings.create_by == "external_id":
                results = self._org.upsert("User", self._number, records)
            else:
                results = self._org.create("User", records)
        batch.written = True
        for i, result in zip(places, results, strict=True):
            if result["success"]:
                batch.users[i] = str(result["id"])
            else:
                batch.settled[i] = refusal(result["errors"][0])
        self._prove_numbers(batch, [i for i in places if i in batch.users])

    def _prove_numbers(self, batch: Batch, places: Sequence[int]) -> None:
        """Read back whose id is whose: a creation's results carry nothing else that would show another order."""
        with batch.step():
            rows = self._org.rows_in("User", ("Id", self._number), "Id", [batch.users[i] for i in places])
        told = {str(row["Id"]): row[self._number] for row in rows}
        if any(told.get(batch.users[i]) != batch.writes[i].ref.number for i in places):
            raise InDoubtError(
                "the ids of the created users do not belong to the numbers they came back for",
                code="results_mismatch",
                remedy="the users will be looked up by number",
            )

    def _change_users(
        self,
        batch: Batch,
        places: Sequence[int],
        record: Callable[[AccountWrite], Row],
        refuse: Callable[[Row], Receipt] = refusal,
    ) -> None:
        self._send(batch, "User", {i: (batch.users[i], record(batch.writes[i])) for i in places}, refuse)

    def _set_logins(self, batch: Batch, places: Sequence[int], record: Row) -> None:
        with batch.step():
            logins = self._logins([batch.users[i] for i in places])
        for i in places:
            if batch.users[i] not in logins:
                batch.settled[i] = NO_LOGIN
        rows = {i: (str(logins[batch.users[i]]["Id"]), record) for i in places if i not in batch.settled}
        self._send(batch, "UserLogin", rows, refusal)

    def _send(
        self, batch: Batch, table: str, rows: Mapping[int, tuple[str, Row]], refuse: Callable[[Row], Receipt]
    ) -> None:
        """Update records, and settle the writes whose record was refused."""
        if not rows:
            return
        with batch.step():
            results = self._org.update(table, dict(rows.values()))
        batch.written = True
        for i, result in zip(rows, results, strict=True):
            if not result["success"]:
                batch.settled[i] = refuse(result["errors"][0])


def _given(write: AccountWrite) -> dict[str, Any]:
    return {name: to_wire(value) for name, value in write.fields.items()}


def _short(ref: AccountRef) -> str:
    return (ref.external_id or "")[:ID]


def _unsettled(rows: Sequence[Row]) -> bool:
    """Whether several users carry a number and it is not told by one alone being active whose number it is."""
    return len(rows) > 1 and sum(bool(row["IsActive"]) for row in rows) != 1


def _foremost(rows: Sequence[Row]) -> Row | None:
    return min(rows, key=lambda row: (not row["IsActive"], row["Id"]), default=None)
