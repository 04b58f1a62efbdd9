"""An ERP that speaks SOAP: hire, change, end and reinstate employments through operations named in the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from zeep import xsd

from baton.sdk import (
    Account,
    AccountRef,
    AccountState,
    AccountTarget,
    AccountWrite,
    Client,
    ConnectorError,
    ConnectorSettings,
    FieldSpec,
    Finding,
    HaltError,
    Intent,
    Outcome,
    Promise,
    Rate,
    Receipt,
    RejectedError,
    RetryableError,
    Scalar,
)
from connectors.erp.soap import template, wire
from connectors.erp.soap.fields import FIELDS
from connectors.erp.soap.settings import MessagePart, SoapSettings
from connectors.erp.soap.speaker import Speaker

_MOST_PAGES: Final = 100_000


class SoapConnector(AccountTarget):
    """Employees of an ERP behind a document/literal SOAP service that de-duplicates by message id."""

    title: ClassVar[str] = "ERP over SOAP"
    Settings: ClassVar[type[ConnectorSettings]] = SoapSettings
    rate: ClassVar[Rate] = Rate(calls=10, per_s=1, burst=4)
    promise: ClassVar[Promise] = Promise.KEY
    batch_limit: ClassVar[int] = 1
    """A message is about one employee, so that every outcome is that of one write."""
    fields: ClassVar[Mapping[str, FieldSpec]] = FIELDS

    def __init__(self, settings: SoapSettings, client: Client) -> None:
        super().__init__(settings, client)
        self._speaker = Speaker(settings, client)
        self._operations = settings.operations
        self._confirmation = settings.confirmation

    def check(self) -> Sequence[Finding]:
        """The local files, the settings against the WSDL, and one row read from the ERP."""
        found: list[Finding] = []
        for what, look in (("WSDL and settings", self._speaker.contract), ("read access", self._read_one)):
            try:
                look()
            except ConnectorError as error:
                return [*found, Finding(what, ok=False, detail=error.message, remedy=error.remedy)]
            found.append(Finding(what, ok=True))
        return found

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        """The employees with these numbers, asked for a page at a time."""
        found: dict[str, Account] = {}
        size = self._operations.query.rows_per_page
        numbers = list(dict.fromkeys(ref.number for ref in refs))
        for start in range(0, len(numbers), size):
            asked = numbers[start : start + size]
            for account in self._rows(asked):
                if account.number not in asked or account.number in found:
                    raise HaltError(
                        "the ERP answered a query for employees with others, or with one twice",
                        code="wrong_rows",
                        remedy="one employee number must belong to one employee; check operations.query.number",
                    )
                found[account.number] = account
        return [found.get(ref.number) for ref in refs]

    def scan(self) -> Iterator[Account]:
        """Every employee the query gives, leavers included."""
        yield from self._rows(())

    # --- writes

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Hire; an employee who is already there is changed instead, and reinstated first after an end."""
        return [self._receipt(write, self._provision) for write in writes]

    def update(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Change the given fields. An end of employment is not one of them."""
        return [self._receipt(write, self._update) for write in writes]

    def disable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """End the employment; ``end_date`` (the last working day) is needed."""
        return [self._receipt(write, self._end) for write in writes]

    def enable(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Take the end of the employment back, and set the given fields."""
        return [self._receipt(write, self._reinstate) for write in writes]

    def _receipt(self, write: AccountWrite, perform: Callable[[AccountWrite], Receipt]) -> Receipt:
        unknown = sorted(write.fields.keys() - FIELDS.keys())
        if unknown:
            return Receipt.refused(
                "unknown_field", f"no such field: {', '.join(unknown)}", remedy="correct the mapping"
            )
        try:
            return perform(write)
        except RejectedError as error:
            return Receipt.refused(error.code, error.message, remedy=error.remedy)

    def _provision(self, write: AccountWrite) -> Receipt:
        (present,) = self.find([write.ref])
        if present is None:
            fields = {name: value for name, value in _lasting(write).items() if value is not None}
            missing = sorted(name for name, spec in FIELDS.items() if spec.required and name not in fields)
            if missing:
                raise RejectedError(f"a hire needs {', '.join(missing)}", code="incomplete", remedy="complete it in HR")
            return self._carry(write, self._operations.hire, fields)
        if present.state is AccountState.ENABLED:
            return self._carry(write, self._operations.change, _lasting(write))
        return self._reinstate(write)

    def _update(self, write: AccountWrite) -> Receipt:
        if "end_date" in write.fields:
            raise _end_given()
        return self._carry(write, self._operations.change, write.fields)

    def _end(self, write: AccountWrite) -> Receipt:
        if write.fields.get("end_date") is None:
            raise RejectedError(
                "ending an employment needs its last working day",
                code="no_end_date",
                remedy="map end_date for disable, and enter the last working day in HR",
            )
        return self._carry(write, self._operations.end, write.fields)

    def _reinstate(self, write: AccountWrite) -> Receipt:
        return self._carry(write, self._operations.reinstate, _lasting(write))

    def _carry(self, write: AccountWrite, main: MessagePart, fields: Mapping[str, Scalar]) -> Receipt:
        """Send the main message with the fields it has elements for, then the others with a change."""
        others = {name: value for name, value in fields.items() if name not in main.fields}
        homeless = sorted(others.keys() - self._operations.change.fields.keys())
        if homeless:
            remedy = "name their elements under operations.change.fields, or take the fields out of the mapping"
            raise RejectedError(f"no element carries {', '.join(homeless)}", code="unmapped_field", remedy=remedy)
        direct = {name: value for name, value in fields.items() if name in main.fields}
        receipt = self._send(write, main, direct)
        if receipt.outcome is not Outcome.DONE or not others:
            return receipt
        changed = self._change_after(write, others)
        return replace(changed, external_id=changed.external_id or receipt.external_id)

    def _change_after(self, write: AccountWrite, fields: Mapping[str, Scalar]) -> Receipt:
        """The second message. Where it was not acted on, the write is in doubt all the same: the first has been done.

        Unless nothing of it can be read back: a look at the ERP would then find all of it done. Such a write is sent
        again, by the same ids.
        """
        shows = any(FIELDS[name].readable for name in fields)
        try:
            receipt = self._send(write, self._operations.change, fields)
        except (RetryableError, HaltError) as error:
            if not shows:
                raise
            receipt = Receipt(Outcome.NOT_PERFORMED, code=error.code, message=error.message, remedy=error.remedy)
        if receipt.outcome is Outcome.NOT_PERFORMED and shows:
            message = f"the first of two messages was carried out, the second not: {receipt.message}"
            return replace(receipt, outcome=Outcome.IN_DOUBT, message=message)
        return receipt

    def _send(self, write: AccountWrite, message: MessagePart, fields: Mapping[str, Scalar]) -> Receipt:
        sent_id = wire.message_id(write, message.name)
        values: dict[str, Any] = {**message.constants, message.message_id: sent_id, message.number: write.ref.number}
        if message.sent_at:
            values[message.sent_at] = self.client.clock.now()
        for name, value in fields.items():
            values[message.fields[name]] = self._cleared(message, name) if value is None else value
        answer = self._speaker.call(message.name, values, Intent.WRITE)
        return wire.receipt_of(answer, sent_id, self._confirmation)

    def _cleared(self, message: MessagePart, name: str) -> Any:
        """What empties an element: a nil, where the schema has one."""
        root = self._speaker.contract().element(message.name, reply=False)
        element = template.element_at(root, message.fields[name])
        if element is None or not element.nillable:
            raise RejectedError(
                f"the ERP has no way to clear {name}",
                code="not_clearable",
                remedy="give the field a value in HR or in the mapping (otherwise: keep-current)",
            )
        return xsd.Nil

    # --- reading

    def _read_one(self) -> None:
        next(self._rows(()), None)

    def _rows(self, numbers: Sequence[str]) -> Iterator[Account]:
        """The rows of all pages; a page that leads back to an earlier one is an error."""
        query = self._operations.query
        values: dict[str, Any] = {query.page_size: query.rows_per_page}
        if numbers:
            values[query.number] = list(numbers)
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = self._speaker.call(query.name, values, Intent.READ)
            accounts = [wire.account_of(row, query) for row in template.rows(answer, query.rows)]
            yield from accounts
            if template.picked(answer, query.more) is False:
                return
            last = accounts[-1].external_id if accounts else ""
            if not last or last in seen:
                break
            seen.add(last)
            values[query.after] = last
        raise HaltError(
            "the pages of the ERP's employee query do not come to an end",
            code="cursor_repeated",
            remedy="check operations.query: after, more and row_external_id",
        )


def _lasting(write: AccountWrite) -> dict[str, Scalar]:
    """The fields of a write that begins or goes on with an employment: without an end."""
    if write.fields.get("end_date") is not None:
        raise _end_given()
    return {name: value for name, value in write.fields.items() if name != "end_date"}


def _end_given() -> RejectedError:
    remedy = "map end_date for disable only"
    return RejectedError("an end of employment must be counted as one", code="end_date_given", remedy=remedy)
