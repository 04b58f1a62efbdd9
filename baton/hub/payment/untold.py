"""Deliveries of which a bank gives no answer: when that is told, and how what people say of them ends it.

A bank that takes files away without a trace, or cannot be asked any more, never tells by itself; and what nobody knows
to be absent is neither sent again nor taken back.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import Hub
from baton.model.account import Outcome, Receipt
from baton.model.effect import LATEST_COPY, Effect, EffectState
from baton.model.pay_run import PayFile
from baton.store import deliveries
from baton.store.leases import Settlement
from baton.store.restores import UNREAD

THERE: Final = (Outcome.ACCEPTED, Outcome.DONE)
CLEAR: Final = (*THERE, Outcome.NOT_PERFORMED)
"""A bank that has another file under the name (``refused``) does not tell what became of ours."""


def by_two(message_id: str) -> str:
    """What to do about a file of which the bank never tells."""
    return (
        "if it never tells, two people who hold an office ask the bank, and each says what it told them: "
        f"baton pay declare {message_id} has|has-not --as WHO --why TEXT"
    )


def declarable(connection: sa.Connection, file: PayFile) -> bool:
    """Whether people may speak for the bank: nobody knows whether it has the file, and it speaks of nothing in it."""
    keys = [file.effect_key]
    open_question = deliveries.in_doubt(connection, keys) | deliveries.refused(connection, keys)
    return bool(open_question - deliveries.declared_absent(connection, keys) - deliveries.spoken_of(connection, keys))


def told_each_time(hub: Hub, system: str) -> list[str]:
    """What is to be said of files that have been in doubt for an hour, each time, until somebody has acted.

    Nothing while a restore is read back: its fence tells of them.
    """
    with hub.database.read() as connection:
        if f"{UNREAD}{system}" in hub.runs.engaged(connection):
            return []
        keys = deliveries.in_doubt_since(connection, system, hub.clock.now() - LATEST_COPY)
        heard = deliveries.spoken_of(connection, keys)
        silent = [key for key in keys if key not in heard]
        effects = hub.effects.by_key(connection, silent)
    return [_unanswered(effects[key]) for key in silent]


def take_up(hub: Hub, connection: sa.Connection, file: PayFile, receipt: Receipt) -> None:
    """End a doubt by what two people have said (``receipt``). A delivery that has ended is only marked with it."""
    effect = hub.effects.by_key(connection, [file.effect_key])[file.effect_key]
    absent = receipt.outcome not in THERE
    back = f"baton pay withdraw {file.run_id}"
    if effect.state is not EffectState.IN_DOUBT:
        if absent:
            deliveries.note_declared(connection, file.effect_key, deliveries.DECLARED_ABSENT, receipt.message, back)
        else:
            there, stop = "two people have asked the bank: it has it", f"baton pay recall {file.run_id}"
            deliveries.note_declared(connection, file.effect_key, deliveries.DECLARED_THERE, there, stop)
        return
    if absent:
        receipt = Receipt.refused(deliveries.DECLARED_ABSENT, receipt.message, remedy=back)
    if hub.leases.settle(connection, [Settlement(effect, receipt)]) == [None]:
        raise ApprovalError(
            f"a worker has just found out about {file.message_id}", code="not_asked", remedy="see: baton pay deliver"
        )


def _unanswered(effect: Effect) -> str:
    return (
        f"nobody can tell whether the bank has the file {effect.number} of {effect.run_id}: "
        f"{effect.message or effect.code}; it is asked again each time; {by_two(effect.number)}"
    )
