"""Reading people out of Feishu's directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from baton.sdk import Account, AccountRef, HaltError, RejectedError
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.open_api import OpenApi
from connectors.oa.feishu.wire import account_of

_BATCH = 50
_ROOT = "0"


def user_path(user_id: str, tail: str = "") -> str:
    """The path of one user."""
    return f"/contact/v3/users/{quote(user_id, safe='')}{tail}"


def is_theirs(number: str | None, ref: AccountRef) -> bool:
    """Whether the account found for a person is theirs: it carries their number, or none and a link names it."""
    return number == ref.number or (number is None and bool(ref.external_id))


class Directory:
    """The users the app may see, as accounts."""

    def __init__(self, api: OpenApi, department_id_type: str, zone: ZoneInfo) -> None:
        self._api = api
        self._zone = zone
        self.id_types = (("user_id_type", "user_id"), ("department_id_type", department_id_type))

    def user(self, user_id: str) -> Account | None:
        """One user, resigned or not; None when Feishu knows no such id."""
        user = self.shown(user_id)
        return None if user is None else self.account_of(user)

    def shown(self, user_id: str) -> Mapping[str, Any] | None:
        """One user as Feishu gives them; None when Feishu knows no such id."""
        answer = self._api.read(user_path(user_id), self.id_types)
        if answer.verdict is Verdict.ABSENT:
            return None
        user = answer.data.get("user")
        return user if isinstance(user, dict) else {}

    def users(self, user_ids: Sequence[str]) -> Mapping[str, Account]:
        """Those of these users that exist, by id. Raises `RejectedError` when one may not be looked at."""
        found: dict[str, Account] = {}
        for user_id, shown in self.looked_up(user_ids).items():
            if isinstance(shown, RejectedError):
                raise shown
            found[user_id] = shown
        return found

    def looked_up(self, user_ids: Sequence[str]) -> Mapping[str, Account | RejectedError]:
        """As `users`; in the place of one who may not be looked at, why."""
        wanted = list(dict.fromkeys(user_ids))
        found: dict[str, Account | RejectedError] = {}
        if len(wanted) > 1:
            for start in range(0, len(wanted), _BATCH):
                found.update(self._batch(wanted[start : start + _BATCH]))
        for user_id in wanted:
            # The batch leaves people out (whether also the resigned is not documented), so ask for each by name.
            if user_id in found:
                continue
            try:
                account = self.user(user_id)
            except RejectedError as error:
                found[user_id] = error
            else:
                found.update({user_id: account} if account is not None else {})
        return found

    def ids_by_contact(self, mobile: str | None, email: str | None) -> Sequence[str]:
        """The ids of users in service with this mobile number or e-mail address."""
        asked = {"mobiles": [mobile] if mobile else [], "emails": [email] if email else []}
        if not mobile and not email:
            return ()
        answer = self._api.ask(
            "/contact/v3/users/batch_get_id", self.id_types[:1], {**asked, "include_resigned": False}
        )
        listed = answer.data.get("user_list") or []
        return tuple(dict.fromkeys(str(entry["user_id"]) for entry in listed if entry.get("user_id")))

    def everyone(self) -> Iterator[Account]:
        """Every user in every department, once. Those who have resigned are in no department."""
        seen: set[str] = set()
        for department in self._departments():
            for user in self._members(department):
                account = self.account_of(user)
                if account.external_id not in seen:
                    seen.add(account.external_id)
                    yield account

    def sample(self) -> Sequence[Mapping[str, Any]]:
        """Some users as Feishu gives them, to see which fields the app may read."""
        for department in self._departments():
            users = list(islice(self._members(department), _BATCH))
            if users:
                return users
        return ()

    def _batch(self, user_ids: Sequence[str]) -> Mapping[str, Account]:
        answer = self._api.read(
            "/contact/v3/users/batch",
            (*self.id_types, *(("user_ids", user_id) for user_id in user_ids)),
            Verdict.REFUSED,
        )
        if answer.verdict is not Verdict.DONE:  # the whole list is refused for one id: unknown, or not to be seen
            return {}
        accounts = [self.account_of(user) for user in answer.data.get("items") or []]
        found = {account.external_id: account for account in accounts}
        if len(found) != len(accounts) or not found.keys() <= set(user_ids):
            raise HaltError(
                f"Feishu gave users nobody asked for (log id {answer.log_id})",
                code="garbled_page",
                remedy="ask Feishu support with the log id",
            )
        return found

    def _members(self, department: str) -> Iterator[Mapping[str, Any]]:
        return self._api.items("/contact/v3/users/find_by_department", (*self.id_types, ("department_id", department)))

    def _departments(self) -> Iterator[str]:
        kind = dict(self.id_types)["department_id_type"]
        yield _ROOT
        children = self._api.items(
            f"/contact/v3/departments/{_ROOT}/children", (*self.id_types, ("fetch_child", "true"))
        )
        for department in children:
            if not department.get(kind):
                raise HaltError(
                    f"a department of Feishu has no {kind}",
                    code="garbled_department",
                    remedy="grant the scope contact:department.base:readonly, then publish the app",
                )
            yield str(department[kind])

    def account_of(self, user: object) -> Account:
        """A user as an account. Raises `HaltError` for what cannot be read as one."""
        try:
            return account_of(user, self._zone)  # type: ignore[arg-type]  # judged by what comes of it
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            raise HaltError(
                f"a user of Feishu cannot be read ({type(error).__name__})",
                code="garbled_user",
                remedy="grant the field scopes listed in the README (contact:user.employee_id:readonly first)",
            ) from None
