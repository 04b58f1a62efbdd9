"""After a restore: what a bank has got, and has said, since the backup was taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from baton.errors import InDoubtError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.answering import take_answers
from baton.hub.payment.delivering import channel_of, payment_file
from baton.hub.payment.signing import let_go
from baton.model.account import Outcome
from baton.model.effect import EffectState, PaymentAction
from baton.model.pay_run import PayFile
from baton.store.runs import RunState
from baton.store.tables import effects

BY = "restore"
"""Who is noted as having let a run go of which the bank has a file: who did is forgotten, that it was done is not."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the bank's answers have told."""

    files: int
    paid: int
    """Payables the bank speaks of that stand in no run here: drafted again, they are left out."""
    look_at: Sequence[str]


def trace_files(hub: Hub, system: str) -> Counter[str]:
    """Ask for every file that the backup held back: what is there was released since, and is never sent again.

    Raises `InDoubtError` when the bank cannot tell.
    """
    found: Counter[str] = Counter()
    channel = channel_of(hub, system)
    with hub.database.read() as connection:
        files = _held(hub, connection, system)
    for file in files:
        (receipt,) = channel.trace([payment_file(hub, file)])
        if receipt.outcome in (Outcome.ACCEPTED, Outcome.DONE):
            _was_released(hub, file)
            found["delivered"] += 1
        elif receipt.outcome is Outcome.NOT_PERFORMED:
            _was_not(hub, file)
            found["not_there"] += 1
        else:
            raise InDoubtError(
                f"{system} cannot tell whether it has the file {file.message_id}",
                code=receipt.code or "trace",
                remedy="ask the bank, then: baton restore read-back",
            )
    return found


def take_again(hub: Hub, system: str) -> Told:
    """Take in every answer the bank still offers, and tell what of it this store knows nothing about."""
    taken = take_answers(hub, system)
    with hub.database.read() as connection:
        paid = hub.bank_answers.unclaimed(connection, system)
        orders = hub.bank_answers.unknown_orders(connection, system)
    look_at = [f"unknown_order {message_id}" for message_id in orders]
    look_at += [f"unreadable_answer {name}" for name in sorted(taken.refused)]
    return Told(taken.files, len(paid), look_at)


def _held(hub: Hub, connection: sa.Connection, system: str) -> list[PayFile]:
    held = sa.select(effects.c.number).where(
        effects.c.system == system,
        effects.c.action == PaymentAction.DELIVER.value,
        effects.c.state == EffectState.HELD.value,
        effects.c.doubted,
    )
    files = (hub.pay_runs.file(connection, message_id) for message_id in connection.execute(held).scalars())
    return [file for file in files if file is not None]


def _was_released(hub: Hub, file: PayFile) -> None:
    """The run goes on from where it must have been: released, its files to be looked up."""
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        head = hub.runs.get(connection, file.run_id)
        assert head is not None, "a file belongs to a run"
        if head.state is not RunState.HELD:
            return  # another file of the run has told already
        let_go(hub, connection, head, BY, f"the bank has {file.message_id}: released after the backup")


def _was_not(hub: Hub, file: PayFile) -> None:
    """Certainly not there: what people decide about the run counts as ever."""
    key = effects.c.key == file.effect_key
    with hub.database.write() as connection:
        held = effects.c.state == EffectState.HELD.value
        connection.execute(sa.update(effects).where(key, held).values(doubted=False))
