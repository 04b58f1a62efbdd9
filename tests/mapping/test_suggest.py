"""Drafts find the obvious, say how sure they are, give nothing away, and load once an example is written."""

import pytest

from baton.errors import ConfigurationError
from baton.mapping import check_examples, load_mapping, suggest
from baton.mapping.draft import match, shape_of
from baton.mapping.values import EMPLOYEE_FIELDS
from baton.model.account import FieldSpec, FieldType

COLUMNS = {
    "员工编号": ["0012", "0013"],
    "员工姓名": ["测试甲", "测试䶮"],
    "人员状态": ["在职", "外派"],
    "手机号码": ["13800000001", "138 0000 0002"],
    "邮箱": ["a@example.com", "b@example.com"],
    "到岗日期": ["2023/3/1", "2026-11-22"],
    "离职时间": ["2026-11-30", ""],
    "工资卡号": ["6222000000000000004"],
    '备注: "x"': ["…"],
}


def test_headers_in_other_words_are_found():
    found = {name: guess.column for name, guess in match(COLUMNS, EMPLOYEE_FIELDS).items()}
    assert found == {
        "number": "员工编号",
        "full_name": "员工姓名",
        "status": "人员状态",
        "mobile": "手机号码",
        "work_email": "邮箱",
        "hire_day": "到岗日期",
        "last_working_day": "离职时间",
        "bank_account_number": "工资卡号",
    }


def test_english_columns_find_vendor_fields():
    specs = {
        "LastName": FieldSpec(required=True),
        "Email": FieldSpec(),
        "ManagerId": FieldSpec(FieldType.REFERENCE),
        "MobilePhone": FieldSpec(),
        "UserRoleId": FieldSpec(),
    }
    columns = {name: [] for name in ("family_name", "work_email", "manager_number", "mobile", "hire_day")}
    found = {name: guess.column for name, guess in match(columns, specs).items()}
    assert found == {
        "LastName": "family_name",
        "Email": "work_email",
        "ManagerId": "manager_number",
        "MobilePhone": "mobile",
    }
    draft = suggest(columns, specs, source="employee", target="crm/test")
    assert "lifecycle:" in draft
    assert (
        "LastName: {from: family_name, required: yes}  # 98%" in draft
        or "LastName: {from: family_name, required: yes}  # 90%" in draft
    )


def test_a_draft_needs_an_example_and_then_loads(tmp_path):
    path = tmp_path / "m.yaml"
    draft = suggest(COLUMNS, EMPLOYEE_FIELDS)
    path.write_text(draft, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(path, source_fields=COLUMNS, target_fields=None)
    assert [fault.rule for fault in caught.value.faults] == ["examples"]
    example = "examples:\n  - given: {员工编号: 0012, 人员状态: 在职, 到岗日期: 2023/3/1}\n    expect: {number: 0012, hire_day: 2023-03-01}\n"
    path.write_text(draft.replace("examples: []\n", example), "utf-8")
    assert check_examples(load_mapping(path, source_fields=COLUMNS, target_fields=None)) == []


def test_samples_are_never_written_but_for_status_words():
    draft = suggest(COLUMNS, EMPLOYEE_FIELDS)
    for column, samples in COLUMNS.items():
        for sample in samples:
            assert sample == "" or sample == "…" or (sample in draft) == (column == "人员状态"), sample
    assert "# 外派: which status is this?" in draft
    assert "not used: 备注" in draft


def test_samples_weigh_against_a_name():
    columns = {"入职": ["是", "否"], "报到": ["2026-11-22"]}
    assert match({"email": ["2026-11-22"]}, {"email": FieldSpec()})["email"].confidence < 0.7
    assert match(columns, {"备注": FieldSpec()}) == {}


@pytest.mark.parametrize(
    ("samples", "shape"),
    [
        (["a@b.cn"], "email"),
        (["13800000001"] * 4 + ["?"], "mobile"),
        (["20261122"], "date"),
        (["11010519491231002X"], "identity_number"),
        (["0012"], "number"),
        (["", " "], None),
        (["销售部"], None),
    ],
)
def test_shapes(samples, shape):
    assert shape_of(samples) == shape
