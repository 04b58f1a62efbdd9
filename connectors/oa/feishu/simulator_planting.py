"""What a test or the sandbox may plant in a simulated Feishu tenant, and look at there, by other means than the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from connectors.oa.feishu.simulator_approvals import Approvals
from connectors.oa.feishu.simulator_office import Office
from connectors.oa.feishu.simulator_tenant import Tenant

_DAY_S = 86_400


class Planting:
    """People, approvals, groups, sessions and messages of the tenant."""

    tenant: Tenant
    approvals: Approvals
    office: Office
    holding_kinds: ClassVar[Sequence[str]] = ("approval",)

    def sample(self, n: int) -> Mapping[str, Any]:
        """Legal fields of the n-th person, under the connector's names."""
        return {
            "name": f"测试{n}䶮",
            "en_name": f"Test {n}",
            "mobile": f"138{n:08d}",
            "email": f"test{n}@example.com",
            "employee_type": 1,
            "department_id": "D1",
            "job_title": "工程师",
            "city": "杭州",
            "join_time": date(2026, 1, 1 + n % 28),
        }

    def changed(self, n: int) -> Mapping[str, Any]:
        """A legal update of the n-th person."""
        return {"department_id": "D2", "job_title": "高级工程师", "city": f"上海{n}"}

    def seed(self, people: Iterable[Mapping[str, object]]) -> None:
        """Plant users. Keys are Feishu's own; ``user_id`` defaults to ``employee_no``, ``department_ids`` to D3.

        Besides them ``frozen: True`` and ``resigned: True`` set the status.
        """
        for person in people:
            given = {key: value for key, value in person.items() if key not in ("frozen", "resigned")}
            user = self.tenant.new_user({"department_ids": ["D3"], "employee_type": 1, **given})
            user["status"]["is_frozen"] = person.get("frozen") is True
            if person.get("resigned") is True:
                self.tenant.resign(user)

    def add_department(self, department_id: str, parent: str, name: str) -> None:
        """Plant a department; the root is ``0``."""
        opened = f"od-{department_id.lower()}"
        self.tenant.departments[department_id] = {
            "department_id": department_id, "open_department_id": opened, "parent_department_id": parent, "name": name
        }  # fmt: skip

    def age_resigned(self, days: int) -> None:
        """Let time pass for everyone who has resigned."""
        for user in self.tenant.users.values():
            if "_resigned_at" in user:
                user["_resigned_at"] -= days * _DAY_S

    def user(self, user_id: str) -> Mapping[str, Any]:
        """A user as the tenant holds them."""
        return self.tenant.users[user_id]

    # --- handovers

    def seed_person(self, n: int) -> str:
        """Make sure the n-th person has an account; their user id."""
        number = f"{n:04d}"
        if number not in self.tenant.users:
            self.seed([{"employee_no": number, "name": f"测试{n}䶮", "mobile": f"137{n:08d}"}])
        return number

    def seed_holding(self, kind: str, n: int, holder: str) -> str:
        """Plant an approval that waits for this user: the code of its instance and the id of its first task."""
        if kind not in self.holding_kinds:
            raise ValueError(kind)
        return "/".join(self.approvals.seed(n, holder))

    def holder_of(self, kind: str, external_id: str) -> str | None:
        """For whom the approval waits now."""
        code, _, step = external_id.partition("/")
        task = self.approvals.waiting(code, step)
        return task["user_id"] if task else None

    def give_away(self, kind: str, external_id: str, holder: str) -> None:
        """Somebody passes the approval on in the Feishu client."""
        code, _, step = external_id.partition("/")
        task = self.approvals.waiting(code, step)
        if task is None:
            raise ValueError("this approval no longer waits for anybody")
        self.approvals.pass_on(code, task["id"], holder)

    def change_holding(self, kind: str, external_id: str) -> None:
        """The amount of the approval changes."""
        instance = self.approvals.instances[external_id.partition("/")[0]]
        form = json.loads(instance["form"])
        form[0]["value"] += 5000
        instance["form"] = json.dumps(form, ensure_ascii=False)

    def seed_grant(self, n: int, person: str) -> str:
        """Put the person into the n-th user group."""
        group_id = f"g{n:06d}"
        self.office.add_group(group_id, f"用户组{n}䶮")
        members = self.office.groups[group_id]["members"]
        members += [] if person in members else [person]
        return f"group/{group_id}"

    def granted(self, person: str) -> set[str]:
        """The user groups this person is in."""
        return {f"group/{one['id']}" for one in self.office.groups.values() if person in one["members"]}

    def log_in(self, person: str) -> None:
        """The person logs in on one more device."""
        self.office.sessions[person] = self.office.sessions.get(person, 0) + 1

    def logged_in(self, person: str) -> bool:
        """Whether the person has any session."""
        return self.office.sessions.get(person, 0) > 0

    def seed_blocker(self, n: int, person: str) -> None:
        """Make the person an administrator of the tenant, who cannot be removed."""
        self.tenant.users[person]["is_tenant_manager"] = True

    @property
    def outbox(self) -> Sequence[tuple[str, str, str]]:
        """The messages sent: user id, title, text (with the link)."""
        return self.office.outbox
