"""What two people say of a file of which the bank itself cannot tell whether it has it.

Each says what the bank has told them; once two different people have said the same, one after the other, it counts as
the bank's own word would. Whoever says the opposite makes it begin anew. After a restore, until the bank was read back,
nothing is moved here: reading it back takes it up. At any other time it ends the doubt at once, and only who holds an
office in payments is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub.core import PLANNING, Hub
from baton.hub.payment.delivering import traced
from baton.hub.payment.policies import require_office
from baton.hub.payment.untold import CLEAR, THERE, declarable, take_up
from baton.model.account import Receipt
from baton.model.effect import LATEST_COPY, EffectState, PaymentAction
from baton.model.pay_run import PayFile
from baton.model.persons import alike, require_reason
from baton.store import deliveries
from baton.store.deliveries import DECLARED_ABSENT
from baton.store.restores import UNREAD
from baton.store.tables import effects

ENOUGH: Final = 2
"""So many different people have to say the same."""


class Word(StrEnum):
    """What somebody says of a file."""

    HAS = "has"
    """The bank has it."""
    HAS_NOT = "has-not"
    """It has not, and will not."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What has been said of one file."""

    file: PayFile
    word: Word | None = None
    """What was said last; None while nobody has said anything."""
    people: Sequence[str] = field(default=(), repr=False)
    """Who has said so without anybody saying the opposite in between."""
    reading_back: bool = False
    """Whether the bank still has to be read back after a restore: only that takes it up."""

    @property
    def counts(self) -> bool:
        """Whether enough people have said the same."""
        return len(self.people) >= ENOUGH

    @property
    def receipt(self) -> Receipt | None:
        """What it amounts to as the bank's answer; None where it does not count."""
        if not self.counts:
            return None
        if self.word is Word.HAS:
            return Receipt.accepted(self.file.message_id, proof="persons")
        return Receipt.not_performed(DECLARED_ABSENT, "two people have asked the bank: it does not have it")


def uncertain(hub: Hub, connection: sa.Connection, system: str) -> list[PayFile]:
    """The files of one bank that were unsent by what the backup says, and may have been sent since."""
    held = sa.and_(effects.c.state == EffectState.HELD.value, effects.c.doubted)
    query = sa.select(effects.c.number).where(
        effects.c.system == system,
        effects.c.action == PaymentAction.DELIVER.value,
        sa.or_(held, effects.c.state == EffectState.IN_DOUBT.value),
    )
    names = connection.execute(query.order_by(effects.c.id)).scalars().all()
    files = (hub.pay_runs.file(connection, message_id) for message_id in names)
    return [file for file in files if file is not None]


def awaited(hub: Hub, connection: sa.Connection, system: str) -> list[Declared]:
    """Of these files what has been said of each so far."""
    return [declared(hub, connection, file) for file in uncertain(hub, connection, system)]


def declared(hub: Hub, connection: sa.Connection, file: PayFile) -> Declared:
    """What has been said of a file since the newest restore, and since its delivery stands as it does."""
    latest = hub.restores.latest(connection)
    stands = deliveries.state_since(connection, file.effect_key) or file.created
    since = stands if latest is None else max(stands, latest.at)
    words = {_decision(file.message_id, word): word for word in Word}
    said: Word | None = None
    people: list[str] = []
    for decision in hub.runs.decisions(connection, file.run_id):
        if decision.decided_at < since or decision.decision not in words:
            continue
        if words[decision.decision] is not said:
            said, people = words[decision.decision], []
        if alike(decision.person) not in map(alike, people):
            people.append(decision.person)
    return Declared(file, said, people, _reading_back(hub, connection, file))


def declare(hub: Hub, message_id: str, word: Word, person: str, why: str) -> Declared:
    """Keep what somebody has found out at the bank about a file; how far that reaches.

    Raises `ApprovalError` for a file about which nobody has to say anything (``not_asked``), and for who has said the
    same before (``maker``). Except after a restore, also for who holds no office (``role``), in the first hour
    (``early``), and where the bank, asked now, tells by itself (``bank_tells``).
    """
    require_reason(person, why)
    _require_silent_bank(hub, message_id, person)
    with hub.database.write() as connection:
        hub.database.alone(connection, PLANNING)
        file = hub.pay_runs.file(connection, message_id)
        head = None if file is None else hub.runs.get(connection, file.run_id)
        if file is None or head is None or not _asked_about(hub, connection, file):
            raise ApprovalError(
                f"nobody has to say whether a bank has {message_id[:60]!r}",
                code="not_asked",
                remedy="only of files in doubt, or whose delivery has ended: baton pay deliver tells of them; "
                "after a restore: baton restore status",
            )
        before = declared(hub, connection, file)
        if before.word is word and alike(person) in map(alike, before.people):
            raise ApprovalError(
                f"{person} has said so already", code="maker", remedy="a second person must find out and say the same"
            )
        hub.runs.decide(connection, head, _decision(message_id, word), person, why)
        said = declared(hub, connection, file)
        if said.receipt is not None and not said.reading_back:
            take_up(hub, connection, file, said.receipt)
        return said


def _require_silent_bank(hub: Hub, message_id: str, person: str) -> None:
    """Nobody speaks for a bank that can be asked: after a restore that is done when it is read back, else now."""
    with hub.database.read() as connection:
        file = hub.pay_runs.file(connection, message_id)
        if file is None or _reading_back(hub, connection, file) or not _asked_about(hub, connection, file):
            return
        run, since = hub.pay_runs.get(connection, file.run_id), deliveries.state_since(connection, file.effect_key)
    require_office(hub, person)
    if since is not None and (until := since + LATEST_COPY) > hub.clock.now():
        raise ApprovalError(
            f"{message_id} may still be on its way",
            code="early",
            remedy=f"the bank may tell of it by itself: baton pay deliver; declare it after {until:%Y-%m-%d %H:%M} UTC",
        )
    assert run is not None, "a file belongs to a run"
    receipt = traced(hub, run.system, file)
    if receipt.outcome in CLEAR:
        has = "has it" if receipt.outcome in THERE else "does not have it"
        raise ApprovalError(
            f"the bank itself says that it {has}: {message_id}",
            code="bank_tells",
            remedy=f"nobody has to speak for it: baton pay deliver, then baton pay show {file.run_id}",
        )


def _reading_back(hub: Hub, connection: sa.Connection, file: PayFile) -> bool:
    """Whether the bank of a file still has to be read back after a restore."""
    run = hub.pay_runs.get(connection, file.run_id)
    return run is not None and f"{UNREAD}{run.system}" in hub.runs.engaged(connection)


def _asked_about(hub: Hub, connection: sa.Connection, file: PayFile) -> bool:
    run = hub.pay_runs.get(connection, file.run_id)
    if run is None or not _reading_back(hub, connection, file):
        return run is not None and declarable(connection, file)
    return file in uncertain(hub, connection, run.system)


def _decision(message_id: str, word: Word) -> str:
    """As it is kept among the decisions on the run."""
    return f"bank {word} {message_id}"
