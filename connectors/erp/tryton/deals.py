"""Opportunities: the one thing in Tryton 8.2 that belongs to an employee and can be given to another.

A client (``party.party``) has no owner there and a sale has none either; see the README.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from baton.sdk import (
    AccountRef,
    HaltError,
    Holding,
    HoldingKind,
    HoldingRef,
    OwnershipStore,
    Receipt,
    Transfer,
)
from connectors.erp.tryton import wire
from connectors.erp.tryton.directory import Directory, chunks
from connectors.erp.tryton.marked import Change, Look, write_marked
from connectors.erp.tryton.reader import OPPORTUNITY, PAGE, Reader

OPEN: Final = ("lead", "opportunity")
"""The states in which Tryton lets the employee be changed."""
_COLUMNS: Final = ("number", "reference", "description", "state", "end_date", "amount", "currency.code", "party.name")
_MARKED: Final = ("employee", "state", "_timestamp")


@dataclass(frozen=True, slots=True)
class Deal:
    """Who has an opportunity, in which state, under which mark."""

    id: int
    employee: int | None
    state: str
    mark: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Deal:
        """From one row of an answer."""
        return cls(int(row["id"]), row["employee"], str(row["state"]), str(row["_timestamp"]))


class Deals:
    """The opportunities of one company."""

    def __init__(self, reader: Reader, directory: Directory) -> None:
        self._reader = reader
        self._directory = directory

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The open opportunities of this person."""
        for page in self.owned_by([person]):
            yield [each for _, each in page]

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The open opportunities of these people, with whose each is."""
        employees = sorted(set(self._directory.employee_ids(people).values()))
        if not employees or not self._reader.has(OPPORTUNITY):
            return
        for some in chunks(employees):
            domain = [*self._here(), ["employee", "in", list(some)], ["state", "in", list(OPEN)]]
            yield from self._reader.pages(OPPORTUNITY, domain, ("employee", *_COLUMNS), _held)

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """Who has these opportunities; a call for every 2,500."""
        ids = [_deal_id(ref) for ref in refs]
        found = self._deals([number for number in ids if number is not None])
        deals = (found.get(number) for number in ids if number is not None)
        employees = {deal.id: deal.employee for deal in deals if deal is not None}
        held = (None if number is None else employees.get(number) for number in ids)
        return [None if employee is None else str(employee) for employee in held]

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """One look and one write for all of them, whoever the successors are."""
        if not transfers:
            return []
        ids = self._directory.employee_ids(person for each in transfers for person in (each.holder, each.successor))
        look = partial(self._look, transfers, ids)
        return write_marked(self._reader, OPPORTUNITY, len(transfers), look, self._objections)

    def _look(self, transfers: Sequence[Transfer], ids: Mapping[str, int], places: Sequence[int]) -> Look:
        wanted = {place: _deal_id(transfers[place].ref) for place in places}
        found = self._deals([number for number in wanted.values() if number is not None])
        receipts: dict[int, Receipt] = {}
        changes: dict[int, Change] = {}
        for place, number in wanted.items():
            transfer = transfers[place]
            holder, successor = ids.get(transfer.holder.number), ids.get(transfer.successor.number)
            deal = None if number is None else found.get(number)
            verdict = _judged(transfer, deal, holder, successor)
            if verdict is not None:
                receipts[place] = verdict
            elif deal is not None and deal.id not in changes:  # named twice: the next look judges the second
                values = {"employee": successor}
                changes[deal.id] = Change(deal.id, deal.mark, values, (place,), transfer.ref.external_id)
        return Look(receipts, list(changes.values()))

    def _objections(self, changes: Sequence[Change]) -> Mapping[int, Receipt]:
        """Why Tryton refuses them all, where that is no matter of single opportunities."""
        if not self._reader.may(OPPORTUNITY, "write"):
            raise HaltError(
                "Tryton does not let the hub change opportunities",
                code="no_right",
                remedy="give the hub's Tryton user a group that may read and write Sale Opportunity",
            )
        wanted = sorted({int(change.values["employee"]) for change in changes})
        domain = [*self._here(), ["id", "in", wanted]]
        there = set(self._reader.rows("company.employee", domain, ["id"], lambda row: int(row["id"])))
        return {
            place: _no_successor()
            for change in changes
            if change.values["employee"] not in there
            for place in change.places
        }

    def _deals(self, ids: Sequence[int]) -> dict[int, Deal]:
        found: dict[int, Deal] = {}
        wanted = sorted(set(ids)) if ids and self._reader.has(OPPORTUNITY) else []
        for start in range(0, len(wanted), PAGE):
            domain = [*self._here(), ["id", "in", wanted[start : start + PAGE]]]
            found |= {deal.id: deal for deal in self._reader.rows(OPPORTUNITY, domain, _MARKED, Deal.read)}
        return found

    def _here(self) -> list[Any]:
        return [["company", "=", self._reader.company_id]]


def _judged(transfer: Transfer, deal: Deal | None, holder: int | None, successor: int | None) -> Receipt | None:
    """What becomes of a transfer without writing; None where it is to be written."""
    if transfer.ref.kind is not HoldingKind.OPPORTUNITY:
        return Receipt.refused(
            "no_transfer",
            f"Tryton has no field by which a {transfer.ref.kind} could be given to somebody",
            remedy="agree with the successor who sees to it, and note it in Tryton",
        )
    if deal is None:
        return Receipt.refused(OwnershipStore.CHANGED, "there is no such opportunity here (any more)")
    if successor is None:
        return _no_successor()
    if deal.employee == successor:
        return Receipt.done(transfer.ref.external_id)
    if holder is None or deal.employee != holder:
        return Receipt.refused(OwnershipStore.CHANGED, "somebody else has this opportunity by now")
    if deal.state not in OPEN:
        return Receipt.refused(
            "closed_opportunity",
            f"Tryton locks the employee of an opportunity that is {deal.state}",
            remedy="leave it with who closed it; a lost or cancelled one can be put back to Lead there first",
        )
    return None


def _no_successor() -> Receipt:
    return Receipt.refused(
        "no_successor",
        "the successor is no employee of this company in Tryton",
        remedy="provision the successor in this system first, or choose another",
    )


def _deal_id(ref: HoldingRef) -> int | None:
    mine = ref.kind is HoldingKind.OPPORTUNITY and ref.external_id.isdecimal()
    return int(ref.external_id) if mine else None


def _held(row: Mapping[str, Any]) -> tuple[str, Holding]:
    return str(row["employee"]), _holding(row)


def _holding(row: Mapping[str, Any]) -> Holding:
    client, number = row["party."], str(row["number"])
    return Holding(
        HoldingRef(HoldingKind.OPPORTUNITY, str(row["id"])),
        title=str(row["description"] or number),
        facts={
            "number": number,
            "reference": row["reference"],
            "stage": str(row["state"]),
            "client": client["name"] if client else None,
            "due": wire.date_in(row["end_date"]),
        },
        about=HoldingRef(HoldingKind.CLIENT, str(client["id"])) if client else None,
        amount=wire.decimal_in(row["amount"]),
        currency=str(row["currency."]["code"]),
    )
