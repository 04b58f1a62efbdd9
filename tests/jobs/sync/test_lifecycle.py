"""What a person's account should be at every moment: three dates, time zones, retractions, left-overs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from baton.jobs.sync.lifecycle import desired_timeline, state_at
from baton.mapping.schema import Lifecycle
from baton.model.account import AccountState
from baton.model.people import Employee, EmploymentStatus, LeaverDate
from baton.store.people import PersonVersion

ABSENT, ENABLED, DISABLED, REMOVED = AccountState
STATUS = EmploymentStatus
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def rules_with(lead_days: int = 0, **more) -> Lifecycle:
    return Lifecycle(lead_days, **more)


RULES = rules_with(disable=LeaverDate.LAST_WORKING, remove=LeaverDate.CONTRACT_END)
LONG_AGO = NOW - timedelta(days=1000)


def person(status: EmploymentStatus = STATUS.ACTIVE, **given) -> Employee:
    return Employee(number="0012", status=status, **{"hire_day": date(2020, 1, 1), **given})


def line(*people: Employee, rules: Lifecycle = RULES, now: datetime = NOW) -> list[tuple[datetime, AccountState]]:
    """The timeline of one person; the first version is in force, later ones from their own date."""
    versions = [PersonVersion(n, each.effective_at() or LONG_AGO, each) for n, each in enumerate(people, 1)]
    return [(desired.at, desired.state) for desired in desired_timeline(versions, rules, now)]


def test_each_action_is_bound_to_its_own_date() -> None:
    leaver = person(
        STATUS.NOTICE,
        last_working_day=date(2026, 11, 25),
        contract_end_day=date(2026, 11, 30),
        pay_end_day=date(2026, 12, 31),
    )
    assert line(leaver) == [
        (NOW, ENABLED),
        (datetime(2026, 11, 25, 16, tzinfo=UTC), DISABLED),
        (datetime(2026, 11, 30, 16, tzinfo=UTC), REMOVED),
    ]
    bank = rules_with(disable=LeaverDate.PAY_END, remove=None)
    assert line(leaver, rules=bank) == [(NOW, ENABLED), (datetime(2026, 12, 31, 16, tzinfo=UTC), DISABLED)]


def test_a_missing_date_is_the_one_before_it() -> None:
    leaver = person(STATUS.NOTICE, last_working_day=date(2026, 11, 25))
    assert leaver.moment(LeaverDate.PAY_END) == leaver.moment(LeaverDate.LAST_WORKING)
    assert line(leaver)[-1] == (datetime(2026, 11, 25, 16, tzinfo=UTC), REMOVED)


@pytest.mark.parametrize(
    ("zone", "gone_at"),
    [
        ("Pacific/Kiritimati", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 23, 16, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 24, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 11, 24, 8, tzinfo=UTC)),
    ],
)
def test_a_last_day_ends_where_the_person_is(zone: str, gone_at: datetime) -> None:
    leaver = person(STATUS.NOTICE, last_working_day=date(2026, 11, 23), time_zone=zone)
    assert line(leaver) == [(NOW, ENABLED), (gone_at, REMOVED)]
    assert state_at(leaver, RULES, gone_at - timedelta(microseconds=1)) is ENABLED


def test_a_leaver_whose_day_is_already_tomorrow_elsewhere_is_gone_here_today() -> None:
    late = datetime(2026, 11, 23, 11, tzinfo=UTC)  # the 24th on Kiritimati
    leaver = person(STATUS.NOTICE, last_working_day=date(2026, 11, 23), time_zone="Pacific/Kiritimati")
    assert line(leaver, now=late) == [(late, REMOVED)]


def test_a_last_working_time_ends_the_access_but_not_the_contract() -> None:
    leaver = person(
        STATUS.NOTICE,
        last_working_day=date(2026, 11, 25),
        last_working_time=time(12, 30),
        contract_end_day=date(2026, 11, 25),
    )
    assert line(leaver) == [
        (NOW, ENABLED),
        (datetime(2026, 11, 25, 4, 30, tzinfo=UTC), DISABLED),
        (datetime(2026, 11, 25, 16, tzinfo=UTC), REMOVED),
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 23), 24)]
)
def test_a_day_on_which_the_clocks_change_has_its_own_length(day: date, hours: int) -> None:
    berlin = person(STATUS.NOTICE, last_working_day=day, hire_day=day, time_zone="Europe/Berlin")
    assert berlin.moment(LeaverDate.LAST_WORKING) - berlin.hired_at() == timedelta(hours=hours)


def test_nobody_is_removed_before_the_date_of_disabling() -> None:
    """HR's dates are not always in order: the contract of somebody who still works has ended."""
    leaver = person(STATUS.NOTICE, last_working_day=date(2026, 11, 25), contract_end_day=date(2026, 11, 20))
    assert line(leaver) == [(NOW, ENABLED), (datetime(2026, 11, 25, 16, tzinfo=UTC), REMOVED)]
    later = rules_with(disable=LeaverDate.LAST_WORKING, remove=LeaverDate.CONTRACT_END, remove_delay_days=10)
    assert line(leaver, rules=later) == [
        (NOW, ENABLED),
        (datetime(2026, 11, 25, 16, tzinfo=UTC), DISABLED),
        (datetime(2026, 11, 30, 16, tzinfo=UTC), REMOVED),
    ]


