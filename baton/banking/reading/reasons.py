"""A bank's reason, wherever in a message it stands, in our word for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from baton.banking.reading.fields import Fields, own_text
from baton.banking.reading.iso_reasons import RETURN_REASONS
from baton.banking.xml_elements import Element
from baton.model.bank_answers import BankState, Reason, ReasonKind
from baton.model.bank_words import OURS, BankWords

_PLACES: Final = ("Rsn", "RtrRsn", "Cd", "Prtry", "AddtlInf", "AddtlRtrRsnInf")
"""Reason and words by their names of today and by those of the first versions; the two ways to give a reason."""


def reason(fields: Fields, element: Element, kinds: Mapping[str, ReasonKind]) -> Reason:
    """The reason of a ``StsRsnInf`` or ``RtrInf``.

    A code that is in no code set is a fault, and unnamed. A bank's own word is unnamed, unless it is ISO's word in the
    wrong place (many write ``AM05`` into ``Prtry``), or words that we know. What a code leaves open, the bank's
    additional words may say: a duplicate must never be missed.
    """
    rsn, rtr_rsn, cd, prtry, addtl, addtl_rtr = fields.tags(_PLACES)
    given = element.find(rsn)
    if given is None:
        given = element.find(rtr_rsn)
    code = "" if given is None else given.findtext(cd, "").strip()
    kind = kinds.get(code)
    if code and kind is None:
        fields.note(element, "reason_unmapped", "has a reason that its code set does not have")
    if not code and given is not None:
        code = given.findtext(prtry, "").strip()
        kind = kinds.get(code)
    more = element.findall(addtl) or element.findall(addtl_rtr)
    words = own_text(more[0]) if len(more) == 1 else " ".join([text for each in more if (text := own_text(each))])
    state = BankState.RETURNED if kinds is RETURN_REASONS else BankState.REJECTED
    return _told(code, kind, words, OURS.of(state))


@lru_cache(maxsize=1024)
def _told(code: str, kind: ReasonKind | None, words: str, table: BankWords) -> Reason:
    """A bank has few words, and says them of many lines."""
    if kind is not None and kind is not ReasonKind.UNNAMED:
        return Reason(code, kind, words)
    read = table.meaning(code, words)
    return Reason(code, ReasonKind.UNNAMED, words) if read is None else Reason(code, read.kind, words, read.piece)
