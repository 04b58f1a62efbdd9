"""Whether the hub is well, as plain values: for the page, for machines, for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from baton.hub.core import Hub
from baton.hub.vitals.alarming import rules
from baton.hub.vitals.taking import take
from baton.jobs.alarms import breaches
from baton.model.alarm import Alarm, AlarmState, Severity
from baton.model.measures import MEASURES, Sample, are_whole

WELL: Final = "well"
DOWN: Final = "down"


def health_document(hub: Hub, samples: Sequence[Sample] | None = None) -> dict[str, Any]:
    """The verdict, the alarms that are not over, the rules that are broken now, and every figure.

    ``verdict`` is ``well``, ``warning``, ``critical`` or ``down`` (the database does not answer). A broken rule counts
    at once, whether or not an alarm has been raised for it yet; a silenced alarm does not.
    """
    taken, now = take(hub) if samples is None else samples, hub.clock.now()
    if not are_whole(taken):
        return {"verdict": DOWN, "taken_at": now.isoformat(), "broken": [], "alarms": [], **grouped(taken)}
    broken = breaches(rules(hub).values(), taken)
    with hub.database.read() as connection:
        current = hub.alarms.current(connection)
    silenced = {(alarm.rule, alarm.subject) for alarm in current if alarm.state_at(now) is AlarmState.SILENCED}
    heard = [breach for breach in broken if (breach.rule.name, breach.subject) not in silenced]
    return {
        "verdict": _verdict([breach.rule.severity for breach in heard]),
        "taken_at": now.isoformat(),
        "broken": [
            {
                "rule": breach.rule.name,
                "measure": breach.rule.measure,
                "about": breach.subject,
                "severity": breach.rule.severity.value,
                "value": breach.value,
                "limit": breach.rule.limit,
            }
            for breach in heard
        ],
        "alarms": [alarm_line(alarm, hub) for alarm in current],
        **grouped(taken),
    }


def grouped(samples: Sequence[Sample]) -> dict[str, Any]:
    """The figures of the hub by name, those of systems and jobs by their names first; charts' figures left out."""
    found: dict[str, Any] = {"hub": {}, "systems": {}, "jobs": {}}
    for sample in samples:
        labels = MEASURES[sample.measure].labels
        if not labels:
            found["hub"][sample.measure] = sample.value
        elif labels in (("system",), ("job",)):
            found[f"{labels[0]}s"].setdefault(sample.subject, {})[sample.measure] = sample.value
    return found


def alarm_line(alarm: Alarm, hub: Hub) -> dict[str, Any]:
    """An alarm as plain values, with what is measured by its rule."""
    rule = rules(hub).get(alarm.rule)
    return {
        "key": alarm.key,
        "rule": alarm.rule,
        "measure": rule.measure if rule else "",
        "about": alarm.subject,
        "severity": alarm.severity.value,
        "state": alarm.state_at(hub.clock.now()).value,
        "value": alarm.value,
        **{name: _instant(getattr(alarm, name)) for name in ("since", "seen_at", "told_at", "escalated_at", "until")},
        "person": alarm.person,
        "why": alarm.why,
    }


def exit_code(document: Mapping[str, Any]) -> int:
    """For commands: 0 well, 1 a warning, 2 critical or down."""
    return {WELL: 0, Severity.WARNING.value: 1}.get(str(document["verdict"]), 2)


def _verdict(severities: Sequence[Severity]) -> str:
    if Severity.CRITICAL in severities:
        return Severity.CRITICAL.value
    return Severity.WARNING.value if severities else WELL


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
