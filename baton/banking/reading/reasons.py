"""A bank's reason, wherever in a message it stands, in our word for it."""

from __future__ import annotations

from collections.abc import Mapping

from baton.banking.reading.fields import Fields, own_text
from baton.banking.xml_stream import Element
from baton.model.bank_answers import Reason, ReasonKind


def reason(fields: Fields, element: Element, kinds: Mapping[str, ReasonKind]) -> Reason:
    """The reason of a ``StsRsnInf`` or ``RtrInf``.

    A code that is in no code set is a fault, and unnamed. A bank's own word is unnamed, unless it is ISO's word in the
    wrong place: many write ``AM05`` into ``Prtry``, and a duplicate must never be missed.
    """
    children = fields.children(element)
    given = children.get("Rsn", children.get("RtrRsn"))
    chosen = fields.children(given) if given is not None else {}
    code = own_text(chosen.get("Cd"))
    kind = kinds.get(code)
    if code and kind is None:
        fields.note(element, "reason_unmapped", "has a reason that its code set does not have")
    if not code:
        code = own_text(chosen.get("Prtry"))
        kind = kinds.get(code)
    words = own_text(children.get("AddtlInf", children.get("AddtlRtrRsnInf")))
    if len(children) < len(element):
        words = " ".join(fields.texts(element, "AddtlInf"))
    return Reason(code, kind or ReasonKind.UNNAMED, words)
