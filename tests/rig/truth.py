"""What a target system really holds, whatever the hub believes: the object outside that every proof compares with."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from baton.model.account import Account, AccountState, AccountWrite, Action, Scalar


@dataclass
class Record:
    """One account. ``mark`` changes with every change of it."""

    external_id: str
    state: AccountState
    fields: dict[str, Scalar]
    mark: int = 0
    version: int = 0
    """The newest version of a write that has been applied to it."""


@dataclass(frozen=True, slots=True)
class Applied:
    """One write that took effect, in the order they took effect."""

    key: str
    number: str
    version: int
    action: Action
    stale: bool
    """True when a newer write of the same person had taken effect before."""


@dataclass
class Truth:
    """Accounts by employee number, and every write that ever took effect."""

    accounts: dict[str, Record] = field(default_factory=dict)
    journal: list[Applied] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    """Effect key -> external id, for targets that honour a key."""
    belongings: Any = None
    """What people hold there (`tests.rig.belongings`), where a test is about that."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    serial: int = 0

    def apply(self, write: AccountWrite) -> str:
        """Let a write take effect; returns the account's external id."""
        with self.lock:
            number = write.ref.number
            record = self.accounts.get(number)
            if record is None:
                self.serial += 1
                record = self.accounts[number] = Record(f"x{self.serial}", AccountState.ABSENT, {})
            stale = write.version < record.version
            record.state = write.action.leaves if write.action is not Action.UPDATE else record.state
            record.fields.update(write.fields)
            record.mark += 1
            record.version = max(record.version, write.version)
            self.keys[write.key] = record.external_id
            self.journal.append(Applied(write.key, number, write.version, write.action, stale))
            return record.external_id

    def account(self, number: str) -> Account | None:
        """As the target would show it; None where there is none."""
        with self.lock:
            record = self.accounts.get(number)
            if record is None:
                return None
            return Account(number, record.external_id, record.state, dict(record.fields), str(record.mark))

    def repeated(self) -> list[tuple[str, int]]:
        """The (person, version) of changes that took effect more than once, under whatever key."""
        return [each for each, times in Counter((e.number, e.version) for e in self.journal).items() if times > 1]

    def stale(self) -> list[Applied]:
        """The writes that took effect after a newer one of the same person."""
        return [entry for entry in self.journal if entry.stale]
