"""One case as people get at it on the command line: what is on the list, and what each of them says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from baton.model.case import ItemState
from baton.model.handover import HoldingKind

ENDED: Final = (HoldingKind.ACCOUNT, HoldingKind.GRANT)
"""Kinds that nobody takes over: they have to end."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list."""

    id: int
    version: int
    system: str
    ref: str
    about: str
    state: ItemState
    successor: str
    code: str

    @property
    def place(self) -> tuple[str, str]:
        """As `Thing.place`."""
        return self.system, self.ref

    @property
    def kind(self) -> HoldingKind:
        """What sort of thing it is."""
        return HoldingKind(self.ref.partition("/")[0])

    @property
    def passed_on(self) -> bool:
        """Whether a system can give it to somebody: no account, no right, nothing that no system knows."""
        return bool(self.system) and self.kind not in ENDED


class CaseDesk:
    """The commands about one case."""

    def __init__(self, baton: Callable[..., Any], case: str) -> None:
        self._baton = baton
        self.case = case

    def ask(self, command: str, *arguments: str, expect: int = 0) -> Any:
        """Perform ``baton offboard <command> CASE …``; its document."""
        return self._baton("offboard", command, self.case, *arguments, expect=expect)

    def items(self, *states: ItemState) -> list[Item]:
        """The list, or the part of it in some states."""
        return [
            Item(**{name: row[name] for name in Item.__slots__ if name != "state"}, state=ItemState(row["state"]))
            for row in self.ask("show")["items"]
            if not states or ItemState(row["state"]) in states
        ]

    def missing(self) -> list[str]:
        """What keeps the case from being completed, in words."""
        return [str(each["message"]) for each in self.ask("show")["missing"]]

    def say(self, act: str, items: Iterable[Item], person: str, *more: str, expect: int = 0) -> Any:
        """Somebody says something about these items, each as they have seen it."""
        named = [f"{item.id}@{item.version}" for item in items]
        return self.ask(act, *named, "--as", person, *more, expect=expect)
