"""Statements about the rights that cases have given to successors: what is still theirs, and what lists say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from baton.model.case import MOVED_AGAIN, CaseState, ItemState
from baton.model.effect import OPEN_STATES, EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.tables import case_items, cases, effects, runs

Place: TypeAlias = tuple[str, str, str]
"""A system, what a right there opens (``kind/id``), and an employee number."""
NOT_THERE: Final = "not_there_any_more"
"""The code of a taking that was called back because its system has shown that the right had gone already."""
_GRANT: Final = HoldingKind.GRANT.value
_GOING: Final = [CaseState.OPEN.value, CaseState.PAUSED.value]
_WENT: Final = [ItemState.MOVING.value, ItemState.DONE.value, ItemState.GONE.value]
# Made once: naming each column of another alias takes longer than the rest of a statement.
_LATER, _AGAIN, _RAN = effects.alias("later"), effects.alias("again"), runs.alias("ran")
_RIGHT, _THING, _WHOLE = case_items.alias("shown"), case_items.alias("thing"), case_items.alias("whole")


def rights_given(job: str, state: EffectState) -> sa.Select[Any]:
    """(case, effect key): rights in this state given to somebody else than the case's leaver, and not taken since.

    What this case has done since with the same right counts, and that it was taken by any other and not given back.
    What such an effect is about ends with ``/`` and whose the right is.
    """
    own, later, again, ran = effects.c, _LATER, _AGAIN, _RAN
    newer = (
        sa.exists()
        .where(*_after(later.c, own), ran.c.id == later.c.run_id, ran.c.requested_by == cases.c.id)
        .correlate(effects, cases)
    )
    given_back = sa.exists().where(*_after(again.c, later.c), again.c.action == HandoverAction.ENTITLE.value)
    taken = sa.exists().where(
        *_after(later.c, own), later.c.action == HandoverAction.REVOKE.value, ~given_back.correlate(later)
    )
    return (
        sa.select(cases.c.id, own.key)
        .select_from(effects.join(runs, runs.c.id == own.run_id).join(cases, cases.c.id == runs.c.requested_by))
        .where(
            own.job == job,
            own.action == HandoverAction.ENTITLE.value,
            own.state == state.value,
            _of_another(),
            ~newer,
            ~taken.correlate(effects),
        )
        .order_by(own.id)
    )


def takings(job: str) -> sa.Select[Any]:
    """(case, effect key): what is under way that takes rights from others than the case's own leaver."""
    own = effects.c
    return (
        sa.select(cases.c.id, own.key)
        .select_from(effects.join(runs, runs.c.id == own.run_id).join(cases, cases.c.id == runs.c.requested_by))
        .where(
            own.job == job,
            own.action == HandoverAction.REVOKE.value,
            own.state.in_(OPEN_STATES),
            _of_another(),
        )
        .order_by(own.id)
    )


def _of_another() -> sa.ColumnElement[bool]:
    """An effect on a right that is not the leaver's of its case."""
    tail = sa.func.length(effects.c.number) - sa.func.length(cases.c.number)
    return sa.func.substr(effects.c.number, tail) != sa.literal("/") + cases.c.number


def _after(later: Any, earlier: Any) -> list[sa.ColumnElement[bool]]:
    """An effect on the same thing after another one; what was refused or called back has changed nothing."""
    without = [EffectState.REFUSED.value, EffectState.SUPERSEDED.value]
    return [
        later.job == earlier.job,
        later.system == earlier.system,
        later.number == earlier.number,
        later.version > earlier.version,
        sa.or_(later.state.not_in(without), later.code == NOT_THERE),
    ]


def shown_needed() -> sa.ColumnElement[bool]:
    """For `rights_given`: the list of its case shows who needs the right. False says nothing: look closer."""
    own, right, thing = effects.c, _RIGHT, _THING
    begin = sa.literal(f"{_GRANT}/") + right.c.external_id + "/"
    person = sa.func.substr(own.number, sa.func.length(begin) + 1)
    itself = thing.c.kind + "/" + thing.c.external_id == right.c.about
    still = sa.and_(cases.c.state.in_(_GOING), thing.c.state.not_in([ItemState.LEFT.value, ItemState.GONE.value]))
    theirs = sa.or_(thing.c.state.in_([ItemState.MOVING.value, ItemState.DONE.value]), still)
    by_people = sa.or_(thing.c.code == MOVED_AGAIN, thing.c.state == ItemState.GONE.value)
    return (
        sa.exists()
        .where(
            right.c.case_id == cases.c.id,
            right.c.system == own.system,
            right.c.kind == _GRANT,
            right.c.about != "",
            sa.func.substr(own.number, 1, sa.func.length(begin)) == begin,
            thing.c.case_id == cases.c.id,
            thing.c.system == own.system,
            thing.c.kind != _GRANT,
            sa.or_(
                sa.and_(sa.or_(itself, thing.c.about == right.c.about), thing.c.successor == person, theirs),
                sa.and_(itself, by_people),
            ),
        )
        .correlate(effects, cases)
    )


def speaking(numbers: Sequence[str], objects: Sequence[str]) -> sa.Select[Any]:
    """What cases say about these objects, and what belongs to them, where these people are to have it, or had it.

    ``to_go``: it is still to go; ``went``: it has gone; ``unknown``: it went without us, nobody here knows to whom, so
    that it may be anybody; ``spoken_for``: what it belongs to is on the same list then, which says who needs a right.
    """
    item, whole = case_items.c, _WHOLE
    ref = item.kind + "/" + item.external_id
    unknown = sa.or_(item.code == MOVED_AGAIN, item.state == ItemState.GONE.value)
    ended = item.state.in_([state.value for state in ItemState if state.closed])
    on_the_list = sa.exists().where(
        whole.c.case_id == item.case_id,
        whole.c.system == item.system,
        whole.c.kind + "/" + whole.c.external_id == item.about,
    )
    going = cases.c.state.in_(_GOING)
    to_go = sa.and_(going, ~ended)
    return (
        sa.select(
            *(item.case_id, item.system, item.external_id, item.about, item.successor),
            *(ref.label("ref"), cases.c.number, cases.c.opened_at, to_go.label("to_go")),
            *(item.state.in_(_WENT).label("went"), unknown.label("unknown")),
            sa.and_(unknown, on_the_list.correlate(case_items)).label("spoken_for"),
        )
        .join(cases, cases.c.id == item.case_id)
        .where(
            item.kind != _GRANT,
            sa.or_(ref.in_(objects), item.about.in_(objects)),
            sa.or_(item.successor.in_(numbers), cases.c.number.in_(numbers), unknown),
        )
    )


def says(row: sa.Row[Any], place: Place) -> bool:
    """Whether a row of `speaking` tells of that place: until a thing has gone, its leaver needs rights to it too."""
    system, thing, who = place
    if system != row.system or thing not in {row.ref, row.ref if row.spoken_for else row.about}:
        return False
    people = {row.successor} if row.went else {row.number, row.successor if row.to_go else row.number}
    return row.unknown or who in people


def listings(external_ids: Sequence[str]) -> sa.Select[Any]:
    """(system, ``kind/id``, when the case was opened, case) wherever things with these ids are on a list."""
    item = case_items.c
    return (
        sa.select(item.system, item.kind + "/" + item.external_id, cases.c.opened_at, cases.c.id)
        .join(cases, cases.c.id == item.case_id)
        .where(item.external_id.in_(external_ids))
    )
