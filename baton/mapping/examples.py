"""Runs the worked examples of a mapping as the tests they are."""

from __future__ import annotations

from baton.errors import Fault
from baton.mapping.result import MappedRecord
from baton.mapping.schema import Example, FieldMapping


def check_examples(mapping: FieldMapping) -> list[Fault]:
    """One fault for every expectation that does not hold; none when all examples pass."""
    return [fault for example in mapping.examples for fault in _differences(mapping, example)]


def _differences(mapping: FieldMapping, example: Example) -> list[Fault]:
    got = mapping.apply_one(example.given)
    faults: list[Fault] = []

    def differs(line: int, message: str) -> None:
        faults.append(Fault(f"{mapping.file}:{line}", "example", message))

    if not got.in_scope:
        differs(example.line, "the example is out of scope, so it shows nothing: give it a value from `scope`")
        return faults
    refusals = {fault.field: fault for fault in got.faults}
    for name in sorted(example.refused - refusals.keys()):
        differs(example.line, f"{name!r} should refuse the row, and accepts it")
    for name in sorted(refusals.keys() - example.refused):
        differs(example.line, f"{name!r} refuses the row: {refusals[name].message} ({refusals[name].rule})")
    if got.refused:
        return faults
    for name in sorted(example.kept & got.fields.keys()):
        differs(example.line, f"{name!r} should be left out, and is set")
    for name, wanted in example.expect.items():
        line = example.lines.get(name, example.line)
        if name not in got.fields:
            differs(line, f"{name!r} is left out: {_why(got, name)}")
        elif got.fields[name] != wanted or type(got.fields[name]) is not type(wanted):
            differs(line, f"{name!r} should be {_shown(wanted)}, and is {_shown(got.fields[name])}")
    return faults


def _why(got: MappedRecord, name: str) -> str:
    return next((f"{notice.message} ({notice.rule})" for notice in got.notices if notice.field == name), "no value")


def _shown(value: object) -> str:
    # Examples are synthetic by rule, so their values may be shown.
    return "no value" if value is None else repr(value) if isinstance(value, str) else str(value)
