"""The members of a simulated WeCom corporation, and the rules WeCom documents for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_LEGAL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_MOBILE: Final = re.compile(r"\+?[0-9][0-9 -]{4,19}")
_UNIQUE: Final = {"mobile": (60104, "mobile existed"), "email": (60106, "email existed")}
_FOR_APPS: Final = (
    "userid", "name", "department", "main_department", "position", "direct_leader", "telephone", "alias", "extattr",
    "status", "enable", "order", "is_leader_in_dept",
)  # fmt: skip
ACTIVE, DISABLED, NOT_ACTIVATED, GONE = 1, 2, 4, 5


class ApiError(Exception):
    """An answer whose errcode is not 0."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(msg)
        self.code, self.msg = code, msg


class Members:
    """Members by userid; ids are told apart without regard to case."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._members: dict[str, dict[str, Any]] = {}
        self.departments = {1, 2, 3}
        self.left: dict[str, float] = {}
        """When those who are no longer members were deleted."""
        self.unverified: set[str] = set()
        """Members who have not proved their real name."""
        self.hidden: set[str] = set()
        """Members outside the app's visible range."""

    def __iter__(self) -> Any:
        return iter(list(self._members.values()))

    def lookup(self, userid: object) -> dict[str, Any] | None:
        """The member with this id."""
        return self._members.get(str(userid).lower())

    def found(self, userid: object) -> dict[str, Any]:
        """The member with this id, or the refusal."""
        if not userid:
            raise ApiError(41009, "missing userid")
        member = self.lookup(userid)
        if member is None:
            raise ApiError(60111, "userid not found")
        return member

    def visible(self, userid: object) -> dict[str, Any]:
        """The member as an app may see it: without mobile number, addresses and the like."""
        member = self.found(userid)
        if member["userid"] in self.hidden:
            raise ApiError(60111, "userid not found")
        return {name: member[name] for name in _FOR_APPS if name in member}

    def listed(self, department: str) -> dict[str, Any]:
        """The members of one department (not of those below it) whom an app may see."""
        if department not in map(str, self.departments):
            raise ApiError(60003, "department not found")
        here = [m for m in self if m["userid"] not in self.hidden and department in map(str, m["department"])]
        return {"userlist": [self.visible(member["userid"]) for member in here]}

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a member, who has not activated their account yet."""
        userid = str(body.get("userid", ""))
        if not _LEGAL_ID.fullmatch(userid):
            raise ApiError(40003, "invalid userid")
        if self.lookup(userid) is not None:
            raise ApiError(60102, "userid existed")
        if not body.get("name"):
            raise ApiError(60112, "invalid name")
        if not body.get("department"):
            raise ApiError(60127, "missing department")
        if not body.get("mobile") and not body.get("email"):
            raise ApiError(60129, "both mobile and email are empty")
        self._check(body, None)
        given = {name: value for name, value in body.items() if name != "to_invite"}
        departments = given["department"]
        member = {"main_department": departments[0], **given, "userid": userid}
        member["enable"] = int(given.get("enable", 1))
        member["_activated"] = False
        self._members[userid.lower()] = member
        self.left.pop(userid.lower(), None)
        self._restate(member)
        return member

    def update(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change the given fields and no others."""
        member = self.found(body.get("userid"))
        self._check(body, member)
        member.update({name: value for name, value in body.items() if name != "userid"})
        self._restate(member)
        return member

    def delete(self, userid: object) -> dict[str, Any]:
        """End a membership."""
        member = self.found(userid)
        del self._members[member["userid"].lower()]
        self.left[member["userid"].lower()] = self._now()
        return member

    def activate(self, userid: str) -> None:
        """The member logs in for the first time."""
        member = self.found(userid)
        member["_activated"] = True
        self._restate(member)

    def _check(self, body: Mapping[str, Any], member: Mapping[str, Any] | None) -> None:
        if "name" in body and not 1 <= len(str(body["name"])) <= 64:
            raise ApiError(60112, "invalid name")
        if len(str(body.get("position") or "")) > 128 or len(str(body.get("alias") or "")) > 64:
            raise ApiError(40058, "invalid parameter")
        if body.get("mobile") and not _MOBILE.fullmatch(str(body["mobile"])):
            raise ApiError(60103, "invalid mobile")
        if body.get("email") and "@" not in str(body["email"]):
            raise ApiError(60105, "invalid email")
        for name, (code, msg) in _UNIQUE.items():
            others = [other for other in self if other is not member]
            if body.get(name) and any(other.get(name) == body[name] for other in others):
                raise ApiError(code, msg)
        if any(department not in self.departments for department in body.get("department") or []):
            raise ApiError(60123, "invalid department id")
        for leader in body.get("direct_leader") or []:
            self.found(leader)

    @staticmethod
    def _restate(member: dict[str, Any]) -> None:
        inside = ACTIVE if member["_activated"] else NOT_ACTIVATED
        member["status"] = inside if member["enable"] else DISABLED
