"""Every mapping in the repository loads against what its two sides declare, and its examples hold."""

import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from baton.contracts import AccountTarget
from baton.mapping import check_examples, load_mapping
from baton.model.account import Action, FieldSpec

MIGRATIONS = sorted((Path(__file__).parents[2] / "mappings" / "migration").glob("*.yaml"))
FILES = sorted((Path(__file__).parents[2] / "mappings" / "sync").glob("*.yaml"))


def declared_fields(name: str) -> Mapping[str, FieldSpec] | None:
    if name == "employee":
        return None
    module = importlib.import_module(f"connectors.{name.replace('/', '.')}.connector")
    classes = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    return next((c.fields for c in classes if issubclass(c, AccountTarget)), None)


def sides(path: Path) -> tuple[str, str]:
    lines = path.read_text("utf-8").splitlines()
    source, target = (next(li for li in lines if li.startswith(key)).split(": ")[1] for key in ("source:", "target:"))
    return source, target


def test_there_are_mappings():
    assert len(FILES) >= 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_against_the_connector_and_its_examples_hold(path):
    source, target = sides(path)
    assert path.stem.endswith(f"--{target.replace('/', '_')}")
    mapping = load_mapping(path, source_fields=None, target_fields=declared_fields(target))
    assert check_examples(mapping) == []
    assert (mapping.source, mapping.target) == (source, target)


@pytest.mark.parametrize("path", [p for p in FILES if p.stem.startswith("employee--")], ids=lambda path: path.stem)
def test_an_example_of_each_target_shows_a_name_beyond_gbk_and_a_number_with_zeros(path):
    _, target = sides(path)
    mapping = load_mapping(path, source_fields=None, target_fields=declared_fields(target))
    values = [str(value) for example in mapping.examples for value in example.expect.values()]
    assert any("䶮" in value for value in values)
    assert any(value.startswith("00") for value in values)
    assert all(rule.on <= set(Action) for rule in mapping.fields.values())


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_mapping_of_records_names_its_key_and_its_examples_hold(path):
    mapping = load_mapping(path, source_fields=None, target_fields=None)
    assert mapping.records is not None
    assert check_examples(mapping) == []
    assert (mapping.source, mapping.target) == sides(path)
