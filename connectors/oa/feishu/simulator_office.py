"""Messages, sessions and user groups of a simulated tenant (im v1, passport v1, contact v3 groups).

Not documented, chosen here: a repeated ``uuid`` within the hour is answered with the message it sent; taking somebody
out of a group they are not in succeeds; an unknown receiver is 230034.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.oa.feishu.simulator_tenant import Kinds, RefusalError, Tenant, resigned

_LARGEST_POST_BYTES = 30 * 1024
_HOUR_S = 3600


@dataclass
class Office:
    """What is beside the directory and the approvals."""

    tenant: Tenant
    now: Callable[[], float]
    outbox: list[tuple[str, str, str]] = field(default_factory=list)
    """The user id, the title and the text of every message sent."""
    sessions: dict[str, int] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    _sent: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)

    def add_group(self, group_id: str, name: str, *, kind: int = 1) -> None:
        """Plant a user group, unless it is there; kind 2 is dynamic."""
        self.groups.setdefault(group_id, {"id": group_id, "name": name, "type": kind, "members": []})

    def send(self, kinds: Kinds, receive_id_type: str, body: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """POST im/v1/messages: the answer's data, and the user id when a message was really sent."""
        if receive_id_type not in ("open_id", "union_id", "user_id"):
            raise RefusalError(400, 230001, "Your request contains an invalid request parameter.")
        uuid = str(body.get("uuid") or "")
        if uuid in self._sent and self.now() - self._sent[uuid][0] < _HOUR_S:
            return self._sent[uuid][1], None
        user = self.tenant.lookup(kinds._replace(user=receive_id_type), str(body.get("receive_id") or ""))
        if user is None:
            raise RefusalError(400, 230034, "The receive_id is invalid.")
        if resigned(user):
            raise RefusalError(400, 230013, "Bot has NO availability to this user.")
        if len(uuid) > 50:
            raise RefusalError(400, 230001, "Your request contains an invalid request parameter.")
        title, text = _read(body)
        number = len(self.outbox) + 1
        self.outbox.append((user["user_id"], title, text))
        data = {"message_id": f"om_{number:032d}", "msg_type": body["msg_type"], "deleted": False, "updated": False}
        data |= {"create_time": str(int(self.now() * 1000)), "body": {"content": body["content"]}}
        if uuid:
            self._sent[uuid] = (self.now(), data)
        return data, user["user_id"]

    def log_out(self, kinds: Kinds, body: Mapping[str, Any]) -> str:
        """POST passport/v1/sessions/logout: whose sessions were ended."""
        user = self.tenant.lookup(kinds, str(body.get("user_id") or ""))
        if body.get("logout_type") != 1 or user is None:
            raise RefusalError(400, 1080001, "param is invalid")
        self.sessions.pop(user["user_id"], None)
        return str(user["user_id"])

    def belongs(self, params: Mapping[str, str]) -> dict[str, Any]:
        """GET contact/v3/group/member_belong."""
        kinds = Kinds(params.get("member_id_type", "open_id"), "department_id")
        user = self.tenant.lookup(kinds, params.get("member_id", ""))
        if user is None:
            raise RefusalError(400, 41073, "invalid member_id")
        kind = int(params.get("group_type", "1"))
        hers = [one["id"] for one in self.groups.values() if user["user_id"] in one["members"] and one["type"] == kind]
        return {"group_list": hers, "has_more": False}

    def group(self, group_id: str) -> dict[str, Any]:
        """GET contact/v3/group/:id."""
        if group_id not in self.groups:
            raise RefusalError(400, 42002, "invalid group_id")
        shown = {key: value for key, value in self.groups[group_id].items() if key != "members"}
        return {"group": {**shown, "member_user_count": len(self.groups[group_id]["members"])}}

    def change(self, group_id: str, what: str, body: Mapping[str, Any]) -> str:
        """POST contact/v3/group/:id/member/add or remove: whose membership changed."""
        self.group(group_id)
        kinds = Kinds(str(body.get("member_id_type") or "open_id"), "department_id")
        user = self.tenant.lookup(kinds, str(body.get("member_id") or ""))
        if body.get("member_type") != "user" or user is None:
            raise RefusalError(400, 41073, "invalid member_id")
        members, user_id = self.groups[group_id]["members"], str(user["user_id"])
        if what == "add" and user_id in members:
            raise RefusalError(400, 42005, "member exist in group error")
        if what == "add" and resigned(user):
            raise RefusalError(400, 42006, "user has resigned error")
        if self.groups[group_id]["type"] == 2:
            raise RefusalError(400, 42029, "exist some field openapi not support")
        if what == "add":
            members.append(user_id)
        elif user_id in members:
            members.remove(user_id)
        return user_id


def _read(body: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text of a text or post message; content is JSON in a string."""
    bad = RefusalError(400, 230001, "Your request contains an invalid request parameter.")
    try:
        content = json.loads(str(body.get("content") or ""))
    except ValueError:
        raise bad from None
    if body.get("msg_type") == "text" and isinstance(content.get("text"), str):
        return "", content["text"]
    if body.get("msg_type") != "post":
        raise bad
    if len(json.dumps(dict(body), ensure_ascii=False, separators=(",", ":")).encode()) > _LARGEST_POST_BYTES:
        raise RefusalError(400, 230025, "The length of the message content reaches its limit.")
    post = content.get("zh_cn") or content.get("en_us") or content.get("ja_jp")
    if not isinstance(post, dict):
        raise bad
    lines = ["".join(str(part.get("href") or part.get("text") or "") for part in line) for line in post["content"]]
    return str(post.get("title") or ""), "\n".join(lines)
