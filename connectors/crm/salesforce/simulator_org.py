"""What the simulated org knows of its objects: field lists with lengths, ids, and the deactivation blockers.

Written from the public object reference and help articles; see README.md for what is and is not verified.
"""

from __future__ import annotations

from connectors.crm.salesforce.simulator_columns import FLAG, STAMP, TEXT, Column
from connectors.crm.salesforce.simulator_objects import HANDED_OVER, HANDED_OVER_PREFIXES

PREFIXES = {"User": "005", "UserLogin": "0Yw", "Account": "001", "Profile": "00e", **HANDED_OVER_PREFIXES}

USER_REQUIRED = (
    "Username",
    "LastName",
    "Email",
    "Alias",
    "TimeZoneSidKey",
    "LocaleSidKey",
    "EmailEncodingKey",
    "LanguageLocaleKey",
    "ProfileId",
)


USER: dict[str, Column] = {
    "Username": Column(length=80, unique=True),
    "LastName": Column(length=80),
    "FirstName": Column(length=40),
    "Name": Column(length=121, writable=False),
    "Email": Column("email", 128),
    "Alias": Column(length=8),
    "CommunityNickname": Column(length=40),
    "Title": Column(length=80),
    "Department": Column(length=80),
    "Division": Column(length=80),
    "CompanyName": Column(length=80),
    "EmployeeNumber": Column(length=20),
    "FederationIdentifier": Column(length=512),
    "Phone": Column("phone", 40),
    "MobilePhone": Column("phone", 40),
    "ManagerId": Column("reference", 18, refers_to="User", relationship="Manager"),
    "ProfileId": Column("reference", 18, refers_to="Profile", relationship="Profile"),
    "UserRoleId": Column("reference", 18),
    "TimeZoneSidKey": Column("picklist", 40),
    "LocaleSidKey": Column("picklist", 40),
    "EmailEncodingKey": Column("picklist", 40),
    "LanguageLocaleKey": Column("picklist", 40),
    "UserType": Column("picklist", 40, writable=False),
    "IsActive": FLAG,
    "DelegatedApproverId": Column("reference", 18, refers_to="User"),
    "Mentor__c": Column("reference", 18, refers_to="User"),
    "Baton_Number__c": Column(length=40, external_id=True, unique=True),
}
OBJECTS: dict[str, dict[str, Column]] = {
    "User": USER,
    "UserLogin": {
        "UserId": Column("reference", 18, writable=False, refers_to="User"),
        "IsFrozen": FLAG,
        "IsPasswordLocked": FLAG,
    },
    "Account": {
        "Name": Column(required=True),
        "OwnerId": Column("reference", 18, refers_to="User", relationship="Owner"),
        "ParentId": Column("reference", 18, refers_to="Account", relationship="Parent"),
        "AccountNumber": TEXT,
        "Type": TEXT,
        "Industry": TEXT,
        "BillingCity": TEXT,
        "Rating": Column("picklist", 255, choices=("Hot", "Warm", "Cold")),
        "Description": Column("textarea", 32_000),
        "NumberOfEmployees": Column("int", 0),
        "AnnualRevenue": Column("currency", 0, scale=2),
        "Region__c": Column("picklist", 255),
        "Tier__c": TEXT,
        "Since__c": Column("date", 0),
        "Synced__c": Column("datetime", 0),
        "Closed__c": FLAG,
        "Legacy_Id__c": Column(length=40, external_id=True, unique=True),
        "Group_Id__c": Column(length=40, external_id=True),
        "BillingAddress": Column("address", 0, writable=False),
    },
    "Profile": {"Name": Column(length=255, writable=False), "PermissionsModifyAllData": FLAG},
    **HANDED_OVER,
}
for _columns in OBJECTS.values():
    _columns["Id"] = Column("id", 18, writable=False)
    _columns["CreatedDate"] = STAMP
    _columns["CreatedById"] = Column("reference", 18, writable=False, refers_to="User", relationship="CreatedBy")
    _columns["LastModifiedDate"] = STAMP
    _columns["SystemModstamp"] = STAMP


def parents(table: str) -> dict[str, tuple[str, str]]:
    """Relationship name -> (the column that holds the id, the object it points to)."""
    return {c.relationship: (name, c.refers_to) for name, c in OBJECTS[table].items() if c.relationship}


def description(table: str) -> dict[str, object]:
    """What ``describe`` answers, as far as it concerns fields."""
    return {
        "name": table,
        "label": table,
        "keyPrefix": PREFIXES[table],
        "fields": [_described(name, c) for name, c in OBJECTS[table].items()],
    }


def _described(name: str, column: Column) -> dict[str, object]:
    return {
        "name": name,
        "label": name,
        "type": column.kind,
        "length": column.length,
        "scale": column.scale,
        "precision": 18 if column.scale else 0,
        "nillable": not column.required and column.kind != "boolean",
        "defaultedOnCreate": column.kind == "boolean" or name == "OwnerId",
        "createable": column.writable,
        "updateable": column.writable and not column.create_only,
        "externalId": column.external_id,
        "unique": column.unique,
        "idLookup": column.external_id or name == "Id",
        "restrictedPicklist": bool(column.choices),
        "picklistValues": [{"value": each, "label": each, "active": True} for each in column.choices],
        "referenceTo": [column.refers_to] if column.refers_to else [],
        "relationshipName": column.relationship or None,
    }


BLOCKERS: dict[str, str] = {
    "web_to_lead_creator": "You cannot disable the Web to Lead Default Creator.",
    "default_lead_owner": "You cannot deactivate this user. "
    "You cannot deactivate a user who is the default owner of leads.",
    "default_case_owner": "You cannot deactivate this user. "
    "You cannot deactivate a user who is the default owner of cases",
    "automated_case_user": "You cannot deactivate this user. This user is the Automated Case User.",
    "default_workflow_user": "You cannot deactivate the Default Workflow User",
    "workflow_recipient": "This user is the sole recipient of a workflow email alert.",
    "assignment_rule": "This user is used in an active assignment rule.",
    "hierarchy_field": (
        "Cannot complete this operation. Cannot inactivate user that is the value of a hierarchy field: "
        "User Hierarchy. : 测试丙"
    ),
    "portal_administrator": "You cannot deactivate a user who is a portal administrator.",
    "approval": "This user is a delegated approver in an approval process.",
    "unheard_of": "Cannot complete this operation: something nobody has documented.",
}
"""Reason -> what the org says. The first, third, fifth and eighth are quoted from help articles; the rest is ours."""


def record_id(table: str, serial: int) -> str:
    """An 18-character id: prefix, serial in base 62, and the case checksum the vendor appends."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    tail = ""
    while serial:
        serial, rest = divmod(serial, 62)
        tail = digits[rest] + tail
    short = (PREFIXES[table] + "SIM" + tail.rjust(9, "0"))[:15]
    suffix = ""
    for part in (short[0:5], short[5:10], short[10:15]):
        upper = sum(1 << i for i, letter in enumerate(part) if letter.isascii() and letter.isupper())
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[upper]
    return short + suffix
