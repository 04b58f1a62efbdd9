"""A profile says what columns hold and which values may be wrong, by row and never by a sensitive value."""

import doctest
import importlib
import json

import polars as pl
import pytest

from baton.records.column_kinds import Inferred
from baton.records.profile import Profiler
from baton.records.suspicions import Doubt
from baton.records.words import Sensitive

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(serial):
    body = f"110105{1950 + serial % 50}{1 + serial % 12:02d}{1 + serial % 28:02d}{serial % 1000:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def card(serial):
    body = f"62220000{serial:010d}"
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def profile(page=None, **columns):
    """The profile of these columns, taken in pages; rows are numbered from 2, as in a file with a header."""
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    profiler = Profiler()
    for start in range(0, frame.height, page or frame.height):
        profiler.add(frame[start : start + (page or frame.height)], first_row=start + 2)
    return profiler.result()


def column(values, name="c", page=None):
    return profile(page, **{name: values}).columns[name]


def doubts(found):
    return {(suspicion.doubt, suspicion.count, suspicion.rows) for suspicion in found.suspicions}


@pytest.mark.parametrize("module", ["profile", "words", "cell_shapes", "mojibake", "plain_forms"])
def test_the_doctests_hold(module):
    result = doctest.testmod(importlib.import_module(f"baton.records.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


# --- counts and types


def test_three_kinds_of_blank_are_told_apart():
    found = column([None, "", "  ", "\u3000", "a"])
    assert (found.nulls, found.empty, found.spaces, found.blanks, found.rows) == (1, 1, 2, 4, 5)
    assert (found.min_length, found.max_length, found.distinct) == (1, 1, 1)


@pytest.mark.parametrize(
    ("values", "kind", "span"),
    [
        (["9", "-10", "+3"], Inferred.INTEGER, ("-10", "9")),
        (["9.5", "10", "1,234.50"], Inferred.DECIMAL, ("9.5", "1,234.50")),
        (["2026-11-22", "2025-01-01"], Inferred.DATE, ("2025-01-01", "2026-11-22")),
        (["2026/1/2", "20250101", "2024年2月29日", "2023.5.6"], Inferred.DATE, ("2023-05-06", "2026-01-02")),
        (["2026-11-22 00:00:00", "2026-11-23 00:00:00"], Inferred.DATE, ("2026-11-22", "2026-11-23")),
        (["2026-11-22T08:00:00+08:00"], Inferred.DATETIME, ("2026-11-22T08:00:00+08:00",) * 2),
        (["是", "否", "是"], Inferred.BOOLEAN, (None, None)),
        (["0012", "0345"], Inferred.TEXT, (None, None)),
        (["12345678", "87654321"], Inferred.INTEGER, ("12345678", "87654321")),
        (["a", "b", "1"], Inferred.TEXT, (None, None)),
        ([None, ""], Inferred.TEXT, (None, None)),
    ],
)
def test_types_are_inferred_with_their_span(values, kind, span):
    found = column(values)
    assert found.type is kind
    assert (found.smallest, found.largest) == span


def test_the_share_that_fits_is_told():
    found = column([*map(str, range(9)), "x"])
    assert (found.type, found.type_share) == (Inferred.INTEGER, 0.9)


def test_date_forms_are_counted():
    forms = column(["2026-11-22", "2026/11/22", "2026/11/23", "13/11/2026"]).date_forms
    assert [(form.what, form.count) for form in forms] == [("yyyy/mm/dd", 2), ("yyyy-mm-dd", 1), ("dd/mm/yyyy", 1)]
    assert column(["11/12/2026"]).date_forms[0].what == "dd/mm or mm/dd/yyyy"


def test_patterns_say_kinds_of_characters():
    found = column(["D01", "D02", "测试12"])
    assert [(pattern.what, pattern.count) for pattern in found.patterns] == [("a9{2}", 2), ("中{2}9{2}", 1)]


def test_few_values_are_listed_and_many_are_not():
    assert [(v.what, v.count) for v in column(["在职", "离职", "在职", "在职"]).top] == [("在职", 3), ("离职", 1)]
    assert column([f"v{n}" for n in range(200)]).top == ()


# --- keys


def test_a_column_without_blank_or_repeat_may_be_the_key():
    assert profile(工号=["1", "2", "3"], 部门=["a", "a", "b"]).keys == (("工号",),)
    assert profile(工号=["1", "2", None], 部门=["a", "a", "b"]).keys == ()


def test_the_employee_number_comes_first_among_keys_and_what_is_sensitive_last():
    found = profile(手机=["13800000001", "13800000002"], 行=["1", "2"], 工号=["a1", "a2"])
    assert found.keys == (("工号",), ("行",), ("手机",))


def test_a_repeat_in_another_page_is_seen():
    values = [str(n) for n in range(120_000)]
    assert column(values, page=1_000).unique
    assert not column([*values, "7"], page=1_000).unique


def test_two_columns_may_name_a_record_together():
    found = profile(shop=["a", "a", "b", "b"], day=["1", "2", "1", "2"], x=["q"] * 4)
    assert found.keys == (("shop", "day"),)


def test_distinct_values_are_exact_while_few_and_close_when_many():
    few = column([str(n % 5_000) for n in range(30_000)])
    assert (few.distinct, few.distinct_exact) == (5_000, True)
    many = column([str(n % 150_000) for n in range(300_000)], page=20_000)
    assert not many.distinct_exact
    assert abs(many.distinct - 150_000) < 7_500


# --- suspicions


@pytest.mark.parametrize(
    ("bad", "doubt"),
    [
        ("锟斤拷", Doubt.MOJIBAKE),
        ("Ã©tÃ©", Doubt.MOJIBAKE),
        ("娴嬭瘯", Doubt.MOJIBAKE),
        ("²âÊÔ", Doubt.MOJIBAKE),
        ("测\ufffd", Doubt.LOST_CHARACTER),
        ("测\ue123", Doubt.PRIVATE_USE),
        ("Ａ１", Doubt.FULL_WIDTH),
        ("a\x07b", Doubt.CONTROL),
        ("测\u200b试", Doubt.INVISIBLE),
        ("测\u202e试", Doubt.INVISIBLE),
        ("测试 ", Doubt.OUTER_BLANKS),
        ("\u3000测试", Doubt.OUTER_BLANKS),
        ("无", Doubt.PLACEHOLDER),
        ("N/A", Doubt.PLACEHOLDER),
        ("-", Doubt.PLACEHOLDER),
        ("9999-12-31", Doubt.PLACEHOLDER),
        ("1900-01-01", Doubt.PLACEHOLDER),
        ("=1+1", Doubt.FORMULA),
        ("@SUM(A1)", Doubt.FORMULA),
        ("1.1010119900101E+17", Doubt.SCIENTIFIC),
    ],
)
def test_a_value_that_may_be_wrong_is_named_by_its_row(bad, doubt):
    found = column(["测试甲", "王婧", "été", "测试乙", bad, "D-1"])
    assert (doubt, 1, (6,)) in doubts(found)


def test_sound_values_raise_no_doubt():
    values = [
        "测试甲",
        "王婧",
        "été",
        "Zürich",
        "a-b",
        "+8613800000001",
        "2026-11-22",
        "x/y",
        "𠮷野家",
        "홍길동",
        "さくら",
    ]
    assert column(values).suspicions == ()


def test_five_rows_are_named_and_all_are_counted():
    values = ["x", "-"] * 40
    assert doubts(column(values)) == {(Doubt.PLACEHOLDER, 40, (3, 5, 7, 9, 11))}
    assert doubts(column(values, page=3)) == {(Doubt.PLACEHOLDER, 40, (3, 5, 7, 9, 11))}


def test_dates_in_mixed_order_and_days_that_do_not_exist():
    found = column(["13/11/2026", "25/12/2026", "11/13/2026", "01/02/2026", "45/11/2026"])
    assert (Doubt.MIXED_DATES, 1, (4,)) in doubts(found)
    assert (Doubt.NO_SUCH_DAY, 1, (6,)) in doubts(found)
    assert (Doubt.NO_SUCH_DAY, 1, (3,)) in doubts(column(["2026-02-28", "2026-02-30"]))
    compact = column([f"202601{n:02d}" for n in range(1, 32)] + ["20260230"])
    assert (compact.type, doubts(compact)) == (Inferred.DATE, {(Doubt.NO_SUCH_DAY, 1, (33,))})


def test_codes_that_lost_their_zeros():
    some = [f"{n:04d}" for n in range(500, 1_500, 10)]
    assert doubts(column(some)) == set()
    assert (Doubt.ZEROS_LOST, 2, (102, 103)) in doubts(column([*some, "12", "345"])) or (
        Doubt.ZEROS_LOST,
        2,
        (103, 102),
    ) in doubts(column([*some, "12", "345"]))
    all_lost = [str(n * 7_919 % 1_000_000) for n in range(1, 400)]
    assert column(all_lost).doubts(Doubt.ZEROS_LOST) == sum(len(value) < 6 for value in all_lost)
    assert column([str(n) for n in range(1, 400)]).doubts(Doubt.ZEROS_LOST) == 0, "running numbers are short by nature"


def test_whole_numbers_with_a_point_and_long_numbers_that_were_rounded():
    assert doubts(column(["12.0", "13.0", "14"])) == {(Doubt.POINT_ZERO, 2, (2, 3))}
    assert column(["12.0", "13.5"]).suspicions == ()
    assert (Doubt.ROUNDED, 1, (3,)) in doubts(column(["110105194912310021", "110105194912310000"]))


def test_variants_differ_in_what_nobody_sees():
    found = column(["ABC 1", "abc1", "ＡＢＣ1", "xyz"])
    assert found.doubts(Doubt.VARIANTS) == 2
    assert column(["Jose\u0301", "José"]).doubts(Doubt.VARIANTS) == 1
    pages = column(["Abc", *(f"v{n}" for n in range(50_000)), "abc"], page=10_000)
    assert (Doubt.VARIANTS, 1, (50_003,)) in doubts(pages)


# --- what is sensitive


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("c", [identity(n) for n in range(30)], Sensitive.IDENTITY_NUMBER),
        ("c", ["110105491231002"] * 3, Sensitive.IDENTITY_NUMBER),
        ("c", [card(n) for n in range(30)], Sensitive.BANK_ACCOUNT),
        ("c", [f"138{n:08d}" for n in range(30)], Sensitive.PHONE),
        ("c", [f"test{n}@example.com" for n in range(30)], Sensitive.EMAIL),
        ("c", [f"测试市示例区样板路{n}号" for n in range(30)], Sensitive.ADDRESS),
        ("c", [f"王测{chr(0x4E00 + n)}" for n in range(30)], Sensitive.NAME),
        ("c", [f"E{n:08d}" for n in range(30)], Sensitive.PASSPORT),
        ("基本工资", ["1.00"], Sensitive.AMOUNT),
        ("实发合计", ["1.00"], Sensitive.AMOUNT),
        ("应发", ["1.00"], Sensitive.AMOUNT),
        ("代扣个税", ["1.00"], Sensitive.AMOUNT),
        ("公积金（个人）", ["1.00"], Sensitive.AMOUNT),
        ("Net Pay", ["1.00"], Sensitive.AMOUNT),
        ("手当", ["1.00"], Sensitive.AMOUNT),
        ("실수령액", ["1.00"], Sensitive.AMOUNT),
        ("住房公积金账号", ["x"], Sensitive.BANK_ACCOUNT),
        ("Employee SSN", ["x"], Sensitive.IDENTITY_NUMBER),
        ("Class No.", ["17"], None),
        ("Business name", ["x"], None),
        ("紧急联系人电话", ["?"], Sensitive.PHONE),
        ("date of birth", ["2000-01-01"], Sensitive.BIRTHDAY),
        ("주민등록번호", ["x"], Sensitive.IDENTITY_NUMBER),
        ("氏名", ["x"], Sensitive.NAME),
        ("部门", ["销售部", "研发部"], None),
        ("c", [str(n) for n in range(1_000_000_000_000_000, 1_000_000_000_000_100)], None),
    ],
)
def test_sensitive_columns_are_recognised(name, values, kind):
    assert column(values, name).sensitive is kind


