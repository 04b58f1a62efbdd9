"""Every fault of a mapping is named at once, with its line; what is right loads to what it says."""

from datetime import date

import pytest

from baton.errors import ConfigurationError
from baton.mapping import load_mapping
from baton.mapping.schema import Otherwise
from baton.mapping.values import ValueType
from baton.model.account import Action, FieldSpec, FieldType
from baton.model.people import LeaverDate

SPECS = {
    "Name": FieldSpec(required=True, max_length=10),
    "Start": FieldSpec(FieldType.DATE),
    "Kind": FieldSpec(FieldType.INTEGER),
    "Boss": FieldSpec(FieldType.REFERENCE),
    "Colour": FieldSpec(choices=frozenset({"red", "blue"})),
    "Active": FieldSpec(FieldType.BOOLEAN),
    "Pay": FieldSpec(FieldType.DECIMAL),
}

TEXT = """\
mapping: 1
source: employee
target: crm/test
lifecycle:
  provision: {at: hire, lead_days: 2}
  disable: last_working
  remove: contract_end
  remove_delay_days: 30
scope:
  employment_type: [regular, probation]
fields:
  Name: {from: [family_name, given_name], via: [join_nospace, truncate(10)], required: yes}
  Start: {from: hire_day, on: [provision]}
  Kind: {from: employment_type, table: {regular: 1, intern: 2}, otherwise: keep-current}
  Boss: {from: manager_number}
  Colour: {const: red}
examples:
  - given: {family_name: 测, given_name: 试甲, hire_day: 2026-11-22, employment_type: regular}
    expect: {Name: 测试甲, Start: 2026-11-22, Kind: 1, Boss: , Colour: red}
"""


def load(tmp_path, text, **sides):
    path = tmp_path / "m.yaml"
    path.write_text(text, "utf-8")
    return load_mapping(path, **{"source_fields": None, "target_fields": SPECS, **sides})


def faults(tmp_path, text, **sides):
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, **sides)
    assert all(fault.place.startswith(str(tmp_path / "m.yaml")) for fault in caught.value.faults)
    return [(int(fault.place.rpartition(":")[2]), fault.rule) for fault in caught.value.faults]


