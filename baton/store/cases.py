"""Cases, their items, and what was said: every change inside the caller's transaction, each with its audit entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.model.case import (
    NOT_TAKEN_BACK,
    READ_BACK,
    Case,
    CaseState,
    Item,
    ItemState,
    Statement,
    require_case_step,
    require_item_step,
)
from baton.model.effect import EffectState
from baton.model.handover import Holding, HoldingKind, Undo
from baton.store.case_rows import CaseRows, item_key
from baton.store.effects import chunked
from baton.store.erasures import leaver_is_erased
from baton.store.holdings import unpack_holding
from baton.store.personal import Keyring
from baton.store.tables import case_items, cases, effects, item_versions, statements
from baton.store.trail import Entry, append


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What becomes of one item: where it stands, and what else is noted about it."""

    item: Item
    state: ItemState
    values: Mapping[str, Any]


_UNFINISHED_FIRST: Final = (
    sa.case((cases.c.state.in_([CaseState.OPEN.value, CaseState.PAUSED.value]), 0), else_=1),
    cases.c.opened_at.desc(),
    cases.c.id,
)


class CaseStore:
    """Reads and writes cases."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.rows = CaseRows(keyring)
        self.clock = clock

    # --- cases

    def insert(self, connection: sa.Connection, case: Case) -> None:
        """Open a case."""
        dates = case.dates
        connection.execute(
            sa.insert(cases).values(
                id=case.id,
                number=case.number,
                state=case.state.value,
                cause=case.cause.value,
                policy=case.policy,
                department=case.department,
                manager=case.manager,
                opened_by=case.opened_by,
                opened_at=case.opened_at,
                last_working_at=dates.last_working_at,
                contract_end_at=dates.contract_end_at,
                pay_end_at=dates.pay_end_at,
                protected_until=case.protected_until,
                version=case.version,
                sealed=self.rows.seal_case(case),
            )
        )
        append(connection, [_case_entry(case.opened_at, case, None, case.state)])

    def get(self, connection: sa.Connection, case_id: str) -> Case | None:
        """One case, or None."""
        row = connection.execute(sa.select(cases).where(cases.c.id == case_id)).first()
        return None if row is None else self.rows.case(row)

    def of_person(self, connection: sa.Connection, number: str) -> list[Case]:
        """The cases of one leaver, newest first."""
        query = sa.select(cases).where(cases.c.number == number).order_by(cases.c.opened_at.desc())
        return [self.rows.case(row) for row in connection.execute(query)]

    def newest_of(self, connection: sa.Connection, numbers: Sequence[str]) -> dict[str, Case]:
        """The newest case of each of these people who has one."""
        found: dict[str, Case] = {}
        for chunk in chunked(numbers):
            query = sa.select(cases).where(cases.c.number.in_(chunk)).order_by(cases.c.opened_at, cases.c.id)
            found.update((row.number, self.rows.case(row)) for row in connection.execute(query))
        return found

    def listed(self, connection: sa.Connection, *states: CaseState, limit: int | None = 1000) -> list[Case]:
        """The cases in these states (none given: all), newest first; no more than ``limit``."""
        query = sa.select(cases).order_by(cases.c.opened_at.desc(), cases.c.id).limit(limit)
        if states:
            query = query.where(cases.c.state.in_([state.value for state in states]))
        return [self.rows.case(row) for row in connection.execute(query)]

    def index(self, connection: sa.Connection) -> list[tuple[str, str]]:
        """Every case as (id, number of who leaves): those that are open or paused first, then the newest."""
        query = sa.select(cases.c.id, cases.c.number).order_by(*_UNFINISHED_FIRST)
        return [(row.id, row.number) for row in connection.execute(query)]

    def by_id(self, connection: sa.Connection, ids: Sequence[str]) -> list[Case]:
        """Those of these cases that there are, in the order of their ids."""
        return [
            self.rows.case(row)
            for chunk in chunked(sorted(ids))
            for row in connection.execute(sa.select(cases).where(cases.c.id.in_(chunk)).order_by(cases.c.id))
        ]

    def concerning(self, connection: sa.Connection, person: str, limit: int = 1000) -> list[Case]:
        """The cases in which somebody leaves, manages or is to take something over, in the order of `index`."""
        named = sa.select(case_items.c.case_id).where(case_items.c.successor == person)
        mine = sa.or_(cases.c.number == person, cases.c.manager == person, cases.c.id.in_(named))
        query = sa.select(cases).where(mine).order_by(*_UNFINISHED_FIRST).limit(limit)
        return [self.rows.case(row) for row in connection.execute(query)]

    def change(self, connection: sa.Connection, case: Case, state: CaseState, **values: Any) -> Case:
        """Take a case one step on (or only note ``values``), if it is still as the caller knows it."""
        if state is not case.state:
            require_case_step(case.state, state)
        now = self.clock.now()
        changing = (
            sa.update(cases).where(cases.c.id == case.id, cases.c.state == case.state.value).values(state=state.value)
        )
        connection.execute(changing.values(**values))
        if state is not case.state:
            append(connection, [_case_entry(now, case, case.state, state)])
        found = self.get(connection, case.id)
        assert found is not None
        return found

    def lock(self, connection: sa.Connection, case_id: str) -> None:
        """Keep everybody else from deciding on this case until the transaction ends."""
        connection.execute(sa.select(cases.c.id).where(cases.c.id == case_id).with_for_update()).first()

    def locked(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, Case]:
        """These cases by id, as they are once nobody else is deciding on them; then nobody does until the end."""
        found: dict[str, Case] = {}
        for chunk in chunked(sorted(ids)):
            query = sa.select(cases).where(cases.c.id.in_(chunk)).order_by(cases.c.id).with_for_update()
            found.update((row.id, self.rows.case(row)) for row in connection.execute(query))
        return found

    def note_checked(self, connection: sa.Connection, same: Sequence[Case], at: datetime) -> None:
        """These lists have been compared and are as they were; one that has changed meanwhile is left out."""
        rows = [{"of": case.id, "seen": case.picture, "now": at} for case in same]
        where = (cases.c.id == sa.bindparam("of"), cases.c.picture == sa.bindparam("seen", type_=cases.c.picture.type))
        noting = sa.update(cases).where(*where).values(checked_at=sa.bindparam("now", type_=cases.c.checked_at.type))
        connection.execute(noting, rows)

    def note_watched(self, connection: sa.Connection, watched: Sequence[Case], at: datetime) -> None:
        """What was done in these cases has been looked at up to this moment: one statement, however many they are."""
        rows = [{"of": case.id, "now": at} for case in watched]
        value = sa.bindparam("now", type_=cases.c.watched_until.type)
        connection.execute(sa.update(cases).where(cases.c.id == sa.bindparam("of")).values(watched_until=value), rows)

    # --- items

    def items(
        self,
        connection: sa.Connection,
        case_id: str,
        *,
        states: Iterable[ItemState] = (),
        ids: Sequence[int] = (),
        kinds: Iterable[HoldingKind] = (),
        successor: str = "",
    ) -> list[Item]:
        """The items of a case by number, in one query."""
        query = sa.select(case_items).where(case_items.c.case_id == case_id).order_by(case_items.c.item)
        wanted = [state.value for state in states]
        if wanted:
            query = query.where(case_items.c.state.in_(wanted))
        of_kinds = [kind.value for kind in kinds]
        if of_kinds:
            query = query.where(case_items.c.kind.in_(of_kinds))
        if successor:
            query = query.where(case_items.c.successor == successor)
        queries = [query.where(case_items.c.item.in_(chunk)) for chunk in chunked(ids)] if ids else [query]
        return [self.rows.item(row) for each in queries for row in connection.execute(each)]

    def tally(self, connection: sa.Connection, case_id: str) -> dict[ItemState, int]:
        """How many items stand where."""
        query = (
            sa.select(case_items.c.state, sa.func.count())
            .where(case_items.c.case_id == case_id)
            .group_by(case_items.c.state)
        )
        return {ItemState(row[0]): row[1] for row in connection.execute(query)}

    def moving(self, connection: sa.Connection, case_ids: Sequence[str]) -> frozenset[tuple[str, int]]:
        """The items of these cases that are on their way: (case id, item)."""
        found: set[tuple[str, int]] = set()
        for chunk in chunked(case_ids):
            query = sa.select(case_items.c.case_id, case_items.c.item).where(
                case_items.c.case_id.in_(chunk), case_items.c.state == ItemState.MOVING.value
            )
            found.update((row.case_id, row.item) for row in connection.execute(query))
        return frozenset(found)

    def has_any(self, connection: sa.Connection, case_id: str, kind: HoldingKind) -> bool:
        """Whether a case has an item of this kind at all."""
        query = sa.select(case_items.c.key).where(case_items.c.case_id == case_id, case_items.c.kind == kind.value)
        return connection.execute(query.limit(1)).first() is not None

    def to_be_taken_back(self, connection: sa.Connection) -> list[str]:
        """The retracted cases in which something has arrived at a successor that could still come back."""
        query = (
            sa.select(cases.c.id)
            .join(case_items, case_items.c.case_id == cases.c.id)
            .join(effects, effects.c.key == case_items.c.effect_key)
            .where(
                cases.c.state == CaseState.RETRACTED.value,
                case_items.c.state == ItemState.DONE.value,
                case_items.c.undo != Undo.IRREVERSIBLE.value,
                case_items.c.code != NOT_TAKEN_BACK,
                ~leaver_is_erased(),
                # What was refused and has arrived all the same was read back; what people did has no way back.
                sa.or_(effects.c.state == EffectState.DONE.value, case_items.c.code == READ_BACK),
            )
        )
        return sorted(connection.execute(query.distinct()).scalars())

    def add_items(self, connection: sa.Connection, new: Sequence[Item]) -> None:
        """Put new items on the list, each at its first version."""
        now = self.clock.now()
        for chunk in chunked(new):
            connection.execute(sa.insert(case_items), [self.rows.item_row(item, now) for item in chunk])
            connection.execute(sa.insert(item_versions), [self.rows.version_row(item, now) for item in chunk])
        _touch(connection, new)
        append(connection, [_item_entry(now, item, None, item.state) for item in new])

    def renew_items(self, connection: sa.Connection, changes: Sequence[tuple[Item, Item]]) -> None:
        """Give items (before, after) a new version: their contents have changed in the system.

        The caller has locked the case and has read the items since.
        """
        now = self.clock.now()
        for before, after in changes:
            if after.state is not before.state:
                require_item_step(before.state, after.state)
        renewed = [after for _, after in changes]
        for chunk in chunked(renewed):
            rows = [self.rows.item_row(item, now) for item in chunk]
            _update_items(connection, rows)
            connection.execute(sa.insert(item_versions), [self.rows.version_row(item, now) for item in chunk])
        _touch(connection, renewed)
        append(connection, [_item_entry(now, after, before.state, after.state) for before, after in changes])

    def move_items(self, connection: sa.Connection, changes: Sequence[ItemChange]) -> list[Item]:
        """Take items a step on, if each is still where the caller saw it; gives them as they are afterwards.

        One that has moved meanwhile, or has another version by now, is left alone and left out of the answer. A
        handful of statements, however many items there are.
        """
        now = self.clock.now()
        for change in changes:
            if change.state is not change.item.state or change.state is ItemState.OFFERED:
                require_item_step(change.item.state, change.state)
        moved, entries = [], []
        for chunk in chunked(changes):
            there = _standing(connection, [change.item for change in chunk])
            kept = [change for change in chunk if there.get(_key(change.item)) == _stand(change.item)]
            values = [{"state": change.state.value, "changed_at": now, **change.values} for change in kept]
            _update_items(connection, [{"key": _key(c.item), **new} for c, new in zip(kept, values, strict=True)])
            for change in kept:
                moved.append(replace(change.item, state=change.state, changed_at=now, **change.values))
                entries.append(_item_entry(now, change.item, change.item.state, change.state))
        _touch(connection, moved)
        append(connection, entries)
        return moved

    def versions(self, connection: sa.Connection, case_id: str, item: int) -> list[tuple[int, datetime, Holding]]:
        """Every version of an item, oldest first, with the moment it was first seen."""
        key = item_key(case_id, item)
        query = sa.select(item_versions).where(item_versions.c.key == key).order_by(item_versions.c.version)
        found = []
        for row in connection.execute(query):
            data = self.rows.open("item_versions", key, row.version, row.sealed)
            found.append((row.version, row.seen_at, unpack_holding(data)))
        return found

    def digests(self, connection: sa.Connection, case_id: str) -> dict[int, list[tuple[int, bytes, datetime]]]:
        """Item number -> every version's number, digest and the moment it was first seen, oldest first: one query."""
        table = item_versions
        query = (
            sa.select(case_items.c.item, table.c.version, table.c.digest, table.c.seen_at)
            .select_from(case_items.join(table, table.c.key == case_items.c.key))
            .where(case_items.c.case_id == case_id)
            .order_by(case_items.c.item, table.c.version)
        )
        found: dict[int, list[tuple[int, bytes, datetime]]] = {}
        for item, version, digest, seen_at in connection.execute(query):
            found.setdefault(item, []).append((version, digest, seen_at))
        return found

    # --- statements

    def say(self, connection: sa.Connection, said: Sequence[Statement]) -> None:
        """Store statements about one case. They stay as they are for good."""
        if not said:
            return
        count = sa.select(sa.func.count()).where(statements.c.case_id == said[0].case_id)
        first = connection.execute(count).scalar_one() + 1
        rows = [self.rows.statement_row(each, number) for number, each in enumerate(said, first)]
        for chunk in chunked(rows):
            connection.execute(sa.insert(statements), chunk)
        append(connection, [_statement_entry(each) for each in said])

    def said(
        self,
        connection: sa.Connection,
        case_id: str,
        item: int | None = None,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Statement]:
        """What was said about a case (or one of its items), oldest first, without the first ``after`` of the case."""
        query = sa.select(statements).where(statements.c.case_id == case_id).order_by(statements.c.key).limit(limit)
        if item is not None:
            query = query.where(statements.c.item == item)
        if after:
            query = query.where(statements.c.key > f"{case_id}/{after:06d}")
        return [self.rows.statement(row) for row in connection.execute(query)]

    def said_by_or_about(self, connection: sa.Connection, person: str) -> list[Statement]:
        """Everything somebody has said in any case, and all that was said in those in which they leave, by case."""
        own = sa.select(cases.c.id).where(cases.c.number == person)
        either = sa.or_(statements.c.person == person, statements.c.case_id.in_(own))
        query = sa.select(statements).where(either).order_by(statements.c.key)
        return [self.rows.statement(row) for row in connection.execute(query)]


