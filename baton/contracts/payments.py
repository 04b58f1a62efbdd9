"""Where payments go out and where what is to be paid comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from baton.contracts.base import Connector, Promise
from baton.model.account import Receipt
from baton.model.payable import Component
from baton.model.source_rows import SourcePage

if TYPE_CHECKING:
    from baton.envelopes.seam import Sealer


@dataclass(frozen=True, slots=True)
class Sealing:
    """Who signs and encrypts, and what both sides are called in the headers of files."""

    sealer: Sealer
    sender: str
    recipient: str


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A finished, encrypted file: these bytes and no others were approved."""

    key: str
    """The effect key (64 hex digits), the same on every repeat."""
    name: str
    """Under which it is delivered: a function of profile, message id and digest, so a repeat meets itself."""
    path: Path
    sha256: str
    """Of the encrypted bytes (hex); checked again while they are sent."""
    size_bytes: int
    message_id: str


class AnswerKind(StrEnum):
    """What a file from the bank is."""

    ACKNOWLEDGEMENT = "acknowledgement"
    """That the file as a whole arrived, or could not be read."""
    REPORT = "report"
    """What became of the lines (pain.002 and its like)."""
    STATEMENT = "statement"
    """Bookings on the account (camt.053, camt.054 and their like)."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file from the bank, opened and verified; its content is personal and is never logged."""

    name: str
    kind: AnswerKind
    content: bytes = field(repr=False)


class PaymentChannel(Connector):
    """A bank that takes payment files. A file that is there already is never sent a second time."""

    promise: ClassVar[Promise]

    @abstractmethod
    def sealing(self) -> Sealing:
        """How our files are signed and encrypted for this bank."""

    @abstractmethod
    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """Deliver each file once, whole or not at all, and read back that it is there.

        ``accepted`` when it is there under its name with its size (and digest, where the bank lets us read it back);
        ``refused`` when another file has that name; ``in_doubt`` when nobody can tell.
        """

    @abstractmethod
    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """What became of files in doubt: accepted, certainly not there (``not_performed``), or still in doubt.

        A file that could not be asked for is in doubt, or the error is raised: what is certainly not there is given up.
        """

    @abstractmethod
    def answers(self, known: Collection[str]) -> Iterator[AnswerFile]:
        """The bank's files whose names are not ``known`` yet, oldest first. Reading takes nothing away."""

    def marks(self) -> Mapping[str, str]:
        """What the bank's list tells of each answer there, by its name, without reading it: a digest, or when written.

        Another mark than before means that the file is to be read again, since it may be another one. Names that are
        not in it, all of them by default, are not looked at again.
        """
        return {}


class PayableSource(ABC):
    """A system that knows what is to be paid (an ERP's approved payments). Reading changes nothing in it."""

    @abstractmethod
    def payables(self, period: str, component: Component) -> Iterator[SourcePage]:
        """Everything that is approved to be paid to people for a ``period`` (YYYY-MM) and for one ``component``.

        Text columns, null where the system says nothing: ``number`` (the employee's) and ``amount`` (a plain decimal
        in major units, every digit the system keeps); ``currency``, ``holder``, ``account``, ``bank_code``,
        ``bank_name``, ``town`` (of the branch), ``remark``, and ``place``: what people there find the row by. What is
        approved and cannot be a payable (whose is it?) is a rejected row: nothing is passed over. The same state of the
        system gives the same rows in the same order. Raises a `ConnectorError` rather than give a part for the whole.
        """
