"""The objects of the simulated org that a handover is about: business, teams, rights, sessions, histories.

Written from the public object reference, with the fields that a handover may want and no others.
"""

from __future__ import annotations

from connectors.crm.salesforce.simulator_columns import FLAG, STAMP, TEXT, Column

HANDED_OVER_PREFIXES = {
    "Contact": "003",
    "Opportunity": "006",
    "Quote": "0Q0",
    "Order": "801",
    "Contract": "800",
    "Case": "500",
    "Lead": "00Q",
    "Task": "00T",
    "AccountTeamMember": "01M",
    "OpportunityTeamMember": "00q",
    "PermissionSet": "0PS",
    "PermissionSetGroup": "0PG",
    "PermissionSetAssignment": "0Pa",
    "PermissionSetLicense": "0PL",
    "PermissionSetLicenseAssign": "2LA",
    "Group": "00G",
    "GroupMember": "011",
    "AuthSession": "0Ak",
    "OauthToken": "0CQ",
    "ProcessInstance": "04g",
    "ProcessInstanceWorkitem": "04i",
    "CronTrigger": "08e",
    "Dashboard": "01Z",
    "EventLogFile": "0AT",
    "AccountHistory": "017",
    "OpportunityFieldHistory": "017",
    "QuoteHistory": "017",
}
CREATABLE = frozenset(
    {
        *("Account", "Contact", "Opportunity", "Quote", "Order", "Contract", "Case", "Lead", "Task"),
        *("AccountTeamMember", "OpportunityTeamMember"),
        *("PermissionSetAssignment", "PermissionSetLicenseAssign", "GroupMember"),
    }
)
"""Objects whose documentation lists create() (User has rules of its own)."""
DELETABLE = CREATABLE | {"AuthSession"}
SETUP = frozenset(
    {
        *("User", "UserLogin", "Group", "GroupMember", "AuthSession"),
        *("PermissionSet", "PermissionSetAssignment", "PermissionSetLicenseAssign"),
    }
)
"""Objects of the Setup area, which do not travel with others in one collection."""
TEAMS = {"Account": ("AccountTeamMember", "AccountId"), "Opportunity": ("OpportunityTeamMember", "OpportunityId")}
"""What is deleted when an owner changes over the API and nothing says that it is to be kept."""
HISTORIES = {
    "Account": ("AccountHistory", "AccountId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
    "Quote": ("QuoteHistory", "QuoteId"),
}
TRACKED = frozenset({"Discount", "Discount__c"})
"""Fields whose history is kept besides the owner's."""
CLOSING = {
    ("Opportunity", "StageName"): ("IsClosed", frozenset({"Closed Won", "Closed Lost"})),
    ("Case", "Status"): ("IsClosed", frozenset({"Closed"})),
    ("Task", "Status"): ("IsClosed", frozenset({"Completed"})),
}
"""Field -> the flag it sets, and for which values."""

_DATE = Column("date", 0)
_MONEY = Column("currency", 0, scale=2)
_TOTAL = Column("currency", 0, scale=2, writable=False)
_CURRENCY = Column("picklist", 3)
_OWNER = Column("reference", 18, refers_to="User", relationship="Owner")
_ACCOUNT = Column("reference", 18, refers_to="Account", relationship="Account")
_ANY = Column("reference", 18)
_READ_ONLY = Column(writable=False)
_SET = Column("boolean", 0, writable=False)


def _fixed(refers_to: str, relationship: str) -> Column:
    """A reference that is given once and for all."""
    return Column("reference", 18, refers_to=refers_to, relationship=relationship, create_only=True)


def _history(record: str, relationship: str) -> dict[str, Column]:
    return {
        f"{relationship}Id": Column("reference", 18, writable=False, refers_to=record, relationship=relationship),
        "Field": _READ_ONLY,
        "DataType": _READ_ONLY,
        "OldValue": Column("anyType", 255, writable=False),
        "NewValue": Column("anyType", 255, writable=False),
    }


HANDED_OVER: dict[str, dict[str, Column]] = {
    "Contact": {"Name": TEXT, "Title": TEXT, "Department": TEXT, "AccountId": _ACCOUNT, "OwnerId": _OWNER},
    "Opportunity": {
        "Name": Column(required=True),
        "AccountId": _ACCOUNT,
        "OwnerId": _OWNER,
        "StageName": TEXT,
        "CloseDate": _DATE,
        "Type": TEXT,
        "NextStep": TEXT,
        "Amount": _MONEY,
        "CurrencyIsoCode": _CURRENCY,
        "Discount__c": Column("percent", 0, scale=2),
        "IsClosed": _SET,
    },
    "Quote": {
        "Name": Column(required=True),
        "OpportunityId": Column("reference", 18, refers_to="Opportunity", relationship="Opportunity"),
        "AccountId": _ACCOUNT,
        "OwnerId": _OWNER,
        "Status": TEXT,
        "ExpirationDate": _DATE,
        "Discount": Column("percent", 0, scale=2),
        "GrandTotal": _TOTAL,
        "CurrencyIsoCode": _CURRENCY,
    },
    "Order": {
        "OrderNumber": _READ_ONLY,
        "Name": TEXT,
        "AccountId": _ACCOUNT,
        "OwnerId": _OWNER,
        "Status": TEXT,
        "StatusCode": _READ_ONLY,
        "EffectiveDate": _DATE,
        "EndDate": _DATE,
        "TotalAmount": _TOTAL,
        "CurrencyIsoCode": _CURRENCY,
    },
    "Contract": {
        "ContractNumber": _READ_ONLY,
        "Name": TEXT,
        "AccountId": _ACCOUNT,
        "OwnerId": _OWNER,
        "Status": TEXT,
        "StatusCode": _READ_ONLY,
        "StartDate": _DATE,
        "EndDate": Column("date", 0, writable=False),
    },
    "Case": {
        "CaseNumber": _READ_ONLY,
        "Subject": TEXT,
        "AccountId": _ACCOUNT,
        "ContactId": Column("reference", 18, refers_to="Contact", relationship="Contact"),
        "OwnerId": _OWNER,
        "Status": TEXT,
        "Priority": TEXT,
        "IsClosed": _SET,
    },
    "Lead": {
        "Name": TEXT,
        "Company": TEXT,
        "OwnerId": _OWNER,
        "Status": TEXT,
        "Rating": TEXT,
        "Industry": TEXT,
        "IsConverted": FLAG,
    },
    "Task": {
        "Subject": TEXT,
        "WhatId": _ANY,
        "WhoId": _ANY,
        "AccountId": Column("reference", 18, writable=False, refers_to="Account", relationship="Account"),
        "OwnerId": _OWNER,
        "Status": TEXT,
        "Priority": TEXT,
        "ActivityDate": _DATE,
        "IsClosed": _SET,
    },
    "AccountTeamMember": {
        "AccountId": _fixed("Account", "Account"),
        "UserId": _fixed("User", "User"),
        "TeamMemberRole": Column("picklist", 40),
        "AccountAccessLevel": Column("picklist", 40, choices=("Read", "Edit", "All")),
        "OpportunityAccessLevel": Column("picklist", 40, choices=("None", "Read", "Edit")),
        "CaseAccessLevel": Column("picklist", 40, choices=("None", "Read", "Edit")),
        "ContactAccessLevel": Column("picklist", 40, choices=("None", "Read", "Edit")),
    },
    "OpportunityTeamMember": {
        "OpportunityId": _fixed("Opportunity", "Opportunity"),
        "UserId": _fixed("User", "User"),
        "TeamMemberRole": Column("picklist", 40),
        "OpportunityAccessLevel": Column("picklist", 40, choices=("Read", "Edit", "All")),
    },
    "PermissionSet": {"Name": _READ_ONLY, "Label": _READ_ONLY, "IsOwnedByProfile": _SET},
    "PermissionSetGroup": {"DeveloperName": _READ_ONLY, "MasterLabel": _READ_ONLY},
    "PermissionSetAssignment": {
        "AssigneeId": _fixed("User", "Assignee"),
        "PermissionSetId": _fixed("PermissionSet", "PermissionSet"),
        "PermissionSetGroupId": _fixed("PermissionSetGroup", "PermissionSetGroup"),
    },
    "PermissionSetLicense": {"DeveloperName": _READ_ONLY, "MasterLabel": _READ_ONLY},
    "PermissionSetLicenseAssign": {
        "AssigneeId": _fixed("User", "Assignee"),
        "PermissionSetLicenseId": _fixed("PermissionSetLicense", "PermissionSetLicense"),
    },
    "Group": {"Name": _READ_ONLY, "DeveloperName": _READ_ONLY, "Type": _READ_ONLY},
    "GroupMember": {
        "GroupId": _fixed("Group", "Group"),
        "UserOrGroupId": Column("reference", 18, create_only=True),
    },
    "AuthSession": {
        "UsersId": Column("reference", 18, writable=False, refers_to="User", relationship="Users"),
        "SessionType": _READ_ONLY,
        "NumSecondsValid": Column("int", 0, writable=False),
    },
    "OauthToken": {
        "UserId": Column("reference", 18, writable=False, refers_to="User", relationship="User"),
        "AppName": _READ_ONLY,
        "DeleteToken": _READ_ONLY,
    },
    "ProcessInstance": {
        "Status": _READ_ONLY,
        "TargetObjectId": Column("reference", 18, writable=False),
        "SubmittedById": Column("reference", 18, writable=False, refers_to="User", relationship="SubmittedBy"),
    },
    "ProcessInstanceWorkitem": {
        "ActorId": Column("reference", 18),
        "ProcessInstanceId": _fixed("ProcessInstance", "ProcessInstance"),
    },
    "CronTrigger": {"OwnerId": Column("reference", 18, writable=False, refers_to="User")},
    "Dashboard": {"Title": _READ_ONLY, "RunningUserId": Column("reference", 18, writable=False, refers_to="User")},
    "EventLogFile": {
        "EventType": _READ_ONLY,
        "LogDate": STAMP,
        "LogFile": Column("base64", 0, writable=False),
        "LogFileLength": Column("double", 0, writable=False),
    },
    "AccountHistory": _history("Account", "Account"),
    "OpportunityFieldHistory": _history("Opportunity", "Opportunity"),
    "QuoteHistory": _history("Quote", "Quote"),
}
