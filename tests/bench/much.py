"""A leaver with very much, in real counterparts: everything passed on and proven, against a bare loop of the same calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from baton.clock import SystemClock
from baton.hub import Hub
from baton.hub.offboarding import casework
from baton.hub.offboarding.moving import perform, plan
from baton.hub.offboarding.refreshing import refresh
from baton.hub.offboarding.settling import settle
from baton.hub.sync import SyncRequest, plan_sync
from baton.mapping.load import load_mapping
from baton.model.case import Act, Case, Cause, ItemState, Role
from baton.registry import Registry
from baton.sandbox.tryton import TrytonServerError
from baton.settings import HubSettings, SystemSettings
from tests.bench.figures import Figure, Line, Taken
from tests.bench.migration.bars import AtMost, Unknown
from tests.bench.saying import say
from tests.bench.vendors import ROOT, SUCCESSOR, Bare, SalesforceOrg, Tryton, Vendor
from tests.rig.company import Company, FakeRegistry, row

LEAVER, HR = "0002", "hr-wang"
FEWEST, WALL = 1.1, 1.2
"""The bars: calls against the fewest possible, and time against calls x latency / concurrency."""
TIMES = 3
"""Two calls are all there is to time in Tryton, and each may take a tenth longer than the last: the middle is told."""


def very_much(folder: Path, owned: int) -> Iterator[Line]:
    """``owned`` records in Salesforce, a tenth of it in Tryton."""
    yield from in_vendor(folder / "salesforce", SalesforceOrg(owned), owned).lines()
    try:
        times = [in_vendor(folder / f"tryton-{n}", Tryton(owned // 10), owned // 10) for n in range(TIMES)]
        yield from _middle(times).lines()
    except TrytonServerError as error:
        yield Unknown(f"passing {owned // 10:,} records on in tryton", str(error).splitlines()[0])


class VendorCompany(Company):
    """The rig with a real connector. Its people are read before the vendor is there, so that sync writes nothing."""

    vendor: Vendor | None = None

    def settings(self) -> HubSettings:
        settings = super().settings()
        if self.vendor is None:
            return settings
        vendor = self.vendor
        system = SystemSettings(
            vendor.name,
            vendor.connector,
            f"systems.yaml:{vendor.name}",
            Registry().load(vendor.connector).Settings.model_validate(vendor.settings),
            ROOT / "mappings" / "sync" / vendor.mapping,
            threads=vendor.threads,
            allow_private=True,
            deadline_s=120.0,
        )
        return replace(settings, systems={**settings.systems, vendor.name: system})

    def meet(self, vendor: Vendor) -> Hub:
        """The hub with this vendor among its systems."""
        self.vendor = vendor
        path = ROOT / "mappings" / "sync" / vendor.mapping
        self.mappings[vendor.name] = load_mapping(path, source_fields=None, target_fields=None)
        transports = {vendor.name: vendor.wire}
        hub = Hub(self.settings(), clock=self.clock, registry=FakeRegistry(self), transports=transports)
        hub.__dict__["mappings"] = dict(self.mappings)
        return hub


@contextmanager
def _hub(folder: Path, vendor: Vendor) -> Iterator[Hub]:
    folder.mkdir(parents=True)
    people = [row(SUCCESSOR), row(LEAVER, manager=SUCCESSOR)]
    company = VendorCompany(folder, f"sqlite:///{folder}/baton.sqlite3", SystemClock(), {}, rows=people)
    with company.open() as hub:
        plan_sync(hub, SyncRequest())
    with company.meet(vendor) as hub:
        yield hub


@dataclass(frozen=True, slots=True)
class Spent:
    """What one step has taken, with its calls by what they were for."""

    taken: Taken
    calls: Mapping[str, int]

    @property
    def cpu_s(self) -> float:
        return self.taken.cpu_s

    @property
    def wall_s(self) -> float:
        return self.taken.wall_s

    def of(self, *sorts: str) -> int:
        """The calls of these sorts."""
        return sum(self.calls.get(sort, 0) for sort in sorts)


@dataclass(frozen=True, slots=True)
class Handed:
    """What a whole handover in one vendor has taken."""

    calls: Sequence[Line]
    """Of reading, of passing on, of proving."""
    wall: AtMost
    rest: Figure

    def lines(self) -> Iterator[Line]:
        """As they are reported."""
        yield from (*self.calls, self.wall, self.rest)


def _middle(times: Sequence[Handed]) -> Handed:
    """The one whose time is the middle one, with the times of all."""
    middle = sorted(times, key=lambda handed: handed.wall.value)[len(times) // 2]
    told = ", ".join(f"{handed.wall.value:.2f}" for handed in times)
    return replace(
        middle, wall=replace(middle.wall, note=f"{middle.wall.note}; of {len(times)} such handovers: {told}")
    )


def _spent(vendor: Vendor, work: Callable[[], object]) -> Spent:
    with vendor.wire.counted() as calls:
        taken = Taken.by(work)
    return Spent(taken, calls)


def in_vendor(folder: Path, vendor: Vendor, owned: int) -> Handed:
    """A whole handover in one vendor: reading, agreeing, planning, passing on, proving; then the bare loop."""
    with vendor.running(), _hub(folder, vendor) as hub:
        case = casework.open_case(hub, casework.Opening(LEAVER, Cause.BY_HAND, HR))
        read = _spent(vendor, lambda: _read(hub, case))
        agreed = _spent(vendor, lambda: _agree(hub, case))
        planned = _spent(vendor, lambda: plan(hub, case.id))
        passed = _spent(vendor, lambda: perform(hub, vendor.name))
        most = vendor.wire.most_at_once
        to_repeat = list(vendor.wire.kept)
        proven = _spent(vendor, lambda: settle(hub, case.id))
        with hub.database.read() as connection:
            done = hub.cases.tally(connection, case.id).get(ItemState.DONE, 0)
        assert done == owned, f"{done} of {owned} items are done"
        calls = list(_calls(vendor, owned, read, passed, proven))
        wall = _wall(vendor, owned, passed, vendor.bare(to_repeat), most)
    own = read.cpu_s + agreed.cpu_s + planned.cpu_s + proven.cpu_s
    what = f"the rest of the hub's work on {owned:,} records in {vendor.name} (CPU of its process)"
    note = f"reading {read.cpu_s:.1f}, two statements each {agreed.cpu_s:.1f}, planning {planned.cpu_s:.1f}, "
    note += f"proving {proven.cpu_s:.1f}; passing on took {passed.cpu_s:.1f}"
    return Handed(calls, wall, Figure(what, own, "passing them on", passed.wall_s, note))


def _read(hub: Hub, case: Case) -> None:
    unread = refresh(hub, case.id).unread
    assert not unread, f"could not be read: {dict(unread)}"


def _agree(hub: Hub, case: Case) -> None:
    say(hub, case, ItemState.OFFERED, Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    say(hub, case, ItemState.ACCEPTED, Act.APPROVE, HR, Role.HR)


def _calls(vendor: Vendor, owned: int, read: Spent, passed: Spent, proven: Spent) -> Iterator[Line]:
    fewest = vendor.fewest()
    parts = (
        ("reading", f"reading {owned:,} records", read.of("reading"), read),
        ("passing_on", f"passing {owned:,} records on", passed.of("looking", "changing"), passed),
        ("proving", f"asking who has {owned:,} records now", proven.of("looking"), proven),
    )
    for phase, what, calls, spent in parts:
        beside = {sort: count for sort, count in spent.calls.items() if sort in ("describing", "beside")}
        note = f"{calls} calls, {fewest[phase]} at the fewest"
        note += f"; beside them {', '.join(f'{n} {sort}' for sort, n in beside.items())}" if beside else ""
        yield AtMost(calls / fewest[phase], FEWEST, "times the fewest calls", f"{what} in {vendor.name}", note)


def _wall(vendor: Vendor, owned: int, passed: Spent, bare: Bare, most: int) -> AtMost:
    best_s = bare.at_best_s(vendor.at_once)
    note = (
        f"{passed.wall_s:.2f} s (CPU {passed.cpu_s:.2f} s, {most} calls at once); a bare loop of the same {bare.calls} "
        f"calls, {vendor.at_once} at once ({vendor.why_at_once}): {bare.mean_s:.3f} s a call, {bare.wall_s:.2f} s in all"
    )
    what = f"passing {owned:,} records on in {vendor.name}"
    return AtMost(passed.wall_s / best_s, WALL, "times calls x latency / concurrency", what, note)
