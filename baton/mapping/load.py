"""Reads a mapping file and checks all of it; every fault is reported at once, with file and line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from baton.errors import ConfigurationError
from baton.mapping.document import FaultLog, Listing, Table, Text, read_document
from baton.mapping.load_examples import read_examples
from baton.mapping.load_field import FieldReader
from baton.mapping.load_records import RECORD_KEYS, read_records
from baton.mapping.load_table import choice, close_to, known_keys, text_list, text_of
from baton.mapping.schema import EMPLOYEE, FieldMapping, FieldRule, Lifecycle
from baton.mapping.values import EMPLOYEE_FIELDS, EMPLOYEE_TYPES, ValueType
from baton.model.account import FieldSpec
from baton.model.people import EMPLOYEE_COLUMNS, LeaverDate

_KEYS: Final = ("mapping", "source", "target", "lifecycle", *RECORD_KEYS, "scope", "fields", "examples")
_LIFECYCLE_KEYS: Final = ("provision", "disable", "remove", "remove_delay_days")
_DATES: Final[Mapping[str, LeaverDate | None]] = {**{d.value: d for d in LeaverDate}, "never": None}
_ORDER: Final = tuple(LeaverDate)
MAX_DAYS: Final = 3650


def load_mapping(
    path: Path,
    *,
    source_fields: Collection[str] | None,
    target_fields: Mapping[str, FieldSpec] | None,
) -> FieldMapping:
    """The mapping in a file, or ConfigurationError with every fault in it.

    ``source_fields`` and ``target_fields`` say what the two sides offer; None means that it is not known, and then not
    checked. For the canonical employee both are known here and the arguments are not looked at.
    """
    log = FaultLog(str(path))
    document = read_document(path, log)
    mapping = None if document is None else _Loader(log, document).mapping(source_fields, target_fields)
    if log.faults or mapping is None:
        raise ConfigurationError(sorted(log.faults, key=lambda fault: _line(fault.place)))
    return mapping


def _line(place: str) -> int:
    tail = place.rpartition(":")[2]
    return int(tail) if tail.isdigit() else 0


class _Loader:
    """One pass over one document; what is wrong goes to the log, and reading goes on."""

    def __init__(self, log: FaultLog, document: Table) -> None:
        self._log = log
        self._document = document

    def mapping(
        self, source_fields: Collection[str] | None, target_fields: Mapping[str, FieldSpec] | None
    ) -> FieldMapping | None:
        """The whole mapping; None when a part without which the rest makes no sense is missing."""
        root, log = self._document, self._log
        known_keys(root, _KEYS, "a mapping", log)
        for key in ("mapping", "source", "target", "fields", "examples"):
            if key not in root.entries:
                log.add(root.line, "missing_key", f"the key {key!r} is missing")
        choice(root, "mapping", ("1",), log)
        source = text_of(root, "source", log) or ""
        target = text_of(root, "target", log) or ""
        if source and source == target:
            log.add(root.lines["target"], "same_sides", "source and target are the same")
        columns = EMPLOYEE_COLUMNS if source == EMPLOYEE else source_fields
        specs = EMPLOYEE_FIELDS if target == EMPLOYEE else target_fields
        fields = self._fields(FieldReader(log, source, target, columns, specs))
        if target:
            self._whole(target, fields, specs)
        mapping = FieldMapping(
            source=source,
            target=target,
            fields=fields,
            examples=(),
            lifecycle=self._lifecycle(target),
            scope=self._scope(source, columns),
            records=read_records(root, fields, columns, log),
            file=log.file,
        )
        if "examples" in root.entries:
            examples = read_examples(root, mapping, columns or (), log)
            mapping = replace(mapping, examples=examples)
        return mapping if source and target else None

    def _fields(self, reader: FieldReader) -> dict[str, FieldRule]:
        node = self._document.entries.get("fields")
        if node is None:
            return {}
        if not isinstance(node, Table) or not node.entries:
            self._log.add(node.line, "wrong_shape", "fields must be a table with at least one field")
            return {}
        rules = {}
        for name, entry in node.entries.items():
            if name.startswith("\x00"):
                continue
            rule = reader.rule(name, entry, node.lines[name])
            if rule is not None:
                rules[name] = rule
        if rules and not any(rule.inputs for rule in rules.values()):
            self._log.add(node.line, "no_source", "no field comes from the source: at least one needs `from`")
        return rules

    def _whole(self, target: str, fields: Mapping[str, FieldRule], specs: Mapping[str, FieldSpec] | None) -> None:
        """What can only be said about all fields together."""
        node = self._document.entries.get("fields")
        written = node.entries if isinstance(node, Table) else {}
        line = self._document.lines.get("fields", 0)
        for name, spec in (specs or {}).items():
            if spec.required and name not in written and written:
                self._log.add(line, "target_required", f"{target} needs the field {name!r}: map it")
        status = fields.get("status")
        if target == EMPLOYEE and status is not None and status.table is None:
            self._log.add(status.line, "status_table", "status needs a table from the source's words to the canonical")

    def _lifecycle(self, target: str) -> Lifecycle | None:
        root, log = self._document, self._log
        node = root.entries.get("lifecycle")
        if "collection" in root.entries:
            return None
        if target == EMPLOYEE:
            if node is not None:
                log.add(root.lines["lifecycle"], "lifecycle", "the canonical employee has no accounts: remove this")
            return None
        if node is None:
            if target:
                log.add(root.line, "missing_key", "the key 'lifecycle' is missing: when do accounts begin and end?")
            return None
        if not isinstance(node, Table):
            log.add(node.line, "wrong_shape", "lifecycle must be a table")
            return None
        known_keys(node, _LIFECYCLE_KEYS, "lifecycle", log)
        lead_days = self._provision(node)
        disable = choice(node, "disable", tuple(_DATES), log, required=True)
        remove = choice(node, "remove", tuple(_DATES), log) or "never"
        delay = self._days(node, "remove_delay_days")
        self._lifecycle_order(node, disable, remove)
        return Lifecycle(lead_days, _DATES.get(disable or "never"), _DATES[remove], delay)

    def _lifecycle_order(self, node: Table, disable: str | None, remove: str) -> None:
        first, last = _DATES.get(disable or "never"), _DATES[remove]
        if last is not None and disable == "never":
            self._log.add(node.lines["remove"], "lifecycle", "an account is disabled before it is removed: set disable")
        elif first is not None and last is not None and _ORDER.index(last) < _ORDER.index(first):
            self._log.add(node.lines["remove"], "lifecycle", f"remove ({last}) comes before disable ({first})")
        if last is None and "remove_delay_days" in node.entries:
            line = node.lines["remove_delay_days"]
            self._log.add(line, "lifecycle", "remove_delay_days means nothing without a date for remove")

    def _provision(self, node: Table) -> int:
        entry = node.entries.get("provision")
        if entry is None:
            return 0
        if not isinstance(entry, Table):
            self._log.add(entry.line, "wrong_shape", "provision must be a table such as {at: hire, lead_days: 0}")
            return 0
        known_keys(entry, ("at", "lead_days"), "provision", self._log)
        choice(entry, "at", ("hire",), self._log)
        return self._days(entry, "lead_days")

    def _days(self, node: Table, key: str) -> int:
        if key not in node.entries:
            return 0
        text = text_of(node, key, self._log)
        if text is None:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) <= MAX_DAYS):
            self._log.add(node.lines[key], "unknown_value", f"{key} must be a number of days from 0 to {MAX_DAYS}")
            return 0
        return int(text)

    def _scope(self, source: str, columns: Collection[str] | None) -> dict[str, frozenset[str]]:
        node = self._document.entries.get("scope")
        if node is None:
            return {}
        if not isinstance(node, Table) or not node.entries:
            self._log.add(node.line, "wrong_shape", "scope must be a table from a column to a list of values")
            return {}
        scope = {}
        for column, entry in node.entries.items():
            line = node.lines[column]
            if columns is not None and column not in columns:
                near = close_to(column, columns)
                self._log.add(line, "unknown_source_column", f"the source has no column {column!r}{near}")
            elif source == EMPLOYEE and EMPLOYEE_TYPES[column] is not ValueType.TEXT:
                self._log.add(line, "scope", f"a scope cannot be a day or a time, as {column!r} is")
            if isinstance(entry, Text | Listing):
                scope[column] = frozenset(text_list(entry, column, self._log))
            else:
                self._log.add(entry.line, "wrong_shape", f"{column!r} must be a list of values")
        return scope
