"""Work that hangs on an employee in Tryton and that no field can give to another: quotes, orders, receivables.

A sale is answered for by the employee of the opportunity it came from; without one, by who confirmed it, else by who
quoted it. A client, and with it what the client owes, by the employee of the client's newest opportunity that was
neither lost nor cancelled; without one, by who answers for a sale to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from baton.sdk import AccountRef, Holding, HoldingKind, HoldingRef
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory, chunks
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
_TIES: Final = ("origin", "confirmed_by", "quoted_by")
_LINE: Final = ("party.name", "debit", "credit", "currency.code", "maturity_date", "description")
_LOCKED: Final = (
    "Tryton has no owner of a sale: it records who quoted and who confirmed it, and locks both. Agree with the "
    "successor who answers to the client, and note it in the sale's comment"
)
_FOLLOWS: Final = (
    "Tryton has no owner of a receivable: it follows the client's opportunity. Where the client has none that is open, "
    "agree with the successor who collects it, and tell accounting"
)


@dataclass(frozen=True, slots=True)
class Tie:
    """What says who answers for a sale."""

    deal: int | None
    """The opportunity it came from."""
    employee: int | None
    """Without one: who confirmed it, else who quoted it."""

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Tie:
        """From one row of an answer."""
        model, _, number = str(row["origin"] or "").partition(",")
        employee = row["quoted_by"] if row["confirmed_by"] is None else row["confirmed_by"]
        return cls(int(number) if model == OPPORTUNITY else None, None if employee is None else int(employee))


class Sales:
    """The sales of one company and what its clients owe."""

    def __init__(self, reader: Reader, directory: Directory, *, receivables: bool) -> None:
        self._reader = reader
        self._directory = directory
        self._owed_model = RECEIVABLE_LINE if receivables else ""

    def work(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The open sales this person answers for, then the open receivables of this person's clients."""
        for page in self.work_of([person]):
            yield [each for _, each in page]

    def work_of(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of these people, with whose each is. A client's debt is with everybody who answers for it."""
        employees = sorted(set(self._directory.employee_ids(people).values()))
        if not self._reader.has(SALE):
            return
        for some in chunks(employees):
            domain = [self.tied(some), ["state", "in", list(KINDS)]]
            for sales in self._reader.pages(SALE, domain, (*_SALE, *_TIES), _tied_sale):
                answering = self._answering([tie for tie, _ in sales])
                yield [(str(who), sale) for who, (_, sale) in zip(answering, sales, strict=True) if who in some]
            if self._owed_model and self._reader.has(self._owed_model):
                yield from self._receivables(self._clients(some))

    def tied(self, employees: Sequence[int]) -> list[Any]:
        """The domain of the sales these employees answer for."""
        wanted = list(employees)
        by_hand = ["OR", ["confirmed_by", "in", wanted], [["confirmed_by", "=", None], ["quoted_by", "in", wanted]]]
        here = ["company", "=", self._reader.company_id]
        if not self._reader.has(OPPORTUNITY):
            return [here, by_hand]
        from_none = ["OR", ["origin", "=", None], ["origin", "not like", f"{OPPORTUNITY},%"]]
        return [here, ["OR", ["origin.employee", "in", wanted, OPPORTUNITY], [from_none, by_hand]]]

    def _answering(self, ties: Sequence[Tie]) -> list[int | None]:
        """Who answers for each of these sales."""
        deals = sorted({tie.deal for tie in ties if tie.deal is not None})
        with_whom = dict(self._reader.rows(OPPORTUNITY, [["id", "in", deals]], ["employee"], _held)) if deals else {}
        return [tie.employee if tie.deal is None else with_whom.get(tie.deal) for tie in ties]

    def _receivables(self, clients: Mapping[int, Iterable[int]]) -> Iterator[Sequence[tuple[str, Holding]]]:
        ordered = sorted(client for client, employees in clients.items() if employees)
        for start in range(0, len(ordered), PAGE):
            domain = [
                ["company", "=", self._reader.company_id],
                ["party", "in", ordered[start : start + PAGE]],
                ["account.type.receivable", "=", True],
                ["reconciliation", "=", None],
                ["move.state", "=", "posted"],
                ["debit", ">", wire.decimal_out(Decimal(0))],
            ]
            for page in self._reader.pages(RECEIVABLE_LINE, domain, _LINE, _owed):
                yield [(str(who), line) for client, line in page for who in sorted(clients[client])]

    def _clients(self, employees: Sequence[int]) -> dict[int, set[int]]:
        """The clients these employees answer for, each with those of them who do."""
        clients: defaultdict[int, set[int]] = defaultdict(set)
        wanted = frozenset(employees)
        sold = [self.tied(employees), ["state", "in", list(_SOLD)]]
        for sales in self._reader.pages(SALE, sold, ("party", *_TIES), _tied_client):
            for who, (_, client) in zip(self._answering([tie for tie, _ in sales]), sales, strict=True):
                if client is not None and who in wanted:
                    clients[client].add(who)
        if not self._reader.has(OPPORTUNITY):
            return clients
        here = ["company", "=", self._reader.company_id]
        alive = [here, ["state", "not in", ["lost", "cancelled"]], ["employee", "!=", None]]
        theirs = self._reader.pages(OPPORTUNITY, [alive, ["employee", "in", list(employees)]], ["party"], _party)
        concerned = sorted({*clients, *(client for page in theirs for client in page if client)})
        for start in range(0, len(concerned), PAGE):
            domain = [alive, ["party", "in", concerned[start : start + PAGE]]]
            for page in self._reader.pages(OPPORTUNITY, domain, ["party", "employee"], _answers):
                for client, answers in page:  # by id: the newest is the last word
                    clients[client] = {answers} if answers in wanted else set()
        return clients


def _party(row: Mapping[str, Any]) -> int | None:
    return None if row["party"] is None else int(row["party"])


def _held(row: Mapping[str, Any]) -> tuple[int, int | None]:
    return int(row["id"]), None if row["employee"] is None else int(row["employee"])


def _answers(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["party"]), int(row["employee"])


def _tied_sale(row: Mapping[str, Any]) -> tuple[Tie, Holding]:
    return Tie.read(row), _sale(row)


def _tied_client(row: Mapping[str, Any]) -> tuple[Tie, int | None]:
    return Tie.read(row), _party(row)


def _owed(row: Mapping[str, Any]) -> tuple[int, Holding]:
    return int(row["party."]["id"]), _receivable(row)


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
