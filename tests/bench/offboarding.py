"""Handovers: a leaver with very much, a long list, and a hundred cases at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from baton.clock import SystemClock
from baton.hub import Hub, execution
from baton.hub.offboarding import casework, hourly
from baton.hub.offboarding.links import PLACE, Offer, make_token
from baton.hub.offboarding.refreshing import refresh
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Case, Cause, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import GatePart, OffboardingPart, WindowLimit
from tests.bench.counterparts import Stand, stand
from tests.bench.figures import Line, Taken, timed
from tests.bench.migration.bars import AtMost
from tests.bench.much import very_much
from tests.rig.belongings import Belongings
from tests.rig.company import Company, row
from tests.rig.handover_pages import serving

MANAGER, HR = "0001", "hr-wang"
WIDE_OPEN = WindowLimit(share="100%", at_least=1_000_000, at_most=1_000_000)
LONG_LIST = 5_000
OPENS_IN_MS = 300.0
OPENED = 7
CASES = 100
EACH = 50
"""So many things every leaver of the hundred holds, in each of two systems."""


@dataclass
class Office:
    """One hub with its counterparts and the people whose cases are measured."""

    company: Company
    hub: Hub
    stands: Sequence[Stand]

    def plant(self, stand: Stand, number: str, holdings: int, first: int = 0) -> None:
        """Clients that somebody holds in a system."""
        truth = self.company.truths[stand.name]
        for n in range(first, first + holdings):
            truth.belongings.plant(HoldingKind.CLIENT, n, truth.accounts[number].external_id)

    def open(self, number: str) -> Case:
        """A case whose rights are not to be taken away yet."""
        return casework.open_case(self.hub, casework.Opening(number, Cause.BY_HAND, HR))

    def calls(self) -> int:
        """All calls that all systems have had."""
        return sum(sum(stand.calls().values()) for stand in self.stands)


@contextmanager
def office(folder: Path, stands: Sequence[Stand], people: int, *notifiers: str) -> Iterator[Office]:
    """A hub whose first employee is everybody's manager, and hears of it where there are notifiers."""
    folder.mkdir()
    company = Company(
        folder,
        f"sqlite:///{folder}/baton.sqlite3",
        SystemClock(),
        {stand.name: stand.kind for stand in stands},
        gate=GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN),
        threads=max(stand.at_once for stand in stands),
        offboarding=OffboardingPart(notifiers=notifiers),
        waits_for_disk=True,
        rows=[row(f"{n:04d}", manager=MANAGER if n > 1 else "") for n in range(1, people + 1)],
    )
    with company.open() as hub:
        plan_sync(hub, SyncRequest())
        execution.apply(hub)
        for truth in company.truths.values():
            truth.belongings = Belongings()
        yield Office(company, hub, stands)


class Statements:
    """Counts the SQL statements that a hub sends."""

    def __init__(self, hub: Hub) -> None:
        self.count = 0
        sa.event.listen(hub.database.engine, "before_cursor_execute", self._one)

    def _one(self, *_: Any) -> None:
        self.count += 1

    @contextmanager
    def counted(self, into: list[int]) -> Iterator[None]:
        """The statements of a block, appended to ``into``."""
        before = self.count
        yield
        into.append(self.count - before)


def figures(folder: Path, owned: int) -> Iterator[Line]:
    """``owned`` records in the first system and a tenth of it in the second; the rest is as long as it is."""
    yield from very_much(folder / "much", owned)
    yield from long_list(folder / "list")
    yield from many_cases(folder / "many")


# --- a long list


