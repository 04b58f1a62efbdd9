"""Work that hangs on an employee in Tryton and that no field can give to another: quotes, orders, receivables.

A sale is answered for by the employee of the opportunity it came from; without one, by who confirmed it, else by who
quoted it. A client, and with it what the client owes, by the employee of the client's newest opportunity that was
neither lost nor cancelled; without one, by who answers for a sale to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from baton.sdk import AccountRef, Holding, HoldingKind, HoldingRef
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory
from connectors.erp.tryton.reader import OPPORTUNITY, PAGE, RECEIVABLE_LINE, SALE, Reader

KINDS: Final[Mapping[str, HoldingKind]] = {
    "draft": HoldingKind.QUOTE,
    "quotation": HoldingKind.QUOTE,
    "confirmed": HoldingKind.ORDER,
    "processing": HoldingKind.ORDER,
}
"""States of open sales, and what each is. Done and cancelled ones are closed."""
_SOLD: Final = ("confirmed", "processing", "done")
_SALE: Final = ("number", "reference", "description", "state", "total_amount", "currency.code", "party.name")
_LINE: Final = ("party.name", "debit", "credit", "currency.code", "maturity_date", "description")
_LOCKED: Final = (
    "Tryton has no owner of a sale: it records who quoted and who confirmed it, and locks both. Agree with the "
    "successor who answers to the client, and note it in the sale's comment"
)
_FOLLOWS: Final = (
    "Tryton has no owner of a receivable: it follows the client's opportunity. Where the client has none that is open, "
    "agree with the successor who collects it, and tell accounting"
)


class Sales:
    """The sales of one company and what its clients owe."""

    def __init__(self, reader: Reader, directory: Directory, *, receivables: bool) -> None:
        self._reader = reader
        self._directory = directory
        self._owed_model = RECEIVABLE_LINE if receivables else ""

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The open sales this person answers for, then the open receivables of this person's clients."""
        employee = self._directory.employee_ids([person]).get(person.number)
        if employee is None or not self._reader.has(SALE):
            return
        domain = [self.tied([employee]), ["state", "in", list(KINDS)]]
        yield from self._reader.pages(SALE, domain, _SALE, _sale)
        if self._owed_model and self._reader.has(self._owed_model):
            yield from self._receivables(sorted(self._clients(employee)))

    def tied(self, employees: Sequence[int]) -> list[Any]:
        """The domain of the sales these employees answer for."""
        wanted = list(employees)
        by_hand = ["OR", ["confirmed_by", "in", wanted], [["confirmed_by", "=", None], ["quoted_by", "in", wanted]]]
        here = ["company", "=", self._reader.company_id]
        if not self._reader.has(OPPORTUNITY):
            return [here, by_hand]
        from_none = ["OR", ["origin", "=", None], ["origin", "not like", f"{OPPORTUNITY},%"]]
        return [here, ["OR", ["origin.employee", "in", wanted, OPPORTUNITY], [from_none, by_hand]]]

    def _receivables(self, clients: Sequence[int]) -> Iterator[Sequence[Holding]]:
        for start in range(0, len(clients), PAGE):
            domain = [
                ["company", "=", self._reader.company_id],
                ["party", "in", clients[start : start + PAGE]],
                ["account.type.receivable", "=", True],
                ["reconciliation", "=", None],
                ["move.state", "=", "posted"],
                ["debit", ">", wire.decimal_out(Decimal(0))],
            ]
            yield from self._reader.pages(RECEIVABLE_LINE, domain, _LINE, _receivable)

    def _clients(self, employee: int) -> set[int]:
        """The clients this employee answers for."""
        here = ["company", "=", self._reader.company_id]
        sold = [self.tied([employee]), ["state", "in", list(_SOLD)]]
        clients = {client for page in self._reader.pages(SALE, sold, ["party"], _party) for client in page if client}
        if not self._reader.has(OPPORTUNITY):
            return clients
        alive = [here, ["state", "not in", ["lost", "cancelled"]], ["employee", "!=", None]]
        mine = self._reader.pages(OPPORTUNITY, [alive, ["employee", "=", employee]], ["party"], _party)
        clients |= {client for page in mine for client in page if client}
        ordered = sorted(clients)
        for start in range(0, len(ordered), PAGE):
            theirs = [alive, ["party", "in", ordered[start : start + PAGE]]]
            for page in self._reader.pages(OPPORTUNITY, theirs, ["party", "employee"], _answers):
                for client, answers in page:  # by id: the newest is the last word
                    (clients.add if answers == employee else clients.discard)(client)
        return clients


def _party(row: Mapping[str, Any]) -> int | None:
    return None if row["party"] is None else int(row["party"])


def _answers(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["party"]), int(row["employee"])


def _sale(row: Mapping[str, Any]) -> Holding:
    client, number = row["party."], row["number"]
    return Holding(
        HoldingRef(KINDS[str(row["state"])], str(row["id"])),
        title=str(row["description"] or number or client["name"] or row["id"]),
        facts={
            "number": number,
            "reference": row["reference"],
            "stage": str(row["state"]),
            "client": client["name"],
        },
        about=HoldingRef(HoldingKind.CLIENT, str(client["id"])),
        amount=wire.decimal_in(row["total_amount"]),
        currency=str(row["currency."]["code"]),
        by_hand=_LOCKED,
    )


def _receivable(row: Mapping[str, Any]) -> Holding:
    client, debit, credit = row["party."], wire.decimal_in(row["debit"]), wire.decimal_in(row["credit"])
    return Holding(
        HoldingRef(HoldingKind.RECEIVABLE, str(row["id"])),
        title=str(row["description"] or client["name"] or row["id"]),
        facts={"client": client["name"], "due": wire.date_in(row["maturity_date"])},
        about=HoldingRef(HoldingKind.CLIENT, str(client["id"])),
        amount=(debit or Decimal(0)) - (credit or Decimal(0)),
        currency=str(row["currency."]["code"]),
        by_hand=_FOLLOWS,
    )
