"""Drafts from two profiles: what names, types and shared values say, what values still need, and nothing given away."""

import polars as pl
import pytest

from baton.contracts import Collection
from baton.mapping import suggest_records
from baton.mapping.draft_chains import chain_for
from baton.mapping.draft_records import match_records, overlap
from baton.mapping.transforms import step
from baton.model.account import FieldSpec, FieldType
from baton.records.profile import Profiler


def profile(**columns):
    profiler = Profiler()
    profiler.add(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), first_row=2)
    return profiler.result()


def column(values, name="c"):
    return profile(**{name: values}).columns[name]


PEOPLE = profile(
    工号=[f"{n:04d}" for n in range(60)],
    员工姓名=[f"测试{chr(0x4E00 + n)}" for n in range(60)],
    手机号码=[f"138{n:08d}" for n in range(60)],
    入职=["2026-01-02", "2025/3/4"] * 30,
    组=[f"D{n % 12:02d}" for n in range(60)],
    月薪=[f"￥{n},500.00" for n in range(60)],
    类别=["正式", "试用", "无"] * 20,
)
EMPLOYEES = Collection(
    "hr.employee",
    {
        "code": FieldSpec(required=True),
        "full_name": FieldSpec(max_length=2),
        "phone": FieldSpec(),
        "hire_date": FieldSpec(FieldType.DATE),
        "unit": FieldSpec(),
        "salary": FieldSpec(FieldType.DECIMAL, places=2),
        "employee_type": FieldSpec(choices=frozenset({"正式", "外包"})),
    },
    key=("code",),
)
HELD = profile(
    code=[f"{n:04d}" for n in range(40)],
    unit=[f"D{n % 12:02d}" for n in range(40)],
    employee_type=["正式", "外包"] * 20,
)


def draft(target_profile=HELD, collection=EMPLOYEES):
    return suggest_records(
        PEOPLE, collection, source="data/delimited", target="erp/tryton", read="员工 表", target_profile=target_profile
    )


def test_shared_values_match_what_names_cannot():
    with_values = match_records(PEOPLE.columns, EMPLOYEES.fields, HELD.columns)
    assert {with_values["code"].column, with_values["unit"].column} == {"工号", "组"}
    assert "values are shared" in with_values["unit"].reason
    without = match_records(PEOPLE.columns, EMPLOYEES.fields, {})
    assert "unit" not in without
    assert without["phone"].column == "手机号码"


def test_the_overlap_is_of_different_values():
    left, right = column([f"v{n}" for n in range(5_000)]), column([f"v{n}" for n in range(2_500, 7_500)])
    assert 0.4 < overlap(left, right) < 0.6
    assert overlap(left, column([f"w{n}" for n in range(5_000)])) == 0
    assert overlap(column(["1"]), column(["1"])) == 0, "one shared value says nothing"


def test_a_column_of_another_type_is_not_matched():
    fields = {"hire_date": FieldSpec(FieldType.DATE)}
    assert match_records(profile(入职日期=["2026-01-02"] * 3).columns, fields, {})["hire_date"].confidence == 0.9
    assert match_records(profile(入职日期=["是", "否", "是"]).columns, fields, {}) == {}


def test_the_day_of_hire_is_known_by_the_names_of_tables():
    fields = {"hired": FieldSpec(type=FieldType.DATE)}
    assert match_records(profile(入职日期=["2026-01-02"] * 3).columns, fields, {})["hired"].column == "入职日期"


def test_what_two_sides_say_of_a_person_must_agree():
    columns = profile(联系方式=[f"test{n}@example.com" for n in range(9)]).columns
    assert match_records(columns, {"phone": FieldSpec()}, {}) == {}