def test_a_mapping_says_what_it_says(tmp_path):
    mapping = load(tmp_path, TEXT)
    assert (mapping.source, mapping.target) == ("employee", "crm/test")
    assert mapping.lifecycle.lead_days == 2
    assert mapping.lifecycle.disable is LeaverDate.LAST_WORKING
    assert (mapping.lifecycle.remove, mapping.lifecycle.remove_delay_days) == (LeaverDate.CONTRACT_END, 30)
    assert mapping.scope == {"employment_type": frozenset({"regular", "probation"})}
    assert mapping.fields["Kind"].table == {"regular": 1, "intern": 2}
    assert mapping.fields["Kind"].otherwise is Otherwise.KEEP
    assert mapping.fields["Boss"].type is ValueType.REFERENCE
    assert mapping.fields["Start"].on == {Action.PROVISION}
    assert mapping.fields_on(Action.UPDATE) == {"Name", "Kind", "Boss", "Colour"}
    assert mapping.examples[0].given["hire_day"] == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("change", "line", "rule"),
    [
        (("mapping: 1", "mapping: 2"), 1, "unknown_value"),
        (("source: employee", "source: [a]"), 2, "wrong_shape"),
        (("target: crm/test", "target: employee"), 3, "same_sides"),
        (("lead_days: 2", "lead_days: -1"), 5, "unknown_value"),
        (("at: hire", "at: birth"), 5, "unknown_value"),
        (("disable: last_working", "disable: someday"), 6, "unknown_value"),
        (("  disable: last_working\n", ""), 5, "missing_key"),
        (("disable: last_working", "disable: never"), 7, "lifecycle"),
        (("disable: last_working", "disable: pay_end"), 7, "lifecycle"),
        (("remove: contract_end", "remove: never"), 8, "lifecycle"),
        (("remove_delay_days", "remove_delay_day"), 8, "unknown_key"),
        (("employment_type: [", "employment_typo: ["), 10, "unknown_source_column"),
        (("employment_type: [regular, probation]", "hire_day: [2026-11-22]"), 10, "scope"),
        (("[regular, probation]", "[regular, regular]"), 10, "repeated"),
        (("from: [family_name, given_name]", "from: [family_name, giben_name]"), 12, "unknown_source_column"),
        (("join_nospace, ", ""), 12, "transform"),
        (("[join_nospace, truncate(10)]", "[truncate(10), join_nospace]"), 12, "transform"),
        (("truncate(10)", "truncat(10)"), 12, "transform"),
        (("truncate(10)", "truncate"), 12, "transform"),
        (("truncate(10)", "truncate(ten)"), 12, "transform"),
        (("truncate(10)", "'truncate(1, 2)'"), 12, "transform"),
        (("truncate(10)", "'truncate(10) or 1'"), 12, "transform"),
        (("truncate(10)", "{a: b}"), 12, "wrong_shape"),
        (("required: yes", "required: true"), 12, "unknown_value"),
        (("from: hire_day", "from: hire_day, via: [trim]"), 13, "type_mismatch"),
        (("Boss: {from: manager_number", "Boss: {from: grade, via: [date_text(iso)]"), 15, "type_mismatch"),
        (("from: hire_day", "from: position"), 13, "type_mismatch"),
        (("from: hire_day", "from: [hire_day, grade], via: [coalesce]"), 13, "type_mismatch"),
        (("from: hire_day", "from: hire_day, type: text"), 13, "type_mismatch"),
        (("on: [provision]", "on: [fire]"), 13, "unknown_value"),
        (("regular: 1", "regular: one"), 14, "value"),
        (("regular: 1", 'regular: ""'), 14, "wrong_shape"),
        (("otherwise: keep-current", "otherwise: guess"), 14, "unknown_value"),
        (("table: {regular: 1, intern: 2}", "table: {}"), 14, "wrong_shape"),
        (("Boss: {from: manager_number}", "Boss: manager_number"), 15, "wrong_shape"),
        (("Boss: {from: manager_number}", "Bos: {from: manager_number}"), 15, "unknown_target_field"),
        (("Boss: {from: manager_number}", "Boss: {type: reference}"), 15, "origin"),
        (("const: red", "const: green"), 16, "value"),
        (("const: red", "const: red, from: grade"), 16, "origin"),
        (("const: red", "const: red, required: yes"), 16, "origin"),
        (("Name: {from", "Pay: {from"), 11, "target_required"),
        (("given: {family_name", "given: {familie_name"), 18, "examples"),
        (("hire_day: 2026-11-22,", "hire_day: 22/11/2026,"), 18, "examples"),
        (("expect: {Name", "expect: {Nam"), 19, "examples"),
        (("Kind: 1, Boss", "Kind: one, Boss"), 19, "examples"),
    ],
)
def test_each_fault_has_its_line_and_rule(tmp_path, change, line, rule):
    assert change[0] in TEXT
    assert (line, rule) in faults(tmp_path, TEXT.replace(*change, 1))


def test_all_faults_come_at_once(tmp_path):
    text = (
        TEXT.replace("mapping: 1", "mapping: 9")
        .replace("lead_days: 2", "lead_days: x")
        .replace("truncate(10)", "frobnicate")
        .replace("regular: 1", "regular: one")
        .replace("const: red", "const: green")
    )
    assert [line for line, _ in faults(tmp_path, text + "nonsense: 1\n")] == [1, 5, 12, 14, 16, 20]


def test_a_misspelt_word_is_answered_with_the_likely_one(tmp_path):
    with pytest.raises(ConfigurationError, match="did you mean 'truncate'"):
        load(tmp_path, TEXT.replace("truncate(", "truncat("))


