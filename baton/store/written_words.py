"""The words in writes and messages about somebody who is erased: which they are, and how they are taken out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from baton.model.effect import ACCOUNT_ACTIONS, UNSETTLED_STATES, EffectState
from baton.store.effects import EffectStore, chunked
from baton.store.messages import about_handovers_of, may_be_to
from baton.store.payload import pack, unpack
from baton.store.tables import cases, effects

_MESSAGE: Final = ("address", "subject", "text", "link")
"""What of a message is about people."""
_ERASED: Final = "erased"
"""The code of messages that an erasure has ended."""


class WrittenWords:
    """Empties payloads. Inside the caller's transaction."""

    def __init__(self, store: EffectStore) -> None:
        self.effects = store
        self.keyring = store.keyring

    def take_out(self, connection: sa.Connection, number: str, before: datetime) -> int:
        """Empty what was written of somebody, and said to them, up to a moment; how many effects.

        Also what was said of their handovers that were opened by then, whenever that was.
        """
        about = sa.and_(effects.c.number == number, effects.c.action.in_(sorted(ACCOUNT_ACTIONS)))
        mine = self._empty(connection, sa.and_(about, effects.c.created_at <= before), lambda _: pack({}, {}))
        return mine + self.take_out_messages(connection, number, before)

    def take_out_messages(self, connection: sa.Connection, number: str, before: datetime) -> int:
        """The messages alone; how many still said something."""
        count = 0
        for chunk in chunked(self._messages(connection, number, before)):
            which = effects.c.id.in_(chunk)
            self._end(connection, which)
            count += self._empty(connection, which, _without_words)
        return count

    def any_message(self, connection: sa.Connection, number: str, before: datetime) -> bool:
        """Whether one of those messages still says something."""
        for chunk in chunked(self._messages(connection, number, before)):
            columns = (effects.c.key, effects.c.version, effects.c.payload)
            for row in connection.execute(sa.select(*columns).where(effects.c.id.in_(chunk))):
                said = self.keyring.open(row.payload, **_place(row.key, row.version))
                if said != _without_words(said):
                    return True
        return False

    def _messages(self, connection: sa.Connection, number: str, before: datetime) -> list[int]:
        """The ids of the messages to somebody, and of those to others about a handover of theirs."""
        about = about_handovers_of(number, cases.c.opened_at <= before)
        found = list(connection.execute(sa.select(effects.c.id).where(about)).scalars())
        columns = (effects.c.id, effects.c.key, effects.c.version, effects.c.payload)
        perhaps = sa.select(*columns).where(may_be_to(number), sa.not_(about), effects.c.created_at <= before)
        for row in connection.execute(perhaps):
            payload = self.keyring.open(row.payload, **_place(row.key, row.version))
            if unpack(payload)[0].get("person_number") == number:
                found.append(row.id)
        return found

    def _end(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
        """Nothing of these is sent any more, nor asked about; who is at work on one can store nothing of it."""
        unsent = effects.c.state.in_([EffectState.PLANNED.value, EffectState.HELD.value])
        self.effects.set_back(connection, EffectState.SUPERSEDED, which, unsent, code=_ERASED)
        self.effects.set_back(
            connection,
            EffectState.REFUSED,
            which,
            effects.c.state.in_(UNSETTLED_STATES),
            code=_ERASED,
            message="who it was to, or about, was erased: whether it arrived is not asked any more",
            epoch=effects.c.epoch + 1,
            lease_owner=None,
            lease_until=None,
        )

    def _empty(self, connection: sa.Connection, where: sa.ColumnElement[bool], change: Callable[[bytes], bytes]) -> int:
        """Write payloads anew, and forget the marks of the values in them."""
        count = 0
        columns = (effects.c.id, effects.c.key, effects.c.version, effects.c.payload)
        for row in connection.execute(sa.select(*columns).where(where)).all():
            place = _place(row.key, row.version)
            before = self.keyring.open(row.payload, **place)
            after = change(before)
            if after == before:
                continue
            emptied = {"payload": self.keyring.seal(after, **place), "digests": {}, "evidence": {}}
            connection.execute(sa.update(effects).where(effects.c.id == row.id).values(**emptied))
            count += 1
        return count


def _place(key: str, version: int) -> dict[str, Any]:
    """Where the payload of an effect is sealed to."""
    return {"table": "effects", "row": key, "column": "payload", "version": version}


def _without_words(data: bytes) -> bytes:
    fields, references = unpack(data)
    return pack({**fields, **{name: "" for name in _MESSAGE if name in fields}}, references)
