"""Who holds what now, read back without any connector: SOQL, WeCom's own API, Tryton's JSON-RPC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from baton.model.handover import HoldingKind
from baton.sandbox.demo.belongings import Thing
from baton.sandbox.demo.seen import salesforce, soql
from baton.sandbox.demo.story import HANDING_OVER
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.demo.wecom_api import WeComApi

_TABLES: Final = {
    HoldingKind.CLIENT: "Account",
    HoldingKind.CONTACT: "Contact",
    HoldingKind.OPPORTUNITY: "Opportunity",
    HoldingKind.ORDER: "Order",
    HoldingKind.TASK: "Task",
}
_RIGHTS: Final = {
    "PermissionSetAssignment": "AssigneeId",
    "GroupMember": "UserOrGroupId",
    "AccountTeamMember": "UserId",
}
_SESSIONS: Final = {"AuthSession": "UsersId", "OauthToken": "UserId"}
_TEAM: Final = "SELECT AccountId, UserId, TeamMemberRole, AccountAccessLevel FROM AccountTeamMember"

Holders = Mapping[tuple[str, str], tuple[str, ...]]
"""System and ``kind/id`` -> the employee numbers of all who hold it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything of one moment."""

    holders: Holders
    clients: Mapping[str, str]
    """Every account of the org -> the employee number of its owner."""
    team: frozenset[tuple[str, str, str, str]] = field(repr=False)
    """Account, employee number, role and access of everybody but the leaver on the team of any account."""
    rights: int
    """Rights of the leaver in Salesforce."""
    sessions: int
    """The leaver's sessions and tokens there."""


def sight(around: Surroundings, things: Iterable[Thing]) -> Sighting:
    """Who has these things, whose every client is, and what the leaver may still do."""
    wanted = list(things)
    with salesforce(around) as http:
        numbers = {row["Id"]: str(row["EmployeeNumber"]) for row in soql(http, "SELECT Id, EmployeeNumber FROM User")}
        owners = {kind: _owners(http, table, numbers) for kind, table in _TABLES.items()}
        user = around.crm.user(HANDING_OVER)["Id"]
        rights = sum(_count(http, table, column, user) for table, column in _RIGHTS.items())
        sessions = sum(_count(http, table, column, user) for table, column in _SESSIONS.items())
        team = frozenset(
            (row["AccountId"], numbers[row["UserId"]], str(row["TeamMemberRole"]), str(row["AccountAccessLevel"]))
            for row in soql(http, _TEAM)
            if row["UserId"] != user
        )
    holders: dict[tuple[str, str], tuple[str, ...]] = {
        thing.place: (owners[thing.kind].get(thing.id, ""),) for thing in wanted if thing.system == "crm"
    }
    holders |= _in_wecom(around, [thing for thing in wanted if thing.system == "wecom"])
    holders |= _in_tryton(around, [thing for thing in wanted if thing.system == "erp"])
    return Sighting(holders, owners[HoldingKind.CLIENT], team, rights, sessions)


def _owners(http: httpx.Client, table: str, numbers: Mapping[str, str]) -> dict[str, str]:
    rows = soql(http, f"SELECT Id, OwnerId FROM {table}")  # noqa: S608 - a constant
    return {row["Id"]: numbers.get(row["OwnerId"], row["OwnerId"]) for row in rows}


def _count(http: httpx.Client, table: str, column: str, user: str) -> int:
    """How many rows name the leaver."""
    return sum(row[column] == user for row in soql(http, f"SELECT {column} FROM {table}"))  # noqa: S608 - constants


def _in_wecom(around: Surroundings, things: Iterable[Thing]) -> dict[tuple[str, str], tuple[str, ...]]:
    with WeComApi(around.sandbox.base_url, around.wecom.settings, around.wecom.secrets) as api:
        return {
            thing.place: tuple(
                api.followers(thing.id) if thing.kind is HoldingKind.CLIENT else [api.group_owner(thing.id)]
            )
            for thing in things
        }


def _in_tryton(around: Surroundings, things: list[Thing]) -> dict[tuple[str, str], tuple[str, ...]]:
    if not things:
        return {}
    with around.tryton.admin() as admin:
        parties = {row["id"]: str(row["code"]) for row in admin.rows("party.party", [], ["code"])}
        employees = {
            row["id"]: parties[row["party"]].removeprefix("E") for row in admin.rows("company.employee", [], ["party"])
        }
        deals = admin.rows("sale.opportunity", [["id", "in", [int(thing.id) for thing in things]]], ["employee"])
    owner = {str(row["id"]): employees.get(row["employee"], "") for row in deals}
    return {thing.place: (owner.get(thing.id, ""),) for thing in things}
