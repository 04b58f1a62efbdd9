"""The demo's pay day, played without Airflow and with one simulated bank; and everything that must be found wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from baton.hub import Hub, execution
from baton.hub.payment.building import build
from baton.hub.payment.checking import check
from baton.hub.payment.drafting import Drafting, draft_file
from baton.hub.payment.inbox import payroll_file
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.payment.calendar import load_calendar
from baton.model.payable import Component
from baton.registry import Registry
from baton.sandbox.demo.canaries import Canaries
from baton.sandbox.demo.company import found_company, publish
from baton.sandbox.demo.hub_cli import Terminal
from baton.sandbox.demo.narrator import DemoFailedError, Narrator
from baton.sandbox.demo.paid import Booked, Books, Judgement, Outcome, outcomes_table
from baton.sandbox.demo.payday import OUTCOMES, RETURNED, PayDay
from baton.sandbox.demo.payroll import money, pay_day_after, payroll_of, publish_payroll
from baton.sandbox.demo.scheduler import PAYROLL, REQUESTER
from baton.sandbox.demo.story import DEPARTED, HANDING_OVER, NEW_ACCOUNT, TOLD_LATE, Story
from baton.sandbox.demo.workplace import CONNECTORS, NOTIFIER, PAYER, SHOWN, Connection, Workplace
from baton.sandbox.paying_bank.bank import PayingBank
from baton.sandbox.server import SandboxServer
from baton.sandbox.sftp import AsyncsshServer
from baton.settings import load

TEAM = ("0001", "0012", DEPARTED, NEW_ACCOUNT, RETURNED, TOLD_LATE, HANDING_OVER)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Stage:
    """What the chapter needs of the play, with the tasks' work done by the hub and the command line."""

    def __init__(self, place: Workplace, bank: Any, paying: PayingBank) -> None:
        self.place, self.baton = place, None
        self.story = Story.begin()
        self.story.people = {number: self.story.people[number] for number in TEAM}
        self.narrator = Narrator()
        self.failures: list[str] = []
        self.figures: dict[str, int] = {}
        airflow = SimpleNamespace(failed_tasks=lambda _run: ["read_answers"])
        self.around = SimpleNamespace(place=place, bank=bank, paying=paying, airflow=airflow)

    def sync(self, _title: str, wanted: str) -> None:
        publish(self.story.people.values(), self.place.feed)
        with Hub(load(self.place.systems)) as hub:
            plan_sync(hub, SyncRequest(systems=("bank",)))
            reports = execution.apply(hub)
        assert wanted == "success"
        assert not [report.halted for report in reports if report.halted]

    def perform(self, dag: str, title: str, wanted: str, form: Mapping[str, Any] | None = None) -> None:
        try:
            if dag == PAYROLL:
                self._prepare(form or {})
                return
            self.baton("pay", "deliver")
            self.baton("pay", "answers", expect=0 if wanted == "success" else 1)
        except DemoFailedError as error:
            raise AssertionError(f"{title}: {error} {error.log}") from error

    def _prepare(self, form: Mapping[str, Any]) -> None:
        drafting = Drafting(
            system=form["bank"],
            component=Component.SALARY,
            period=form["period"],
            execution_day=date.fromisoformat(form["pay_day"]),
            requested_by=REQUESTER,
            declared_count=form["count"],
        )
        with Hub(load(self.place.systems)) as hub:
            run = draft_file(hub, drafting, payroll_file(hub, form["file"])).run.run_id
            assert check(hub, run).cleared.releasable
            build(hub, run)

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.failures.append(otherwise)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    place = Workplace(tmp_path / "story")
    place.make()
    sandbox = SandboxServer()
    wecom = Registry().simulator(CONNECTORS[NOTIFIER])(sandbox.base_url)
    sandbox.add(NOTIFIER, wecom)
    sandbox.start()
    with AsyncsshServer(tmp_path / "bank") as server:
        bank: Any = Registry().simulator(CONNECTORS["bank"])(server)
        stage = Stage(place, bank, PayingBank(bank, account=PAYER["account"], suffix=".hpf"))
        place.describe_systems(
            {
                "hr": Connection({"path": str(place.feed.parent), "settle_s": 0}, {}),
                NOTIFIER: Connection(wecom.settings, wecom.secrets),
                "bank": Connection(bank.settings, bank.secrets),
            }
        )
        over = threading.Event()

        def rounds() -> None:
            while not over.wait(0.05):
                bank.process()
                stage.around.paying.work()

        office = threading.Thread(target=rounds)
        office.start()
        try:
            stage.sync("everybody", "success")
            stage.story.people[NEW_ACCOUNT] = replace(stage.story.people[NEW_ACCOUNT], accounts_before=1)
            stage.story._departs(DEPARTED, "departed")
            stage.sync("a new account, a departure", "success")
            with Terminal(place, log=SHOWN) as terminal:
                stage.baton = terminal.baton
                yield stage
        finally:
            over.set()
            office.join()
    sandbox.close()


