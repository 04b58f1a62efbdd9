"""What the trigger form of a migration offers: read off the mappings and ``systems.yaml`` each time a DAG is parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from baton.errors import ConfigurationError, Fault
from baton.settings import locate
from baton.settings_shape import SystemsFile
from baton.strict_yaml import read

FOLDER: Final = Path("mappings") / "migration"
"""Beside ``systems.yaml``, like every relative path that it names."""


@dataclass(frozen=True, slots=True)
class MigrationChoices:
    """What may be chosen. A file that cannot be read yet is offered by its name: the run says what is wrong with it."""

    mappings: Mapping[str, str] = field(default_factory=dict)
    """File name -> what the form shows for it."""
    sources: tuple[str, ...] = ()
    """Systems in use that some mapping reads from."""
    targets: tuple[str, ...] = ()
    """Systems in use that some mapping writes to."""


def migration_choices() -> MigrationChoices:
    """The choices there are now; none while there is no ``systems.yaml``: a DAG must be parsed in any case."""
    try:
        systems_file = locate()
    except ConfigurationError:
        return MigrationChoices()
    shown: dict[str, str] = {}
    connectors: dict[str, set[str]] = {"source": set(), "target": set()}
    for path in _files(systems_file):
        said = _top_level(path)
        shown[path.name] = " · ".join([path.stem, *_route(said)])
        for side, names in connectors.items():
            names.add(said.get(side, ""))
    enabled = _enabled(systems_file)
    sources, targets = (tuple(name for name in enabled if enabled[name] in names) for names in connectors.values())
    return MigrationChoices(shown, sources, targets)


def mapping_file(name: str) -> Path:
    """The file behind a choice. `ConfigurationError` for anything but one of the names offered."""
    files = {path.name: path for path in _files(locate())}
    if name not in files:
        known = ", ".join(files) or "none"
        fault = Fault(str(FOLDER), "unknown_mapping", f"there is no mapping {name[:100]!r} here; there are: {known}")
        raise ConfigurationError([fault])
    return files[name]


def _files(systems_file: Path) -> list[Path]:
    return sorted((systems_file.parent / FOLDER).glob("*.yaml"))


def _top_level(path: Path) -> dict[str, str]:
    """The plain texts that a mapping begins with."""
    try:
        document = read(path).plain()
    except ConfigurationError:
        return {}
    entries = document.items() if isinstance(document, dict) else ()
    return {key: value for key, value in entries if isinstance(value, str)}


def _route(said: Mapping[str, str]) -> Iterator[str]:
    if "source" in said and "target" in said:
        yield f"{said['source']} → {said['target']}"
    if "collection" in said:
        yield said["collection"]


def _enabled(systems_file: Path) -> dict[str, str]:
    """System in use -> its connector."""
    try:
        shape = SystemsFile.model_validate(read(systems_file).plain())
    except (ConfigurationError, ValidationError):
        return {}
    return {name: system.connector for name, system in shape.systems.items() if system.enabled}
