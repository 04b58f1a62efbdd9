"""What would keep a Feishu user from being removed, or take their resources from the company.

What somebody owns of documents, calendars, tasks and chats Feishu shows to no app by person: it is `BY_HAND`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from baton.sdk import AccountRef, AccountState, Blocker, HoldingKind, HoldingRef
from connectors.oa.feishu.approvals import Approvals
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.directory import Directory, is_theirs, user_path
from connectors.oa.feishu.open_api import OpenApi

_OUT_OF_RANGE: Final = frozenset({40004, 41050})
_RANGE: Final = (
    "developer console → the app → permissions → data permissions → contact range (通讯录权限范围): "
    "add all departments of this person, then publish"
)
BY_HAND: Final = (
    Blocker(
        "documents",
        "documents, minutes and surveys that the leaver owns (Feishu lists them to no app by person)",
        "the leaver gives what colleagues need to a new owner before the last day (转移所有权); what is left goes with "
        "the removal to docs_acceptor, minutes_acceptor and survey_acceptor: see that these are the right people",
        HoldingRef(HoldingKind.DOCUMENT, "documents"),
    ),
    Blocker(
        "calendars",
        "calendars and meetings that the leaver organises (Feishu lists them to no app by person)",
        "the leaver passes on shared calendars and meetings that go on before the last day; what is left goes with the "
        "removal to calendar_acceptor: see that this is the right person",
        HoldingRef(HoldingKind.CALENDAR, "calendars"),
    ),
    Blocker(
        "tasks",
        "tasks that the leaver has to do or has given to others (Feishu lists them to no app by person)",
        "the leaver gives open tasks to somebody else in Feishu Tasks (任务) before the last day: no acceptor of the "
        "removal takes them over",
        HoldingRef(HoldingKind.TASK, "tasks"),
    ),
    Blocker(
        "chats",
        "chats that the leaver owns (Feishu shows an app only those that its bot is in)",
        "the leaver makes somebody else the owner in each chat's settings (转让群主); what is left goes with the "
        "removal to department_chat_acceptor and external_chat_acceptor: see that these are the right people",
        HoldingRef(HoldingKind.GROUP, "chats"),
    ),
)
"""Tasks for a person, whoever leaves: the removal moves all of it but tasks, and asks nobody whether they want it."""


class Blockers:
    """Asks Feishu beforehand. Feishu itself tells only when the removal is tried."""

    def __init__(self, api: OpenApi, directory: Directory, approvals: Approvals, fallback: str | None) -> None:
        self._api = api
        self._directory = directory
        self._approvals = approvals
        self._fallback = fallback

    def of(self, user_id: str, person: AccountRef) -> Iterator[Blocker]:
        """What stands in the way for this user; nothing for somebody who has no account, or has resigned."""
        answer = self._api.call("GET", user_path(user_id), self._directory.id_types)
        if answer.code in _OUT_OF_RANGE:
            yield Blocker("out_of_range", "the app may not see this person, so it cannot remove them", _RANGE)
            return
        user = self._api.expected(answer).data.get("user")
        if answer.verdict is not Verdict.DONE or not isinstance(user, dict):
            return
        if (user.get("status") or {}).get("is_resigned") or not is_theirs(user.get("employee_no") or None, person):
            return
        yield from _administrator(user)
        yield from self._acceptors(user)
        yield from self._departments(user)
        yield from self._waiting(user_id)

    def _acceptors(self, user: Mapping[str, Any]) -> Iterator[Blocker]:
        """Without a successor, the fallback takes over; without that, the manager; without one, things are deleted."""
        if self._fallback is not None and not self._in_service(self._fallback):
            yield Blocker(
                "fallback_acceptor_gone",
                "the user who takes over when no successor is named does not work here (any more)",
                "set fallback_acceptor_user_id to the user id of someone who works here",
            )
        leader = user.get("leader_user_id")
        if self._fallback is None and not (leader and self._in_service(str(leader))):
            yield Blocker(
                "no_acceptor",
                "no manager and no fallback acceptor: without a named successor Feishu would delete calendars and "
                "surveys, and the removal is refused",
                "name a successor with a Feishu account, enter a manager (直属上级), or set fallback_acceptor_user_id",
            )

    def _departments(self, user: Mapping[str, Any]) -> Iterator[Blocker]:
        """The app's contact range must hold every department of the person."""
        for department in user.get("department_ids") or ():
            path = f"/contact/v3/departments/{department}"
            if str(department) != "0" and self._api.call("GET", path, self._directory.id_types).code in _OUT_OF_RANGE:
                ref = HoldingRef(HoldingKind.OTHER, f"department/{department}")
                yield Blocker(
                    "department_out_of_range", f"department {department} is not in the app's range", _RANGE, ref
                )

    def _waiting(self, user_id: str) -> Iterator[Blocker]:
        count = self._approvals.count(user_id)
        if count:
            yield Blocker(
                "approvals_waiting",
                f"{count} approvals wait for this person; a removal does not move them",
                "pass them on first (they are items of the checklist), then remove the account",
            )

    def _in_service(self, user_id: str) -> bool:
        account = self._directory.user(user_id)
        return account is not None and account.state is not AccountState.REMOVED


def _administrator(user: Mapping[str, Any]) -> Iterator[Blocker]:
    if user.get("is_tenant_manager") is True:
        yield Blocker(
            "tenant_manager",
            "an administrator of the tenant cannot be removed (44037)",
            "admin console → enterprise settings → administrator permissions (管理员权限): take the role away",
        )
    elif "is_tenant_manager" not in user:
        yield Blocker(
            "administrator_unknown",
            "Feishu does not tell whether this person is an administrator, who could not be removed (44037)",
            "grant contact:user.employee:readonly and publish the app",
        )
