"""What can be measured of a hub: one catalogue for the metrics, the rules of alarms, the health page and the report.

Every figure is read from the store when it is asked for, so that it is the same whichever process tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

PREFIX: Final = "baton"
_TAKEN: Final = frozenset({"job", "instance"})
"""Labels that Prometheus gives every series by itself: one of ours by that name is renamed as it comes in."""


def exported_label(name: str) -> str:
    """A label's name in the metrics; what `baton.telemetry` counts arrives in Prometheus under the same."""
    return f"{PREFIX}_{name}" if name in _TAKEN else name


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured. A name ending in ``_s`` is seconds, in ``_count`` a number of things."""

    name: str
    about: str
    """What it says, for people, in English."""
    labels: tuple[str, ...] = ()
    """What tells its samples apart: names of the installation and states, never people."""

    @property
    def exported(self) -> str:
        """Its name as a metric, with the unit spelled out as Prometheus wants it."""
        bare = self.name.removesuffix("_count")
        return f"{PREFIX}_{bare.removesuffix('_s')}_seconds" if bare.endswith("_s") else f"{PREFIX}_{bare}"

    @property
    def exported_labels(self) -> tuple[str, ...]:
        """Its labels as those of the metric, in the same order."""
        return tuple(exported_label(label) for label in self.labels)

    @property
    def ruled(self) -> bool:
        """Whether a rule may name it: at most one thing tells its samples apart."""
        return len(self.labels) <= 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure."""

    measure: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """What it is about: a system, a job; empty for the hub as a whole."""
        return next(iter(self.labels.values()), "")


def are_whole(samples: Iterable[Sample]) -> bool:
    """Whether these are all figures there are; else the database was away, and next to nothing could be read."""
    return any(sample.measure == "database_up" and sample.value for sample in samples)


_SYSTEM: Final = ("system",)
_JOB: Final = ("job",)
MEASURES: Final[Mapping[str, Measure]] = {
    measure.name: measure
    for measure in (
        # the hub as a whole
        Measure("database_up", "1 while the hub's database answers"),
        Measure("clock_skew_s", "how far this machine's clock and the database's, or the newest entry's, are apart"),
        Measure("people_count", "people the hub knows"),
        Measure("switches_count", "kill switches that are on"),
        Measure("hints_count", "events from vendors that no run has answered yet"),
        Measure("hint_oldest_s", "how long the oldest of them has waited"),
        Measure("audit_entries_count", "entries of the audit log"),
        Measure("audit_unsigned_count", "entries that no checkpoint covers yet"),
        Measure("unsigned_oldest_s", "how long ago the oldest of them was written"),
        Measure("backup_age_s", "how long ago a backup was noted, or the hub began without one"),
        Measure("audit_key_missing_count", "1 while there is no key to sign the audit log with"),
        Measure("exposed_secrets_count", "secret files that others than their owner can read"),
        Measure("pay_doubt_count", "lines of pay runs of which nobody knows whether they were paid"),
        Measure("pay_unexpected_count", "bookings at banks that nobody here has asked for, and nobody has taken on"),
        Measure("pay_unaccounted_count", "what else differs from the banks' statements, and nobody has taken on"),
        Measure("stuck_items_count", "items of handovers that cannot go on without a person"),
        # by system
        Measure("due_count", "effects that are due and not sent", _SYSTEM),
        Measure("due_oldest_s", "how long the oldest of them has been due", _SYSTEM),
        Measure("doubt_count", "effects whose outcome nobody knows", _SYSTEM),
        Measure("doubt_oldest_s", "how long the oldest of them has been in doubt", _SYSTEM),
        Measure("accepted_count", "effects that a system has only promised", _SYSTEM),
        Measure("accepted_oldest_s", "how long ago the oldest of them was promised", _SYSTEM),
        Measure("done_recent_count", "effects done in the last 24 hours", _SYSTEM),
        Measure("refused_recent_count", "effects refused in the last 24 hours", _SYSTEM),
        Measure("success_age_s", "since the last effect that was done there", _SYSTEM),
        Measure("feed_age_s", "since the last feed of a source that was used (without one: the first sync)", _SYSTEM),
        Measure(
            "reconcile_age_s",
            "since the target was last compared account by account (never: the first sync)",
            _SYSTEM,
        ),
        Measure("answers_age_s", "since a bank's answers were last read (never: its first pay run)", _SYSTEM),
        Measure("drift_count", "accounts that were not as the hub left them, when last compared", _SYSTEM),
        # by job
        Measure("held_count", "runs that wait for a person's decision", _JOB),
        Measure("held_oldest_s", "how long the oldest of them has waited", _JOB),
        Measure("run_age_s", "since the last run of the job that left no person and no system out", _JOB),
        Measure("clean_age_s", "since the last such run that ended clean (without one: the job's first)", _JOB),
        Measure("broken_recent_count", "runs that were refused or ended broken in the last 24 hours", _JOB),
        Measure("pass_age_s", "since the schedule last went by (never: since there was a reason to)", _JOB),
        # by several things: for charts only
        Measure(
            "effects_count",
            "effects not over, or over within 24 hours, by where they stand",
            ("system", "job", "state"),
        ),
        Measure("runs_count", "runs by how they ended", ("job", "verdict")),
        Measure("alarms_count", "alarms that are not over", ("severity", "state")),
    )
}
