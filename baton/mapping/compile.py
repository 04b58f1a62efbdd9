"""Turns a mapping into a few passes of polars expressions: the one implementation for one record and for a million."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import polars as pl

from baton.errors import ConfigurationError, Fault
from baton.mapping.result import FieldFaults, Mapped, MappedRecord
from baton.mapping.schema import FieldMapping, FieldRule
from baton.mapping.values import Value, ValueType
from baton.records.blanks import BLANKS, CONTROLS, DIRECTION_MARKS, INVISIBLE

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

_UNPRINTABLE: Final = f"[{CONTROLS}{DIRECTION_MARKS}]"
"""Control characters that databases refuse, and direction marks that make a text read as another."""


@dataclass(frozen=True, slots=True)
class _Check:
    """One way in which a cell may not fit."""

    fails: pl.Expr
    rule: str
    message: str


@dataclass(slots=True)
class _Column:
    """Where one field's value ends up, and the checks on the way; the first check that fails counts."""

    rule: FieldRule
    value: str
    code: str
    checks: list[_Check] = field(default_factory=list)


class _Passes:
    """Columns to compute, each in the first pass in which its inputs exist.

    Column names are numbers, so that no field or source name can collide with another. Every step has a column of its
    own (polars evaluates an expression again wherever it is repeated), and fields that begin alike share columns.
    """

    def __init__(self) -> None:
        self._depth: dict[str, int] = {}
        self._known: dict[tuple[str, ...], str] = {}
        self.passes: list[list[pl.Expr]] = []

    def column(self, expression: pl.Expr, key: tuple[str, ...], after: Iterable[str]) -> str:
        """The name of the column that holds the expression; the same key gives the same column again."""
        if key not in self._known:
            depth = 1 + max((self._depth.get(name, 0) for name in after), default=0)
            name = f"s{len(self._known)}"
            if depth > len(self.passes):
                self.passes.append([])
            self.passes[depth - 1].append(expression.alias(name))
            self._depth[name] = depth
            self._known[key] = name
        return self._known[key]


class Program:
    """A compiled mapping."""

    def __init__(self, mapping: FieldMapping) -> None:
        self._mapping = mapping
        self._inputs = {column: f"i{place}" for place, column in enumerate(mapping.source_columns)}
        self._input_types = {
            column: POLARS_TYPES[mapping.source_type(column).carried_as] for column in mapping.source_columns
        }
        passes = _Passes()
        self._columns = [self._column(rule, f"c{place}", passes) for place, rule in enumerate(mapping.fields.values())]
        self._passes = passes.passes
        self._codes = [_code(column.checks).alias(column.code) for column in self._columns if column.checks]

    def run(self, frame: pl.DataFrame) -> Mapped:
        """Map a frame; ConfigurationError when columns are missing or have another type than the source declares."""
        self._check_columns(frame)
        schema = frame.schema
        work = frame.select([self._input(column, schema[column]) for column in self._inputs])
        in_scope = self._in_scope(work)
        for expressions in self._passes:
            work = work.with_columns(expressions)
        codes = work.select(self._codes)
        if self._mapping.scope:
            codes = codes.select(pl.all() * in_scope.cast(pl.UInt8))
        failing = {code.name for code in codes.iter_columns() if code.max()}
        rows = work.select([_output(column, failing, codes) for column in self._columns])
        cells = [
            FieldFaults(
                column.rule.name,
                column.rule.otherwise,
                codes[column.code],
                [(check.rule, check.message) for check in column.checks],
            )
            for column in self._columns
            if column.code in failing
        ]
        return Mapped(self._mapping, rows, cells, in_scope)

    def run_one(self, record: Mapping[str, Value]) -> MappedRecord:
        """Map one record; keys that no field reads are ignored."""
        cells = {column: [_plain(record.get(column))] for column in self._inputs}
        mapped = self.run(pl.DataFrame(cells, schema=self._input_types))
        in_scope = bool(mapped.in_scope[0])
        fields = {} if mapped.faults else mapped.record(0)
        return MappedRecord(fields, mapped.faults, mapped.notices, in_scope)

    def _check_columns(self, frame: pl.DataFrame) -> None:
        faults, schema = [], frame.schema
        for column, expected in self._input_types.items():
            actual = schema.get(column)
            if actual is None:
                message = f"the rows have no column {column!r}, and the mapping reads it"
            elif actual not in (expected, pl.Null) and not (expected == pl.String and _is_words(actual)):
                message = f"the column {column!r} holds {actual}, and the mapping needs {expected}"
            else:
                continue
            lines = [rule.line for rule in self._mapping.fields.values() if column in rule.inputs]
            place = f"{self._mapping.file}:{lines[0]}" if lines else self._mapping.file
            faults.append(Fault(place, "source_column", message))
        if faults:
            raise ConfigurationError(faults)

    def _input(self, column: str, actual: pl.DataType) -> pl.Expr:
        expected = self._input_types[column]
        read = pl.col(column) if actual == expected else pl.col(column).cast(expected)
        return read.alias(self._inputs[column])

    def _source(self, column: str) -> pl.Expr:
        """Empty text is no value from the start, so that no transform has to think of it."""
        read = pl.col(self._inputs[column])
        return pl.when(read != "").then(read) if self._input_types[column] == pl.String else read

    def _in_scope(self, work: pl.DataFrame) -> pl.Series:
        inside = pl.repeat(True, pl.len())
        for column, values in self._mapping.scope.items():
            inside &= within_scope(pl.col(self._inputs[column]), values)
        return work.select(inside.alias("in_scope")).to_series()

    def _column(self, rule: FieldRule, code: str, passes: _Passes) -> _Column:
        if not rule.inputs:
            return _Column(rule, passes.column(_constant(rule), ("const", rule.name), ()), code)
        columns = [passes.column(self._source(name), ("source", name), ()) for name in rule.inputs]
        key, checks = ("source", *rule.inputs), list[_Check]()
        for step in rule.steps:
            key = (*key, step.text)
            given, columns = columns, [passes.column(step.on(*map(pl.col, columns)), key, columns)]
            if step.transform.refuses:
                message = f"the value {step.transform.refuses}"
                checks.append(_lost(given[0], columns[0], f"via.{step.name}", message))
        value = columns[0]
        if rule.table is not None:
            before, value = value, passes.column(_looked_up(pl.col(value), rule), ("table", rule.name), (value,))
            message = f"the value is not one of the {len(rule.table)} in the table"
            checks.append(_lost(before, value, "table", message))
        checks.extend(_final_checks(rule, pl.col(value)))
        return _Column(rule, value, code, checks)


