"""A company with a roster file as its HR system: what planning is measured on."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from baton.clock import SystemClock
from baton.mapping.load import load_mapping
from baton.settings import HubSettings
from baton.settings_shape import GatePart, WindowLimit
from connectors.hr.file_export.connector import FileExportSettings
from tests.rig.company import Company
from tests.rig.targets import UpsertTarget

ROOT = Path(__file__).resolve().parents[2]
MAPPING = ROOT / "mappings" / "sync" / "hr_file_export--employee.yaml"
HEAD = (
    "工号", "姓名", "部门编码", "岗位", "员工状态", "直属上级工号", "入职日期", "最后工作日", "合同终止日", "发薪截止日",
    "手机", "工作邮箱", "时区", "职级", "用工类型", "工作地点", "成本中心", "生效日期", "证件号码", "开户名", "银行账号",
    "联行号", "开户行",
)  # fmt: skip
WIDE_OPEN = WindowLimit(share="100%", at_least=1_000_000, at_most=1_000_000)


class Wide(UpsertTarget):
    """Takes many at once, so that the bench does not measure a target."""

    batch_limit = 1000


def person(number: int, position: str = "客户经理") -> dict[str, str]:
    return {
        "工号": f"{number:06d}",
        "姓名": f"测试{'甲乙丙丁䶮'[number % 5]}{number}",
        "部门编码": f"D{number % 40:02d}",
        "岗位": position,
        "员工状态": "在职",
        "直属上级工号": f"{number // 20:06d}" if number >= 20 else "",
        "入职日期": "2020-01-01",
        "手机": f"138{number:08d}",
        "工作邮箱": f"p{number}@example.com",
        "时区": "Asia/Shanghai",
        "用工类型": "正式",
        "银行账号": f"62220000{number:08d}",
    }


def write_roster(path: Path, people: int, changed: frozenset[int] = frozenset()) -> None:
    """A roster as an HR system exports it; those in ``changed`` have a new position."""
    write_rows(path, (person(number, "经理" if number in changed else "客户经理") for number in range(1, people + 1)))


def write_rows(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """A roster file with these lines."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEAD, restval="")
        writer.writeheader()
        writer.writerows(rows)


class RosterCompany(Company):
    """The rig with a real roster file as its HR system."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.roster = self.folder / "roster.csv"
        self.mappings["hr"] = load_mapping(MAPPING, source_fields=None, target_fields=None)

    @property
    def database_file(self) -> Path:
        """Where SQLite keeps it all."""
        return Path(self.url.removeprefix("sqlite:///"))

    def settings(self) -> HubSettings:
        settings = super().settings()
        source = replace(
            settings.systems["hr"],
            connector="hr/file_export",
            settings=FileExportSettings(path=self.roster, settle_s=0),
            mapping=MAPPING,
        )
        return replace(settings, systems={**settings.systems, "hr": source})


def roster_company(folder: Path) -> RosterCompany:
    """One target, a gate that lets everything through, SQLite."""
    return RosterCompany(
        folder,
        f"sqlite:///{folder}/baton.sqlite3",
        SystemClock(),
        {"crm": Wide},
        gate=GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN),
        threads=2,
        waits_for_disk=True,
        chance=random.SystemRandom(),  # processes that start in the same second give their runs other names
    )
