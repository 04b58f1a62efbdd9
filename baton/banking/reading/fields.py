"""Texts, codes and amounts out of the elements of one message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from baton.banking.reading.amounts import from_major
from baton.banking.reading.leniency import Leniency
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_elements import Element, Reading
from baton.errors import Fault

_MOST_NAMES: Final = 2_000
_CURRENCY: Final = re.compile("[A-Z]{3}").fullmatch


def own_text(element: Element | None) -> str:
    """The text of an element without the space around it; empty when there is none."""
    text = None if element is None else element.text
    return text.strip() if text else ""


@dataclass(slots=True)
class Fields:
    """Reads by paths of local names (``Refs/EndToEndId``), all in the message's namespace.

    Where a few children of one element are wanted, to find them by their `tags` is cheapest; where many are that mostly
    are not there, one walk over `children`.
    """

    reading: Reading
    leniency: Leniency
    _steps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _tags: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    """Local names by full ones; a message has few."""
    _day: tuple[str, date] = ("", date.min)
    """The last day that was read: a statement has few."""
    _currency: str | None = None
    """The last currency that was read: a message has few."""
    _amount: tuple[str, int] = ("", 0)
    """The last amount that was read in it: most bookings have one transaction, of the same amount."""

    def tag(self, name: str) -> str:
        """The full name of a local one."""
        return self._path(name)[0]

    def tags(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The full names of local ones that are asked for again and again."""
        known = self._tags.get(names)
        if known is None:
            known = self._tags[names] = tuple(map(self.reading.tag, names))
        return known

    def children(self, element: Element) -> dict[str, Element]:
        """The children by local name; of several with one name the last."""
        names = self._names
        try:
            return {names[child.tag]: child for child in element}
        except KeyError:
            skip = len(self.reading.tag(""))
            if len(names) > _MOST_NAMES:
                names.clear()
            names.update((child.tag, child.tag[skip:]) for child in element)
            return {names[child.tag]: child for child in element}

    def one(self, element: Element, path: str) -> Element | None:
        """The first element at each step of a path, or None."""
        found: Element | None = element
        for step in self._steps.get(path) or self._path(path):
            if found is None:
                return None
            found = found.find(step)
        return found

    def all(self, element: Element, path: str) -> list[Element]:
        """All elements at a path."""
        first, *steps = self._steps.get(path) or self._path(path)
        found: list[Element] = element.findall(first)
        for step in steps:
            found = [child for each in found for child in each.findall(step)]
        return found

    def text(self, element: Element, *paths: str) -> str:
        """The text at the first of these paths that has one, without the space around it; empty when none has."""
        for path in paths:
            text = own_text(self.one(element, path))
            if text:
                return text
        return ""

    def texts(self, element: Element, path: str) -> list[str]:
        """All texts at a path that are not blank."""
        return [text for each in self.all(element, path) if (text := own_text(each))]

    def _path(self, path: str) -> tuple[str, ...]:
        steps = self._steps.get(path)
        if steps is None:
            steps = self._steps[path] = tuple(map(self.reading.tag, path.split("/")))
        return steps

    def money(self, amount: Element) -> tuple[int, str]:
        """``(minor units, currency)`` of an amount element. Refused when it is anything but an exact amount."""
        currency, text = amount.get("Ccy", ""), (amount.text or "").strip()
        if currency != self._currency:
            if not _CURRENCY(currency):
                raise self.refused(amount, "currency", "has no currency")
            self._currency, self._amount = currency, ("", 0)
        known = self._amount
        if text and text == known[0]:
            return known[1], currency
        try:
            minor = from_major(text, currency)
        except ValueError as error:
            raise self.refused(amount, "amount", str(error)) from None
        self._amount = (text, minor)
        return minor, currency

    def day(self, element: Element | None) -> date | None:
        """A choice of day and moment (the day written there, in whatever zone); None when there is none."""
        if element is None or not len(element):
            return None
        text = own_text(element[0])[:10]
        if not text:
            return None
        if text != self._day[0]:
            try:
                self._day = (text, date.fromisoformat(text))
            except ValueError:
                self.note(element, "date", "is no date")
                return None
        return self._day[1]

    def moment(self, element: Element, path: str) -> datetime | None:
        """A moment, with a zone only where the bank has given one; None when there is none."""
        text = self.text(element, path)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            self.note(element, "date", f"has a {path} that is no moment")
            return None

    def require_single(self, element: Element, names: tuple[str, ...]) -> None:
        """Refuse an element that says one of these things twice: nobody knows which of the two is meant.

        A file that keeps to its schema has no such element, so only one that was warned of is looked at.
        """
        if self.leniency.warnings.count and any(len(element.findall(tag)) > 1 for tag in self.tags(names)):
            raise self.refused(element, "ambiguous", "says the same thing twice, and may mean either")

    def note(self, element: Element, rule: str, message: str) -> None:
        """A fault with which the file can still be understood."""
        self.leniency.note(self.fault(element, rule, message))

    def find(self, element: Element, rule: str, message: str) -> None:
        """Something that cannot be right, in a file that is in order."""
        self.leniency.find(self.fault(element, rule, message))

    def refused(self, element: Element, rule: str, message: str) -> BankFileRefusedError:
        """A fault with which it cannot."""
        return BankFileRefusedError(self.fault(element, rule, message))

    def fault(self, element: Element, rule: str, message: str) -> Fault:
        """A fault at an element: the line of what is being read, its own name, never what it holds."""
        name = element.tag.rpartition("}")[2]
        return Fault(self.reading.place(), rule, f"{name} {message}")
