"""Statements that come in several pages, or again with another content: nothing on any of them is hidden."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from baton.jobs.payment.reconciliation import Reconciler, Verdict
from tests.jobs.payment.test_reconciliation import LATE, SOON, K, credit, debit, facts, filed, head, kinds


def paged(page, opening=None, closing=None, **more):
    return replace(head(1, opening, closing), page=page, **more)


def test_the_pages_of_one_statement_are_all_compared_and_no_gap():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    last, first = paged(2, None, 800, closed="2026-11-25"), paged(1, 1000, None, pages_follow=True)
    for place, (told, number) in enumerate([(last, 2), (first, 1), (first, 1)]):
        reconciler.take(told, [debit(number)], digest=f"page {told.page}", notification=False, place=f"p{place}")
    reconciler.take(replace(head(2, 800, 800), closed="2026-11-26"), [], digest="n", notification=False)
    view = reconciler.month(SOON)
    assert (kinds(view), view.verdict, view.entries) == (["doubled_statement"], Verdict.CLEAN, 2)


@pytest.mark.parametrize(
    "pages",
    [
        [paged(2, None, 900)],
        [paged(1, 1000, None, pages_follow=True)],
        [paged(1, 1000, None, pages_follow=True), paged(3, None, 900, closed="2026-11-25")],
    ],
    ids=["no-first", "no-last", "none-between"],
)
def test_a_page_of_a_statement_that_is_missing_is_a_gap(pages):
    reconciler = Reconciler([facts(filed(1))])
    for place, told in enumerate(pages):
        reconciler.take(told, [] if place else [debit(1)], digest=str(place), notification=False)
    assert kinds(reconciler.month(SOON)) == ["statement_gap"]


def test_a_gap_before_or_after_a_statement_of_several_pages_is_seen():
    reconciler = Reconciler([facts(filed(1))])
    last, following = paged(2, None, 900, closed="2026-11-25"), replace(head(2, 901, 800), closed="2026-11-26")
    for told in (paged(1, 1000, None, pages_follow=True), last, following):
        reconciler.take(told, [debit(1)] if told.page == 1 else [], digest=str(told), notification=False)
    assert kinds(reconciler.month(SOON)) == ["statement_gap"]


def test_the_pages_of_a_message_tell_statements_of_one_name_apart_and_miss_nothing():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for page, told in ((1, head(1, 1000, None)), (2, head(1, None, 800))):
        reconciler.take(replace(told, message_page=page), [debit(page)], digest=str(page), notification=False)
    view = reconciler.month(SOON)
    assert (kinds(view), view.verdict) == ([], Verdict.CLEAN)


def test_the_same_statement_with_another_content_is_an_alarm():
    reconciler = Reconciler([facts(filed(1))])
    reconciler.take(head(), [debit(1)], digest="x", notification=False)
    reconciler.take(head(), [debit(1), debit(0)], digest="y", notification=False)
    differences = reconciler.month(SOON).beside
    assert [(each.kind, each.alarm) for each in differences] == [
        (K.CHANGED_STATEMENT, True),
        (K.UNEXPECTED_DEBIT, True),
    ]


def test_what_both_contents_of_a_changed_statement_show_is_told_once_and_pays_nothing_twice():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    stranger = debit(0, 77)
    reconciler.take(head(), [debit(1), stranger], digest="x", notification=False)
    reconciler.take(head(), [debit(1), stranger, stranger, debit(2), credit(1)], digest="y", notification=False)
    view = reconciler.month(LATE)
    assert kinds(view) == ["changed_statement", "missing", "unexpected_debit", "unexpected_debit"]
    assert (view.entries, view.runs["run-1"].booked_minor) == (2, 100)


def test_a_whole_statement_that_comes_again_alone_is_a_copy_whatever_page_of_its_message_it_was_on():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    told = replace(head(1, 1000, 800), closed="2026-11-25")
    for page in (2, 0, 3):
        reconciler.take(replace(told, message_page=page), [debit(1), debit(2)], digest="x", notification=False)
    view = reconciler.month(SOON)
    assert (kinds(view), view.entries) == (["doubled_statement", "doubled_statement"], 2)


def test_a_page_that_was_kept_before_pages_were_read_is_a_copy_of_itself():
    reconciler = Reconciler([facts(filed(1))])
    for told in (head(1, 1000, None), paged(1, 1000, None, pages_follow=True)):
        reconciler.take(told, [debit(1)], digest="x", notification=False)
    assert kinds(reconciler.month(SOON))[0] == "doubled_statement"


def test_two_pages_with_the_same_bookings_are_no_copies():
    reconciler = Reconciler([facts(filed(1))])
    for page in (2, 3):
        reconciler.take(paged(page, None, None, pages_follow=True), [debit(0, 7)], digest="x", notification=False)
    assert kinds(reconciler.month(SOON)).count("unexpected_debit") == 2
    assert "doubled_statement" not in kinds(reconciler.month(SOON))


def compared(*pages):
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for place, (told, entries) in enumerate(pages):
        reconciler.take(told, entries, digest=str(place), notification=False)
    return reconciler.month(SOON)


DAY, NEXT = "2026-11-25", "2026-11-26"


@pytest.mark.parametrize(
    "pages",
    [
        [
            (replace(head(1, 1000, 900), page=7, closed=DAY), [debit(1)]),
            (replace(head(2, 900, 800), page=8, closed=NEXT), [debit(2)]),
        ],
        [
            (paged(7, None, 900, told_opening_minor=1000, closed=DAY), [debit(1)]),
            (paged(8, None, 800, told_opening_minor=900, closed=NEXT), [debit(2)]),
        ],
        [
            (paged(1, 1000, None, pages_follow=True, statement_id="S1-1"), [debit(1)]),
            (paged(2, None, 800, closed=DAY, statement_id="S1-2"), [debit(2)]),
        ],
        [
            (paged(1, 1000, None, pages_follow=True), [debit(1)._replace(booked=date(2026, 12, 31))]),
            (paged(2, None, 800, closed="2027-01-03"), [debit(2)]),
        ],
        [
            (paged(1, 1000, None, pages_follow=True), []),
            (paged(2, None, 800, closed=DAY), [debit(1), debit(2)]),
        ],
        [(head(1, 1000, None), [debit(1)]), (paged(2, None, 800, closed=DAY), [debit(2)])],
        [
            (paged(1, 1000, None, pages_follow=True, closed=DAY), [debit(1)]),
            (paged(2, None, 800, told_opening_minor=1000, closed=DAY), [debit(2)]),
        ],
    ],
    ids=["on-across-days", "on-across-days-as-read", "own-ids", "new-year", "empty-first", "kept-before", "repeated"],
)
def test_the_ways_in_which_banks_number_pages_are_no_gaps(pages):
    view = compared(*pages)
    assert (kinds(view), view.verdict, view.entries) == ([], Verdict.CLEAN, 2)


def test_a_page_that_is_a_statement_of_its_own_stands_in_the_chain():
    first = paged(7, None, 900, told_opening_minor=1000, closed=DAY)
    second = replace(paged(8, None, 800, told_opening_minor=901, closed=NEXT), sequence="2", statement_id="S2")
    assert kinds(compared((first, [debit(1)]), (second, [debit(2)]))) == ["statement_gap"]


def test_a_number_that_comes_again_in_the_next_year_has_pages_of_its_own():
    early = [
        (paged(1, 1000, None, pages_follow=True, closed=""), [debit(1)._replace(booked=date(2025, 1, 2))]),
        (paged(2, None, 900, closed="2025-01-02"), []),
    ]
    first = (paged(1, 900, None, pages_follow=True), [debit(2)._replace(booked=date(2026, 1, 2))])
    last = (paged(2, None, 800, closed="2026-01-02"), [])
    assert "statement_gap" not in kinds(compared(*early, first, last))
    assert "statement_gap" in kinds(compared(*early, first))
    assert "statement_gap" in kinds(compared(*early, last))


def test_statements_of_one_number_are_joined_by_their_days_in_whatever_order_their_pages_come():
    pages = [
        (paged(2, None, 800, closed=NEXT, statement_id="B"), [debit(2)]),
        (paged(1, 900, None, pages_follow=True, closed=NEXT, statement_id="B"), []),
        (paged(2, None, 900, closed=DAY, statement_id="A"), [debit(1)]),
        (paged(1, 1000, None, pages_follow=True, closed=DAY, statement_id="A"), []),
    ]
    assert kinds(compared(*pages)) == []


def test_of_pages_without_a_name_none_is_missed_and_all_are_compared():
    nameless = [
        (paged(page, None, None, pages_follow=True, sequence="", statement_id=""), [debit(page)]) for page in (1, 2)
    ]
    view = compared(*nameless)
    assert (kinds(view), view.entries) == ([], 2)
