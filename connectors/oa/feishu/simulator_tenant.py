"""What a simulated Feishu tenant holds: users and departments, and the rules Feishu documents for them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_UNIQUE = {"mobile": (41001, "mobile has already exist error"), "email": (41002, "email has already exist error")}
_HELD = {"employee_no": (44051, "employee_no already existed")}


class RefusalError(Exception):
    """An error answer of Feishu."""

    def __init__(self, status: int, code: int, msg: str) -> None:
        super().__init__(msg)
        self.status, self.code, self.msg = status, code, msg


class Kinds(NamedTuple):
    """The kinds of id a call speaks in (Feishu's defaults are the open ids)."""

    user: str
    department: str


class Tenant:
    """Users by user id, departments by department id; the root department is ``0``."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.users: dict[str, dict[str, Any]] = {}
        self.departments: dict[str, dict[str, str]] = {}

    def check(self, kinds: Kinds, body: Mapping[str, Any], user: dict[str, Any] | None) -> None:
        """The refusals create and patch have in common; a resigned user holds nothing."""
        others = [u for u in self.users.values() if u is not user and not resigned(u)]
        if user is None and any(other["user_id"] == body.get("user_id") for other in others):
            raise RefusalError(400, 41011, "user id already exist error")
        if user is None and len(str(body.get("user_id", ""))) > 64:
            raise RefusalError(400, 41043, "employee id is invalid error")
        for key, (code, msg) in {**_UNIQUE, **_HELD}.items():
            if body.get(key) and any(other.get(key) == body[key] for other in others):
                raise RefusalError(400, code, msg)
        for department in body.get("department_ids") or []:
            self.department(kinds, department)
        leader = body.get("leader_user_id")
        if leader:
            found = self.lookup(kinds, leader)
            if found is None:
                raise RefusalError(400, 44022, "leaderID is Invalid")
            if resigned(found):
                raise RefusalError(400, 44021, "leader is resigned")

    def native(self, kinds: Kinds, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with ids of the tenant's own kinds, whatever kinds the call used."""
        native = dict(body)
        if "department_ids" in body:
            native["department_ids"] = [self.department(kinds, d) for d in body["department_ids"]]
        if body.get("leader_user_id"):
            leader = self.lookup(kinds, body["leader_user_id"])
            native["leader_user_id"] = leader["user_id"] if leader else ""
        return native

    def new_user(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Plant a user, active and in service."""
        user = {k: v for k, v in given.items() if k != "is_frozen"}
        user["user_id"] = str(given.get("user_id") or given.get("employee_no") or os.urandom(4).hex())
        serial = hashlib.sha256(f"{len(self.users)}{user['user_id']}".encode()).hexdigest()[:32]
        user |= {"open_id": f"ou_{serial}", "union_id": f"on_{serial}"}
        user.setdefault("join_time", int(self.now()))
        user.setdefault("is_tenant_manager", False)
        status = dict.fromkeys(("is_frozen", "is_resigned", "is_exited"), False)
        user["status"] = {**status, "is_activated": True, "is_unjoin": False}
        self.users.pop(user["user_id"], None)  # a resigned user's id may be given to someone else
        self.users[user["user_id"]] = user
        return user

    def resign(self, user: dict[str, Any]) -> None:
        """End a user's service."""
        user["status"]["is_resigned"] = True
        user["department_ids"] = []
        user["_resigned_at"] = self.now()

    def lookup(self, kinds: Kinds, user_id: str) -> dict[str, Any] | None:
        """The user with this id, resigned or not."""
        if kinds.user == "user_id":
            return self.users.get(user_id)
        return next((u for u in self.users.values() if u[kinds.user] == user_id), None)

    def found(self, kinds: Kinds, user_id: str) -> dict[str, Any]:
        """The user with this id, or the gateway's refusal."""
        user = self.lookup(kinds, user_id)
        if user is None:
            raise RefusalError(400, 99992360, "The request you send is not a valid {user_id} or not exists")
        return user

    def department(self, kinds: Kinds, department: str) -> str:
        """The department id behind an id of the call's kind."""
        if department == "0":
            return "0"
        for known in self.departments.values():
            if known[kinds.department] == department:
                return known["department_id"]
        raise RefusalError(400, 44035, "departmentID is invaild")

    def shown(self, kinds: Kinds, user: Mapping[str, Any]) -> dict[str, Any]:
        """The user as the call wants the ids, the mobile number with its country code."""
        shown = {k: v for k, v in user.items() if not k.startswith("_") and v != ""}
        departments = self.departments
        shown["department_ids"] = [
            "0" if d == "0" else departments[d][kinds.department] for d in user["department_ids"]
        ]
        if user.get("leader_user_id"):
            leader = self.users.get(user["leader_user_id"])
            shown["leader_user_id"] = leader[kinds.user] if leader else ""
        mobile = str(user.get("mobile", ""))
        shown["mobile"] = mobile if mobile.startswith("+") or not mobile else f"+86{mobile}"
        return shown


def resigned(user: Mapping[str, Any]) -> bool:
    """True for someone who has left: they hold neither departments nor unique values."""
    return user["status"]["is_resigned"] is True
