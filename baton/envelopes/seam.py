"""The one seam of all envelopes: what is sealed, for whom, and what came of it.

A payment file is signed, then encrypted, piece by piece and under a data key of its own; no copy of what is in it
touches a disk. A file of the bank's is opened in memory, and nothing of it is given out before all of it is verified.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Final

from baton.errors import TamperedError
from baton.sealed import Label

__all__ = [
    "OPENED_LIMIT_BYTES",
    "Label",
    "Outlet",
    "Passing",
    "Sealed",
    "Sealer",
    "Unsealer",
    "gathered",
    "not_verified",
]

OPENED_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""A file of the bank's that is larger, closed or opened, is not read."""
_PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sealed:
    """What came of sealing one file. Digests are SHA-256 in hex."""

    plain_sha256: str
    """Of the content: what is approved."""
    plain_bytes: int
    sha256: str
    """Of the sealed file: what is delivered and looked up."""
    size_bytes: int


class Sealer(ABC):
    """Signs and encrypts files for one bank, as that bank wants it."""

    profile: ClassVar[str]
    suffix: ClassVar[str]
    """What the name of a sealed file ends in."""

    @abstractmethod
    def seal(self, plain: Iterable[bytes], out: BinaryIO, label: Label) -> Sealed:
        """Write ``plain`` to ``out``, sealed; memory does not grow with it.

        ``plain`` gives the same bytes each time it is iterated; a profile may need them twice. Whatever is raised, by
        the profile or while ``plain`` is iterated: what ``out`` holds by then is worthless and must not be published.
        Raises `TamperedError` when ``plain`` changes in between, ValueError for keys or labels that cannot be used.
        """


class Unsealer(ABC):
    """Opens what one bank sends to us, and believes only what that bank has signed."""

    profile: ClassVar[str]

    @abstractmethod
    def open(self, name: str, data: bytes) -> bytes:
        """The content of a file found under ``name``, once its signature and every byte of it have been verified.

        Raises `TamperedError`, the same for every fault (`not_verified`), and gives nothing out before.
        """


class Passing:
    """Counts and digests bytes while they pass."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.count = 0

    def seen(self, piece: bytes) -> bytes:
        """The same piece, counted."""
        self.count_in(piece)
        return piece

    def count_in(self, piece: bytes | memoryview) -> None:
        """Count a piece."""
        self._digest.update(piece)
        self.count += len(piece)

    @property
    def sha256(self) -> str:
        """Of all that has passed, in hex."""
        return self._digest.hexdigest()


class Outlet:
    """Where a sealed file goes: writes on to ``out`` and counts."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._passing = out, Passing()

    def write(self, piece: bytes | memoryview) -> int:
        """Write all of a piece, and keep nothing of it."""
        self._passing.count_in(piece)
        self._out.write(piece)
        return len(piece)

    def sealed(self, plain_sha256: str, plain_bytes: int) -> Sealed:
        """What came of sealing so much of such content."""
        return Sealed(plain_sha256, plain_bytes, self._passing.sha256, self._passing.count)


def gathered(pieces: Iterable[bytes], size: int = _PIECE_BYTES) -> Iterator[bytes]:
    """The same bytes in pieces of at least ``size`` (the last may be shorter): a call per line is what costs."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= size:
            yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
            waiting.clear()
            length = 0
    if length:
        yield b"".join(waiting)


def not_verified() -> TamperedError:
    """The one error for everything that can be wrong with a file of the bank's."""
    return TamperedError(
        "the bank's file does not verify: damaged, incomplete, changed, from another sender or for another reader",
        code="envelope",
        remedy="do not use it; ask the bank to send it again, and which keys it uses now",
    )
