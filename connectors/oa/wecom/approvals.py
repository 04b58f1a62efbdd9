"""Approvals that wait for somebody. WeCom lists them for nobody and passes none on, so all pending ones are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from baton.sdk import AccountRef, Client, HaltError, Holding, HoldingKind, HoldingRef, Scalar
from connectors.oa.wecom.members import Directory
from connectors.oa.wecom.open_api import OpenApi

_WINDOW_S: Final = 30 * 86_400
"""A query spans 31 days at most."""
_PAGE: Final = 100
_PENDING: Final = 1
_BETWEEN_CALLS_S: Final = 0.1
"""Approval data may be asked for 600 times a minute, less than everything else."""
BY_HAND: Final = (
    "WeCom's interface passes no approval on: let the approver decide it or transfer it (转审) in the Approvals app "
    "before their account is closed"
)


class Approvals:
    """Reads approval forms with the app's secret, slowly."""

    def __init__(self, app: OpenApi, client: Client, directory: Directory, days: int) -> None:
        self._app = app
        self._clock = client.clock
        self._directory = directory
        self._days = days
        self._lock = threading.Lock()
        self._free_at = 0.0

    def waiting_for(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """The pending forms whose turn it is with this person, the newest windows first."""
        for page in self.waiting_for_any([person]):
            yield [each for _, each in page]

    def waiting_for_any(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of several people with whose turn it is: WeCom's list is the same however many are looked for."""
        userids = {userid.lower(): userid for userid in map(self._directory.known, people) if userid}
        if not userids:
            return
        seen: set[str] = set()
        for numbers in self._pending():
            fresh = [number for number in dict.fromkeys(numbers) if number not in seen]
            seen.update(fresh)
            forms = [self._form(number) for number in fresh]
            yield [(userids[one], _holding(form)) for form in forms for one in sorted(_turn(form) & userids.keys())]

    def _pending(self) -> Iterator[list[str]]:
        """The numbers of all pending forms handed in within the days set."""
        end = int(self._clock.now().timestamp())
        oldest = end - self._days * 86_400
        while end > oldest:
            start = max(end - _WINDOW_S, oldest)
            yield from self._window(start, end)
            end = start - 1

    def _window(self, start: int, end: int) -> Iterator[list[str]]:
        asked = {
            "starttime": str(start),
            "endtime": str(end),
            "size": _PAGE,
            "filters": [{"key": "sp_status", "value": str(_PENDING)}],
        }
        self._take_turn()
        for page in self._app.pages("oa/getapprovalinfo", {"new_cursor": "", **asked}, cursor=_CURSORS):
            numbers = page.body.get("sp_no_list") or []
            if not isinstance(numbers, list):
                raise HaltError("a page of WeCom has no list sp_no_list", code="garbled_page")
            yield [str(number) for number in numbers]
            self._take_turn()

    def _form(self, number: str) -> Mapping[str, Any]:
        self._take_turn()
        form = self._app.ask("oa/getapprovaldetail", {"sp_no": number}).body.get("info")
        if not isinstance(form, dict):
            raise HaltError("WeCom shows an approval without its content", code="garbled_page")
        return {**form, "sp_no": number}

    def _take_turn(self) -> None:
        with self._lock:
            wait_s = self._free_at - self._clock.monotonic()
            if wait_s > 0:
                self._clock.sleep(wait_s)
            self._free_at = self._clock.monotonic() + _BETWEEN_CALLS_S


_CURSORS: Final = ("new_cursor", "new_next_cursor")


def _turn(form: Mapping[str, Any]) -> set[str]:
    """Who has to decide now: the undecided approvers of the first node that is not through."""
    if form.get("sp_status") != _PENDING:
        return set()
    for node in form.get("sp_record") or []:
        if node.get("sp_status") == _PENDING:
            details = [detail for detail in node.get("details") or [] if detail.get("sp_status") == _PENDING]
            return {str((detail.get("approver") or {}).get("userid", "")).lower() for detail in details}
    return set()


def _holding(form: Mapping[str, Any]) -> Holding:
    number = str(form["sp_no"])
    handed_in = form.get("apply_time")
    facts: dict[str, Scalar] = {}
    if isinstance(handed_in, int):
        facts["handed_in"] = datetime.fromtimestamp(handed_in, UTC)
    applicant = (form.get("applyer") or {}).get("userid")
    if applicant:
        facts["applicant"] = str(applicant)
    title = f"{form.get('sp_name') or '审批'} {number}"
    return Holding(HoldingRef(HoldingKind.APPROVAL, number), title, facts, by_hand=BY_HAND)
