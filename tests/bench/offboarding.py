"""Handovers: a leaver with very much, a long list, and a hundred cases at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from baton.clock import SystemClock
from baton.hub import Hub, execution
from baton.hub.offboarding import casework, hourly, saying
from baton.hub.offboarding.moving import perform, plan
from baton.hub.offboarding.refreshing import refresh
from baton.hub.offboarding.settling import settle
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, Cause, Item, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import GatePart, OffboardingPart, WindowLimit
from tests.bench.counterparts import Stand, stand
from tests.bench.figures import Figure, Line, timed
from tests.bench.migration.bars import AtMost
from tests.rig.belongings import Belongings
from tests.rig.company import Company, row

MANAGER, HR = "0001", "hr-wang"
WIDE_OPEN = WindowLimit(share="100%", at_least=1_000_000, at_most=1_000_000)
LONG_LIST = 5_000
OPENS_IN_MS = 300.0
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

    def say(self, case: Case, items: Sequence[Item], act: Act, person: str, role: Role) -> None:
        """One person about many items at once."""
        versions = {item.id: item.version for item in items}
        saying.say(self.hub, saying.Saying(case.id, versions, act, person, role))

    def items(self, case: Case, *states: ItemState) -> list[Item]:
        """The list."""
        with self.hub.database.read() as connection:
            return self.hub.cases.items(connection, case.id, states=states)

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


# --- a leaver with very much


def very_much(folder: Path, owned: int) -> Iterator[Line]:
    """Everything a leaver holds, passed on and proven, against what the vendors' own limits and latencies allow."""
    stands = {
        # Collections of 200 and query pages of 2,000; 0.5 s is a stand-in: the vendor states no latency.
        stand("salesforce", page=2000, transfer_limit=200, holders_limit=2000, latency_s=0.5, at_once=5): owned,
        stand("tryton", page=1000, transfer_limit=100, holders_limit=1000, latency_s=0.5, at_once=5): owned // 10,
    }
    with office(folder, list(stands), 3) as at:
        for each, holdings in stands.items():
            at.plant(each, "0002", holdings)
        case = at.open("0002")
        looked = timed(lambda: refresh(at.hub, case.id))
        before = {each.name: each.calls() for each in stands}
        for each, holdings in stands.items():
            fewest = each.fewest(holdings)["reading"]
            what = f"reading {holdings:,} records a leaver holds in {each.name}"
            yield AtMost(each.calls()["reading"] / fewest, 1.1, "times the fewest calls", what, f"{fewest} pages")
        took = timed(lambda: _agree(at, case))
        planned = timed(lambda: plan(at.hub, case.id))
        passed = {each.name: timed(lambda each=each: perform(at.hub, each.name)) for each in stands}
        proven = timed(lambda: settle(at.hub, case.id))
        assert {item.state for item in at.items(case) if item.kind is HoldingKind.CLIENT} == {ItemState.DONE}
        for each, holdings in stands.items():
            calls, fewest = each.calls() - before[each.name], each.fewest(holdings)
            asked = {what: calls[what] / fewest[what] for what in ("passing_on", "proving")}
            what = f"passing {holdings:,} records on in {each.name} and asking who has them now"
            note = f"{calls['passing_on']} calls to pass on, {calls['proving']} to prove"
            yield AtMost(max(asked.values()), 1.1, "times the fewest calls", what, note)
            least_s = -(-calls["passing_on"] // each.at_once) * each.latency_s
            what = f"passing {holdings:,} records on in {each.name}"
            note = (
                f"{passed[each.name]:.1f} s; {calls['passing_on']} calls of {each.latency_s} s, {each.at_once} at once"
            )
            yield AtMost(passed[each.name] / least_s, 1.2, "times calls x latency / concurrency", what, note)
        note = f"looking {looked:.1f} s, agreeing {took:.1f} s"
        baseline = "passing them on"
        yield Figure(
            "planning it, and storing what the systems show", planned + proven, baseline, sum(passed.values()), note
        )


def _agree(at: Office, case: Case) -> None:
    at.say(case, at.items(case, ItemState.OFFERED), Act.ACCEPT, MANAGER, Role.SUCCESSOR)
    at.say(case, at.items(case, ItemState.ACCEPTED), Act.APPROVE, HR, Role.HR)


# --- a long list


def long_list(folder: Path) -> Iterator[Line]:
    """Opening a checklist of 5,000 items, and one of a tenth: the same number of statements."""
    crm = stand("crm", page=2000, transfer_limit=200, holders_limit=2000, latency_s=0.0, at_once=2)
    with office(folder, [crm], 4) as at:
        lists = {"0002": LONG_LIST, "0003": LONG_LIST // 10}
        cases, first = {}, 0
        for number, holdings in lists.items():
            at.plant(crm, number, holdings, first)
            first += holdings
            cases[number] = at.open(number)
            refresh(at.hub, cases[number].id)
        statements = Statements(at.hub)
        needed: list[int] = []
        fastest = []
        for case in cases.values():
            with statements.counted(needed):
                fastest.append(min(timed(lambda case=case: _opened(at, case)) for _ in range(5)))
        yield AtMost(fastest[0] * 1000, OPENS_IN_MS, "ms", f"opening a checklist of {LONG_LIST:,} items")
        yield AtMost(needed[0] / needed[1], 1.0, "times the statements of one of 500", "the same", f"{needed[0] // 5}")


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
