"""What `new-connector` writes passes as it is, and the guide's blocks are the very same files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.kit.run import LAWS, Verdict, run_laws
from baton.kit.scaffold import new_connector, render, title
from baton.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "connector-guide.md").read_text(encoding="utf-8")
blocks = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))


def test_the_guide_shows_the_templates():
    assert blocks == {
        "connectors/crm/example/connector.py": render("connector.py.txt"),
        "connectors/crm/example/simulator.py": render("simulator.py.txt"),
        "connectors/crm/example/README.md": render("README.md.txt"),
        "tests/connectors/crm/test_example_laws.py": render("test_connector.py.txt"),
    }


def test_the_guide_names_every_law():
    for laws in LAWS.values():
        for law in laws:
            assert f"\n- {law.__name__.replace('_', ' ')}\n" in GUIDE + "\n"


def test_a_connector_copied_from_the_guide_alone_passes(tmp_path, monkeypatch):
    package = "guide_shop"
    for path, text in blocks.items():
        if path.startswith("connectors/"):
            file = tmp_path / path.replace("connectors/", f"{package}/", 1)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            (file.parent / "__init__.py").write_text('"""Example."""\n')
    (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / package / "crm" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    results = run_laws("crm/example", registry=Registry(package))
    assert len(results) > 20
    assert [result for result in results if result.verdict in (Verdict.FAILED, Verdict.EXEMPT)] == []


def test_what_is_generated_passes_its_own_test_and_ruff(tmp_path):
    package = "generated_shop"
    files = new_connector("erp/my_vendor2", tmp_path, package=package)
    names = sorted(str(file.relative_to(tmp_path)) for file in files)
    assert names == [
        f"{package}/__init__.py",
        f"{package}/erp/__init__.py",
        f"{package}/erp/my_vendor2/README.md",
        f"{package}/erp/my_vendor2/__init__.py",
        f"{package}/erp/my_vendor2/connector.py",
        f"{package}/erp/my_vendor2/simulator.py",
        "tests/connectors/erp/test_my_vendor2_laws.py",
    ]
    assert "class MyVendor2Accounts(" in (tmp_path / package / "erp/my_vendor2/connector.py").read_text("utf-8")
    config = ["--config", str(ROOT / "pyproject.toml")]
    ours = ["--config", f"lint.isort.known-first-party=['baton', '{package}']"]
    for command in (
        ["ruff", "check", "--no-cache", *config, *ours],
        ["ruff", "format", "--check", "--no-cache", *config],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "tests"]
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"2[0-9] passed, 2 skipped", done.stdout), done.stdout


def test_nothing_that_exists_is_touched(tmp_path):
    new_connector("crm/example", tmp_path)
    file = tmp_path / "connectors/crm/example/connector.py"
    file.write_text("mine")
    with pytest.raises(ConfigurationError) as caught:
        new_connector("crm/example", tmp_path)
    assert len(caught.value.faults) == 5
    assert file.read_text() == "mine"
    new_connector("crm/second", tmp_path)


@pytest.mark.parametrize("name", ["crm", "crm/", "CRM/x", "crm/../x", "shop/x", "crm/x y", "crm/1x", ""])
def test_wrong_names_are_refused(tmp_path, name):
    with pytest.raises(ConfigurationError, match="connector_name"):
        new_connector(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_class_names():
    assert [title(name) for name in ("crm/example", "oa/my_vendor2")] == ["Example", "MyVendor2"]
