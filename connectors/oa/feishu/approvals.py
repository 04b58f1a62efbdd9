"""Approvals that wait for a person: found, followed through transfers, and passed on.

What somebody holds is a *step* of an approval, named ``<instance code>/<task id>`` by the first task Feishu made for
it. A transfer ends that task as TRANSFERRED and makes a new one for the successor in the same node, so a step is
followed from its first task to the one that waits now. That is how "passed on" is told from "finished".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from baton.sdk import (
    ConnectorError,
    HaltError,
    Holding,
    HoldingKind,
    HoldingRef,
    OwnershipStore,
    Receipt,
    RejectedError,
    RetryableError,
    Transfer,
)
from connectors.oa.feishu.approval_steps import Instance, facts
from connectors.oa.feishu.codes import Verdict
from connectors.oa.feishu.open_api import OpenApi, records
from connectors.oa.feishu.receipts import receipt
from connectors.oa.feishu.slow_lane import SlowLane

_WAITING: Final = "1"
_PAGE: Final = 200
_COUNTED_BELOW: Final = 999
"""From here on Feishu no longer counts."""
_IDS: Final = (("user_id_type", "user_id"),)
_LISTED: Final = "listed"
_THIRD_PARTY: Final = "a third-party approval: Feishu only shows it; pass it on in the system it comes from"
_UNREADABLE: Final = "Feishu's interface does not give this approval; pass it on in the Feishu client"
_CHANGED: Final = Receipt.refused(
    OwnershipStore.CHANGED, "this approval does not wait for the expected person (any more)"
)


class Approvals:
    """The pending approvals of people."""

    def __init__(self, api: OpenApi, lane: SlowLane) -> None:
        self._api = api
        self._lane = lane

    def pending(self, user_id: str) -> Iterator[Sequence[Holding]]:
        """The steps that wait for this user, page by page.

        Each costs one look at its instance, which names the step and says what it is about.
        """
        seen: set[str] = set()
        for tasks in self._tasks(user_id):
            held = [self._holding(task, user_id) for task in tasks]
            page = [one for one in held if one is not None and one.ref.external_id not in seen]
            seen.update(one.ref.external_id for one in page)
            yield page

    def count(self, user_id: str) -> int:
        """How many approvals wait for this user."""
        return sum(len(tasks) for tasks in self._tasks(user_id))

    def workers(self, refs: Sequence[HoldingRef]) -> list[str | None]:
        """Whom each step waits for now; None for one that is finished or gone."""
        read: dict[str, Instance | None] = {}
        waiting: dict[str, set[str]] = {}
        return [self._worker(ref.external_id, read, waiting) for ref in refs]

    def reassign(self, transfer: Transfer) -> Receipt:
        """Pass one step on, if it waits for the expected person, and read back that it is so.

        Not idempotent at Feishu, but the call names the task that waits now, and a passed one is not that any more.
        """
        code, _, first = transfer.ref.external_id.partition("/")
        if code == _LISTED:
            return Receipt.refused("by_hand", _UNREADABLE, remedy="a person has to pass it on")
        instance = self._instance(code)
        task = instance.waiting(first) if instance else None
        if instance is None or task is None:
            return _CHANGED
        if task.user_id == transfer.successor.external_id:
            return Receipt.done(transfer.ref.external_id, state="passed on before")
        if task.user_id != transfer.holder.external_id:
            return _CHANGED
        return self._transfer(transfer, instance, task.id)

    def _transfer(self, transfer: Transfer, instance: Instance, task_id: str) -> Receipt:
        ref = transfer.ref.external_id
        body = {
            "approval_code": instance.approval_code,
            "instance_code": instance.code,
            "user_id": transfer.holder.external_id,
            "task_id": task_id,
            "transfer_user_id": transfer.successor.external_id,
        }
        with self._lane.turn():
            answer = self._api.call("POST", "/approval/v4/tasks/transfer", _IDS, json=body)
        if answer.verdict is Verdict.GONE:
            return _CHANGED
        if answer.verdict is not Verdict.DONE:
            return receipt(answer, ref)
        try:
            (now,) = self.workers([transfer.ref])
        except ConnectorError as error:  # whatever it says, it says of the reading: the transfer was taken
            return Receipt.in_doubt("not_read_back", error.message, log_id=answer.log_id)
        if now == transfer.successor.external_id:
            return Receipt.done(ref, log_id=answer.log_id)
        return Receipt.in_doubt("not_confirmed", "Feishu took the transfer but does not show it", log_id=answer.log_id)

    def _tasks(self, user_id: str) -> Iterator[list[Mapping[str, object]]]:
        """Pages of to-do tasks; raises `RetryableError` when the list changed between the pages."""
        params = (*_IDS, ("user_id", user_id), ("topic", _WAITING))
        total, read = None, 0
        for number, data in enumerate(self._api.pages("/approval/v4/tasks/query", params, size=_PAGE)):
            if number == 0:
                total = _total(data.get("count"))
            tasks = records(data, "tasks")
            read += len(tasks)
            yield [dict(task) for task in tasks]
            if number and not data.get("has_more") and isinstance(total, int) and read != total < _COUNTED_BELOW:
                raise RetryableError("the list of approvals changed while it was read", code="list_changed")

    def _holding(self, task: Mapping[str, object], user_id: str) -> Holding | None:
        """The step behind a listed task; None when it is no longer this user's."""
        title, task_id = str(task.get("title") or ""), str(task.get("task_id") or "")
        listed = HoldingRef(HoldingKind.APPROVAL, f"{_LISTED}/{user_id}/{task_id}")
        kind = {"definition": str(task.get("definition_name") or "")}
        if task.get("process_external_id"):
            return Holding(listed, title, kind, by_hand=_THIRD_PARTY)
        try:
            instance = self._instance(str(task.get("process_code") or ""))
        except RejectedError:
            instance = None
        if instance is None or not instance.has(task_id):
            return Holding(listed, title, kind, by_hand=_UNREADABLE)
        first = instance.first(task_id)
        now = instance.waiting(first)
        if now is None or now.user_id != user_id:
            return None
        known, amount = facts(instance, now)
        return Holding(
            HoldingRef(HoldingKind.APPROVAL, f"{instance.code}/{first}"), title, {**kind, **known}, amount=amount
        )

    def _worker(self, external_id: str, read: dict[str, Instance | None], waiting: dict[str, set[str]]) -> str | None:
        code, _, first = external_id.partition("/")
        if code == _LISTED:
            user_id, _, task_id = first.rpartition("/")
            if user_id not in waiting:
                waiting[user_id] = {str(task.get("task_id")) for page in self._tasks(user_id) for task in page}
            return user_id if task_id in waiting[user_id] else None
        if code not in read:
            read[code] = self._instance(code)
        instance = read[code]
        task = instance.waiting(first) if instance else None
        return task.user_id if task else None

    def _instance(self, code: str) -> Instance | None:
        """An approval as it stands; None when there is none. Raises `RejectedError` when the app may not see it."""
        answer = self._api.call("GET", f"/approval/v4/instances/{quote(code, safe='')}", _IDS)
        if answer.verdict is Verdict.DONE:
            return Instance.read(answer.data, code)
        if answer.verdict is Verdict.GONE:
            return None
        raise RejectedError(answer.meaning.message, code=f"feishu_{answer.code}", remedy=answer.meaning.remedy)


def _total(count: object) -> object:
    """How many tasks the first page counts; None where it does not say. Raises `HaltError` for what is no count."""
    if not count:
        return None
    if not isinstance(count, dict):
        raise HaltError("a page of Feishu has no count in it", code="garbled_page", remedy="ask Feishu support")
    return count.get("total")
