"""The canonical employees: versions, what is in force and what is to come, who has news for which system."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from baton.contracts import Hint
from baton.model.effect import Link
from baton.model.people import Employee, EmploymentStatus
from baton.store.people import planned_digest
from tests.store.desk import SYSTEM, Desk

DAY = timedelta(days=1)


class Office:
    """Records versions of people, as a source says them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.run("run-1")

    def say(self, number: str = "0012", source: str = "hr", **given) -> None:
        person = Employee(**{"number": number, "status": EmploymentStatus.ACTIVE, **given})
        with self.desk.database.write() as connection:
            known = self.desk.people.known(connection, [number])
            mark = repr(person).encode()
            self.desk.people.record(connection, source, "run-1", [(person, mark)], known, self.desk.clock.now())

    def line(self, number: str = "0012") -> list[tuple[int, str | None]]:
        with self.desk.database.read() as connection:
            versions = self.desk.people.timelines(connection, [number], self.desk.clock.now())[number]
        return [(version.version, version.employee.department) for version in versions]


def test_the_newest_version_is_in_force(desk: Desk) -> None:
    office = Office(desk)
    office.say(department="D1")
    desk.clock.advance(DAY)
    office.say(department="D2")
    assert office.line() == [(2, "D2")]


def test_a_future_version_waits_beside_the_one_in_force(desk: Desk) -> None:
    office = Office(desk)
    office.say(department="D1")
    desk.clock.advance(DAY)
    office.say(department="D2", effective_on=date(2026, 12, 1))
    assert office.line() == [(1, "D1"), (2, "D2")]
    desk.clock.advance(20 * DAY)
    assert office.line() == [(2, "D2")]


def test_a_newer_version_replaces_what_was_still_to_come(desk: Desk) -> None:
    office = Office(desk)
    office.say(department="D1")
    desk.clock.advance(DAY)
    office.say(department="D2", effective_on=date(2026, 12, 1))
    desk.clock.advance(DAY)
    office.say(department="D3")
    assert office.line() == [(3, "D3")]
    desk.clock.advance(20 * DAY)
    assert office.line() == [(3, "D3")]


def test_what_is_put_off_does_not_come_at_its_former_date(desk: Desk) -> None:
    office = Office(desk)
    office.say(department="D1")
    for day in (1, 9, 20):
        desk.clock.advance(timedelta(hours=1))
        office.say(department="D2", effective_on=date(2026, 12, day), hire_day=date(2026, 12, day))
    assert office.line() == [(1, "D1"), (4, "D2")]
    desk.clock.advance(DAY)
    office.say(department="D2", effective_on=date(2026, 12, 5), hire_day=date(2026, 12, 5))
    assert office.line() == [(1, "D1"), (5, "D2")], "and brought forward again"


def test_another_change_still_to_come_after_it_leaves_the_first_where_it_is(desk: Desk) -> None:
    office = Office(desk)
    office.say(department="D1")
    desk.clock.advance(DAY)
    office.say(department="D2", effective_on=date(2026, 12, 1))
    office.say(department="D3", effective_on=date(2026, 12, 20))
    assert office.line() == [(1, "D1"), (2, "D2"), (3, "D3")]


def test_what_has_taken_effect_is_not_put_off_any_more(desk: Desk) -> None:
    office = Office(desk)
    office.say(department="D1")
    desk.clock.advance(DAY)
    office.say(department="D2", effective_on=date(2026, 12, 1))
    desk.clock.advance(20 * DAY)
    office.say(department="D2", effective_on=desk.clock.now().date() + 20 * DAY)
    assert office.line() == [(2, "D2"), (3, "D2")]


def test_every_version_is_kept(desk: Desk) -> None:
    office = Office(desk)
    for department in ("D1", "D2", "D3"):
        office.say(department=department)
    with desk.database.read() as connection:
        assert desk.people.known(connection, ["0012"])["0012"].version == 3
        assert [period.version for period in desk.people.history(connection, "0012")] == [1]


def told(desk: Desk) -> list[tuple[str, int, str]]:
    """A person's history: the status, the day of December 2026 from which on (0 for before it), and in plain words."""
    with desk.database.read() as connection:
        periods = desk.people.history(connection, "0012")
    days = [(period.since + timedelta(hours=8)).date() for period in periods]
    return [
        (period.status.value, day.day if day.month == 12 else 0, period.what)
        for period, day in zip(periods, days, strict=True)
    ]


@pytest.mark.parametrize("days", [(4, 14), (14, 4), (4, 20, 14)], ids=["put off", "brought forward", "both"])
def test_what_has_another_date_now_is_in_the_history_on_that_date_only(desk: Desk, days: tuple[int, ...]) -> None:
    office = Office(desk)
    office.say()
    for day in days:
        desk.clock.advance(timedelta(hours=1))
        office.say(status=EmploymentStatus.ON_LEAVE, effective_on=date(2026, 12, day))
    assert told(desk) == [("active", 0, "first seen as active"), ("on_leave", days[-1], "became on_leave")]


