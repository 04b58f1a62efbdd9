"""Which items a page shows, in which order and under which heading. Pure; titles are sealed, so they play no part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from baton.jobs.offboarding.checklist import WATCHED
from baton.model.case import NO_ACCOUNT, ItemState, Role
from baton.model.handover import HoldingKind
from baton.store.checklists import Outline

PAGE_ITEMS: Final = 100


class View(StrEnum):
    """What a list can be narrowed to, beside a state."""

    MINE = "mine"
    """What waits for whoever is looking."""
    ALL = "all"
    QUESTIONS = "questions"
    """What somebody has asked about and nobody answered."""


_WAITS_FOR: Final[Mapping[Role, frozenset[ItemState]]] = {
    Role.LEAVER: frozenset(),
    Role.SUCCESSOR: frozenset({ItemState.OFFERED}),
    Role.MANAGER: frozenset({ItemState.OPEN, ItemState.ACCEPTED, ItemState.STUCK}),
    Role.HR: frozenset({ItemState.OPEN, ItemState.ACCEPTED, ItemState.STUCK}),
}
_DECIDE: Final = frozenset({Role.MANAGER, Role.HR})
"""Who sees to it that what cannot go by itself goes on."""
_ANSWERS: Final = frozenset({Role.LEAVER, Role.MANAGER})
"""Whose turn it is when a question has no answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What part of the list is asked for."""

    show: str = ""
    """A `View`, an item state, or empty: what waits for the visitor if anything does, else everything."""
    kind: HoldingKind | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Items that belong together: everything about one client, or what is left of one kind."""

    head: str
    """``kind/external id`` of what they belong to; empty where they have nothing but their kind in common."""
    system: str
    kind: HoldingKind
    head_item: int
    """The item of the heading itself where it is on the list (else 0)."""
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list."""

    groups: tuple[Group, ...]
    show: str
    page: int
    pages: int
    total: int
    """Items on all pages."""
    counts: Mapping[str, int]
    """View or state -> items, of every kind."""
    kinds: Mapping[HoldingKind, int]


def listed(
    outlines: Sequence[Outline],
    roles: Collection[Role],
    waiting: Collection[int],
    asked: Asked,
    ending: Collection[int] = (),
) -> Listed:
    """One page of what is asked for.

    ``waiting`` names the items with a question that nobody has answered, ``ending`` the rights that somebody has to
    take away by hand now.
    """
    mine = {outline.id for outline in outlines if _waits(outline, roles, waiting, ending)}
    counts: dict[str, int] = dict(Counter(outline.state.value for outline in outlines))
    counts |= {View.MINE: len(mine), View.ALL: len(outlines), View.QUESTIONS: len(waiting)}
    show = asked.show or (View.MINE if mine else View.ALL)
    chosen = [
        outline
        for outline in outlines
        if (asked.kind is None or outline.kind is asked.kind)
        and (
            show == View.ALL
            or (show == View.MINE and outline.id in mine)
            or (show == View.QUESTIONS and outline.id in waiting)
            or outline.state == show
        )
    ]
    page, pages = page_of(asked.page, len(chosen), PAGE_ITEMS)
    ordered = [pair for group in _together(outlines, chosen) for pair in group]
    shown = ordered[(page - 1) * PAGE_ITEMS : page * PAGE_ITEMS]
    return Listed(
        groups=tuple(_headed(shown, outlines)),
        show=show,
        page=page,
        pages=pages,
        total=len(chosen),
        counts=counts,
        kinds=dict(sorted(Counter(outline.kind for outline in outlines).items())),
    )


def page_of(asked: int, total: int, size: int) -> tuple[int, int]:
    """The page that is shown of so many in pages of this size where one is asked for, and how many pages there are."""
    pages = max(1, -(-total // size))
    return min(max(1, asked), pages), pages


def _waits(outline: Outline, roles: Collection[Role], waiting: Collection[int], ending: Collection[int]) -> bool:
    if outline.state is ItemState.APPROVED and outline.code == NO_ACCOUNT and _DECIDE & set(roles):
        return True
    ends_by_itself = outline.kind in WATCHED and outline.state is ItemState.OPEN and outline.id not in ending
    if not ends_by_itself and any(outline.state in _WAITS_FOR[role] for role in roles):
        return True
    return outline.id in waiting and not outline.state.closed and bool(_ANSWERS & set(roles))


_Key = tuple[str, str]
"""System and ``kind/external id``, or no system and a kind."""


def _together(outlines: Sequence[Outline], chosen: Sequence[Outline]) -> Iterator[list[tuple[_Key, Outline]]]:
    """The chosen items by what they are about: clients (and whatever else has something about it) first."""
    places = {(outline.system, outline.ref): outline for outline in outlines}
    heads = {(outline.system, outline.about) for outline in outlines if outline.about}
    groups: dict[_Key, list[tuple[_Key, Outline]]] = {}
    for outline in chosen:
        key = _root(outline, places)
        if not outline.about and key not in heads and outline.kind is not HoldingKind.CLIENT:
            key = ("", outline.kind.value)
        groups.setdefault(key, []).append((key, outline))
    named = [key for key in groups if "/" in key[1]]
    rest = sorted(key for key in groups if "/" not in key[1])
    for key in [*named, *rest]:
        yield sorted(groups[key], key=lambda pair: (bool(pair[1].about), pair[1].id))


def _root(outline: Outline, places: Mapping[_Key, Outline]) -> _Key:
    """What an item belongs to in the end: the client of the opportunity of an approval."""
    system, ref, above = outline.system, outline.ref, outline.about
    seen = {ref}
    while above and above not in seen:
        ref = above
        seen.add(ref)
        parent = places.get((system, ref))
        above = parent.about if parent else ""
    return system, ref


def _headed(shown: Sequence[tuple[_Key, Outline]], outlines: Sequence[Outline]) -> Iterator[Group]:
    numbers = {(outline.system, outline.ref): outline.id for outline in outlines}
    groups: dict[_Key, list[int]] = {}
    for key, outline in shown:
        groups.setdefault(key, []).append(outline.id)
    for key, items in groups.items():
        system, what = key
        kind, slash, _ = what.partition("/")
        yield Group(what if slash else "", system, HoldingKind(kind), numbers.get(key, 0), tuple(items))
