"""Transforms of one's own, as the mapping guide describes them: the guide's own example, from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.mapping import transforms
from tests.cli.conftest import REPO, Company, person
from tests.cli.place import Place

MODULE = "shop_transforms"


def guide() -> str:
    """The example of docs/mapping-guide.md."""
    chapter = (REPO / "docs/mapping-guide.md").read_text("utf-8").partition("## A transform of your own")[2]
    return chapter.partition("```python\n")[2].partition("```")[0]


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test loads is gone after it."""
    monkeypatch.setattr(transforms, "_own", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop(MODULE, None)


def name_modules(systems: Path, modules: str) -> None:
    text = systems.read_text("utf-8")
    assert "state_dir: state, " in text
    systems.write_text(text.replace("state_dir: state, ", f"state_dir: state, transforms: [{modules}], "), "utf-8")


@pytest.fixture
def shop(company: Company) -> Company:
    """Locations are shops, and a shop code is what the guide says."""
    mapping = (REPO / "mappings/sync/hr_file_export--employee.yaml").read_text("utf-8")
    for old, new in (
        ("{from: 工作地点, via: [trim]}", "{from: 工作地点, via: [trim, shop_code]}"),
        ("工作地点: 上海", "工作地点: S-012"),
        ("location: 上海", "location: S-012"),
    ):
        assert old in mapping
        mapping = mapping.replace(old, new)
    (company.root / "shop.yaml").write_text(mapping, "utf-8")
    company.edit(f"{REPO}/mappings/sync/hr_file_export--employee.yaml", "shop.yaml")
    name_modules(company.systems, MODULE)
    (company.root / f"{MODULE}.py").write_text(guide(), "utf-8")
    company.ok("keys", "init")
    return company


def test_the_guides_transform_is_used_wherever_mappings_are_read(
    shop: Company, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shop.feed([person(1, 工作地点="S-012"), person(2, 工作地点="nowhere")])
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))  # it is the folder of systems.yaml that counts
    shop.ok("mapping", "test", str(shop.root / "shop.yaml"))
    shop.ok("mapping", "check")
    findings = {each["what"]: each["detail"] for each in shop.ok("doctor", "--json").json["findings"]}
    assert findings["transforms"] == MODULE
    (fault,) = shop.baton("plan", "sync", "--json").json["faults"]
    assert fault["rule"] == "via.shop_code"
    shop.feed([person(n, 工作地点="S-012") for n in range(1, 3)])
    shop.ok("plan", "sync")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No module named 'shop_transforms'"),
        ("import polars\n1 / 0\n", "ZeroDivisionError"),
        (guide().replace('"shop_code", ', '"trim", '), "there is a transform 'trim' already"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_named_everywhere(shop: Company, content: str | None, told: str) -> None:
    module = shop.root / f"{MODULE}.py"
    module.unlink() if content is None else module.write_text(content, "utf-8")
    for arguments in (("doctor", "--json"), ("mapping", "test"), ("plan", "sync")):
        said = shop.baton(*arguments)
        assert said.code == 2
        assert f"the module {MODULE!r} cannot be loaded" in said.out + said.err
        assert told in said.out + said.err


@pytest.mark.parametrize("loose", ["", f"{MODULE}.py"])
def test_what_everybody_could_change_is_not_run(shop: Company, loose: str) -> None:
    (shop.root / f"{MODULE}.py").write_text("raise SystemExit(7)", "utf-8")
    path = shop.root / loose
    path.chmod(path.stat().st_mode | 0o002)
    said = shop.baton("mapping", "test")
    assert said.code == 2
    assert "everybody on this machine can change" in said.err


def test_a_mapping_is_tested_without_the_systems_and_their_secrets(shop: Company) -> None:
    for file in (shop.root / "secrets/crm").iterdir():
        file.unlink()
    shop.ok("mapping", "test", str(shop.root / "shop.yaml"))


def test_a_migration_uses_them_too(place: Place) -> None:
    name_modules(place.systems, MODULE)
    (place.root / f"{MODULE}.py").write_text(guide(), "utf-8")
    text = place.mapping.read_text("utf-8")
    place.mapping.write_text(
        text.replace("name: {from: 姓名, via: [trim, nfc]}", "name: {from: 姓名, via: [trim, shop_code]}").replace(
            "测试甲", "S-012"
        ),
        "utf-8",
    )
    place.write([place.row(n, 姓名=f"S-{n:03d}") for n in range(1, 4)])
    counts = place.run()["counts"]
    assert (counts["compared"], counts["alike"]) == (3, 3)


def test_a_module_may_lie_in_a_folder_that_containers_are_given(shop: Company) -> None:
    """Of the project's root they see systems.yaml alone: the module goes to the mappings."""
    (shop.root / "mappings").mkdir()
    (shop.root / f"{MODULE}.py").rename(shop.root / "mappings" / f"{MODULE}.py")
    shop.edit(f"transforms: [{MODULE}]", f"transforms: [mappings.{MODULE}]")
    shop.feed([person(n, 工作地点="S-012") for n in range(1, 3)])
    shop.ok("plan", "sync")
    sys.modules.pop(f"mappings.{MODULE}")
