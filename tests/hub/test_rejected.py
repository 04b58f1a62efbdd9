"""What a person has rejected or has still to decide on: it comes back with news from the source, and not by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from baton.hub.decisions import reject, release
from baton.hub.execution import apply, settle
from baton.hub.reconcile import reconcile
from baton.store.runs import RunState
from tests.hub.test_gate_runs import DAY, Town

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Orphaned(Town):
    """A town in which some have a manager whom no system knows, so that they are looked at again at every run."""

    of = frozenset({1, 2, 3})

    def person(self, number: int) -> dict[str, str]:
        return {**super().person(number), **({"manager": "9999"} if number in self.of else {})}


@pytest.fixture
def town(start) -> Orphaned:
    return Orphaned(*start())


def test_what_was_rejected_does_not_come_back_for_want_of_a_manager(town: Town) -> None:
    town.leave(1, 40, (town.company.clock.now() + DAY).date().isoformat())
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    again = town.plan()
    assert (again.state, again.counts["effects"]) == (RunState.READY, 0)
    town.company.clock.advance(3 * DAY)
    assert (town.plan().counts["effects"], town.lost()) == (0, 0)
    town.titles[1] = "顾问"
    assert (town.plan().counts["effects"], town.lost()) == (1, 1)


def test_what_was_rejected_does_not_come_back_because_somebody_changed_a_field_there(town: Town) -> None:
    town.leave(4, 40)
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    for number in ("0004", "0005"):
        town.company.truths["crm"].accounts[number].fields["title"] = "changed by hand"
    assert len(reconcile(town.hub, "crm").drifts) == 2
    assert (town.plan().state, town.lost()) == (RunState.READY, 0)


def test_another_mapping_is_news_of_whom_was_rejected(town: Town) -> None:
    town.leave(4, 40)
    reject(town.hub, town.plan().id, "checker", "HR made a mistake")
    text = Path(town.company.mappings["crm"].file).read_text("utf-8")
    town.company.write_mapping("crm", text.replace("  mobile: {from: mobile}\n", ""))
    town.hub.__dict__["mappings"] = dict(town.company.mappings)
    run = town.plan()
    assert (run.state, run.counts["effects"]) == (RunState.HELD, 37)
    reject(town.hub, run.id, "checker", "still a mistake")
    assert [town.plan().counts["effects"] for _ in range(2)] == [0, 0]


def test_a_held_run_stays_the_one_to_decide_on_while_there_is_no_news_of_its_people(town: Town) -> None:
    town.leave(1, 40, (town.company.clock.now() + DAY).date().isoformat())
    first = town.plan()
    for _ in range(3):
        town.company.clock.advance(timedelta(minutes=15))
        later = town.plan()
        assert (later.state, later.counts["effects"]) == (RunState.READY, 0)
    assert later.counts["waiting"] == 3
    assert settle(town.hub, later.id).verdict == "incomplete"
    assert release(town.hub, first.id, "checker", "the branch is closed") == 40
    town.company.clock.advance(3 * DAY)
    apply(town.hub)
    assert town.lost() == 40
    assert settle(town.hub, town.plan().id).verdict == "clean"
