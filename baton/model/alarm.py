"""An alarm: a rule about the hub's health that is broken, from when it is noticed until it holds again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from baton.errors import TransitionError


class Severity(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    CRITICAL = "critical"


class AlarmState(StrEnum):
    """Where an alarm stands."""

    FIRING = "firing"
    """Nobody has taken it on yet."""
    ACKNOWLEDGED = "acknowledged"
    """A person has taken it on; nobody is told again."""
    SILENCED = "silenced"
    """Expected until a moment, for a reason; it stays silenced so long, whatever the figures do."""
    OVER = "over"


ALARM_TRANSITIONS: Final[Mapping[AlarmState, frozenset[AlarmState]]] = {
    AlarmState.FIRING: frozenset({AlarmState.ACKNOWLEDGED, AlarmState.SILENCED, AlarmState.OVER}),
    AlarmState.ACKNOWLEDGED: frozenset({AlarmState.SILENCED, AlarmState.OVER}),
    AlarmState.SILENCED: frozenset({AlarmState.FIRING, AlarmState.OVER}),
    AlarmState.OVER: frozenset(),
}


def require_alarm_transition(before: AlarmState, after: AlarmState) -> None:
    """Raise `TransitionError` unless the closed machine allows this step."""
    if after not in ALARM_TRANSITIONS[before]:
        raise TransitionError(f"an alarm cannot go from {before} to {after}")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. Names of rules and systems only: nothing in it is about a person but who acted on it."""

    key: str
    """Short and unique; what a person types."""
    rule: str
    subject: str
    """The system or job it is about; empty for the hub as a whole."""
    severity: Severity
    state: AlarmState
    value: float
    """The figure when it was last looked at."""
    since: datetime
    seen_at: datetime
    told_at: datetime | None = None
    escalated_at: datetime | None = None
    ended_at: datetime | None = None
    until: datetime | None = None
    """While silenced: until when."""
    person: str = ""
    """Who has acknowledged or silenced it."""
    why: str = ""

    def state_at(self, now: datetime) -> AlarmState:
        """Where it stands then: a silence whose time is up is none, also before anybody has looked again."""
        if self.state is AlarmState.SILENCED and (self.until is None or self.until <= now):
            return AlarmState.FIRING
        return self.state


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When something is wrong, and who hears of it. Exactly one of ``above`` and ``below`` is given."""

    name: str
    measure: str
    above: float | None = None
    below: float | None = None
    only: tuple[str, ...] = ()
    """The subjects (systems, jobs) it is about; empty means all."""
    severity: Severity = Severity.WARNING
    routes: tuple[str, ...] = ()
    escalate_after_s: float | None = None
    """So long after it was first told, and nobody has taken it on, those of ``escalate_to`` are told as well."""
    escalate_to: tuple[str, ...] = ()
    again_after_s: float = 86400.0
    """So long after it was told last, and nobody has taken it on, it is told again."""

    @property
    def limit(self) -> float:
        """The limit, whichever way it is meant."""
        return float(self.above if self.above is not None else self.below or 0.0)

    def broken_by(self, value: float) -> bool:
        """Whether this figure breaks the rule."""
        return value > self.limit if self.above is not None else value < self.limit
