"""After a restore: what a bank has got, and has said, since the backup was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.errors import InDoubtError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.answering import take_answers
from baton.hub.payment.declaring import Declared, awaited
from baton.hub.payment.delivering import traced as asked_for
from baton.hub.payment.signing import let_go
from baton.hub.payment.untold import CLEAR, THERE
from baton.model.account import Receipt
from baton.model.effect import EffectState
from baton.store.deliveries import DECLARED_ABSENT
from baton.store.leases import Settlement
from baton.store.runs import RunState
from baton.store.tables import effects

BY = "restore"
"""Who is noted as having let a run go of which the bank has a file: who did is forgotten, that it was done is not."""
_PLACED: Final = ("unknown_order", "unknown_line")
"""What answers say of files and payables that stand in no run here, and what is counted otherwise."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the bank's answers have told."""

    files: int
    paid: int
    """Payables the bank speaks of that stand in no run here: drafted again, they are left out."""
    look_at: Sequence[str]


@dataclass
class Traced:
    """What became of the files that the backup held back."""

    counts: Counter[str] = field(default_factory=Counter)
    """``delivered``, ``not_there`` (held as before), ``stopped`` (never sent by itself again)."""
    look_at: list[str] = field(default_factory=list)


def trace_files(hub: Hub, system: str) -> Traced:
    """Ask for every file that may have been sent since the backup; each run goes on by what is told of all its files.

    What is there was released since, and is never sent again. Where the bank cannot tell, what two people have declared
    counts (`baton.hub.payment.declaring`). Raises `InDoubtError`, when all else is done, for what nobody has told yet.
    """
    traced = Traced()
    with hub.database.read() as connection:
        waiting = awaited(hub, connection, system)
    by_run: dict[str, list[Declared]] = {}
    for each in waiting:
        by_run.setdefault(each.file.run_id, []).append(each)
    untold: dict[str, Receipt] = {}
    for run_id, of_run in by_run.items():
        receipts = {each.file: _told(hub, system, each) for each in of_run}
        unclear = {file.message_id: receipt for file, receipt in receipts.items() if receipt.outcome not in CLEAR}
        untold |= unclear
        if not unclear:
            _carry_on(hub, run_id, {file.effect_key: receipt for file, receipt in receipts.items()}, traced)
    if untold:
        raise _cannot_tell(system, untold)
    return traced


def _told(hub: Hub, system: str, said: Declared) -> Receipt:
    """The bank's own word; what people have declared where it has none."""
    receipt = asked_for(hub, system, said.file)
    return receipt if receipt.outcome in CLEAR else said.receipt or receipt


def _cannot_tell(system: str, untold: Mapping[str, Receipt]) -> InDoubtError:
    name, receipt = next(iter(untold.items()))
    others = f" (and {len(untold) - 1} more: baton restore status)" if len(untold) > 1 else ""
    return InDoubtError(
        f"{system} cannot tell whether it has the file {name}{others}: {receipt.message or receipt.code}",
        code=receipt.code or "trace",
        remedy="ask the bank; two people then each say what it told them: "
        f"baton restore declare {name} has|has-not --as WHO --why TEXT; then: baton restore read-back",
    )


def take_again(hub: Hub, system: str) -> Told:
    """Take in every answer the bank still offers, and tell what of it this store knows nothing about.

    Raises what kept one of them from being read: the bank is not read back then.
    """
    taken = take_answers(hub, system)
    if taken.halted is not None:
        raise taken.halted
    with hub.database.read() as connection:
        paid = hub.bank_answers.unclaimed(connection, system)
        orders = hub.bank_answers.unknown_orders(connection, system)
    look_at = [f"unknown_order {message_id}" for message_id in orders]
    look_at += sorted({alarm for alarm in taken.alarms if not alarm.startswith(_PLACED)})
    look_at += [f"unreadable_answer {name}" for name in sorted(taken.refused)]
    return Told(taken.files, len(paid), look_at)


def _carry_on(hub: Hub, run_id: str, receipts: Mapping[str, Receipt], traced: Traced) -> None:
    """One run, by the receipts of its files' effects (key -> receipt): all of it, or nothing."""
    there = {key for key, receipt in receipts.items() if receipt.outcome in THERE}
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        head = hub.runs.get(connection, run_id)
        assert head is not None, "a file belongs to a run"
        if head.state is RunState.HELD and not there:
            _stays_held(connection, list(receipts))
            traced.counts["not_there"] += len(receipts)
            traced.look_at.append(f"held {run_id}")
            return
        if head.state is RunState.HELD:
            let_go(hub, connection, head, BY, f"the bank has {len(there)} of its files: released after the backup")
        known = hub.effects.by_key(connection, list(receipts))
        told = {key: receipt if key in there else _stopped(receipt, run_id) for key, receipt in receipts.items()}
        hub.leases.settle(connection, [Settlement(known[key], receipt) for key, receipt in told.items()])
    traced.counts["delivered"] += len(there)
    absent = [known[key].number for key in receipts if key not in there]
    if absent:
        traced.counts["stopped"] += len(absent)
    traced.look_at += [f"stopped {message_id} {run_id}" for message_id in absent]


def _stopped(receipt: Receipt, run_id: str) -> Receipt:
    """What a file is that was to be sent by what the backup says, and is not at the bank.

    It may have been taken back since, and its people paid by a run that is forgotten: nothing in the store tells that
    from a file that was merely not sent yet. So it is never sent again; who is in it is paid by a run that people look
    at, check and sign anew.
    """
    return Receipt.refused(
        receipt.code if receipt.code == DECLARED_ABSENT else "stopped_by_restore",
        "it is not at the bank, and may have been taken back and paid otherwise since the backup: it is not sent again",
        remedy=f"find out whether its people were paid since; then: baton pay withdraw {run_id}",
    )


def _stays_held(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Certainly not there: what people decide about the run counts as ever."""
    held = effects.c.state == EffectState.HELD.value
    connection.execute(sa.update(effects).where(effects.c.key.in_(keys), held).values(doubted=False))
