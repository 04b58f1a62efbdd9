"""Who may say what about an item, and where that takes it. Every race has one outcome: the state and version decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from baton.errors import ApprovalError
from baton.jobs.offboarding.checklist import WATCHED
from baton.model.case import MOVED_AGAIN, NOT_BACK, Act, Case, CaseState, Item, ItemState, Role
from baton.model.handover import HoldingKind
from baton.model.persons import alike

MAY: Final[Mapping[Act, frozenset[Role]]] = {
    Act.NAME: frozenset({Role.MANAGER, Role.HR}),
    Act.NOTE: frozenset(Role),
    Act.ASK: frozenset({Role.SUCCESSOR, Role.MANAGER, Role.HR}),
    Act.ANSWER: frozenset({Role.LEAVER, Role.MANAGER, Role.HR}),
    Act.ATTACH: frozenset({Role.LEAVER, Role.MANAGER, Role.HR}),
    Act.ACCEPT: frozenset({Role.SUCCESSOR}),
    Act.REFUSE: frozenset({Role.SUCCESSOR}),
    Act.APPROVE: frozenset({Role.MANAGER, Role.HR}),
    Act.LEAVE: frozenset({Role.MANAGER, Role.HR}),
    Act.CONFIRM: frozenset({Role.SUCCESSOR, Role.MANAGER, Role.HR}),
    Act.PAUSE: frozenset({Role.HR}),
    Act.RETRACT: frozenset({Role.HR}),
    Act.REOPEN: frozenset({Role.HR}),
    Act.COMPLETE: frozenset({Role.HR}),
    Act.UNDO: frozenset({Role.HR}),
}
"""As whom a person must speak for which act."""
_FROM: Final[Mapping[Act, frozenset[ItemState]]] = {
    Act.NAME: frozenset({ItemState.OPEN, ItemState.OFFERED, ItemState.ACCEPTED, ItemState.APPROVED, ItemState.STUCK}),
    Act.ACCEPT: frozenset({ItemState.OFFERED}),
    Act.REFUSE: frozenset({ItemState.OFFERED, ItemState.ACCEPTED}),
    Act.APPROVE: frozenset({ItemState.ACCEPTED}),
    Act.LEAVE: frozenset({ItemState.OPEN, ItemState.OFFERED, ItemState.ACCEPTED, ItemState.APPROVED, ItemState.STUCK}),
    Act.CONFIRM: frozenset({ItemState.OPEN, ItemState.OFFERED, ItemState.APPROVED, ItemState.STUCK}),
}
_TO: Final[Mapping[Act, ItemState]] = {
    Act.NAME: ItemState.OFFERED,
    Act.ACCEPT: ItemState.ACCEPTED,
    Act.REFUSE: ItemState.OPEN,
    Act.APPROVE: ItemState.APPROVED,
    Act.LEAVE: ItemState.LEFT,
    Act.CONFIRM: ItemState.DONE,
}
TALK: Final = frozenset({Act.NOTE, Act.ASK, Act.ANSWER, Act.ATTACH})
"""Acts that take an item nowhere: they are about it in whatever version."""
_AWAY: Final = frozenset({MOVED_AGAIN, NOT_BACK})
"""Codes of what was to be with the leaver again, and is not."""
_WITH_REASON: Final = frozenset({Act.REFUSE, Act.LEAVE, Act.CONFIRM, Act.PAUSE, Act.RETRACT, Act.REOPEN, Act.UNDO})
_SAID_IN: Final = frozenset({CaseState.OPEN, CaseState.PAUSED})


def after(case: Case, item: Item, version: int, act: Act, person: str, role: Role, text: str) -> ItemState:
    """Where the item goes when this person says this about this version of it.

    Raises `ApprovalError` (codes ``role not_yours leaver maker version state case reason``) when they may not, or not
    any more.
    """
    require_may(act, role, text)
    if case.state not in _SAID_IN:
        raise ApprovalError(f"the case is {case.state}", code="case", remedy="reopen it first")
    talk = act in TALK
    if alike(person) == alike(case.number) and not talk:
        raise ApprovalError("a leaver decides nothing about their own handover", code="leaver")
    if role is Role.SUCCESSOR and person != item.successor:
        raise ApprovalError("this item is for somebody else", code="not_yours")
    if talk:
        return item.state
    if act not in _TO:
        raise ApprovalError(f"{act} is said about a case, not about an item of it", code="state")
    if version != item.version:
        raise ApprovalError(
            f"item {item.id} has changed since: it is at version {item.version}, not {version}",
            code="version",
            remedy="look at it again, then decide",
        )
    if item.state not in _FROM[act]:
        raise ApprovalError(f"item {item.id} is {item.state}: too late or too early for this", code="state")
    _require_fit(item, act, person)
    return _TO[act]


def require_may(act: Act, role: Role, text: str) -> None:
    """Raise `ApprovalError` unless somebody in this role may do this, and has said why where that is needed."""
    if role not in MAY.get(act, frozenset()):
        raise ApprovalError(f"a {role} cannot {act} here", code="role", remedy="ask the manager or HR")
    if act in _WITH_REASON and not text.strip():
        raise ApprovalError("this needs a reason", code="reason", remedy="say why (or what proves it)")


def _require_fit(item: Item, act: Act, person: str) -> None:
    if act is Act.APPROVE and alike(person) == alike(item.accepted_by):
        raise ApprovalError("whoever accepts does not approve", code="maker", remedy="a second person must approve")
    if act is Act.CONFIRM and not item.by_hand and item.system:
        raise ApprovalError(
            "this is passed on by the system itself, not by word of mouth", code="state", remedy="accept and approve it"
        )
    if act is Act.LEAVE and item.state is ItemState.STUCK and item.code in _AWAY:
        raise ApprovalError(
            f"item {item.id} is not with the leaver, to be left there",
            code="state",
            remedy="take it back once more, or name who is to have it",
        )
    excepted = act is Act.LEAVE and item.kind is HoldingKind.GRANT and not item.by_hand  # until the last working moment
    if act in (Act.NAME, Act.LEAVE) and item.kind in WATCHED and not excepted:
        raise ApprovalError("an account or a right is ended, neither passed on nor left", code="state")
