"""What a system tells only a day later is seen all the same: Salesforce's event logs, behind a hub whose days pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from baton.hub.offboarding import watching
from baton.model.account import AccountRef
from baton.model.alert import Rule
from baton.model.case import Case, CaseState
from baton.model.handover import Activity, HoldingRef
from connectors.crm.salesforce.handover import SalesforceHandover
from tests.connectors.crm.salesforce_handover import Handover
from tests.hub.offboarding.conftest import LEAVER, Desk
from tests.rig.belongings import RecordingTarget

Make = Callable[..., Desk]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class ToldBySalesforce(RecordingTarget):
    """Its history is what the Salesforce connector reads from a simulated org, with the ids of people changed over."""

    told_late = SalesforceHandover.told_late
    org: ClassVar[Handover]
    asked: ClassVar[list[tuple[datetime, datetime]]]

    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        self.asked.append((since, until))
        (leaver,) = people
        there = AccountRef(leaver.number, self.org.leaver)
        for page in self.org.connector.activities(since, until, [], [there]):
            yield [replace(each, actor=leaver.external_id or "") for each in page]


class Days:
    """A desk with an open case whose hours pass, and the org's log of exported reports."""

    def __init__(self, desk: Make) -> None:
        ToldBySalesforce.org, ToldBySalesforce.asked = Handover(), []
        self.d = desk(ToldBySalesforce)
        self.to(hour=9)
        self.case: Case = self.d.open()
        self.d.tick()

    @property
    def now(self) -> datetime:
        return self.d.hub.clock.now()

    def to(self, hour: int) -> None:
        """On to the next time that the clock shows this hour."""
        there = self.now.replace(hour=hour, minute=0, second=0, microsecond=0)
        self.d.company.clock.sleep((there + (there <= self.now) * timedelta(days=1) - self.now).total_seconds())

    def log(self, *moments: datetime) -> None:
        """The file of one day appears."""
        exports = [(at, ToldBySalesforce.org.leaver, "/00O000000000001") for at in moments]
        ToldBySalesforce.org.simulator.log_exports(moments[0].date(), exports)

    def watched(self) -> list[Rule]:
        return [alert.rule for alert in watching.watch(self.d.hub, self.case.id).alerts]


def test_an_export_whose_file_comes_the_next_day_raises_its_alert_once(desk: Make) -> None:
    days = Days(desk)
    before, exported = days.now - 2 * HOUR, days.now + HOUR
    days.to(hour=15)
    assert days.watched() == []
    days.to(hour=8)
    assert days.watched() == [], "the file is not there yet"
    days.log(before, exported)
    days.to(hour=20)
    assert days.watched() == [], "only the first look of a day goes back"
    days.to(hour=1)
    assert days.watched() == [Rule.BULK_EXPORT], "and what was exported before the case was opened is left alone"
    days.to(hour=1)
    assert days.watched() == []


class AtTheEnd(Days):
    """The same on the last day of the protection, at nine; it ends at three in the afternoon."""

    def __init__(self, desk: Make) -> None:
        super().__init__(desk)
        self.end = (self.now + 20 * DAY).replace(hour=15)
        with self.d.hub.database.write() as connection:
            case = self.d.case(self.case)
            self.d.hub.cases.change(connection, case, case.state, protected_until=self.end)
        self.d.company.clock.sleep((self.end - self.now - 6 * HOUR).total_seconds())
        self.d.tick()
        ToldBySalesforce.asked.clear()

    def completed(self) -> None:
        with self.d.hub.database.write() as connection:
            case = self.d.case(self.case)
            self.d.hub.cases.change(connection, case, CaseState.COMPLETED, completed_at=self.now - 400 * DAY)


@pytest.mark.parametrize("over", [False, True], ids=["open", "completed"])
def test_what_is_told_of_the_last_day_only_after_the_protection_raises_its_alert(desk: Make, *, over: bool) -> None:
    days = AtTheEnd(desk)
    if over:
        days.completed()
    days.to(hour=18)
    days.d.tick()
    assert [until for _, until in ToldBySalesforce.asked] == [days.end], "up to the end, and no longer"
    days.log(days.end - 2 * HOUR, days.end + HOUR)
    days.to(hour=8)
    assert days.d.tick().alerts == 1, "what was done afterwards is nobody's business"
    days.to(hour=20)
    assert days.d.tick().alerts == 0
    assert max(until for _, until in ToldBySalesforce.asked) == days.end


def test_who_is_protected_no_more_is_asked_about_no_longer_than_something_may_be_late(desk: Make) -> None:
    days = AtTheEnd(desk)
    days.completed()
    for _ in range(10):
        days.to(hour=1)
        days.d.tick()
    asked = len(ToldBySalesforce.asked)
    assert 4 <= asked <= 6
    assert watching.still_watched(days.d.hub, [days.d.case(days.case)]) == []
    assert not watching.still_watched(days.d.hub, [replace(days.d.case(days.case), watched_until=days.end - 99 * DAY)])


def test_an_hour_asks_for_an_hour_and_a_new_day_for_what_may_have_been_late(desk: Make) -> None:
    days = Days(desk)
    opened = days.case.opened_at
    for hour in (22, 23, 0, 1):
        days.to(hour)
        days.watched()
    for _ in range(6):
        days.to(hour=1)
        days.watched()
    windows = ToldBySalesforce.asked
    assert [until - since for since, until in windows[2:3]] == [HOUR]
    assert windows[3][0] == opened, "a new day, and the case is younger than what may be late"
    assert windows[4][1] - windows[4][0] == HOUR
    assert windows[-1][1] - windows[-1][0] == timedelta(days=1) + SalesforceHandover.told_late


def test_a_replay_asks_for_its_own_stretch_alone(desk: Make) -> None:
    days = Days(desk)
    days.to(hour=9)
    exported = days.now - 20 * HOUR
    days.log(exported)
    found = watching.replay(days.d.hub, days.case.id, days.now - 24 * HOUR, days.now)
    assert [alert.actor for alert in found.alerts] == [days.d.id_of(LEAVER)]
    assert ToldBySalesforce.asked[-1] == (days.now - 24 * HOUR, days.now)
