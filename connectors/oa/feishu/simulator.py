"""A stand-in for a Feishu tenant, written from Feishu's own pages (contact, auth, approval, im, passport, events).

It serves ``/open-apis/`` and makes signed, encrypted callbacks. It shares no code with the connector. What Feishu does
not document (whether a batch read lists the resigned, how a repeated DELETE is answered) is a choice named where made.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote

import httpx
import orjson

from connectors.oa.feishu.simulator_approvals import Approvals
from connectors.oa.feishu.simulator_callbacks import CallbackMaker
from connectors.oa.feishu.simulator_office import Office
from connectors.oa.feishu.simulator_planting import Planting
from connectors.oa.feishu.simulator_tenant import Kinds, RefusalError, Tenant, resigned

_DELETE_KEYS = (
    "department_chat_acceptor_user_id",
    "external_chat_acceptor_user_id",
    "docs_acceptor_user_id",
    "calendar_acceptor_user_id",
    "application_acceptor_user_id",
    "minutes_acceptor_user_id",
    "survey_acceptor_user_id",
    "email_acceptor",
    "anycross_acceptor_user_id",
)
_DAY_S = 86_400
_TOKEN_LIFE_S = 7200
_HELPDESK = "hr-desk"
_APP_ID = "cli_synthetic"


@dataclass(frozen=True)
class JournalEntry:
    """One accepted write. ``fields`` of a removal has every acceptor Feishu knows, None where none was given."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, Any]


@dataclass
class _Throttle:
    calls: int
    status: int
    reset_s: int


