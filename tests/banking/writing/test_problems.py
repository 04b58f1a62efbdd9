"""What a bank cannot carry is named, line by line and rule by rule, before a byte is written; nothing is changed to fit."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from baton.banking.problems import _quick_look, order_problems, problem_finder, problems
from baton.banking.profile import FieldRule, Split
from baton.banking.writing import write
from baton.errors import OrderRefusedError
from baton.model.payable import Component
from tests.banking.writing.orders import OTHER_BANK, OWN_BANK, THREE, order, payable, written
from tests.banking.writing.samples import PROFILES, sample
from tests.rig.examples import few

RARE = "䶮㛃𬭼𠮷㑇"
"""Characters of names that GBK does not have and GB18030 does."""
CNY = "iso20022-cny"


def rules(name="cmb-agency", **given):
    amount_minor = given.pop("amount_minor", 100)
    return [fault.rule for fault in problems(payable("E0001", amount_minor, **given), sample(name))]


@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"iso20022-sepa"}))
def test_an_ordinary_line_has_none(name):
    assert [rules(name), *(problems(line, sample(name)) for line in THREE)] == [[], (), (), ()]


# --- amounts


@pytest.mark.parametrize("amount_minor", [0, -1, -(10**18), 10**16, 10**30])
@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"iso20022-sepa"}))
def test_an_amount_that_is_nothing_negative_or_too_large_stops_its_line(name, amount_minor):
    assert rules(name, amount_minor=amount_minor) == ["amount"]


def test_the_largest_amount_passes_and_one_more_does_not():
    largest = sample(CNY).largest_amount_minor
    assert [rules(CNY, amount_minor=largest), rules(CNY, amount_minor=largest + 1)] == [[], ["amount"]]


def test_another_currency_is_not_converted():
    assert rules(CNY, currency="USD") == ["currency"]


# --- characters


@pytest.mark.parametrize("letter", RARE)
def test_a_name_that_gbk_does_not_have_stops_its_line_and_stands_unchanged_where_the_bank_takes_it(letter):
    name = f"王{letter}"
    assert rules("cmb-agency", holder=name) == ["encoding"]
    assert rules("icbc-payper", holder=name) == ["encoding"]
    assert rules("generic-csv", holder=name) == []
    line = payable(holder=name)
    assert name in written([line], sample("generic-csv")).decode("gb18030")
    assert name in written([line], sample(CNY)).decode("utf-8")


def test_a_middle_dot_is_in_gbk_and_a_bullet_is_not_and_neither_becomes_the_other():
    assert rules("cmb-agency", holder="买买提·艾力") == []
    assert rules("cmb-agency", holder="买买提•艾力") == ["encoding"]
    assert "买买提•艾力" in written([payable(holder="买买提•艾力")], sample(CNY)).decode()
    only_gb2312 = sample("cmb-agency").model_copy(update={"encoding": "gb2312"})
    assert problems(payable(holder="买买提·艾力"), only_gb2312) == ()
    assert [fault.rule for fault in problems(payable(holder="买买提・艾力"), only_gb2312)] == ["encoding"]


@pytest.mark.parametrize("text", ["买买提·艾力", "研发—二部"])
def test_the_same_bytes_say_a_middle_dot_and_a_dash_in_gb2312_as_in_gbk(text):
    gbk = sample("cmb-agency")
    gb2312 = gbk.model_copy(update={"encoding": "gb2312"})
    told = written([payable(remark=text, holder=text)], gb2312)
    assert told == written([payable(remark=text, holder=text)], gbk).replace(b"GBK", b"GB2312", 1)
    assert text in told.decode("gbk")


@pytest.mark.parametrize(
    "text",
    [
        *("张\u200b三", "张三\n", "\ufeff张三", "张\x00三", "张\u202e三", "张\ud800三", "张\x85三"),
        # Marks of direction, variation selectors behind a character, fillers that are letters by name, tags.
        *("张\u061c三", "葛\ufe00三", "葛\U000e0100三", "张\u3164", "张\uffa0三", "张\u115f三", "张\U000e0041三"),
    ],
)
def test_what_nobody_sees_is_in_no_name(text):
    assert "characters" in rules(CNY, holder=text)
    assert "characters" in rules("generic-fixed", holder=text)


@pytest.mark.parametrize("lost", ["\ufffd", "\ufffc"])
def test_a_name_that_has_lost_a_character_on_its_way_here_is_no_name(lost):
    assert "characters" in rules(CNY, holder=f"张{lost}")


@pytest.mark.parametrize("account", ["6222 0200", "6222-0200-01", "６２２２０２００", "62220200//1", "/6222020001", ""])
def test_an_account_is_taken_as_it_is_or_not_at_all(account):
    assert rules(CNY, account=account) != []


@pytest.mark.parametrize(
    ("text", "fits"), [("AB/CD", True), ("A//B", False), ("/AB", False), ("AB/", False), ("/", False), ("A/B/C", True)]
)
def test_slashes_in_iso_references(text, fits):
    rule = FieldRule(longest=34, slashes="iso", characters="sepa")
    assert ([broken for broken, _ in rule.faults(text, "utf-8")] == []) is fits
    fields = sample(CNY).fields.model_copy(update={"account": rule})
    profile = sample(CNY).model_copy(update={"fields": fields})
    assert ([fault.rule for fault in problems(payable(account=text), profile)] == []) is fits


def test_a_bar_is_in_no_remark_for_the_bank_of_china():
    assert rules("boc-b2e0061", remark="工资|奖金") == ["refused_text"]


# --- lengths


def test_seventy_characters_of_a_name_pass_and_seventy_two_do_not():
    assert [rules(CNY, holder="名" * 70), rules(CNY, holder="名" * 71), rules(CNY, holder="n" * 72)] == [
        [], ["length"], ["length"],
    ]  # fmt: skip


def test_a_bank_that_counts_double_takes_half_as_many_chinese_characters():
    assert [rules(holder="名" * 31), rules(holder="名" * 31 + "n"), rules(holder="n" * 62)] == [[], ["length"], []]


def test_bytes_are_those_of_the_profiles_encoding():
    rule = FieldRule(longest=8, counted="bytes")
    assert list(rule.faults("名名名名", "gbk")) == []
    assert [broken for broken, _ in rule.faults("𠮷𠮷𠮷", "gb18030")] == ["length"]


# --- what must be there


@pytest.mark.parametrize(
    ("name", "given", "broken"),
    [
        (CNY, {"bank_code": ""}, ["missing"]),
        (CNY, {"bank_code": "10210009999"}, ["length"]),
        (CNY, {"bank_code": "10210009999A"}, ["characters"]),
        ("cmb-agency", {"bank_code": OTHER_BANK, "bank_name": "", "town": ""}, ["missing", "missing"]),
        ("cmb-agency", {"bank_code": OWN_BANK, "bank_name": "", "town": ""}, []),
        ("cmb-agency", {"bank_code": "", "bank_name": "", "town": ""}, []),
        ("boc-b2e0061", {"bank_code": "", "account": "1" * 18}, ["missing"]),
        ("boc-b2e0061", {"bank_code": "", "account": "1" * 19}, []),
        ("iso20022-sepa", {"account": "DE89370400440532013001"}, ["iban"]),
        ("iso20022-sepa", {"bank_code": "NOBA1212345"}, ["bic"]),
        ("iso20022-sepa", {"country": ""}, ["address"]),
        ("iso20022-sepa", {"town": ""}, ["address"]),
        ("iso20022-sepa", {"country": "Germany"}, ["address"]),
        ("iso20022-sepa", {"holder": "Jörg Müller"}, ["characters"]),
    ],
)
def test_what_a_bank_needs_is_named_when_it_is_missing(name, given, broken):
    if name == "iso20022-sepa":
        euro = {"holder": "A B", "account": "DE89370400440532013000", "bank_code": "", "town": "Bonn", "country": "DE"}
        given = {**euro, "currency": "EUR", "remark": "", "bank_name": "", **given}
    assert rules(name, **given) == broken


# --- what is said, and what is not


def test_a_fault_names_place_field_and_rule_and_never_what_stands_there():
    line = payable(holder="李\u200b某", account="不是账号", bank_code="x", remark="秘密" * 99, amount_minor=-77)
    told = " ".join(map(str, problems(line, sample("cmb-agency"))))
    for personal in ("李", "某", "不是账号", "秘密", "77", "\u200b"):
        assert personal not in told
    for words in ("pay.csv:E0001", "payee's holder", "payee's account", "remark", "amount"):
        assert words in told


def refused(given, name=CNY):
    out = io.BytesIO()
    with pytest.raises(OrderRefusedError) as caught:
        write(given, sample(name), out)
    assert out.getvalue() == b"", "nothing is written before everything was looked at"
    return [(fault.place, fault.rule) for fault in caught.value.faults]


def test_every_faulty_line_of_an_order_is_named_at_once():
    lines = [payable(f"E{n:04d}", n, holder="名" * (72 if n % 2 else 7)) for n in range(1, 9)]
    assert refused(order(lines, sample(CNY))) == [(f"pay.csv:E{n:04d}", "length") for n in (1, 3, 5, 7)]


def test_an_endless_list_of_faults_ends():
    lines = [payable(f"E{n:04d}", n, holder="") for n in range(1, 3000)]
    assert 1000 < len(refused(order(lines, sample(CNY)))) < 1010


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"count": 4}, "control_count"),
        ({"count": 0}, "lines_per_file"),
        ({"count": 100_001}, "lines_per_file"),
        ({"total_minor": 100_123_461}, "control_total"),
        ({"total_minor": 0}, "total"),
        ({"currency": "EUR"}, "currency"),
        ({"component": Component.BONUS}, "component"),
        ({"message_id": "a/b"}, "message_id"),
        ({"message_id": "X" * 31}, "message_id"),
        ({"initiator": "名" * 71}, "length"),
    ],
)
def test_an_order_that_is_not_its_lines_is_refused(change, rule):
    assert rule in {broken for _, broken in refused(replace(order(THREE, sample(CNY)), **change))}


def test_the_payers_account_keeps_the_rules_as_well():
    given = order(THREE, sample(CNY))
    faulty = replace(given, payer=replace(given.payer, account="755 900", bank_code=""))
    assert [fault.rule for fault in order_problems(faulty, sample(CNY))] == ["characters", "length", "missing"]


@pytest.mark.parametrize(
    "second", [THREE[:2], (*THREE, payable("E0004", 1)), (*THREE[:2], replace(THREE[2], amount_minor=1))]
)
@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"iso20022-sepa"}))
def test_lines_that_change_between_the_two_readings_are_not_delivered(name, second):
    given = order(THREE, sample(name).model_copy(update={"split": Split.BY_CEILING}))
    first = iter([THREE])
    with pytest.raises(OrderRefusedError, match="have changed"):
        write(replace(given, lines=lambda: iter(next(first, second))), sample(name), io.BytesIO())


def test_text_that_cannot_be_encoded_is_refused_without_the_text():
    given = order(THREE, sample("generic-fixed"))
    readings = iter([THREE, (THREE[0], payable("E0002", 5, holder="𠮷某"), THREE[2])])
    with pytest.raises(OrderRefusedError) as caught:
        write(replace(given, lines=lambda: iter(next(readings))), sample("generic-fixed"), io.BytesIO())
    error = caught.value
    assert "𠮷" not in f"{error}{error.__cause__}{error.__context__}"


# --- the quick look

TEXTS = st.text(st.sampled_from("张A1/ -<&\n\u200b•·𠮷|é\x00"), max_size=8) | st.sampled_from(
    ["", "A" * 71, "名" * 36, "1" * 12]
)


def changed(name, **changes):
    """A profile with other rules for its texts than those of the packaged one."""
    profile = sample(name)
    rules = {field: FieldRule(longest=9, **changes["rule"]) for field in ("holder", "account", "remark")}
    fields = profile.fields.model_copy(update=rules)
    return profile.model_copy(update={"fields": fields, "encoding": changes["encoding"]})


LOOKED_AT = {name: sample(name) for name in PROFILES} | {
    "slashes": changed(CNY, encoding="utf-8", rule={"slashes": "iso", "refused": ("|", "A1")}),
    "gbk": changed("generic-csv", encoding="gbk", rule={}),
}


@pytest.mark.parametrize("name", sorted(LOOKED_AT))
@given(holder=TEXTS, account=TEXTS, bank_code=TEXTS, town=TEXTS, remark=TEXTS, amount=st.integers(-2, 10**13))
@example(holder="张三", account="6222020001", bank_code="102100099996", town="", remark="", amount=1)
@example(holder="A B", account="DE89370400440532013000", bank_code="", town="", remark="", amount=1)
@example(holder="A//B", account="1", bank_code="102100099996", town="", remark="", amount=1)
@example(holder="AB/", account="1", bank_code="102100099996", town="", remark="", amount=1)
@example(holder="/AB", account="1", bank_code="102100099996", town="", remark="", amount=1)
@example(holder="𠮷", account="1", bank_code="102100099996", town="", remark="", amount=1)
@few(60)
def test_the_quick_look_lets_through_what_has_no_problem_and_nothing_else(
    name, holder, account, bank_code, town, remark, amount
):
    profile = LOOKED_AT[name]
    line = payable(
        holder=holder, account=account, bank_code=bank_code, town=town, remark=remark, amount_minor=amount,
        currency=profile.currencies[0],
    )  # fmt: skip
    assert _quick_look(profile)(line) is (problems(line, profile) == ())
    assert problem_finder(profile)(line) == problems(line, profile)


def test_many_lines_are_looked_at_as_one_is():
    found = problem_finder(sample(CNY))
    assert found(payable()) == ()
    for line in (payable(currency="USD"), payable(component=Component.SALARY, holder=""), payable(amount_minor=0)):
        assert found(line) == problems(line, sample(CNY)) != ()
