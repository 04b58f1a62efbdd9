"""A small hub for the tasks to open: roster file, CRM simulator behind real HTTP, keys, systems.yaml."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from baton.audit.checkpoint import Signer
from baton.hub import Hub
from baton.sandbox.server import SandboxServer, serve
from baton.settings import load
from baton.store.personal import Keyring
from baton.store.runs import Run
from connectors.crm.salesforce.simulator import Simulator
from connectors.oa.feishu.simulator import Simulator as Feishu
from tests.rig.schema import lay_out_state

ROOT = Path(__file__).parents[2]
HEADINGS = (
    *(
        "工号",
        "姓名",
        "员工状态",
        "时区",
        "部门编码",
        "成本中心",
        "工作地点",
        "岗位",
        "职级",
        "用工类型",
        "直属上级工号",
    ),
    *("生效日期", "入职日期", "最后工作日", "合同终止日", "发薪截止日", "工作邮箱", "手机", "证件号码"),
    *("开户名", "银行账号", "联行号", "开户行"),
)
SYSTEMS = """\
hub:
  state_dir: state
sources:
  guards: {{unreadable_share: 30%}}
gate:
  run: {{share: 20%, at_least: 2, at_most: 3}}
  day: {{share: 50%, at_least: 50, at_most: 50}}
  week: {{share: 50%, at_least: 50, at_most: 50}}
systems:
  hr:
    connector: hr/file_export
    mapping: {root}/mappings/sync/hr_file_export--employee.yaml
    settings: {{path: roster.csv, settle_s: "0"}}
  crm:
    connector: crm/salesforce
    mapping: {root}/mappings/sync/employee--crm_salesforce.yaml
    allow_private: yes
    threads: 1
    airflow_connection: crm_default
    settings: {{login_url: "{url}", instance_url: "{url}"}}
  oa:
    connector: oa/feishu
    enabled: {with_oa}
    mapping: {root}/mappings/sync/employee--oa_feishu.yaml
    allow_private: yes
    airflow_connection: oa_default
    settings: {{base_url: "{url}", app_id: {app_id}}}
"""


def person(n: int, **more: str) -> dict[str, str]:
    """A synthetic employee; ``more`` replaces columns."""
    return {
        "工号": f"{n:04d}",
        "姓名": "测试甲",
        "员工状态": "在职",
        "部门编码": "D01",
        "岗位": "客户经理",
        "入职日期": "2023-03-01",
        "工作邮箱": f"p{n}@example.com",
        "手机": f"1380000{n:04d}",
        "证件号码": "",
        "开户名": "",
        "银行账号": "",
        "用工类型": "正式",
        **more,
    }


@dataclass
class Installation:
    """A hub's files and the other side it talks to."""

    folder: Path
    crm: Simulator
    oa: Feishu
    server: SandboxServer
    people: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[Installation]:
        with serve({"crm": Simulator, "oa": Feishu}) as server:
            crm, oa = server.simulators["crm"], server.simulators["oa"]
            started = cls(folder, crm, oa, server)
            lay_out_state(folder)
            started.configure()
            started.keep_secrets("crm", crm.secrets)
            started.keep_secrets("oa", oa.secrets)
            started.keep_secrets(
                "hub",
                {"keyring": Keyring.generate().to_text(), "audit_key": Signer.generate("tests/audit").secret_text},
            )
            started.hand_in([person(n) for n in range(1, 9)])
            yield started

    @property
    def systems_file(self) -> Path:
        return self.folder / "systems.yaml"

    def configure(self, with_oa: str = "no") -> None:
        text = SYSTEMS.format(root=ROOT, url=self.server.base_url, with_oa=with_oa, app_id=self.oa.settings["app_id"])
        self.systems_file.write_text(text, encoding="utf-8")

    def keep_secrets(self, system: str, values: Mapping[str, str]) -> None:
        place = self.folder / "secrets" / system
        place.mkdir(parents=True, exist_ok=True)
        for name, value in values.items():
            (place / name).write_text(value, encoding="utf-8")
            (place / name).chmod(0o600)

    def forget_secrets(self, system: str) -> None:
        for file in (self.folder / "secrets" / system).iterdir():
            file.unlink()

    def hand_in(self, people: Sequence[Mapping[str, str]], *, hours_old: float = 0) -> None:
        """Write the roster as HR would."""
        self.people = [dict(row) for row in people]
        place = self.folder / "roster.csv"
        with place.open("w", encoding="gb18030", newline="") as file:
            writer = csv.DictWriter(file, HEADINGS, restval="")
            writer.writeheader()
            writer.writerows(people)
        then = time.time() - hours_old * 3600 - 5
        os.utime(place, (then, then))

    def hand_in_leavers(self, numbers: Sequence[int]) -> None:
        """The same roster with these people gone."""
        gone = {f"{n:04d}" for n in numbers}
        leaving = {"员工状态": "离职", "最后工作日": "2026-01-31"}
        self.hand_in([{**row, **(leaving if row["工号"] in gone else {})} for row in self.people])

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        with Hub(load(self.systems_file)) as hub:
            yield hub

    def runs(self) -> list[Run]:
        """The hub's runs, newest first."""
        with self.hub() as hub, hub.database.read() as connection:
            return hub.runs.latest(connection)

    def accounts(self) -> dict[str, dict[str, Any]]:
        """The CRM's users by employee number, the hub's own left out."""
        with self.hub() as hub:
            found = list(hub.target("crm").scan())
        return {account.number: dict(account.fields) for account in found if account.number}
