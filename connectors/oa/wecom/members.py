"""Members of a WeCom corporation as accounts: which fields there are, who is who, and reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from baton.sdk import Account, AccountRef, AccountState, FieldSpec, FieldType, HaltError, RejectedError, Scalar
from connectors.oa.wecom.codes import Verdict
from connectors.oa.wecom.open_api import OpenApi, rows_of

_LIST_PAGE: Final = 10_000

FIELDS: Final[Mapping[str, FieldSpec]] = MappingProxyType(
    {
        "name": FieldSpec(required=True, personal=True, max_length=64),
        "alias": FieldSpec(personal=True, max_length=64),
        "mobile": FieldSpec(personal=True, readable=False, about="mobile or email is needed; apps cannot read it"),
        "email": FieldSpec(personal=True, readable=False, about="mobile or email is needed; apps cannot read it"),
        "department_id": FieldSpec(FieldType.INTEGER, required=True, about="WeCom's own id of the main department"),
        "position": FieldSpec(max_length=128),
        "telephone": FieldSpec(personal=True, max_length=32),
        "direct_leader": FieldSpec(FieldType.REFERENCE, about="the manager"),
    }
)
NO_MEMBER: Final = "WeCom shows no member with this person's id and employee number"
LINK: Final = "reconcile to link the account, or provision the person"
_MUST_STAY: Final = frozenset({"name", "mobile", "department_id"})
_STATES: Final[Mapping[int, AccountState]] = MappingProxyType(
    {
        1: AccountState.ENABLED,
        2: AccountState.DISABLED,
        4: AccountState.ENABLED,  # not activated yet: the person may do so at any time
        5: AccountState.REMOVED,  # left the corporation on their own
    }
)


class Presence(Enum):
    """Whether somebody belongs to the corporation."""

    EMPLOYED = "employed"
    LEFT = "left"
    UNSEEN = "unseen"
    """Belongs to it, and lies outside the app's visible range."""


@dataclass(frozen=True, slots=True)
class Names:
    """How employee numbers and userids belong together here."""

    prefix: str
    attribute: str
    """The custom text attribute that holds the employee number; empty: the userid is the number, after the prefix."""

    def userid(self, ref: AccountRef) -> str:
        """The id this person has here, or would be given. Somebody else may have it: see `known`."""
        return ref.external_id or self.prefix + ref.number

    def known(self, ref: AccountRef) -> str | None:
        """The id this person has here; None where none is known.

        Where members are told by an attribute, a userid made of the number may be anybody's.
        """
        return self.userid(ref) if ref.external_id or not self.attribute else None

    def number_of(self, userid: str) -> str | None:
        """The number an id stands for, where ids stand for numbers."""
        if self.attribute or not userid.startswith(self.prefix):
            return None
        return userid[len(self.prefix) :] or None

    def number(self, member: Mapping[str, Any]) -> str | None:
        """The employee number a member carries."""
        if not self.attribute:
            return self.number_of(str(member["userid"]))
        attributes = (member.get("extattr") or {}).get("attrs") or []
        held = [attribute for attribute in attributes if attribute.get("name") == self.attribute]
        return (held[0].get("text") or {}).get("value") or None if held else None

    def carried(self, number: str) -> dict[str, Any]:
        """What a new member gets so that they can be told again."""
        if not self.attribute:
            return {}
        return {"extattr": {"attrs": [{"type": 0, "name": self.attribute, "text": {"value": number}}]}}


def member_payload(fields: Mapping[str, Scalar]) -> dict[str, Any]:
    """The body for these mapped fields. Raises `RejectedError` for what cannot be."""
    payload: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            raise RejectedError(f"WeCom has no field {name}", code="unknown_field", remedy="correct the mapping")
        if value is None and name in _MUST_STAY:
            raise RejectedError(
                f"{name} cannot be cleared in WeCom", code="cannot_clear", remedy="correct the value in HR"
            )
        if name == "department_id":
            payload |= {"department": [value], "main_department": value}
        elif name == "direct_leader":
            payload[name] = [value] if value else []
        else:
            payload[name] = "" if value is None else value
    return payload


def is_removed(account: Account | None) -> bool:
    """True for who is not, or no longer, a member."""
    return account is None or account.state is AccountState.REMOVED


