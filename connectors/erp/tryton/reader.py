"""Reading for handovers and payments: which models this Tryton has, and their records page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from baton.sdk import HaltError, Intent, RejectedError
from connectors.erp.tryton import wire
from connectors.erp.tryton.rpc import Row, Rpc

OPPORTUNITY: Final = "sale.opportunity"
SALE: Final = "sale.sale"
RECEIVABLE_LINE: Final = "account.move.line"
USER: Final = "res.user"
PAYMENT: Final = "account.payment"
PAYMENT_JOURNAL: Final = "account.payment.journal"
BANK_ACCOUNT: Final = "bank.account"
BANK_NUMBER: Final = "bank.account.number"
PAGE: Final = 2_500
"""Rows a call: Tryton sets no limit of its own. 2,000 opportunities of a leaver are then one call."""
_OPTIONAL: Final = (OPPORTUNITY, SALE, RECEIVABLE_LINE, PAYMENT, BANK_ACCOUNT)
_RIGHTS: Final[Mapping[str, str]] = {
    OPPORTUNITY: "give the hub's Tryton user a group that may read and write Sale Opportunity",
    SALE: "give the hub's Tryton user a group that may read Sale",
    RECEIVABLE_LINE: "give the hub a group that may read Account Move and Move Line, or set receivables: false",
    PAYMENT: "give the hub's Tryton user a group that may read Payment",
    PAYMENT_JOURNAL: "give the hub's Tryton user a group that may read Payment Journal",
}


class Reader:
    """Rows of models that may or may not be there. Thread-safe."""

    def __init__(self, rpc: Rpc, company_id: int) -> None:
        self.rpc = rpc
        self.company_id = company_id
        # Clients and colleagues who are retired still own, and English makes refusals readable and redactable.
        self.context: Mapping[str, Any] = {"company": company_id, "active_test": False, "language": "en"}
        self._lock = threading.Lock()
        self._models: frozenset[str] | None = None

    def has(self, model: str) -> bool:
        """Whether the module that makes this model is active in the database; asked once, as it takes a restart."""
        with self._lock:
            if self._models is None:
                domain = [["name", "in", list(_OPTIONAL)]]
                names = self.rpc.rows("ir.model", domain, ["name"], lambda row: str(row["name"]), context=self.context)
                self._models = frozenset(names)
            return model in self._models

    def may(self, model: str, right: str) -> bool:
        """Whether the hub's user has a right (``read``, ``write``) to a model that is there."""
        return bool(self.rpc.read("model.ir.model.access.get_access", [model], context=self.context)[model][right])

    def rows(
        self,
        model: str,
        domain: Sequence[Any],
        columns: Sequence[str],
        read: Callable[[Mapping[str, Any]], Row],
        *,
        limit: int | None = None,
        **context: Any,
    ) -> list[Row]:
        """The records that match, by id. A model the user may not read is never shown as empty."""
        try:
            return self.rpc.rows(model, domain, columns, read, context={**self.context, **context}, limit=limit)
        except RejectedError as error:
            raise HaltError(
                f"Tryton does not let the hub read {model}: {error.message}",
                code="no_right",
                remedy=_RIGHTS.get(model, "look at the access rights of the hub's Tryton user"),
            ) from error

    def pages(
        self, model: str, domain: Sequence[Any], columns: Sequence[str], read: Callable[[Mapping[str, Any]], Row]
    ) -> Iterator[list[Row]]:
        """The same page by page, each record once; pages that are empty are not given."""
        last = 0
        while True:
            wanted = [domain, ["id", ">", last]]
            found = self.rows(model, wanted, columns, lambda row: (int(row["id"]), read(row)), limit=PAGE)
            ids = [last, *(number for number, _ in found)]
            if any(a >= b for a, b in pairwise(ids)):
                raise wire.garbled(Intent.READ, f"{model}.search_read (out of order)")
            if found:
                yield [row for _, row in found]
            if len(found) < PAGE:
                return
            last = ids[-1]