def test_the_draft_has_the_keys_of_a_record_mapping():
    text = draft()
    assert 'collection: "hr.employee"' in text
    assert "key: [code]" in text
    assert 'read: "员工 表"' in text
    assert "lifecycle" not in text
    assert "  phone: {from: 手机号码, via: [trim, half_width, phone_cn]}" in text
    assert "the field takes 2" in text
    assert text.endswith("examples: []\n")


def test_without_an_enforced_key_the_profiles_key_is_proposed():
    fields = {"code": FieldSpec()}
    assert "key: [code]  # the target enforces none" in draft(collection=Collection("x", fields))
    assert "key: []" in draft(target_profile=None, collection=Collection("x", {"remark": FieldSpec()}))


def test_a_field_of_choices_gets_a_table_of_the_words_found():
    text = suggest_records(
        profile(用工类型=["正式", "试用", "正式", "试用"] * 3), EMPLOYEES, source="a/b", target="c/d", read="t"
    )
    assert "      正式: 正式" in text
    assert "      # 试用: which one is this?" in text


def test_values_are_never_written():
    text = draft()
    for values in ("0012", "测试一", "13800000001", "2026-01-02", "￥1,500.00"):
        assert values not in text


def test_doubts_are_told_with_their_rows():
    found = profile(工号=[*(f"{n:04d}" for n in range(50)), "12"])
    text = suggest_records(found, Collection("x", {"工号": FieldSpec()}), source="a/b", target="c/d", read="t")
    assert "  # 1 cells: leading zeros lost (rows 52)" in text
    assert "via: [trim, zero_pad(4)]" in text


DATE, DECIMAL = FieldSpec(FieldType.DATE), FieldSpec(FieldType.DECIMAL, places=2)


@pytest.mark.parametrize(
    ("spec", "values", "chain", "question"),
    [
        (DATE, ["2026-11-22"], ["trim", "date"], ""),
        (DATE, ["22/11/2026"], ["trim", "date_dmy"], ""),
        (DATE, ["11/22/2026"], ["trim", "date_mdy"], ""),
        (DATE, ["11/12/2026"], ["trim", "date_dmy"], "comes first?"),
        (DATE, ["22/11/2026", "11/22/2026"], ["trim", "date_dmy"], "mixed order"),
        (DATE, ["22/11/26"], ["trim", "date_dmy(50)"], "two digits"),
        (FieldSpec(FieldType.DATETIME), ["2026-11-22 08:00"], ["trim", "datetime(Asia/Shanghai)"], "zone"),
        (FieldSpec(FieldType.DATETIME), ["2026-11-22T08:00:00+08:00"], ["trim", "datetime"], ""),
        (DECIMAL, ["12.5"], ["trim", "half_width", "decimal(2)"], ""),
        (DECIMAL, ["12.555"], ["trim", "half_width", "decimal(2)"], "3 places"),
        (DECIMAL, ["￥1,200"], ["trim", "half_width", "money", "decimal(2)"], ""),
        (FieldSpec(FieldType.INTEGER), ["12.0"], ["trim", "half_width", "strip_trailing_zero_decimal", "integer"], ""),
        (FieldSpec(FieldType.BOOLEAN), ["是"], ["trim", "boolean"], ""),
        (FieldSpec(), ["ＨＲ１"], ["trim", "half_width", "nfc"], ""),
        (FieldSpec(), ["娴嬭瘯"], ["trim", "unmojibake", "nfc"], ""),
        (FieldSpec(), ["1.5E+7"], ["trim", "excel_scientific", "nfc"], ""),
        (FieldSpec(), ["总部", "无"] * 9, ["trim", "empty_if(无)", "nfc"], ""),
        (FieldSpec(max_length=1), ["测试"], ["trim", "nfc"], "the field takes 1"),
    ],
)
def test_the_chain_fits_what_the_profile_found(spec, values, chain, question):
    proposed, questions = chain_for("x", spec, column(values))
    assert proposed == chain
    assert question in "; ".join(questions)
    assert bool(question) == bool(questions)
    for call in proposed:
        step(call)
