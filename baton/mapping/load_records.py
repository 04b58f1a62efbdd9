"""Reads what a mapping says of records: collection, key, cleaning."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from baton.mapping.document import FaultLog, Listing, Node, Table
from baton.mapping.load_field import read_steps
from baton.mapping.load_table import choice, close_to, known_keys, text_list, text_of
from baton.mapping.schema import CleaningRule, FieldRule, RecordRules, Unfit
from baton.mapping.steps import Step
from baton.mapping.values import ValueType

RECORD_KEYS: Final = ("collection", "key", "read", "cleaning", "duplicates")
_RULE_KEYS: Final = ("column", "fix", "check", "otherwise")
_UNFIT: Final = tuple(word.value for word in Unfit)


def read_records(
    root: Table, fields: Mapping[str, FieldRule], columns: Collection[str] | None, log: FaultLog
) -> RecordRules | None:
    """The record rules of a mapping; None for a mapping of accounts or of people."""
    if "collection" not in root.entries:
        for key in RECORD_KEYS[1:]:
            if key in root.entries:
                log.add(root.lines[key], "records", f"{key!r} is for records: say which with 'collection'")
        return None
    if "lifecycle" in root.entries:
        log.add(root.lines["lifecycle"], "lifecycle", "only accounts have a lifecycle, records have none: remove this")
    return RecordRules(
        collection=text_of(root, "collection", log) or "",
        key=_key(root, fields, log),
        read=text_of(root, "read", log) or "",
        cleaning=_cleaning(root, columns, log),
        duplicates=Unfit(choice(root, "duplicates", _UNFIT, log) or Unfit.QUARANTINE),
    )


def _key(root: Table, fields: Mapping[str, FieldRule], log: FaultLog) -> tuple[str, ...]:
    node = root.entries.get("key")
    if node is None:
        log.add(root.line, "missing_key", "the key 'key' is missing: the target fields that name one record")
        return ()
    names = text_list(node, "key", log)
    for name in names:
        rule = fields.get(name)
        if rule is None:
            log.add(node.line, "key", f"the key field {name!r} is not among the fields{close_to(name, fields)}")
        elif not rule.inputs:
            log.add(node.line, "key", f"the key field {name!r} is constant: no two records could differ")
        elif rule.type not in (ValueType.TEXT, ValueType.INTEGER):
            log.add(node.line, "key", f"the key field {name!r} must be text or a whole number, not {rule.type}")
    return names


def _cleaning(root: Table, columns: Collection[str] | None, log: FaultLog) -> tuple[CleaningRule, ...]:
    node = root.entries.get("cleaning")
    if node is None:
        return ()
    if not isinstance(node, Listing):
        log.add(node.line, "wrong_shape", "cleaning must be a list of rules such as {column: …, fix: [trim]}")
        return ()
    rules = (_rule(item, columns, log) for item in node.items)
    return tuple(rule for rule in rules if rule is not None)


def _rule(item: Node, columns: Collection[str] | None, log: FaultLog) -> CleaningRule | None:
    if not isinstance(item, Table):
        log.add(item.line, "wrong_shape", "a cleaning rule must be a table such as {column: …, fix: [trim]}")
        return None
    known_keys(item, _RULE_KEYS, "a cleaning rule", log)
    column = text_of(item, "column", log)
    if column is None:
        log.add(item.line, "missing_key", "a cleaning rule needs 'column'")
        return None
    if columns is not None and column not in columns:
        near = close_to(column, columns)
        log.add(item.lines["column"], "unknown_source_column", f"the source has no column {column!r}{near}")
    fix, check = _chain(item, "fix", log), _chain(item, "check", log)
    if not fix and not check:
        log.add(item.line, "cleaning", f"the rule on {column!r} does nothing: give it 'fix' or 'check'")
    if check and not any(step.transform.refuses for step in check):
        log.add(item.lines["check"], "cleaning", f"'check' on {column!r} accepts everything: none of its steps refuses")
    if fix and fix[-1].transform.gives is not ValueType.TEXT:
        log.add(item.lines["fix"], "cleaning", f"'fix' must leave text in {column!r}: types are made under 'fields'")
    otherwise = choice(item, "otherwise", _UNFIT, log)
    return CleaningRule(column, fix, check, Unfit(otherwise or Unfit.QUARANTINE), item.line)


def _chain(item: Table, key: str, log: FaultLog) -> tuple[Step, ...]:
    steps = read_steps(item.entries.get(key), key, log)
    current = ValueType.TEXT
    for step in steps:
        if step.transform.many:
            log.add(item.lines[key], "transform", f"{step.name} joins several columns: a cleaning rule has one")
        elif step.transform.takes is not current:
            needs = f"{step.name} takes {step.transform.takes}, and gets {current}"
            log.add(item.lines[key], "type_mismatch", needs)
        current = step.transform.gives
    return steps
