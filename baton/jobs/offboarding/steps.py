"""Who may say what about an item, and where that takes it. Every race has one outcome: the state and version decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from baton.errors import ApprovalError
from baton.jobs.offboarding.checklist import WATCHED
from baton.model.case import MOVED_AGAIN, NOT_BACK, Act, Case, CaseState, Cause, Item, ItemState, Role
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
_EXCEPTED_FROM: Final = frozenset({ItemState.OPEN, ItemState.STUCK, ItemState.DONE})
"""Where a right stands that can be excepted from what takes it away before the last working moment."""
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
    if excepts(item, act):
        return _after_exception(case, item, person)
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
    if act is Act.CONFIRM and item.kind is HoldingKind.ACCOUNT and item.system:
        raise ApprovalError(
            "an account has ended when its system shows that, not by word of mouth",
            code="state",
            remedy="close it in its system",
        )
    if act is Act.CONFIRM and not item.by_hand and item.system:
        raise ApprovalError(
            "this is passed on by the system itself, not by word of mouth", code="state", remedy="accept and approve it"
        )
    if act is Act.LEAVE:
        _require_there(item)
    if act in (Act.NAME, Act.LEAVE) and item.kind in WATCHED:
        raise ApprovalError("an account or a right is ended, neither passed on nor left", code="state")


def _require_there(item: Item) -> None:
    if item.state is ItemState.STUCK and item.code in _AWAY:
        raise ApprovalError(
            f"item {item.id} is not with the leaver, to be left there",
            code="state",
            remedy="take it back once more, or name who is to have it",
        )


def excepts(item: Item, act: Act) -> bool:
    """Whether this is a word for an exception: that the leaver has a right until the last working moment after all."""
    return act is Act.LEAVE and item.kind is HoldingKind.GRANT and not item.by_hand


def exception_asked(item: Item) -> bool:
    """Whether somebody has asked for an exception of this version of a right, and nobody has agreed."""
    asked = bool(item.accepted_by) and item.accepted_version == item.version
    return item.kind is HoldingKind.GRANT and asked and not item.approved_by


def may_be_agreed(case: Case, item: Item) -> bool:
    """Whether a second person's word could still make an exception of what one has asked for."""
    return exception_asked(item) and _excepted(case, item)


def _excepted(case: Case, item: Item) -> bool:
    return item.state in _EXCEPTED_FROM and (item.state is not ItemState.DONE or _early(case, item))


def _after_exception(case: Case, item: Item, person: str) -> ItemState:
    """The first word asks and changes nothing, a second person's leaves the right, or gives it back if it has gone."""
    if not _excepted(case, item):
        raise ApprovalError(f"item {item.id} is {item.state}: too late or too early for an exception", code="state")
    _require_there(item)
    if not exception_asked(item):
        return item.state
    if alike(person) == alike(item.accepted_by):
        raise ApprovalError("an exception needs a second person", code="maker", remedy="ask the manager, or HR")
    return ItemState.MOVING if item.state is ItemState.DONE else ItemState.LEFT


def _early(case: Case, item: Item) -> bool:
    """Whether a right was taken away before the last working moment, by an effect."""
    last = case.dates.last_working_at
    before = last is None or (item.changed_at is not None and item.changed_at < last)
    return before and case.cause is not Cause.EMERGENCY and bool(item.effect_key)
