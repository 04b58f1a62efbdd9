"""Reads the worked examples of a mapping file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from baton.mapping.document import FaultLog, Listing, Node, Table, Text
from baton.mapping.load_table import close_to, known_keys, text_list
from baton.mapping.schema import EMPLOYEE, Example, FieldMapping
from baton.mapping.values import EMPLOYEE_TYPES, Value, ValueType, parse_value

_KEYS: Final = ("given", "expect", "refused", "kept")


def read_examples(root: Table, mapping: FieldMapping, columns: Collection[str], log: FaultLog) -> tuple[Example, ...]:
    """The examples, in the types of the two sides; at least one is needed, and one that shows a row passing.

    ``columns`` is what the source is known to have, whether a field reads it or not.
    """
    node = root.entries["examples"]
    if not isinstance(node, Listing) or not node.items:
        log.add(node.line, "examples", "at least one worked example is needed (given, expect)")
        return ()
    fields = root.entries.get("fields")
    names = _Names(
        _written_columns(root) | set(columns), frozenset(fields.entries) if isinstance(fields, Table) else frozenset()
    )
    examples = []
    for item in node.items:
        if isinstance(item, Table):
            examples.append(_example(item, mapping, names, log))
        else:
            log.add(item.line, "wrong_shape", "an example must be a table with given and expect")
    if examples and not any(example.expect for example in examples):
        log.add(node.line, "examples", "at least one example must show what comes out (expect)")
    return tuple(examples)


@dataclass(frozen=True, slots=True)
class _Names:
    """What an example may speak of."""

    columns: frozenset[str]
    fields: frozenset[str]


def _example(item: Table, mapping: FieldMapping, names: _Names, log: FaultLog) -> Example:
    known_keys(item, _KEYS, "an example", log)
    given_node, expect_node = item.entries.get("given"), item.entries.get("expect")
    given: dict[str, Value] = {}
    if isinstance(given_node, Table):
        given = _given(given_node, mapping, names, log)
    else:
        log.add(item.line, "examples", "an example needs `given`: a table of source columns")
    expect: dict[str, Value] = {}
    if isinstance(expect_node, Table):
        expect = _expect(expect_node, mapping, names, log)
    elif expect_node is not None:
        log.add(expect_node.line, "wrong_shape", "expect must be a table of target fields")
    refused, kept = (_names(item, key, names, log) for key in ("refused", "kept"))
    if not expect and not refused and not kept and expect_node is None:
        log.add(item.line, "examples", "an example needs `expect`, `refused` or `kept`")
    lines = expect_node.lines if isinstance(expect_node, Table) else {}
    return Example(given, expect, refused, kept, item.line, lines)


def _given(node: Table, mapping: FieldMapping, names: _Names, log: FaultLog) -> dict[str, Value]:
    given = {}
    for column, entry in node.entries.items():
        if column not in names.columns:
            near = close_to(column, names.columns)
            log.add(
                node.lines[column], "examples", f"the source has no column {column!r}, or no field comes from it{near}"
            )
            continue
        kind = EMPLOYEE_TYPES[column] if mapping.source == EMPLOYEE and column in EMPLOYEE_TYPES else ValueType.TEXT
        given[column] = _value(column, entry, kind, log)
    return given


def _expect(node: Table, mapping: FieldMapping, names: _Names, log: FaultLog) -> dict[str, Value]:
    expect = {}
    for name, entry in node.entries.items():
        rule = mapping.fields.get(name)
        if rule is not None:
            expect[name] = _value(name, entry, rule.type, log)
        elif name not in names.fields:
            near = close_to(name, names.fields)
            log.add(node.lines[name], "examples", f"the mapping has no field {name!r}{near}")
    return expect


def _written_columns(root: Table) -> frozenset[str]:
    """Every source column named in the file, in fields with faults too: those are not reported a second time."""
    fields, scope = root.entries.get("fields"), root.entries.get("scope")
    columns = set(scope.entries) if isinstance(scope, Table) else set()
    for entry in fields.entries.values() if isinstance(fields, Table) else ():
        origin = entry.entries.get("from") if isinstance(entry, Table) else None
        items = origin.items if isinstance(origin, Listing) else (origin,)
        columns.update(item.value for item in items if isinstance(item, Text))
    return frozenset(columns)


def _names(item: Table, key: str, names: _Names, log: FaultLog) -> frozenset[str]:
    node = item.entries.get(key)
    if node is None:
        return frozenset()
    listed = text_list(node, key, log)
    for name in listed:
        if name not in names.fields:
            near = close_to(name, names.fields)
            log.add(node.line, "examples", f"the mapping has no field {name!r}{near}")
    return frozenset(listed)


def _value(name: str, node: Node, kind: ValueType, log: FaultLog) -> Value:
    if not isinstance(node, Text):
        log.add(node.line, "wrong_shape", f"{name!r} must be a text")
        return None
    if node.absent:
        return None
    try:
        return parse_value(node.value, kind)
    except ValueError as error:
        log.add(node.line, "examples", f"{name!r}: {error}, not {node.value!r}")
        return None
