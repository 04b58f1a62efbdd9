"""What an hour costs grows with what has changed: a hundred cases in which nothing has cost what ten of them do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from baton.contracts import OwnershipScan, RightsScan
from baton.errors import RejectedError
from baton.hub import Hub, execution
from baton.hub.offboarding import casework, hourly
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountRef
from baton.model.case import Act, Cause, ItemState
from baton.model.handover import Activity, ActivityKind, Grant, Holding, HoldingKind, HoldingRef
from baton.settings_shape import GatePart, OffboardingPart, WindowLimit
from tests.hub.offboarding.conftest import Desk
from tests.hub.offboarding.test_entitling import TeamTarget, having
from tests.rig.belongings import Belongings, RecordingTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.targets import FakeTarget

HR, DIRECTOR, MANAGER = "hr-wang", "0001", "0002"
FEW, MANY = 10, 100
HOUR_S = 3600.0
ASKED = ("find", "owned", "owned_by", "grants", "grants_of", "holders", "activities", "notify", "transfer", "revoke")
Make = Callable[..., "Department"]
WIDE_OPEN = WindowLimit(share="100%", at_least=1_000_000, at_most=1_000_000)


class Watchful(RecordingTarget, OwnershipScan, RightsScan):
    """A system that keeps a history, reaches people, and shows many people's things in one pass."""

    batch_limit: ClassVar[int] = 200

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        for person in people:
            yield [(str(person.external_id), holding) for holding in self.things.of(str(person.external_id))]

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        return [RecordingTarget.grants(self, person) for person in people]


class Picky(Watchful):
    """Refuses every question in which one of the leavers is named."""

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        self._refuse([person])
        return super().owned(person)

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        self._refuse(people)
        return super().owned_by(people)

    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        self._refuse(people)
        return super().activities(since, until, clients, people)

    def _refuse(self, people: Sequence[AccountRef]) -> None:
        if number_of(0) in {person.number for person in people}:
            raise RejectedError("this id is not one of ours", code="malformed")


class Muddled(Watchful):
    """Calls a holder by another name than it was asked by."""

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        for page in super().owned_by(people):
            yield [(holder.upper(), holding) for holder, holding in page]


@dataclass(frozen=True)
class Cost:
    """What one hour has cost."""

    statements: int
    calls: Counter[str]


class Department:
    """Leavers of one manager. Each holds two clients and has placed an order."""

    def __init__(self, folder: Path, kind: type[FakeTarget] = Watchful, leavers: int = MANY) -> None:
        self.calls: Counter[str] = Counter()
        self.statements = 0
        self.last = hourly.Hour()
        self.company = Company(
            folder,
            f"sqlite:///{folder}/baton.sqlite3",
            VirtualClock(),
            {"crm": kind},
            gate=GatePart(run=WIDE_OPEN, day=WIDE_OPEN, week=WIDE_OPEN),
            offboarding=OffboardingPart(notifiers=("crm",), address="https://hub.example"),
            prepare=self._counted,
            rows=[
                row(DIRECTOR),
                row(MANAGER, manager=DIRECTOR),
                *(row(number, manager=MANAGER) for number in map(number_of, range(leavers))),
            ],
        )
        self.hub: Hub = self.company.open()
        engine = self.hub.database.engine
        sa.event.listen(engine, "before_cursor_execute", self._statement)
        plan_sync(self.hub, SyncRequest())
        execution.apply(self.hub)
        self.truth = self.company.truths["crm"]
        self.truth.belongings = Belongings()

    def _counted(self, _: str, target: FakeTarget) -> None:
        for name in ASKED:
            setattr(target, name, self._counting(name, getattr(target, name)))

    def _counting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            self.calls[name] += 1
            return method(*given)

        return call

    def _statement(self, *_: Any) -> None:
        self.statements += 1

    def open_cases(self, numbers: range) -> None:
        """Cases of these leavers, in each of which the manager has heard everything there is to hear."""
        things = self.truth.belongings
        for n in numbers:
            leaver = self.truth.accounts[number_of(n)].external_id
            client = things.plant(HoldingKind.CLIENT, 2 * n, leaver)
            things.plant(HoldingKind.CLIENT, 2 * n + 1, leaver)
            casework.open_case(self.hub, casework.Opening(number_of(n), Cause.BY_HAND, HR))
            at = self.hub.clock.now()
            order = Activity(f"e{n}", ActivityKind.ORDER, at, leaver, client, "测试订单", amount=Decimal(1))
            things.activities.append(order)
        self.company.clock.sleep(HOUR_S)
        self.last = hourly.tick(self.hub)

    def hour(self) -> tuple[hourly.Hour, Cost]:
        """One run of the schedule, a minute later."""
        self.company.clock.sleep(60)
        self.calls.clear()
        before = self.statements
        hour = hourly.tick(self.hub)
        return hour, Cost(self.statements - before, Counter(self.calls))

    def change(self, n: int) -> None:
        """Something about the first client of a leaver changes."""
        (ref, _) = [each.ref for each in self.truth.belongings.of(self.truth.accounts[number_of(n)].external_id)]
        self.truth.belongings.change(ref, stage=f"{self.hub.clock.now()}")


def number_of(n: int) -> str:
    return f"{n + 10:04d}"