def test_what_was_called_off_before_it_came_is_not_in_the_history(desk: Desk) -> None:
    office = Office(desk)
    office.say()
    desk.clock.advance(DAY)
    office.say(status=EmploymentStatus.ON_LEAVE, effective_on=date(2026, 12, 4))
    desk.clock.advance(DAY)
    office.say()
    assert told(desk) == [("active", 0, "first seen as active")]


def test_what_was_put_off_after_it_had_come_is_in_the_history(desk: Desk) -> None:
    office = Office(desk)
    office.say()
    office.say(status=EmploymentStatus.ON_LEAVE, effective_on=date(2026, 12, 4))
    desk.clock.advance(40 * DAY)
    office.say()
    assert [each[::2] for each in told(desk)] == [
        ("active", "first seen as active"),
        ("on_leave", "became on_leave"),
        ("active", "became active"),
    ]


def test_who_has_news_is_planned_and_nobody_else(desk: Desk) -> None:
    office = Office(desk)
    for number in ("0001", "0002", "0003", "0004"):
        office.say(number)
    links = [
        Link(SYSTEM, "0001", planned_version=1, mapping_digest="m"),
        Link(SYSTEM, "0002", planned_version=0, mapping_digest="m"),
        Link(SYSTEM, "0003", planned_version=1, mapping_digest="m", dirty=True),
    ]
    with desk.database.write() as connection:
        desk.links.save_plan(connection, links)
        assert [number for number, _ in desk.people.candidates(connection, SYSTEM, "m", None)] == [
            "0002",
            "0003",
            "0004",
        ]
        assert len(list(desk.people.candidates(connection, SYSTEM, "other mapping", None))) == 4
        assert list(desk.people.candidates(connection, SYSTEM, "m", ["0001", "0002"])) == [("0002", 1)]


def test_who_becomes_protected_is_planned_anew_and_who_ceases_to_be(desk: Desk) -> None:
    office = Office(desk)
    for number in ("0001", "0002", "0003"):
        office.say(number)
    with desk.database.write() as connection:

        def news(*protected: str) -> list[str]:
            return [number for number, _ in desk.people.candidates(connection, SYSTEM, "m", None, protected)]

        def plan(number: str, *, protected: bool) -> None:
            digest = planned_digest("m", protected=protected)
            desk.links.save_plan(connection, [Link(SYSTEM, number, planned_version=1, mapping_digest=digest)])

        for number in ("0001", "0002", "0003"):
            plan(number, protected=number == "0003")
        assert (news("0003"), news()) == ([], ["0003"])
        assert news("0002", "0003") == ["0002"]
        assert news("0001") == ["0001", "0003"]


def test_two_sources_do_not_see_each_other_s_people(desk: Desk) -> None:
    office = Office(desk)
    office.say("0001", source="hr")
    office.say("0002", source="contractors")
    with desk.database.read() as connection:
        assert set(desk.people.digests(connection, "hr")) == {"0001"}
        assert desk.people.elsewhere(connection, "hr", ["0001", "0002"]) == {"0002": "contractors"}
        assert set(desk.people.known(connection, ["0001", "0003"])) == {"0001"}


def test_a_plan_does_not_change_what_is_proven_and_an_observation_not_what_is_planned(desk: Desk) -> None:
    with desk.database.write() as connection:
        desk.links.save_plan(connection, [Link(SYSTEM, "0001", planned_version=1)])
        desk.links.observe(connection, [Link(SYSTEM, "0001", "x1", applied={"name": "d"}, dirty=True)])
        desk.links.save_plan(connection, [Link(SYSTEM, "0001", planned_version=2, generation=5)])
        link = desk.links.of(connection, SYSTEM, ["0001"])["0001"]
    assert (link.external_id, link.applied, link.planned_version, link.generation) == ("x1", {"name": "d"}, 2, 5)


def test_hints_are_stored_once_each_and_taken_once(desk: Desk) -> None:
    events = [Hint(event_id=name, kind="changed", numbers=("0012",)) for name in ("e1", "e2", "e1")]
    with desk.database.write() as connection:
        assert desk.runs.add_hints(connection, "oa", events) == 2
        assert desk.runs.add_hints(connection, "oa", events) == 0
        assert desk.runs.add_hints(connection, "crm", events[:1]) == 1
        heard = desk.runs.heard(connection)
        assert desk.runs.add_hints(connection, "oa", [Hint(event_id="e3", kind="changed")]) == 1
        assert desk.runs.take_hints(connection, "run-1", heard) == 3
        assert (desk.runs.take_hints(connection, "run-2", heard), desk.runs.waiting_hints(connection)) == (0, 1)


def test_a_switch_is_on_until_it_is_taken_back(desk: Desk) -> None:
    with desk.database.write() as connection:
        desk.runs.engage(connection, "all", "op", "drill")
        desk.runs.engage(connection, "all", "op", "drill goes on")
        desk.runs.engage(connection, "system:crm", "op", "vendor")
        assert desk.runs.engaged(connection) == {"all": "drill goes on", "system:crm": "vendor"}
        desk.runs.disengage(connection, "all", "op", "over")
        assert desk.runs.engaged(connection) == {"system:crm": "vendor"}
