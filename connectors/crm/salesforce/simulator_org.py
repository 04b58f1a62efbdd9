"""What the simulated org knows of its objects: field lists with lengths, ids, and the deactivation blockers.

Written from the public object reference and help articles; see README.md for what is and is not verified.
"""

from __future__ import annotations

from dataclasses import dataclass

PREFIXES = {"User": "005", "UserLogin": "0Yw", "Account": "001", "Profile": "00e"}

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


@dataclass(frozen=True)
class Column:
    """One field of an object, as ``describe`` tells it."""

    kind: str = "string"
    length: int = 255
    writable: bool = True
    refers_to: str = ""
    external_id: bool = False
    unique: bool = False


_TEXT = Column()
_FLAG = Column("boolean", 0)
_STAMP = Column("datetime", 0, writable=False)

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
    "ManagerId": Column("reference", 18, refers_to="User"),
    "ProfileId": Column("reference", 18, refers_to="Profile"),
    "UserRoleId": Column("reference", 18),
    "TimeZoneSidKey": Column("picklist", 40),
    "LocaleSidKey": Column("picklist", 40),
    "EmailEncodingKey": Column("picklist", 40),
    "LanguageLocaleKey": Column("picklist", 40),
    "UserType": Column("picklist", 40, writable=False),
    "IsActive": _FLAG,
    "Baton_Number__c": Column(length=40, external_id=True, unique=True),
}
OBJECTS: dict[str, dict[str, Column]] = {
    "User": USER,
    "UserLogin": {
        "UserId": Column("reference", 18, writable=False, refers_to="User"),
        "IsFrozen": _FLAG,
        "IsPasswordLocked": _FLAG,
    },
    "Account": {"Name": _TEXT, "OwnerId": Column("reference", 18, refers_to="User"), "Industry": _TEXT},
    "Profile": {"Name": Column(length=255, writable=False)},
}
for _columns in OBJECTS.values():
    _columns["Id"] = Column("id", 18, writable=False)
    _columns["LastModifiedDate"] = _STAMP
    _columns["SystemModstamp"] = _STAMP

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
