"""Rows come out typed; what does not fit is named by row, field and rule; one record and a frame come out alike."""

import subprocess
import sys
from datetime import date
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import ConfigurationError
from baton.mapping import check_examples, employee_frame, employee_rows, load_mapping, to_employees
from baton.mapping.schema import Otherwise
from baton.model.account import Action, FieldSpec, FieldType
from baton.model.people import EMPLOYEE_COLUMNS, Employee, EmploymentStatus
from tests.rig.examples import few

SHIPPED = Path(__file__).parents[2] / "mappings" / "sync"
TEXT = """\
mapping: 1
source: hr/test
target: crm/test
lifecycle: {disable: last_working}
scope:
  公司: [A, B]
fields:
  Number: {from: 工号, via: [trim], required: yes}
  Name: {from: [姓, 名], via: [join_nospace, trim]}
  Start: {from: 入职, via: [trim, date], otherwise: keep-current}
  Kind: {from: 类型, table: {正式: 1, 实习: 2}, type: integer, otherwise: "null"}
  Pay: {from: 补贴, via: [decimal(2)]}
  Active: {from: 有效, via: [boolean]}
  Tag: {const: 0012, on: [provision]}
examples:
  - given: {公司: A, 工号: 0012, 姓: 欧阳, 名: 䶮, 入职: 2026/11/22, 类型: 正式, 补贴: "10.5", 有效: 是}
    expect: {Number: 0012, Name: 欧阳䶮, Start: 2026-11-22, Kind: 1, Pay: "10.50", Active: true, Tag: 0012}
"""
COLUMNS = ("公司", "工号", "姓", "名", "入职", "类型", "补贴", "有效")


@pytest.fixture(scope="module")
def mapping(tmp_path_factory):
    path = tmp_path_factory.mktemp("m") / "m.yaml"
    path.write_text(TEXT, "utf-8")
    return load_mapping(path, source_fields=COLUMNS, target_fields=None)


def frame(*rows):
    return pl.DataFrame(
        [dict(zip(COLUMNS, row, strict=True)) for row in rows], schema=dict.fromkeys(COLUMNS, pl.String)
    )


GOOD = ("A", "0012", "欧阳", "䶮", "2026/11/22", "正式", "10.5", "是")


def test_rows_come_out_typed(mapping):
    assert check_examples(mapping) == []
    mapped = mapping.apply(frame(GOOD))
    assert mapped.rows.schema == {
        "Number": pl.String,
        "Name": pl.String,
        "Start": pl.Date,
        "Kind": pl.Int64,
        "Pay": pl.Decimal(38, 2),
        "Active": pl.Boolean,
        "Tag": pl.String,
    }
    record = mapped.record(0)
    assert record["Pay"] == Decimal("10.50")
    assert record["Tag"] == "0012"
    assert "Tag" not in mapped.record(0, Action.UPDATE)
    assert mapped.faults == mapped.notices == []


def test_what_does_not_fit_is_refused_kept_or_cleared(mapping):
    rows = frame(GOOD, ("A", " ", "测", "试", "2026-02-30", "临时", "1e3", "是"), GOOD)
    mapped = mapping.apply(rows)
    assert [(f.row, f.field, f.rule) for f in mapped.faults] == [(1, "Number", "required"), (1, "Pay", "via.decimal")]
    assert [(n.row, n.field, n.rule, n.otherwise) for n in mapped.notices] == [
        (1, "Start", "via.date", Otherwise.KEEP),
        (1, "Kind", "table", Otherwise.NULL),
    ]
    assert mapped.refused_rows == {1}
    assert [row for row, _ in mapped.records()] == [0, 2]
    with pytest.raises(ValueError, match="row 1 was refused"):
        mapped.record(1)
    assert mapped.rows.height == 3


def test_a_fault_refuses_only_the_actions_its_field_travels_with(mapping):
    mapped = mapping.apply(frame(("A", None, *GOOD[2:])))
    assert mapped.refused_on(Action.UPDATE) == {0}
    assert mapped.refused_on(Action.DISABLE) == frozenset()
    assert mapped.record(0, Action.DISABLE) == {}
    with pytest.raises(ValueError, match="refused"):
        mapped.record(0, Action.PROVISION)


def test_kept_is_left_out_and_null_is_none(mapping):
    mapped = mapping.apply(frame((*GOOD[:4], "someday", "临时", None, "否")))
    record = mapped.record(0)
    assert "Start" not in record
    assert record["Kind"] is None
    assert record["Pay"] is None
    assert record["Active"] is False


