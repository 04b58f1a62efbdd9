"""A bank's reason, wherever in a message it stands, in our word for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from baton.banking.reading.fields import Fields, own_text
from baton.banking.xml_elements import Element
from baton.model.bank_answers import Reason, ReasonKind


def reason(fields: Fields, element: Element, kinds: Mapping[str, ReasonKind]) -> Reason:
    """The reason of a ``StsRsnInf`` or ``RtrInf``.

    A code that is in no code set is a fault, and unnamed. A bank's own word is unnamed, unless it is ISO's word in the
    wrong place: many write ``AM05`` into ``Prtry``, and a duplicate must never be missed.
    """
    children = fields.children(element)
    given = children.get("Rsn", children.get("RtrRsn"))
    code = "" if given is None else own_text(fields.one(given, "Cd"))
    kind = kinds.get(code)
    if code and kind is None:
        fields.note(element, "reason_unmapped", "has a reason that its code set does not have")
    if not code and given is not None:
        code = own_text(fields.one(given, "Prtry"))
        kind = kinds.get(code)
    words = own_text(children.get("AddtlInf", children.get("AddtlRtrRsnInf")))
    if len(children) < len(element):
        words = " ".join(fields.texts(element, "AddtlInf"))
    return _told(code, kind, words)


@lru_cache(maxsize=1024)
def _told(code: str, kind: ReasonKind | None, words: str) -> Reason:
    """A bank has few words, and says them of many lines."""
    return Reason(code, kind or ReasonKind.UNNAMED, words)