@pytest.fixture
def department(tmp_path: Path) -> Iterator[Callable[..., Department]]:
    opened = []

    def make(*given: Any) -> Department:
        opened.append(Department(tmp_path, *given))
        return opened[-1]

    yield make
    for one in opened:
        one.hub.close()


def test_a_hundred_cases_in_which_nothing_has_changed_cost_what_ten_do(department: Make) -> None:
    d = department()
    d.open_cases(range(FEW))
    quiet, few = d.hour()
    d.change(0)
    _, one_of_few = d.hour()
    d.open_cases(range(FEW, MANY))
    still, many = d.hour()
    d.change(0)
    changed, one_of_many = d.hour()

    assert not d.last.troubles
    assert (quiet.refreshed, quiet.told, quiet.alerts) == (FEW, 0, 0)
    assert (still.refreshed, still.told, still.alerts) == (MANY, 0, 0)
    with d.hub.database.read() as connection:
        assert len(d.hub.alerts.of(connection)) == MANY, "in each case an alert waits for somebody"
        ids = [case.id for case in d.hub.cases.listed(connection)]
        lists = d.hub.caseload.lists(connection, ids, [ItemState.OFFERED])
        assert [len(items) for _, items in lists] == [2] * MANY, "and so do two items"
    told = [number for number, _, _ in d.truth.belongings.outbox]
    assert told == [MANAGER] * len(told), "who has heard of both"
    assert len(told) >= 2 * MANY

    assert few == many
    assert many.calls == {"find": 1, "owned_by": 1, "grants_of": 1, "activities": 1}
    assert changed.troubles == {}
    assert few.statements < one_of_few.statements == one_of_many.statements


def test_what_is_refused_about_one_leaver_is_told_of_that_one_and_the_others_are_read(department: Make) -> None:
    d = department(Picky, 3)
    d.open_cases(range(3))
    with d.hub.database.read() as connection:
        of = {case.number: case.id for case in d.hub.cases.listed(connection)}
        watched = {alert.case_id for alert in d.hub.alerts.of(connection)}
        clients = {case_id for case_id in of.values() if d.hub.cases.items(connection, case_id)}
    others = {of[number_of(1)], of[number_of(2)]}
    assert set(d.last.troubles) == {f"{of[number_of(0)]} crm"}
    assert watched == others
    assert clients == others
    assert "not one of ours" in d.last.troubles[f"{of[number_of(0)]} crm"]


def test_things_shown_of_somebody_not_asked_about_are_never_taken_for_things_gone(department: Make) -> None:
    d = department(Muddled, 2)
    d.open_cases(range(2))
    assert len(d.last.troubles) == 2
    assert {"not asked about" in why for why in d.last.troubles.values()} == {True}


def test_who_left_long_ago_costs_no_hour_anything(department: Make) -> None:
    d = department(Watchful, FEW)
    d.hour()
    _, nobody_has_left = d.hour()
    opened = []
    for n in range(FEW):
        d.company.rows[2 + n] = row(number_of(n), manager=MANAGER, status="departed", last_day="2026-11-01")
        plan_sync(d.hub, SyncRequest())
        hour, _ = d.hour()
        opened.append(len(hour.opened))
        with d.hub.database.write() as connection:
            case = d.hub.cases.of_person(connection, number_of(n))[0]
            casework.step(d.hub, connection, case, Act.RETRACT, HR, "out of the way")
    assert opened == [1] * FEW
    d.company.clock.sleep(hourly.LOOKED_BACK.total_seconds())
    _, long_after = d.hour()
    assert long_after == nobody_has_left


class TeamsTarget(TeamTarget):
    """One right for each client."""

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        names = sorted(self.things.grants.get(person.external_id or "", ()))
        return [Grant(name, name, "member", HoldingRef(HoldingKind.CLIENT, f"client-{name[5:]}")) for name in names]


def quiet(d: Desk) -> int:
    """How many statements a run takes in which nothing has changed."""
    seen: list[str] = []

    def note(*told: object) -> None:
        seen.append(str(told[2]))

    engine = d.hub.database.engine
    d.company.clock.sleep(60)
    sa.event.listen(engine, "before_cursor_execute", note)
    hour = hourly.tick(d.hub)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert hour.troubles == {}
    return len(seen)


def test_cases_that_have_given_rights_cost_a_quiet_hour_no_statement_more(desk: Callable[..., Desk]) -> None:
    d = desk(TeamsTarget)
    leavers = ["0101", "0102", "0103"]
    d.company.rows += [row(number, department="销售部", manager=MANAGER) for number in leavers]
    plan_sync(d.hub, SyncRequest())
    execution.apply(d.hub)
    costs = []
    for number in leavers:
        d.plant(HoldingKind.CLIENT, int(number), number)
        d.things.grants[d.id_of(number)] = {f"team-{int(number):05d}"}
        far = d.hub.clock.now() + timedelta(days=90)
        case = casework.open_case(d.hub, casework.Opening(number, Cause.BY_HAND, HR, last_working_at=far))
        d.tick()
        d.agree(case)
        for _ in range(3):
            d.company.clock.sleep(HOUR_S)
            d.tick()
        costs.append(quiet(d))
    assert len(having(d, MANAGER)) == len(leavers)
    assert costs == [costs[0]] * len(leavers)
