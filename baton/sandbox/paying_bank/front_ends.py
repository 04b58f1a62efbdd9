"""The front-end machines of two Chinese banks: what they read, and what they answer when they are asked about it.

China Merchants Bank: ``NTAGCSAL`` and ``NTAGCAPY`` in, rows with ``REQSTS`` and ``RTNFLG`` out, yuan. ICBC: ``PAYPER``
in, rows with ``Result`` out, fen. GBK in, GB18030 or GBK out; both name a line by its place in the batch. What is known
of the answers comes from public programs of third parties; what their rows are called is this stand-in's own choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from baton.sandbox.paying_bank.papers import LineStatus

_CMB_STATES: Final = {"ACSP": "<REQSTS>BNK</REQSTS>", "ACSC": "<REQSTS>FIN</REQSTS><RTNFLG>S</RTNFLG>",
                      "RJCT": "<REQSTS>FIN</REQSTS><RTNFLG>F</RTNFLG>"}  # fmt: skip
_ICBC_STATES: Final = {"ACSP": "9", "ACSC": "7", "RJCT": "6"}


@dataclass(frozen=True, slots=True)
class Line:
    """One payment of a batch."""

    place: str
    """As the customer wrote it: ``00000001``, or ``1``."""
    holder: str
    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One order, with what it says of itself."""

    message_id: str
    function: str
    lines: Sequence[Line]
    told_count: int
    told_minor: int


def read_cmb(root: Any) -> Batch:
    """An agency payment. Raises ValueError, AttributeError or TypeError for anything else."""
    head = root.find("NTAGCAGCX1")
    lines = [
        Line(_text(one, "TRXSEQ"), _text(one, "ACCNAM"), _text(one, "ACCNBR"), _fen(_text(one, "TRSAMT")))
        for one in root.findall("NTAGCDTLY1")
    ]
    function = _text(root.find("INFO"), "FUNNAM")
    return Batch(_text(head, "YURREF"), function, lines, int(_text(head, "TTLCNT")), _fen(_text(head, "TTLAMT")))


def read_icbc(root: Any) -> Batch:
    """A packet of payments to persons. Raises ValueError, AttributeError or TypeError for anything else."""
    public, body = root.find("eb/pub"), root.find("eb/in")
    lines = [
        Line(_text(one, "iSeqno"), _text(one, "RecAccNameCN"), _text(one, "RecAccNo"), int(_text(one, "PayAmt")))
        for one in body.findall("rd")
    ]
    told = int(_text(body, "TotalNum")), int(_text(body, "TotalAmt"))
    return Batch(_text(public, "fSeqno"), _text(public, "TransCode"), lines, *told)


def cmb_answer(message_id: str, reason: str, lines: Iterable[LineStatus]) -> bytes:
    """Where an order stands as a whole (``reason``: refused), and where the lines that are told stand."""
    order = f"<YURREF>{message_id}</YURREF>"
    whole = f"<NTQATDQYZ>{order}{_CMB_STATES['RJCT']}<RTNNAR>{escape(reason)}</RTNNAR></NTQATDQYZ>" if reason else ""
    told = "".join(
        f"<NTQATDQYZ>{order}<TRXSEQ>{_place(line)}</TRXSEQ>"
        f"<TRSAMT>{line.amount_minor // 100}.{line.amount_minor % 100:02d}</TRSAMT>"
        f"{_CMB_STATES[line.status]}<RTNNAR>{escape(line.reason)}</RTNNAR></NTQATDQYZ>"
        for line in lines
    )
    head = '<?xml version="1.0" encoding="GB18030"?><CMBSDKPGK><INFO><RETCOD>0</RETCOD></INFO>'
    return f"{head}{whole}{told}</CMBSDKPGK>".encode("gb18030")


def icbc_answer(message_id: str, reason: str, lines: Iterable[LineStatus]) -> bytes:
    """The same."""
    order = f"<fSeqno>{message_id}</fSeqno>"
    refused = f"<Result>{_ICBC_STATES['RJCT']}</Result><iRetMsg>{escape(reason)}</iRetMsg>"
    whole = f"<rd>{order}{refused}</rd>" if reason else ""
    told = "".join(
        f"<rd>{order}<iSeqno>{_place(line)}</iSeqno><PayAmt>{line.amount_minor}</PayAmt>"
        f"<Result>{_ICBC_STATES[line.status]}</Result><iRetMsg>{escape(line.reason)}</iRetMsg></rd>"
        for line in lines
    )
    return f'<?xml version="1.0" encoding="GBK"?><CMS><eb><out>{whole}{told}</out></eb></CMS>'.encode("gbk")


READERS: Final[Mapping[str, Callable[[Any], Batch]]] = {"CMBSDKPGK": read_cmb, "CMS": read_icbc}
"""By the outermost element."""
ANSWERS: Final[Mapping[str, Callable[[str, str, Iterable[LineStatus]], bytes]]] = {
    "NTAGCSAL": cmb_answer,
    "NTAGCAPY": cmb_answer,
    "PAYPER": icbc_answer,
}
"""By the function that was asked for."""


def _place(line: LineStatus) -> str:
    return line.reference.rpartition("/")[2]


def _text(node: Any, name: str) -> str:
    text = node.findtext(name)
    if not text:
        raise ValueError(name)
    return str(text)


def _fen(text: str) -> int:
    amount = Decimal(text) * 100
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError("an amount with parts of a fen")
    return int(amount)
