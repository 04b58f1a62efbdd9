"""The live list: what the systems show now against what is on the list; what appears, changes, closes or comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeAlias

from baton.model.case import Case, Item, ItemState, content_digest
from baton.model.handover import Holding, HoldingKind, HoldingRef, Undo

Place: TypeAlias = tuple[str, HoldingRef]
"""A system and a holding in it."""
WATCHED: Final = frozenset({HoldingKind.ACCOUNT, HoldingKind.GRANT})
"""Kinds that nobody takes over: they have to end."""
RETURNED: Final = "returned"
"""The code of an item that had been closed and is held by the leaver again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One holding as shown by a system, and what is known about passing it on there."""

    system: str
    holding: Holding
    holder_id: str
    undo: Undo


@dataclass(frozen=True, slots=True)
class Picture:
    """What all systems have shown of one leaver, and how far it can be trusted."""

    seen: Sequence[Seen]
    read: Collection[str]
    """The systems that were read to their end: only there absence means something."""
    unsure: Collection[int] = ()
    """Items that we ourselves were passing on while the systems were being read: it says nothing about them."""
    halted: Collection[int] = ()
    """Items that were about to be passed on, whose transfer has been called back because they have changed."""


@dataclass
class Changes:
    """What has to be written to bring the list up to date."""

    new: list[Item] = field(default_factory=list)
    renewed: list[tuple[Item, Item]] = field(default_factory=list)
    """Before and after: another version."""
    gone: list[Item] = field(default_factory=list)
    """The leaver holds it no more."""

    def __bool__(self) -> bool:
        return bool(self.new or self.renewed or self.gone)


def compare(case: Case, listed: Sequence[Item], picture: Picture, first_free: int, now: datetime) -> Changes:
    """What has changed; ``first_free`` is the number of the next new item."""
    shown = _shown(picture)
    known: dict[Place, Item] = {(item.system, item.ref): item for item in listed}
    changes = Changes()
    for place, each in shown.items():
        item = known.get(place)
        if item is None:
            number = first_free + len(changes.new)
            changes.new.append(_new(case, number, each, now))
        elif item.id not in picture.unsure and (after := _renewed(item, each, case.salt, picture.halted)) is not None:
            changes.renewed.append((item, after))
    for place, item in known.items():
        away = place not in shown and item.system in picture.read and item.id not in picture.unsure
        if away and item.state not in _STAYS:
            changes.gone.append(item)
    return changes


def overtaken(case: Case, listed: Sequence[Item], picture: Picture) -> list[Item]:
    """Items about to be passed on that are no longer what was accepted."""
    shown = _shown(picture)
    return [
        item
        for item in listed
        if item.state is ItemState.MOVING
        and item.kind not in WATCHED
        and (each := shown.get((item.system, item.ref))) is not None
        and content_digest(each.holding, case.salt) != item.digest
    ]


def picture_digest(case: Case, picture: Picture) -> bytes:
    """All that was shown in one value (32 bytes): the same digest, nothing new."""
    whole = hashlib.sha256(b"baton-picture-1")
    for system in sorted(picture.read):
        whole.update(f"{system}\n".encode())
    for line in sorted(
        f"{each.system}\n{each.holding.ref}\n{each.holder_id}\n{each.undo}\n".encode()
        + content_digest(each.holding, case.salt)
        for each in _shown(picture).values()
    ):
        whole.update(line)
    return whole.digest()


def _shown(picture: Picture) -> dict[Place, Seen]:
    return {(each.system, each.holding.ref): each for each in picture.seen}


_STAYS: Final = (ItemState.DONE, ItemState.GONE, ItemState.MOVING, ItemState.LEFT)
"""Where it says nothing that the leaver no longer holds an item: it has been passed on, or is on its way."""


def _new(case: Case, number: int, each: Seen, now: datetime) -> Item:
    holding = each.holding
    return Item(
        case_id=case.id,
        id=number,
        system=each.system,
        ref=holding.ref,
        state=ItemState.OPEN,
        version=1,
        digest=content_digest(holding, case.salt),
        title=holding.title,
        facts=holding.facts,
        about=holding.about,
        amount=holding.amount,
        currency=holding.currency,
        by_hand=holding.by_hand,
        undo=each.undo,
        holder_id=each.holder_id,
        changed_at=now,
    )


def _renewed(item: Item, each: Seen, salt: bytes, halted: Collection[int]) -> Item | None:
    """The item with what is shown now, at a new version; None when nothing has happened that matters."""
    digest = content_digest(each.holding, salt)
    returned = item.state in (ItemState.DONE, ItemState.GONE)
    if item.state is ItemState.MOVING and item.id not in halted:
        return None
    if digest == item.digest and not returned:
        return None
    holding = each.holding
    return replace(
        item,
        version=item.version + 1,
        digest=digest,
        title=holding.title,
        facts=holding.facts,
        about=holding.about,
        amount=holding.amount,
        currency=holding.currency,
        by_hand=holding.by_hand,
        undo=each.undo,
        holder_id=each.holder_id,
        state=_state_after(item),
        accepted_version=0,
        accepted_by="",
        approved_by="",
        code=RETURNED if returned else "",
        message="the leaver holds it again" if returned else "",
    )


def _state_after(item: Item) -> ItemState:
    """Who has accepted one version has not accepted the next."""
    asked = (ItemState.ACCEPTED, ItemState.APPROVED, ItemState.OFFERED, ItemState.MOVING)
    return ItemState.OFFERED if item.state in asked else ItemState.OPEN
