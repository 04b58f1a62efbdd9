"""The approvals of a simulated tenant (approval v4), written from Feishu's pages on tasks and instances.

Feishu does not document what becomes of the times and the timeline of a passed-on task in detail. Chosen here: the old
task ends in the very moment the new one begins, and the timeline's TRANSFER names the old task.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.oa.feishu.simulator_tenant import Kinds, RefusalError, Tenant, resigned


class Approvals:
    """Instances by code. A task keeps which step it belongs to (``_step``): the id of the step's first task."""

    def __init__(self, tenant: Tenant, now: Callable[[], float]) -> None:
        self._tenant = tenant
        self._now = now
        self._serial = 0
        self._last_ms = 0
        self.instances: dict[str, dict[str, Any]] = {}
        self.third_party: list[dict[str, Any]] = []
        """Tasks that another system put into Feishu's approval centre, as tasks/query gives them."""

    # --- planting

    def seed(self, n: int, holder: str, *, title: str = "", nodes: int = 1) -> tuple[str, str]:
        """An approval whose ``nodes`` parallel nodes all wait for this user: its code, and the first task's id."""
        self._serial += 1
        code = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{n}/{self._serial}")).upper()
        form = [{"id": "w1", "name": "金额", "type": "amount", "value": 1000 + n}]
        self.instances[code] = {
            "approval_name": title or f"报销申请{n}䶮",
            "approval_code": "7C468A54-8745-2245-9675-08B7C63E7A85",
            "instance_code": code,
            "serial_number": f"2026{self._serial:08d}",
            "status": "PENDING",
            "form": json.dumps(form, ensure_ascii=False),
            "user_id": holder,
            "start_time": str(self._tick()),
            "end_time": "0",
            "task_list": [],
            "timeline": [],
            "comment_list": [],
        }
        tasks = [self._new_task(code, holder, f"node-{number}") for number in range(nodes)]
        return code, tasks[0]["id"]

    def seed_third_party(self, n: int, holder: str) -> str:
        """A task of another system's approval, which Feishu only shows; its task id."""
        task_id = f"7{n:012d}"
        self.third_party.append({**self._listed("采购系统", task_id, holder), "process_external_id": f"ext-{n}"})
        return task_id

    def decide(self, code: str, task_id: str, status: str = "APPROVED") -> None:
        """The person a task waits for approves or rejects it; with no task waiting, the approval ends."""
        instance = self.instances[code]
        task = self.task(code, task_id)
        task["status"], task["end_time"] = status, str(self._tick())
        if all(one["status"] != "PENDING" for one in instance["task_list"]):
            instance["status"], instance["end_time"] = status, task["end_time"]

    def waiting(self, code: str, step: str) -> dict[str, Any] | None:
        """The task at which a step waits now."""
        tasks = self.instances[code]["task_list"] if code in self.instances else []
        return next((one for one in tasks if one["_step"] == step and one["status"] == "PENDING"), None)

    def pass_on(self, code: str, task_id: str, taker: str) -> dict[str, Any]:
        """Somebody passes a waiting task to another user; the new task."""
        old = self.task(code, task_id)
        new = self._new_task(code, taker, old["node_id"], step=old["_step"])
        old["status"], old["end_time"] = "TRANSFERRED", new["start_time"]
        open_id = self._tenant.users[taker]["open_id"]
        extra = {"user_id_list": [taker], "open_id_list": [open_id]}
        event = {"type": "TRANSFER", "create_time": new["start_time"], "user_id": old["user_id"], "task_id": task_id}
        self.instances[code]["timeline"].append({**event, "ext": json.dumps(extra)})
        return new

    def task(self, code: str, task_id: str) -> dict[str, Any]:
        """One task of an approval."""
        found: dict[str, Any] = next(one for one in self.instances[code]["task_list"] if one["id"] == task_id)
        return found

    # --- the API

    def query(self, kinds: Kinds, params: Mapping[str, str]) -> dict[str, Any]:
        """GET tasks/query: ids are strings, the count stands on the first page only."""
        size, start = int(params.get("page_size", "100")), int(params.get("page_token") or "0")
        user = self._tenant.lookup(kinds, params.get("user_id", ""))
        if user is None or params.get("topic") not in ("1", "2", "3", "17", "18") or not 1 <= size <= 200:
            raise RefusalError(400, 1390001, "param is invalid")
        found = list(self._of(user)) if params["topic"] == "1" else []
        page: dict[str, Any] = {"tasks": found[start : start + size], "has_more": start + size < len(found)}
        if page["has_more"]:
            page["page_token"] = str(start + size)
        if start == 0:
            page["count"] = {"total": min(len(found), 999), "has_more": len(found) >= 1000}
        return page

    def shown(self, code: str) -> dict[str, Any]:
        """GET instances/:id."""
        if code not in self.instances:
            raise RefusalError(400, 1390003, "instance code not found")
        instance = self.instances[code]
        tasks = [{key: value for key, value in task.items() if key != "_step"} for task in instance["task_list"]]
        return {**instance, "task_list": tasks, "open_id": self._open_id(instance["user_id"])}

    def transfer(self, kinds: Kinds, body: Mapping[str, Any]) -> tuple[str, str]:
        """POST tasks/transfer: the instance and the id of the task it made."""
        needed = ("approval_code", "instance_code", "user_id", "task_id", "transfer_user_id")
        if not all(isinstance(body.get(name), str) and body[name] for name in needed):
            raise RefusalError(400, 1390001, "param is invalid")
        instance = self.instances.get(body["instance_code"])
        if instance is None:
            raise RefusalError(400, 1390003, "instance code not found")
        if instance["approval_code"] != body["approval_code"]:
            raise RefusalError(400, 1390002, "approval code not found")
        holder, taker = (self._tenant.lookup(kinds, body[name]) for name in ("user_id", "transfer_user_id"))
        if holder is None or taker is None or resigned(taker):
            raise RefusalError(400, 1390001, "param is invalid")
        here = [one for one in instance["task_list"] if one["id"] == body["task_id"] and one["status"] == "PENDING"]
        if not here or here[0]["user_id"] != holder["user_id"]:
            raise RefusalError(400, 1390010, "task not found")
        new = self.pass_on(body["instance_code"], body["task_id"], taker["user_id"])
        return body["instance_code"], new["id"]

    def _of(self, user: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for code, instance in self.instances.items():
            for task in instance["task_list"]:
                if task["status"] == "PENDING" and task["user_id"] == user["user_id"]:
                    listed = self._listed(instance["approval_name"], task["id"], user["user_id"])
                    yield {**listed, "definition_code": instance["approval_code"], "process_code": code}
        yield from (task for task in self.third_party if task["user_id"] == user["user_id"])

    def _listed(self, title: str, task_id: str, user_id: str) -> dict[str, Any]:
        about = {"definition_name": title, "definition_code": "EXT", "process_code": "EXT"}
        state = {"topic": "1", "status": "1", "process_status": "1", "initiator_names": ["测试申请人"]}
        return {"title": title, "task_id": task_id, "process_id": f"1{task_id}", "user_id": user_id, **about, **state}

    def _new_task(self, code: str, user_id: str, node: str, *, step: str = "") -> dict[str, Any]:
        start = self._tick()
        task = {
            "id": str(7_000_000_000_000 + start % 1_000_000_000_000),
            "user_id": user_id,
            "open_id": self._open_id(user_id),
            "status": "PENDING",
            "node_id": node,
            "node_name": "经理审批",
            "type": "AND",
            "start_time": str(start),
            "end_time": "0",
        }
        task["_step"] = step or task["id"]
        self.instances[code]["task_list"].append(task)
        return task

    def _open_id(self, user_id: str) -> str:
        return str(self._tenant.users.get(user_id, {}).get("open_id", ""))

    def _tick(self) -> int:
        """Milliseconds that never repeat."""
        self._last_ms = max(self._last_ms + 1, int(self._now() * 1000))
        return self._last_ms
