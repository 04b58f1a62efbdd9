"""Turns a mapping into a few passes of polars expressions: the one implementation for one record and for a million."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import polars as pl

from baton.errors import ConfigurationError, Fault
from baton.mapping.result import FieldFaults, Mapped, MappedRecord
from baton.mapping.schema import FieldMapping, FieldRule
from baton.mapping.values import Value, ValueType

POLARS_TYPES: Final[Mapping[ValueType, pl.DataType]] = {
    ValueType.TEXT: pl.String(),
    ValueType.REFERENCE: pl.String(),
    ValueType.INTEGER: pl.Int64(),
    ValueType.BOOLEAN: pl.Boolean(),
    ValueType.DATE: pl.Date(),
    ValueType.TIME: pl.Time(),
    ValueType.DATETIME: pl.Datetime("us", "UTC"),
}
"""The column type of each value type; a decimal has its own number of places."""

_UNPRINTABLE: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""Control characters that databases refuse, and direction marks that make a text read as another."""


@dataclass(slots=True)
class _Column:
    """The passes one field needs. Column names are numbers, so that no field name can collide with another."""

    rule: FieldRule
    place: int
    stages: list[pl.Expr] = field(default_factory=list)
    checks: list[tuple[pl.Expr, str, str]] = field(default_factory=list)
    """Condition, rule, message; the first that holds counts."""

    @property
    def value(self) -> str:
        return f"v{self.place}"

    @property
    def code(self) -> str:
        return f"c{self.place}"


class Program:
    """A compiled mapping."""

    def __init__(self, mapping: FieldMapping) -> None:
        self._mapping = mapping
        self._inputs = {column: f"i{place}" for place, column in enumerate(mapping.source_columns)}
        self._input_types = {
            column: POLARS_TYPES[mapping.source_type(column).carried_as] for column in mapping.source_columns
        }
        self._columns = [self._column(rule, place) for place, rule in enumerate(mapping.fields.values())]
        self._passes = list(self._collect_passes())
        self._outputs = [
            pl.when(pl.col(column.code) == 0).then(pl.col(column.value)).alias(column.rule.name)
            if column.checks
            else pl.col(column.value).alias(column.rule.name)
            for column in self._columns
        ]

    def run(self, frame: pl.DataFrame) -> Mapped:
        """Map a frame; ConfigurationError when columns are missing or have another type than the source declares."""
        self._check_columns(frame)
        work = frame.select([self._input(column, frame.schema[column]) for column in self._inputs])
        in_scope = self._in_scope(work)
        for expressions in self._passes:
            work = work.with_columns(expressions)
        cells = [
            FieldFaults(
                column.rule.name,
                column.rule.otherwise,
                work[column.code] if not self._mapping.scope else work[column.code] * in_scope.cast(pl.UInt8),
                [(rule, message) for _, rule, message in column.checks],
            )
            for column in self._columns
            if column.checks and work[column.code].max()
        ]
        return Mapped(self._mapping, work.select(self._outputs), cells, in_scope)

    def run_one(self, record: Mapping[str, Value]) -> MappedRecord:
        """Map one record; keys that no field reads are ignored."""
        cells = {column: [_plain(record.get(column))] for column in self._inputs}
        mapped = self.run(pl.DataFrame(cells, schema=self._input_types))
        in_scope = bool(mapped.in_scope[0])
        fields = {} if mapped.faults else mapped.record(0)
        return MappedRecord(fields, mapped.faults, mapped.notices, in_scope)

    def _check_columns(self, frame: pl.DataFrame) -> None:
        faults = []
        for column, expected in self._input_types.items():
            actual = frame.schema.get(column)
            if actual is None:
                message = f"the rows have no column {column!r}, and the mapping reads it"
            elif actual != expected and actual != pl.Null and not (expected == pl.String and _is_words(actual)):
                message = f"the column {column!r} holds {actual}, and the mapping needs {expected}"
            else:
                continue
            lines = [rule.line for rule in self._mapping.fields.values() if column in rule.inputs]
            place = f"{self._mapping.file}:{lines[0]}" if lines else self._mapping.file
            faults.append(Fault(place, "source_column", message))
        if faults:
            raise ConfigurationError(faults)

    def _input(self, column: str, actual: pl.DataType) -> pl.Expr:
        """Empty text is no value from the start, so that no transform has to think of it."""
        expected = self._input_types[column]
        read = pl.col(column) if actual == expected else pl.col(column).cast(expected)
        if expected == pl.String:
            read = pl.when(read != "").then(read)
        return read.alias(self._inputs[column])

    def _in_scope(self, work: pl.DataFrame) -> pl.Series:
        inside = pl.repeat(True, pl.len())
        for column, values in self._mapping.scope.items():
            inside &= pl.col(self._inputs[column]).is_in(sorted(values)).fill_null(False)
        return work.select(inside.alias("in_scope")).to_series()

    def _column(self, rule: FieldRule, place: int) -> _Column:
        column = _Column(rule, place)
        if not rule.inputs:
            column.stages.append(_constant(rule).alias(column.value))
            return column
        sources = [self._inputs[name] for name in rule.inputs]
        current = sources[0]
        for number, step in enumerate(rule.steps):
            before, current = current, f"s{place}_{number}"
            columns = sources if step.transform.many and number == 0 else [before]
            column.stages.append(step.on(*(pl.col(name) for name in columns)).alias(current))
            if step.transform.refuses:
                lost = pl.col(before).is_not_null() & pl.col(current).is_null()
                column.checks.append((lost, f"via.{step.name}", f"the value {step.transform.refuses}"))
        if rule.table is not None:
            before, current = current, f"t{place}"
            column.stages.append(_looked_up(pl.col(before), rule).alias(current))
            lost = pl.col(before).is_not_null() & pl.col(current).is_null()
            column.checks.append((lost, "table", f"the value is not one of the {len(rule.table)} in the table"))
        column.stages.append(pl.col(current).alias(column.value))
        column.checks.extend(_final_checks(column))
        return column

    def _collect_passes(self) -> Iterator[list[pl.Expr]]:
        for number in range(max(len(column.stages) for column in self._columns)):
            yield [column.stages[number] for column in self._columns if number < len(column.stages)]
        coded = [_code(column).alias(column.code) for column in self._columns if column.checks]
        if coded:
            yield coded