def test_no_message_holds_a_value(mapping):
    secret = "6222000000000000004"
    mapped = mapping.apply(frame(("A", f"\x00{secret}", secret, secret, secret, secret, secret + "x", secret)))
    assert len(mapped.faults + mapped.notices) == 5
    assert not any(secret in str(cell) for cell in mapped.faults + mapped.notices)


@pytest.mark.parametrize(
    "mark", ["\x00", "\u202e", "\u2066", "\x1b", "\u061c", "\u200e", "\x7f", "\u0080", "\u0085", "\u009b", "\u009f"]
)
def test_control_characters_and_direction_marks_are_refused(mapping, mark):
    mapped = mapping.apply(frame(("A", f"00{mark}12", *GOOD[2:])))
    assert [(f.field, f.rule) for f in mapped.faults] == [("Number", "unprintable")]


@pytest.mark.parametrize("mark", ["\t", "\n", "\r\n", "\u00a0"])
def test_tabs_and_line_ends_are_allowed(mapping, mark):
    mapped = mapping.apply(frame(("A", f"00{mark}12", *GOOD[2:])))
    assert list(mapped.faults) == []


def test_empty_text_is_no_value_without_any_transform(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        TEXT.replace("工号, via: [trim]", "工号")
        .replace("via: [trim, date]", "via: [date]")
        .replace("keep-current", "refuse"),
        "utf-8",
    )
    mapped = load_mapping(path, source_fields=COLUMNS, target_fields=None).apply(
        frame(("A", "", *GOOD[2:4], "", *GOOD[5:]))
    )
    assert [(f.field, f.rule) for f in mapped.faults] == [("Number", "required")]
    assert mapped.rows["Start"].to_list() == [None]


def test_what_the_target_declares_is_kept(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(TEXT, "utf-8")
    types = {"Start": FieldType.DATE, "Kind": FieldType.INTEGER, "Pay": FieldType.DECIMAL, "Active": FieldType.BOOLEAN}
    specs = {name: FieldSpec(types.get(name, FieldType.TEXT)) for name in ("Start", "Kind", "Pay", "Active", "Tag")}
    specs |= {"Number": FieldSpec(choices=frozenset({"0012", "0013"})), "Name": FieldSpec(max_length=3)}
    mapped = load_mapping(path, source_fields=COLUMNS, target_fields=specs).apply(
        frame(GOOD, ("A", "12", "欧阳", "䶮䶮", *GOOD[4:]), GOOD)
    )
    assert [(f.row, f.field, f.rule) for f in mapped.faults] == [(1, "Number", "choices"), (1, "Name", "max_length")]
    assert mapped.rows["Name"].to_list() == ["欧阳䶮", None, "欧阳䶮"]


@pytest.mark.parametrize("cell", ["A ", "\u3000A", "A\u200b", "\tA\xa0"])
def test_blanks_around_a_word_leave_nobody_out_of_scope(mapping, cell):
    mapped = mapping.apply(frame((cell, *GOOD[1:]), ("A B", *GOOD[1:])))
    assert mapped.in_scope.to_list() == [True, False]


def test_rows_out_of_scope_have_no_faults(mapping):
    mapped = mapping.apply(frame(("C", None, *GOOD[2:]), ("B", *GOOD[1:]), (None, *GOOD[1:])))
    assert mapped.in_scope.to_list() == [False, True, False]
    assert mapped.faults == []
    assert [row for row, _ in mapped.records()] == [1]


def test_a_missing_column_is_never_no_value(mapping):
    with pytest.raises(ConfigurationError, match="no column '入职'"):
        mapping.apply(frame(GOOD).drop("入职"))
    with pytest.raises(ConfigurationError, match="holds Int64"):
        mapping.apply(frame(GOOD).with_columns(pl.lit(12).cast(pl.Int64).alias("工号")))


def test_an_empty_frame_and_columns_without_any_value(mapping):
    assert mapping.apply(frame()).rows.height == 0
    nothing = pl.DataFrame({name: [None, None] for name in COLUMNS})
    assert mapping.apply(nothing).rows.height == 2


CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "A", "0012", "正式", "2026-11-22", "20261122", "2026-02-30", "10.5", "是", "䶮", "\u202e"]
    ),
    st.text(max_size=6),
)


@few(60)
@given(rows=st.lists(st.tuples(*[CELLS] * len(COLUMNS)), min_size=1, max_size=8))
def test_a_frame_comes_out_as_its_rows_do(mapping, rows):
    mapped = mapping.apply(frame(*rows))
    for place, row in enumerate(rows):
        alone = mapping.apply_one(dict(zip(COLUMNS, row, strict=True)))
        assert alone.in_scope == mapped.in_scope[place]
        assert alone.refused == (place in mapped.refused_rows)
        assert [(f.field, f.rule) for f in alone.faults] == [(f.field, f.rule) for f in mapped.faults if f.row == place]
        if not alone.refused:
            assert alone.fields == mapped.record(place)


