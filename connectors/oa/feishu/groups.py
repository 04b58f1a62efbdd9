"""User groups (用户组): the rights of a person Feishu lists and changes. The administrator's role is only shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from baton.sdk import Grant, HaltError, Receipt, RejectedError
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.open_api import OpenApi
from connectors.oa.feishu.receipts import receipt

_ORDINARY: Final = "1"
_DYNAMIC: Final = "2"
_RULE: Final = "a dynamic group: its members follow from its rule; change the rule in the admin console"
_ADMIN: Final = "administrators are only made and unmade in the admin console"
_ADMIN_ID: Final = "tenant_manager"
_PREFIX: Final = "group/"


class Groups:
    """Memberships in user groups."""

    def __init__(self, api: OpenApi) -> None:
        self._api = api

    def grants(self, user: Mapping[str, Any]) -> Sequence[Grant]:
        """Every user group this person, as Feishu shows them, is in; and whether they administer the tenant."""
        user_id = str(user["user_id"])
        found = [self._grant(group, "") for group in self._of(user_id, _ORDINARY)]
        found += [self._grant(group, _RULE) for group in self._of(user_id, _DYNAMIC)]
        if user.get("is_tenant_manager") is True:
            found.append(Grant(_ADMIN_ID, "租户管理员", "administrator", by_hand=_ADMIN))
        return found

    def revoke(self, user_id: str, grant_id: str) -> Receipt:
        """Take the person out of the group; who is not in it is done."""
        group = _group_of(grant_id)
        if group not in {one for kind in (_ORDINARY, _DYNAMIC) for one in self._of(user_id, kind)}:
            return Receipt.done(grant_id, state="not a member")
        return self._change(group, "remove", user_id, grant_id)

    def entitle(self, user_id: str, grant_id: str) -> Receipt:
        """Put the person into the group; who is in it is done."""
        return self._change(_group_of(grant_id), "add", user_id, grant_id)

    def _change(self, group: str, what: str, user_id: str, grant_id: str) -> Receipt:
        body = {"member_type": "user", "member_id_type": "user_id", "member_id": user_id}
        path = f"/contact/v3/group/{quote(group, safe='')}/member/{what}"
        answer = self._api.call("POST", path, json=body)
        if answer.verdict is Verdict.MEMBER:
            return Receipt.done(grant_id, log_id=answer.log_id, state="a member before")
        return receipt(answer, grant_id)

    def _of(self, user_id: str, kind: str) -> list[str]:
        params = (("member_id", user_id), ("member_id_type", "user_id"), ("group_type", kind))
        found: list[str] = []
        for data in self._api.pages("/contact/v3/group/member_belong", params, size=1000):
            ids: Any = data.get("group_list") or []
            if not isinstance(ids, list):
                raise HaltError("a page of Feishu is not a list of groups", code="garbled_page", remedy="report it")
            found += map(str, ids)
        return list(dict.fromkeys(found))

    def _grant(self, group: str, by_hand: str) -> Grant:
        answer = self._api.call("GET", f"/contact/v3/group/{quote(group, safe='')}")
        shown = answer.data.get("group")
        name = str(shown.get("name") or "") if isinstance(shown, dict) else ""
        return Grant(f"{_PREFIX}{group}", name or group, "member", by_hand=by_hand)


def _group_of(grant_id: str) -> str:
    """The group a grant names. Raises `RejectedError` for a right that the interface cannot change."""
    if not grant_id.startswith(_PREFIX):
        raise RejectedError(_ADMIN, code="by_hand", remedy="a person has to do it in the admin console")
    return grant_id.removeprefix(_PREFIX)