def test_a_contract_that_ends_without_a_last_working_day_ends_the_account() -> None:
    leaver = person(STATUS.NOTICE, contract_end_day=date(2026, 11, 25))
    assert line(leaver) == [(NOW, ENABLED), (datetime(2026, 11, 25, 16, tzinfo=UTC), REMOVED)]


TRANSFER = date(2026, 12, 20)


@pytest.mark.parametrize("status", [STATUS.NOTICE, STATUS.DEPARTED])
def test_a_departure_with_dates_of_its_own_does_not_wait_for_a_transfer_in_the_same_row(status) -> None:
    dates = {"last_working_day": date(2026, 11, 25), "contract_end_day": date(2026, 11, 30)}
    leaver = person(status, effective_on=TRANSFER, position="经理", **dates)
    assert line(person(), leaver)[:3] == [
        (NOW, ENABLED),
        (datetime(2026, 11, 25, 16, tzinfo=UTC), DISABLED),
        (datetime(2026, 11, 30, 16, tzinfo=UTC), REMOVED),
    ]
    versions = [PersonVersion(1, LONG_AGO, person()), PersonVersion(2, leaver.effective_at(), leaver)]
    out = desired_timeline(versions, RULES, NOW)[1].employee
    assert (out.position, out.last_working_day) == (None, date(2026, 11, 25)), "the transfer is still to come"


def test_a_departure_whose_only_date_is_the_one_from_which_it_holds_waits_for_it() -> None:
    leaver = person(STATUS.DEPARTED, effective_on=TRANSFER)
    assert line(person(), leaver) == [(NOW, ENABLED), (datetime(2026, 12, 19, 16, tzinfo=UTC), REMOVED)]


def test_a_departure_that_is_put_off_in_a_row_with_a_transfer_is_put_off() -> None:
    first = person(STATUS.NOTICE, last_working_day=date(2026, 11, 25))
    later = person(STATUS.NOTICE, effective_on=TRANSFER, last_working_day=date(2026, 12, 10))
    assert next(each for each in line(first, later) if each[1] is not ENABLED) == (
        datetime(2026, 12, 10, 16, tzinfo=UTC),
        REMOVED,
    )


@pytest.mark.parametrize(("before", "state"), [(STATUS.DEPARTED, REMOVED), (STATUS.PENDING_HIRE, ABSENT)])
def test_nobody_is_let_in_early_because_a_departure_after_a_later_start_is_known(before, state) -> None:
    now_out = person(before, **({"hire_day": TRANSFER} if before is STATUS.PENDING_HIRE else {}))
    temporary = person(STATUS.NOTICE, effective_on=TRANSFER, last_working_day=date(2027, 1, 31))
    told = line(now_out, temporary)
    assert told[0] == (NOW, state)
    assert told[1] == (datetime(2026, 12, 19, 16, tzinfo=UTC), ENABLED)


