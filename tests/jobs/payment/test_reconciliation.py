"""To zero, or with every difference by its kind; and never a success over nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import Fault
from baton.jobs.payment.differences import ALARMS, DifferenceKind, Weight
from baton.jobs.payment.matching import Expected
from baton.jobs.payment.reconciliation import Filed, FileTotals, Reconciler, RunFacts, Verdict
from baton.model.bank_answers import Direction, Reason, ReasonKind, Statement, StatementEntry
from baton.model.pay_run import LineState as S

ACCOUNT = "6222000011112222"
PAY_DAY = date(2026, 11, 25)
SOON, LATE = PAY_DAY + timedelta(days=1), PAY_DAY + timedelta(days=9)
K = DifferenceKind


def filed(number, amount=100, state=S.PAID, batch=""):
    return Filed(Expected(f"R{number}", amount, "CNY", ACCOUNT, batch), state, "M1")


def facts(*lines, run="run-1", **changes):
    total = FileTotals("M1", "d1", len(lines), sum(each.line.amount_minor for each in lines))
    return replace(RunFacts(run, "2026-11", "CNY", PAY_DAY, lines, [total], [total]), **changes)


def debit(number, amount=100, **more):
    return StatementEntry("A1", Direction.DEBIT, amount, "CNY", PAY_DAY, (f"R{number}",) if number else (), **more)


def credit(number, amount=100):
    back = Reason("AC04", ReasonKind.DEAD_ACCOUNT)
    return debit(number, amount)._replace(direction=Direction.CREDIT, returned=back)


def head(sequence=1, opening=None, closing=None):
    return Statement(ACCOUNT, f"S{sequence}", str(sequence), "CNY", opening, closing)


def month(runs, *entries, as_of=SOON, state_of=None):
    reconciler = Reconciler(runs)
    reconciler.take(head(), entries, digest="x", notification=False)
    return reconciler.month(as_of)


def kinds(view):
    return sorted(kind.value for kind, count in view.differences.items() for _ in range(count))


def test_everything_filed_signed_answered_and_booked_comes_to_zero():
    view = month([facts(filed(1), filed(2, 250))], debit(1), debit(2, 250))
    run = view.runs["run-1"]
    assert (view.verdict, run.verdict, run.rest_minor, run.differences) == (Verdict.CLEAN, Verdict.CLEAN, 0, [])
    assert (run.filed_minor, run.booked_minor, run.compared, run.lines) == (350, 350, 2, 2)
    assert "350" not in repr(run)


def test_a_refused_line_is_accounted_for_and_one_on_its_way_keeps_the_run_open():
    view = month([facts(filed(1), filed(2, 30, S.REJECTED), filed(3, 7, S.ACCEPTED))], debit(1))
    run = view.runs["run-1"]
    assert (run.refused_minor, run.waiting_minor, run.rest_minor, run.verdict) == (30, 7, 0, Verdict.OPEN)


def test_a_line_on_no_statement_in_time_is_missing():
    view = month([facts(filed(1), filed(2))], debit(1), as_of=LATE)
    assert kinds(view) == ["missing"]
    assert view.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("entries", [(), (credit(0),)])
def test_a_comparison_of_nothing_is_no_success(entries):
    assert month([facts(filed(1))], *entries).verdict is Verdict.NOTHING_COMPARED
    assert month([facts()], debit(0)).verdict is Verdict.NOTHING_COMPARED
    assert month([], debit(0)).verdict is Verdict.NOTHING_COMPARED


def test_a_debit_that_nobody_asked_for_is_an_alarm_beside_every_run():
    view = month([facts(filed(1))], debit(1), debit(0, 999))
    assert [(each.kind, each.alarm, each.found_minor) for each in view.beside] == [(K.UNEXPECTED_DEBIT, True, 999)]
    assert view.runs["run-1"].verdict is Verdict.CLEAN
    assert view.verdict is Verdict.DIFFERENT


def test_a_debit_of_another_run_is_expected():
    other = facts(Filed(Expected("R9", 5, "CNY", ACCOUNT), S.PAID, "M1"), run="run-2")
    view = month([facts(filed(1)), other], debit(1), debit(9, 5))
    assert view.verdict is Verdict.CLEAN
    assert set(view.runs) == {"run-1", "run-2"}


def test_the_same_line_booked_twice_is_paid_twice_even_under_one_name():
    view = month([facts(filed(1))], debit(1), debit(1))
    assert kinds(view) == ["paid_twice"]
    assert view.runs["run-1"].rest_minor == -100
    assert K.PAID_TWICE in ALARMS


def test_two_days_statements_may_name_their_bookings_alike_and_hide_nothing():
    reconciler = Reconciler([facts(filed(1))])
    for sequence in (1, 2):
        reconciler.take(head(sequence), [debit(1)], digest=str(sequence), notification=False)
    assert kinds(reconciler.month(SOON)) == ["paid_twice"]


def test_a_notification_is_believed_until_the_statement_comes_and_counts_nothing_twice():
    reconciler = Reconciler([facts(filed(1))])
    reconciler.take(head(1), [debit(1)], digest="n", notification=True)
    assert reconciler.month(SOON).verdict is Verdict.CLEAN
    reconciler.take(head(2), [debit(1)], digest="s", notification=False)
    assert reconciler.month(SOON).runs["run-1"].booked_minor == 100
    assert reconciler.month(SOON).verdict is Verdict.CLEAN


def test_another_amount_is_a_difference_of_its_run_and_does_not_come_to_zero():
    run = month([facts(filed(1), filed(2))], debit(1, 90), debit(2)).runs["run-1"]
    assert [each.kind for each in run.differences] == [K.AMOUNT_DIFFERS]
    assert (run.rest_minor, run.verdict) == (10, Verdict.DIFFERENT)


def test_a_return_is_listed_and_explained():
    run = month([facts(filed(1, state=S.RETURNED), filed(2))], debit(1), credit(1), debit(2)).runs["run-1"]
    assert [each.kind for each in run.differences] == [K.RETURNED]
    assert (run.came_back_minor, run.rest_minor, run.verdict) == (100, 0, Verdict.CLEAN)


def test_a_return_that_only_the_banks_word_tells_of_keeps_the_run_from_being_clean():
    returned = [facts(filed(1, state=S.RETURNED))]
    assert month(returned, debit(1)).verdict is Verdict.CLEAN, "it may be on its way"
    run = month(returned, debit(1), as_of=LATE).runs["run-1"]
    assert [(each.kind, each.weight) for each in run.differences] == [(K.RETURN_MISSING, Weight.LOOK)]
    assert run.verdict is Verdict.DIFFERENT
    assert month(returned, debit(1), credit(1), as_of=LATE).verdict is Verdict.CLEAN


def test_a_return_that_comes_twice_is_not():
    run = month([facts(filed(1, state=S.RETURNED))], debit(1), credit(1), credit(1)).runs["run-1"]
    assert [each.kind for each in run.differences] == [K.RETURNED_TWICE]
    assert run.verdict is Verdict.DIFFERENT


def test_a_booking_of_what_was_refused_or_never_sent_is_an_alarm():
    for state, kind in (
        (S.REJECTED, K.PAID_THOUGH_REFUSED),
        (S.HELD, K.NOT_SENT),
        (S.FILED, K.NOT_SENT),
        (S.DISPUTED, K.DISPUTED),
    ):
        (difference,) = month([facts(filed(1, state=state))], debit(1)).runs["run-1"].differences
        assert (difference.kind, difference.alarm) == (kind, True)


def test_a_batch_booking_pays_all_of_it():
    whole = StatementEntry("A1", Direction.DEBIT, 350, "CNY", PAY_DAY, batch_id="B1", batch_count=2)
    view = month([facts(filed(1, 100, batch="B1"), filed(2, 250, batch="B1"))], whole)
    assert (view.verdict, view.runs["run-1"].booked_minor) == (Verdict.CLEAN, 350)


def test_a_file_that_was_not_signed_for_or_is_not_its_lines_is_told():
    good = facts(filed(1))
    (total,) = good.files
    unsigned = month([replace(good, approved=[])], debit(1))
    other_bytes = month([replace(good, approved=[replace(total, digest="d2")])], debit(1))
    unbuilt = month([replace(good, files=[], lines=good.lines)], debit(1))
    wrong_sum = month(
        [replace(good, files=[replace(total, total_minor=1)], approved=[replace(total, total_minor=1)])], debit(1)
    )
    assert [kinds(view) for view in (unsigned, other_bytes, unbuilt, wrong_sum)] == [
        ["not_approved"], ["not_approved"], ["not_filed", "not_filed"], ["file_total"],
    ]  # fmt: skip


def test_a_second_copy_of_a_statement_is_listed_and_not_counted():
    reconciler = Reconciler([facts(filed(1))])
    for _ in range(2):
        reconciler.take(head(), [debit(1)], digest="x", notification=False)
    view = reconciler.month(SOON)
    assert (kinds(view), view.verdict) == (["doubled_statement"], Verdict.CLEAN)


def test_a_statement_read_before_in_another_run_of_the_program_is_known():
    reconciler = Reconciler([facts(filed(1))], {(ACCOUNT, "CNY", "1", "S1", "", 0): "x"})
    reconciler.take(head(), [debit(1)], digest="x", notification=False)
    assert reconciler.month(SOON).entries == 0


def test_statements_without_any_name_are_told_apart_by_their_content():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for number in (1, 2):
        reconciler.take(Statement(ACCOUNT), [debit(number)], digest=str(number), notification=False)
    assert reconciler.month(SOON).verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    ("second", "gap"),
    [
        (head(2, 900, 800), False),
        (head(2, 901, 800), True),
        (head(3, 900, 800), True),
    ],
)
def test_statements_must_go_on_from_one_another(second, gap):
    reconciler = Reconciler([facts(filed(1))])
    reconciler.take(second, [], digest="2", notification=False)
    reconciler.take(head(1, 1000, 900), [debit(1)], digest="1", notification=False)
    assert kinds(reconciler.month(SOON)) == (["statement_gap"] if gap else [])


@pytest.mark.parametrize(
    ("sequence", "opening", "gap"),
    [(1, 900, False), (366, 900, False), (1, 901, True)],
    ids=["counted-anew", "counted-on", "something-is-missing"],
)
def test_a_bank_may_count_its_statements_anew_each_year(sequence, opening, gap):
    reconciler = Reconciler([facts(filed(1))])
    last, first = head(365, 1000, 900), head(sequence, opening, 800)
    reconciler.take(replace(last, closed="2026-12-31"), [debit(1)], digest="1", notification=False)
    reconciler.take(replace(first, statement_id="N1", closed="2027-01-01"), [], digest="2", notification=False)
    assert kinds(reconciler.month(SOON)) == (["statement_gap"] if gap else [])


def test_a_bank_may_give_its_statements_the_numbers_of_the_year_before_again():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for number, day in ((1, "2026-01-02"), (2, "2027-01-04")):
        reconciler.take(replace(head(), closed=day), [debit(number)], digest=day, notification=False)
    assert (kinds(reconciler.month(SOON)), reconciler.month(SOON).verdict) == ([], Verdict.CLEAN)


def test_a_bank_may_give_its_notifications_the_numbers_of_the_year_before_again():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for number, year in ((1, 2026), (2, 2027)):
        booked = debit(number)._replace(booked=date(year, 1, 5))
        reconciler.take(head(), [booked], digest=str(year), notification=True)
    assert (kinds(reconciler.month(SOON)), reconciler.month(SOON).verdict) == ([], Verdict.CLEAN)


def test_statements_without_numbers_go_on_in_the_order_of_their_days():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for name, day, opening in (("STMT-9", "2026-11-29", 1000), ("STMT-10", "2026-11-30", 900)):
        told = Statement(ACCOUNT, name, "", "CNY", opening, opening - 100, day)
        reconciler.take(told, [debit(1 if opening == 1000 else 2)], digest=name, notification=False)
    assert (kinds(reconciler.month(SOON)), reconciler.month(SOON).verdict) == ([], Verdict.CLEAN)


def test_a_notification_with_a_statements_number_is_none_and_does_not_take_its_place():
    reconciler = Reconciler([facts(filed(1), filed(2))])
    reconciler.take(head(), [debit(1)], digest="n", notification=True)
    reconciler.take(head(), [debit(1), debit(2)], digest="s", notification=False)
    assert (kinds(reconciler.month(SOON)), reconciler.month(SOON).verdict) == ([], Verdict.CLEAN)


def test_balances_that_a_reader_found_wrong_keep_the_month_from_being_clean():
    reconciler = Reconciler([facts(filed(1))])
    reconciler.take(head(), [debit(1)], digest="x", notification=False)
    reconciler.find([Fault("s.xml:3", "balance_chain", "Stmt does not add up")])
    assert (kinds(reconciler.month(SOON)), reconciler.month(SOON).verdict) == (["balance"], Verdict.DIFFERENT)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**9), st.sampled_from(["booked", "refused", "waiting", "returned", "changed", "twice"])
        ),
        min_size=1,
        max_size=12,
    )
)
def test_it_comes_to_zero_exactly_when_every_booking_is_as_it_was_ordered(lines):
    facts_, entries = [], []
    for number, (amount, fate) in enumerate(lines, 1):
        state = {"refused": S.REJECTED, "waiting": S.ACCEPTED, "returned": S.RETURNED}.get(fate, S.PAID)
        facts_.append(filed(number, amount, state))
        entries += {
            "booked": [debit(number, amount)],
            "returned": [debit(number, amount), credit(number, amount)],
            "changed": [debit(number, amount + 1)],
            "twice": [debit(number, amount), debit(number, amount)],
        }.get(fate, [])
    fates = {fate for _, fate in lines}
    run = month([facts(*facts_)], *entries).runs["run-1"]
    assert (run.rest_minor == 0) == (not fates & {"changed", "twice"})
    assert (run.verdict is Verdict.CLEAN) == (fates <= {"booked", "refused", "returned"})
    assert run.filed_minor == sum(amount for amount, _ in lines)


# --- one booking in several papers


def told(*papers):
    """A view of (sequence, notification, entries) of each paper, in order."""
    reconciler = Reconciler([facts(filed(1), filed(2))])
    for number, (sequence, notification, entries) in enumerate(papers):
        reconciler.take(head(sequence), entries, digest=f"d{sequence}", notification=notification, place=f"p{number}")
    return reconciler.month(SOON)


def test_a_booking_in_two_notifications_is_one_and_two_bookings_in_one_are_two():
    assert kinds(told((1, True, [debit(1)]), (2, True, [debit(1)]))) == []
    assert kinds(told((1, True, [debit(1), debit(1)]))) == ["paid_twice"]
    next_day = debit(1)._replace(entry_id="A2", booked=SOON)
    assert kinds(told((1, True, [debit(1)]), (2, True, [next_day]))) == ["paid_twice"]


def test_what_nobody_asked_for_is_one_difference_told_by_notification_and_statement():
    first = told((1, True, [debit(0, 999)]))
    both = told((1, True, [debit(0, 999)]), (2, False, [debit(0, 999)]))
    assert kinds(both) == ["unexpected_debit"]
    assert both.beside == first.beside, "it keeps its place, so that who took it on need not again"
    assert (
        kinds(told((1, True, [debit(0, 999)]), (2, False, [debit(0, 999), debit(0, 999)]))) == ["unexpected_debit"] * 2
    )


def test_two_debits_alike_on_two_statements_are_two_differences_in_two_places():
    view = told((1, False, [debit(0, 999)]), (2, False, [debit(0, 999)]))
    assert [each.place for each in view.beside] == ["p0", "p1"]


@pytest.mark.parametrize(
    "misfit", [debit(1, 90), debit(1)._replace(currency="USD"), debit(1)._replace(references=("R1", "R2"))]
)
def test_money_that_left_otherwise_than_asked_is_an_alarm(misfit):
    view = month([facts(filed(1), filed(2))], misfit)
    found = [*view.beside, *view.runs["run-1"].differences]
    assert [each.weight for each in found] == [Weight.ALARM]


@given(
    st.permutations([1, 2, 3]),
    st.lists(st.sampled_from([1, 2, 3]), max_size=4),
    st.lists(st.sampled_from([1, 2, 3]), max_size=3),
    st.booleans(),
)
def test_copies_of_statements_and_notifications_of_what_they_book_raise_no_alarm(order, copies, notified, first):
    """Lines booked once each, over three statements, whichever come again and whatever was notified before or after."""
    bookings = {1: [debit(1)], 2: [debit(2, 250), debit(3, 7)], 3: [credit(2, 250)]}
    lines_of_run = facts(filed(1), filed(2, 250, S.RETURNED), filed(3, 7))
    notifications = [(10 + place, True, bookings[which]) for place, which in enumerate(notified)]
    papers = [(each, False, bookings[each]) for each in (*order, *copies)]
    reconciler = Reconciler([lines_of_run])
    for number, (sequence, notification, entries) in enumerate(
        [*notifications, *papers] if first else [*papers, *notifications]
    ):
        reconciler.take(head(sequence), entries, digest=f"d{sequence}", notification=notification, place=str(number))
    view = reconciler.month(SOON)
    assert [each for each in (*view.beside, *view.runs["run-1"].differences) if each.weight is Weight.ALARM] == []
    assert view.verdict is Verdict.CLEAN


def _in(currency, sequence, opening, closing, name="S"):
    return replace(head(sequence, opening, closing), currency=currency, statement_id=f"{name}{sequence}")


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ((1, 2, 3, 4), []),
        ((1, 1, 2, 2), []),
        ((1, 2, 3, 5), ["statement_gap"]),
        ((1, 1, 3, 2), ["statement_gap"]),
    ],
    ids=["counted-together", "counted-apart", "one-of-all-is-missing", "one-of-its-own-is-missing"],
)
@pytest.mark.parametrize("named_alike", [True, False])
def test_statements_of_one_account_go_on_from_those_in_their_own_currency(numbers, found, named_alike):
    """CNY 1000 to 900 to 800 beside USD 50 to 50 to 40, on one account."""
    reconciler = Reconciler([facts(filed(1))])
    told = [("CNY", 1000, 900), ("USD", 50, 50), ("CNY", 900, 800), ("USD", 50, 40)]
    for (currency, opening, closing), number in zip(told, numbers, strict=True):
        name = "S" if named_alike else currency
        said = _in(currency, number, opening, closing, name)
        bookings = [debit(1)] if (currency, closing) == ("CNY", 900) else []
        reconciler.take(said, bookings, digest=f"{currency}{number}", notification=False)
    assert kinds(reconciler.month(SOON)) == found


def test_a_balance_that_does_not_go_on_in_its_own_currency_is_a_gap_beside_another():
    reconciler = Reconciler([facts(filed(1))])
    for place, (currency, opening, closing) in enumerate([("CNY", 1000, 900), ("USD", 900, 850), ("CNY", 850, 800)]):
        bookings = [debit(1)] if not place else []
        said = _in(currency, place + 1, opening, closing)
        reconciler.take(said, bookings, digest=str(place), notification=False)
    assert kinds(reconciler.month(SOON)) == ["statement_gap"]
