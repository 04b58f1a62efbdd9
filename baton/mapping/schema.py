"""A mapping as data: which field comes from where, through which transforms, and what happens when it does not fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from baton.mapping.steps import Step
from baton.mapping.values import EMPLOYEE_TYPES, Value, ValueType
from baton.model.account import Action
from baton.model.people import LeaverDate

if TYPE_CHECKING:
    import polars as pl

    from baton.mapping.compile import Program
    from baton.mapping.result import Mapped, MappedRecord

EMPLOYEE: Final = "employee"
"""The name of the canonical employee where a mapping names its source or target."""

ORDINARY_ACTIONS: Final = frozenset({Action.PROVISION, Action.UPDATE, Action.ENABLE})
"""The actions a field travels with unless it says otherwise."""


class Otherwise(StrEnum):
    """What happens to a cell that a table, a transform or a check does not accept, or that is required and missing."""

    REFUSE = "refuse"
    """The row is refused and named, for every action the field travels with."""
    KEEP = "keep-current"
    """The field is left out of the write: the target keeps what it has."""
    NULL = "null"
    """The field becomes "no value", which clears it in the target."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """When accounts of one target begin and end. A ``disable`` or ``remove`` of None means never."""

    lead_days: int
    """So many days before the hire day the account is provisioned."""
    disable: LeaverDate | None
    remove: LeaverDate | None
    remove_delay_days: int = 0
    """So many days after the date of ``remove``."""
    provision_at: str = "hire"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one target field is filled."""

    name: str
    type: ValueType
    inputs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    table: Mapping[str, Value] | None = None
    const: Value = None
    required: bool = False
    otherwise: Otherwise = Otherwise.REFUSE
    on: frozenset[Action] = ORDINARY_ACTIONS
    max_length: int | None = None
    """From the target's field spec; longer text falls under ``otherwise``."""
    choices: frozenset[str] | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A worked case: what goes in, and what must come out."""

    given: Mapping[str, Value]
    expect: Mapping[str, Value]
    refused: frozenset[str]
    """Fields that must refuse the row."""
    kept: frozenset[str]
    """Fields that must be left out."""
    line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where each expectation stands."""


class Unfit(StrEnum):
    """What happens to a source row that cleaning cannot use."""

    QUARANTINE = "quarantine"
    """It is put aside, with the reason per cell, for a person to correct and feed back."""
    REFUSE = "refuse"
    """The whole migration is refused: a row like this means that the source is not what it should be."""


@dataclass(frozen=True, slots=True)
class CleaningRule:
    """One declared rule on one source column: repaired by ``fix``, then judged by ``check``."""

    column: str
    fix: tuple[Step, ...] = ()
    check: tuple[Step, ...] = ()
    """A cell that has a value before these steps and none after them is unfit; what they make of it is not kept."""
    otherwise: Unfit = Unfit.QUARANTINE
    line: int = 0


@dataclass(frozen=True, slots=True)
class RecordRules:
    """What a mapping says of records and an account mapping does not."""

    collection: str
    """The kind of record in the target."""
    key: tuple[str, ...]
    """The target fields that name one record."""
    read: str = ""
    """The collection of the source; empty where it has only one."""
    cleaning: tuple[CleaningRule, ...] = ()
    duplicates: Unfit = Unfit.QUARANTINE
    """What happens to rows whose key another row has too: all of them, since nobody can say which is right."""
    shown: tuple[str, ...] = ()
    """Fields whose values a report may show; of all others it shows no more than length and outermost characters."""


@dataclass(frozen=True)
class FieldMapping:
    """A checked mapping, ready to be applied. Made by `load_mapping`."""

    source: str
    target: str
    fields: Mapping[str, FieldRule]
    examples: tuple[Example, ...]
    lifecycle: Lifecycle | None = None
    """Present exactly when the target holds accounts."""
    scope: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Only rows whose column holds one of these values are meant; empty means all."""
    records: RecordRules | None = None
    """Present exactly when the mapping is for records (migration) and not for people's accounts."""
    file: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that takes part in mapping: not comments, order, spelling or examples."""
        form = json.dumps(self._canonical(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(form.encode()).hexdigest()

    @cached_property
    def source_columns(self) -> tuple[str, ...]:
        """Every source column the mapping reads, in a stable order."""
        used = dict.fromkeys(name for rule in self.fields.values() for name in rule.inputs)
        cleaned = [rule.column for rule in self.records.cleaning] if self.records else []
        return tuple(dict.fromkeys((*used, *self.scope, *cleaned)))

    def source_type(self, column: str) -> ValueType:
        """The type of a source column: text, but for the canonical employee's days and times."""
        return EMPLOYEE_TYPES[column] if self.source == EMPLOYEE else ValueType.TEXT

    def fields_on(self, action: Action) -> frozenset[str]:
        """The names of the fields that travel with an action."""
        return frozenset(name for name, rule in self.fields.items() if action in rule.on)

    def apply(self, frame: pl.DataFrame) -> Mapped:
        """Map all rows at once. Text columns in (for source ``employee`` see `employee_frame`), typed columns out.

        ConfigurationError when the frame lacks a column the mapping reads: a missing column is never "no value".
        """
        return self._program.run(frame)

    def apply_one(self, record: Mapping[str, Value]) -> MappedRecord:
        """Map one record through the same implementation; keys the record lacks have no value."""
        return self._program.run_one(record)

    @cached_property
    def _program(self) -> Program:
        from baton.mapping.compile import Program

        return Program(self)

    def _canonical(self) -> dict[str, Any]:
        life = self.lifecycle
        form = {
            "mapping": 1,
            "source": self.source,
            "target": self.target,
            "lifecycle": life
            and [life.provision_at, life.lead_days, life.disable, life.remove, life.remove_delay_days],
            "scope": {column: sorted(values) for column, values in self.scope.items()},
            "fields": {name: _canonical_rule(rule) for name, rule in self.fields.items()},
        }
        return form if self.records is None else {**form, "records": _canonical_records(self.records)}


def _canonical_rule(rule: FieldRule) -> list[Any]:
    table = None if rule.table is None else {key: str(value) for key, value in rule.table.items()}
    const = None if rule.const is None else str(rule.const)
    steps = [step.text for step in rule.steps]
    return [
        rule.type,
        list(rule.inputs),
        steps,
        table,
        const,
        rule.required,
        rule.otherwise,
        sorted(rule.on),
        rule.max_length,
        None if rule.choices is None else sorted(rule.choices),
    ]


def _canonical_records(rules: RecordRules) -> list[Any]:
    cleaning = [
        [rule.column, [step.text for step in rule.fix], [step.text for step in rule.check], rule.otherwise]
        for rule in rules.cleaning
    ]
    return [rules.collection, list(rules.key), rules.read, cleaning, rules.duplicates]
