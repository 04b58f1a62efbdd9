"""The types a mapped value may have, and how a value written in a mapping file becomes one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from baton.model.account import FieldSpec, FieldType, Scalar
from baton.model.people import EMPLOYEE_COLUMNS, PERSONAL_COLUMNS, EmploymentStatus

Value: TypeAlias = Scalar | time
"""What a cell may hold; a time of day exists only on the canonical employee."""


class ValueType(StrEnum):
    """The types of a mapped value: those of target fields, and the time of day."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    REFERENCE = "reference"
    TIME = "time"

    @classmethod
    def of(cls, field_type: FieldType) -> ValueType:
        """The value type of a target field."""
        return cls(field_type.value)

    @property
    def carried_as(self) -> ValueType:
        """A reference travels as the text of an employee number."""
        return ValueType.TEXT if self is ValueType.REFERENCE else self


_Iso = TypeVar("_Iso", date, time, datetime)
_DATES: Final = frozenset({"effective_on", "hire_day", "last_working_day", "contract_end_day", "pay_end_day"})

EMPLOYEE_TYPES: Final[Mapping[str, ValueType]] = MappingProxyType(
    {
        name: ValueType.TIME if name == "last_working_time" else ValueType.DATE if name in _DATES else ValueType.TEXT
        for name in EMPLOYEE_COLUMNS
    }
)
"""The type of every canonical employee column."""

EMPLOYEE_FIELDS: Final[Mapping[str, FieldSpec]] = MappingProxyType(
    {
        name: FieldSpec(
            type=FieldType.DATE if kind is ValueType.DATE else FieldType.TEXT,
            required=name in ("number", "status"),
            personal=name in PERSONAL_COLUMNS,
            choices=frozenset(status.value for status in EmploymentStatus) if name == "status" else None,
        )
        for name, kind in EMPLOYEE_TYPES.items()
    }
)
"""The canonical employee as a target: what `suggest` and `load_mapping` need to know of it."""

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,9})?")
_BOOLEAN: Final = MappingProxyType({"true": True, "false": False, "yes": True, "no": False})


def parse_value(text: str, kind: ValueType) -> Value:
    """A value as written in a mapping file (a constant, a table entry, an example); ValueError says what is expected.

    >>> parse_value("0012", ValueType.TEXT), parse_value("2026-11-22", ValueType.DATE)
    ('0012', datetime.date(2026, 11, 22))
    """
    match kind:
        case ValueType.INTEGER:
            return int(_matching(_INTEGER, text, "a whole number"))
        case ValueType.DECIMAL:
            return Decimal(_matching(_DECIMAL, text, "a decimal number"))
        case ValueType.BOOLEAN:
            if text not in _BOOLEAN:
                raise ValueError("expected true or false")
            return _BOOLEAN[text]
        case ValueType.DATE:
            return _iso(date, text, "a date like 2026-11-22")
        case ValueType.TIME:
            return _iso(time, text, "a time like 18:00")
        case ValueType.DATETIME:
            moment = _iso(datetime, text, "a moment like 2026-11-22T18:00:00+08:00")
            if moment.tzinfo is None:
                raise ValueError("expected a moment with its offset, like 2026-11-22T18:00:00+08:00")
            return moment.astimezone(UTC)
        case _:
            return text


def _matching(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"expected {what}")
    return text


def _iso(kind: type[_Iso], text: str, what: str) -> _Iso:
    try:
        return kind.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected {what}") from None
