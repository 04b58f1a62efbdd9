"""Field values between Salesforce and records: JSON or CSV in, types out, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from baton.sdk import FieldSpec, FieldType, Scalar
from connectors.crm.salesforce.wire import to_wire

NULL: Final = "#N/A"
"""In a Bulk API file: no value. An empty cell means: leave the field as it is."""


def read_value(spec: FieldSpec, raw: Any) -> Scalar:
    """A value of a query's answer (JSON) or of a result file (text). Raises `ValueError` when it does not fit."""
    if raw is None or raw == "":
        return None
    text = str(raw)
    match spec.type:
        case FieldType.BOOLEAN:
            if text.lower() not in ("true", "false"):
                raise ValueError("not a boolean")
            return text.lower() == "true"
        case FieldType.INTEGER:
            return int(_exact(text, 0))
        case FieldType.DECIMAL:
            return _exact(text, spec.places)
        case FieldType.DATE:
            return date.fromisoformat(text)
        case FieldType.DATETIME:
            return datetime.fromisoformat(text).astimezone(UTC)
        case _:
            return text


def canonical(value: Scalar) -> str | None:
    """The text form of source pages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def unsendable(row: Mapping[str, Scalar]) -> list[str]:
    """The fields whose value Salesforce, or the way there, would turn into another one."""
    return sorted(name for name, value in row.items() if _altered(value))


def _altered(value: Scalar) -> bool:
    if isinstance(value, datetime):
        return value.microsecond % 1000 != 0
    return isinstance(value, str) and (value in ("", NULL) or "\0" in value)


def csv_text(value: Scalar) -> str:
    """The cell of a Bulk API file."""
    if value is None:
        return NULL
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return canonical(value) or NULL


def json_record(row: Mapping[str, Scalar]) -> dict[str, Any]:
    """The row for an sObject Collections call; a parent by its external id becomes a nested object."""
    record: dict[str, Any] = {}
    for name, value in row.items():
        relationship, dot, external_id = name.partition(".")
        if not dot:
            record[name] = csv_text(value) if isinstance(value, datetime) else to_wire(value)
        elif value is None:
            record[reference_column(relationship)] = None
        else:
            record[relationship] = {external_id: str(value)}
    return record


def reference_column(relationship: str) -> str:
    """``Owner`` -> ``OwnerId``, ``Region__r`` -> ``Region__c``."""
    return f"{relationship.removesuffix('__r')}__c" if relationship.endswith("__r") else f"{relationship}Id"


def cell(row: Mapping[str, Any], name: str) -> Any:
    """A field of a query's answer, also of a parent."""
    at: Any = row
    for part in name.split("."):
        at = at.get(part) if isinstance(at, Mapping) else None
    return at


def _exact(text: str, places: int) -> Decimal:
    """The number with exactly these places. Raises `ValueError` when it has more."""
    try:
        number = Decimal(text)
        rounded = number.quantize(Decimal(1).scaleb(-places))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if rounded != number:
        raise ValueError(f"more than {places} decimal places")
    return rounded
