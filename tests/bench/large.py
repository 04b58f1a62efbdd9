"""A large company whose feed brings 1 % news: what the vendors are asked to write, and how often they are called at all."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from baton.clock import SystemClock
from baton.hub import Hub
from baton.hub.execution import apply, settle
from baton.hub.sync import SyncRequest, plan_sync
from baton.registry import Registry
from baton.settings import HubSettings, SystemSettings
from baton.settings_shape import GatePart
from connectors.crm.salesforce.simulator import Simulator as Salesforce
from connectors.oa.feishu.simulator import Simulator as Feishu
from tests.bench.figures import Line
from tests.bench.migration.bars import AtMost
from tests.bench.roster import ROOT, WIDE_OPEN, RosterCompany, person, write_rows
from tests.rig.company import FakeRegistry
from tests.rig.schema import lay_out

NEWS = 100
"""One in so many has a new position."""
STAFF, TRAINEE, ELSEWHERE = "正式", "实习", "外包"
"""Regular staff have Salesforce accounts, trainees Feishu accounts, and the many others neither."""


class Counted(httpx.BaseTransport):
    """The way to a simulator in this process; what a call was for is told by ``sort``."""

    def __init__(self, handle: Callable[[httpx.Request], httpx.Response], sort: Callable[[httpx.Request], str]) -> None:
        self._handle = handle
        self._sort = sort
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.counts[self._sort(request)] += 1
            return self._handle(request)


@dataclass
class Vendor:
    """A simulated vendor with the fewest calls that its documents allow."""

    name: str
    connector: str
    mapping: str
    simulator: Any
    sort: Callable[[httpx.Request], str]
    a_call: int
    """Changes that one call can write."""
    only: str
    """The employment type of who has an account there."""
    wire: Counted = field(init=False)

    def __post_init__(self) -> None:
        self.wire = Counted(self.simulator.handle, self.sort)

    def settings(self, folder: Path) -> SystemSettings:
        """As systems.yaml would have it, with a mapping for these people only."""
        text = (ROOT / "mappings" / "sync" / self.mapping).read_text(encoding="utf-8")
        head, found, rest = text.partition("\nfields:\n")
        scope = "" if "\nscope:" in head else f"\nscope:\n  employment_type: [{self.only}]"
        path = folder / f"{self.name}.yaml"
        path.write_text(head + scope + found + rest, encoding="utf-8")
        given: Mapping[str, Any] = {**self.simulator.settings, **self.simulator.secrets}
        shape = Registry().load(self.connector).Settings
        return SystemSettings(
            self.name,
            self.connector,
            f"systems.yaml:{self.name}",
            shape.model_validate(given),
            path,
            threads=4,
            allow_private=True,
        )


def _salesforce_sort(request: httpx.Request) -> str:
    path = request.url.path.rpartition("/services/data/")[2].partition("/")[2]
    if path.startswith("composite/sobjects"):
        return "writes"
    return "token" if "/oauth2/" in request.url.path or "/Soap/" in request.url.path else "looks"


def _feishu_sort(request: httpx.Request) -> str:
    path = request.url.path
    if "/auth/" in path:
        return "token"
    looks = request.method == "GET" or path.endswith("batch_get_id")
    return "looks" if looks else "writes"


class LargeCompany(RosterCompany):
    """A roster in a file, and real connectors in front of simulators."""

    vendors: tuple[Vendor, ...] = ()

    def settings(self) -> HubSettings:
        settings = super().settings()
        return replace(
            settings, systems={**settings.systems, **{v.name: v.settings(self.folder) for v in self.vendors}}
        )

    def meet(self, *vendors: Vendor) -> Hub:
        """The hub with these vendors."""
        self.vendors = vendors
        lay_out(self.url)
        wires = {vendor.name: vendor.wire for vendor in vendors}
        return Hub(self.settings(), clock=self.clock, registry=FakeRegistry(self), transports=wires)


def _type_of(number: int) -> str:
    """One in ten is regular staff, one in a hundred a trainee."""
    return TRAINEE if number % 100 == 1 else STAFF if number % 10 == 0 else ELSEWHERE


def _roster(path: Path, people: int, *, moved: frozenset[int] = frozenset()) -> None:
    def line(number: int) -> dict[str, str]:
        given = person(number, "经理" if number in moved else "客户经理")
        return {**given, "用工类型": _type_of(number), "直属上级工号": "", "姓名": f"测试{number}"}

    write_rows(path, (line(number) for number in range(1, people + 1)))


def figures(folder: Path, people: int) -> Iterator[Line]:
    """A first feed, the same again, then 1 % news among those who have accounts."""
    org, tenant = Salesforce(), Feishu()
    for number in range(40):
        tenant.add_department(f"D{number:02d}", "0", f"部门{number}")
    vendors = (
        Vendor("salesforce", "crm/salesforce", "employee--crm_salesforce.yaml", org, _salesforce_sort, 200, "regular"),
        Vendor("feishu", "oa/feishu", "employee--oa_feishu.yaml", tenant, _feishu_sort, 1, "intern"),
    )
    gate = GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN)
    company = LargeCompany(folder, f"sqlite:///{folder}/baton.sqlite3", SystemClock(), {}, gate=gate)
    _roster(company.roster, people)
    with company.meet(*vendors) as hub:
        _run(hub)
        for vendor in vendors:
            vendor.wire.counts.clear()
        _run(hub)
        written = {vendor.name: vendor.wire.counts["writes"] for vendor in vendors}
        calls = sum(sum(vendor.wire.counts.values()) for vendor in vendors)
        what = f"a feed of {people:,} people without news"
        yield AtMost(sum(written.values()), 0, "calls that write", what, f"{calls} calls of any sort")
        moved = frozenset(range(1, people + 1, NEWS)) | frozenset(range(10, people + 1, NEWS))
        moved = frozenset(sorted(moved)[: people // NEWS])
        _roster(company.roster, people, moved=moved)
        for vendor in vendors:
            vendor.wire.counts.clear()
        _run(hub)
        for vendor in vendors:
            yield from _called(vendor, [number for number in moved if _has_account(vendor, number)])


def _has_account(vendor: Vendor, number: int) -> bool:
    return _type_of(number) == {"regular": STAFF, "intern": TRAINEE}[vendor.only]


def _called(vendor: Vendor, changed: list[int]) -> Iterator[Line]:
    fewest = -(-len(changed) // vendor.a_call)
    counts = vendor.wire.counts
    what = f"{len(changed):,} changes in {vendor.name}, {vendor.a_call} a call at most"
    assert counts["writes"] >= fewest, f"{counts} for {len(changed)} changes: something was not written"
    yield AtMost(counts["writes"] / fewest, 1.0, "times the fewest calls that write", what, json.dumps(dict(counts)))
    beside = counts["looks"] + counts["token"]
    yield AtMost(beside / (fewest + 1), 1.0, "times (the fewest writes + one token) for looking up", what)


def _run(hub: Hub) -> None:
    """Everything that an hourly run does about accounts. Raises when anything that was planned has not been done."""
    plan = plan_sync(hub, SyncRequest())
    reports = apply(hub)
    done = sum(report.counts.get("done", 0) for report in reports)
    assert done == plan.run.counts["effects"], [(report.system, report.counts) for report in reports]
    settle(hub, plan.run.id)