def _lost(before: str, after: str, rule: str, message: str) -> _Check:
    return _Check(pl.col(before).is_not_null() & pl.col(after).is_null(), rule, message)


def _output(column: _Column, failing: Collection[str], codes: pl.DataFrame) -> pl.Expr:
    """The field's column, without the cells at fault where there are any."""
    value = pl.col(column.value)
    if column.code in failing:
        value = pl.when(codes[column.code] == 0).then(value)
    return value.alias(column.rule.name)


def _final_checks(rule: FieldRule, value: pl.Expr) -> Iterator[_Check]:
    if rule.type.carried_as is ValueType.TEXT and rule.table is None:
        unseen = "the value holds a control character or a direction mark"
        yield _Check(value.str.contains(_UNPRINTABLE), "unprintable", unseen)
        if rule.max_length is not None:
            long = f"the value is longer than {rule.max_length} characters (see truncate)"
            yield _Check(value.str.len_chars() > rule.max_length, "max_length", long)
        if rule.choices is not None:
            other = f"the value is not one of {', '.join(sorted(rule.choices))}"
            yield _Check(~value.is_in(sorted(rule.choices)), "choices", other)
    if rule.required:
        yield _Check(value.is_null(), "required", "the value is missing")


def _code(checks: Sequence[_Check]) -> pl.Expr:
    """0 for a cell that fits, else 1 + the place of the first check it fails."""
    first, *rest = checks
    chain: Any = pl.when(first.fails).then(pl.lit(1, pl.UInt8))
    for number, check in enumerate(rest, start=2):
        chain = chain.when(check.fails).then(pl.lit(number, pl.UInt8))
    code: pl.Expr = chain.otherwise(pl.lit(0, pl.UInt8))
    return code


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


def within_scope(column: pl.Expr, values: Collection[str]) -> pl.Expr:
    """Whether a cell holds one of the values of a scope; blanks around it, which nobody sees, leave nobody out."""
    unseen = BLANKS + INVISIBLE
    allowed = sorted({value.strip(unseen) for value in values})
    return column.cast(pl.String).str.strip_chars(unseen).is_in(allowed).fill_null(value=False)


def _is_words(actual: pl.DataType) -> bool:
    return isinstance(actual, pl.Categorical | pl.Enum)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value