def long_list(folder: Path) -> Iterator[Line]:
    """A checklist of 5,000 items, and one of a tenth: how long it opens, and the same number of statements.

    As people open it (the first page through its link, over HTTP), and as the hub's own jobs
    do (every item in full, unsealed).
    """
    crm = stand("crm", page=2000, transfer_limit=200, holders_limit=2000, latency_s=0.0, at_once=2)
    with office(folder, [crm], 4) as at:
        lists = {"0002": LONG_LIST, "0003": LONG_LIST // 10}
        cases, first = [], 0
        for number, holdings in lists.items():
            at.plant(crm, number, holdings, first)
            first += holdings
            cases.append(at.open(number))
            refresh(at.hub, cases[-1].id)
        with serving(at.hub) as address, httpx.Client(base_url=address, trust_env=False) as browser:
            paths = [f"/{PLACE}/{make_token(at.hub, Offer(case.id, MANAGER, Role.MANAGER, HR))}/" for case in cases]
            yield from _opens("the page of", at, [lambda path=path: _page(browser, path) for path in paths])
        yield from _opens("every item of", at, [lambda case=case: _opened(at, case) for case in cases])


def _opens(what: str, at: Office, ways: Sequence[Callable[[], None]]) -> Iterator[Line]:
    """The long list, then the short one."""
    statements = Statements(at.hub)
    needed: list[int] = []
    taken: list[Taken] = []
    for way in ways:
        way()  # what is made once for every list: templates, prepared statements, the note that a link was used
        with statements.counted(needed):
            taken.append(min((Taken.by(way) for _ in range(OPENED)), key=lambda each: each.wall_s))
    note = f"CPU of that {taken[0].cpu_s * 1000:.0f} ms; a list of {LONG_LIST // 10}: {taken[1].wall_s * 1000:.0f} ms"
    yield AtMost(taken[0].wall_s * 1000, OPENS_IN_MS, "ms", f"opening {what} a checklist of {LONG_LIST:,} items", note)
    counted = f"{needed[0] // OPENED} statements"
    yield AtMost(needed[0] / needed[1], 1.0, f"times the statements of one of {LONG_LIST // 10}", "the same", counted)


def _page(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200


def _opened(at: Office, case: Case) -> None:
    with at.hub.database.read() as connection:
        found = at.hub.cases.get(connection, case.id)
        assert found is not None
        at.hub.cases.items(connection, case.id)
        at.hub.cases.tally(connection, case.id)


# --- a hundred cases at once


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of the schedule has cost."""

    statements: int
    calls: int
    seconds: float


def many_cases(folder: Path) -> Iterator[Line]:
    """An hourly run over a hundred cases when nothing has changed, against ten cases; and when some have."""
    still = {}
    for count in (CASES // 10, CASES):
        with _waiting(folder.with_name(f"{folder.name}-{count}"), count) as at:
            statements = Statements(at.hub)
            hourly.tick(at.hub)  # the first run after the lists were made notes how things look
            still[count] = _tick(at, statements)
            if count == CASES:
                fewest = sum(each.fewest(count * EACH)["reading"] + 3 for each in at.stands)
                changed = _tick_after(at, statements, [f"{n:04d}" for n in range(2, 3)])
                ten = _tick_after(at, statements, [f"{n:04d}" for n in range(2, 12)])
    few, many = still[CASES // 10], still[CASES]
    what = f"an hourly run over {CASES} cases when nothing has changed"
    note = f"{many.statements} statements, {many.calls} calls, {many.seconds:.2f} s; {CASES // 10}: {few.seconds:.2f} s"
    yield AtMost(many.statements / few.statements, 1.1, f"times the statements of {CASES // 10} cases", what, note)
    yield AtMost(many.calls / fewest, 1.1, "times the fewest calls (pages, accounts, rights, history)", what, note)
    one, more = changed.statements - many.statements, ten.statements - many.statements
    note = f"1 % changed: {one} statements and {changed.calls - many.calls} calls more ({changed.seconds:.2f} s); "
    note += f"10 %: {more} and {ten.calls - many.calls} ({ten.seconds:.2f} s)"
    yield AtMost(max(one, more / 10), 20, "statements for each case that has changed", "the same when some have", note)


@contextmanager
def _waiting(folder: Path, count: int) -> Iterator[Office]:
    """So many leavers whose successors have not answered yet, in systems that keep a history; their manager is told."""
    limits = {"page": 2000, "transfer_limit": 200, "holders_limit": 2000, "latency_s": 0.0, "at_once": 2}
    stands = [stand(name, **limits) for name in ("crm", "erp")]  # type: ignore[arg-type]
    with office(folder, stands, count + 2, "crm") as at:
        for n in range(2, count + 2):
            for each in stands:
                at.plant(each, f"{n:04d}", EACH, n * EACH)
            at.open(f"{n:04d}")
        hourly.tick(at.hub)
        yield at


def _tick_after(at: Office, statements: Statements, changed: Sequence[str]) -> Cost:
    """One run after a client of each of these people has changed."""
    truth = at.company.truths["crm"]
    for number in changed:
        (ref, *_) = [
            ref for ref, holder in truth.belongings.holders.items() if holder == truth.accounts[number].external_id
        ]
        truth.belongings.change(ref, stage=str(time.perf_counter()))
    return _tick(at, statements)


def _tick(at: Office, statements: Statements) -> Cost:
    needed: list[int] = []
    calls = at.calls()
    with statements.counted(needed):
        seconds = timed(lambda: hourly.tick(at.hub))
    return Cost(needed[0], at.calls() - calls, seconds)
