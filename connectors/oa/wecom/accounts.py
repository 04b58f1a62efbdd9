"""Creating, changing, disabling and ending members."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from baton.sdk import Account, AccountRef, AccountState, AccountWrite, Intent, Receipt, RejectedError, one_by_one
from connectors.oa.wecom.carriers import Carriers
from connectors.oa.wecom.codes import Verdict
from connectors.oa.wecom.members import LINK, NO_MEMBER, Directory, Names, is_removed, member_payload
from connectors.oa.wecom.open_api import Answer, OpenApi
from connectors.oa.wecom.receipts import receipt

_LEGAL_USERID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_NOT_VISIBLE: Final = "add the member to the app's visible range (可见范围), then release the effect"


class Accounts:
    """Writes to members, one at a time, with the contact secret."""

    def __init__(self, contacts: OpenApi, directory: Directory, names: Names, *, invite: bool) -> None:
        self._contacts = contacts
        self._directory = directory
        self._names = names
        self._invite = invite

    def provision(self, writes: Sequence[AccountWrite]) -> Sequence[Receipt]:
        """Create, or take over a member who carries this very employee number."""
        by_attribute = bool(self._names.attribute)  # a member made by hand has a userid nobody can make up
        refs = [write.ref for write in writes]
        find = Carriers(self._directory, refs).find if by_attribute else self._directory.find
        return one_by_one(writes, lambda write: self._provision(write, find))

    def update(self, write: AccountWrite) -> Receipt:
        """Set the given fields."""
        payload = member_payload(write.fields)
        userid = self._id_of(write)
        return self._update(userid, payload) if payload else Receipt.done(userid)

    def disable(self, write: AccountWrite) -> Receipt:
        """Stop the member from using WeCom; nothing is moved or lost."""
        userid = self._id_of(write)
        answer = self._updated(userid, {**member_payload(write.fields), "enable": 0})
        if answer.verdict is Verdict.ABSENT and not self._directory.enrolled(userid):
            return Receipt.done(userid, state="no member any more")
        return receipt(answer, userid)

    def enable(self, write: AccountWrite) -> Receipt:
        """Undo a disable. A member who was removed has to be provisioned anew."""
        return self._update(self._id_of(write), {**member_payload(write.fields), "enable": 1})

    def remove(self, write: AccountWrite) -> Receipt:
        """End the membership. That nobody is there is believed only of the corporation's own list of ids."""
        account = self._directory.find(write.ref)
        userid = self._names.userid(write.ref) if account is None else account.external_id
        if account is not None:
            answer = self._contacts.call("GET", "user/delete", {"userid": userid}, intent=Intent.WRITE)
            if answer.verdict is not Verdict.ABSENT:
                return receipt(answer, userid)
        if self._directory.enrolled(userid):
            return Receipt.refused(
                "not_visible",
                "the corporation has this member, but shows them to the app not at all or under another number",
                remedy=_NOT_VISIBLE,
            )
        return Receipt.done(userid, state="no member any more")

    def _provision(self, write: AccountWrite, find: Callable[[AccountRef], Account | None]) -> Receipt:
        payload = member_payload(write.fields)
        account = find(write.ref)
        if account is None:
            return self._create(write, payload)
        if account.state is AccountState.REMOVED:
            return Receipt.refused(
                "left_on_their_own",
                "this member left the corporation on their own",
                remedy="delete the member in the admin console, then release the effect",
            )
        return self._update(account.external_id, {**payload, **_enabling(account)})

    def _create(self, write: AccountWrite, payload: dict[str, Any]) -> Receipt:
        userid = self._names.prefix + write.ref.number
        if not _LEGAL_USERID.fullmatch(userid):
            return Receipt.refused(
                "illegal_userid",
                "the employee number cannot be a WeCom userid (letters, digits, _ - @ .; at most 64)",
                remedy="correct the number in HR, or create the member in WeCom and reconcile",
            )
        body = {**payload, "userid": userid, **self._names.carried(write.ref.number), "to_invite": self._invite}
        answer = self._contacts.call("POST", "user/create", json=body, intent=Intent.WRITE)
        if answer.verdict is Verdict.TAKEN:
            return self._taken_over(write, userid, payload, answer)
        return receipt(answer, userid)

    def _taken_over(self, write: AccountWrite, userid: str, payload: dict[str, Any], answer: Answer) -> Receipt:
        """A member with that userid has come into being meanwhile, or was there unseen."""
        account = self._directory.account(userid)
        if account is None:
            return Receipt.refused(
                "not_visible", "a member with this userid exists, and the app cannot see them", remedy=_NOT_VISIBLE
            )
        if account.number != write.ref.number or account.state is AccountState.REMOVED:
            return receipt(answer, userid)
        return self._update(userid, {**payload, **_enabling(account)})

    def _update(self, userid: str, payload: dict[str, Any]) -> Receipt:
        return receipt(self._updated(userid, payload), userid)

    def _updated(self, userid: str, payload: dict[str, Any]) -> Answer:
        return self._contacts.call("POST", "user/update", json={**payload, "userid": userid}, intent=Intent.WRITE)

    def _id_of(self, write: AccountWrite) -> str:
        if write.ref.external_id:
            return self._directory.known(write.ref) or write.ref.external_id
        account = self._directory.find(write.ref)
        if account is None or is_removed(account):
            raise RejectedError(NO_MEMBER, code="no_account", remedy=LINK)
        return account.external_id


def _enabling(account: Account) -> dict[str, int]:
    return {"enable": 1} if account.state is not AccountState.ENABLED else {}
