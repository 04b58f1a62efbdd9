"""One approval as Feishu shows it: its tasks, and which of them a step has come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

import orjson

from baton.sdk import HaltError, Scalar
from connectors.oa.feishu.open_api import records

_PENDING: Final = "PENDING"
_TRANSFERRED: Final = "TRANSFERRED"
_FINISHED: Final = frozenset({"APPROVED", "REJECTED", "DONE"})
_FIGURES: Final = frozenset({"amount", "number", "formula"})
"""Form controls whose values a successor should know; others may hold anything (and links that expire)."""

_APART_MS: Final = 60_000
"""How far the end of a task and the start of the one it became may lie apart (Feishu does not say)."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of an approval, in Feishu's words. Times are milliseconds since 1970."""

    id: str
    user_id: str
    status: str
    node_id: str
    node_name: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Instance:
    """One approval. ``receivers`` says to whom a task was passed, as far as the timeline tells."""

    code: str
    approval_code: str
    serial_number: str
    form: str
    tasks: Mapping[str, Task]
    receivers: Mapping[str, str]

    @classmethod
    def read(cls, data: Mapping[str, Any], code: str) -> Self:
        """From the data of ``instances/:id``. Raises `HaltError` for what is none."""
        tasks = {task.id: task for task in map(_task, records(data, "task_list"))}
        receivers = {}
        for event in records(data, "timeline"):
            if event.get("type") == "TRANSFER" and event.get("task_id"):
                receivers[str(event["task_id"])] = _receiver(event)
        return cls(
            code=str(data.get("instance_code") or code),
            approval_code=str(data.get("approval_code") or ""),
            serial_number=str(data.get("serial_number") or ""),
            form=str(data.get("form") or ""),
            tasks=tasks,
            receivers={task_id: user_id for task_id, user_id in receivers.items() if user_id},
        )

    def has(self, task_id: str) -> bool:
        """Whether this is a task of the approval."""
        return task_id in self.tasks

    def waiting(self, task_id: str) -> Task | None:
        """The task that a step has come to; None when the step is finished.

        Raises `HaltError` when a passed-on step cannot be told from another, or for a status nobody knows.
        """
        task = self.tasks.get(task_id)
        for _ in range(len(self.tasks)):
            if task is None or task.status in _FINISHED:
                return None
            if task.status == _PENDING:
                return task
            task = self._next(task)
        return None

    def first(self, task_id: str) -> str:
        """The id of the task from which a step was passed on until it came to this one."""
        before: dict[str, str] = {}
        for task in self.tasks.values():
            after = self._followers(task) if task.status == _TRANSFERRED else []
            if len(after) == 1:
                before[after[0].id] = task.id
        seen = {task_id}
        while (earlier := before.get(task_id)) is not None and earlier not in seen:
            seen.add(earlier)
            task_id = earlier
        return task_id

    def _next(self, task: Task) -> Task:
        """The task made when this one was passed on."""
        if task.status != _TRANSFERRED:
            raise HaltError(
                f"Feishu shows a task of an approval as {task.status[:20]!r}, which this connector does not know",
                code="unknown_task_status",
                remedy="look the status up in Feishu's documentation and have it added to approval_steps.py",
            )
        after = self._followers(task)
        if len(after) != 1:
            raise HaltError(
                "it cannot be told to whom a step of an approval was passed",
                code="ambiguous_transfer",
                remedy=f"look at approval {self.serial_number or self.code} in Feishu and settle the item by hand",
            )
        return after[0]

    def _followers(self, task: Task) -> list[Task]:
        """The tasks that may have been made when this one was passed on: more than one when they cannot be told apart.

        In the same node, begun after this one and within a minute of its end, and for whom the timeline says.
        """
        receiver = self.receivers.get(task.id)
        near = {
            other.id: abs(other.start_ms - task.end_ms)
            for other in self.tasks.values()
            if other.node_id == task.node_id and other.start_ms > task.start_ms and receiver in (None, other.user_id)
        }
        nearest = min(near.values(), default=_APART_MS + 1)
        return [self.tasks[one] for one, apart in near.items() if apart == nearest <= _APART_MS]


def facts(instance: Instance, task: Task) -> tuple[dict[str, Scalar], Decimal | None]:
    """What a successor should know, and the amount when the form has exactly one."""
    known: dict[str, Scalar] = {"serial_number": instance.serial_number, "node": task.node_name}
    amounts = []
    for control in _controls(instance.form):
        value = _decimal(control.get("value")) if control.get("type") in _FIGURES else None
        if value is None:
            continue
        known[f"form: {control.get('name') or control.get('id')}"] = value
        if control.get("type") == "amount":
            amounts.append(value)
    return known, amounts[0] if len(amounts) == 1 else None


def _task(found: Mapping[str, Any]) -> Task:
    return Task(
        id=str(found.get("id") or ""),
        user_id=str(found.get("user_id") or ""),
        status=str(found.get("status") or ""),
        node_id=str(found.get("node_id") or ""),
        node_name=str(found.get("node_name") or ""),
        start_ms=_milliseconds(found.get("start_time")),
        end_ms=_milliseconds(found.get("end_time")),
    )


def _milliseconds(value: object) -> int:
    """Feishu writes times as text of digits; 0 where there is none."""
    text = str(value or "0")
    if not (text.isascii() and text.isdigit()):
        raise HaltError("a time in an approval of Feishu is not a number", code="garbled_approval", remedy="report it")
    return int(text)


def _receiver(event: Mapping[str, Any]) -> str:
    """Whom a TRANSFER of the timeline names: one user in ``ext``, which is JSON in a text."""
    try:
        extra = orjson.loads(str(event.get("ext") or "{}"))
    except ValueError:
        return ""
    named = extra.get("user_id_list") if isinstance(extra, dict) else None
    if not named and isinstance(extra, dict):
        named = [extra.get("user_id")]
    return str(named[0] or "") if isinstance(named, list) and len(named) == 1 else ""


def _controls(form: str) -> list[Mapping[str, Any]]:
    try:
        found = orjson.loads(form or "[]")
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
