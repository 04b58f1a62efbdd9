"""The states of effects as the audit log tells them, one entry after the other (I7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from baton.model.effect import TRANSITIONS, EffectState
from baton.store.tables import effects
from tests.rig.logbook import Read


@dataclass
class EffectReplay:
    """Where every effect stands by the log."""

    states: dict[str, EffectState] = field(default_factory=dict)

    def follow(self, entries: Iterable[Read]) -> Iterator[str]:
        """Take these entries in; yields every step that is not on the list, or does not begin where the last one ended."""
        for entry in entries:
            if entry.kind == "effect":
                yield from self._step(entry.body["effect"], entry.body.get("from"), EffectState(entry.body["to"]))

    def _step(self, key: str, stated: str | None, after: EffectState) -> Iterator[str]:
        before = self.states.get(key)
        if stated != (before and before.value) or (before is not None and after not in TRANSITIONS[before]):
            yield f"effect {key[:12]} went from {before} (stated: {stated}) to {after}"
        self.states[key] = after

    def differences(self, connection: sa.Connection) -> Iterator[str]:
        """The effects that are not stored as the log tells, and those of which only one of the two knows."""
        stored = {row.key: row.state for row in connection.execute(sa.select(effects.c.key, effects.c.state))}
        if stored != self.states:  # a state is its word
            wrong = {key for key in stored.keys() | self.states.keys() if stored.get(key) != self.states.get(key)}
            yield from (f"effect {key[:12]} differs from its log" for key in sorted(wrong))
