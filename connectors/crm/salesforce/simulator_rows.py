"""The rows of the simulated org and the rules a write must pass, with the journal of accepted writes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.crm.salesforce.simulator_business import Business
from connectors.crm.salesforce.simulator_columns import Column
from connectors.crm.salesforce.simulator_objects import CREATABLE, DELETABLE
from connectors.crm.salesforce.simulator_org import OBJECTS, USER_REQUIRED, parents, record_id
from connectors.crm.salesforce.simulator_refusal import RefusalError

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class JournalEntry:
    """One accepted write."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, Any] = field(default_factory=dict)


class Rows:
    """All tables of the org. Not thread-safe: the simulator holds its lock around every call."""

    def __init__(self, number_field: str) -> None:
        self.number_field = number_field
        self.journal: list[JournalEntry] = []
        self.calls = 0
        self.licences: int | None = None
        self.blocked: dict[str, str] = {}
        self.me = ""
        """The integration user, owner of accounts created without one."""
        self.without: set[str] = set()
        """Objects that this org does not have, or does not show."""
        self.tables: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in OBJECTS}
        self._serials = itertools.count(1)
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)
        self._logins: dict[str, str] = {}
        self.business = Business(self)

    def upsert(self, table: str, name: str, record: dict[str, Any]) -> dict[str, Any]:
        if not (column := OBJECTS[table].get(name)) or not column.external_id:
            raise RefusalError(
                "NOT_FOUND", "Provided external ID field does not exist or is not accessible", status=404
            )
        key = str(record[name]).casefold()
        known = [i for i, row in self.tables[table].items() if str(row[name]).casefold() == key]
        if known:
            self.update(table, known[0], {k: v for k, v in record.items() if k != name})
        made = known[0] if known else self.create(table, record)
        return {"id": made, "success": True, "errors": [], "created": not known}

    def create(self, table: str, record: dict[str, Any]) -> str:
        if table == "User":
            if missing := [name for name in USER_REQUIRED if not record.get(name)]:
                raise RefusalError("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", *missing)
            self._check(table, None, record)
            made = self.insert_user(record)
            self._note("provision", made, record)
            return made
        if table not in CREATABLE or table in self.without:
            raise RefusalError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {table}")
        record = self._resolved(table, record)
        missing = [name for name, column in OBJECTS[table].items() if column.required and not record.get(name)]
        if missing:
            raise RefusalError("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", *missing)
        self._check(table, None, record)
        if (known := self.business.existing(table, record)) is not None:
            return known
        record = self.business.assigned(table, record)
        defaults = {"OwnerId": self.me, "Closed__c": False}
        own = {name: item for name, item in defaults.items() if name in OBJECTS[table]}
        made = self.insert(table, {**own, **record})
        self._note("provision", made, record)
        return made

    def update(self, table: str, key: str, record: dict[str, Any]) -> None:
        row = self.tables.get(table, {}).get(key)
        if row is None:
            raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
        record = self._resolved(table, record)
        self._check(table, key, record)
        if table == "User" and record.get("IsActive") is False and key in self.blocked:
            raise RefusalError("FIELD_INTEGRITY_EXCEPTION", self.blocked[key], "IsActive")
        record = self.business.assigned(table, record)
        self.business.permit(key, row, record)
        before = dict(row)
        row.update({name: (None if item == "" else item) for name, item in record.items()})
        self.business.follow(table, key, before, row)
        row["LastModifiedDate"] = row["SystemModstamp"] = self._stamp()
        if table == "User":
            row["Name"] = " ".join(filter(None, (row.get("FirstName"), row["LastName"])))
        flag = record.get("IsActive", not record["IsFrozen"] if "IsFrozen" in record else None)
        off = "disable" if table == "UserLogin" else "remove"
        self._note("update" if flag is None else "enable" if flag else off, row.get("UserId", key), record)

    def delete(self, table: str, key: str) -> None:
        if table not in DELETABLE:
            raise RefusalError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {table}")
        if key not in self.tables[table]:
            raise RefusalError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        gone = self.tables[table].pop(key)
        for row in self.tables["Account"].values():
            if row["ParentId"] == key:
                row["ParentId"] = None
        self._note("remove", key, gone)

    def _resolved(self, table: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """The record with ids in place of parents named by their external id (``{"Parent": {"Legacy_Id__c": …}}``)."""
        found: dict[str, Any] = {}
        for name, item in record.items():
            if name not in parents(table) or not isinstance(item, Mapping):
                found[name] = item
                continue
            (column, target), ((field_name, wanted),) = parents(table)[name], item.items()
            known = OBJECTS[target].get(field_name)
            if known is None or not known.external_id:
                raise RefusalError("INVALID_FIELD", f"{field_name} is not an external id of {target}", name)
            rows = [i for i, row in self.tables[target].items() if str(row[field_name]).casefold() == wanted.casefold()]
            if len(rows) != 1:
                missing = f"Foreign key external ID: {wanted} not found for field {field_name} in entity {target}"
                raise RefusalError("INVALID_FIELD", missing, name)
            found[column] = rows[0]
        return found

    def _check(self, table: str, key: str | None, record: Mapping[str, Any]) -> None:
        for name, item in record.items():
            column = OBJECTS[table].get(name)
            if column is None:
                raise RefusalError("INVALID_FIELD", f"No such column '{name}' on sobject of type {table}", name)
            if not column.writable:
                raise RefusalError("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {name}.", name)
            if column.create_only and key is not None:
                raise RefusalError("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {name}.", name)
            _fits(column, name, item)
            if column.refers_to and item and item not in self.tables[column.refers_to]:
                raise RefusalError("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {name}", name)
            others = (row for i, row in self.tables[table].items() if i != key)
            if column.unique and item and any(str(r[name]).casefold() == str(item).casefold() for r in others):
                code = "DUPLICATE_USERNAME" if name == "Username" else "DUPLICATE_VALUE"
                raise RefusalError(code, f"{name}: already in use", name)
        grows = record.get("IsActive", key is None) and (key is None or not self.tables[table][key]["IsActive"])
        active = sum(1 for row in self.tables["User"].values() if row["IsActive"])
        if table == "User" and grows and self.licences is not None and active >= self.licences:
            raise RefusalError("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded")

    def revoked(self, key: str, token: Mapping[str, Any]) -> None:
        """Take down that a token was revoked."""
        self._note("remove", token["UserId"], {"revoked": key})

    def _note(self, action: str, key: str, record: Mapping[str, Any]) -> None:
        number = self.tables["User"].get(key, {}).get(self.number_field)
        self.journal.append(JournalEntry(action, number, key, self.calls, dict(record)))

    def insert_user(self, record: Mapping[str, Any]) -> str:
        name = " ".join(filter(None, (record.get("FirstName"), str(record["LastName"]))))
        made = self.insert("User", {"IsActive": True, "UserType": "Standard", "Name": name, **record})
        self._logins[made] = self.insert("UserLogin", {"UserId": made, "IsFrozen": False, "IsPasswordLocked": False})
        return made

    def insert(self, table: str, record: Mapping[str, Any]) -> str:
        made = record_id(table, next(self._serials))
        stamp = self._stamp()
        blank: dict[str, Any] = {
            name: False if column.kind == "boolean" else None for name, column in OBJECTS[table].items()
        }
        system = {"Id": made, "CreatedDate": stamp, "LastModifiedDate": stamp, "SystemModstamp": stamp}
        self.tables[table][made] = blank | {"CreatedById": self.me or made} | dict(record) | system
        self.business.derive(table, self.tables[table][made])
        return made

    def _stamp(self) -> str:
        self.moment += timedelta(seconds=1)
        return self.moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def login_of(self, user_id: str) -> dict[str, Any]:
        return self.tables["UserLogin"][self._logins[user_id]]


def _fits(column: Column, name: str, item: Any) -> None:
    """Refuse a value that the field alone rules out."""
    if column.length and len(str(item or "")) > column.length:
        raise RefusalError("STRING_TOO_LONG", f"{name}: data value too large (max length={column.length})", name)
    if column.kind == "email" and item and not _EMAIL.fullmatch(item):
        raise RefusalError("INVALID_EMAIL_ADDRESS", f"{name}: invalid email address", name)
    if column.choices and item and item not in column.choices:
        raise RefusalError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"{name}: bad value for picklist", name)
    if column.kind == "boolean" and not isinstance(item, bool):
        raise RefusalError("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{name}: value not of required type", name)
    if column.required and item in ("", None):
        raise RefusalError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", name)