def test_nothing_of_a_sensitive_column_is_told_in_clear():
    columns = {
        "身份证": [identity(1), identity(2), "110105194912310021", identity(1)],
        "工资": ["12345.67", "76543.21", "12345.67", "12345.67"],
        "手机": ["13800000001", "13800000001", "1380000", "13800000001"],
        "出生日期": ["1949-12-31", "1949-12-31", "1949-12-31", "1949-13-31"],
    }
    document = json.dumps(profile(**columns).to_document(), ensure_ascii=False)
    for values in columns.values():
        assert not [value for value in values if value in document]
    assert "sketch" not in document


def test_a_few_names_under_another_header_are_not_listed():
    assert column(["张测试", "王测试", "李测试"] * 20, "汇报给").top == ()


def test_numbers_that_fail_their_check_are_named():
    wrong = "110105194912310021"
    found = column([*(identity(n) for n in range(10)), wrong, "1101051949", "E12345678"], "证件号码")
    assert doubts(found) == {(Doubt.IDENTITY_CHECK, 2, (12, 13))}, "a passport may stand in the column"
    impossible = column([*(identity(n) for n in range(10)), "11010519491331002"])
    assert (Doubt.IDENTITY_CHECK, 1, (12,)) in doubts(impossible)
    assert doubts(column([*(card(n) for n in range(10)), card(5)[:-1] + str((int(card(5)[-1]) + 1) % 10)])) == {
        (Doubt.CARD_CHECK, 1, (12,))
    }
    assert doubts(column([*(f"138{n:08d}" for n in range(10)), "12800000001", "021-55550000"], "手机")) == {
        (Doubt.PHONE_FORM, 1, (12,))
    }


