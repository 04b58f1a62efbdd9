"""How long a change is on its way: from the moment it is told of, or seen, until the last target has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from baton.sandbox.demo.company import publish
from baton.sandbox.demo.scheduler import SYNC, DagRun
from baton.sandbox.demo.story import PROMOTED, Story
from baton.sandbox.demo.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Reached:
    """One change's way through Airflow and the hub, ``parts`` in their order."""

    run: DagRun
    parts: dict[str, timedelta]

    @property
    def seconds(self) -> float:
        """From the beginning to the end of all parts."""
        return sum(self.parts.values(), timedelta()).total_seconds()

    def __str__(self) -> str:
        return ", ".join(f"{what} {part.total_seconds():.1f} s" for what, part in self.parts.items())


def by_event(around: Surroundings, story: Story) -> Reached:
    """Feishu tells of a promotion that the HR system has just exported: its event starts a run."""
    publish(story.people.values(), around.place.feed)
    headers, body = around.oa.callbacks.event("contact.user.updated_v3", {"employee_no": PROMOTED})
    told = datetime.now(UTC)
    return _way(around, told, around.airflow.called_by("oa", headers, body))


def by_poll(around: Surroundings, story: Story) -> Reached:
    """The scheduled run finds the same in the export: from the moment it is started."""
    publish(story.people.values(), around.place.feed)
    begun = datetime.now(UTC)
    return _way(around, begun, around.airflow.run(SYNC))


def _way(around: Surroundings, begun: datetime, run: DagRun) -> Reached:
    if run.state != "success":
        return Reached(run, {})
    spans = around.airflow.spans(run)
    (planning, planned), (applying, applied) = spans["plan"], spans["apply"]
    parts = {
        "until Airflow began": planning - begun,
        "planning": planned - planning,
        "until it went on": applying - planned,
        "sending": applied - applying,
    }
    return Reached(run, parts)
