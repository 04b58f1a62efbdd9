"""Who works on which effect: claims with fencing epochs, recovery after a crash, and the storing of receipts.

A claim moves effects to ``sent`` and raises their epoch, in one committed transaction, before the call. Only the holder
of the current epoch can store an outcome. A claim that has run out means that its process died or hangs: its effects
are in doubt, whatever that process may still do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from baton.errors import LeaseLostError
from baton.model.account import Outcome, Receipt
from baton.model.effect import OPEN_STATES, Effect, EffectState, batch_name, require_transition
from baton.store.effects import EffectStore, audit_move
from baton.store.links import LinkStore
from baton.store.tables import effects
from baton.store.trail import Entry, append

CRASH_LIMIT = 3
"""After this many claims that ended without a receipt, an effect is taken for the cause and put aside."""

_SETTLED_BY: dict[Outcome, EffectState] = {
    Outcome.DONE: EffectState.DONE,
    Outcome.ACCEPTED: EffectState.ACCEPTED,
    Outcome.REFUSED: EffectState.REFUSED,
    Outcome.NOT_PERFORMED: EffectState.PLANNED,
    Outcome.IN_DOUBT: EffectState.IN_DOUBT,
}


@dataclass(frozen=True, slots=True)
class Settlement:
    """An outcome to be stored. ``retry_in_s``: not to be touched again before then, where it is to be tried again."""

    effect: Effect
    receipt: Receipt
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """What a worker may claim at once."""

    system: str
    worker: str
    batch_limit: int
    lease_s: float
    whole_batches: bool
    paused_actions: frozenset[str] = frozenset()


class LeaseStore:
    """Claims, outcomes and recovery. Every method works inside the caller's transaction."""

    def __init__(self, store: EffectStore, links: LinkStore) -> None:
        self.store = store
        self.links = links
        self.clock = store.clock

    def claim(self, connection: sa.Connection, rule: ClaimRule) -> list[Effect]:
        """The next batch to send, already marked ``sent``; empty when nothing is due.

        All of one action, at most one per person, none that has an open predecessor. After a crash the batch is cut
        down (square root, then one), so that a record that kills the process ends up alone.
        """
        now = self.clock.now()
        ready = self._ready(rule.system, now).where(effects.c.action.not_in(rule.paused_actions))
        head = connection.execute(ready.limit(1)).first()
        if head is None:
            return []
        query = ready.where(effects.c.action == head.action)
        if rule.whole_batches and head.batch_id is not None:
            query = query.where(effects.c.batch_id == head.batch_id)
        else:
            query = query.where(effects.c.crashes == head.crashes).limit(_batch_size(rule.batch_limit, head.crashes))
            if rule.whole_batches:
                query = query.where(effects.c.batch_id.is_(None))
        rows = connection.execute(query.with_for_update(skip_locked=True)).all()
        if not rows:
            return []
        batch_id = rows[0].batch_id if rule.whole_batches else None
        return self._take(connection, [self.store.effect(row) for row in rows], rule, now, batch_id)

    def _ready(self, system: str, now: datetime) -> sa.Select[Any]:
        earlier = effects.alias("earlier")
        blocked = sa.exists().where(
            earlier.c.system == effects.c.system,
            earlier.c.number == effects.c.number,
            earlier.c.version < effects.c.version,
            earlier.c.state.in_(OPEN_STATES),
        )
        above = effects.alias("above")
        managers_first = sa.exists().where(
            above.c.system == effects.c.system,
            above.c.rank < effects.c.rank,
            sa.or_(
                above.c.state == EffectState.SENT.value,
                sa.and_(above.c.state == EffectState.PLANNED.value, above.c.due_at <= now, above.c.next_at <= now),
            ),
        )
        return (
            sa.select(effects)
            .where(
                effects.c.system == system,
                effects.c.state == EffectState.PLANNED.value,
                effects.c.due_at <= now,
                effects.c.next_at <= now,
                ~blocked,
                ~managers_first,
            )
            .order_by(effects.c.rank, effects.c.id)
        )

    def _take(
        self, connection: sa.Connection, found: list[Effect], rule: ClaimRule, now: datetime, batch_id: str | None
    ) -> list[Effect]:
        name = batch_id or batch_name([effect.key for effect in found])
        taken = []
        for effect in found:
            moved = connection.execute(
                sa.update(effects)
                .where(
                    effects.c.id == effect.id,
                    effects.c.state == EffectState.PLANNED.value,
                    effects.c.epoch == effect.epoch,
                )
                .values(
                    state=EffectState.SENT.value,
                    epoch=effect.epoch + 1,
                    attempts=effect.attempts + 1,
                    batch_id=name,
                    lease_owner=rule.worker,
                    lease_until=now + timedelta(seconds=rule.lease_s),
                    updated_at=now,
                )
            )
            if moved.rowcount == 1:
                taken.append(
                    replace(
                        effect,
                        state=EffectState.SENT,
                        epoch=effect.epoch + 1,
                        attempts=effect.attempts + 1,
                        batch_id=name,
                    )
                )
        append(
            connection,
            [
                audit_move(now, replace(effect, state=EffectState.PLANNED), EffectState.SENT, batch=name)
                for effect in taken
            ],
        )
        return taken

    def rebatch(self, connection: sa.Connection, batch: Sequence[Effect], lease_s: float) -> list[Effect]:
        """Give part of a refused batch its own call: a new name and a fresh lease, still ours."""
        name = batch_name([effect.key for effect in batch])
        until = self.clock.now() + timedelta(seconds=lease_s)
        for effect in batch:
            self._guarded(connection, effect, batch_id=name, lease_until=until)
        return [replace(effect, batch_id=name) for effect in batch]

    def claim_unsettled(
        self, connection: sa.Connection, rule: ClaimRule, state: EffectState, *, quiet_s: float = 0.0
    ) -> list[Effect]:
        """Effects in ``state`` (in doubt or accepted) that nobody is looking at, leased for a look-up.

        ``quiet_s`` leaves alone those touched more recently than that.
        """
        now = self.clock.now()
        query = (
            sa.select(effects)
            .where(
                effects.c.system == rule.system,
                effects.c.state == state.value,
                effects.c.next_at <= now,
                effects.c.updated_at <= now - timedelta(seconds=quiet_s),
                sa.or_(effects.c.lease_until.is_(None), effects.c.lease_until <= now),
            )
            .order_by(effects.c.id)
            .limit(rule.batch_limit)
            .with_for_update(skip_locked=True)
        )
        leased = []
        for row in connection.execute(query).all():
            effect = self.store.effect(row)
            # Every look counts as an attempt, so that the pauses between looks grow.
            asked = replace(effect, epoch=effect.epoch + 1, attempts=effect.attempts + 1)
            self._guarded(
                connection,
                effect,
                epoch=asked.epoch,
                attempts=asked.attempts,
                lease_owner=rule.worker,
                lease_until=now + timedelta(seconds=rule.lease_s),
            )
            leased.append(asked)
        return leased

    def next_retry(self, connection: sa.Connection, system: str, latest: datetime) -> datetime | None:
        """The next moment, up to ``latest``, at which something of this system is due (again); None if nothing is."""
        waiting = (EffectState.PLANNED.value, EffectState.IN_DOUBT.value, EffectState.ACCEPTED.value)
        query = sa.select(sa.func.min(effects.c.next_at)).where(
            effects.c.system == system,
            effects.c.state.in_(waiting),
            effects.c.attempts > 0,
            effects.c.next_at <= latest,
            sa.or_(effects.c.lease_until.is_(None), effects.c.lease_until <= latest),
        )
        return connection.execute(query).scalar_one_or_none()

    def recover(self, connection: sa.Connection, system: str) -> int:
        """Take over what dead workers left behind: ``sent`` without a receipt is in doubt. Returns how many."""
        now = self.clock.now()
        query = sa.select(effects).where(
            effects.c.system == system,
            effects.c.state == EffectState.SENT.value,
            effects.c.lease_until <= now,
        )
        lost = [self.store.effect(row) for row in connection.execute(query.with_for_update(skip_locked=True))]
        for effect in lost:
            self._guarded(
                connection,
                effect,
                state=EffectState.IN_DOUBT.value,
                epoch=effect.epoch + 1,
                crashes=effect.crashes + 1,
                lease_owner=None,
                lease_until=None,
                code="no_receipt",
                message="the worker ended before it could store an outcome",
            )
        append(connection, [audit_move(now, effect, EffectState.IN_DOUBT, code="no_receipt") for effect in lost])
        return len(lost)

    def settle(self, connection: sa.Connection, outcomes: Sequence[Settlement]) -> list[EffectState | None]:
        """Store what became of each effect; None where somebody else owns the effect by now (nothing was changed)."""
        now = self.clock.now()
        entries: list[Entry] = []
        after_all: list[EffectState | None] = []
        for outcome in outcomes:
            try:
                after = self._settle_one(connection, outcome, now)
            except LeaseLostError:
                after_all.append(None)
                continue
            after_all.append(after)
            if after is not outcome.effect.state:
                entries.append(audit_move(now, outcome.effect, after, code=outcome.receipt.code))
        append(connection, entries)
        return after_all

    def _settle_one(self, connection: sa.Connection, outcome: Settlement, now: datetime) -> EffectState:
        effect, receipt = outcome.effect, outcome.receipt
        after = _SETTLED_BY[receipt.outcome]
        if effect.state is EffectState.ACCEPTED and after is EffectState.PLANNED:
            after = EffectState.IN_DOUBT  # it was taken once: "not there" is no longer an answer we may act on
        if after is not effect.state or after not in (EffectState.ACCEPTED, EffectState.IN_DOUBT):
            require_transition(effect.state, after)
        self._guarded(
            connection,
            effect,
            state=after.value,
            next_at=now + timedelta(seconds=outcome.retry_in_s),
            updated_at=now,
            lease_owner=None,
            lease_until=None,
            code=receipt.code,
            message=receipt.message,
            remedy=receipt.remedy,
            evidence=dict(receipt.evidence),
        )
        if after is EffectState.DONE:
            self.links.confirm(connection, effect, receipt.external_id)
        elif after is EffectState.ACCEPTED and receipt.external_id is not None:
            self.links.note_external_id(connection, effect, receipt.external_id)
        return after

    def _guarded(self, connection: sa.Connection, effect: Effect, **values: Any) -> None:
        values.setdefault("updated_at", self.clock.now())
        moved = connection.execute(
            sa.update(effects)
            .where(
                effects.c.id == effect.id,
                effects.c.epoch == effect.epoch,
                effects.c.state == effect.state.value,
            )
            .values(**values)
        )
        if moved.rowcount != 1:
            raise LeaseLostError(f"effect {effect.key[:12]} belongs to another worker now")


def _batch_size(limit: int, crashes: int) -> int:
    return limit if crashes == 0 else math.isqrt(limit) if crashes == 1 else 1
