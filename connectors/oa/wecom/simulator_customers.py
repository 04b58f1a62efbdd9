"""Customers and customer groups of a simulated WeCom corporation, and how they pass from one member to another.

What the documents leave open is decided here, each choice named where it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connectors.oa.wecom.simulator_members import ApiError, Members

DAY_S: Final = 86_400
_QUARTER_S: Final = 90 * DAY_S
_MOST_TRANSFERS: Final = 2
DONE, WAITING, REFUSED, FULL, NO_RECORD = 1, 2, 3, 4, 5


class Customers:
    """Clients with the members who follow them, groups with their owners, and the transfers under way."""

    def __init__(self, members: Members, now: Callable[[], float]) -> None:
        self._members = members
        self._now = now
        self.clients: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.transfers: list[dict[str, Any]] = []
        self.refusing: set[str] = set()
        """Clients who say no within the 24 hours."""
        self.full: set[str] = set()
        """Members who may take no more customers: told at once."""
        self.full_in_the_end: set[str] = set()
        """Members whose limit shows only when the 24 hours have passed."""

    # --- planting

    def plant_client(self, client: str, name: str, follower: str, **info: Any) -> None:
        """A client whom this member follows."""
        held = self.clients.setdefault(
            client,
            {"contact": {"external_userid": client, "name": name, "type": 1}, "followers": {}, "on_job_at": []},
        )
        self.follow(held, follower, 1, info)

    def plant_group(self, chat: str, name: str, owner: str) -> None:
        """A customer group that this member owns."""
        created = int(self._now())
        self.groups[chat] = {
            "chat_id": chat, "name": name, "owner": owner, "create_time": created, "notice": "", "on_job_at": [],
            "member_list": [{"userid": owner, "type": 1, "join_time": created, "join_scene": 1}],
        }  # fmt: skip

    def follow(self, held: dict[str, Any], userid: str, way: int, info: Mapping[str, Any]) -> None:
        """Let a member follow a client."""
        held["followers"][userid] = {
            "userid": userid, "remark": "", "description": "", "add_way": way, "createtime": int(self._now()), **info
        }  # fmt: skip

    # --- reading

    def of_members(self, userids: Sequence[str]) -> list[dict[str, Any]]:
        """What ``batch/get_by_user`` lists. Our choices: one who left is an invalid UserID; nobody's list is 84061."""
        if not 1 <= len(userids) <= 100:
            raise ApiError(40058, "invalid parameter")
        for userid in userids:
            if self._members.lookup(userid) is None:
                raise ApiError(40003, "invalid userid")
        listed = [
            {"external_contact": dict(held["contact"]), "follow_info": dict(held["followers"][userid])}
            for userid in userids
            for held in self.clients.values()
            if userid in held["followers"]
        ]
        if not listed:
            raise ApiError(84061, "not external contact")
        return listed

    def client(self, client: str) -> dict[str, Any]:
        """What ``externalcontact/get`` shows. Our choice: who left is not shown; without anybody it is 84061."""
        held = self.clients.get(client)
        there = [info for userid, info in (held or {"followers": {}})["followers"].items() if self._is_member(userid)]
        if held is None or not there:
            raise ApiError(84061, "not external contact")
        return {"external_contact": dict(held["contact"]), "follow_user": [dict(info) for info in there]}

    def unassigned(self) -> list[dict[str, Any]]:
        """The clients of those who have left, as ``get_unassigned_list`` gives them."""
        return [
            {
                "handover_userid": userid,
                "external_userid": client,
                "dimission_time": int(self._members.left.get(userid.lower(), 0)),
            }
            for client, held in self.clients.items()
            for userid in held["followers"]
            if not self._is_member(userid)
        ]

    def chats(self, owners: Sequence[str] | None, status: int) -> list[dict[str, Any]]:
        """What ``groupchat/list`` gives; groups of owners who left need the owner filter, as its page says."""
        listed = [
            {"chat_id": chat, "status": 0 if self._is_member(group["owner"]) else 1}
            for chat, group in self.groups.items()
            if (owners is None and self._is_member(group["owner"])) or group["owner"] in (owners or ())
        ]
        return [entry for entry in listed if status in (0, entry["status"])]

    def chat(self, chat: str) -> dict[str, Any]:
        """What ``groupchat/get`` shows. Our choice: an unknown chat is 40050."""
        group = self.groups.get(chat)
        if group is None:
            raise ApiError(40050, "chatid not exist")
        return {name: value for name, value in group.items() if name != "on_job_at"}

    # --- passing on

    def transfer(self, body: Mapping[str, Any], *, resigned: bool) -> list[dict[str, Any]]:
        """``transfer_customer`` of either sort: an errcode per customer, 0 where the 24 hours begin."""
        giver, taker, clients = str(body["handover_userid"]), str(body["takeover_userid"]), body["external_userid"]
        if not isinstance(clients, list) or not 1 <= len(clients) <= 100:
            raise ApiError(40058, "invalid parameter")
        if len(str(body.get("transfer_success_msg", ""))) > 200:
            raise ApiError(40058, "invalid parameter")
        self._members.found(taker)
        if not resigned:
            self._members.found(giver)
        return [
            {"external_userid": client, "errcode": self._started(client, giver, taker, resigned=resigned)}
            for client in clients
        ]

    def _started(self, client: str, giver: str, taker: str, *, resigned: bool) -> int:
        code = self._refusal(client, giver, taker, resigned=resigned)
        if code:
            return code
        record = {
            "giver": giver, "taker": taker, "external_userid": client, "status": WAITING, "resigned": resigned,
            "takeover_time": int(self._now()) + DAY_S,
        }  # fmt: skip
        same = (giver, taker, client)
        self.transfers = [r for r in self.transfers if (r["giver"], r["taker"], r["external_userid"]) != same]
        self.transfers.append(record)
        if not resigned:
            self.clients[client]["on_job_at"].append(self._now())
        return 0

    def _refusal(self, client: str, giver: str, taker: str, *, resigned: bool) -> int:
        held = self.clients.get(client)
        if giver.lower() == taker.lower():
            return 40130
        if resigned and self._is_member(giver):
            return 40097
        if taker in self._members.unverified:
            return 40098
        if held is None:
            return 40096
        if giver not in held["followers"]:
            return 40131
        waiting = [r for r in self.transfers if r["external_userid"] == client and r["status"] == WAITING]
        if any(record["giver"] == giver for record in waiting):
            return 40100 if resigned else 40129
        if not resigned and _recent(held["on_job_at"], self._now()) >= _MOST_TRANSFERS:
            return 40128
        return 40099 if taker in self.full else 0

    def results(self, body: Mapping[str, Any], *, resigned: bool) -> list[dict[str, Any]]:
        """What ``transfer_result`` of either sort lists for one giver and one taker."""
        self.decide()
        return [
            {name: record[name] for name in ("external_userid", "status", "takeover_time")}
            for record in self.transfers
            if (record["giver"], record["taker"]) == (body["handover_userid"], body["takeover_userid"])
            and record["resigned"] is resigned
        ]

    def decide(self) -> None:
        """Let every transfer whose time has come happen, or fail."""
        for record in self.transfers:
            if record["status"] != WAITING:
                continue
            if record["external_userid"] in self.refusing:
                record.update(status=REFUSED, takeover_time=0)
            elif record["takeover_time"] <= self._now():
                self._switch(record)

    def _switch(self, record: dict[str, Any]) -> None:
        held = self.clients[record["external_userid"]]
        if record["taker"] in self.full_in_the_end:
            record.update(status=FULL, takeover_time=0)
        elif record["giver"] in held["followers"]:
            del held["followers"][record["giver"]]
            self.follow(held, record["taker"], 202, {})
            record["status"] = DONE
        else:
            record["status"] = NO_RECORD

    def hand_groups(self, body: Mapping[str, Any], *, resigned: bool) -> tuple[list[str], list[dict[str, Any]]]:
        """``groupchat/transfer`` and ``onjob_transfer``: the chats passed on, and those that were not, with codes."""
        chats, taker = body["chat_id_list"], str(body["new_owner"])
        if not isinstance(chats, list) or not 1 <= len(chats) <= 100:
            raise ApiError(40058, "invalid parameter")
        self._members.found(taker)
        failed, passed = [], []
        for chat in chats:
            code, msg = self._group_refusal(chat, taker, resigned=resigned)
            if code:
                failed.append({"chat_id": chat, "errcode": code, "errmsg": msg})
                continue
            group = self.groups[chat]
            group["owner"] = taker
            if not resigned:
                group["on_job_at"].append(self._now())
            passed.append(chat)
        return passed, failed

    def _group_refusal(self, chat: str, taker: str, *, resigned: bool) -> tuple[int, str]:
        group = self.groups.get(chat)
        if group is None:
            return 90501, "chat is not external group chat"
        if resigned and self._is_member(group["owner"]):
            return 90500, "the owner of this chat is not resigned"
        if taker in self._members.unverified:
            return 40098, "user not real name verified"
        if not resigned and _recent(group["on_job_at"], self._now()) >= _MOST_TRANSFERS:
            return 40128, "transfer too often"  # our choice: the page gives the limit and no code
        return 0, ""

    def _is_member(self, userid: str) -> bool:
        return self._members.lookup(userid) is not None


def _recent(moments: Sequence[float], now: float) -> int:
    return sum(1 for moment in moments if now - moment < _QUARTER_S)
