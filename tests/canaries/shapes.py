"""What is looked for: the shapes that the tests' synthetic people have, and the secrets that a test's settings carry.

Nothing else in the suite looks like them. A text (a log line, an error) is judged with its word boundaries; in the bytes
of a file a value may stand right beside another one, so that the shapes are narrower there and a digest is none.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Final

TEXT: Final = re.compile(
    r"(?P<name>测试[䶮甲]?[0-9]{1,8}(?![0-9]))"
    r"|(?<![0-9A-Za-z])(?:(?P<card>62(?:17|22|25)[0-9]{12,15})|(?P<phone>1[3-9][0-9]{9})"
    r"|(?P<identity>[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{5}[0-9Xx]))(?![0-9A-Za-z])"
    r"|(?P<mail>[A-Za-z0-9._+-]+@(?:[a-z0-9-]+\.)*example\.(?:com|org|test))"
)
"""Named by kind. Names, cards, phones and addresses as `tests.rig` and the simulators make them."""
OFFICES: Final = frozenset({"baton", "hub", "ops", "operations", "postmaster", "admin"})
"""Addresses of a desk or of the hub itself: nobody's."""
_WRITINGS: Final = ("utf-8", "gb18030", "utf-16-le")
_DIGITS: Final = re.compile(rb"[0-9]{11,}[Xx]?")
_NUMBERS: Final = re.compile(
    rb"(?P<card>6222[0-9]{12,15}|62170000[0-9]{11}|62258800[0-9]{8})|(?P<identity>11010[15]19[0-9]{9}[0-9Xx])"
    rb"|(?P<phone>13[789]0000[0-9]{4})"
)
"""In a run of digits, wherever in it."""
_NUMBERS_BEGIN: Final = (
    b"6222", b"62170000", b"62258800", b"110101", b"110105", b"1370000", b"1380000", b"1390000"
)  # fmt: skip
"""Where none of these is, no pattern has to be tried: which is twice as fast."""
_MAIL: Final = re.compile(rb"[A-Za-z0-9._+-]+@example\.(?:com|test|org)")
_MADE_UP: Final = re.compile("[0-9a-f]{32,}")
"""The id of a message has the form of an address."""
_HEX: Final = frozenset(b"0123456789abcdef")
_DIGEST: Final = 32
"""So many hexadecimal digits in a row, letters among them, are a digest and nobody's number."""
_PIECES: Final = re.compile(r"""[^\s"',{}\[\]]+""")
_TELLING: Final = 10
"""Characters of a secret below which it could be found by chance."""

_KEPT: Final = 24
"""So many secrets are known at once: a test's own, and those of what it shares with others."""


def _names() -> re.Pattern[bytes]:
    """A name in every way in which a database or a log could hold it."""
    digits = dict.fromkeys(("utf-8", "gb18030"), b"[0-9]") | {"utf-16-le": b"[0-9]\\x00"}
    between = {
        writing: b"(?:%s|%s)?" % tuple(re.escape(each.encode(writing)) for each in "䶮甲") for writing in _WRITINGS
    }
    plain = [re.escape("测试".encode(writing)) + between[writing] + digits[writing] for writing in _WRITINGS]
    escaped = re.escape(json.dumps("测试").strip('"').encode()) + rb"(?:\\u[0-9a-f]{4})?[0-9]"
    return re.compile(b"|".join([*plain, escaped]))


_NAMES: Final = _names()
_NAMES_BEGIN: Final = (*("测试".encode(writing) for writing in _WRITINGS), b"\\u6d4b\\u8bd5")


class Secrets:
    """The secrets that were learned lately, each by its longest piece: a line of a key, a value of a document."""

    def __init__(self) -> None:
        self._pieces: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def learn(self, value: str) -> None:
        """Something that a vault or settings keep secret; what is too short could be found by chance."""
        if value.startswith("sqlite:"):  # a place, without a password
            return
        lines = [line for line in value.splitlines() if not line.startswith("-----")]
        piece = max(_PIECES.findall("\n".join(lines)), key=len, default="")
        if len(piece) < _TELLING:
            return
        with self._lock:
            self._pieces.pop(piece, None)
            self._pieces[piece] = piece.encode()
            if len(self._pieces) > _KEPT:
                del self._pieces[next(iter(self._pieces))]

    def in_text(self, text: str) -> bool:
        """Whether a text holds one."""
        return any(piece in text for piece in list(self._pieces))

    def in_bytes(self, data: bytes) -> bool:
        """Whether a file holds one."""
        return any(piece in data for piece in list(self._pieces.values()))


def in_text(text: str) -> list[str]:
    """Which kinds of canary a text holds; never the canary itself."""
    found = {hit.lastgroup or "" for hit in TEXT.finditer(text) if hit.lastgroup != "mail" or _somebody(hit[0])}
    return sorted(found)


def in_bytes(data: bytes) -> list[str]:
    """The same of the bytes of a file."""
    return sorted(set(_kinds(data)))


def _kinds(data: bytes) -> Iterator[str]:
    if any(begin in data for begin in _NAMES_BEGIN) and _NAMES.search(data):
        yield "name"
    runs = _DIGITS.finditer(data) if any(begin in data for begin in _NUMBERS_BEGIN) else ()
    for run in runs:
        number = _NUMBERS.search(run[0])
        if number is not None and not _in_digest(data, run.start(), run.end()):
            yield number.lastgroup or ""
    if b"@example" in data and any(_somebody(address.decode()) for address in _MAIL.findall(data)):
        yield "mail"


def _somebody(address: str) -> bool:
    local = address.partition("@")[0]
    return local not in OFFICES and not _MADE_UP.fullmatch(local)


def _in_digest(data: bytes, start: int, end: int) -> bool:
    """Whether the digits are part of a long hexadecimal word; right beside another value they are not."""
    while start > 0 and data[start - 1] in _HEX:
        start -= 1
    while end < len(data) and data[end] in _HEX:
        end += 1
    return end - start >= _DIGEST and not data[start:end].isdigit()
