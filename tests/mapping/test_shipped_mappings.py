"""Every mapping in the repository loads against what its two sides declare, and its examples hold."""

import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from baton.contracts import AccountTarget, Collection, RecordSource, RecordTarget
from baton.mapping import check_examples, load_mapping
from baton.model.account import Action, FieldSpec
from baton.registry import Registry

MAPPINGS = Path(__file__).parents[2] / "mappings"
FILES = sorted((MAPPINGS / "sync").glob("*.yaml"))
MIGRATIONS = sorted((MAPPINGS / "migration").glob("*.yaml"))
DECLARED = [path for path in MIGRATIONS if path.stem.endswith("--erp_tryton")]
"""Into collections that a connector declares in its own code; a table is only known where it is."""


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


# --- records


def declared_collection(connector: str, name: str) -> Collection:
    """The collection that a connector declares in its own code; what only a live system knows cannot be shipped."""
    folder = Path(__file__).parents[2] / "connectors" / connector
    modules = [
        importlib.import_module(f"connectors.{connector.replace('/', '.')}.{path.stem}")
        for path in sorted(folder.glob("record*.py"))
    ]
    found = [each for module in modules for each in vars(module).values() if isinstance(each, Collection)]
    return next(each for each in found if each.name == name)


def migration(path: Path):
    first = load_mapping(path, source_fields=None, target_fields=None)
    collection = declared_collection(first.target, first.records.collection)
    return load_mapping(path, source_fields=None, target_fields=collection.fields), collection


def test_there_are_mappings_of_records():
    assert DECLARED


@pytest.mark.parametrize("path", DECLARED, ids=lambda path: path.stem)
def test_a_mapping_of_records_fits_its_collection_and_its_examples_hold(path):
    mapping, collection = migration(path)
    assert path.stem == f"{mapping.source}--{mapping.target}".replace("/", "_")
    assert set(mapping.records.key) == set(collection.key)
    assert check_examples(mapping) == []
    assert issubclass(Registry().load(mapping.source), RecordSource)
    assert issubclass(Registry().load(mapping.target), RecordTarget)


@pytest.mark.parametrize("path", DECLARED, ids=lambda path: path.stem)
def test_a_mapping_of_records_shows_a_full_row_a_bare_one_and_a_refused_one(path):
    mapping, _ = migration(path)
    expected = [example.expect for example in mapping.examples if example.expect]
    assert any(set(each) == set(mapping.fields) and None not in each.values() for each in expected)
    assert any(None in each.values() for each in expected)
    assert any(example.refused for example in mapping.examples)
    values = [str(value) for each in expected for value in each.values()]
    assert any("䶮" in value for value in values)
    assert any(value.startswith("0") for value in values)
    assert mapping.records.cleaning