def _key(item: Item) -> str:
    return item_key(item.case_id, item.id)


def _stand(item: Item) -> tuple[str, int]:
    return item.state.value, item.version


def _standing(connection: sa.Connection, items: Sequence[Item]) -> dict[str, tuple[str, int]]:
    """Where these items stand now, by row key; nobody else moves them until the transaction ends."""
    query = sa.select(case_items.c.key, case_items.c.state, case_items.c.version)
    found = query.where(case_items.c.key.in_([_key(item) for item in items])).order_by(case_items.c.key)
    return {row.key: (row.state, row.version) for row in connection.execute(found.with_for_update())}


def _update_items(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Set what each row (``key`` and the new values) says: one statement for all that change the same columns."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(sorted(row.keys() - {"key"})), []).append(row)
    for names, group in alike.items():
        values = {name: sa.bindparam(f"new_{name}", type_=case_items.c[name].type) for name in names}
        changing = sa.update(case_items).where(case_items.c.key == sa.bindparam("of_key")).values(**values)
        bound = [{"of_key": row["key"], **{f"new_{name}": row[name] for name in names}} for row in group]
        connection.execute(changing, bound)


def _touch(connection: sa.Connection, items: Sequence[Item]) -> None:
    """The lists these items are on are no longer as they were when the systems were last compared with them."""
    ids = sorted({item.case_id for item in items})
    if ids:
        connection.execute(sa.update(cases).where(cases.c.id.in_(ids)).values(picture=b""))


def _case_entry(at: datetime, case: Case, before: CaseState | None, after: CaseState) -> Entry:
    body: dict[str, Json] = {"case": case.id, "to": after.value, **({"from": before.value} if before else {})}
    return Entry(kind="case", at=at, body=body)


def _item_entry(at: datetime, item: Item, before: ItemState | None, after: ItemState) -> Entry:
    body: dict[str, Json] = {"case": item.case_id, "item": item.id, "version": item.version, "to": after.value}
    return Entry(kind="item", at=at, body=body | ({"from": before.value} if before else {}))


def _statement_entry(said: Statement) -> Entry:
    body: dict[str, Json] = {"case": said.case_id, "act": said.act.value, "person": said.person}
    body |= {"role": said.role.value, "signature": said.signature.hex()}
    if said.item_id is not None:
        body |= {"item": said.item_id, "version": said.item_version}
    return Entry(kind="statement", at=said.at, body=body)
