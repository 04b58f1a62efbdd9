"""A whole checklist at a glance: what stands in the clear of every item, so that a long list opens in one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import sqlalchemy as sa

from baton.model.case import Act, ItemState
from baton.model.handover import HoldingKind
from baton.store.effects import chunked
from baton.store.tables import case_items, statements

_KINDS: Final = {kind.value: kind for kind in HoldingKind}
_STATES: Final = {state.value: state for state in ItemState}


class Outline(NamedTuple):
    """One item without what is sealed of it (title, facts, amount). Thousands are made for one page: a plain tuple."""

    id: int
    system: str
    kind: HoldingKind
    ref: str
    """``kind/external id``, as `HoldingRef` writes itself."""
    about: str
    """The same of what it belongs to; empty for nothing."""
    state: ItemState
    successor: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """How much was said about one item beside decisions."""

    asked: int = 0
    answered: int = 0
    noted: int = 0

    @property
    def waiting(self) -> bool:
        """True while a question has no answer."""
        return self.asked > self.answered


class Unanswered(NamedTuple):
    """A question about an item that is not closed, and that nobody has answered."""

    case_id: str
    item: int
    person: str
    """Who has asked last."""
    at: datetime


class ChecklistStore:
    """Reads checklists; writes nothing."""

    def outline(self, connection: sa.Connection, case_id: str, successor: str = "") -> list[Outline]:
        """Every item of a case by number (or only those for one successor), in one query."""
        columns = case_items.c
        query = sa.select(
            columns.item,
            columns.system,
            columns.kind,
            columns.external_id,
            columns.about,
            columns.state,
            columns.successor,
            columns.code,
        ).where(columns.case_id == case_id)
        if successor:
            query = query.where(columns.successor == successor)
        return [
            Outline(item, system, _KINDS[kind], f"{kind}/{external_id}", about, _STATES[state], named, code)
            for item, system, kind, external_id, about, state, named, code in connection.execute(
                query.order_by(columns.item)
            )
        ]

    def talk(self, connection: sa.Connection, case_id: str) -> dict[int, Talk]:
        """Item -> how much was said about it, for every item of which something was said."""
        wanted = [act.value for act in (Act.ASK, Act.ANSWER, Act.NOTE)]
        query = (
            sa.select(statements.c.item, statements.c.act, sa.func.count())
            .where(statements.c.case_id == case_id, statements.c.item.is_not(None), statements.c.act.in_(wanted))
            .group_by(statements.c.item, statements.c.act)
        )
        counts: dict[int, dict[str, int]] = {}
        for item, act, count in connection.execute(query):
            counts.setdefault(item, {})[act] = count
        return {
            item: Talk(found.get(Act.ASK, 0), found.get(Act.ANSWER, 0), found.get(Act.NOTE, 0))
            for item, found in counts.items()
        }

    def questions(self, connection: sa.Connection, case_ids: Sequence[str]) -> list[Unanswered]:
        """What nobody has answered in these cases."""
        closed = [state.value for state in ItemState if state.closed]
        columns, about = (
            statements.c,
            (statements.c.case_id == case_items.c.case_id, statements.c.item == case_items.c.item),
        )
        wanted = (
            sa.select(columns.case_id, columns.item, columns.act, columns.person, columns.at)
            .join(case_items, sa.and_(*about))
            .where(columns.act.in_([Act.ASK.value, Act.ANSWER.value]), case_items.c.state.not_in(closed))
            .order_by(columns.key)
        )
        open_: dict[tuple[str, int], list[tuple[str, datetime]]] = {}
        for chunk in chunked(case_ids):
            for case_id, item, act, person, at in connection.execute(wanted.where(columns.case_id.in_(chunk))):
                asked = open_.setdefault((case_id, item), [])
                if act == Act.ASK.value:
                    asked.append((person, at))
                elif asked:
                    asked.pop(0)
        return [Unanswered(*place, *asked[-1]) for place, asked in sorted(open_.items()) if asked]

    def tallies(self, connection: sa.Connection, case_ids: Sequence[str]) -> Mapping[str, Mapping[ItemState, int]]:
        """Case -> how many of its items stand where."""
        found: dict[str, dict[ItemState, int]] = {case_id: {} for case_id in case_ids}
        for chunk in chunked(case_ids):
            query = (
                sa.select(case_items.c.case_id, case_items.c.state, sa.func.count())
                .where(case_items.c.case_id.in_(chunk))
                .group_by(case_items.c.case_id, case_items.c.state)
            )
            for case_id, state, count in connection.execute(query):
                found[case_id][ItemState(state)] = count
        return found
