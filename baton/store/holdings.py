"""A holding as bytes, for sealed columns: what comes out has the same types as what went in."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import orjson

from baton.model.handover import Holding, HoldingKind, HoldingRef
from baton.store.payload import decode, encode

_KINDS: Final = {kind.value: kind for kind in HoldingKind}


def pack_holding(holding: Holding) -> bytes:
    """One holding as canonical JSON."""
    document = {
        "kind": holding.ref.kind.value,
        "id": holding.ref.external_id,
        "title": holding.title,
        "facts": {name: encode(value) for name, value in holding.facts.items()},
        "about": [holding.about.kind.value, holding.about.external_id] if holding.about else None,
        "amount": None if holding.amount is None else str(holding.amount),
        "currency": holding.currency,
        "by_hand": holding.by_hand,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def unpack_holding(data: bytes) -> Holding:
    """The inverse of `pack_holding`."""
    document = orjson.loads(data)
    about = document["about"]
    return Holding(
        ref=HoldingRef(_KINDS[document["kind"]], document["id"]),
        title=document["title"],
        facts={name: decode(value) for name, value in document["facts"].items()},
        about=HoldingRef(_KINDS[about[0]], about[1]) if about else None,
        amount=None if document["amount"] is None else Decimal(document["amount"]),
        currency=document["currency"],
        by_hand=document["by_hand"],
    )
