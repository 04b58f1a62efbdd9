"""Whose customers and customer groups are whose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from baton.sdk import AccountRef, HaltError, Holding, HoldingKind, HoldingRef, Scalar
from connectors.oa.wecom.codes import Verdict
from connectors.oa.wecom.members import Directory, Presence
from connectors.oa.wecom.open_api import Answer, OpenApi, rows_of

_CLIENT_PAGE: Final = 100
_PAGE: Final = 1000
_AWAITING: Final = 1
"""The status filter for groups whose owner has left."""
_TOLD: Final = ("remark", "description", "remark_corp_name")
SEVERAL: Final = "|"
_ASSIGNED: Final = 202
"""The ``add_way`` of a customer whom an administrator has given to the member."""


class Customers:
    """Reads customers and groups with the app's secret."""

    def __init__(self, app: OpenApi, directory: Directory) -> None:
        self._app = app
        self._directory = directory

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The customers, then the groups of this person, whether they are here or have left."""
        userid = self._directory.known(person)
        if userid is None:
            return
        presence = self._directory.presence(userid)
        if presence is Presence.UNSEEN:
            raise HaltError(
                "the app cannot see this member, so what they own cannot be told",
                code="not_visible",
                remedy="add the member to the app's visible range (可见范围)",
            )
        seen: set[str] = set()
        clients = self._followed(userid) if presence is Presence.EMPLOYED else self._left_behind(userid)
        for page in clients:
            fresh = [holding for holding in page if holding.ref.external_id not in seen]
            seen.update(holding.ref.external_id for holding in fresh)
            yield fresh
        yield from self._groups(userid, presence)

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """Who has these now. A customer whom several members follow has them all, joined by ``|``."""
        found: dict[str, str | None] = {}
        for ref in refs:
            if ref.kind is HoldingKind.CLIENT:
                found[str(ref)] = SEVERAL.join(self.followers(ref.external_id)) or None
            elif ref.kind is HoldingKind.GROUP:
                found[str(ref)] = self.owner(ref.external_id)
        lost = {ref.external_id for ref in refs if ref.kind is HoldingKind.CLIENT and found[str(ref)] is None}
        givers = self._givers(lost) if lost else {}
        return [found.get(str(ref)) or givers.get(ref.external_id) for ref in refs]

    def followers(self, client: str) -> list[str]:
        """The members who have this customer, who came first first."""
        listed: list[Mapping[str, Any]] = []
        cursor = ""
        while True:
            params = {"external_userid": client, **({"cursor": cursor} if cursor else {})}
            answer = self._app.read("externalcontact/get", params, Verdict.STRANGER, Verdict.REFUSED)
            listed += rows_of(answer, "follow_user")
            following = str(answer.body.get("next_cursor") or "")
            if not following or following == cursor:
                break
            cursor = following
        listed.sort(key=lambda follow: follow.get("createtime") or 0)
        if not all(follow.get("userid") for follow in listed):
            raise HaltError("WeCom names no member beside a customer", code="garbled_page")
        return [str(follow["userid"]) for follow in listed]

    def owner(self, chat: str) -> str | None:
        """Who owns this group; None when there is no such group."""
        group = self._group(chat)
        return None if group is None else str(group.get("owner") or "") or None

    def handed_in_since(self, userid: str, moment: datetime) -> Iterator[tuple[str, datetime]]:
        """The customers whom an administrator has given to this member since then, and when."""
        seen: set[str] = set()
        for page in self._follows(userid):
            for contact, follow in page:
                client, given = str(contact.get("external_userid", "")), follow.get("createtime")
                if follow.get("add_way") != _ASSIGNED or not isinstance(given, int) or client in seen:
                    continue
                seen.add(client)
                at = datetime.fromtimestamp(given, UTC)
                if at >= moment:
                    yield client, at

    def count_groups(self, userid: str) -> int:
        """How many customer groups an employed member owns; none is looked at."""
        pages = self._group_pages(userid, Presence.EMPLOYED)
        return len({str(row["chat_id"]) for page in pages for row in rows_of(page, "group_chat_list")})

    def _followed(self, userid: str) -> Iterator[list[Holding]]:
        for page in self._follows(userid):
            yield [_client(contact, follow) for contact, follow in page]

    def _follows(self, userid: str) -> Iterator[list[tuple[Mapping[str, Any], Mapping[str, Any]]]]:
        """The customers of a member, each with what WeCom notes about the two."""
        body = {"userid_list": [userid], "limit": _CLIENT_PAGE}
        nobody = (Verdict.STRANGER, Verdict.ABSENT)
        for page in self._app.pages("externalcontact/batch/get_by_user", body, *nobody):
            rows = rows_of(page, "external_contact_list")
            yield [(row.get("external_contact") or {}, row.get("follow_info") or {}) for row in rows]

    def _left_behind(self, userid: str) -> Iterator[list[Holding]]:
        """The customers of one who has left. The list names them by id only, so each is looked at for its name."""
        for row in self._unassigned():
            if str(row.get("handover_userid", "")).lower() == userid.lower():
                client = str(row["external_userid"])
                params = {"external_userid": client}
                answer = self._app.read("externalcontact/get", params, Verdict.STRANGER, Verdict.REFUSED)
                contact = answer.body.get("external_contact") or {}
                yield [_client({**contact, "external_userid": client}, {})]

    def _givers(self, clients: set[str]) -> dict[str, str]:
        """Those of these customers who wait for somebody after their member has left."""
        return {
            str(row["external_userid"]): str(row["handover_userid"])
            for row in self._unassigned()
            if row.get("external_userid") in clients
        }

    def _unassigned(self) -> Iterator[Mapping[str, Any]]:
        for page in self._app.pages("externalcontact/get_unassigned_list", {"page_size": _PAGE}):
            yield from rows_of(page, "info")

    def _groups(self, userid: str, presence: Presence) -> Iterator[list[Holding]]:
        for page in self._group_pages(userid, presence):
            chats = [str(row["chat_id"]) for row in rows_of(page, "group_chat_list")]
            groups = [(chat, self._group(chat)) for chat in dict.fromkeys(chats)]
            yield [
                _group_holding(chat, group)
                for chat, group in groups
                if group is not None and str(group.get("owner", "")).lower() == userid.lower()
            ]

    def _group_pages(self, userid: str, presence: Presence) -> Iterator[Answer]:
        """By owner. People report 40003 for one who has left: then all groups that wait for an owner are looked at."""
        mine = {"owner_filter": {"userid_list": [userid]}, "limit": _PAGE, "status_filter": 0}
        for page in self._app.pages("externalcontact/groupchat/list", mine, Verdict.ABSENT):
            if page.verdict is not Verdict.ABSENT:
                yield page
            elif presence is Presence.LEFT:
                waiting = {"limit": _PAGE, "status_filter": _AWAITING}
                yield from self._app.pages("externalcontact/groupchat/list", waiting)

    def _group(self, chat: str) -> Mapping[str, Any] | None:
        asked = {"chat_id": chat, "need_name": 0}
        answer = self._app.ask("externalcontact/groupchat/get", asked, Verdict.STRANGER)
        group = answer.body.get("group_chat")
        return group if isinstance(group, dict) else None


def _client(contact: Mapping[str, Any], follow: Mapping[str, Any]) -> Holding:
    client = str(contact["external_userid"])
    name, corporation = contact.get("name"), contact.get("corp_name")
    facts: dict[str, Scalar] = {key: str(follow[key]) for key in _TOLD if follow.get(key)}
    title = " · ".join(str(part) for part in (name, corporation) if part) or client
    return Holding(HoldingRef(HoldingKind.CLIENT, client), title, facts)


def _group_holding(chat: str, group: Mapping[str, Any]) -> Holding:
    notice = group.get("notice")
    facts: dict[str, Scalar] = {"notice": str(notice)} if notice else {}
    return Holding(HoldingRef(HoldingKind.GROUP, chat), str(group.get("name") or chat), facts)
