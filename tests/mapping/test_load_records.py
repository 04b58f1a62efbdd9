"""What a mapping of records must say, and how every fault in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.mapping.load import load_mapping
from baton.mapping.schema import Unfit
from baton.model.account import FieldSpec, FieldType

FIELDS = {"code": FieldSpec(), "pay": FieldSpec(FieldType.DECIMAL, places=2), "on": FieldSpec(FieldType.BOOLEAN)}
GOOD = """mapping: 1
source: data/file
target: data/sql
collection: staff
key: [code]
read: staff.csv
cleaning:
  - {column: 手机, fix: [half_width, no_blanks]}
  - {column: 证件, check: [trim, identity_cn], otherwise: refuse}
duplicates: refuse
fields:
  code: {from: 工号, via: [trim]}
  pay: {from: 工资, via: [decimal(2)]}
examples:
  - given: {工号: 0012, 工资: 1.50}
    expect: {code: 0012, pay: 1.50}
"""


def load(tmp_path: Path, text: str):
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path, source_fields=None, target_fields=FIELDS)


def faults(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    return [(int(fault.place.rpartition(":")[2]), fault.rule) for fault in caught.value.faults]


def test_a_mapping_of_records_says_where_to_and_how_rows_are_cleaned(tmp_path: Path) -> None:
    mapping = load(tmp_path, GOOD)
    rules = mapping.records
    assert (rules.collection, rules.key, rules.read, rules.duplicates) == (
        "staff",
        ("code",),
        "staff.csv",
        Unfit.REFUSE,
    )
    assert [(rule.column, rule.otherwise) for rule in rules.cleaning] == [
        ("手机", Unfit.QUARANTINE),
        ("证件", Unfit.REFUSE),
    ]
    assert {"手机", "证件"} <= set(mapping.source_columns)
    assert mapping.lifecycle is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("collection: staff", "collection: people"),
        ("duplicates: refuse", "duplicates: quarantine"),
        ("[half_width, no_blanks]", "[half_width]"),
        ("otherwise: refuse}\nduplicates", "otherwise: quarantine}\nduplicates"),
        ("read: staff.csv", "read: other.csv"),
    ],
)
def test_whatever_changes_what_a_mapping_does_changes_its_digest(tmp_path: Path, old: str, new: str) -> None:
    assert load(tmp_path, GOOD.replace(old, new)).digest != load(tmp_path, GOOD).digest


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("key: [code]\n", "", (1, "missing_key")),
        ("key: [code]", "key: [cod]", (5, "key")),
        ("key: [code]", "key: [pay]", (5, "key")),
        ("code: {from: 工号, via: [trim]}", "code: {const: x}", (5, "key")),
        ("collection: staff\n", "collection: staff\nlifecycle: {disable: never}\n", (5, "lifecycle")),
        ("fix: [half_width, no_blanks]", "fix: [half_widht]", (8, "transform")),
        ("fix: [half_width, no_blanks]", "fix: [date]", (8, "cleaning")),
        ("fix: [half_width, no_blanks]", "fix: [join_nospace]", (8, "transform")),
        ("check: [trim, identity_cn]", "check: [date, trim]", (9, "type_mismatch")),
        (", fix: [half_width, no_blanks]", "", (8, "cleaning")),
        ("check: [trim, identity_cn]", "check: [trim]", (9, "cleaning")),
        ("{column: 手机, ", "{", (8, "missing_key")),
        ("otherwise: refuse}\nduplicates", "otherwise: maybe}\nduplicates", (9, "unknown_value")),
        ("duplicates: refuse", "duplicates: first", (10, "unknown_value")),
        ("decimal(2)", "decimal(3)", (13, "places")),
        ("pay: {from: 工资, via: [decimal(2)]}", "pay: {const: 1.505}", (13, "places")),
    ],
)
def test_a_fault_is_named_by_its_line_and_rule(tmp_path: Path, old: str, new: str, expected: tuple[int, str]) -> None:
    assert old in GOOD
    assert expected in faults(tmp_path, GOOD.replace(old, new))


def test_what_is_said_of_records_needs_a_collection(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("collection: staff\n", ""))
    assert {rule for _, rule in found} >= {"records", "missing_key"}


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("key: [code]", "key: [cod]")
        .replace("half_width", "half_widht")
        .replace("decimal(2)", "decimal(3)")
    )
    assert {rule for _, rule in faults(tmp_path, text)} == {"key", "transform", "places"}
