"""Salesforce objects as collections of records, from what ``describe`` says of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from baton.sdk import Collection, ConfigurationError, Fault, FieldSpec, FieldType, HaltError
from connectors.crm.salesforce.org import Org

_TYPES: Final[Mapping[str, FieldType]] = {
    "boolean": FieldType.BOOLEAN,
    "int": FieldType.INTEGER,
    "long": FieldType.INTEGER,
    "double": FieldType.DECIMAL,
    "currency": FieldType.DECIMAL,
    "percent": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "string": FieldType.TEXT,
    "textarea": FieldType.TEXT,
    "phone": FieldType.TEXT,
    "url": FieldType.TEXT,
    "email": FieldType.TEXT,
    "picklist": FieldType.TEXT,
    "multipicklist": FieldType.TEXT,
    "combobox": FieldType.TEXT,
    "encryptedstring": FieldType.TEXT,
    "time": FieldType.TEXT,
    "id": FieldType.TEXT,
    "reference": FieldType.TEXT,
}
"""Types that are not here (address, location, base64 …) cannot be queried by the Bulk API, and are left out."""


class Objects:
    """The objects named in ``record_keys``."""

    def __init__(self, org: Org, keys: Mapping[str, str]) -> None:
        self._org = org
        self._keys = keys

    def names(self) -> Sequence[str]:
        """Their API names."""
        return tuple(self._keys)

    def collection(self, name: str) -> Collection:
        """Fields and key of one object. Raises `ConfigurationError` when it is not set up, or its key is none."""
        if name not in self._keys:
            listed = ", ".join(self._keys) or "none"
            raise _fault("unknown_collection", f"record_keys does not name {name[:80]!r}; it names {listed}")
        described = self._org.read(f"sobjects/{name}/describe")
        columns = described.get("fields") if isinstance(described, dict) else None
        if not isinstance(columns, list) or not all(isinstance(each, dict) and each.get("name") for each in columns):
            raise HaltError(f"the description of {name} has no fields", code="contract", remedy="check api_version")
        key = self._keys[name]
        column = next((each for each in columns if each["name"] == key), None)
        if column is None:
            raise _fault("unknown_field", f"{name} has no field {key} that the integration user may see")
        if key != "Id" and not (column.get("externalId") and column.get("unique")):
            raise _fault("not_unique", f"{name}.{key} is no unique external id: mark it External ID and Unique")
        if _TYPES.get(str(column.get("type"))) is not FieldType.TEXT:
            raise _fault("key_type", f"{name}.{key} is a {column.get('type')}: use a text field as the key")
        fields = dict(self._field(each) for each in columns if each.get("type") in _TYPES)
        return Collection(name, fields, key=(key,), title=str(described.get("label") or name))

    def _field(self, column: Mapping[str, Any]) -> tuple[str, FieldSpec]:
        """The name and the spec of one field; a reference goes by its parent's key where record_keys names one."""
        name, kind = str(column["name"]), str(column["type"])
        required = bool(
            column.get("createable") and not column.get("nillable", True) and not column.get("defaultedOnCreate")
        )
        writable = column.get("createable") or column.get("updateable")
        about = str(column.get("label") or "") + ("" if writable else " (read only)")
        targets = column.get("referenceTo") or []
        parent_key = self._keys.get(targets[0], "Id") if len(targets) == 1 else "Id"
        if kind == "reference" and parent_key != "Id" and column.get("relationshipName"):
            path = f"{column['relationshipName']}.{parent_key}"
            return path, FieldSpec(FieldType.REFERENCE, required, refers_to=str(targets[0]), about=about)
        values = column.get("picklistValues") or []
        closed = kind == "picklist" and column.get("restrictedPicklist") and values
        return name, FieldSpec(
            _TYPES[kind],
            required,
            max_length=int(column.get("length") or 0) or None,
            choices=frozenset(str(each["value"]) for each in values if each.get("active")) if closed else None,
            places=int(column.get("scale") or 0),
            about=about,
        )


def _fault(rule: str, message: str) -> ConfigurationError:
    return ConfigurationError([Fault("record_keys", rule, message)])
