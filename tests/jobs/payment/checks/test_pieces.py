"""Names, numbers, months and calendars by themselves."""

from __future__ import annotations

import doctest
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import ConfigurationError
from baton.jobs.payment import calendar as days
from baton.jobs.payment import periods
from baton.jobs.payment.calendar import CalendarFile, WorkCalendar, YearDays, load_calendar
from baton.jobs.payment.checks import account_numbers, names
from baton.jobs.payment.checks.account_numbers import cnaps_fits, iban_fits
from baton.jobs.payment.checks.names import is_latin, normalised, same_name
from baton.jobs.payment.files import loads
from baton.model import persons
from tests.jobs.payment.checks.shipped import CALENDAR
from tests.rig.examples import few

HEAD_OFFICES = (
    "102100099996", "105100000017", "103100000026", "104100000004", "308584000013", "301290000007", "302100011000",
    "303100000006", "304100040000", "305100000013", "306581000003", "307584007998", "309391000011", "310290000013",
)  # fmt: skip
"""Published numbers of banks in China."""


@pytest.mark.parametrize("module", [account_numbers, names, periods, persons], ids=lambda module: module.__name__)
def test_examples_in_the_code_hold(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("code", HEAD_OFFICES)
def test_published_bank_numbers_fit_and_no_other_last_digit_does(code):
    assert [digit for digit in "0123456789" if cnaps_fits(code[:-1] + digit)] == [code[-1]]


@given(st.from_regex(r"[A-Z]{2}[0-9A-Z]{16}", fullmatch=True), st.integers(0, 19), st.sampled_from("0123456789"))
@few(40)
def test_one_wrong_digit_of_an_iban_is_found(rest, at, digit):
    number = rest[2:] + rest[:2] + "00"
    check = 98 - int("".join(str(int(each, 36)) for each in number)) % 97
    iban = f"{rest[:2]}{check:02d}{rest[2:]}"
    if rest[:2] in account_numbers.IBAN_LENGTHS:
        return
    assert iban_fits(iban)
    changed = iban[:at] + digit + iban[at + 1 :]
    if changed != iban and changed[:2].isalpha() and iban[at].isdecimal():
        assert not iban_fits(changed)


@given(st.text(max_size=20))
def test_normalising_twice_is_normalising_once(text):
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("José", "Jose\u0301", True),
        ("阿依古丽•买买提", "阿依古丽·买买提", True),
        ("阿依古丽 · 买买提", "阿依古丽·买买提", True),
        ("张 伟", "张伟", True),
        ("张　伟\u200b", "张伟", True),
        ("ＬＩ ＬＥＩ", "LI LEI", True),
        ("LI  LEI", "LI LEI", True),
        ("LI LEI", "LILEI", False),
        ("LI LEI", "Li Lei", False),
        ("张伟", "章伟", False),
        ("张伟", "張偉", False),
        ("张伟", "Zhang Wei", False),
        ("测试公司（上海）", "测试公司(上海)", True),
        ("𠮷田", "吉田", False),
        ("䶮", "龑", False),
    ],
)
def test_when_two_names_are_one(one, other, same):
    assert same_name(one, other) is same
    assert same_name(other, one) is same


@pytest.mark.parametrize(
    ("name", "latin"), [("Zhang Wei", True), ("张伟", False), ("A张", False), ("𠮷", False), ("·", False)]
)
def test_when_a_name_is_latin(name, latin):
    assert is_latin(name) is latin


# --- the calendar


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-10-01", False),
        ("2026-10-10", True),  # a Saturday that is worked
        ("2026-11-07", False),
        ("2026-11-09", True),
        ("2026-12-31", True),
        ("2027-01-04", None),
        ("2003-06-02", None),
    ],
)
def test_the_days_of_china(day, works):
    assert WorkCalendar().works(date.fromisoformat(day)) is works


def test_a_told_year_and_the_banks_own_days():
    told = WorkCalendar(
        years={2027: YearDays(holidays=(date(2027, 1, 1),), workdays=(date(2027, 1, 3),))},
        closed=frozenset({date(2026, 12, 31)}),
    )
    assert [told.works(date(2027, 1, day)) for day in (1, 2, 3, 4)] == [False, False, True, True]
    assert told.at_or_before(date(2027, 1, 2)) == date(2026, 12, 30)
    assert told.before(date(2027, 1, 4), 2) == date(2026, 12, 30)


def test_weekends_alone_know_only_the_years_they_are_told():
    weekends = WorkCalendar("weekends", {2026: YearDays()})
    assert weekends.works(date(2026, 10, 1)) is True
    assert weekends.works(date(2025, 10, 1)) is None
    assert weekends.at_or_before(date(2026, 1, 4)) == date(2026, 1, 2)
    assert (
        WorkCalendar("weekends", {2027: YearDays(holidays=(date(2027, 1, 1),))}).at_or_before(date(2027, 1, 1)) is None
    )


def test_a_calendar_without_a_working_day_proposes_none():
    closed = frozenset(date(2026, 12, day) for day in range(1, 32)) | {date(2026, 11, 30)}
    assert WorkCalendar(closed=closed).at_or_before(date(2026, 12, 31)) is None


def test_the_calendar_that_ships_is_sound():
    assert load_calendar(CALENDAR) == WorkCalendar()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("years: {2027: {holidays: [2026-01-01]}}", "is of another year"),
        ("years: {2027: {holidays: [2027-01-02], workdays: [2027-01-02]}}", "as a holiday and as worked"),
        ("years: {1027: {}}", "1027"),
        ("base: europe", "base"),
        ("closed: [tomorrow]", "closed.0"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(text, told):
    with pytest.raises(ConfigurationError, match=told):
        loads(text.encode(), "calendar.yaml", CalendarFile)


def test_the_longest_break_is_longer_than_any_of_china():
    import chinese_calendar

    rest, longest = 0, 0
    for ordinal in range(date(2004, 1, 1).toordinal(), date(2026, 12, 31).toordinal() + 1):
        rest = 0 if chinese_calendar.is_workday(date.fromordinal(ordinal)) else rest + 1
        longest = max(longest, rest)
    assert longest < days.LONGEST_BREAK_DAYS
