"""Looks, after every step, at the effects and the entries of the log that have changed since the step before."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from baton.errors import TamperedError
from baton.hub import proof
from baton.model.account import Action
from baton.model.effect import EffectState, PaymentAction, RecordAction
from baton.model.handover import HandoverAction, HoldingKind, HoldingRef
from baton.store.tables import effects, pay_files
from tests.offboarding.invariants import Books
from tests.payment.door import IN
from tests.payment.verdict import one_file_one_id_one_hash
from tests.simulation.invariants import BrokenInvariantError
from tests.simulation.trouble import POISON
from tests.world.judges import Claims, Clear, Retries, Seals, Windows, transfers_kept
from tests.world.world import OLD_NAME, Whole

_LOOKED_AT = [
    effects.c[name]
    for name in (
        *("key", "run_id", "job", "system", "number", "action", "state", "destructive", "approved"),
        *("due_at", "created_at", "next_at", "attempts", "crashes", "code", "message", "remedy", "evidence"),
        *("payload", "version"),
    )
]
_PROVEN = frozenset({"read_back", "person", "lines"})
"""What an effect may be called done by besides the target's own word on a write of ours."""
_MARKS = ("䶮", OLD_NAME)
"""In every client's name."""
_MANY = 500
_SHORTEST_SECRET = 20