def _final_checks(column: _Column) -> Iterator[tuple[pl.Expr, str, str]]:
    rule, value = column.rule, pl.col(column.value)
    if rule.type.carried_as is ValueType.TEXT and rule.table is None:
        unseen = "the value holds a control character or a direction mark"
        yield value.str.contains(_UNPRINTABLE), "unprintable", unseen
        if rule.max_length is not None:
            long = f"the value is longer than {rule.max_length} characters (see truncate)"
            yield value.str.len_chars() > rule.max_length, "max_length", long
        if rule.choices is not None:
            other = f"the value is not one of {', '.join(sorted(rule.choices))}"
            yield ~value.is_in(sorted(rule.choices)), "choices", other
    if rule.required:
        yield value.is_null(), "required", "the value is missing"


def _code(column: _Column) -> pl.Expr:
    first, *rest = column.checks
    chain = pl.when(first[0].fill_null(False)).then(pl.lit(1, pl.UInt8))
    for number, (condition, _, _) in enumerate(rest, start=2):
        chain = chain.when(condition.fill_null(False)).then(pl.lit(number, pl.UInt8))
    return chain.otherwise(pl.lit(0, pl.UInt8))


def _constant(rule: FieldRule) -> pl.Expr:
    if rule.type is ValueType.DECIMAL:
        return pl.lit(rule.const)
    return pl.lit(rule.const, dtype=POLARS_TYPES[rule.type])


def _looked_up(column: pl.Expr, rule: FieldRule) -> pl.Expr:
    table = dict(rule.table or {})
    values = pl.Series(list(table.values()), dtype=POLARS_TYPES.get(rule.type))
    return column.replace_strict(
        pl.Series(list(table), dtype=pl.String), values, default=None, return_dtype=values.dtype
    )


def _is_words(actual: pl.DataType) -> bool:
    return isinstance(actual, pl.Categorical | pl.Enum)


def _plain(value: Value) -> Value:
    return value.value if isinstance(value, Enum) else value
