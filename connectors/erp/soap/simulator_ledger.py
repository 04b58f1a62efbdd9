"""The simulated ERP's truth: employees, the messages it has processed, and the journal of accepted writes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PROCESSED, REFUSED, NOT_PROCESSED = "3", "5", "9"
UNKNOWN_COMPANY = "UNKNOWN"


@dataclass(frozen=True)
class JournalEntry:
    """One accepted write, with the elements it carried."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Confirmation:
    """What is answered to a message, the first time and on every repeat."""

    result: str
    type_id: str
    internal_id: str | None = None


class Ledger:
    """Not thread-safe: the simulator holds its lock around every call."""

    def __init__(self) -> None:
        self.calls = 0
        self.journal: list[JournalEntry] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.repeats = 0
        """Messages that came again and were not acted on."""
        self.busy = 0
        """So many next messages are answered with "not processed"."""
        self._processed: dict[str, Confirmation] = {}
        self._serial = itertools.count(1)

    def plant(self, row: dict[str, Any]) -> str:
        internal_id = f"{next(self._serial):010d}"
        self.rows[internal_id] = {**row, "EmployeeInternalID": internal_id}
        return internal_id

    def process(self, action: str, message_id: str, number: str, values: Mapping[str, Any]) -> Confirmation:
        """Act on a message once. ``values`` holds leaf elements by name; None is a nil and clears."""
        if message_id in self._processed:
            self.repeats += 1
            return self._processed[message_id]
        if self.busy:
            self.busy -= 1
            return Confirmation(NOT_PROCESSED, "BUSY(001)")
        refusal = self._objection(action, number, values)
        if refusal:
            return Confirmation(REFUSED, refusal)
        internal_id = self._apply(action, number, values)
        confirmation = self._processed[message_id] = Confirmation(PROCESSED, "OK(000)", internal_id)
        self.journal.append(JournalEntry(action, number, internal_id, self.calls, dict(values)))
        return confirmation

    def holder(self, number: str) -> dict[str, Any] | None:
        return next((row for row in self.rows.values() if row.get("EmployeeID") == number), None)

    def _objection(self, action: str, number: str, values: Mapping[str, Any]) -> str:
        row = self.holder(number)
        if action == "hire" and row is not None:
            return "EXISTS(011)"
        if action != "hire" and row is None:
            return "MISSING(012)"
        if values.get("CompanyID") == UNKNOWN_COMPANY:
            return "COMPANY(021)"
        manager = values.get("ManagerInternalID")
        if manager is not None and manager not in self.rows:
            return "MANAGER(022)"
        return ""

    def _apply(self, action: str, number: str, values: Mapping[str, Any]) -> str:
        row = self.holder(number)
        if row is None:
            row = self.rows[self.plant({"EmployeeID": number})]
        if action == "reinstate":
            row.update(EndDate=None, ReasonCode=None)
        row.update(values)
        return str(row["EmployeeInternalID"])
