"""From where to where: which systems, which collections, which mapping; checked whole before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from baton.contracts import Collection, Feed, RecordSource, RecordTarget
from baton.errors import ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.migration.ends import only_system, record_source, record_target, require_connector
from baton.hub.migration.quarantine import corrected_rows
from baton.jobs.migration.waves import WavePlan
from baton.mapping.load import load_mapping
from baton.mapping.schema import FieldMapping, Otherwise, RecordRules
from baton.model.account import FieldSpec, FieldType
from baton.records.digest import Digester


@dataclass(frozen=True, slots=True)
class MigrationRequest:
    """What is to be migrated, how carefully, and who asks."""

    mapping: Path
    source: str = ""
    """Name of the system to read; empty where only one enabled system has the mapping's source connector."""
    target: str = ""
    waves: WavePlan = field(default_factory=WavePlan)
    quarantine: Path | None = None
    """Instead of the source: the corrected quarantine file of the run ``corrects``."""
    corrects: str = ""
    retention_days: int = 30
    """Staged records are deleted after so many days; without them there is no rollback."""
    requested_by: str = "schedule"


@dataclass(frozen=True)
class Route:
    """One mapping between two opened systems."""

    source_name: str
    target_name: str
    read: Callable[[], Feed]
    """Reads the source, all of it, anew at every call."""
    target: RecordTarget
    mapping: FieldMapping
    collection: Collection

    @property
    def rules(self) -> RecordRules:
        """What the mapping says of records."""
        assert self.mapping.records is not None
        return self.mapping.records

    @cached_property
    def fields(self) -> dict[str, FieldSpec]:
        """The target fields that are written, key first."""
        names = dict.fromkeys((*self.rules.key, *self.mapping.fields))
        shown = frozenset(self.rules.shown)
        return {name: replace(self.collection.fields[name], personal=name not in shown) for name in names}

    @property
    def readable(self) -> dict[str, FieldSpec]:
        """Those that can be read back."""
        return {name: spec for name, spec in self.fields.items() if spec.readable}

    @property
    def parents(self) -> tuple[str, ...]:
        """The fields that refer to other records of the same collection."""
        own = (name for name, spec in self.fields.items() if spec.refers_to == self.collection.name)
        return tuple(name for name in own if self.fields[name].type is FieldType.REFERENCE)

    def digester(self, salt: bytes) -> Digester:
        """Digests target records of this route."""
        return Digester(self.readable, salt)


def open_route(hub: Hub, request: MigrationRequest) -> Route:
    """Find and check everything a migration needs; `ConfigurationError` lists all faults of the mapping."""
    if (request.quarantine is None) is not (request.corrects == ""):
        message = "--resume-quarantine names the corrected file and --of the run that it is from: both or neither"
        raise ConfigurationError([Fault(str(request.quarantine or "--of"), "quarantine_run", message)])
    hub.load_transforms()
    mapping = load_mapping(request.mapping, source_fields=None, target_fields=None)
    if mapping.records is None:
        message = "is a mapping of people's accounts: a migration needs 'collection' and 'key'"
        raise ConfigurationError([Fault(str(request.mapping), "records", message)])
    source_name = request.source or only_system(hub, mapping.source, "--from", request.mapping)
    target_name = request.target or only_system(hub, mapping.target, "--to", request.mapping)
    require_connector(hub, source_name, mapping.source, request.mapping)
    require_connector(hub, target_name, mapping.target, request.mapping)
    target = record_target(hub, target_name)
    collection = target.collection(mapping.records.collection)
    mapping = load_mapping(request.mapping, source_fields=None, target_fields=collection.fields)
    _check_key(mapping, collection)
    _check_kept(mapping, collection)
    source = record_source(hub, source_name)
    mapping = _with_read(mapping, source, source_name)
    if request.quarantine is None:
        read = partial(source.records, _read_of(mapping))
    else:
        read = partial(corrected_rows, hub, request.quarantine, request.corrects)
    return Route(source_name, target_name, read, target, mapping, collection)


def _read_of(mapping: FieldMapping) -> str:
    assert mapping.records is not None
    return mapping.records.read


def _check_key(mapping: FieldMapping, collection: Collection) -> None:
    assert mapping.records is not None
    key = mapping.records.key
    if set(key) == set(collection.key):
        return
    known = ", ".join(collection.key)
    message = f"the key of {collection.name} is {known}" if known else f"{collection.name} has no unique key"
    remedy = f", and the mapping says {', '.join(key)}: without a key that the target enforces nothing can be proved"
    raise ConfigurationError([Fault(mapping.file, "key", message + remedy)])


def _check_kept(mapping: FieldMapping, collection: Collection) -> None:
    """What a record holds now cannot be kept where it cannot be read: records are written whole."""
    faults = [
        Fault(f"{mapping.file}:{rule.line}", "otherwise", f"{name!r} cannot be read back, so nothing can be kept in it")
        for name, rule in mapping.fields.items()
        if rule.otherwise is Otherwise.KEEP and not collection.fields[name].readable
    ]
    if faults:
        raise ConfigurationError(faults)


def _with_read(mapping: FieldMapping, source: RecordSource, source_name: str) -> FieldMapping:
    """The mapping with the source's collection named: its only one where the mapping does not say."""
    assert mapping.records is not None
    if mapping.records.read:
        return mapping
    names = source.collections()
    if len(names) != 1:
        listed = ", ".join(names[:10]) or "nothing"
        message = f"say with 'read' what to read: {source_name} has {listed}"
        raise ConfigurationError([Fault(mapping.file, "read", message)])
    return replace(mapping, records=replace(mapping.records, read=names[0]))


def text_fields(columns: tuple[str, ...]) -> Mapping[str, FieldSpec]:
    """The shape of source rows: text, whatever it says."""
    return dict.fromkeys(columns, FieldSpec())
