"""Cases, items and statements as rows: what is personal is sealed to its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from baton.model.case import Act, Case, CaseState, Cause, Item, ItemState, LeaverDates, Role, Statement
from baton.model.handover import HoldingKind, HoldingRef, Undo
from baton.store.holdings import pack_holding, unpack_holding
from baton.store.personal import Keyring

_KINDS: Final = {kind.value: kind for kind in HoldingKind}
_STATES: Final = {state.value: state for state in ItemState}
_UNDOS: Final = {undo.value: undo for undo in Undo}
"""By look-up: a long list has thousands of each."""
_STATED = 1
"""Statements are never changed: their sealed text has one version."""


def item_key(case_id: str, item: int) -> str:
    """The row key of an item."""
    return f"{case_id}/{item:06d}"


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Between rows and what they stand for."""

    keyring: Keyring

    def seal(self, table: str, row: str, version: int, data: bytes) -> bytes:
        """Encrypt a value for its row."""
        return self.keyring.seal(data, table=table, row=row, column="sealed", version=version)

    def open(self, table: str, row: str, version: int, sealed: bytes) -> bytes:
        """The inverse of `seal`."""
        return self.keyring.open(sealed, table=table, row=row, column="sealed", version=version)

    def seal_case(self, case: Case) -> bytes:
        """What of a case is personal, sealed."""
        return self.seal("cases", case.id, case.version, orjson.dumps({"name": case.name, "salt": case.salt.hex()}))

    def case(self, row: sa.Row[Any]) -> Case:
        """One row of cases, opened."""
        kept = orjson.loads(self.open("cases", row.id, row.version, row.sealed))
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
            picture=row.picture,
            completed_at=row.completed_at,
            protected_until=row.protected_until,
            watched_until=row.watched_until,
            version=row.version,
            name=kept["name"],
            salt=bytes.fromhex(kept["salt"]),
        )

    def item_row(self, item: Item, now: datetime) -> dict[str, Any]:
        """An item as a row, sealed."""
        key = item_key(item.case_id, item.id)
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
            "sealed": self.seal("case_items", key, item.version, pack_holding(item.holding)),
        }

    def version_row(self, item: Item, now: datetime) -> dict[str, Any]:
        """An item's present version as a row, sealed."""
        key = item_key(item.case_id, item.id)
        sealed = self.seal("item_versions", key, item.version, pack_holding(item.holding))
        return {"key": key, "version": item.version, "digest": item.digest, "seen_at": now, "sealed": sealed}

    def item(self, row: sa.Row[Any]) -> Item:
        """One row of items, opened."""
        holding = unpack_holding(self.open("case_items", row.key, row.version, row.sealed))
        return Item(
            case_id=row.case_id,
            id=row.item,
            system=row.system,
            ref=HoldingRef(_KINDS[row.kind], row.external_id),
            state=_STATES[row.state],
            version=row.version,
            digest=row.digest,
            title=holding.title,
            facts=holding.facts,
            about=holding.about,
            amount=holding.amount,
            currency=holding.currency,
            by_hand=holding.by_hand,
            undo=_UNDOS[row.undo],
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

    def statement_row(self, said: Statement, number: int) -> dict[str, Any]:
        """The so-many-th statement of its case as a row, sealed."""
        key = f"{said.case_id}/{number:06d}"
        return {
            "key": key,
            "case_id": said.case_id,
            "item": said.item_id,
            "item_version": said.item_version,
            "item_digest": said.item_digest,
            "act": said.act.value,
            "person": said.person,
            "role": said.role.value,
            "at": said.at,
            "signature": said.signature,
            "version": _STATED,
            "sealed": self.seal("statements", key, _STATED, said.text.encode()),
        }

    def statement(self, row: sa.Row[Any]) -> Statement:
        """One row of statements, opened."""
        return Statement(
            case_id=row.case_id,
            item_id=row.item,
            item_version=row.item_version,
            item_digest=row.item_digest,
            act=Act(row.act),
            person=row.person,
            role=Role(row.role),
            at=row.at,
            text=self.open("statements", row.key, row.version, row.sealed).decode(),
            signature=row.signature,
        )
