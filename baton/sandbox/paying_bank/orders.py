"""What a bank reads in a payment file: a pain.001 of whatever version, or the batch of a front-end machine."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from baton.sandbox.paying_bank import front_ends


class UnreadableOrderError(Exception):
    """Not an order this bank can read: the reason code of ISO 20022 says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment that the customer asks for."""

    reference: str
    """The customer's own; where the layout has no room for one, message id and place."""
    batch_id: str
    holder: str
    account: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Order:
    """One file."""

    message_id: str
    message_name: str
    instructions: Sequence[Instruction]


def read_order(data: bytes) -> Order:
    """The order in a file. Raises `UnreadableOrderError` (FF01 format, AM10 sum, AM18 number)."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        root = etree.parse(io.BytesIO(data), parser).getroot()
        if root.tag in front_ends.READERS:
            return _batch_order(front_ends.READERS[root.tag](root))
        space = etree.QName(root).namespace
        group = root[0].find(f"{{{space}}}GrpHdr")
        batches = root[0].findall(f"{{{space}}}PmtInf")
        instructions = [each for batch in batches for each in _instructions(batch, space)]
        told = int(_text(group, space, "NbOfTxs")), group.findtext(f"{{{space}}}CtrlSum")
    except (etree.XMLSyntaxError, AttributeError, IndexError, ValueError, InvalidOperation, TypeError):
        raise UnreadableOrderError("FF01") from None
    if told[0] != len(instructions):
        raise UnreadableOrderError("AM18")
    if told[1] is not None and _minor(told[1]) != sum(each.amount_minor for each in instructions):
        raise UnreadableOrderError("AM10")
    return Order(_text(group, space, "MsgId"), str(space).rpartition(":")[2], instructions)


def _batch_order(batch: front_ends.Batch) -> Order:
    if batch.told_count != len(batch.lines):
        raise UnreadableOrderError("AM18")
    if batch.told_minor != sum(each.amount_minor for each in batch.lines):
        raise UnreadableOrderError("AM10")
    name = batch.message_id
    asked = [
        Instruction(f"{name}/{each.place}", name, each.holder, each.account, each.amount_minor, "CNY")
        for each in batch.lines
    ]
    return Order(name, batch.function, asked)


def _instructions(batch: Any, space: str | None) -> list[Instruction]:
    batch_id, found = _text(batch, space, "PmtInfId"), []
    for one in batch.findall(f"{{{space}}}CdtTrfTxInf"):
        amount = one.find(f"{{{space}}}Amt/{{{space}}}InstdAmt")
        account = one.find(f"{{{space}}}CdtrAcct/{{{space}}}Id")
        found.append(
            Instruction(
                reference=_text(one, space, "PmtId", "EndToEndId"),
                batch_id=batch_id,
                holder=_text(one, space, "Cdtr", "Nm"),
                account="".join(account.itertext()).strip(),
                amount_minor=_minor(amount.text),
                currency=amount.get("Ccy"),
            )
        )
    return found


def _text(node: Any, space: str | None, *path: str) -> str:
    text = node.findtext("/".join(f"{{{space}}}{name}" for name in path))
    if not text:
        raise ValueError(path[-1])
    return str(text)


def _minor(text: str) -> int:
    amount = Decimal(text) * 100
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError("an amount with parts of a cent")
    return int(amount)
