"""No name of ours hides a name of somebody else's."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {"baton", "connectors"}
NOT_IMPORTABLE = {"docs", "mappings", "secrets", "dags", "tools", "tests", "state", "build", "dist"}
"""Folders in the root that are no packages: without ``__init__.py`` a real package of that name wins."""


def test_secrets_is_data_only():
    assert list((ROOT / "secrets").rglob("*.py*")) == []


def test_import_secrets_from_the_root_is_the_standard_librarys():
    command = [sys.executable, "-c", "import secrets; print(secrets.__file__); secrets.token_hex(4)"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not Path(told.strip()).is_relative_to(ROOT / "secrets")
    assert Path(told.strip()).name == "secrets.py"


def test_only_the_two_packages_are_packages():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == OURS
    modules = {path.stem for path in ROOT.glob("*.py")}
    assert modules == set()
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert folders - NOT_IMPORTABLE == OURS


def test_our_packages_hide_nothing():
    others = {
        name for name, dists in packages_distributions().items() if {d.lower() for d in dists} - {"baton-hub"}
    } | sys.stdlib_module_names
    assert others & OURS == set()
    inside = {path.name for path in ROOT.iterdir() if path.is_dir()} & others
    assert inside <= {"secrets", "tests", "docs", "tools"}, "a folder in the root has the name of an installed package"


def test_no_module_run_from_its_own_folder_hides_a_library():
    """``dags/`` stands on sys.path while Airflow parses it."""
    libraries = set(packages_distributions()) | sys.stdlib_module_names
    assert {path.stem for path in (ROOT / "dags").glob("*.py")} & libraries == set()
