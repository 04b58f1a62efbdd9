"""Performing effects of a handover: holdings passed on, rights given and taken, sessions ended, people told."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from baton.clock import Clock
from baton.contracts import (
    AccessControl,
    Connector,
    DeliveryRecord,
    Notifier,
    OwnershipStore,
    SessionControl,
    TransferResults,
    WorkTransfer,
)
from baton.contracts.answers import answered
from baton.contracts.turns import in_turn
from baton.engine.calls import RetryRule, patient
from baton.engine.performer import Call, CrashPoint, Outcomes, Performer
from baton.errors import ConnectorError, InDoubtError
from baton.model.account import AccountRef, Outcome, Receipt
from baton.model.effect import Effect, EffectState
from baton.model.handover import (
    GrantChange,
    HandoverAction,
    HandoverWrite,
    HoldingKind,
    HoldingRef,
    Message,
    SessionEnd,
    Transfer,
)
from baton.store.leases import WAITING

Perform: TypeAlias = Callable[[Sequence[HandoverWrite]], Sequence[Receipt]]
Directory: TypeAlias = Callable[[Sequence[str]], Mapping[str, str]]
"""Employee numbers -> where a message to each of them goes now; who has no address is left out."""
_AHEAD: Final = 1
_REPEATABLE: Final = Receipt.not_performed("repeatable", "the target takes a repeat for what it is: nothing more")
_BLIND: Final = Receipt.in_doubt("blind", "nobody can tell whether this arrived; a person decides (baton resolve)")


def as_write(effect: Effect) -> HandoverWrite:
    """What a connector gets, from the effect's row."""
    field: Mapping[str, str] = {name: str(value) for name, value in effect.fields.items() if value is not None}
    batch = effect.batch_id or ""

    def person(role: str) -> AccountRef:
        return AccountRef(field[f"{role}_number"], field.get(f"{role}_id"))

    if effect.action is HandoverAction.TRANSFER:
        ref = HoldingRef(HoldingKind(field["kind"]), field["external_id"])
        return Transfer(effect.key, ref, person("holder"), person("successor"), batch)
    if effect.action in (HandoverAction.REVOKE, HandoverAction.ENTITLE):
        return GrantChange(effect.key, person("person"), field["grant_id"], batch)
    if effect.action is HandoverAction.END_SESSIONS:
        return SessionEnd(effect.key, person("person"), batch)
    text, link = field.get("text", ""), field.get("link", "")
    address, since = field.get("address", ""), effect.due_at
    return Message(effect.key, person("person"), address, field["subject"], text, link, batch, since)