def test_departed_without_any_date_is_gone_now() -> None:
    assert line(person(STATUS.DEPARTED)) == [(NOW, REMOVED)]


def test_departed_without_any_date_is_disabled_while_the_grace_of_a_removal_cannot_be_counted() -> None:
    rules = rules_with(disable=LeaverDate.LAST_WORKING, remove=LeaverDate.CONTRACT_END, remove_delay_days=30)
    assert line(person(STATUS.DEPARTED), rules=rules) == [(NOW, DISABLED)]


def test_notice_without_any_date_changes_nothing_yet() -> None:
    assert line(person(STATUS.NOTICE)) == [(NOW, ENABLED)]


def test_departed_with_a_date_to_come_waits_for_it() -> None:
    leaver = person(STATUS.DEPARTED, last_working_day=date(2026, 11, 25))
    assert line(leaver) == [(NOW, ENABLED), (datetime(2026, 11, 25, 16, tzinfo=UTC), REMOVED)]


@pytest.mark.parametrize("status", [STATUS.ACTIVE, STATUS.PROBATION, STATUS.ON_LEAVE, STATUS.REHIRED])
def test_left_over_dates_of_people_who_work_here_remove_nothing(status: EmploymentStatus) -> None:
    back = person(status, last_working_day=date(2024, 6, 30), contract_end_day=date(2024, 6, 30))
    assert {state for _, state in line(back)} == {ENABLED}


def test_who_is_not_hired_yet_gets_an_account_on_the_day_in_their_zone() -> None:
    hire = person(STATUS.PENDING_HIRE, hire_day=date(2026, 12, 1))
    assert line(hire) == [(NOW, ABSENT), (datetime(2026, 11, 30, 16, tzinfo=UTC), ENABLED)]


def test_lead_days_open_the_account_earlier() -> None:
    hire = person(STATUS.PENDING_HIRE, hire_day=date(2026, 12, 1))
    early = rules_with(lead_days=3, disable=LeaverDate.LAST_WORKING, remove=None)
    assert line(hire, rules=early)[-1] == (datetime(2026, 11, 27, 16, tzinfo=UTC), ENABLED)


def test_a_hire_without_a_day_waits() -> None:
    assert line(person(STATUS.PENDING_HIRE, hire_day=None)) == [(NOW, ABSENT)]


def test_a_retracted_hire_is_never_enabled() -> None:
    gone = person(STATUS.DEPARTED, hire_day=date(2026, 12, 1))
    assert ENABLED not in {state for _, state in line(gone)}


def test_the_grace_before_a_removal_is_counted_from_its_date() -> None:
    rules = rules_with(disable=LeaverDate.LAST_WORKING, remove=LeaverDate.CONTRACT_END, remove_delay_days=30)
    leaver = person(STATUS.NOTICE, last_working_day=date(2026, 11, 25))
    first = datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert line(leaver, rules=rules) == [(NOW, ENABLED), (first, DISABLED), (first + timedelta(days=30), REMOVED)]


def test_without_a_removal_rule_an_account_is_only_ever_disabled() -> None:
    rules = rules_with(disable=LeaverDate.LAST_WORKING, remove=None)
    assert line(person(STATUS.DEPARTED), rules=rules) == [(NOW, DISABLED)]


def test_a_future_version_takes_effect_on_its_day_with_its_fields() -> None:
    moved = person(department="D2", effective_on=date(2026, 12, 1))
    versions = [PersonVersion(1, LONG_AGO, person(department="D1")), PersonVersion(2, moved.effective_at(), moved)]
    wanted = desired_timeline(versions, RULES, NOW)
    assert [(each.at, each.employee.department) for each in wanted] == [
        (NOW, "D1"),
        (datetime(2026, 11, 30, 16, tzinfo=UTC), "D2"),
    ]


def test_nothing_is_wanted_before_the_first_version_is_in_force() -> None:
    hire = person(effective_on=date(2026, 12, 1))
    assert line(hire) == [(datetime(2026, 11, 30, 16, tzinfo=UTC), ENABLED)]


def test_nobody_known_wants_nothing() -> None:
    assert desired_timeline([], RULES, NOW) == []
