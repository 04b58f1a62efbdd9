"""A file that somebody has put to an item: known by its digest, and said so in a signed statement."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

_TEXT: Final = re.compile(r"sha256:([0-9a-f]{64}) ([0-9]{1,12}) (.+)", re.DOTALL)
_LONGEST_NAME: Final = 150
_SEPARATORS: Final = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file, without its content."""

    name: str
    """As people see it: one line, no path."""
    size: int
    """Bytes."""
    digest: str
    """SHA-256 of the content, 64 hex digits."""

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """The file with this content. What could lead elsewhere or end a line is taken out of its name."""
        return cls(_plain(name), len(content), hashlib.sha256(content).hexdigest())

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """What a statement says of a file; None where it is not about one."""
        found = _TEXT.fullmatch(text)
        return None if found is None else cls(found[3], int(found[2]), found[1])

    @property
    def text(self) -> str:
        """What a statement says of it."""
        return f"sha256:{self.digest} {self.size} {self.name}"

    @property
    def kind(self) -> str:
        """The ending of its name in small letters; empty without one."""
        _, dot, ending = self.name.rpartition(".")
        return ending.lower() if dot else ""

    def holds(self, content: bytes) -> bool:
        """Whether this is its content."""
        return hashlib.sha256(content).hexdigest() == self.digest


def _plain(name: str) -> str:
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name))[-1]
    shown = "".join(sign for sign in last if sign.isprintable()).strip().lstrip(".")
    stem, dot, ending = shown.rpartition(".")
    if len(shown) <= _LONGEST_NAME:
        return shown or "file"
    kept = ending[:20] if dot else ""
    return f"{(stem or shown)[: _LONGEST_NAME - len(kept) - 1]}{dot}{kept}"