def test_company_accounts_are_not_held_to_the_check_of_cards():
    accounts = [f"{n * 7919:016d}" for n in range(200, 260)]
    assert column(accounts, "银行账号").doubts(Doubt.CARD_CHECK) == 0


# --- the frames


def test_frames_must_be_text_and_alike():
    profiler = Profiler()
    with pytest.raises(ValueError, match="text"):
        profiler.add(pl.DataFrame({"a": [1]}), 1)
    profiler.add(pl.DataFrame({"a": ["1"], "b": [None]}), 1)
    with pytest.raises(ValueError, match="first frame"):
        profiler.add(pl.DataFrame({"a": ["1"]}), 2)


def test_no_rows_are_a_profile_too():
    assert Profiler().result().to_document() == {"rows": 0, "columns": [], "keys": [], "unreadable": {}}
    profiler = Profiler()
    profiler.add(pl.DataFrame({"a": []}, schema={"a": pl.String}), 1)
    found = profiler.result().columns["a"]
    assert (found.rows, found.distinct, found.unique) == (0, 0, False)


def test_pages_and_a_whole_give_the_same_profile():
    columns = {
        "工号": [f"{n:05d}" for n in range(3_000)],
        "身份证": [identity(n) if n % 97 else "x" for n in range(3_000)],
        "入职": ["2026-02-30" if n == 1_700 else f"2026-01-{1 + n % 31:02d}" for n in range(3_000)],
        "备注": [None if n % 3 else f" note {n % 40}" for n in range(3_000)],
    }
    assert profile(**columns).to_document() == profile(page=7, **columns).to_document()


def test_a_cell_may_hold_the_character_that_separates_cells():
    found = column(["a\x1eb", "c"])
    assert (found.rows, found.distinct, found.max_length) == (2, 2, 3)
    assert (Doubt.CONTROL, 1, (2,)) in doubts(found)
