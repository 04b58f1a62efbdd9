"""What one `apply` did in one system, for whoever asked for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from baton.errors import ConnectorError, HaltError, WithheldError


@dataclass
class Report:
    """What one `apply` did in one system."""

    system: str
    counts: Counter[str] = field(default_factory=Counter)
    halted: str = ""
    needs_person: bool = False
    """True when it stopped for something that does not pass by itself: credentials, permission, a kill switch."""
    withheld: list[str] = field(default_factory=list)
    """Why single calls were not made, each told once; all others were. Each waits for a person."""
    unanswered: str = ""
    """Why nothing more was asked about what is in doubt, while all else went on; in the end it is told as `halted`."""

    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def count(self, name: str, more: int = 1) -> None:
        """Add to a figure; several threads report at once."""
        with self._lock:
            self.counts[name] += more

    def stop(self, error: ConnectorError) -> None:
        """Remember why no further call was made."""
        self.halted = str(error)
        self.needs_person = isinstance(error, HaltError)

    def withhold(self, error: WithheldError) -> None:
        """Remember why one call was not made, while the others go on."""
        with self._lock:
            if str(error) not in self.withheld:
                self.withheld.append(str(error))

    def ask_no_more(self, error: HaltError) -> None:
        """Remember why the system was not asked again in this run."""
        self.unanswered = self.unanswered or str(error)

    def end(self) -> None:
        """Everything that could be done is done: what was not answered is for a person."""
        if self.unanswered and not self.halted:
            self.halted, self.needs_person = self.unanswered, True

    def switched_off(self, why: str) -> None:
        """Remember that a person has stopped this system."""
        self.halted = why
        self.needs_person = True
