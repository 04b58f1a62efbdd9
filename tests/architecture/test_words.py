"""What is public is explained: names by docstrings, settings by the connector's page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from baton.clock import Clock
from baton.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = {name for name in vars(Clock) if not name.startswith("_")}
"""Methods of a protocol that is satisfied without inheriting: explained there."""


def undocumented(path):
    """Public classes and functions of a module, and public methods of public classes, without a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    if not ast.get_docstring(tree):
        yield "the module"
    for node in tree.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and not path.name.startswith("laws_"):  # the name of a law is its text
            yield node.name
        if isinstance(node, ast.ClassDef):
            inherits = bool(node.bases)
            for member in node.body:
                if (
                    isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
                    and not member.name.startswith("_")
                    and member.name not in EXPLAINED
                    and not ast.get_docstring(member)
                    and not inherits  # what overrides is explained where it is declared
                ):
                    yield f"{node.name}.{member.name}"


@pytest.mark.parametrize("package", ["baton", "connectors", "tools"])
def test_public_names_have_docstrings(package):
    faults = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        if "versions" not in path.parts and not path.name.startswith("simulator")
        for name in undocumented(path)
    ]
    assert faults == []


@pytest.mark.parametrize("name", Registry().names())
def test_every_setting_is_on_the_connectors_page(name):
    page = (ROOT / "connectors" / name / "README.md").read_text("utf-8")
    explained = set(re.findall(r"`([a-z0-9_]+)", page))
    missing = set(Registry().load(name).Settings.model_fields) - explained
    assert missing == set()


@pytest.mark.parametrize("name", Registry().names())
def test_the_page_says_what_is_promised_and_what_is_unverified(name):
    page = (ROOT / "connectors" / name / "README.md").read_text("utf-8").lower()
    assert re.search(r"unverified|not verified|nothing .* unverified", page), "say which vendor facts were not checked"
    assert re.search(r"limits?\b", page)
