"""A stand-in for a WeCom corporation, written from WeCom's own pages (contacts, customer contact, approvals, messages).

It serves ``/cgi-bin/`` and makes signed, encrypted callbacks. It shares no code with the connector.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import orjson

from connectors.oa.wecom.simulator_approvals import Approvals
from connectors.oa.wecom.simulator_callbacks import CallbackMaker
from connectors.oa.wecom.simulator_customers import Customers
from connectors.oa.wecom.simulator_members import ApiError, Members

_CORP_ID = "ww-synthetic-corp"
_AGENT_ID = 1000002
_TOKEN_LIFE_S = 7200
_PLANTED_AT = 1_767_312_000
"""2026-01-02: when planted approvals were handed in, unless a test says otherwise."""


@dataclass(frozen=True)
class JournalEntry:
    """One accepted write."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, Any]


class Simulator:
    prefixes: ClassVar[tuple[str, ...]] = ("/cgi-bin/",)
    holding_kinds: ClassVar[tuple[str, ...]] = ("client", "group", "approval")

    def __init__(self, base_url: str = "http://127.0.0.1:1", now: Callable[[], float] = time.time) -> None:
        self._base_url = base_url
        self._clock = now
        self._skew = 0.0
        self._lock = threading.RLock()
        self._calls = 0
        self._tokens: dict[str, tuple[str, float]] = {}
        self._forced: list[ApiError] = []
        self._sent: dict[bytes, float] = {}
        self.members = Members(self.now)
        self.customers = Customers(self.members, self.now)
        self.approvals = Approvals()
        self.callbacks = CallbackMaker(
            _CORP_ID, self.secrets["callback_token"], self.secrets["callback_aes_key"], self.now
        )
        self.journal: list[JournalEntry] = []
        self.outbox: list[tuple[str, str, str]] = []
        self.token_requests = 0
        self.page_size = 100
        self.planted_at = _PLANTED_AT
        self.reads_by_contact_secret = False
        """True as in corporations whose hub was allowed to read before 2022-08-15."""
        self.owner_filter_of_leavers = True
        """False: groupchat/list answers 40003 for an owner who has left, as people have reported."""
        self._add("desk", {"name": "服务台", "mobile": "13900000000", "department": [1]})

    @property
    def settings(self) -> Mapping[str, object]:
        return {"base_url": self._base_url, "corp_id": _CORP_ID, "agent_id": _AGENT_ID, "approval_days": 365}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {
            "contact_secret": "synthetic-contact-secret",
            "app_secret": "synthetic-app-secret",
            "callback_token": "syntheticToken",
            "callback_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        }

    def now(self) -> float:
        """The corporation's own clock."""
        return self._clock() + self._skew

    def advance(self, hours: float) -> None:
        """Let time pass at WeCom."""
        self._skew += hours * 3600
        self.customers.decide()

    # --- people

    def sample(self, n: int) -> Mapping[str, Any]:
        return {
            "name": f"测试{n}䶮",
            "alias": f"阿{n}",
            "mobile": f"138{n:08d}",
            "email": f"test{n}@example.com",
            "department_id": 1,
            "position": "工程师",
        }

    def changed(self, n: int) -> Mapping[str, Any]:
        return {"department_id": 2, "position": f"高级工程师{n}"}

    def seed(self, people: Iterable[Mapping[str, Any]]) -> None:
        """Plant active members. Keys are WeCom's own; ``userid`` is needed."""
        for person in people:
            self._add(person["userid"], {k: v for k, v in person.items() if k != "userid"})

    def seed_person(self, n: int) -> str:
        """The n-th person, employed and active."""
        userid = f"{n:04d}"
        if self.members.lookup(userid) is None:
            self._add(userid, {"name": f"测试{n}䶮", "mobile": f"138{n:08d}", "department": [1]})
        return userid

    def _add(self, userid: str, fields: Mapping[str, Any]) -> None:
        given = {"department": [1], "name": userid, "mobile": f"137{len(list(self.members)):08d}", **fields}
        self.members.create({**given, "userid": userid})
        self.members.activate(userid)

    # --- what people hold

    def seed_holding(self, kind: str, n: int, holder: str) -> str:
        """Plant the n-th client, group or pending approval with this holder."""
        if kind == "client":
            self.customers.plant_client(f"wmSim{n:06d}", f"客户{n}公司", holder)
            return f"wmSim{n:06d}"
        if kind == "group":
            self.customers.plant_group(f"wrSim{n:06d}", f"客户群{n}", holder)
            return f"wrSim{n:06d}"
        self.approvals.plant(f"20260102{n:04d}", f"报销{n}", "desk", [[holder], ["desk"]], self.planted_at)
        return f"20260102{n:04d}"

    def holder_of(self, kind: str, external_id: str) -> str | None:
        """Who has it now; None for nobody."""
        if kind == "client":
            return next(iter(self.customers.clients.get(external_id, {}).get("followers", {})), None)
        if kind == "group":
            return self.customers.groups.get(external_id, {}).get("owner")
        return next(iter(self.approvals.current(external_id)), None) if external_id in self.approvals.forms else None

    def give_away(self, kind: str, external_id: str, holder: str) -> None:
        """Somebody else passes it on, in WeCom itself."""
        if kind == "client":
            held = self.customers.clients[external_id]
            held["followers"].clear()
            self.customers.follow(held, holder, 201, {})
        elif kind == "group":
            self.customers.groups[external_id]["owner"] = holder
        else:
            self.approvals.hand(external_id, holder)

    def change_holding(self, kind: str, external_id: str) -> None:
        """Something a successor should know changes."""
        if kind == "client":
            for info in self.customers.clients[external_id]["followers"].values():
                info["remark"] = info["remark"] + "改"
        elif kind == "group":
            self.customers.groups[external_id]["name"] += "改"
        else:
            self.approvals.forms[external_id]["sp_name"] += "改"

    def seed_blocker(self, n: int, person: str) -> None:
        """An administrator has just given this member a client of somebody else's."""
        self.customers.plant_client(f"wmSim9{n:05d}", f"客户{n}公司", person, add_way=202)

    def refuse(self, external_id: str) -> None:
        """This client says no to being passed on."""
        self.customers.refusing.add(external_id)

    def settle(self) -> None:
        """A day passes: every transfer under way is decided."""
        self.advance(25)

    # --- the switches a test turns

    def throttle(self, calls: int, code: int = 45009) -> None:
        """Answer the next calls of the corporation (token calls excepted) with a limit."""
        self._forced += [ApiError(code, "api freq out of limit")] * calls

    def answer_next(self, code: int, msg: str = "synthetic") -> None:
        """Answer the next call (token calls excepted) with this code, without acting."""
        self._forced.append(ApiError(code, msg))

    def expire_sessions(self) -> None:
        """Make every token given so far invalid."""
        self._tokens.clear()

    def callback(self) -> tuple[dict[str, str], bytes]:
        """Some genuine callback."""
        return self.callbacks.event({"Event": "change_contact", "ChangeType": "update_user", "UserID": "0012"})

    # --- the API

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One exchange: always HTTP 200, the outcome in ``errcode``."""
        with self._lock:
            self._calls += 1
            try:
                answer = self._answered(request)
            except ApiError as error:
                answer = {"errcode": error.code, "errmsg": f"{error.msg}, hint: [{self._calls}_synthetic]"}
            return httpx.Response(200, json=answer)

    def _answered(self, request: httpx.Request) -> dict[str, Any]:
        path = request.url.path.removeprefix("/cgi-bin/")
        if path == "gettoken":
            return self._give_token(request)
        secret = self._admit(request)
        body = self._body(request)
        handler = self._routes(request, body).get((request.method, path))
        if handler is None:
            raise ApiError(40066 if path == "" else 43001, "require another method or path")
        wanted, act = handler
        if wanted not in ("any", secret):
            raise ApiError(48009 if path in ("user/get", "user/list") else 48002, "no privilege to access this api")
        return {"errcode": 0, "errmsg": "ok", **act()}

    def _routes(self, request: httpx.Request, body: dict[str, Any]) -> Mapping[tuple[str, str], tuple[str, Any]]:
        query = request.url.params
        customers, approvals = self.customers, self.approvals
        reader = "any" if self.reads_by_contact_secret else "app"
        prefix = "externalcontact"
        return {
            ("GET", "user/get"): (reader, lambda: self.members.visible(query.get("userid"))),
            ("POST", "user/create"): ("contact", lambda: self._create(body)),
            ("POST", "user/update"): ("contact", lambda: self._update(body)),
            ("GET", "user/delete"): ("contact", lambda: self._delete(query.get("userid"))),
            ("GET", "user/list"): (reader, lambda: self.members.listed(query.get("department_id", ""))),
            ("POST", "user/list_id"): ("contact", lambda: self._ids(body)),
            ("GET", f"{prefix}/get"): ("app", lambda: customers.client(query.get("external_userid", ""))),
            ("POST", f"{prefix}/batch/get_by_user"): ("app", lambda: self._followed(body)),
            ("POST", f"{prefix}/get_unassigned_list"): ("app", lambda: self._unassigned(body)),
            ("POST", f"{prefix}/transfer_customer"): ("app", lambda: self._hand_clients(body, resigned=False)),
            ("POST", f"{prefix}/resigned/transfer_customer"): ("app", lambda: self._hand_clients(body, resigned=True)),
            ("POST", f"{prefix}/transfer_result"): ("app", lambda: self._results(body, resigned=False)),
            ("POST", f"{prefix}/resigned/transfer_result"): ("app", lambda: self._results(body, resigned=True)),
            ("POST", f"{prefix}/groupchat/list"): ("app", lambda: self._chats(body)),
            ("POST", f"{prefix}/groupchat/get"): (
                "app",
                lambda: {"group_chat": customers.chat(body.get("chat_id", ""))},
            ),
            ("POST", f"{prefix}/groupchat/transfer"): ("app", lambda: self._hand_groups(body, resigned=True)),
            ("POST", f"{prefix}/groupchat/onjob_transfer"): ("app", lambda: self._hand_groups(body, resigned=False)),
            ("POST", "oa/getapprovalinfo"): ("app", lambda: self._forms(body)),
            ("POST", "oa/getapprovaldetail"): ("app", lambda: {"info": approvals.detail(body.get("sp_no"))}),
            ("POST", "message/send"): ("app", lambda: self._send(body)),
        }

    def _give_token(self, request: httpx.Request) -> dict[str, Any]:
        self.token_requests += 1
        query = request.url.params
        if query.get("corpid") != _CORP_ID:
            raise ApiError(40013, "invalid corpid")
        kinds = {self.secrets["contact_secret"]: "contact", self.secrets["app_secret"]: "app"}
        kind = kinds.get(query.get("corpsecret", ""))
        if kind is None:
            raise ApiError(40001, "invalid credential")
        now = self.now()
        valid = [token for token, (of, ends) in self._tokens.items() if of == kind and ends > now]
        token = valid[-1] if valid else os.urandom(20).hex()
        _, ends = self._tokens.setdefault(token, (kind, now + _TOKEN_LIFE_S))
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": int(ends - now)}

    def _admit(self, request: httpx.Request) -> str:
        token = request.url.params.get("access_token", "")
        if not token:
            raise ApiError(41001, "access_token missing")
        if token not in self._tokens:
            raise ApiError(40014, "invalid access_token")
        kind, ends = self._tokens[token]
        if ends <= self.now():
            raise ApiError(42001, "access_token expired")
        if self._forced:
            raise self._forced.pop(0)
        return kind

    @staticmethod
    def _body(request: httpx.Request) -> dict[str, Any]:
        raw = request.read()
        try:
            body = orjson.loads(raw) if raw else {}
        except orjson.JSONDecodeError:
            raise ApiError(47001, "data format error") from None
        if not isinstance(body, dict):
            raise ApiError(47001, "data format error")
        return body

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        member = self.members.create(body)
        self._write("provision", member["userid"], body)
        return {"errmsg": "created"}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        member = self.members.update(body)
        action = {0: "disable", 1: "enable"}.get(body.get("enable", -1), "update")
        self._write(action, member["userid"], body)
        return {"errmsg": "updated"}

    def _delete(self, userid: object) -> dict[str, Any]:
        self._write("remove", self.members.delete(userid)["userid"], {})
        return {"errmsg": "deleted"}

    def _ids(self, body: Mapping[str, Any]) -> dict[str, Any]:
        pairs = [{"userid": m["userid"], "department": d} for m in self.members for d in m["department"]]
        return self._page(body, "dept_user", pairs, "limit", 10_000)

    def _followed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        listed = self.customers.of_members(body.get("userid_list") or [])
        return self._page(body, "external_contact_list", listed, "limit", 100)

    def _unassigned(self, body: Mapping[str, Any]) -> dict[str, Any]:
        page = self._page(body, "info", self.customers.unassigned(), "page_size", 1000)
        return {**page, "is_last": page["next_cursor"] == ""}

    def _chats(self, body: Mapping[str, Any]) -> dict[str, Any]:
        owners = (body.get("owner_filter") or {}).get("userid_list")
        gone = [owner for owner in owners or () if self.members.lookup(owner) is None]
        if gone and not self.owner_filter_of_leavers:
            raise ApiError(40003, "invalid userid")
        status = body.get("status_filter", 0)
        listed = self.customers.chats(owners, status)
        if owners is None and not self.owner_filter_of_leavers:
            listed = [e for e in self.customers.chats([*self.members.left], status) if status] or listed
        if not 1 <= int(body.get("limit", 0)) <= 1000:
            raise ApiError(40058, "invalid parameter")
        return self._page(body, "group_chat_list", listed, "limit", 1000)

    def _hand_clients(self, body: Mapping[str, Any], *, resigned: bool) -> dict[str, Any]:
        told = self.customers.transfer(body, resigned=resigned)
        for entry in told:
            if entry["errcode"] == 0:
                self._write("transfer", entry["external_userid"], body)
        return {"customer": told}

    def _results(self, body: Mapping[str, Any], *, resigned: bool) -> dict[str, Any]:
        return self._page(body, "customer", self.customers.results(body, resigned=resigned), "", 1000)

    def _hand_groups(self, body: Mapping[str, Any], *, resigned: bool) -> dict[str, Any]:
        passed, failed = self.customers.hand_groups(body, resigned=resigned)
        for chat in passed:
            self._write("transfer", chat, body)
        return {"failed_chat_list": failed}

    def _forms(self, body: Mapping[str, Any]) -> dict[str, Any]:
        cursor = {"cursor": body.get("new_cursor", ""), "size": body.get("size", 100)}
        page = self._page(cursor, "sp_no_list", self.approvals.numbers(body), "size", 100)
        return {"sp_no_list": page["sp_no_list"], "new_next_cursor": page["next_cursor"]}

    def _send(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("agentid") != _AGENT_ID:
            raise ApiError(40056, "invalid agentid")
        kind = str(body.get("msgtype"))
        card = body.get(kind) or {}
        if kind not in ("text", "textcard") or (kind == "textcard" and not all(card.get(n) for n in _CARD)):
            raise ApiError(40008, "invalid message type")
        wanted = [userid for userid in str(body.get("touser", "")).split("|") if userid]
        members = [self.members.lookup(userid) for userid in wanted]
        known = [member for member in members if member and member["userid"] not in self.members.hidden]
        if not known:
            raise ApiError(81013, "user & party & tag all invalid")
        reached = {member["userid"].lower() for member in known}
        invalid = "|".join(userid.lower() for userid in wanted if userid.lower() not in reached)
        content, now = orjson.dumps(body, option=orjson.OPT_SORT_KEYS), self.now()
        span = int(body.get("duplicate_check_interval", 1800)) if body.get("enable_duplicate_check") == 1 else 0
        if now - self._sent.get(content, -1e9) >= span:
            shown = f"{card.get('description')}\n{card.get('url')}"  # a card opens its address when it is touched
            title, text = (card["title"], shown) if kind == "textcard" else ("", card["content"])
            self.outbox += [(member["userid"], title, text) for member in known]
            self._write("notify", wanted[0], {})
        self._sent[content] = now
        return {"invaliduser": invalid, "invalidparty": "", "invalidtag": "", "msgid": f"sim{self._calls:08d}"}

    def _page(self, body: Mapping[str, Any], name: str, rows: list[Any], limit: str, most: int) -> dict[str, Any]:
        size = min(int(body.get(limit) or most), most, self.page_size)
        start = int(body.get("cursor") or 0)
        following = start + size
        return {name: rows[start:following], "next_cursor": str(following) if following < len(rows) else ""}

    def _write(self, action: str, external_id: str, fields: Mapping[str, Any]) -> None:
        self.journal.append(JournalEntry(action, external_id, external_id, self._calls, dict(fields)))


_CARD = ("title", "description", "url")
