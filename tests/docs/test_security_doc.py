"""The threat model names tests that exist, and a control for every threat."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::([A-Za-z0-9_]+)`")
CODE = re.compile(r"`((?:baton|connectors|tools)/[a-z0-9_/.]+)`")


def rows():
    table = PAGE.read_text("utf-8").partition("## Threats")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


@cache
def _tests_of(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_test_that_is_named_exists():
    named = NAMED.findall(PAGE.read_text("utf-8"))
    assert len(named) > 40
    assert [
        f"{file}::{test}" for file, test in named if not (ROOT / file).is_file() or test not in _tests_of(file)
    ] == []


def test_every_threat_has_a_control_and_a_test():
    assert len(rows()) >= 24
    for what, who, control, shown in rows():
        assert what
        assert who
        assert control
        assert NAMED.search(shown), what


def test_code_that_is_named_is_there():
    named = CODE.findall(PAGE.read_text("utf-8"))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