@pytest.mark.server
def test_a_whole_pay_day(stage: Stage) -> None:
    payday = PayDay(stage, stage.baton)  # type: ignore[arg-type]
    payday.perform()
    assert stage.failures == []
    expected = {"payroll_lines": 6, "lines_paid": 3, "lines_returned": 1, "lines_left_out": 2, "payments_wrong": 0}
    assert expected.items() <= stage.figures.items()
    assert (stage.figures["releases_refused"], stage.figures["unexplained_minor"]) == (1, 0)
    shown = "\n".join(payday.tables())
    assert money(payday.payroll.total_minor) in shown
    canaries = Canaries([payday.marks()], {})
    assert [leak.kind for leak in canaries.search([stage.place.log(SHOWN), stage.place.payroll])] == ["amount"] * 2
    kept = [path for path in stage.place.state.rglob("*") if path.is_file()]
    assert any(path.suffix == ".hpf" for path in kept)
    assert canaries.search(kept) == []


# --- the payroll


def test_the_payroll_has_everybody_but_who_is_settled_and_needs_gb18030(tmp_path: Path) -> None:
    story = Story.begin(NOON)
    payroll = payroll_of(story)
    assert payroll.amounts.keys() == story.people.keys() - {HANDING_OVER}
    assert len(set(payroll.amounts.values())) == len(payroll.amounts)
    assert min(payroll.amounts.values()) > 4_194_304  # beyond Linux's process ids
    publish_payroll(payroll, story.people, tmp_path / "工资表.csv")
    content = (tmp_path / "工资表.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("gbk")
    assert '0012,测试䶮,"48,112.57"' in content.decode("gb18030")


@pytest.mark.parametrize("offset", range(8))
def test_the_pay_day_is_worked_and_lies_behind_two_other_working_days(offset: int) -> None:
    today = date(2026, 12, 24) + timedelta(days=offset)
    pay_day = pay_day_after(today)
    between = [today + timedelta(days=days) for days in range(1, (pay_day - today).days)]
    assert pay_day.weekday() < 5
    assert sum(day.weekday() < 5 for day in between) == 2


def test_the_demos_calendar_knows_this_year_and_the_next(tmp_path: Path) -> None:
    place = Workplace(tmp_path / "story")
    place.make()
    place._payments()
    today = datetime.now(UTC).date()
    assert load_calendar(place.calendar).works(pay_day_after(today)) is True


@pytest.mark.parametrize("day", range(1, 32))
def test_a_late_departure_is_before_the_month_on_every_day_of_it(day: int) -> None:
    story = Story.begin(datetime(2026, 12, day, 12, tzinfo=UTC))
    story.departure_told_late()
    pay_end = story.people[TOLD_LATE].pay_end
    assert pay_end is not None
    assert pay_end < date(2026, 12, 1)


# --- the comparison

PEOPLE = found_company(NOON.date())
STORY = Story(NOON, {number: PEOPLE[number] for number in ("0001", "0012", DEPARTED, NEW_ACCOUNT, RETURNED, TOLD_LATE)})
SALARIES = payroll_of(STORY)
OPENING = 10**12


def booked(number: str, times: tuple[int, int] = (1, 0), **changes: Any) -> Booked:
    person = PEOPLE[number]
    return replace(Booked(times, SALARIES.amounts[number], person.account, person.name), **changes)


def as_it_must_be() -> dict[str, Booked]:
    paid = {number: booked(number) for number in ("0001", "0012", NEW_ACCOUNT)} | {RETURNED: booked(RETURNED, (1, 1))}
    return {SALARIES.reference(number): entry for number, entry in paid.items()}


def judged(salaries: Mapping[str, Booked], off_by: int = 0, **states: str) -> Judgement:
    lines = {number: OUTCOMES.get(number, Outcome.PAID).line.value for number in SALARIES.amounts} | states
    gone = sum(SALARIES.amounts[number] for number in ("0001", "0012", NEW_ACCOUNT))
    after = Books(salaries, OPENING - gone - off_by)
    return Judgement(SALARIES, PEOPLE, OUTCOMES, Books({}, OPENING), after, lines)


def test_a_pay_day_as_it_must_be_has_nothing_wrong() -> None:
    judgement = judged(as_it_must_be())
    assert judgement.wrong() == []
    assert judgement.compared == 6 * 2 + 4 * 3 + 3
    assert sum(judgement.sums().values()) == SALARIES.total_minor
    rows = [line.split() for line in outcomes_table(judgement).splitlines()]
    assert ["paid", "2", money(SALARIES.amounts["0001"] + SALARIES.amounts["0012"])] in rows
    assert ["the", "payroll", "file", "6", money(SALARIES.total_minor)] in rows


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"0001": booked("0001", (2, 0))}, "how often 0001 was paid, and got back"),
        ({"0001": booked("0001", (0, 0))}, "how often 0001 was paid, and got back"),
        ({TOLD_LATE: booked(TOLD_LATE)}, f"how often {TOLD_LATE} was paid, and got back"),
        ({RETURNED: booked(RETURNED)}, f"how often {RETURNED} was paid, and got back"),
        ({"0012": booked("0012", minor=SALARIES.amounts["0012"] + 1)}, "the amount of 0012"),
        ({"0012": booked("0012", account=PEOPLE["0001"].account)}, "the account of 0012"),
        ({"0012": booked("0012", holder="测试?")}, "the holder of 0012"),
        ({"0777": Booked((1, 0), 100)}, "payments to anybody else"),
    ],
)
def test_every_kind_of_error_in_the_banks_books_is_seen(changes: Mapping[str, Booked], what: str) -> None:
    salaries = as_it_must_be() | {SALARIES.reference(number): entry for number, entry in changes.items()}
    assert [line.partition(":")[0] for line in judged(salaries).wrong()] == [what]


def test_a_cent_too_much_and_a_line_in_another_state_are_seen() -> None:
    assert [line.partition(":")[0] for line in judged(as_it_must_be(), 1).wrong()] == ["what left the account for good"]
    assert [line.partition(":")[0] for line in judged(as_it_must_be(), **{"0001": "accepted"}).wrong()] == [
        "the line of 0001"
    ]


# --- amounts where they must not be


@pytest.mark.parametrize(
    "content", [b"total 48112.57 CNY", b'"48,112.57"', b'{"amount_minor": 4811257}', b"[1,4811257,2]"]
)
def test_an_amount_is_found_however_it_is_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    assert [leak.kind for leak in Canaries([SALARIES.marks([])], {}).search([tmp_path / "log"])] == ["amount"]


@pytest.mark.parametrize("content", [b"0.4811257 s", b"14811257", b"148112.57", b"1,48112.577", b"48112.578"])
def test_what_only_contains_the_digits_of_an_amount_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    assert Canaries([SALARIES.marks([])], {}).search([tmp_path / "log"]) == []
