"""From a payment order to the bytes its bank wants: one module per format, behind one small seam.

A format is a function that yields the file's text. What all formats owe is done here: every line is looked at before
the first byte leaves, the text is encoded strictly, and the lines that were written are those that were looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, Protocol

from baton.banking.encodings import encoded
from baton.banking.problems import refuse_if_faulty
from baton.banking.profile import BankProfile
from baton.banking.writing import boc, cmb, icbc, pain001, table
from baton.errors import Fault, OrderRefusedError
from baton.model.payable import Payable, PaymentOrder

_PIECES_AT_ONCE: Final = 1024
"""So many are encoded and written together: some hundred payments."""


class Sink(Protocol):
    """Where bytes go: a file, a digest, a schema check, an encryptor."""

    def write(self, data: bytes, /) -> object:
        """Take some bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    """One format."""

    profile: type[BankProfile]
    """The shape of its profiles."""
    text: Callable[[PaymentOrder, Any], Iterator[str]]
    """The file in pieces, for a profile of that shape."""


LAYOUTS: Final[Mapping[str, Layout]] = {
    "pain.001.001.09": Layout(pain001.Pain001Profile, pain001.text),
    "pain.001.001.03": Layout(pain001.Pain001Profile, pain001.text),
    "cmb-agency": Layout(cmb.CmbProfile, cmb.text),
    "icbc-payper": Layout(icbc.IcbcProfile, icbc.text),
    "boc-b2e0061": Layout(boc.BocProfile, boc.text),
    "table": Layout(table.TableProfile, table.text),
}


def pieces(order: PaymentOrder, profile: BankProfile) -> Iterator[bytes]:
    """The file of an order, piece by piece. The same order and profile give the same bytes, always.

    The lines are read twice: once to look at all of them, once to write them. `OrderRefusedError` names every line
    that cannot be carried, before anything is given out; it is also raised when the second reading differs from the
    first, and what has been given out by then is worth nothing.
    """
    refuse_if_faulty(order, profile)
    text = LAYOUTS[profile.format].text(replace(order, lines=lambda: _as_announced(order)), profile)
    while chunk := _encoded(islice(text, _PIECES_AT_ONCE), order, profile.encoding):
        yield chunk


def write(order: PaymentOrder, profile: BankProfile, out: Sink) -> None:
    """The same, written to where bytes go."""
    for piece in pieces(order, profile):
        out.write(piece)


def _as_announced(order: PaymentOrder) -> Iterator[Payable]:
    count = total = 0
    for payable in order.lines():
        count += 1
        total += payable.amount_minor
        yield payable
    if (count, total) != (order.count, order.total_minor):
        fault = Fault(f"order {order.message_id}", "changed", "its lines have changed while they were written")
        raise OrderRefusedError(order.message_id, [fault])


def _encoded(pieces: Iterator[str], order: PaymentOrder, encoding: str) -> bytes:
    """Strictly encoded, piece by piece: most pieces are ASCII, and those cost next to nothing.

    The error of the codec, which holds the text, is not passed on.
    """
    try:
        return b"".join([encoded(piece, encoding) for piece in pieces])
    except UnicodeEncodeError:
        pass
    words = f"holds text that cannot be written in {encoding.upper()}"
    raise OrderRefusedError(order.message_id, [Fault(f"order {order.message_id}", "encoding", words)])
