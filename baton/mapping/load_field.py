"""Reads one field of a mapping file and checks it against both sides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from baton.mapping.document import FaultLog, Listing, Node, Table, Text
from baton.mapping.load_table import choice, close_to, known_keys, text_list
from baton.mapping.schema import EMPLOYEE, ORDINARY_ACTIONS, FieldRule, Otherwise
from baton.mapping.steps import Step
from baton.mapping.transforms import step
from baton.mapping.values import EMPLOYEE_TYPES, Value, ValueType, parse_value
from baton.model.account import Action, FieldSpec

_KEYS: Final = ("from", "via", "table", "const", "required", "otherwise", "type", "on")
_READERS: Final = {
    ValueType.DATE: "date",
    ValueType.TIME: "time",
    ValueType.DATETIME: "datetime",
    ValueType.INTEGER: "integer",
    ValueType.DECIMAL: "decimal(2)",
    ValueType.BOOLEAN: "boolean",
}
"""The transform that makes each type out of text, named when one is missing from a chain."""


def read_steps(entry: Node | None, key: str, log: FaultLog) -> tuple[Step, ...]:
    """A chain of transforms; those with a fault are left out."""
    if entry is None:
        return ()
    if not isinstance(entry, Listing | Text):
        log.add(entry.line, "wrong_shape", f"{key!r} must be a list of transforms")
        return ()
    steps = []
    for item in entry.items if isinstance(entry, Listing) else (entry,):
        if not isinstance(item, Text):
            log.add(item.line, "wrong_shape", f"{key!r} must hold transforms only")
            continue
        try:
            steps.append(step(item.value))
        except ValueError as error:
            log.add(item.line, "transform", str(error))
    return tuple(steps)


class FieldReader:
    """Reads the entries under ``fields``; faults go to the log and the field is then left out."""

    def __init__(
        self,
        log: FaultLog,
        source: str,
        target: str,
        columns: Collection[str] | None,
        specs: Mapping[str, FieldSpec] | None,
    ) -> None:
        self._log = log
        self._source = source
        self._target = target
        self._columns = columns
        self._specs = specs

    def rule(self, name: str, node: Node, line: int) -> FieldRule | None:
        """The rule for one field; None when it has a fault."""
        before = len(self._log.faults)
        if not isinstance(node, Table):
            self._log.add(line, "wrong_shape", f"the field {name!r} must be a table such as {{from: column}}")
            return None
        known_keys(node, _KEYS, f"the field {name!r}", self._log)
        spec = self._spec(name, line)
        inputs = self._inputs(node)
        steps = read_steps(node.entries.get("via"), "via", self._log)
        kind = self._type(name, node, spec, line)
        carried = self._chain(name, inputs, steps, line)
        kind = kind or carried
        table, const = self._values(name, node, kind, spec)
        if "table" not in node.entries and "const" not in node.entries:
            self._fits(name, carried, kind, line)
        elif "table" in node.entries and carried is not ValueType.TEXT:
            self._log.add(line, "type_mismatch", f"{name!r}: a table looks up text, and `via` gives {carried}")
        if spec is not None and kind is ValueType.DECIMAL:
            self._places(name, steps, spec, line)
        rule = FieldRule(
            name=name,
            type=kind,
            inputs=inputs,
            steps=steps,
            table=table,
            const=const,
            required=choice(node, "required", ("yes", "no"), self._log) == "yes" or self._is_needed(name, spec),
            otherwise=self._otherwise(name, node),
            on=self._actions(node),
            max_length=spec.max_length if spec else None,
            choices=spec.choices if spec else None,
            line=line,
        )
        self._one_origin(name, node, line)
        return rule if len(self._log.faults) == before else None

    def _is_needed(self, name: str, spec: FieldSpec | None) -> bool:
        """An employee without a number or a status is no employee, whether the mapping says so or not."""
        return self._target == EMPLOYEE and spec is not None and spec.required

    def _spec(self, name: str, line: int) -> FieldSpec | None:
        if self._specs is None:
            return None
        if name not in self._specs:
            near = close_to(name, self._specs)
            self._log.add(line, "unknown_target_field", f"{self._target} has no field {name!r}{near}")
            return None
        return self._specs[name]

    def _one_origin(self, name: str, node: Table, line: int) -> None:
        present = [key for key in ("from", "const") if key in node.entries]
        if len(present) != 1:
            self._log.add(line, "origin", f"{name!r} needs exactly one of `from` and `const`")
        elif present == ["const"]:
            for key in ("via", "table", "required", "otherwise"):
                if key in node.entries:
                    self._log.add(node.lines[key], "origin", f"{name!r} is constant: {key!r} means nothing here")

    def _inputs(self, node: Table) -> tuple[str, ...]:
        entry = node.entries.get("from")
        if entry is None:
            return ()
        names = text_list(entry, "from", self._log)
        for name in names:
            if self._columns is not None and name not in self._columns:
                near = close_to(name, self._columns)
                self._log.add(entry.line, "unknown_source_column", f"the source has no column {name!r}{near}")
        return names

    def _type(self, name: str, node: Table, spec: FieldSpec | None, line: int) -> ValueType | None:
        """The type the field must have: the target's own, else the one written, else unknown."""
        written = choice(node, "type", tuple(kind.value for kind in ValueType), self._log)
        if self._target == EMPLOYEE and name in EMPLOYEE_TYPES:
            wanted: ValueType | None = EMPLOYEE_TYPES[name]
        else:
            wanted = ValueType.of(spec.type) if spec else None
        if written and wanted and written != wanted:
            self._log.add(node.lines["type"], "type_mismatch", f"{name!r} is {wanted} in {self._target}, not {written}")
        return wanted or (ValueType(written) if written else None)

    def _chain(self, name: str, inputs: tuple[str, ...], steps: tuple[Step, ...], line: int) -> ValueType:
        """The type that comes out of ``from`` and ``via``; faults where two links do not fit."""
        kinds = {self._source_type(column) for column in inputs} or {ValueType.TEXT}
        if len(kinds) > 1:
            self._log.add(line, "type_mismatch", f"the inputs of {name!r} have different types: {', '.join(kinds)}")
        current = kinds.pop()
        joined = len(inputs) < 2
        for place, link in enumerate(steps):
            if link.transform.many and place:
                self._log.add(line, "transform", f"{name!r}: {link.name} joins several inputs and must come first")
            joined = joined or (link.transform.many and not place)
            # `coalesce` is the one joining transform that keeps the type of its inputs.
            if link.name == "coalesce":
                continue
            if link.transform.takes is not current:
                needs = f"{link.name} takes {link.transform.takes}, and gets {current}"
                self._log.add(line, "type_mismatch", f"{name!r}: {needs}")
            current = link.transform.gives
        if not joined:
            message = f"{name!r} has several inputs: the first transform must join them (join, join_nospace, coalesce)"
            self._log.add(line, "transform", message)
        return current

    def _source_type(self, column: str) -> ValueType:
        return EMPLOYEE_TYPES.get(column, ValueType.TEXT) if self._source == EMPLOYEE else ValueType.TEXT

    def _fits(self, name: str, carried: ValueType, kind: ValueType, line: int) -> None:
        if carried is kind.carried_as:
            return
        remedy = ""
        if carried is ValueType.TEXT:
            remedy = f": add {_READERS[kind]} to `via`"
        elif carried is ValueType.DATE and kind.carried_as is ValueType.TEXT:
            remedy = ": add date_text(iso) to `via`"
        self._log.add(line, "type_mismatch", f"{name!r} must be {kind}, and `from` and `via` give {carried}{remedy}")

    def _places(self, name: str, steps: tuple[Step, ...], spec: FieldSpec, line: int) -> None:
        """A chain must not make more decimal places than the target keeps: they would be rounded away in silence."""
        for link in steps:
            if link.name == "decimal" and link.arguments[0] > spec.places:
                message = f"{name!r} keeps {spec.places} decimal places in {self._target}: use decimal({spec.places})"
                self._log.add(line, "places", message)

    def _values(
        self, name: str, node: Table, kind: ValueType, spec: FieldSpec | None
    ) -> tuple[dict[str, Value] | None, Value]:
        """The table and the constant, each value in the field's type."""
        const = node.entries.get("const")
        table = node.entries.get("table")
        values: dict[str, Value] | None = None
        if isinstance(table, Table) and table.entries:
            values = {key: self._value(name, entry, kind, spec) for key, entry in table.entries.items()}
        elif table is not None:
            self._log.add(table.line, "wrong_shape", f"the table of {name!r} must have at least one entry")
        return values, None if const is None else self._value(name, const, kind, spec)

    def _value(self, name: str, node: Node, kind: ValueType, spec: FieldSpec | None) -> Value:
        if not isinstance(node, Text) or not node.value:
            message = f"{name!r}: a value must be a non-empty text (for no value, leave it to `otherwise: null`)"
            self._log.add(node.line, "wrong_shape", message)
            return None
        try:
            value = parse_value(node.value, kind)
        except ValueError as error:
            self._log.add(node.line, "value", f"{name!r}: {error}, not {node.value!r}")
            return None
        if spec and spec.choices is not None and node.value not in spec.choices:
            allowed = ", ".join(sorted(spec.choices))
            self._log.add(node.line, "value", f"{name!r} must be one of {allowed}, not {node.value!r}")
        if spec and isinstance(value, Decimal) and -int(value.as_tuple().exponent) > spec.places:
            self._log.add(node.line, "places", f"{name!r} keeps {spec.places} decimal places in {self._target}")
        if spec and spec.max_length is not None and len(node.value) > spec.max_length:
            self._log.add(node.line, "value", f"{name!r} holds at most {spec.max_length} characters")
        return value

    def _otherwise(self, name: str, node: Table) -> Otherwise:
        text = choice(node, "otherwise", tuple(word.value for word in Otherwise), self._log)
        word = Otherwise(text) if text else Otherwise.REFUSE
        if self._target == EMPLOYEE and word is Otherwise.KEEP:
            message = "keep-current is for targets: a source row is a whole employee; use refuse or null"
            self._log.add(node.lines["otherwise"], "otherwise", message)
        if self._target == EMPLOYEE and name in ("number", "status") and word is not Otherwise.REFUSE:
            self._log.add(node.lines["otherwise"], "otherwise", f"an employee without {name} is refused, always")
        return word

    def _actions(self, node: Table) -> frozenset[Action]:
        entry = node.entries.get("on")
        if entry is None:
            return ORDINARY_ACTIONS
        if self._target == EMPLOYEE:
            self._log.add(node.lines["on"], "on", "the canonical employee has no actions: remove `on`")
            return ORDINARY_ACTIONS
        actions = set()
        for word in text_list(entry, "on", self._log):
            if word in set(Action):
                actions.add(Action(word))
            else:
                allowed = ", ".join(Action)
                self._log.add(entry.line, "unknown_value", f"'on' must hold actions ({allowed}), not {word!r}")
        return frozenset(actions)
