"""The house is where the plan says, and stays readable."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("baton", "connectors", "dags", "tools")
KINDS = ("hr", "crm", "erp", "oa", "bank", "data", "mail", "sms", "webhook")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def tracked(pattern):
    """Files of that kind which belong to the project: committed, or about to be."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def shown(path):
    return path.relative_to(ROOT).as_posix()


PYTHON = [path for path in tracked("*.py") if "/migrations/versions/" not in path.as_posix()]
PERIOD = "[12][0-9]{3}-"
"""How the pattern of a payment's month begins."""
CONNECTORS = [path for kind in KINDS for path in sorted((ROOT / "connectors" / kind).glob("[!_]*/")) if path.is_dir()]


@pytest.mark.parametrize(
    "place",
    [
        "README.md", "README.zh-CN.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "uv.lock", "Dockerfile",
        "docker-compose.yml", "systems.example.yaml", "dags", "mappings", "secrets/README.md", "baton/errors.py",
        "baton/contracts", "baton/client.py", "baton/sdk.py", "baton/model", "baton/mapping", "baton/store/migrations",
        "baton/audit", "baton/engine", "baton/jobs", "baton/registry.py", "baton/settings.py", "baton/vault.py",
        "baton/clock.py", "baton/tasks", "baton/cli", "baton/console", "baton/sandbox", "baton/kit",
        "docs/architecture.md", "docs/connector-guide.md", "docs/mapping-guide.md", "docs/operations.md",
        "docs/words.md", "docs/decisions", *(f"connectors/{kind}" for kind in KINDS),
    ],
)  # fmt: skip
def test_the_house_has_its_rooms(place):
    assert (ROOT / place).exists()


@pytest.mark.parametrize("folder", CONNECTORS, ids=shown)
def test_a_connector_is_one_folder_with_a_class_and_a_readme(folder):
    assert {"__init__.py", "connector.py", "README.md"} <= {path.name for path in folder.iterdir()}
    body = ast.parse((folder / "__init__.py").read_text("utf-8")).body
    assert len(body) == 1, "__init__.py is a docstring: importing one connector must not load another's libraries"
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))


def test_there_are_connectors_of_every_kind():
    assert {folder.parent.name for folder in CONNECTORS} == set(KINDS)


@pytest.mark.parametrize("path", PYTHON, ids=shown)
def test_no_file_is_too_long(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: which two things is it?"


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{shown(path)}:{node.lineno} {node.name} ({node.end_lineno - node.lineno + 1})"
        for path in PYTHON
        if path.relative_to(ROOT).parts[0] in CODE
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_module_has_a_name_that_says_nothing():
    assert [shown(path) for path in PYTHON if {path.stem, path.parent.name} & EMPTY_NAMES] == []


def test_nothing_is_left_to_do_in_the_code():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    found = [
        f"{shown(path)}:{number}"
        for path in PYTHON
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if any(mark in line for mark in marks)
    ]
    assert found == []


def test_nothing_depends_on_the_place_it_was_written_in():
    places = ("/" + "work/", ".." + "/shared", "/" + "root/")
    found = []
    for path in tracked("*"):
        if path.suffix in {".png", ".xlsx", ".gif", ".ico"} or path.name == "uv.lock":
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{shown(path)}: {place}" for place in places if place in text]
    assert found == []


def test_a_clone_holds_no_secret_and_no_state():
    names = [shown(path) for path in tracked("*")]
    assert [name for name in names if name.startswith("secrets/") and not name.endswith((".md", ".example"))] == []
    assert [name for name in names if name.endswith((".sqlite3", ".db", ".pem", ".key"))] == []


def test_what_a_month_is_stands_in_one_place():
    saying = [shown(path) for path in PYTHON if shown(path).split("/")[0] in CODE and PERIOD in path.read_text("utf-8")]
    assert saying == ["baton/model/payable.py"]
