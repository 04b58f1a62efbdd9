"""What is in each system, read back without any connector: SOQL, JSON-RPC, other REST APIs, the bank's own roster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from baton.sandbox.demo.company import DEPARTMENTS, WECOM_DEPARTMENTS
from baton.sandbox.demo.surroundings import Surroundings
from baton.sandbox.demo.wecom_api import WeComApi

SYSTEMS: Final = {"crm": "Salesforce", "erp": "Tryton", "oa": "Feishu", "wecom": "WeCom", "bank": "Bank"}
_API: Final = "/services/data/v62.0"


@dataclass(frozen=True, slots=True)
class Sight:
    """One person in one system: the state in the system's own words, and the values it holds."""

    state: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """Everybody in one system. ``copies`` counts accounts per number: more than one is a duplicate."""

    people: dict[str, Sight] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    """What else was counted there: accounts of nobody, clients."""

    def add(self, number: str, sight: Sight) -> None:
        """Note a person."""
        self.people[number] = sight
        self.copies[number] += 1

    @property
    def doubled(self) -> list[str]:
        """Numbers that have more than one account."""
        return sorted(number for number, count in self.copies.items() if count > 1)


def look(surroundings: Surroundings, numbers: list[str]) -> dict[str, Seen]:
    """Read back every system. ``numbers``: whom to ask for by name where a system hides leavers from its lists."""
    return {
        "crm": _salesforce(surroundings),
        "erp": _tryton(surroundings),
        "oa": _feishu(surroundings.sandbox.base_url, surroundings.oa.settings, surroundings.oa.secrets, numbers),
        "wecom": _wecom(surroundings, numbers),
        "bank": _bank(surroundings.bank),
    }


@contextmanager
def salesforce(surroundings: Surroundings) -> Iterator[httpx.Client]:
    """A session of Salesforce's REST API."""
    with httpx.Client(base_url=surroundings.sandbox.base_url, trust_env=False, timeout=30) as http:
        form = {"grant_type": "client_credentials", **surroundings.crm.secrets}
        token = http.post("/services/oauth2/token", data=form).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


def _salesforce(surroundings: Surroundings) -> Seen:
    with salesforce(surroundings) as http:
        users = list(
            soql(
                http, "SELECT Id, EmployeeNumber, LastName, FirstName, Title, Department, ManagerId, IsActive FROM User"
            )
        )
        frozen = {row["UserId"] for row in soql(http, "SELECT UserId FROM UserLogin WHERE IsFrozen = true")}
        seen = Seen()
        seen.others["clients"] = len(list(soql(http, "SELECT Id, OwnerId FROM Account")))
    number_of = {user["Id"]: user["EmployeeNumber"] for user in users}
    for user in users:
        if not user["EmployeeNumber"]:
            seen.others["accounts of nobody"] += 1
            continue
        state = "deactivated" if not user["IsActive"] else "frozen" if user["Id"] in frozen else "active"
        values = {
            "name": f"{user['LastName'] or ''}{user['FirstName'] or ''}",
            "position": user["Title"] or "",
            "department": user["Department"] or "",
            "manager": number_of.get(user["ManagerId"]) or "",
        }
        seen.add(user["EmployeeNumber"], Sight(state, values))
    return seen


def soql(http: httpx.Client, query: str) -> Iterator[dict[str, Any]]:
    """Every row of a query, over its pages."""
    answer = http.get(f"{_API}/query", params={"q": query}).raise_for_status().json()
    while True:
        yield from answer["records"]
        if answer["done"]:
            return
        answer = http.get(answer["nextRecordsUrl"]).raise_for_status().json()


