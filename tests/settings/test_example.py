"""systems.example.yaml loads as it is, and names every connector there is."""

from pathlib import Path

from baton.contracts import AccountTarget, EmployeeSource
from baton.registry import Registry
from baton.settings import load
from baton.settings_shape import GatePart, GuardsPart, MigrationsPart
from baton.strict_yaml import did_you_mean

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_file_is_right_and_complete():
    hub = load(ROOT / "systems.example.yaml", environ={})
    assert sorted({system.connector for system in hub.systems.values()}) == list(Registry().names())
    assert hub.enabled == {}
    assert (hub.gate, hub.guards, hub.migrations) == (GatePart(), GuardsPart(), MigrationsPart())


def test_its_settings_are_known_to_the_connectors():
    registry = Registry()
    from baton.strict_yaml import read

    document = read(ROOT / "systems.example.yaml")
    systems = document.plain()["systems"]
    for name, part in systems.items():
        known = registry.load(part["connector"]).Settings.model_fields
        for setting in part["settings"]:
            assert setting in known, f"{name}.{setting}{did_you_mean(setting, known)}"


def test_whoever_is_planned_for_names_a_mapping_that_is_shipped():
    hub = load(ROOT / "systems.example.yaml", environ={})
    registry = Registry()
    for system in hub.systems.values():
        if issubclass(registry.load(system.connector), EmployeeSource | AccountTarget):
            assert system.mapping is not None, system.name
            assert f": {system.connector}\n" in system.mapping.read_text("utf-8"), system.name
