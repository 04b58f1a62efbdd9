"""Who works on which effect: claims with fencing epochs, recovery after a crash, and the storing of receipts.

A claim moves effects to ``sent`` and raises their epoch, in one committed transaction, before the call. Only the holder
of the current epoch can store an outcome. A claim that has run out means that its process died or hangs: its effects
are in doubt, whatever that process may still do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from baton.errors import LeaseLostError
from baton.model.account import Outcome, Receipt
from baton.model.effect import (
    ACCOUNT_ACTIONS,
    OPEN_STATES,
    Effect,
    EffectState,
    batch_name,
    require_transition,
)
from baton.store import queue
from baton.store.claims import ClaimRule
from baton.store.effects import OPENED, EffectStore, audit_move, audit_step, chunked
from baton.store.links import LinkStore
from baton.store.steps import step_to
from baton.store.tables import effects
from baton.store.trail import Entry, append

CRASH_LIMIT = 3
"""After this many claims that ended without a receipt, an effect is taken for the cause and put aside."""

_APART = 2
"""After this many of them each effect is claimed by itself, even out of a batch that is repeated unchanged."""

WAITING = frozenset({EffectState.PLANNED, EffectState.IN_DOUBT, EffectState.ACCEPTED})
"""States in which an effect may become due again."""

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
    counted: bool = True
    """False for a try that failed for its system, not for this effect: it is tried again as if that had not been."""


class LeaseStore:
    """Claims, outcomes and recovery. Every method works inside the caller's transaction."""

    def __init__(self, store: EffectStore, links: LinkStore) -> None:
        self.store = store
        self.links = links
        self.clock = store.clock

    def claim(self, connection: sa.Connection, rule: ClaimRule) -> list[Effect]:
        """The next batch to send (or several, as the rule says), already marked ``sent``; empty when nothing is due.

        All of one action, at most one per person, none that has an open predecessor. After a crash what is claimed is
        cut down (square root, then one), so that a record that kills the process ends up alone. So is what was tried
        often: it comes last, few at once, so that what its calls fail for ends up alone as well. But a batch that must
        be repeated unchanged is claimed as a whole, or not yet; unless it has ended two workers and is not there.
        """
        now = self.clock.now()
        for waiting, limit in (
            (queue.ready(rule, now), rule.batch_limit * rule.calls),
            (queue.worn(rule, now), rule.worn_limit),
        ):
            offered: sa.Select[Any] = waiting.with_only_columns(*OPENED, effects.c.rank)
            head = _first(connection, rule, offered, now)
            if head is not None:
                return self._claim_with(connection, rule, head, offered, limit, now)
        return []

    def _claim_with(
        self,
        connection: sa.Connection,
        rule: ClaimRule,
        head: sa.Row[Any],
        waiting: sa.Select[Any],
        limit: int,
        now: datetime,
    ) -> list[Effect]:
        """Claim the first of those that wait, and with it up to ``limit`` that may go in the same calls."""
        named = rule.whole_batches and head.batch_id is not None
        kept_name = head.batch_id if named and head.crashes < _APART else None
        if kept_name is not None:
            rows = _locked_whole(connection, rule, head, now)
        else:
            query = waiting.where(effects.c.action == head.action, effects.c.rank == head.rank)
            query = query.where(effects.c.crashes == head.crashes).limit(_batch_size(limit, head.crashes))
            if rule.whole_batches:
                query = query.where(effects.c.id == head.id if named else effects.c.batch_id.is_(None))
            rows = connection.execute(query.with_for_update(skip_locked=True)).all()
        if not rows:
            return []
        batches = [rows] if rule.whole_batches else chunked(rows, rule.batch_limit)
        names = {row.id: name for batch in batches for name in [kept_name or _name_of(batch)] for row in batch}
        return self._take(connection, rows, names, rule, now)

    def _take(
        self,
        connection: sa.Connection,
        found: Sequence[sa.Row[Any]],
        names: Mapping[int, str],
        rule: ClaimRule,
        now: datetime,
    ) -> list[Effect]:
        """Claim these, each under the name of its batch: few statements, however many calls they are for."""
        first = names[found[0].id]
        moved: set[int] = set()
        for chunk in chunked(found):
            taking = (
                sa.update(effects)
                .where(effects.c.id.in_([row.id for row in chunk]), effects.c.state == EffectState.PLANNED.value)
                .values(
                    **step_to(EffectState.SENT, now),
                    epoch=effects.c.epoch + 1,
                    attempts=effects.c.attempts + 1,
                    batch_id=first,
                    lease_owner=rule.worker,
                    lease_until=now + timedelta(seconds=rule.lease_s),
                    updated_at=now,
                )
                .returning(effects.c.id)
            )
            moved.update(connection.execute(taking).scalars())
        taken = [row for row in found if row.id in moved]
        others = [{"row": row.id, "name": names[row.id]} for row in taken if names[row.id] != first]
        if others:
            naming = sa.update(effects).where(effects.c.id == sa.bindparam("row"))
            connection.execute(naming.values(batch_id=sa.bindparam("name")), others)
        append(
            connection,
            [audit_step(now, row.key, EffectState.PLANNED, EffectState.SENT, batch=names[row.id]) for row in taken],
        )
        return [
            self.store.effect(
                row, state=EffectState.SENT, epoch=row.epoch + 1, attempts=row.attempts + 1, batch_id=names[row.id]
            )
            for row in taken
        ]

    def rebatch(self, connection: sa.Connection, batch: Sequence[Effect], lease_s: float) -> list[Effect]:
        """Give part of a refused batch its own call: a new name, a fresh lease. Returns those that are still ours."""
        ours = self._owned(connection, batch)
        kept = [effect for effect in batch if effect.id in ours]
        name = batch_name([effect.key for effect in kept])
        until = self.clock.now() + timedelta(seconds=lease_s)
        self._change(connection, kept, batch_id=name, lease_until=until)
        return [replace(effect, batch_id=name) for effect in kept]

    def keep(self, connection: sa.Connection, held: Sequence[Effect], lease_s: float) -> set[int]:
        """Keep these for longer, while they wait for their turn. The ids of those that are still ours."""
        ours = self._owned(connection, held)
        until = self.clock.now() + timedelta(seconds=lease_s)
        self._change(connection, [effect for effect in held if effect.id in ours], lease_until=until)
        return ours

    def renew(self, connection: sa.Connection, effect: Effect, lease_s: float) -> None:
        """Keep an effect for longer, between the calls it takes. `LeaseLostError` when somebody else has it by now."""
        if effect.id not in self.keep(connection, [effect], lease_s):
            raise LeaseLostError(f"another worker has taken over {effect.number}")

    def narrow(self, connection: sa.Connection, ours: Sequence[Effect]) -> None:
        """Keep what these effects are about to write where it is less than was planned, before it is sent."""
        owned = self._owned(connection, ours)
        rows = [{"row": effect.id, "digests": dict(effect.digests)} for effect in ours if effect.id in owned]
        if rows:
            values = {"digests": sa.bindparam("digests", type_=effects.c.digests.type)}
            connection.execute(sa.update(effects).where(effects.c.id == sa.bindparam("row")).values(**values), rows)

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
                *rule.scope.where(),
                effects.c.state == state.value,
                effects.c.next_at <= now,
                # Without a wish for quiet no other host's clock counts: it may be ahead of ours.
                *([effects.c.updated_at <= now - timedelta(seconds=quiet_s)] if quiet_s else []),
                sa.or_(effects.c.lease_until.is_(None), effects.c.lease_until <= now),
            )
            .order_by(effects.c.next_at, effects.c.id)  # whoever waits longest: asking can take longer than a back-off
            .limit(rule.batch_limit)
            .with_for_update(skip_locked=True)
        )
        found = [self.store.effect(row, epoch=row.epoch + 1) for row in connection.execute(query).all()]
        until = now + timedelta(seconds=rule.lease_s)
        self._change(connection, found, epoch=effects.c.epoch + 1, lease_owner=rule.worker, lease_until=until)
        return found

    def open_work(self, connection: sa.Connection, actions: Collection[str]) -> set[tuple[str, str]]:
        """(system, action) of everything a worker would find at all, now or later."""
        query = sa.select(effects.c.system, effects.c.action).where(
            effects.c.action.in_(sorted(actions)), effects.c.state.in_(OPEN_STATES)
        )
        return {(row.system, row.action) for row in connection.execute(query.distinct())}

    def recover(self, connection: sa.Connection, system: str) -> int:
        """Take over what dead workers left behind: ``sent`` without a receipt is in doubt. Returns how many."""
        now = self.clock.now()
        query = sa.select(effects).where(
            effects.c.system == system,
            effects.c.state == EffectState.SENT.value,
            effects.c.lease_until <= now,
        )
        lost = [self.store.effect(row) for row in connection.execute(query.with_for_update(skip_locked=True))]
        self._change(
            connection,
            lost,
            **step_to(EffectState.IN_DOUBT, now),
            doubted=True,
            epoch=effects.c.epoch + 1,
            crashes=effects.c.crashes + 1,
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
        owned = self._owned(connection, [outcome.effect for outcome in outcomes])
        told = self._told_before(connection, [outcome.effect for outcome in outcomes])
        after_all: list[EffectState | None] = []
        alike: dict[tuple[Any, ...], list[int]] = {}
        entries: list[Entry] = []
        proven: list[tuple[Effect, str | None]] = []
        for outcome in outcomes:
            effect, receipt = outcome.effect, outcome.receipt
            if effect.id not in owned:
                after_all.append(None)
                continue
            after = _state_after(effect.state, receipt.outcome)
            after_all.append(after)
            alike.setdefault(_learnt(outcome, after, now, told.get(effect.id, {})), []).append(effect.id)
            if after is not effect.state:
                entries.append(audit_move(now, effect, after, code=receipt.code))
            if effect.action not in ACCOUNT_ACTIONS:
                continue  # a segment of records is no account: it has no link
            if after is EffectState.DONE:
                proven.append((effect, receipt.external_id))
            elif after is EffectState.ACCEPTED and receipt.external_id is not None:
                self.links.note_external_id(connection, effect, receipt.external_id)
        for learnt, ids in alike.items():
            _settle_alike(connection, ids, learnt, now)
        spared = [outcome.effect for outcome in outcomes if not outcome.counted and outcome.effect.id in owned]
        # Never to zero: whoever asks whether this may ever have left must hear that it was tried.
        self._change(connection, spared, attempts=sa.case((effects.c.attempts > 1, effects.c.attempts - 1), else_=1))
        self.links.confirm(connection, proven)
        append(connection, entries)
        return after_all

    def put_back(self, connection: sa.Connection, unsent: Sequence[Settlement]) -> list[EffectState | None]:
        """As `settle`, for what was claimed and has never left: it is planned again, and that was no attempt.

        The epoch stays raised: whoever had it claimed can no longer store anything.
        """
        after_all = self.settle(connection, unsent)
        back = [outcome.effect for outcome, after in zip(unsent, after_all, strict=True) if after is not None]
        self._change(connection, back, attempts=effects.c.attempts - 1)
        return after_all

    def _owned(self, connection: sa.Connection, held: Sequence[Effect]) -> set[int]:
        """The fence: the ids of those that still have the epoch and state they were claimed with; locks them."""
        claimed = {effect.id: (effect.epoch, effect.state.value) for effect in held}
        ours: set[int] = set()
        for chunk in chunked(sorted(claimed)):
            query = sa.select(effects.c.id, effects.c.epoch, effects.c.state).where(effects.c.id.in_(chunk))
            for row in connection.execute(query.with_for_update()):
                if claimed[row.id] == (row.epoch, row.state):
                    ours.add(row.id)
        return ours

    def _told_before(self, connection: sa.Connection, asked: Sequence[Effect]) -> dict[int, Mapping[str, str]]:
        """Row -> what the target had told of it when it took it: the ids by which the call is found there."""
        accepted = [effect.id for effect in asked if effect.state is EffectState.ACCEPTED]
        found: dict[int, Mapping[str, str]] = {}
        for chunk in chunked(accepted):
            query = sa.select(effects.c.id, effects.c.evidence).where(effects.c.id.in_(chunk))
            found.update((row.id, row.evidence) for row in connection.execute(query))
        return found

    def _change(self, connection: sa.Connection, ours: Sequence[Effect], **values: Any) -> None:
        """Set the same values on effects that this transaction holds the locks of."""
        for chunk in chunked([effect.id for effect in ours]):
            changing = sa.update(effects).where(effects.c.id.in_(chunk))
            connection.execute(changing.values(updated_at=self.clock.now(), **values))


def _state_after(before: EffectState, outcome: Outcome) -> EffectState:
    """Where an outcome leads; raises `TransitionError` where the closed machine has no such step."""
    after = _SETTLED_BY[outcome]
    if before is EffectState.ACCEPTED and after is EffectState.PLANNED:
        after = EffectState.IN_DOUBT  # it was taken once: "not there" is no longer an answer we may act on
    if after is not before or after not in (EffectState.ACCEPTED, EffectState.IN_DOUBT):
        require_transition(before, after)
    return after


_LEARNT = ("state", "next_at", "code", "message", "remedy", "evidence")


def _learnt(outcome: Settlement, after: EffectState, now: datetime, before: Mapping[str, str]) -> tuple[Any, ...]:
    """What an outcome changes, in the order of `_LEARNT`. Most effects of a call learn the same: one statement."""
    receipt = outcome.receipt
    next_at = now + timedelta(seconds=outcome.retry_in_s)
    evidence = tuple(sorted({**before, **receipt.evidence}.items()))
    return after, next_at, receipt.code, receipt.message, receipt.remedy, evidence


def _settle_alike(connection: sa.Connection, ids: Sequence[int], learnt: tuple[Any, ...], now: datetime) -> None:
    """Store the same outcome for these effects. Once in doubt, an effect stays marked as doubted."""
    values = dict(zip(_LEARNT, learnt, strict=True))
    values |= {**step_to(learnt[0], now), "evidence": dict(values["evidence"]), "updated_at": now}
    if learnt[0] is EffectState.IN_DOUBT:
        values["doubted"] = True
    for chunk in chunked(ids):
        settling = sa.update(effects).where(effects.c.id.in_(chunk))
        connection.execute(settling.values(lease_owner=None, lease_until=None, **values))


def _first(connection: sa.Connection, rule: ClaimRule, offered: sa.Select[Any], now: datetime) -> sa.Row[Any] | None:
    """The first of those that wait which no superior keeps back: who waits for theirs delays nobody of a lower rank."""
    head = connection.execute(offered.limit(1)).first()
    while head is not None and queue.superiors_awaited(connection, rule, head.rank, now):
        offered = offered.where(effects.c.rank < head.rank)
        head = connection.execute(offered.limit(1)).first()
    return head


def _locked_whole(
    connection: sa.Connection, rule: ClaimRule, head: sa.Row[Any], now: datetime
) -> Sequence[sa.Row[Any]]:
    """Everybody in the head's batch, locked; nobody while somebody else has one of them."""
    batch: sa.Select[Any] = queue.whole(rule, now, head.batch_id).with_only_columns(*OPENED, effects.c.rank)
    # First the head alone: of workers that come at the same moment one gets all, and not each of them a part.
    if connection.execute(batch.where(effects.c.id == head.id).with_for_update(skip_locked=True)).first() is None:
        return []
    rows = connection.execute(batch.with_for_update(skip_locked=True)).all()
    return rows if len(rows) == len(connection.execute(batch).all()) else []


def _name_of(batch: Sequence[sa.Row[Any]]) -> str:
    return batch_name([row.key for row in batch])


def _batch_size(limit: int, crashes: int) -> int:
    if crashes >= _APART:
        return 1
    return math.isqrt(limit) if crashes else limit
