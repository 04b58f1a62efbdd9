"""What follows from a write in the simulated org: closed flags, assignment rules, deleted teams, histories.

Written from the public documentation: the Sforce-Auto-Assign header, knowledge article 000390190 (teams are deleted
when an owner changes over the API and KeepAccountTeam is not set), the object reference of histories and members.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connectors.crm.salesforce.simulator_objects import CLOSING, HISTORIES, TEAMS, TRACKED
from connectors.crm.salesforce.simulator_refusal import RefusalError

if TYPE_CHECKING:
    from connectors.crm.salesforce.simulator_rows import Rows

_SAME = {
    "GroupMember": ("GroupId", "UserOrGroupId"),
    "PermissionSetAssignment": ("AssigneeId", "PermissionSetId", "PermissionSetGroupId"),
    "PermissionSetLicenseAssign": ("AssigneeId", "PermissionSetLicenseId"),
    "AccountTeamMember": ("AccountId", "UserId"),
    "OpportunityTeamMember": ("OpportunityId", "UserId"),
}
"""The fields by which two rows are the same membership."""


class Business:
    """The rules of one org's rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.auto_assign = True
        """Whether the request at hand lets assignment rules run."""
        self.assignment: dict[str, str] = {}
        """Object -> whom its active assignment rule gives every record that is written."""
        self.actor = ""
        """Who writes, where it is not the integration user."""
        self.locked: set[str] = set()
        """Records that nobody may edit for now."""
        self.keeps_teams = False
        """Whether the org keeps teams by means of its own."""
        self.inactive_owners = False
        """Whether the integration user has Update Records with Inactive Owners."""
        self.refusing_members: set[str] = set()
        """Users who cannot be added to a team."""

    def derive(self, table: str, row: dict[str, Any]) -> None:
        """Set the flags that follow from other fields."""
        for (of, name), (flag, closing) in CLOSING.items():
            if of == table and row[name] is not None:
                row[flag] = row[name] in closing
        if table in ("Order", "Contract") and row["Status"] is not None:
            row["StatusCode"] = row["Status"]

    def existing(self, table: str, record: Mapping[str, Any]) -> str | None:
        """The membership that would be made twice: given back for groups, refused elsewhere."""
        if table not in _SAME:
            return None
        if record.get("UserId") in self.refusing_members:
            raise RefusalError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", "UserId")
        key = [record.get(name) for name in _SAME[table]]
        rows = self._rows.tables[table].items()
        known = next((i for i, row in rows if [row[name] for name in _SAME[table]] == key), None)
        if known is not None and table != "GroupMember":
            raise RefusalError("DUPLICATE_VALUE", "duplicate value found: the membership exists already")
        return known

    def assigned(self, table: str, record: dict[str, Any]) -> dict[str, Any]:
        """The record as the active assignment rule leaves it."""
        if self.auto_assign and table in self.assignment:
            return {**record, "OwnerId": self.assignment[table]}
        return record

    def permit(self, key: str, row: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Refuse what may not be written now."""
        if key in self.locked:
            raise RefusalError("ENTITY_IS_LOCKED", "the entity is locked for editing")
        owner = record.get("OwnerId")
        users = self._rows.tables["User"]
        if owner in users and owner != row.get("OwnerId") and not users[owner]["IsActive"] and not self.inactive_owners:
            raise RefusalError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", "OwnerId")

    def follow(self, table: str, key: str, before: Mapping[str, Any], row: dict[str, Any]) -> None:
        """Everything else that a change of a row changes."""
        self.derive(table, row)
        if before.get("OwnerId") != row.get("OwnerId"):
            if table in TEAMS and not self.keeps_teams:
                members, field = TEAMS[table]
                gone = [i for i, each in self._rows.tables[members].items() if each[field] == key]
                for each in gone:
                    del self._rows.tables[members][each]
            self.remember_owner(table, key, before["OwnerId"], row["OwnerId"])
        for name in TRACKED & row.keys():
            if before[name] != row[name]:
                self._remember(table, key, name, before[name], row[name], "Percent")

    def remember_owner(self, table: str, key: str, before: str, after: str) -> None:
        """A changed owner is kept twice: by names, and by ids."""
        self._remember(table, key, "Owner", self._name(before), self._name(after), "Text")
        self._remember(table, key, "Owner", before, after, "EntityId")

    def _remember(self, table: str, key: str, name: str, before: Any, after: Any, kind: str) -> None:
        if table not in HISTORIES:
            return
        history, field = HISTORIES[table]
        told = {"Field": name, "OldValue": before, "NewValue": after, "DataType": kind}
        self._rows.insert(history, {field: key, **told, "CreatedById": self.actor or self._rows.me})

    def _name(self, user: str) -> str | None:
        return self._rows.tables["User"].get(user, {}).get("Name")
