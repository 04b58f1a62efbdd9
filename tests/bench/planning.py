"""Planning a large feed, against merely parsing the same file with the fastest reader there is."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import xlsxwriter

from baton.clock import SystemClock
from baton.hub import Hub
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync
from baton.mapping.load import load_mapping
from baton.settings import HubSettings
from baton.settings_shape import GatePart, WindowLimit
from baton.store.runs import Run
from connectors.hr.file_export.connector import FileExportSettings
from tests.bench.figures import Figure, Line, median, timed
from tests.bench.migration.bars import AtMost, Unknown
from tests.bench.migration.environment import PEERS, NoPeersError, peers_python
from tests.bench.migration.measure import measure
from tests.rig.company import Company
from tests.rig.targets import UpsertTarget

ROOT = Path(__file__).resolve().parents[2]
MAPPING = ROOT / "mappings" / "sync" / "hr_file_export--employee.yaml"
HEAD = (
    "工号", "姓名", "部门编码", "岗位", "员工状态", "直属上级工号", "入职日期", "最后工作日", "合同终止日", "发薪截止日",
    "手机", "工作邮箱", "时区", "职级", "用工类型", "工作地点", "成本中心", "生效日期", "证件号码", "开户名", "银行账号",
    "联行号", "开户行",
)  # fmt: skip
PARSING = 3.0
"""The bar: times merely parsing the file."""
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

    def settings(self) -> HubSettings:
        settings = super().settings()
        source = replace(
            settings.systems["hr"],
            connector="hr/file_export",
            settings=FileExportSettings(path=self.roster, settle_s=0),
            mapping=MAPPING,
        )
        return replace(settings, systems={**settings.systems, "hr": source})

    def to_workbook(self) -> None:
        """From now on the same roster comes as XLSX."""
        book = self.roster.with_suffix(".xlsx")
        with self.roster.open(encoding="utf-8", newline="") as file, xlsxwriter.Workbook(book) as made:
            sheet = made.add_worksheet()
            for place, line in enumerate(csv.reader(file)):
                sheet.write_row(place, 0, line)
        self.roster = book


def figures(folder: Path, people: int) -> Iterator[Line]:
    """First feed, the same feed again, and a feed with 1 % news."""
    company = RosterCompany(
        folder,
        f"sqlite:///{folder}/baton.sqlite3",
        SystemClock(),
        {"crm": Wide},
        gate=GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN),
        threads=2,
    )
    write_roster(company.roster, people)
    parsed = median(lambda: pl.read_csv(company.roster, infer_schema=False))
    baseline = f"polars parsing the {company.roster.stat().st_size / 1e6:.0f} MB file"
    with company.open() as hub:
        runs: list[Run] = []  # and not the plans: what 100,000 effects hold in memory would be walked again and again
        first = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        assert runs[0].counts["effects"] == people, runs[0].counts
        yield Figure(f"plan the first feed, {people:,} people, {people:,} effects", first, baseline, parsed)
        sent = timed(lambda: apply(hub))
        yield Figure(f"store {people:,} outcomes, target at once", sent, "planning them", first)
        settled = timed(lambda: settle(hub, runs[0].id))
        yield Figure(f"settle {people:,} effects by reading back", settled, "planning them", first)
        again = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        assert runs[1].counts["effects"] == 0, runs[1].counts
        what, note = "plan the same feed again: no news", f"{again:.3f} s, and {parsed:.3f} s"
        yield AtMost(again / parsed, PARSING, f"times {baseline}", what, note)
        write_roster(company.roster, people, frozenset(range(1, people + 1, 100)))
        news = timed(lambda: runs.append(plan_sync(hub, SyncRequest()).run))
        count = runs[2].counts["effects"]
        assert count == len(range(1, people + 1, 100)), runs[2].counts
        what = f"plan a feed with 1 % news: {count:,} effects"
        note = f"{news:.2f} s, and {parsed:.3f} s"
        yield AtMost(news / parsed, PARSING, f"times {baseline}", what, note)
    company.to_workbook()
    with company.open() as hub:  # anew: a source keeps the place it was opened with
        yield from in_a_workbook(company, hub, folder)


def in_a_workbook(company: RosterCompany, hub: Hub, folder: Path) -> Iterator[Line]:
    """The same as XLSX, which is what most HR systems export, against the fastest reader of those."""
    what = "plan the same feed from an XLSX"
    try:
        peer = measure([peers_python(folder / "peers"), PEERS / "fastexcel_rows.py", company.roster], folder)
    except NoPeersError as error:
        yield Unknown(what, str(error).splitlines()[0])
        return
    seconds, _, said = peer.said.partition(" ")
    plans: list[SyncPlan] = []
    again = timed(lambda: plans.append(plan_sync(hub, SyncRequest())))
    assert plans[0].run.counts["rows"] == int(said.split()[0]), (plans[0].run.counts, said)
    assert plans[0].run.counts["effects"] == 0, plans[0].run.counts
    assert plans[0].run.feed_digest == hashlib.sha256(company.roster.read_bytes()).hexdigest(), "another file was read"
    note = f"{again:.2f} s, and {float(seconds):.2f} s for {said}"
    yield AtMost(again / float(seconds), PARSING, "times calamine (through polars) parsing the file", what, note)
