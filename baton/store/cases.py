"""Cases, their items, and what was said: every change inside the caller's transaction, each with its audit entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from baton.audit.canonical import Json
from baton.clock import Clock
from baton.model.case import (
    Act,
    Case,
    CaseState,
    Cause,
    Item,
    ItemState,
    LeaverDates,
    Role,
    Statement,
    require_case_step,
    require_item_step,
)
from baton.model.handover import Holding, HoldingKind, HoldingRef, Undo
from baton.store.effects import chunked
from baton.store.holdings import pack_holding, unpack_holding
from baton.store.personal import Keyring
from baton.store.tables import case_items, cases, item_versions, statements
from baton.store.trail import Entry, append

_STATED = 1
"""Statements are never changed: their sealed text has one version."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What becomes of one item: where it stands, and what else is noted about it."""

    item: Item
    state: ItemState
    values: Mapping[str, Any]


class CaseStore:
    """Reads and writes cases."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self.keyring = keyring
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
                sealed=self._seal_case(case),
            )
        )
        append(connection, [_case_entry(case.opened_at, case, None, case.state)])

    def get(self, connection: sa.Connection, case_id: str) -> Case | None:
        """One case, or None."""
        row = connection.execute(sa.select(cases).where(cases.c.id == case_id)).first()
        return None if row is None else self._case(row)

    def of_person(self, connection: sa.Connection, number: str) -> list[Case]:
        """The cases of one leaver, newest first."""
        query = sa.select(cases).where(cases.c.number == number).order_by(cases.c.opened_at.desc())
        return [self._case(row) for row in connection.execute(query)]

    def listed(self, connection: sa.Connection, *states: CaseState, limit: int = 1000) -> list[Case]:
        """The cases in these states (none given: all), newest first."""
        query = sa.select(cases).order_by(cases.c.opened_at.desc(), cases.c.id).limit(limit)
        if states:
            query = query.where(cases.c.state.in_([state.value for state in states]))
        return [self._case(row) for row in connection.execute(query)]

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
        if ids:
            query = query.where(case_items.c.item.in_(ids))
        of_kinds = [kind.value for kind in kinds]
        if of_kinds:
            query = query.where(case_items.c.kind.in_(of_kinds))
        if successor:
            query = query.where(case_items.c.successor == successor)
        return [self._item(row) for row in connection.execute(query)]

    def tally(self, connection: sa.Connection, case_id: str) -> dict[ItemState, int]:
        """How many items stand where."""
        query = (
            sa.select(case_items.c.state, sa.func.count())
            .where(case_items.c.case_id == case_id)
            .group_by(case_items.c.state)
        )
        return {ItemState(row[0]): row[1] for row in connection.execute(query)}

    def with_items_in(self, connection: sa.Connection, state: ItemState) -> list[str]:
        """The cases that have an item there."""
        query = sa.select(case_items.c.case_id).where(case_items.c.state == state.value).distinct()
        return sorted(connection.execute(query).scalars())

    def next_item(self, connection: sa.Connection, case_id: str) -> int:
        """The number that the next new item of a case gets; numbers are never used twice."""
        query = sa.select(sa.func.max(case_items.c.item)).where(case_items.c.case_id == case_id)
        return int(connection.execute(query).scalar_one() or 0) + 1

    def add_items(self, connection: sa.Connection, new: Sequence[Item]) -> None:
        """Put new items on the list, each at its first version."""
        now = self.clock.now()
        for chunk in chunked(new):
            connection.execute(sa.insert(case_items), [self._item_row(item, now) for item in chunk])
            connection.execute(sa.insert(item_versions), [self._version_row(item, now) for item in chunk])
        append(connection, [_item_entry(now, item, None, item.state) for item in new])

    def renew_items(self, connection: sa.Connection, changes: Sequence[tuple[Item, Item]]) -> None:
        """Give items (before, after) a new version: their contents have changed in the system."""
        now = self.clock.now()
        for before, after in changes:
            if after.state is not before.state:
                require_item_step(before.state, after.state)
            row = self._item_row(after, now)
            connection.execute(sa.update(case_items).where(case_items.c.key == row["key"]).values(**row))
            connection.execute(sa.insert(item_versions), [self._version_row(after, now)])
        append(connection, [_item_entry(now, after, before.state, after.state) for before, after in changes])

    def move_items(self, connection: sa.Connection, changes: Sequence[ItemChange]) -> list[Item]:
        """Take items a step on, if each is still where the caller saw it; gives them as they are afterwards.

        One that has moved meanwhile, or has another version by now, is left alone and left out of the answer.
        """
        now = self.clock.now()
        moved, entries = [], []
        for change in changes:
            item = change.item
            if change.state is not item.state or change.state is ItemState.OFFERED:
                require_item_step(item.state, change.state)
            changing = (
                sa.update(case_items)
                .where(
                    case_items.c.key == _item_key(item.case_id, item.id),
                    case_items.c.state == item.state.value,
                    case_items.c.version == item.version,
                )
                .values(state=change.state.value, changed_at=now, **change.values)
            )
            if connection.execute(changing).rowcount == 1:
                moved.append(replace(item, state=change.state, changed_at=now, **change.values))
                entries.append(_item_entry(now, item, item.state, change.state))
        append(connection, entries)
        return moved

    def versions(self, connection: sa.Connection, case_id: str, item: int) -> list[tuple[int, datetime, Holding]]:
        """Every version of an item, oldest first, with the moment it was first seen."""
        key = _item_key(case_id, item)
        query = sa.select(item_versions).where(item_versions.c.key == key).order_by(item_versions.c.version)
        found = []
        for row in connection.execute(query):
            data = self._open("item_versions", key, row.version, row.sealed)
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

    def say(self, connection: sa.Connection, said: Statement) -> None:
        """Store a statement. It stays as it is for good."""
        count = sa.select(sa.func.count()).where(statements.c.case_id == said.case_id)
        key = f"{said.case_id}/{connection.execute(count).scalar_one() + 1:06d}"
        connection.execute(
            sa.insert(statements).values(
                key=key,
                case_id=said.case_id,
                item=said.item_id,
                item_version=said.item_version,
                item_digest=said.item_digest,
                act=said.act.value,
                person=said.person,
                role=said.role.value,
                at=said.at,
                signature=said.signature,
                version=_STATED,
                sealed=self._seal("statements", key, _STATED, said.text.encode()),
            )
        )
        body: dict[str, Json] = {"case": said.case_id, "act": said.act.value, "person": said.person}
        body |= {"role": said.role.value, "signature": said.signature.hex()}
        if said.item_id is not None:
            body |= {"item": said.item_id, "version": said.item_version}
        append(connection, [Entry(kind="statement", at=said.at, body=body)])

    def said(self, connection: sa.Connection, case_id: str, item: int | None = None) -> list[Statement]:
        """What was said about a case (or one of its items), oldest first."""
        query = sa.select(statements).where(statements.c.case_id == case_id).order_by(statements.c.key)
        if item is not None:
            query = query.where(statements.c.item == item)
        return [self._statement(row) for row in connection.execute(query)]

    # --- rows

    def _seal(self, table: str, row: str, version: int, data: bytes) -> bytes:
        return self.keyring.seal(data, table=table, row=row, column="sealed", version=version)

    def _open(self, table: str, row: str, version: int, sealed: bytes) -> bytes:
        return self.keyring.open(sealed, table=table, row=row, column="sealed", version=version)

    def _seal_case(self, case: Case) -> bytes:
        return self._seal("cases", case.id, case.version, orjson.dumps({"name": case.name, "salt": case.salt.hex()}))

    def _case(self, row: sa.Row[Any]) -> Case:
        kept = orjson.loads(self._open("cases", row.id, row.version, row.sealed))
        return Case(
            id=row.id,
            number=row.number,
            state=CaseState(row.state),
            cause=Cause(row.cause),
            policy=row.policy,
            department=row.department,
            manager=row.manager,
            opened_by=row.opened_by,
            opened_at=row.opened_at,
            dates=LeaverDates(row.last_working_at, row.contract_end_at, row.pay_end_at),
            checked_at=row.checked_at,
            completed_at=row.completed_at,
            protected_until=row.protected_until,
            watched_until=row.watched_until,
            version=row.version,
            name=kept["name"],
            salt=bytes.fromhex(kept["salt"]),
        )

    def _item_row(self, item: Item, now: datetime) -> dict[str, Any]:
        key = _item_key(item.case_id, item.id)
        return {
            "key": key,
            "case_id": item.case_id,
            "item": item.id,
            "system": item.system,
            "kind": item.kind.value,
            "external_id": item.ref.external_id,
            "about": str(item.about) if item.about else "",
            "state": item.state.value,
            "version": item.version,
            "digest": item.digest,
            "undo": item.undo.value,
            "successor": item.successor,
            "accepted_version": item.accepted_version,
            "accepted_by": item.accepted_by,
            "approved_by": item.approved_by,
            "holder_id": item.holder_id,
            "due_at": item.due_at,
            "effect_key": item.effect_key,
            "code": item.code,
            "message": item.message,
            "changed_at": now,
            "sealed": self._seal("case_items", key, item.version, pack_holding(item.holding)),
        }

    def _version_row(self, item: Item, now: datetime) -> dict[str, Any]:
        key = _item_key(item.case_id, item.id)
        sealed = self._seal("item_versions", key, item.version, pack_holding(item.holding))
        return {"key": key, "version": item.version, "digest": item.digest, "seen_at": now, "sealed": sealed}

    def _item(self, row: sa.Row[Any]) -> Item:
        holding = unpack_holding(self._open("case_items", row.key, row.version, row.sealed))
        return Item(
            case_id=row.case_id,
            id=row.item,
            system=row.system,
            ref=HoldingRef(HoldingKind(row.kind), row.external_id),
            state=ItemState(row.state),
            version=row.version,
            digest=row.digest,
            title=holding.title,
            facts=holding.facts,
            about=holding.about,
            amount=holding.amount,
            currency=holding.currency,
            by_hand=holding.by_hand,
            undo=Undo(row.undo),
            successor=row.successor,
            accepted_version=row.accepted_version,
            accepted_by=row.accepted_by,
            approved_by=row.approved_by,
            holder_id=row.holder_id,
            due_at=row.due_at,
            effect_key=row.effect_key,
            code=row.code,
            message=row.message,
            changed_at=row.changed_at,
        )

    def _statement(self, row: sa.Row[Any]) -> Statement:
        return Statement(
            case_id=row.case_id,
            item_id=row.item,
            item_version=row.item_version,
            item_digest=row.item_digest,
            act=Act(row.act),
            person=row.person,
            role=Role(row.role),
            at=row.at,
            text=self._open("statements", row.key, row.version, row.sealed).decode(),
            signature=row.signature,
        )


def _item_key(case_id: str, item: int) -> str:
    return f"{case_id}/{item:06d}"


def _case_entry(at: datetime, case: Case, before: CaseState | None, after: CaseState) -> Entry:
    body: dict[str, Json] = {"case": case.id, "to": after.value, **({"from": before.value} if before else {})}
    return Entry(kind="case", at=at, body=body)


def _item_entry(at: datetime, item: Item, before: ItemState | None, after: ItemState) -> Entry:
    body: dict[str, Json] = {"case": item.case_id, "item": item.id, "version": item.version, "to": after.value}
    return Entry(kind="item", at=at, body=body | ({"from": before.value} if before else {}))