class Directory:
    """Reads members with the app's secret, and who there is at all with the contact secret."""

    def __init__(self, contacts: OpenApi, app: OpenApi, names: Names) -> None:
        self._contacts = contacts
        self._app = app
        self._names = names

    def account(self, userid: str) -> Account | None:
        """One member; None where WeCom shows none. Raises `RejectedError` where it says that it may not show them."""
        answer = self._app.read("user/get", {"userid": userid}, Verdict.ABSENT)
        return None if answer.verdict is Verdict.ABSENT else self._account(answer.body)

    def find(self, ref: AccountRef) -> Account | None:
        """This person's account; another person's is never given."""
        account = self.account(self._names.userid(ref))
        if account is None or account.number == ref.number:
            return account
        return account if account.number is None and ref.external_id else None

    def known(self, ref: AccountRef) -> str | None:
        """The id this person has here; None where none is known.

        Where members are told by an attribute, the member is looked at: a userid is free again once its owner was
        deleted, and a link may name it still. Raises `RejectedError` for one that carries another number.
        """
        userid = self._names.known(ref)
        account = self.account(userid) if userid and self._names.attribute else None
        if account is not None and account.number not in (None, ref.number):
            raise RejectedError(
                "the linked member carries another employee number",
                code="number_differs",
                remedy="reconcile to link the account anew, or correct the number in WeCom",
            )
        return userid

    def everyone(self) -> Iterator[Account]:
        """Every member, once."""
        for userid in self._ids():
            account = self._seen(userid)
            if account is not None:
                yield account
            elif self.enrolled(userid):
                raise HaltError(
                    "the app cannot see every member, so a scan would be short",
                    code="not_visible",
                    remedy="set the app's visible range (可见范围) to the whole corporation",
                )

    def by_department(self) -> Sequence[Account] | None:
        """Every member once, in a call per department; None where the app cannot see them all.

        Whom no department shows (the app may not see it, or they were moved meanwhile) is asked for by name.
        """
        enrolled = dict(self._enrolment())
        found: dict[str, Account] = {}
        for department in sorted(set(enrolled.values()) - {""}):
            answer = self._app.read("user/list", {"department_id": department}, Verdict.ABSENT, Verdict.REFUSED)
            shown = map(self._account, rows_of(answer, "userlist"))
            found.update((account.external_id.lower(), account) for account in shown)
        for userid in enrolled:
            if userid.lower() in found:
                continue
            account = self._seen(userid)
            if account is not None:
                found[userid.lower()] = account
            elif self.enrolled(userid):
                return None
        return list(found.values())

    def enrolled(self, userid: str) -> bool:
        """Whether the corporation has this member at all, visible to the app or not."""
        wanted = userid.lower()
        return any(one.lower() == wanted for one in self._ids())

    def presence(self, userid: str) -> Presence:
        """Whether this member is employed, has left, or cannot be seen."""
        if not is_removed(self.account(userid)):
            return Presence.EMPLOYED
        return Presence.UNSEEN if self.enrolled(userid) else Presence.LEFT

    def sample(self) -> Sequence[str]:
        """Some ids, to see whether the contact secret works."""
        return [str(row["userid"]) for row in rows_of(self._contacts.ask("user/list_id", {"limit": 1}), "dept_user")]

    def _seen(self, userid: str) -> Account | None:
        """One member; None also where WeCom may not show them."""
        try:
            return self.account(userid)
        except RejectedError:
            return None

    def _ids(self) -> Iterator[str]:
        """Every member's id once."""
        return (userid for userid, _ in self._enrolment())

    def _enrolment(self) -> Iterator[tuple[str, str]]:
        """Every member once, with one of their departments; WeCom lists a member once per department."""
        seen: set[str] = set()
        for page in self._contacts.pages("user/list_id", {"limit": _LIST_PAGE}):
            for row in rows_of(page, "dept_user"):
                userid = str(row.get("userid") or "")
                if userid and userid not in seen:
                    seen.add(userid)
                    yield userid, str(row.get("department") or "")

    def _account(self, member: Mapping[str, Any]) -> Account:
        try:
            return self._as_account(member)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise HaltError(
                f"a member of WeCom cannot be read ({type(error).__name__})",
                code="garbled_member",
                remedy="report this with the version of this connector",
            ) from None

    def _as_account(self, member: Mapping[str, Any]) -> Account:
        departments = member.get("department") or []
        leaders = member.get("direct_leader") or []
        fields: dict[str, Scalar] = {
            name: member.get(name) or None for name in ("name", "alias", "position", "telephone")
        }
        fields["department_id"] = member.get("main_department") or (departments[0] if departments else None)
        fields["direct_leader"] = leaders[0] if leaders else None
        state = _STATES.get(member["status"])
        if state is None:
            raise HaltError(
                f"a member of WeCom has the unknown status {str(member['status'])[:12]}",
                code="unknown_status",
                remedy="look the status up on the page of user/get and have it added to members.py",
            )
        return Account(self._names.number(member), str(member["userid"]), state, fields)
