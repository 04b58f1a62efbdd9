"""ASN.1 as far as envelopes need it: DER written by hand, BER of any length form read within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID, UTC_TIME = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x17
SEQUENCE, SET = 0x30, 0x31
CONSTRUCTED: Final = 0x20
CONTEXT: Final = 0x80
INDEFINITE: Final = b"\x80"
"""The length of something that ends with `END`."""
END: Final = b"\x00\x00"

_DEEPEST: Final = 32
_MOST_ELEMENTS: Final = 200_000


class MalformedError(ValueError):
    """Not the ASN.1 that was expected."""


# --- writing


def element(tag: int, *content: bytes) -> bytes:
    """One element with a definite length; its content is given in parts."""
    body = b"".join(content)
    return bytes([tag]) + length(len(body)) + body


def length(count: int) -> bytes:
    """A definite length."""
    if count < 0x80:
        return bytes([count])
    digits = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def oid(dotted: str) -> bytes:
    """An object identifier."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    body = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        body += bytes(reversed(septets))
    return element(OID, bytes(body))


def integer(value: int) -> bytes:
    """A non-negative integer."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*content: bytes) -> bytes:
    """A SEQUENCE."""
    return element(SEQUENCE, *content)


def set_of(items: Iterable[bytes]) -> bytes:
    """A SET OF, in the order that DER demands."""
    return element(SET, *sorted(items))


def explicit(number: int, *content: bytes) -> bytes:
    """``[number] EXPLICIT``, or IMPLICIT of something constructed."""
    return element(CONTEXT | CONSTRUCTED | number, *content)


# --- reading


@dataclass(frozen=True, slots=True)
class Node:
    """One element: where it lies in what was read, of which it holds no copy. ``children`` of a primitive one: none."""

    tag: int
    children: tuple[Node, ...]
    definite: bool
    data: bytes = field(repr=False)
    """All that was read."""
    at: int
    """Where it begins."""
    body: int
    """Where its content begins."""
    end: int
    """Where it ends."""

    @property
    def raw(self) -> bytes:
        """Its bytes, tag and length included."""
        return self.data[self.at : self.end]

    @property
    def content(self) -> bytes:
        """What a primitive one holds; empty for a constructed one."""
        return b"" if self.tag & CONSTRUCTED else self.data[self.body : self.end]

    def of(self, tag: int) -> Node:
        """Itself, when it has that tag."""
        if self.tag != tag:
            raise MalformedError("another element than expected")
        return self

    def items(self, tag: int, least: int, most: int | None = None) -> tuple[Node, ...]:
        """Its children, when it has that tag and so many of them."""
        found = self.of(tag).children
        if not least <= len(found) <= (len(found) if most is None else most):
            raise MalformedError("more or fewer elements than expected")
        return found

    def octets(self, tag: int = OCTETS) -> bytes:
        """The bytes of an OCTET STRING (or of one tagged ``tag`` implicitly), whole or in segments."""
        if self.tag == tag:
            return self.content
        self.of(tag | CONSTRUCTED)
        return b"".join(segment.octets() for segment in self.children)

    @property
    def number(self) -> int:
        """The value of an INTEGER."""
        return int.from_bytes(self.of(INTEGER).content, "big", signed=True)


def read(data: bytes) -> Node:
    """The one element that ``data`` is. Raises `MalformedError`."""
    reader = _Reader(data)
    node, end = reader.node(0, len(data), 0)
    if end != len(data):
        raise MalformedError("something follows")
    return node


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count = 0

    def node(self, at: int, end: int, depth: int) -> tuple[Node, int]:
        """The element at a position, and where the next one begins."""
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_ELEMENTS:
            raise MalformedError("too deep, or too many elements")
        tag, body, size = self._head(at, end)
        constructed = bool(tag & CONSTRUCTED)
        if size is None:
            if not constructed:
                raise MalformedError("a primitive element of indefinite length")
            children, after = self._until_end(body, end, depth)
            return Node(tag, children, False, self._data, at, body, after), after
        after = body + size
        if after > end:
            raise MalformedError("cut off")
        if not constructed:
            return Node(tag, (), True, self._data, at, body, after), after
        children = self._all(body, after, depth)
        return Node(tag, children, True, self._data, at, body, after), after

    def _head(self, at: int, end: int) -> tuple[int, int, int | None]:
        """Tag, where the content begins, and its length (None: indefinite)."""
        if end - at < 2:
            raise MalformedError("cut off")
        tag, first = self._data[at], self._data[at + 1]
        if tag & 0x1F == 0x1F:
            raise MalformedError("a tag of several bytes")
        if first < 0x80:
            return tag, at + 2, first
        if first == 0x80:
            return tag, at + 2, None
        digits = self._data[at + 2 : at + 2 + (first & 0x7F)]
        if len(digits) != first & 0x7F or len(digits) > 8 or at + 2 + len(digits) > end:
            raise MalformedError("a length that cannot be")
        return tag, at + 2 + len(digits), int.from_bytes(digits, "big")

    def _all(self, at: int, end: int, depth: int) -> tuple[Node, ...]:
        found = []
        while at < end:
            node, at = self.node(at, end, depth + 1)
            found.append(node)
        return tuple(found)

    def _until_end(self, at: int, end: int, depth: int) -> tuple[tuple[Node, ...], int]:
        found = []
        while self._data[at : at + 2] != END:
            node, at = self.node(at, end, depth + 1)
            found.append(node)
        if at + 2 > end:
            raise MalformedError("cut off")
        return tuple(found), at + 2
