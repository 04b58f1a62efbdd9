from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from baton import strict_yaml
from baton.errors import ConfigurationError
from baton.strict_yaml import MAX_BYTES, MAX_DEPTH, TextNode, parse, read


def rules(text: str) -> list[tuple[str, str]]:
    return [(fault.place, fault.rule) for fault in parse(text.encode(), "x.yaml").faults]


def test_every_scalar_stays_text():
    text = "a: 0012\nb: NO\nc: 12:30\nd: 1e3\ne: null\nf:\ng: ''\nh: [2026-01-01, ~]\n九: 䶮😀\n"
    document = parse(text.encode(), "x.yaml")
    assert document.faults == ()
    assert document.plain() == {
        "a": "0012", "b": "NO", "c": "12:30", "d": "1e3", "e": "null", "f": None, "g": "", "h": ["2026-01-01", "~"], "九": "䶮😀",
    }  # fmt: skip


def test_quoting_is_known():
    document = parse(b"a: yes\nb: 'yes'\n", "x.yaml")
    assert [document.node(("a",)), document.node(("b",))] == [TextNode(1, "yes"), TextNode(2, "yes", quoted=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\n'a': 3\n", [("x.yaml:3", "duplicate_key")]),
        ("a: &x 1\nb: *x\n", [("x.yaml:1", "anchor"), ("x.yaml:2", "alias")]),
        ("a: !!int 1\nb: !x {c: d}\n", [("x.yaml:1", "tag"), ("x.yaml:2", "tag")]),
        ("a: 1\n---\nb: 2\n", [("x.yaml:2", "several_documents")]),
        ("%YAML 1.1\n---\na: 1\n", [("x.yaml:1", "directive")]),
        ("a:\n  <<: {b: 1}\n", [("x.yaml:2", "merge")]),
        ("? [a, b]\n: 1\n", [("x.yaml:1", "key")]),
        ("a: {b: 1\nc: d\n", [("x.yaml:2", "syntax")]),
        ("a:\n\t- b\n", [("x.yaml:2", "syntax")]),
        ("a: \x07\n", [("x.yaml", "syntax")]),
        ('a: 1\nb: ["x\\0y"]\n"\\0c": 1\n', [("x.yaml:2", "nul"), ("x.yaml:3", "nul")]),
    ],
)
def test_what_is_refused(text, expected):
    assert rules(text) == expected


@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_half_a_character_is_refused_on_its_line(parser, monkeypatch):
    if parser == "python":
        monkeypatch.setattr(strict_yaml, "LOADER", yaml.SafeLoader)
    read_anew = strict_yaml._remembered.__wrapped__
    monkeypatch.setattr(strict_yaml, "_remembered", read_anew)
    assert rules('a: 1\nb: "\\uD83D"\n') == [("x.yaml:2", "syntax" if parser == "libyaml" else "half_character")]
    assert rules('a: 1\nb: "\\U0001F600"\n') == []


def test_faults_before_a_syntax_error_are_reported_with_it():
    assert rules("a: 1\na: 2\nb: ]\n") == [("x.yaml:2", "duplicate_key"), ("x.yaml:3", "syntax")]


def test_a_duplicate_of_a_refused_value_keeps_the_first():
    assert parse(b"a: 1\na: 2\n", "x").plain() == {"a": "1"}


def test_depth_size_and_count_are_capped(monkeypatch):
    deep = "[" * 5000
    assert [fault.rule for fault in parse(deep.encode(), "x").faults] == ["too_deep"]
    assert parse(("[" * MAX_DEPTH + "]" * MAX_DEPTH).encode(), "x").faults == ()
    assert [fault.rule for fault in parse(b"#" * (MAX_BYTES + 1), "x").faults] == ["too_large"]
    monkeypatch.setattr(strict_yaml, "MAX_NODES", 10)
    assert [fault.rule for fault in parse(b"[a, a, a, a, a, a, a, a, a, a]", "x").faults] == ["too_large"]


def test_encoding_is_utf8_and_a_mark_is_allowed():
    assert parse("a: 甲".encode("utf-8-sig"), "x").plain() == {"a": "甲"}
    faults = parse("a: 1\nb: 甲".encode("gbk"), "x").faults
    assert [(fault.place, fault.rule) for fault in faults] == [("x:2", "encoding")]


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path):
    document = read(tmp_path / "no.yaml", shown_as="no.yaml")
    assert [str(fault) for fault in document.faults] == [
        "no.yaml: cannot be read: No such file or directory [unreadable_file]"
    ]
    with pytest.raises(ConfigurationError):
        document.raise_if_faulty()


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    calls: int


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: Inner
    size: int
    switch: bool = False
    needed: str


def test_pydantic_faults_are_placed_and_never_repeat_the_input():
    document = parse(
        b"x:\n  rate:\n    calls: topsecret\n    burst: 1\n  siez: 3\n  size: 3\n  switch: yes\n", "s.yaml"
    )
    part = document.node(("x",))
    assert part is not None
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(part.plain())
    faults = [str(fault) for fault in document.faults_of(caught.value, ("x",), model=Outer)]
    assert faults == [
        "s.yaml:3: x.rate.calls: Input should be a valid integer, unable to parse string as an integer [int_parsing]",
        "s.yaml:4: x.rate.burst is not known here [unknown_key]",
        "s.yaml:1: x.needed is missing [missing]",
        "s.yaml:5: x.siez is not known here; did you mean 'size'? [unknown_key]",
    ]


def test_lines_are_those_of_the_keys_and_of_the_nearest_ancestor():
    document = parse(b"a:\n  b:\n    - c\n    - d\n", "s.yaml")
    assert [document.line(at) for at in ((), ("a",), ("a", "b"), ("a", "b", 1), ("a", "zz", 7))] == [1, 1, 2, 4, 1]


def test_a_tab_is_named_as_what_it_is():
    [fault] = parse(b"a:\n\tb: 1\n", "x.yaml").faults
    assert (fault.place, fault.rule) == ("x.yaml:2", "syntax")
    assert "tab" in fault.message
