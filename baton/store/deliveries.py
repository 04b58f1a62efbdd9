"""Effects that deliver files, asked by their keys: which are still here, and of which only the target can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.model.effect import EffectState, PaymentAction
from baton.model.pay_run import SILENT, LineState
from baton.store.effects import chunked
from baton.store.tables import bank_events, effects, pay_files, pay_lines

_UNSENT = tuple(
    state.value for state in (EffectState.PLANNED, EffectState.HELD, EffectState.SENT, EffectState.IN_DOUBT)
)

DECLARED_ABSENT: Final = "declared_absent"
"""The code of a delivery given up because two people have said, for a bank that cannot, that it does not have it."""
DECLARED_THERE: Final = "declared_there"
"""The code of one that has ended without an answer, and of which two people have said that the bank has it."""
_ENDED: Final = sa.and_(effects.c.state == EffectState.REFUSED.value, effects.c.code != DECLARED_THERE)
"""Without a delivery, by all that is known."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file that by what is known here was never delivered, and of which the bank has said something."""

    run_id: str
    system: str
    message_id: str


def unsent(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those of which nobody knows yet that the target has them, or never will."""
    return _among(connection, keys, effects.c.state.in_(_UNSENT))


def never_sent(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those that wait here and were never tried: not even one of which the target has said that it did nothing."""
    waiting = effects.c.state.in_((EffectState.PLANNED.value, EffectState.HELD.value))
    return _among(connection, keys, sa.and_(waiting, effects.c.doubted.is_(False), effects.c.attempts == 0))


def not_on_their_way(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those that have ended without a delivery, or wait here and were never in doubt, whatever their tries came to."""
    waiting = effects.c.state.in_((EffectState.PLANNED.value, EffectState.HELD.value))
    return _among(connection, keys, sa.or_(_ENDED, sa.and_(waiting, effects.c.doubted.is_(False))))


def doubted(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those that were in doubt once: whatever was learnt since, they may have arrived."""
    return _among(connection, keys, effects.c.doubted.is_(True))


def in_doubt(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those of which nobody knows now whether they have arrived."""
    return _among(connection, keys, effects.c.state == EffectState.IN_DOUBT.value)


def refused(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those that have ended without a delivery."""
    return _among(connection, keys, _ENDED)


def unproven(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those nobody works on, and of which only the target can say whether they ever arrived."""
    doubted = sa.and_(effects.c.state == EffectState.PLANNED.value, effects.c.doubted.is_(True))
    return _among(connection, keys, sa.or_(doubted, _ENDED))


def declared_absent(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those of which people have said, in the bank's place, that it does not have them."""
    return _among(connection, keys, sa.and_(_ENDED, effects.c.code == DECLARED_ABSENT))


def note_declared(connection: sa.Connection, key: str, code: str, message: str, remedy: str) -> None:
    """Mark a delivery that has ended by what people have said in the bank's place: that it has it, or has not."""
    ended = sa.and_(effects.c.key == key, _ENDED)
    connection.execute(sa.update(effects).where(ended).values(code=code, message=message, remedy=remedy))


def in_doubt_since(connection: sa.Connection, system: str, moment: datetime) -> list[str]:
    """The deliveries to a bank that have been in doubt since that moment, or longer."""
    since = sa.func.coalesce(effects.c.state_since, effects.c.created_at, type_=effects.c.created_at.type)
    waiting = sa.and_(effects.c.state == EffectState.IN_DOUBT.value, since <= moment)
    delivers = effects.c.action == PaymentAction.DELIVER.value
    query = sa.select(effects.c.key).where(effects.c.system == system, delivers, waiting)
    return list(connection.execute(query.order_by(effects.c.id)).scalars())


def state_since(connection: sa.Connection, key: str) -> datetime | None:
    """Since when a delivery stands as it does; None where that was never noted."""
    found: datetime | None = connection.execute(sa.select(effects.c.state_since).where(effects.c.key == key)).scalar()
    return found


def released_and_refused(connection: sa.Connection, system: str) -> list[str]:
    """The deliveries to a bank that have ended without one, while lines in their files still count as released."""
    lines = sa.select(pay_lines.c.key).where(
        pay_lines.c.message_id == pay_files.c.message_id, pay_lines.c.state == LineState.RELEASED.value
    )
    query = (
        sa.select(effects.c.key)
        .join(pay_files, pay_files.c.effect_key == effects.c.key)
        .where(effects.c.system == system, _ENDED, lines.exists())
    )
    return list(connection.execute(query.order_by(effects.c.id)).scalars())


def spoken_of(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those of whose files the bank has said something about a payment: whatever its way there, it has that one."""
    heard = pay_lines.c.state.not_in([*(state.value for state in SILENT), LineState.CANCELLED.value])
    lines = sa.select(pay_lines.c.key).where(pay_lines.c.message_id == pay_files.c.message_id, heard)
    files = sa.select(pay_files.c.message_id).where(pay_files.c.effect_key == effects.c.key, lines.exists())
    return _among(connection, keys, files.exists())


def last_told(connection: sa.Connection, system: str, codes: Sequence[str]) -> list[str]:
    """The deliveries to a bank that are not over and of which one of these was the last that was learnt."""
    waiting = effects.c.state.in_((EffectState.PLANNED.value, EffectState.IN_DOUBT.value))
    delivers = effects.c.action == PaymentAction.DELIVER.value
    query = sa.select(effects.c.key).where(effects.c.system == system, delivers, waiting, effects.c.code.in_(codes))
    return list(connection.execute(query.order_by(effects.c.id)).scalars())


def told_of_all_the_same(connection: sa.Connection, run_id: str, message_id: str = "") -> list[Suspect]:
    """The files of which a bank speaks though they were taken back, or have ended without a delivery.

    Those of this run, and of any that has or had one of its payments (one of those in this file of it) before, as this
    attempt or an earlier one.
    """
    ended = effects.c.state.in_((EffectState.SUPERSEDED.value, EffectState.REFUSED.value))
    names = (bank_events.c.message_id, bank_events.c.reference)
    told = sa.or_(*(sa.select(bank_events.c.key).where(name == effects.c.number).exists() for name in names))
    found: list[Suspect] = []
    for chunk in chunked(_tried_before(connection, run_id, message_id)):
        query = sa.select(effects.c.run_id, effects.c.system, effects.c.number).where(
            effects.c.run_id.in_(chunk), effects.c.action == PaymentAction.DELIVER.value, ended, told
        )
        found += [Suspect(*row) for row in connection.execute(query.order_by(effects.c.id))]
    return found


def _tried_before(connection: sa.Connection, run_id: str, message_id: str) -> list[str]:
    """The ids of the run, and of those that have or had a payment of it, as this attempt or an earlier one."""
    of_run, other = pay_lines.alias("of_run"), pay_lines.alias("other")
    same = [other.c[name] == of_run.c[name] for name in ("number", "period", "component")]
    queries = (
        sa.select(other.c.run_id).where(other.c.reference == of_run.c.reference),
        sa.select(other.c.run_id).where(*same, of_run.c.attempt > 1, other.c.attempt < of_run.c.attempt),
    )
    here = of_run.c.message_id == message_id if message_id else of_run.c.run_id == run_id
    found = {run_id}
    for query in queries:
        found.update(connection.execute(query.where(here).distinct()).scalars())
    return sorted(found)


def _among(connection: sa.Connection, keys: Sequence[str], where: sa.ColumnElement[bool]) -> set[str]:
    found: set[str] = set()
    for chunk in chunked(keys):
        query = sa.select(effects.c.key).where(effects.c.key.in_(chunk), where)
        found.update(connection.execute(query).scalars())
    return found