class Watch:
    """What is judged of one world by what is new in it."""

    def __init__(self, world: Whole) -> None:
        self.world = world
        self.windows, self.retries, self.seals = Windows(), Retries(), Seals(self._opens)
        self.clear = Clear((*_MARKS, *self._secrets()))
        self.claims = Claims(self._counted)
        world.trouble.arriving = self.claims.arriving
        self._clocks_set = 0
        self._checkpoints = 0
        self._files: set[str] = set()

    def look(self, connection: sa.Connection, books: Books) -> dict[str, list[object]]:
        """What is broken, by what it is; everything empty where nothing is."""
        changed = self._changed(connection, books)
        clock_stood, self._clocks_set = self._clocks_set == self.world.clocks_set, self.world.clocks_set
        return {
            "evidence": list(self._unevidenced(connection, changed, books)),
            "tries": list(self.retries.look(changed, clock_stood=clock_stood)),
            "refused for another": list(self._infected(connection, changed)),
            "gate": list(self.windows.look(changed)),
            "in clear": list(self.clear.look(self.world.company.rows, books.new, changed)),
            "seals": list(self.seals.look(changed)),
            "checkpoints": list(self._contradicted()),
            "files": list(self._not_signed_for()),
        }

    def _changed(self, connection: sa.Connection, books: Books) -> Sequence[sa.Row[Any]]:
        """The effects of which something new is in the log, as they are now."""
        keys = sorted({entry.body["effect"] for entry in books.new if entry.kind == "effect"})
        return [
            row
            for start in range(0, len(keys), _MANY)
            for row in connection.execute(
                sa.select(*_LOOKED_AT).where(effects.c.key.in_(keys[start : start + _MANY])).order_by(effects.c.id)
            )
        ]

    def _counted(self, keys: Collection[str]) -> dict[str, int]:
        query = sa.select(effects.c.key, effects.c.attempts).where(effects.c.key.in_(keys))
        with self.world.hub.database.read() as connection:
            return {row.key: row.attempts for row in connection.execute(query)}

    def _opens(self, sealed: bytes, key: str, version: int) -> bool:
        try:
            self.world.hub.keyring.open(sealed, table="effects", row=key, column="payload", version=version)
        except TamperedError:
            return False
        return True

    def _secrets(self) -> Iterator[str]:
        """What opens what is sealed, and what signs the log."""
        vault = self.world.hub.settings.vault
        for name in ("keyring", "audit_key"):
            whole = vault.find("hub", name) or ""
            yield from (part for part in re.findall(r"[\w+/=-]+", whole) if len(part) > _SHORTEST_SECRET)

    # --- I2

    def _unevidenced(self, connection: sa.Connection, changed: Sequence[sa.Row[Any]], books: Books) -> Iterator[str]:
        done = [row for row in changed if row.state == EffectState.DONE.value]
        at_bank = self._at_bank(connection) if any(row.action == PaymentAction.DELIVER for row in done) else set()
        for row in done:
            if row.evidence.get("proof") not in _PROVEN and not self._happened(row, books, at_bank):
                yield f"{row.action} {row.key[:12]} is called done, and there is nothing to show for it"

    def _at_bank(self, connection: sa.Connection) -> set[str]:
        """The deliveries whose files are there."""
        query = sa.select(pay_files.c.effect_key).where(pay_files.c.name.in_(self._arrived()))
        return set(connection.execute(query).scalars())

    def _happened(self, row: sa.Row[Any], books: Books, at_bank: set[str]) -> bool:
        """Whether what an effect is about can be seen where it was to happen."""
        if row.action in set(Action):
            return row.key in self.world.company.truths[row.system].keys
        if row.action in set(RecordAction):
            return int(row.evidence.get("done", 0)) > 0 or self._nothing_was_taken(row)
        if row.action == PaymentAction.DELIVER:
            return row.key in at_bank
        if row.action == HandoverAction.TRANSFER:
            return self._passed_on(row, books)
        return row.key in self.claims.asked

    def _nothing_was_taken(self, row: sa.Row[Any]) -> bool:
        """Whether a segment is taken back of which the target had refused every record: there is nothing to do."""
        load = sa.select(effects.c.evidence, effects.c.state).where(
            effects.c.system == row.system, effects.c.number == row.number, effects.c.action == RecordAction.LOAD.value
        )
        with self.world.hub.database.read() as connection:
            loaded = connection.execute(load).one()
        refused = loaded.state == EffectState.REFUSED.value and not int(loaded.evidence.get("done", 0))
        return row.action == RecordAction.RESTORE and not row.evidence and refused

    def _passed_on(self, row: sa.Row[Any], books: Books) -> bool:
        fields, things = books.effects[row.key].fields, self.world.things(row.system)
        ref = HoldingRef(HoldingKind(str(fields["kind"])), str(fields["external_id"]))
        wanted = self.world.id_of(row.system, str(fields["successor_number"]))
        return transfers_kept(things.history, things.holders.get(ref), ref, wanted)

    # --- I11

    def _infected(self, connection: sa.Connection, changed: Sequence[sa.Row[Any]]) -> Iterator[str]:
        """A call is refused for what is in one of its writes: no other is refused with it."""
        refused = [row.key for row in changed if row.state == EffectState.REFUSED.value and row.code == "title"]
        for key, effect in self.world.hub.effects.by_key(connection, refused).items():
            if effect.fields.get("title") != POISON:
                yield f"{key[:12]} was refused for what is in another write"

    # --- I18

    def _contradicted(self) -> Iterator[str]:
        """Checkpoints that are new: each is of the log as it was."""
        hub = self.world.hub
        notes = sorted(proof.folder(hub).path.glob("checkpoint-*.txt"))
        if len(notes) == self._checkpoints:
            return
        keys = proof.public_keys(hub).verifiers
        for note in notes[self._checkpoints :]:
            signed = keys[0].open(note.read_bytes())
            wrong = self.world.logbook.disagrees(signed.size, signed.root)
            if wrong:
                yield wrong
        self._checkpoints = len(notes)

    # --- I13, I20

    def _arrived(self) -> set[str]:
        """The names of the files that are whole at the bank."""
        return {path.name for path in (self.world.company.folder / "bank" / IN).iterdir() if path.suffix != ".part"}

    def _not_signed_for(self) -> Iterator[object]:
        """What is new at the bank is byte for byte what was signed for, and came once."""
        if self._arrived() == self._files:
            return
        self._files = self._arrived()
        try:
            one_file_one_id_one_hash(self.world.hub, self.world.company.office)
        except BrokenInvariantError as error:
            yield str(error)
