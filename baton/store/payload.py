"""Typed field values as bytes: what goes into a sealed payload comes out with the same types."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from sys import intern
from typing import Any

import orjson

from baton.model.account import Scalar
from baton.model.people import Employee, EmploymentStatus

_TAG = "$"
_ALIKE = frozenset(
    {
        *("time_zone", "company", "department", "cost_center", "location", "position", "grade"),
        *("employment_type", "bank_code", "bank_name"),
    }
)
"""Columns in which many people have the same: kept in memory once."""


def pack(fields: Mapping[str, Scalar], references: Mapping[str, str]) -> bytes:
    """Fields and references of an effect as canonical JSON."""
    document = {"f": {k: encode(v) for k, v in fields.items()}, "r": dict(references)}
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def unpack(data: bytes) -> tuple[dict[str, Scalar], dict[str, str]]:
    """The inverse of `pack`."""
    document = orjson.loads(data)
    return {k: decode(v) for k, v in document["f"].items()}, document["r"]


def pack_employee(employee: Employee) -> bytes:
    """One version of a person as canonical JSON."""
    values = {f.name: getattr(employee, f.name) for f in dataclasses.fields(employee)}
    return orjson.dumps({k: encode(v) for k, v in values.items() if v is not None}, option=orjson.OPT_SORT_KEYS)


def unpack_employee(data: bytes) -> Employee:
    """The inverse of `pack_employee`."""
    told = orjson.loads(data).items()
    values: dict[str, Any] = {k: intern(v) if k in _ALIKE else decode(v) for k, v in told}
    values["status"] = EmploymentStatus(values["status"])
    return Employee(**values)


def encode(value: Any) -> Any:
    """A field value as JSON keeps it; raises TypeError for what is none."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return {_TAG: "datetime", "v": value.isoformat()}
    if isinstance(value, date):
        return {_TAG: "date", "v": value.isoformat()}
    if isinstance(value, time):
        return {_TAG: "time", "v": value.isoformat()}
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "v": str(value)}
    raise TypeError(f"{type(value).__name__} is not a field value")


_DECODERS = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
}


def decode(value: Any) -> Any:
    """The inverse of `encode`."""
    return _DECODERS[value[_TAG]](value["v"]) if isinstance(value, dict) else value
