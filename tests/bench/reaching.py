"""How long a change takes to all targets, at the demo's scale, with Airflow's own scheduler and a real Tryton in it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from baton.sandbox.demo.narrator import Narrator
from baton.sandbox.demo.play import Play
from baton.sandbox.demo.reaching import Reached, by_event, by_poll
from baton.sandbox.demo.scheduler import STORY_SETTINGS
from baton.sandbox.demo.story import Story
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.demo.workplace import Workplace
from tests.bench.figures import Line
from tests.bench.migration.bars import AtMost

BAR_S = 10.0
"""The bar: a change has reached all targets within so many seconds."""


def figures(folder: Path, times: int) -> Iterator[Line]:
    """The median of ``times`` events, and of as many runs that find the change by themselves."""
    place = Workplace(folder)
    place.make()
    around = Surroundings(place, Narrator(), STORY_SETTINGS)
    try:
        around.start()
        place.describe_systems(around.connections())
        play = Play(around, Narrator())
        play.opening()
        for what, way in (("told by an event of Feishu", by_event), ("found by a run of the schedule", by_poll)):
            yield _median(f"until five systems have a change that is {what}", way, around, play.story, times)
    finally:
        around.stop()


def _median(
    what: str, way: Callable[[Surroundings, Story], Reached], around: Surroundings, story: Story, times: int
) -> AtMost:
    found = []
    for turn in range(times):
        story.promotion(f"主管{turn}" if way is by_event else f"经理{turn}")
        found.append(way(around, story))
        assert found[-1].run.state == "success", found[-1].run
    middle = statistics.median_low(each.seconds for each in found)
    one = next(each for each in found if each.seconds == middle)
    shortest, longest = min(each.seconds for each in found), max(each.seconds for each in found)
    note = f"{one}; {times} times, {shortest:.1f} to {longest:.1f} s"
    return AtMost(middle, BAR_S, "s", what, note)
