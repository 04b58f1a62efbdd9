"""Import laws that import-linter cannot say, and what must stay unloaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def imported(path):
    """The modules a file names in its imports, wherever they stand."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            here = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*here, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names if node.level}
    return names


def loaded_by(statement):
    """Top-level modules in memory after that statement in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=lambda path: path.name)
def test_a_dag_imports_airflow_and_the_tasks_only(path):
    strangers = {
        name
        for name in imported(path) - set(sys.stdlib_module_names)
        if name.split(".")[:2] != ["airflow", "sdk"] and name.split(".")[:2] != ["baton", "tasks"]
    }
    assert strangers == set()


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "connectors").glob("*/*/simulator*.py")), *sorted((ROOT / "connectors").glob("*/*/bankside.py"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_a_simulator_knows_nothing_of_its_connector(path):
    folder = f"connectors.{path.parent.parent.name}.{path.parent.name}"
    allowed = {f"{folder}.{other.stem}" for other in path.parent.glob("simulator*.py")} | {f"{folder}.bankside"}
    ours = {name for name in imported(path) if name.split(".")[0] in {"baton", "connectors"}}
    assert ours <= allowed


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "connectors").rglob("*.py")) if not path.name.startswith("simulator")],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_no_connector_ships_its_stand_in(path):
    """Only tests and the sandbox load simulators: production never does."""
    simulators = {name for name in imported(path) if name.split(".")[-1].startswith("simulator")}
    assert simulators == set()


def test_the_command_line_does_not_load_airflow():
    assert "airflow" not in loaded_by("import baton.cli.main")


def test_the_command_line_does_not_load_what_only_some_commands_need():
    heavy = {"polars", "alembic", "zeep", "lxml", "simple_salesforce", "httpx", "requests", "baton.kit.run"}
    assert loaded_by("import baton.cli.main") & heavy == set()


HEAVY = {"polars", "zeep", "simple_salesforce", "asyncssh", "alembic", "connectors", "click", "rich", "fastapi"}


def test_what_airflow_asks_of_the_provider_is_light():
    """Every Airflow process asks for the connection types; they are derived once and kept."""
    ask = "from baton.provider import get_provider_info\nget_provider_info()"
    loaded_by(ask)
    assert loaded_by(ask) & HEAVY == set()


def test_what_airflow_loads_of_the_console_is_light():
    loaded_by("import airflow.sdk.plugins_manager")
    before = loaded_by("import airflow.sdk.plugins_manager")
    assert (loaded_by("import baton.console.plugin") - before) & HEAVY == set()


def test_the_seam_is_importable_alone():
    """A connector author needs no database and no Airflow to import `baton.sdk`."""
    heavy = {"sqlalchemy", "airflow", "polars", "alembic", "httpx", "requests", "cryptography.x509"}
    assert loaded_by("import baton.sdk") & heavy == set()
