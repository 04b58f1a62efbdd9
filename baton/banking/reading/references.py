"""The places of a statement in which our reference may stand, from the most reliable to the least.

End-to-end id, instruction id, structured creditor reference, free text, the servicer's reference, supplementary data:
which one a bank keeps is the bank's choice. Of free text only what has the shape of a reference of ours is taken: the
rest is about people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from baton.banking.reading.fields import Fields, own_text
from baton.banking.xml_elements import Element
from baton.model.payable import REFERENCE_CHARACTERS

_ABSENT: Final = "NOTPROVIDED"
_PLACES: Final = ("EndToEndId", "InstrId", "AcctSvcrRef", "PmtInfId", "MsgId", "TxId")
_OURS: Final = re.compile(rf"(?<![A-Z0-9])[A-Z2-7]{{{REFERENCE_CHARACTERS}}}(?![A-Z0-9])")
_BROKEN: Final = re.compile(rf"(?<![A-Z0-9])[A-Z2-7](?: ?[A-Z2-7]){{{REFERENCE_CHARACTERS - 1}}}(?![A-Z0-9])")
"""With blanks where the bank has broken it: words may look like it, so it proves nothing of what is beside it."""
_SHAPE: Final = re.compile(f"[A-Z2-7]{{{REFERENCE_CHARACTERS}}}").fullmatch


@dataclass(slots=True)
class References:
    """What a transaction is called."""

    ours: tuple[str, ...]
    """Where a reference of ours may stand."""
    batch: str
    """Our batch, else our message, else the booking's."""
    transaction: str
    """The bank's name of the transaction; empty when it has none."""
    names_line: bool
    """Whether one of ``ours`` has the shape of a reference of ours, and is not the batch: banks fill in others."""


def references(fields: Fields, element: Element, children: Mapping[str, Element], batch_around: str) -> References:
    """Of a ``TxDtls`` and its children, in a booking of this batch."""
    found: list[str] = []
    free: list[str] = []
    servicer = batch = transaction = ""
    told = children.get("Refs")
    if told is not None:
        end_to_end, instruction, own, payment, message, other = fields.tags(_PLACES)
        _add(found, told.findtext(end_to_end, "").strip())
        _add(found, told.findtext(instruction, "").strip())
        servicer = told.findtext(own, "").strip()
        batch = told.findtext(payment, "").strip() or told.findtext(message, "").strip()
        transaction = servicer or told.findtext(other, "").strip()
    if "RmtInf" in children:
        free = _remittance(fields, children["RmtInf"], found)
    if "AddtlTxInf" in children:
        _add_all(found, _shaped([own_text(children["AddtlTxInf"])]))
    beside: Sequence[str] = ()
    if "SplmtryData" in children:
        supplements = fields.all(element, "SplmtryData")
        beside = [name for each in supplements for name in _shaped(list(each.itertext()))]
    batch = batch_around if batch.upper() in ("", _ABSENT) else batch
    names_line = bool(beside)
    for name in found:
        names_line = names_line or (name != batch and _SHAPE(name) is not None)
    if free and not names_line:
        _add_all(found, _misspelt(free))
    _add(found, servicer)
    _add_all(found, beside)
    return References(tuple(found), batch, transaction, names_line)


def _remittance(fields: Fields, element: Element, found: list[str]) -> list[str]:
    """Adds what is named there, and gives back the free text."""
    words = fields.tag("Ustrd")
    free: list[str] = []
    for child in element:
        if child.tag == words:
            free.append(own_text(child))
        else:
            _add_all(found, fields.texts(child, "CdtrRefInf/Ref"))
            _add_all(found, fields.texts(child, "CdtrRefInf/CdtrRef"))
            free += fields.texts(child, "AddtlRmtInf")
    _add_all(found, _shaped(free))
    return free


def free_text(fields: Fields, element: Element) -> Sequence[str]:
    """References of ours in the words that a bank adds to a whole ``Ntry``."""
    return _shaped(fields.texts(element, "AddtlNtryInf"))


def _add(found: list[str], text: str) -> None:
    if not text or text in found or text.upper() == _ABSENT:
        return
    if len(text) == REFERENCE_CHARACTERS and not text.isupper() and _SHAPE(text.upper()):
        text = text.upper()
        if text in found:
            return
    found.append(text)


def _add_all(found: list[str], texts: Iterable[str]) -> None:
    for text in texts:
        _add(found, text)


def _shaped(texts: Sequence[str]) -> Sequence[str]:
    """What has the shape of a reference of ours; banks break long lines, so neighbours are also read as one."""
    if len("".join(texts)) < REFERENCE_CHARACTERS:
        return ()
    parts = [text for text in texts if len(text) >= 2]
    whole = (" ".join(parts), "".join(parts)) if len(parts) > 1 else parts
    return [name for text in whole for name in _OURS.findall(text)]


def _misspelt(texts: Sequence[str]) -> Iterator[str]:
    """What would have the shape of a reference of ours, were it not in small letters or broken by blanks."""
    for text in texts:
        yield from _OURS.findall(text.upper())
        for name in _BROKEN.findall(text):
            yield name.replace(" ", "")