class Ability:
    """What a system can do of one action: how many at once, how, and how to find out what became of it.

    The default look-up is for what may simply be repeated.
    """

    def __init__(self, target: Connector, limit: int, perform: Perform) -> None:
        self.target = target
        self.limit = limit
        self.perform = perform
        self.blind = False

    def look_up(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        """What became of writes in doubt."""
        return [_REPEATABLE] * len(writes)

    def results(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        """What has become of accepted writes."""
        refusal = Receipt.refused("no_results", "accepted, but this connector has no way to learn the outcome")
        return [refusal] * len(writes)


class TransferAbility(Ability):
    """Giving holdings of either sort: owned records and open work, each asked of the part that knows it."""

    def __init__(self, target: OwnershipStore | WorkTransfer) -> None:
        limits = [target.transfer_limit] if isinstance(target, OwnershipStore) else []
        limits += [target.reassign_limit] if isinstance(target, WorkTransfer) else []
        super().__init__(target, min(limits), self._transfer)

    def look_up(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        """By who holds it now; what the system itself says of a transfer goes before, unless it says no.

        A transfer that has never arrived is unknown there, which sounds like a refusal.
        """
        held = self._held(_transfers(writes))
        if not isinstance(self.target, TransferResults):
            return held
        told = self.target.transfer_results(_transfers(writes))
        if len(told) != len(held):
            raise InDoubtError("the connector returned another number of receipts", code="receipts_mismatch")
        known = (Outcome.DONE, Outcome.ACCEPTED)
        return [said if said.outcome in known else seen for said, seen in zip(told, held, strict=True)]

    def results(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        """What the system says of transfers it only accepted."""
        if not isinstance(self.target, TransferResults):
            return super().results(writes)
        return self.target.transfer_results(_transfers(writes))

    def _transfer(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        transfers = _transfers(writes)
        parts = self._parts(transfers)

        def perform(part: Sequence[Transfer]) -> Sequence[Receipt]:
            give = self._reassign if self._is_work(part[0]) else self._give
            return answered(lambda: give(part), len(part), of=self.target)

        return _in_order(transfers, parts, in_turn(parts, perform))

    def _held(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """By who holds each now. A part that cannot be asked stays in doubt; the other is known all the same."""
        parts = self._parts(transfers)
        told: list[Sequence[Receipt]] = []
        failed: list[ConnectorError] = []
        for part in parts:
            ask = self._work_looked_up if self._is_work(part[0]) else self._owned_looked_up
            try:
                told.append(ask(part))
            except ConnectorError as error:
                failed.append(error)
                told.append([Receipt.in_doubt(error.code, error.message)] * len(part))
        if failed and len(failed) == len(parts):
            raise failed[0]
        return _in_order(transfers, parts, told)

    def _is_work(self, transfer: Transfer) -> bool:
        return isinstance(self.target, WorkTransfer) and transfer.ref.kind in self.target.reassigns

    def _parts(self, transfers: Sequence[Transfer]) -> list[list[Transfer]]:
        """Owned records and open work, each for the part of the system that knows it."""
        owned = [transfer for transfer in transfers if not self._is_work(transfer)]
        work = [transfer for transfer in transfers if self._is_work(transfer)]
        return [part for part in (owned, work) if part]

    def _give(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        return self.target.transfer(_transfers(writes)) if isinstance(self.target, OwnershipStore) else _cannot(writes)

    def _reassign(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        return self.target.reassign(_transfers(writes)) if isinstance(self.target, WorkTransfer) else _cannot(writes)

    def _owned_looked_up(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        assert isinstance(self.target, OwnershipStore)
        refs = [transfer.ref for transfer in _transfers(writes)]
        return judged(writes, self.target.holders(refs))

    def _work_looked_up(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        assert isinstance(self.target, WorkTransfer)
        refs = [transfer.ref for transfer in _transfers(writes)]
        return judged(writes, self.target.workers(refs))


class NoticeAbility(Ability):
    """Telling people: at most one send. What became of a message only a `DeliveryRecord` says, else a person."""

    def __init__(self, target: Notifier) -> None:
        super().__init__(target, target.message_limit, lambda writes: target.notify(_messages(writes)))
        self.record = target if isinstance(target, DeliveryRecord) else None
        self.blind = True

    def look_up(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        """What the record shows of messages in doubt. Where it shows nothing, that is no proof: a person decides."""
        if self.record is None:
            return [_BLIND] * len(writes)
        known = (Outcome.DONE, Outcome.ACCEPTED, Outcome.REFUSED)
        return [
            told if told.outcome in known and told.code != DeliveryRecord.NO_REPORT else _BLIND
            for told in self.record.deliveries(_messages(writes))
        ]

    def results(self, writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
        """What the record says of messages that were taken over. It may lag behind: not yet there is under way."""
        if self.record is None:
            return super().results(writes)
        final = (Outcome.DONE, Outcome.REFUSED)
        told = self.record.deliveries(_messages(writes))
        return [each if each.outcome in final else Receipt.accepted() for each in told]


def judged(writes: Sequence[HandoverWrite], holders: Sequence[str | None]) -> list[Receipt]:
    """What the present holders say of transfers whose answer was lost."""
    if len(holders) != len(writes):
        raise InDoubtError("the target returned another number of holders", code="holders_mismatch")
    return [_judged(transfer, now) for transfer, now in zip(_transfers(writes), holders, strict=True)]


def _judged(transfer: Transfer, now: str | None) -> Receipt:
    if now is not None and now == transfer.successor.external_id:
        return Receipt.done(transfer.ref.external_id, proof="read_back")
    if now is not None and now == transfer.holder.external_id:
        return Receipt.not_performed("not_there", "still with the one who had it")
    return Receipt.refused(OwnershipStore.CHANGED, "somebody else has it by now, or it is gone")


def _transfers(writes: Sequence[HandoverWrite]) -> list[Transfer]:
    return [write for write in writes if isinstance(write, Transfer)]


def _in_order(
    transfers: Sequence[Transfer], parts: Sequence[Sequence[Transfer]], told: Sequence[Sequence[Receipt]]
) -> list[Receipt]:
    """The receipts of the parts, in the order of all."""
    found = {
        transfer.key: receipt
        for part, receipts in zip(parts, told, strict=True)
        for transfer, receipt in zip(part, receipts, strict=True)
    }
    return [found[transfer.key] for transfer in transfers]


def _cannot(writes: Sequence[HandoverWrite]) -> Sequence[Receipt]:
    refusal = Receipt.refused("no_transfer", "this system cannot pass this on", remedy="a person has to do it there")
    return [refusal] * len(writes)


def ability(target: Connector, action: HandoverAction) -> Ability | None:
    """What a system can do of this action; None when nothing."""
    if action is HandoverAction.TRANSFER and isinstance(target, OwnershipStore | WorkTransfer):
        return TransferAbility(target)
    if action is HandoverAction.REVOKE and isinstance(target, AccessControl):
        return Ability(target, target.change_limit, lambda writes: target.revoke(_changes(writes)))
    if action is HandoverAction.ENTITLE and isinstance(target, AccessControl):
        return Ability(target, target.change_limit, lambda writes: target.entitle(_changes(writes)))
    if action is HandoverAction.END_SESSIONS and isinstance(target, SessionControl) and isinstance(target, Connector):
        sessions: SessionControl = target
        return Ability(target, _SESSIONS_AT_ONCE, lambda writes: sessions.end_sessions(_ends(writes)))
    if action is HandoverAction.NOTIFY and isinstance(target, Notifier):
        return NoticeAbility(target)
    return None


_SESSIONS_AT_ONCE: Final = 50


def _changes(writes: Sequence[HandoverWrite]) -> list[GrantChange]:
    return [write for write in writes if isinstance(write, GrantChange)]


def _ends(writes: Sequence[HandoverWrite]) -> list[SessionEnd]:
    return [write for write in writes if isinstance(write, SessionEnd)]


def _messages(writes: Sequence[HandoverWrite]) -> list[Message]:
    return [write for write in writes if isinstance(write, Message)]


@dataclass
class HandoverPerformer(Performer):
    """Works on one action of handovers in one system.

    What a system has only promised is kept in hours (WeCom: 24): the next run asks, and this one does not stay for it.
    """

    ability: Ability
    clock: Clock
    chance: random.Random
    retry: RetryRule = RetryRule()
    crash_point: CrashPoint = lambda _: None
    pause: Callable[[float], None] = lambda _: None
    directory: Directory | None = None
    """Where messages go, for addresses that are looked up when a message is sent and kept with none."""

    awaited = WAITING - {EffectState.ACCEPTED}
    remedy = "the target never took it; mend the cause, then have it done there by hand, or name somebody else for it"

    def __post_init__(self) -> None:
        self.batch_limit = self.ability.limit
        self.blind = self.ability.blind
        self.ahead = 0 if self.blind else _AHEAD

    def prepare(self, batch: Sequence[Effect]) -> HandoverCall:
        """Nothing but addresses has to be read: an effect of a handover names everybody by the target's own ids."""
        return HandoverCall(self, batch, self._addressed([as_write(effect) for effect in batch]))

    def _addressed(self, writes: Sequence[HandoverWrite]) -> Sequence[HandoverWrite]:
        if self.directory is None:
            return writes
        found = self.directory(sorted({message.to.number for message in _messages(writes)}))
        return [
            replace(write, address=found.get(write.to.number, "")) if isinstance(write, Message) else write
            for write in writes
        ]


@dataclass(frozen=True, slots=True)
class HandoverCall(Call):
    """One batch of effects, as the connector gets them."""

    performer: HandoverPerformer
    effects: Sequence[Effect]
    writes: Sequence[HandoverWrite]

    def send(self) -> Outcomes:
        """One call for the batch."""
        by = self.performer
        by.crash_point("sending")
        retrying = patient(by.retry, by.clock, by.chance, by.pause)
        receipts = answered(lambda: retrying(by.ability.perform, self.writes), len(self.writes), of=by.ability.target)
        return list(zip(self.effects, receipts, strict=True))

    def look_up(self) -> Outcomes:
        """What became of effects in doubt, where the target can tell."""
        return self._paired(self.performer.ability.look_up(self.writes))

    def results(self) -> Outcomes:
        """What has become of accepted effects."""
        return self._paired(self.performer.ability.results(self.writes))

    def _paired(self, receipts: Sequence[Receipt]) -> Outcomes:
        if len(receipts) != len(self.effects):
            raise InDoubtError("the connector returned another number of receipts", code="receipts_mismatch")
        return list(zip(self.effects, receipts, strict=True))