def test_no_example_no_mapping(tmp_path):
    head = TEXT.partition("examples:")[0]
    assert faults(tmp_path, head) == [(1, "missing_key")]
    assert faults(tmp_path, head + "examples: []\n") == [(17, "examples")]
    only_refusal = head + "examples:\n  - given: {}\n    refused: [Name]\n"
    assert faults(tmp_path, only_refusal) == [(18, "examples")]


def test_source_columns_are_checked_where_they_are_known(tmp_path):
    text = TEXT.replace("source: employee", "source: hr/test").replace("from: hire_day", "from: hire_day, via: [date]")
    load(tmp_path, text)
    known = {"family_name", "given_name", "hire_day", "employment_type"}
    assert faults(tmp_path, text, source_fields=known) == [(15, "unknown_source_column")]


def test_without_specs_a_field_has_the_type_of_its_chain(tmp_path):
    mapping = load(tmp_path, TEXT.replace("table: {regular: 1, intern: 2}", "type: text"), target_fields=None)
    assert mapping.fields["Start"].type is ValueType.DATE
    assert mapping.fields["Kind"].type is ValueType.TEXT


EMPLOYEE = """\
mapping: 1
source: hr/test
target: employee
fields:
  number: {from: 工号}
  status: {from: 状态, table: {在职: active, 离职: departed}}
examples:
  - given: {工号: 0012, 状态: 在职}
    expect: {number: 0012, status: active}
"""


def test_number_and_status_of_an_employee_are_always_needed(tmp_path):
    mapping = load(tmp_path, EMPLOYEE)
    assert mapping.fields["number"].required
    assert mapping.fields["status"].required
    assert mapping.lifecycle is None


@pytest.mark.parametrize(
    ("change", "line", "rule"),
    [
        ((", table: {在职: active, 离职: departed}", ""), 6, "status_table"),
        (("在职: active", "在职: here"), 6, "value"),
        (("  status: {from: 状态, table: {在职: active, 离职: departed}}\n", ""), 4, "target_required"),
        (("from: 工号", "from: 工号, otherwise: keep-current"), 5, "otherwise"),
        (("from: 工号", "from: 工号, otherwise: 'null'"), 5, "otherwise"),
        (("from: 工号", "from: 工号, on: [update]"), 5, "on"),
        (("fields:", "lifecycle: {disable: never}\nfields:"), 4, "lifecycle"),
    ],
)
def test_what_an_employee_mapping_may_not_do(tmp_path, change, line, rule):
    assert change[0] in EMPLOYEE
    assert (line, rule) in faults(tmp_path, EMPLOYEE.replace(*change, 1))


class TestDigest:
    def test_spelling_order_comments_and_examples_do_not_matter(self, tmp_path):
        one = load(tmp_path, TEXT).digest
        lines = TEXT.splitlines(keepends=True)
        lines[11:16] = reversed(lines[11:16])
        other = "# a comment\n" + "".join(lines).replace("truncate(10)", "' truncate( 10 ) '").replace("甲", "乙")
        assert load(tmp_path, other).digest == one
        assert len(one) == 64

    @pytest.mark.parametrize(
        "change",
        [
            ("truncate(10)", "truncate(9)"),
            ("regular: 1", "regular: 2"),
            ("lead_days: 2", "lead_days: 3"),
            ("const: red", "const: blue"),
            ("on: [provision]", "on: [update]"),
            ("otherwise: keep-current", "otherwise: refuse"),
            ("[regular, probation]", "[regular]"),
            ("  Boss: {from: manager_number}\n", ""),
        ],
    )
    def test_every_change_of_meaning_does(self, tmp_path, change):
        # The examples may not fit the change; they take no part in the digest.
        changed = TEXT.replace(*change, 1).replace(", Boss: ,", ",")
        assert load(tmp_path, changed).digest != load(tmp_path, TEXT).digest