def test_examples_that_do_not_hold_are_named(tmp_path):
    path = tmp_path / "m.yaml"
    wrong = """\
    expect: {Name: 欧阳, Start: }
  - given: {公司: A, 工号: 1, 入职: x}
    expect: {Start: 2026-11-22}
    refused: [Name]
  - given: {公司: C, 工号: 1}
    expect: {Number: 1}
  - given: {公司: A}
    expect: {Number: 1}
"""
    path.write_text(TEXT.rpartition("    expect")[0] + wrong, "utf-8")
    found = check_examples(load_mapping(path, source_fields=COLUMNS, target_fields=None))
    assert [(int(f.place.rpartition(":")[2]), f.message.split(":")[0]) for f in found] == [
        (17, "'Name' should be '欧阳', and is '欧阳䶮'"),
        (17, "'Start' should be no value, and is 2026-11-22"),
        (18, "'Name' should refuse the row, and accepts it"),
        (19, "'Start' is left out"),
        (21, "the example is out of scope, so it shows nothing"),
        (23, "'Number' refuses the row"),
    ]


class TestEmployees:
    def test_there_and_back(self, tmp_path):
        lines = ["mapping: 1", "source: hr/test", "target: employee", "fields:"]
        special = {"status": ", table: {active: active}", "last_working_time": ", via: [time]"}
        for name in EMPLOYEE_COLUMNS:
            via = special.get(name, ", via: [date]" if name.endswith("_day") or name == "effective_on" else "")
            lines.append(f"  {name}: {{from: {name}{via}}}")
        lines += ["examples:", "  - given: {number: 0012, status: active}", "    expect: {number: 0012}"]
        path = tmp_path / "m.yaml"
        path.write_text("\n".join(lines), "utf-8")
        identity = load_mapping(path, source_fields=None, target_fields=None)
        person = Employee(
            number="0012",
            status=EmploymentStatus.ACTIVE,
            time_zone="Asia/Kathmandu",
            full_name="䶮",
            hire_day=date(2026, 11, 22),
            last_working_time=clock(18, 30),
        )
        texts = employee_frame([person]).cast(pl.String)
        assert list(to_employees(identity.apply(texts.with_columns(last_working_time=pl.lit("18:30"))))) == [person]

    def test_refused_rows_are_no_employees(self):
        mapping = load_mapping(SHIPPED / "hr_file_export--employee.yaml", source_fields=None, target_fields=None)
        good = dict.fromkeys(mapping.source_columns) | dict(mapping.examples[0].given)
        rows = pl.DataFrame([good, good | {"员工状态": "神秘"}, good], schema=dict.fromkeys(good, pl.String))
        found = list(employee_rows(mapping.apply(rows)))
        assert [row for row, _ in found] == [0, 2]
        assert found[0][1].family_name == "欧阳"
        assert found[0][1].status is EmploymentStatus.ACTIVE

    def test_accounts_are_no_employees(self, mapping):
        with pytest.raises(ValueError, match="accounts"):
            list(to_employees(mapping.apply(frame(GOOD))))

    def test_employees_go_on_to_a_target(self):
        mapping = load_mapping(SHIPPED / "employee--erp_tryton.yaml", source_fields=None, target_fields=None)
        person = Employee(number="0012", status=EmploymentStatus.ACTIVE, full_name="䶮", hire_day=date(2026, 1, 5))
        mapped = mapping.apply(employee_frame([person]))
        assert mapped.record(0, Action.UPDATE)["start_date"] == date(2026, 1, 5)
        assert "end_date" not in mapped.record(0, Action.DISABLE)


def test_a_hundred_thousand_rows_and_one(tmp_path):
    mapping = load_mapping(SHIPPED / "hr_file_export--employee.yaml", source_fields=None, target_fields=None)
    given_row = dict.fromkeys(mapping.source_columns) | dict(mapping.examples[0].given)
    rows = pl.DataFrame([given_row], schema=dict.fromkeys(given_row, pl.String))
    rows = pl.concat([rows] * 100_000).with_columns(pl.int_range(pl.len()).cast(pl.String).alias("工号"))
    mapped = mapping.apply(rows)
    assert mapped.faults == []
    assert mapped.rows.height == 100_000
    alone = mapping.apply_one(rows.row(70_000, named=True))
    assert alone.fields == mapped.rows.row(70_000, named=True)


def test_importing_the_package_does_not_load_polars():
    code = "import sys, baton.mapping, baton.mapping.schema; sys.exit('polars' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