class Simulator(Planting):
    prefixes: ClassVar[tuple[str, ...]] = ("/open-apis/",)

    def __init__(self, base_url: str = "http://127.0.0.1:1", now: Callable[[], float] = time.time) -> None:
        self._base_url = base_url
        self._now = now
        self._lock = threading.RLock()
        self.tenant = Tenant(now)
        self.approvals = Approvals(self.tenant, now)
        self.office = Office(self.tenant, now)
        self.hidden_departments: set[str] = set()
        """Departments outside the app's contact range."""
        self._throttle: _Throttle | None = None
        self._forced: list[tuple[str, RefusalError]] = []
        self._tokens: dict[str, float] = {}
        self._created: dict[str, tuple[bytes, str]] = {}
        self._calls = 0
        self.callbacks = CallbackMaker(
            _APP_ID, self.secrets["encrypt_key"], self.secrets["verification_token"], self._now
        )
        self.journal: list[JournalEntry] = []
        self.token_requests = 0
        self.strict_ids = False
        """True: one unknown id makes a whole batch read fail with 99992360, as a public client reports."""
        self.add_department("D1", "0", "研发部")
        self.add_department("D2", "D1", "平台组")
        self.add_department("D3", "0", "销售部")
        self.seed([{"user_id": _HELPDESK, "name": "人事服务台", "mobile": "13900000000", "employee_no": ""}])

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "base_url": self._base_url,
            "app_id": _APP_ID,
            "fallback_acceptor_user_id": _HELPDESK,
            "slow_write_interval_s": 0,
            "transfer_interval_s": 0,
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        return {
            "app_secret": "synthetic-app-secret",
            "encrypt_key": "synthetic-encrypt-key",
            "verification_token": "synthetic-verification-token",
        }

    # --- the switches a test turns

    def throttle(self, calls: int, *, status: int = 429, reset_s: int = 3) -> None:
        """Answer the next calls (token calls excepted) with the frequency error, under this HTTP status."""
        self._throttle = _Throttle(calls, status, reset_s)

    def answer_next(self, code: int, *, status: int = 400, msg: str = "synthetic", method: str = "") -> None:
        """Answer the next call (token calls excepted; of this method, if one is given) with this code, not acting."""
        self._forced.append((method, RefusalError(status, code, msg)))

    def expire_sessions(self) -> None:
        """Make every token given so far invalid, as when the app's secret is reset."""
        self._tokens.clear()

    @property
    def user_ids(self) -> list[str]:
        """Everyone but the service desk, the resigned included."""
        return [user_id for user_id in self.tenant.users if user_id != _HELPDESK]

    def event(self, kind: str, user: Mapping[str, Any], *, event_id: str = "") -> tuple[dict[str, str], bytes]:
        """A signed and encrypted version 2 callback about this user (native keys): headers and body."""
        return self.callbacks.event(kind, user, event_id=event_id)

    def callback(self) -> tuple[dict[str, str], bytes]:
        """Some genuine callback."""
        return self.event("contact.user.updated_v3", {"employee_no": "0012", "name": "测试䶮", "user_id": "0012"})

    # --- the API

    def handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self._calls += 1
            log_id = f"sim{self._calls:08d}"
            headers = {"X-Tt-Logid": log_id}
            try:
                parts = [unquote(part) for part in request.url.raw_path.decode().partition("?")[0].split("/")][2:]
                body = self._body(request)
                if parts == ["auth", "v3", "tenant_access_token", "internal"] and request.method == "POST":
                    return httpx.Response(200, json=self._give_token(body), headers=headers)
                self._admit(request)
                data = self._route(request, parts, body)
            except RefusalError as error:
                if error.code == 99991400 and self._throttle is not None:
                    headers["x-ogw-ratelimit-limit"] = "50"
                    headers["x-ogw-ratelimit-reset"] = str(self._throttle.reset_s)
                failure = {"code": error.code, "msg": error.msg, "error": {"log_id": log_id}}
                return httpx.Response(error.status, json=failure, headers=headers)
            return httpx.Response(200, json={"code": 0, "msg": "success", "data": data}, headers=headers)

    def _body(self, request: httpx.Request) -> dict[str, Any]:
        """JSON whatever the content type says: Feishu's own SDK sends its token request without one."""
        raw = request.read()
        if not raw:
            return {}
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise RefusalError(400, 40001, "invalid request body") from None
        if not isinstance(body, dict):
            raise RefusalError(400, 40001, "invalid request body")
        return body

    def _give_token(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.token_requests += 1
        if body.get("app_id") != self.settings["app_id"] or body.get("app_secret") != self.secrets["app_secret"]:
            return {"code": 10014, "msg": "app secret invalid"}
        now = self._now()
        tokens = self._tokens
        long_lived = [token for token, ends in tokens.items() if ends - now >= 1800]
        token = long_lived[-1] if long_lived else f"t-{os.urandom(20).hex()}"
        ends = tokens.setdefault(token, now + _TOKEN_LIFE_S)
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": int(ends - now)}

    def _admit(self, request: httpx.Request) -> None:
        bearer = request.headers.get("authorization", "")
        if not bearer:
            raise RefusalError(400, 99991661, "Missing access token for authorization.")
        if self._tokens.get(bearer.removeprefix("Bearer "), 0.0) <= self._now():
            raise RefusalError(400, 99991663, "Invalid access token for authorization.")
        if self._throttle is not None:
            if self._throttle.calls > 0:
                self._throttle.calls -= 1
                raise RefusalError(self._throttle.status, 99991400, "request trigger frequency limit")
            self._throttle = None
        if self._forced and self._forced[0][0] in ("", request.method):
            raise self._forced.pop(0)[1]

    def _route(self, request: httpx.Request, parts: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match request.method, parts:
            case "GET", ["contact", "v3", "users", "batch"]:
                return self._batch(request)
            case "GET", ["contact", "v3", "users", "find_by_department"]:
                return self._members(request)
            case "POST", ["contact", "v3", "users", "batch_get_id"]:
                return self._ids(request, body)
            case "POST", ["contact", "v3", "users"]:
                return self._create(request, body)
            case "GET", ["contact", "v3", "users", user_id]:
                return self._user(request, user_id)
            case "PATCH", ["contact", "v3", "users", user_id]:
                return self._patch(request, user_id, body)
            case "DELETE", ["contact", "v3", "users", user_id]:
                return self._delete(request, user_id, body)
            case "POST", ["contact", "v3", "users", user_id, "resurrect"]:
                return self._resurrect(request, user_id, body)
        return self._route_directory(request, parts, body)

    def _route_directory(self, request: httpx.Request, parts: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match request.method, parts:
            case "GET", ["contact", "v3", "departments", department, "children"]:
                return self._children(request, department)
            case "GET", ["contact", "v3", "departments", department]:
                return {"department": self._department(request, department)}
            case "GET", ["contact", "v3", "group", "member_belong"]:
                return self.office.belongs(request.url.params)
            case "GET", ["contact", "v3", "group", group_id]:
                return self.office.group(group_id)
            case "POST", ["contact", "v3", "group", group_id, "member", ("add" | "remove") as what]:
                self._write(f"group_{what}", self.tenant.users[self.office.change(group_id, what, body)], body)
                return {}
        return self._route_work(request, parts, body)

    def _route_work(self, request: httpx.Request, parts: list[str], body: dict[str, Any]) -> dict[str, Any]:
        match request.method, parts:
            case "GET", ["approval", "v4", "tasks", "query"]:
                return self.approvals.query(_kinds(request), request.url.params)
            case "GET", ["approval", "v4", "instances", code]:
                return self.approvals.shown(code)
            case "POST", ["approval", "v4", "tasks", "transfer"]:
                code, task_id = self.approvals.transfer(_kinds(request), body)
                self._write("transfer", self.tenant.users[self.approvals.task(code, task_id)["user_id"]], body)
                return {}
            case "POST", ["im", "v1", "messages"]:
                data, user_id = self.office.send(_kinds(request), request.url.params.get("receive_id_type", ""), body)
                if user_id is not None:
                    self._write("message", self.tenant.users[user_id], {})
                return data
            case "POST", ["passport", "v1", "sessions", "logout"]:
                self._write("logout", self.tenant.users[self.office.log_out(_kinds(request), body)], body)
                return {}
        raise RefusalError(404, 404, "404 page not found")

    def _user(self, request: httpx.Request, user_id: str) -> dict[str, Any]:
        user = self.tenant.found(_kinds(request), user_id)
        if self._out_of_range(user):
            raise RefusalError(403, 41050, "no user authority error")
        return {"user": self.tenant.shown(_kinds(request), user)}

    def _out_of_range(self, user: Mapping[str, Any]) -> bool:
        return bool(user["department_ids"]) and self.hidden_departments.issuperset(user["department_ids"])

    def _department(self, request: httpx.Request, department: str) -> dict[str, str]:
        known = self.tenant.department(_kinds(request), department)
        if known in self.hidden_departments:
            raise RefusalError(403, 40004, "no dept authority error")
        return self.tenant.departments[known]

    def _batch(self, request: httpx.Request) -> dict[str, Any]:
        """Unknown ids are left out, and (our choice) so are the resigned and those out of range."""
        asked = request.url.params.get_list("user_ids")
        if not 1 <= len(asked) <= 50:
            raise RefusalError(400, 40001, "invalid parameter")
        users = [self.tenant.lookup(_kinds(request), user_id) for user_id in asked]
        if self.strict_ids and None in users:
            raise RefusalError(400, 99992360, "these ids not existed")
        seen = [user for user in users if user and not resigned(user) and not self._out_of_range(user)]
        return {"items": [self.tenant.shown(_kinds(request), user) for user in seen]}

    def _members(self, request: httpx.Request) -> dict[str, Any]:
        department = self.tenant.department(_kinds(request), request.url.params.get("department_id", ""))
        users = [u for u in self.tenant.users.values() if department in u["department_ids"] and not resigned(u)]
        return _page(request, [self.tenant.shown(_kinds(request), user) for user in users])

    def _children(self, request: httpx.Request, department: str) -> dict[str, Any]:
        parents = {self.tenant.department(_kinds(request), department)}
        deep = request.url.params.get("fetch_child", "").lower() == "true"
        found: list[dict[str, str]] = []
        for _ in range(len(self.tenant.departments) if deep else 1):
            layer = [d for d in self.tenant.departments.values() if d["parent_department_id"] in parents]
            found += [d for d in layer if d not in found]
            parents = {d["department_id"] for d in layer}
        return _page(request, found)

    def _ids(self, request: httpx.Request, body: Mapping[str, Any]) -> dict[str, Any]:
        listed: list[dict[str, Any]] = []
        kind = request.url.params.get("user_id_type", "open_id")
        for key, asked in (("mobile", body.get("mobiles") or []), ("email", body.get("emails") or [])):
            for value in asked:
                hits = [u for u in self.tenant.users.values() if u.get(key) == value]
                hits = [u for u in hits if body.get("include_resigned") is True or not resigned(u)]
                listed.append({key: value, **({"user_id": hits[0][kind]} if hits else {})})
        return {"user_list": listed}

    def _create(self, request: httpx.Request, body: dict[str, Any]) -> dict[str, Any]:
        token = request.url.params.get("client_token")
        content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        if token and token in self._created:
            before, user_id = self._created[token]
            if before != content:
                raise RefusalError(400, 40021, "no a same request error")
            return {"user": self.tenant.shown(_kinds(request), self.tenant.users[user_id])}
        for key, (code, msg) in {"name": (41006, "no user name error"), "mobile": (41010, "no mobile error")}.items():
            if not body.get(key):
                raise RefusalError(400, code, msg)
        if not body.get("department_ids"):
            raise RefusalError(400, 41017, "department is required error")
        if not isinstance(body.get("employee_type"), int):
            raise RefusalError(400, 41059, "invalid employee type error")
        self.tenant.check(_kinds(request), body, None)
        user = self.tenant.new_user(self.tenant.native(_kinds(request), body))
        if token:
            self._created[token] = (content, user["user_id"])
        self._write("provision", user, body)
        return {"user": self.tenant.shown(_kinds(request), user)}

    def _patch(self, request: httpx.Request, user_id: str, body: dict[str, Any]) -> dict[str, Any]:
        user = self.tenant.found(_kinds(request), user_id)
        if resigned(user):
            raise RefusalError(400, 42006, "user has resigned error")
        self.tenant.check(_kinds(request), body, user)
        frozen = body.get("is_frozen")
        user.update(
            {k: v for k, v in self.tenant.native(_kinds(request), body).items() if k not in ("is_frozen", "user_id")}
        )
        if isinstance(frozen, bool):
            user["status"]["is_frozen"] = frozen
        action = {True: "disable", False: "enable"}.get(frozen, "update") if isinstance(frozen, bool) else "update"
        self._write(action, user, body)
        return {"user": self.tenant.shown(_kinds(request), user)}

    def _delete(self, request: httpx.Request, user_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """A second DELETE is answered (our choice) with 42006."""
        user = self.tenant.found(_kinds(request), user_id)
        if resigned(user):
            raise RefusalError(400, 42006, "user has resigned error")
        if self.hidden_departments.intersection(user["department_ids"]):
            raise RefusalError(403, 40004, "no dept authority error")
        if user["is_tenant_manager"]:
            raise RefusalError(400, 44037, "tenant manager cannot be deleted")
        for key in _DELETE_KEYS:
            given = body.get(key)
            acceptor = given.get("acceptor_user_id") if isinstance(given, dict) else given
            if isinstance(given, dict) and given.get("processing_type") not in ("1", "2", "3"):
                raise RefusalError(400, 40001, "param error")
            if acceptor is not None:
                taker = self.tenant.lookup(_kinds(request), str(acceptor))
                if taker is None or resigned(taker) or taker is user:
                    raise RefusalError(400, 41052, "user resign acceptor is invalid error")
        self.tenant.resign(user)
        self._write("remove", user, {key: body.get(key) for key in _DELETE_KEYS})
        return {}

    def _resurrect(self, request: httpx.Request, user_id: str, body: dict[str, Any]) -> dict[str, Any]:
        user = self.tenant.found(_kinds(request), user_id)
        if not resigned(user):
            raise RefusalError(400, 44033, "User not resigned")
        if self._now() - user["_resigned_at"] > 30 * _DAY_S:
            raise RefusalError(400, 44028, "Exceed recoverable time")
        for other in self.tenant.users.values():
            if other is not user and not resigned(other) and other.get("mobile") == user.get("mobile"):
                raise RefusalError(400, 44030, "Mobile duplicated")
        departments = [d["department_id"] for d in body.get("departments") or []] or ["0"]
        user["department_ids"] = [self.tenant.department(_kinds(request), d) for d in departments]
        user["status"].update(is_resigned=False, is_frozen=False)
        del user["_resigned_at"]
        self._write("resurrect", user, body)
        return {}

    def _write(self, action: str, user: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        number = user.get("employee_no") or None
        self.journal.append(JournalEntry(action, number, user["user_id"], self._calls, dict(fields)))


def _page(request: httpx.Request, items: list[Any]) -> dict[str, Any]:
    size = int(request.url.params.get("page_size", "10"))
    if not 1 <= size <= 50:
        raise RefusalError(400, 40011, "page size is invalid error")
    start = int(request.url.params.get("page_token") or "0")
    more = start + size < len(items)
    page: dict[str, Any] = {"items": items[start : start + size], "has_more": more}
    return {**page, "page_token": str(start + size)} if more else page


def _kinds(request: httpx.Request) -> Kinds:
    params = request.url.params
    return Kinds(params.get("user_id_type", "open_id"), params.get("department_id_type", "open_department_id"))
