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


def test_what_comes_back_of_a_batch_may_be_the_disputed_line_whose_amount_no_other_has():
    for standing in ({"disputed": ["R2"]}, {"back_in_one": ["R2"]}):
        one = Expectations([ONE, TWO], **standing)
        assert match(BACK._replace(amount_minor=250), one) == (MatchKind.BATCH, ("R2",))
        assert match(BACK._replace(amount_minor=100), one)[0] is MatchKind.AMOUNT_DIFFERS
        assert match(BACK._replace(amount_minor=350), one) == (MatchKind.BATCH, ("R1", "R2"))
        debit = BACK._replace(amount_minor=250, direction=Direction.DEBIT)
        assert match(debit, one)[0] is MatchKind.AMOUNT_DIFFERS
        assert match(BACK._replace(amount_minor=250), one, "6222999999999999")[0] is MatchKind.OTHER_ACCOUNT


@pytest.mark.parametrize("standing", ["disputed", "back_in_one"])
@pytest.mark.parametrize(
    ("these", "amount", "found"),
    [
        (["R1"], 100, ()),  # may be R4's, which was paid and bounced
        (["R1", "R4"], 100, ()),
        (["R1", "R4"], 200, ("R1", "R4")),
        (["R1", "R4"], 250, ()),
        (["R1", "R2", "R4"], 350, ()),  # no two of three: which, nobody knows
        (["R1", "R2", "R4"], 250, ("R2",)),
        (["R1", "R5"], 250, ()),  # both together, or R2's
    ],
)
def test_it_is_one_of_them_or_all_together_and_no_other_lines_sum(standing, these, amount, found):
    lines = [ONE, TWO, FOUR, *([Expected("R5", 150, "CNY", ACCOUNT, "B1")] if "R5" in these else [])]
    rest = Expected("R6", 999, "CNY", ACCOUNT, "B1")
    kind, references = match(BACK._replace(amount_minor=amount), Expectations([*lines, rest], **{standing: these}))
    assert (kind, references if found else ()) == (MatchKind.BATCH if found else MatchKind.AMOUNT_DIFFERS, found)


def test_what_is_back_already_is_not_among_those_that_come_back_together():
    some_back = Expectations([ONE, TWO, FOUR], disputed=["R1", "R4"], back_in_one=["R2"])
    assert match(BACK._replace(amount_minor=200), some_back) == (MatchKind.BATCH, ("R1", "R4"))


def test_what_comes_back_is_not_what_was_paid_where_as_much_was_refused():
    """The batch may be booked whole, on the same statement or on one still to come; what is booked is unmistakable."""
    alike = Expectations([ONE, FOUR], refused=["R4"])
    assert match(BACK, alike)[0] is MatchKind.AMOUNT_DIFFERS
    assert match(BACK._replace(direction=Direction.DEBIT), alike) == (MatchKind.BATCH, ("R1",))
    both = Expectations([Expected("R5", 200, "CNY", ACCOUNT, "B1"), ONE, FOUR], refused=["R1", "R4"])
    assert match(BACK._replace(amount_minor=200), both)[0] is MatchKind.AMOUNT_DIFFERS
    assert match(BACK, Expectations([ONE, TWO], refused=["R2"])) == (MatchKind.BATCH, ("R1",))


def test_nor_where_some_of_the_refused_come_to_it():
    """Four that were paid, and refused ones of 100 each: the refund of four of them, not what was paid."""
    for count, amount in ((6, 400), (40, 400), (40, 4000)):
        refused = [Expected(f"X{number}", 100, "CNY", ACCOUNT, "B1") for number in range(count)]
        lines = Expectations(
            [Expected("P", amount, "CNY", ACCOUNT, "B1"), *refused], refused=[line.reference for line in refused]
        )
        assert match(BACK._replace(amount_minor=amount), lines)[0] is MatchKind.AMOUNT_DIFFERS, (count, amount)
    more = Expectations([Expected("P", 400, "CNY", ACCOUNT, "B1"), ONE, FOUR], refused=["R1", "R4"])
    assert match(BACK._replace(amount_minor=400), more) == (MatchKind.BATCH, ("P",))


def test_what_was_refused_and_never_debited_does_not_come_back():
    never_out = Expectations([ONE, TWO, FOUR], refused=["R2"])
    assert match(BACK._replace(amount_minor=250), never_out)[0] is MatchKind.AMOUNT_DIFFERS
