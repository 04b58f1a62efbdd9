from __future__ import annotations

from datetime import date

import pytest

from baton.jobs.payment.matching import Expectations, Expected, MatchKind
from baton.model.bank_answers import Direction, StatementEntry

ACCOUNT = "6222000011112222"
ONE = Expected("R1", 100, "CNY", ACCOUNT, "B1", "测试甲")
TWO = Expected("R2", 250, "CNY", ACCOUNT, "B1", "测试乙")
THREE = Expected("R3", 100, "CNY", ACCOUNT, "", "测试丙")
ALL = Expectations([ONE, TWO, THREE])
DEBIT = StatementEntry("A1", Direction.DEBIT, 100, "CNY", date(2026, 11, 25), ("R1",))


def match(entry, expectations=ALL, account=ACCOUNT):
    found = expectations.match(account, entry)
    return found.kind, found.references


def test_a_line_is_found_by_reference_amount_and_account():
    assert match(DEBIT) == (MatchKind.LINE, ("R1",))
    assert match(DEBIT._replace(references=("unknown", "R1", "SERVICER"))) == (MatchKind.LINE, ("R1",))


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"amount_minor": 101}, MatchKind.AMOUNT_DIFFERS), ({"currency": "EUR"}, MatchKind.OTHER_ACCOUNT)],
)
def test_a_reference_alone_is_not_enough(change, kind):
    assert match(DEBIT._replace(**change)) == (kind, ("R1",))


def test_another_account_of_ours_is_another_account():
    assert match(DEBIT, account="6222999999999999") == (MatchKind.OTHER_ACCOUNT, ("R1",))


def test_two_lines_in_one_booking_are_nobodys():
    assert match(DEBIT._replace(references=("R1", "R3"))) == (MatchKind.AMBIGUOUS, ("R1", "R3"))


def test_a_batch_is_its_id_and_its_total():
    whole = DEBIT._replace(references=(), batch_id="B1", amount_minor=350)
    assert match(whole) == (MatchKind.BATCH, ("R1", "R2"))
    assert match(whole._replace(amount_minor=351)) == (MatchKind.AMOUNT_DIFFERS, ("R1", "R2"))
    assert match(whole._replace(batch_id="B9")) == (MatchKind.UNEXPECTED_DEBIT, ())


def test_a_batch_may_be_booked_without_the_lines_that_the_bank_has_refused():
    expectations = Expectations([ONE, TWO, THREE], refused=["R1"])
    part = DEBIT._replace(references=(), batch_id="B1", amount_minor=250)
    assert match(part, expectations) == (MatchKind.BATCH, ("R2",))
    assert match(part) == (MatchKind.AMOUNT_DIFFERS, ("R1", "R2"))


def test_a_name_never_decides_and_hints_only_when_it_points_to_one():
    stranger = DEBIT._replace(references=(), counterparty="测试甲")
    found = ALL.match(ACCOUNT, stranger)
    assert (found.kind, found.references, found.hint) == (MatchKind.UNEXPECTED_DEBIT, (), "R1")
    assert ALL.match(ACCOUNT, stranger._replace(counterparty="测试")).hint == ""  # cut too short to tell two apart
    assert ALL.match(ACCOUNT, stranger._replace(amount_minor=99)).hint == ""
    assert ALL.match(ACCOUNT, stranger._replace(counterparty="")).hint == ""


def test_money_that_comes_in_for_nothing_of_ours_is_unrelated():
    assert match(DEBIT._replace(references=("INVOICE",), direction=Direction.CREDIT)) == (MatchKind.UNRELATED, ())


def test_one_reference_cannot_be_filed_twice():
    with pytest.raises(ValueError, match="R1 was filed twice"):
        Expectations([ONE, ONE])


BACK = DEBIT._replace(references=(), batch_id="B1", direction=Direction.CREDIT)
FOUR = Expected("R4", 100, "CNY", ACCOUNT, "B1")


def test_what_comes_back_of_a_batch_may_be_the_lines_whose_money_the_payees_do_not_have():
    disputed = Expectations([ONE, TWO], may_come_back=["R2"])
    assert match(BACK._replace(amount_minor=250), disputed) == (MatchKind.BATCH, ("R2",))
    assert match(BACK._replace(amount_minor=100), disputed)[0] is MatchKind.AMOUNT_DIFFERS
    assert match(BACK._replace(amount_minor=350), disputed) == (MatchKind.BATCH, ("R1", "R2"))
    assert match(BACK._replace(amount_minor=250, direction=Direction.DEBIT), disputed)[0] is MatchKind.AMOUNT_DIFFERS
    assert match(BACK._replace(amount_minor=250), disputed, "6222999999999999")[0] is MatchKind.OTHER_ACCOUNT


@pytest.mark.parametrize(("amount", "found"), [(350, ()), (250, ("R2",)), (100, ()), (450, ("R1", "R2", "R4"))])
def test_which_of_them_it_is_is_said_only_where_the_amount_leaves_no_choice(amount, found):
    with_one_more = Expectations([ONE, TWO, FOUR], may_come_back=["R1", "R2", "R4"])
    kind, references = match(BACK._replace(amount_minor=amount), with_one_more)
    assert (kind, references if kind is MatchKind.BATCH else ()) == (
        MatchKind.BATCH if found else MatchKind.AMOUNT_DIFFERS,
        found,
    )


def test_where_what_was_paid_and_what_was_refused_are_the_same_sum_nobody_is_said_to_be_unpaid():
    alike = Expectations([ONE, FOUR], refused=["R4"], may_come_back=["R4"])
    assert match(BACK, alike)[0] is MatchKind.AMOUNT_DIFFERS
    assert match(BACK._replace(direction=Direction.DEBIT), alike) == (MatchKind.BATCH, ("R1",))


def test_of_many_it_is_only_tried_whether_it_is_all_of_them():
    many = [Expected(f"M{n}", 2**n, "CNY", ACCOUNT, "B2") for n in range(13)]
    expectations = Expectations(
        [*many, Expected("P", 1, "CNY", ACCOUNT, "B2")], may_come_back=[f"M{n}" for n in range(13)]
    )
    every = BACK._replace(batch_id="B2", amount_minor=2**13 - 1)
    assert match(every, expectations) == (MatchKind.BATCH, tuple(f"M{n}" for n in range(13)))
    assert match(every._replace(amount_minor=4), expectations)[0] is MatchKind.AMOUNT_DIFFERS
