"""Hostile YAML (reliability corpus 25-33): each is refused with line and rule, quickly, without a traceback."""

import tracemalloc

import pytest

from baton.errors import ConfigurationError
from baton.mapping.document import MAX_BYTES, FaultLog, Listing, Table, Text, read_document
from baton.mapping.load import load_mapping

GOOD = """\
mapping: 1
source: hr/file_export
target: crm/salesforce
lifecycle: {disable: last_working, remove: never}
fields:
  LastName: {from: 姓名}
examples:
  - given: {姓名: 䶮}
    expect: {LastName: 䶮}
"""


def refused(tmp_path, text, **sides):
    path = tmp_path / "m.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(path, **{"source_fields": None, "target_fields": None, **sides})
    return [(fault.place.rpartition(":")[2], fault.rule) for fault in caught.value.faults]


def test_the_good_one_is_good(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(GOOD, "utf-8")
    assert load_mapping(path, source_fields=None, target_fields=None).target == "crm/salesforce"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(GOOD.replace("姓名}", "!!python/object/apply:os.system ['id']}", 1), ("6", "yaml.tag"), id="tag"),
        pytest.param(GOOD + "extra: !!int 3\n", ("10", "yaml.tag"), id="int tag"),
        pytest.param(GOOD + "a: &a [x]\nb: [*a, *a]\n", ("11", "yaml.alias"), id="alias"),
        pytest.param(GOOD + "<<: {admin: true}\n", ("10", "yaml.merge_key"), id="merge key"),
        pytest.param(GOOD + "source: hr/other\n", ("10", "yaml.duplicate_key"), id="duplicate key"),
        pytest.param(
            GOOD.replace("  LastName: {from: 姓名}", "  LastName: {from: 姓名}\n  LastName: {from: 工号}"),
            ("7", "yaml.duplicate_key"),
            id="duplicate field",
        ),
        pytest.param(GOOD + "---\nmapping: 1\n", ("10", "yaml.documents"), id="two documents"),
        pytest.param("mapping: 1\nfields:\n\tname: x\n", ("3", "yaml.syntax"), id="tab"),
        pytest.param("a: [" * 5000, ("1", "yaml.too_deep"), id="nested, invalid"),
        pytest.param("[" * 5000, ("1", "yaml.too_deep"), id="nested"),
        pytest.param("? [a, b]\n: c\n" + GOOD, ("1", "yaml.key"), id="composite key"),
        pytest.param("x\x00y: 1\n", ("1", "yaml.character"), id="NUL"),
        pytest.param(
            GOOD.replace("  LastName:", '  "\\0FirstName": {form: 名}\n  LastName:', 1),
            ("6", "yaml.character"),
            id="a field behind an escaped NUL",
        ),
        pytest.param(
            GOOD.replace("  LastName:", '  Kind: {const: "a\\0b"}\n  LastName:', 1),
            ("6", "yaml.character"),
            id="escape",
        ),
        pytest.param("mapping: 1\nsource: 工号\n".encode("gb18030"), ("2", "yaml.encoding"), id="GB18030"),
        pytest.param("", ("{file}", "yaml.empty"), id="empty"),
        pytest.param("- 1\n", ("1", "wrong_shape"), id="a list"),
        pytest.param(
            "{" + ", ".join(f"k{i}: v" for i in range(15000)) + "}", ("1", "yaml.too_large"), id="many values"
        ),
        pytest.param(GOOD + "lifecicle: x\n", ("10", "unknown_key"), id="unknown key"),
    ],
)
def test_hostile_yaml_is_refused_where_it_stands(tmp_path, text, expected):
    found = refused(tmp_path, text)
    line, rule = expected
    assert any(r == rule and (line == "{file}" or place == line) for place, r in found), found


def test_fifty_megabytes_are_not_read(tmp_path):
    path = tmp_path / "m.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    tracemalloc.start()
    log = FaultLog("m.yaml")
    assert read_document(path, log) is None
    assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BYTES
    tracemalloc.stop()
    assert [fault.rule for fault in log.faults] == ["yaml.too_large"]


def test_a_missing_file_is_a_fault_and_not_a_traceback(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml", source_fields=None, target_fields=None)


def test_scalars_stay_the_text_they_are(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "\ufeffno: NO\nid: 0123\ntime: 12:34:56\nnull: null\nfloat: .inf\ndate: 2026-11-22\nhex: 0x1F\n", "utf-8"
    )
    log = FaultLog("m.yaml")
    table = read_document(path, log)
    assert isinstance(table, Table)
    assert {key: node.value for key, node in table.entries.items() if isinstance(node, Text)} == {
        "no": "NO",
        "id": "0123",
        "time": "12:34:56",
        "null": "null",
        "float": ".inf",
        "date": "2026-11-22",
        "hex": "0x1F",
    }
    assert table.lines["time"] == 3
    assert log.faults == []


def test_lists_and_lines(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("a:\n  - x\n  - y\nb: ~\nc: '~'\n", "utf-8")
    table = read_document(path, FaultLog("m.yaml"))
    assert isinstance(table, Table)
    listing = table.entries["a"]
    assert isinstance(listing, Listing)
    assert [(item.value, item.line) for item in listing.items] == [("x", 2), ("y", 3)]
    assert (table.entries["b"].absent, table.entries["c"].absent) == (True, False)


@pytest.mark.parametrize("days", ["-1", "1000%", ".inf", "soon", "1e2", "99999", "３", ""])
def test_a_threshold_that_is_no_number_of_days(tmp_path, days):
    text = GOOD.replace("remove: never", f'remove: contract_end, remove_delay_days: "{days}"')
    assert [place for place, _ in refused(tmp_path, text)] == ["4"]
