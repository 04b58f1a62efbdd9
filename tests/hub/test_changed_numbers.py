"""Many numbers new and as many gone at once: the same people under other numbers, or only an intake."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from baton.errors import FeedRefusedError
from baton.hub.decisions import release
from baton.hub.sync import SyncRequest
from baton.store.runs import RunState
from baton.store.tables import feeds
from tests.hub.test_planning_runs import go, people
from tests.rig.company import row

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REFUSED = r"renumbered: .* while 12 known ones are gone"


def renumbered(staff: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """The same people, the first of them without the zero before their numbers."""
    return [{**each, "number": each["number"][1:]} if at < count else each for at, each in enumerate(staff)]


def test_who_vanished_from_the_feed_long_ago_does_not_make_an_intake_look_like_other_numbers(start) -> None:
    company, hub = start()
    staff = people(100)
    go(company, hub, staff)
    for _ in range(8):
        del staff[0]
        company.clock.advance(timedelta(days=30))
        go(company, hub, staff)
    for month in range(3):
        staff += [row(f"{200 + 10 * month + each:04d}") for each in range(8)]
        company.clock.advance(timedelta(days=30))
        assert go(company, hub, staff).run.counts["changed"] == 8
    with pytest.raises(FeedRefusedError, match="12 employee numbers are new while 12 known ones are gone"):
        go(company, hub, renumbered(staff, 12))


def test_departed_people_who_come_back_into_the_export_hide_no_other_numbers(start) -> None:
    company, hub = start()
    staff = people(100)
    go(company, hub, staff)
    departed: list[dict[str, str]] = []
    for _ in range(6):
        leavers, staff = staff[:5], staff[5:]
        departed += [{**each, "status": "departed", "last_day": "2026-11-01"} for each in leavers]
        company.clock.advance(timedelta(days=30))
        go(company, hub, departed[-5:] + staff)
        company.clock.advance(timedelta(days=1))
        go(company, hub, staff)
    company.clock.advance(timedelta(days=1))
    with pytest.raises(FeedRefusedError, match="12 employee numbers are new while 12 known ones are gone"):
        go(company, hub, departed + renumbered(staff, 12))
    assert go(company, hub, departed + staff).run.counts["changed"] == 0


def test_people_to_come_hide_no_other_numbers(start) -> None:
    company, hub = start()
    staff = people(100) + [row(f"{number:04d}", status="pending", hired="2027-12-01") for number in range(101, 121)]
    go(company, hub, staff)
    company.clock.advance(timedelta(days=1))
    with pytest.raises(FeedRefusedError, match="12 employee numbers are new while 12 known ones are gone"):
        go(company, hub, renumbered(staff, 12))


@pytest.mark.parametrize("only", [False, True], ids=["by a run that is held", "by runs for a few"])
def test_who_was_recorded_since_the_last_approved_feed_hides_no_other_numbers(start, only: bool) -> None:
    company, hub = start()
    staff = people(100)
    go(company, hub, staff)
    joined = [row(f"{number:04d}") for number in range(101, 121)]
    company.clock.advance(timedelta(days=1))
    if only:
        for each in joined[:12]:
            go(company, hub, staff + joined, SyncRequest(employees=(each["number"],)))
    else:
        leaving = [{**each, "status": "departed", "last_day": "2026-11-01"} for each in staff[60:]]
        assert go(company, hub, staff[:60] + leaving + joined).run.state is RunState.HELD
    company.clock.advance(timedelta(days=1))
    with pytest.raises(FeedRefusedError, match=r"renumbered: .* while 12 known ones are gone"):
        go(company, hub, renumbered(staff + joined, 12))


def after_departures(company, hub) -> list[dict[str, str]]:
    """120 people of whom 8 have vanished from the export, and 8 have left and stay in it as departed."""
    staff = people(120)
    go(company, hub, staff)
    departed: list[dict[str, str]] = []
    for _ in range(8):
        leaver, staff = staff[0], staff[2:]
        departed.append({**leaver, "status": "departed", "last_day": "2026-11-01"})
        company.clock.advance(timedelta(days=5))
        go(company, hub, departed + staff)
    company.clock.advance(timedelta(days=1))
    return departed + staff


def joined(count: int) -> list[dict[str, str]]:
    return [row(f"{number:04d}") for number in range(201, 201 + count)]


def test_departed_people_who_stay_in_the_export_make_no_intake_look_like_other_numbers(start) -> None:
    company, hub = start()
    export = after_departures(company, hub)
    export += joined(8)
    assert go(company, hub, export).run.counts["changed"] == 8
    company.clock.advance(timedelta(days=1))
    with pytest.raises(FeedRefusedError, match=REFUSED):
        go(company, hub, export[:8] + renumbered(export[8:], 12))


def test_a_released_run_is_measured_by_who_was_present_in_its_feed(start) -> None:
    company, hub = start()
    export = after_departures(company, hub)
    leaving = [{**each, "status": "departed", "last_day": "2026-11-20"} for each in export[8:48]]
    export = export[:8] + leaving + export[48:]
    run = go(company, hub, export).run
    assert (run.state, run.counts["present"]) == (RunState.HELD, 64)
    company.clock.advance(timedelta(hours=1))
    release(hub, run.id, "second", "they have left", seen=run.plan_hash)
    company.clock.advance(timedelta(days=1))
    assert go(company, hub, export + joined(8)).run.counts["changed"] == 8


def test_a_feed_approved_before_the_present_were_counted_is_measured_by_its_rows(start) -> None:
    company, hub = start()
    export = after_departures(company, hub)
    with hub.database.write() as connection:
        kept = connection.execute(sa.select(feeds.c.columns)).scalar_one()
        connection.execute(sa.update(feeds).values(columns=kept["names"]))
    with pytest.raises(FeedRefusedError, match="renumbered: 8 employee numbers are new while 8 known ones are gone"):
        go(company, hub, export + joined(8))
    assert go(company, hub, export).run.counts["changed"] == 0
    company.clock.advance(timedelta(days=1))
    assert go(company, hub, export + joined(8)).run.counts["changed"] == 8
