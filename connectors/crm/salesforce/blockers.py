"""What would keep a user from being deactivated, or their records from being handed over, as far as REST can tell.

Default owners, the automated case user, the default workflow user, assignment rules and e-mail alerts are settings that
REST does not show: they are `BY_HAND`, and a refused deactivation names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from baton.sdk import AccountRef, Blocker, HoldingRef
from connectors.crm.salesforce.composite import PAGE_ROWS, Composite, Described, id_list, portions
from connectors.crm.salesforce.org import Row
from connectors.crm.salesforce.people import People
from connectors.crm.salesforce.sorts import BY_KIND, TABLES, kinds_by_prefix


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that can be asked for."""

    code: str
    title: str
    remedy: str
    table: str
    field: str
    """Holds the user."""
    condition: str = ""


_REASONS: Final[Sequence[Reason]] = (
    Reason(
        "manager_of_others",
        "manager of {n} active users",
        "Setup > Users: choose another Manager for them (or move them in HR)",
        "User",
        "ManagerId",
        "IsActive = true",
    ),
    Reason(
        "blocker_approval",
        "delegated approver of {n} active users",
        "Setup > Users: clear or replace Delegated Approver on the users who name this one",
        "User",
        "DelegatedApproverId",
        "IsActive = true",
    ),
    Reason(
        "pending_approvals",
        "{n} approval requests wait for this user",
        "Approval Requests: reassign them; Setup > Approval Processes: replace the approver where the user is named",
        "ProcessInstanceWorkitem",
        "ActorId",
    ),
    Reason(
        "submitted_approvals",
        "{n} approvals that this user has submitted are running",
        "let them end, or recall them: their records stay locked until then",
        "ProcessInstance",
        "SubmittedById",
        "Status = 'Pending'",
    ),
    Reason(
        "scheduled_jobs",
        "{n} scheduled jobs run as this user",
        "Setup > Scheduled Jobs: schedule them anew as another user",
        "CronTrigger",
        "OwnerId",
    ),
    Reason(
        "dashboards",
        "{n} dashboards run as this user",
        "edit each dashboard: choose another person under View Dashboard As",
        "Dashboard",
        "RunningUserId",
    ),
)
_LAST_ADMINISTRATOR: Final = Blocker(
    "blocker_last_administrator",
    "no other active user may modify all data",
    "give another active user the System Administrator profile",
)
BY_HAND: Final = (
    Blocker(
        "default_owner",
        "whether the leaver is the default owner of new leads or cases (REST does not tell)",
        "Setup > Lead Settings: Default Lead Owner; Setup > Web-to-Lead: Default Lead Creator; "
        "Setup > Support Settings: Default Case Owner, Automated Case User. Choose somebody else for the leaver",
    ),
    Blocker(
        "named_in_rules",
        "whether rules, e-mail alerts or approval processes name the leaver (REST does not tell)",
        "Setup: Lead and Case Assignment Rules, Auto-Response Rules, Escalation Rules, Email Alerts, Approval "
        "Processes, Process Automation Settings (Default Workflow User). Replace the leaver where they are named",
    ),
)
"""Tasks for a person, whoever leaves: settings that REST does not show."""
_HIERARCHY: Final = "clear or replace it there: query User for {name} holding this user's id"
_LOCKED: Final = "finish or recall the running approval (Approval History on the record): it locks the record"


class Blockers:
    """What stands in a leaver's way in one org."""

    def __init__(self, composite: Composite, people: People) -> None:
        self._composite = composite
        self._people = people

    def of(self, person: AccountRef) -> Sequence[Blocker]:
        """Everything that is found. What the integration user may not see is not found."""
        user = self._people.user_id(person)
        if user is None:
            return []
        described = self._composite.describe(["User", "Profile", *(reason.table for reason in _REASONS), *TABLES])
        reasons = [each for each in (*_REASONS, *_hierarchy(described["User"])) if _seen(each, described)]
        counted = self._composite.rows([_query(reason, user) for reason in reasons])
        found = [
            Blocker(reason.code, reason.title.format(n=len(rows)), reason.remedy)
            for reason, rows in zip(reasons, counted, strict=True)
            if rows
        ]
        if "PermissionsModifyAllData" in getattr(described.get("Profile"), "fields", ()) and self._is_last(user):
            found.append(_LAST_ADMINISTRATOR)
        return [*found, *self._locked(user, described)]

    def _is_last(self, user: str) -> bool:
        """Whether the user is the only active one whose profile may modify all data."""
        # A constant.
        soql = "SELECT Id FROM User WHERE IsActive = true AND Profile.PermissionsModifyAllData = true"
        return [row["Id"] for row in self._composite.rows([soql])[0]] == [user]

    def _locked(self, user: str, described: Mapping[str, Described]) -> list[Blocker]:
        """The user's records that a running approval locks: an owner change of them may be refused."""
        if "ProcessInstance" not in described:
            return []
        kinds = kinds_by_prefix(described)
        pending = self._composite.rows(["SELECT TargetObjectId FROM ProcessInstance WHERE Status = 'Pending'"])[0]
        targets: dict[str, list[str]] = {}
        for row in pending:
            target = str(row["TargetObjectId"])
            if target[:3] in kinds:
                targets.setdefault(target[:3], []).append(target)
        asked = [(kinds[prefix], some) for prefix, ids in targets.items() for some in portions(ids, PAGE_ROWS)]
        queries = [
            f"SELECT Id FROM {BY_KIND[kind].table} WHERE OwnerId IN {id_list([user])} AND Id IN {id_list(some)}"  # noqa: S608
            for kind, some in asked
        ]
        return [
            Blocker("locked_in_approval", "locked by a running approval", _LOCKED, HoldingRef(kind, str(row["Id"])))
            for (kind, _), rows in zip(asked, self._composite.rows(queries), strict=True)
            for row in rows
        ]


def _hierarchy(user: Described) -> list[Reason]:
    """The custom fields of users that name another user: Salesforce deactivates nobody who is named there."""
    return [
        Reason(
            "blocker_hierarchy_field",
            f"{{n}} users name this one in {name}",
            _HIERARCHY.format(name=name),
            "User",
            name,
        )
        for name, column in user.fields.items()
        if name.endswith("__c") and _names_a_user(column)
    ]


def _names_a_user(column: Row) -> bool:
    targets: Any = column.get("referenceTo")
    return column.get("type") == "reference" and targets == ["User"]


def _seen(reason: Reason, described: Mapping[str, Described]) -> bool:
    return reason.table in described and reason.field in described[reason.table].fields


def _query(reason: Reason, user: str) -> str:
    condition = f" AND {reason.condition}" if reason.condition else ""
    return f"SELECT Id FROM {reason.table} WHERE {reason.field} IN {id_list([user])}{condition}"  # noqa: S608 - checked id