def _tryton(surroundings: Surroundings) -> Seen:
    seen = Seen()
    with surroundings.tryton.admin() as admin:
        parties = {row["id"]: row for row in admin.rows("party.party", [], ["code", "name"])}
        employees = admin.rows("company.employee", [], ["party", "start_date", "end_date", "supervisor"])
        seen.others["clients"] = sum(str(row["code"]).startswith("C-") for row in parties.values())
    code_of = {row["id"]: str(parties[row["party"]]["code"]).removeprefix("E") for row in employees}
    for row in employees:
        values = {
            "name": parties[row["party"]]["name"],
            "hired": _tryton_day(row["start_date"]),
            "manager": code_of.get(row["supervisor"], ""),
        }
        ended = _tryton_day(row["end_date"])
        seen.add(code_of[row["id"]], Sight(f"ended {ended}" if ended else "employed", values))
    return seen


def _tryton_day(value: Mapping[str, int] | None) -> str:
    return "" if value is None else f"{value['year']:04}-{value['month']:02}-{value['day']:02}"


def _feishu(base_url: str, settings: Mapping[str, object], secrets: Mapping[str, str], numbers: list[str]) -> Seen:
    seen = Seen()
    kinds = {"user_id_type": "user_id", "department_id_type": "department_id"}
    with httpx.Client(base_url=f"{base_url}/open-apis", trust_env=False, timeout=30) as http:
        credentials = {"app_id": settings["app_id"], "app_secret": secrets["app_secret"]}
        token = http.post("/auth/v3/tenant_access_token/internal", json=credentials).json()["tenant_access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        listed: set[str] = set()
        for department in ("0", "D1", "D2", "D3", *DEPARTMENTS):
            for user in _members(http, {**kinds, "department_id": department, "page_size": "50"}):
                if user.get("employee_no"):
                    seen.add(user["employee_no"], _feishu_sight(user))
                    listed.add(user["user_id"])
                else:
                    seen.others["accounts of nobody"] += 1
        for number in numbers:
            if number not in listed:
                answer = http.get(f"/contact/v3/users/{number}", params=kinds).json()
                if answer["code"] == 0:
                    seen.add(number, _feishu_sight(answer["data"]["user"]))
    return seen


def _members(http: httpx.Client, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    while True:
        data = http.get("/contact/v3/users/find_by_department", params=params).raise_for_status().json()["data"]
        yield from data.get("items") or []
        if not data["has_more"]:
            return
        params = {**params, "page_token": data["page_token"]}


def _feishu_sight(user: Mapping[str, Any]) -> Sight:
    status = user["status"]
    state = "resigned" if status["is_resigned"] else "frozen" if status["is_frozen"] else "active"
    values = {
        "name": user["name"],
        "position": user.get("job_title", ""),
        "department": ",".join(user["department_ids"]),
        "manager": user.get("leader_user_id", ""),
    }
    return Sight(state, values)


def _wecom(surroundings: Surroundings, numbers: list[str]) -> Seen:
    """The userid is the employee number; who is asked for and is not there has been removed."""
    seen = Seen()
    with WeComApi(surroundings.sandbox.base_url, surroundings.wecom.settings, surroundings.wecom.secrets) as api:
        listed = Counter(api.userids())
        for number in numbers:
            member = api.member(number)
            seen.add(number, Sight("removed") if member is None else _wecom_sight(member))
    for userid in listed.keys() - set(numbers):
        if userid.isdecimal():
            seen.add(userid, Sight("enabled"))
        else:
            seen.others["accounts of nobody"] += 1
    seen.copies.update({number: count - 1 for number, count in listed.items() if count > 1})
    return seen


def _wecom_sight(member: Mapping[str, Any]) -> Sight:
    codes = {place: code for code, place in WECOM_DEPARTMENTS.items()}
    values = {
        "name": member["name"],
        "position": member.get("position", ""),
        "department": ",".join(codes.get(place, str(place)) for place in member["department"]),
        "manager": ",".join(member.get("direct_leader") or []),
    }
    return Sight("enabled" if member["enable"] else "disabled", values)


def _bank(bank: Any) -> Seen:
    seen = Seen()
    for number, payee in bank.roster.items():
        values = {"name": payee.values["holder_name"], "account": payee.values["account_number"]}
        seen.add(number, Sight(payee.status, values))
    return seen
