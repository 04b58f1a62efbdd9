"""Cases, their items and what was said, as the audit log tells them, one entry after the other (I7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from baton.model.case import CASE_STEPS, ITEM_STEPS, Case, CaseState, Item, ItemState, Statement
from tests.rig.logbook import Read


class Stored(Protocol):
    """What the store says of all cases, by their ids."""

    cases: Mapping[str, Case]
    items: Mapping[str, list[Item]]
    said: Mapping[str, list[Statement]]


@dataclass
class CaseReplay:
    """Where every case and every item stands by the log, and what came into it when."""

    of_case: dict[str, CaseState] = field(default_factory=dict)
    of_item: dict[tuple[str, int], ItemState] = field(default_factory=dict)
    stated: Counter[str] = field(default_factory=Counter)
    order: dict[str, int] = field(default_factory=dict)
    """Effect key or signature -> its first entry: what was first is told by no clock that anybody can set."""

    def follow(self, entries: Iterable[Read]) -> Iterator[str]:
        """Take these entries in; yields every step that is not on the list, or does not begin where the last one ended."""
        for entry in entries:
            body = entry.body
            match entry.kind:
                case "statement":
                    self.stated[body["signature"]] += 1
                    self.order.setdefault(body["signature"], entry.seq)
                case "effect":
                    self.order.setdefault(body["effect"], entry.seq)
                case "case":
                    yield from self._case(body)
                case "item":
                    yield from self._item(body)

    def _case(self, body: Mapping[str, Any]) -> Iterator[str]:
        before, after = self.of_case.get(body["case"]), CaseState(body["to"])
        if body.get("from") != (before and before.value) or (before and after not in CASE_STEPS[before]):
            yield f"{body['case']} went from {before} to {after}"
        self.of_case[body["case"]] = after

    def _item(self, body: Mapping[str, Any]) -> Iterator[str]:
        name, after = (body["case"], body["item"]), ItemState(body["to"])
        known = self.of_item.get(name)
        if body.get("from") != (known and known.value) or (known and after not in (known, *ITEM_STEPS[known])):
            yield f"item {name} went from {known} (stated: {body.get('from')}) to {after}"
        self.of_item[name] = after

    def differences(self, stored: Stored) -> Iterator[str]:
        """What is not stored as the log tells; every statement is in the log once."""
        for case_id, items in stored.items.items():
            wrong = (item for item in items if self.of_item.get((case_id, item.id)) is not item.state)
            yield from (f"{case_id} item {item.id} differs from its log" for item in wrong)
            if self.of_case.get(case_id) is not stored.cases[case_id].state:
                yield f"{case_id} differs from its log"
        said = Counter(each.signature.hex() for of_case in stored.said.values() for each in of_case)
        if said != self.stated:
            yield "the statements are not those of the log"
