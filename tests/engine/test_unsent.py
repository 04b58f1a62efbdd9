"""What was claimed and never left, because another call of the same claim ended the work first."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from baton.contracts import Rate
from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.limiter import SharedLimiter
from baton.engine.report import Report
from baton.engine.workplace import Pace, Workplace
from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import Receipt
from tests.rig.targets import ConditionTarget, FakeTarget, KeyTarget, Look, Receive, obey
from tests.rig.truth import Truth
from tests.store.desk import SYSTEM, Desk

PEOPLE = [f"{number:04d}" for number in range(1, 11)]
CALL_S = 0.02
PACE = Pace(threads=1, lease_s=60.0, patience_s=0.0, attempt_limit=1)
TOGETHER = 9
"""The first call is made alone; then all others are claimed at once."""


class OneByOne(KeyTarget):
    batch_limit = 1


class ReadsFirst(ConditionTarget):
    batch_limit = 1


class Nth:
    """Takes its time over every call, and does something else at the one with this number."""

    def __init__(self, desk: Desk, number: int, otherwise: Callable[[], None]) -> None:
        self.desk = desk
        self.number = number
        self.otherwise = otherwise
        self.made = 0

    def __call__(self, *_: object) -> None:
        self.made += 1
        self.desk.clock.sleep(CALL_S)
        if self.made == self.number:
            self.otherwise()

    def receive(self, target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        self()
        return obey(target, writes)


def raising(error: Exception) -> Callable[[], None]:
    def go_wrong() -> None:
        raise error

    return go_wrong


def work(
    desk: Desk,
    receive: Receive = obey,
    look: Look = lambda *_: None,
    kind: type[FakeTarget] = OneByOne,
    pace: Pace = PACE,
    truth: Truth | None = None,
) -> Report:
    clock, chance = desk.clock, random.Random(1)
    target = kind(truth or Truth(), receive, look)
    performer = AccountPerformer(SYSTEM, target, desk.database, desk.leases, clock, chance, pace.retry)
    return Applier(Workplace(SYSTEM, performer, desk.database, desk.leases, desk.runs, clock, chance, pace)).run()


def tally(desk: Desk) -> Counter[tuple[str, int, int]]:
    """How many effects there are by (state, attempts, epoch)."""
    return Counter(desk.rows("state", "attempts", "epoch"))


def test_what_stood_ready_when_a_person_had_to_act_has_used_up_no_attempt(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    calls = Nth(desk, 3, raising(HaltError("the credentials have ended", code="login_refused")))
    report = work(desk, calls.receive, pace=Pace(threads=1, patience_s=0.0))
    assert tally(desk) == {("done", 1, 1): 2, ("planned", 1, 1): 1, ("planned", 0, 1): TOGETHER - 2}
    assert report.counts["unsent"] == TOGETHER - 2


def test_what_stood_ready_when_a_switch_was_put_on_is_never_given_up(desk: Desk) -> None:
    def off() -> None:
        with desk.database.write() as connection:
            desk.runs.engage(connection, "all", "hr-wang", "something is wrong")
        desk.clock.sleep(2)

    desk.plan_all(PEOPLE)
    truth = Truth()
    for round_ in range(len(PEOPLE) // 2):  # in each, one call is made alone and one of those claimed together
        work(desk, Nth(desk, 2, off).receive, truth=truth)
        assert Counter(state for (state,) in desk.rows("state"))["done"] == 2 * (round_ + 1)
        with desk.database.write() as connection:
            desk.runs.disengage(connection, "all", "hr-wang", "mended")
    assert {state for (state,) in desk.rows("state")} == {"done"}, "at a limit of one attempt"
    assert (max(attempts for (attempts,) in desk.rows("attempts")), truth.repeated()) == (1, [])


@pytest.mark.parametrize("scope", ["all", f"system:{SYSTEM}", "action:provision"])
def test_what_waited_for_the_allowance_is_not_sent_once_a_switch_was_put_on(desk: Desk, scope: str) -> None:
    limiter = SharedLimiter(desk.database, SYSTEM, Rate(1, per_s=30.0), desk.clock)
    limiter.acquire()  # the next call is half a minute away

    def off() -> None:
        desk.clock.on_advance = lambda: None
        with desk.database.write() as connection:
            desk.runs.engage(connection, scope, "hr-wang", "wrong feed")

    def allowed(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        limiter.acquire()
        return obey(target, writes)

    desk.plan("0001")
    desk.clock.on_advance = off
    truth = Truth()
    report = work(desk, allowed, truth=truth, pace=Pace(threads=1, patience_s=0.0))
    assert (truth.journal, desk.states()) == ([], [("0001", 1, "planned")])
    assert (report.needs_person, "kill switch" in report.halted) == (True, True)
    limiter.acquire()  # who only reads waits and goes on


@pytest.mark.parametrize(
    ("error", "put_off"),
    [
        (RetryableError("busy", code="busy", retry_after_s=90.0), 90.0),
        (HaltError("no permission to read", code="permission"), 1.0),
        (InDoubtError("the answer is no JSON", code="garbled"), 1.0),
    ],
)
def test_who_could_not_even_be_read_is_put_off_and_has_used_up_no_attempt(
    desk: Desk, error: Exception, put_off: float
) -> None:
    desk.plan("0001")
    report = work(desk, look=Nth(desk, 1, raising(error)), kind=ReadsFirst)
    assert (bool(report.halted), tally(desk)) == (True, {("planned", 0, 1): 1})
    ((next_at, code),) = desk.rows("next_at", "code")
    assert put_off <= (next_at - desk.clock.now()).total_seconds() <= 2 * put_off
    assert code == error.code
    desk.clock.sleep(2 * put_off)
    assert work(desk, kind=ReadsFirst).counts["done"] == 1


def test_who_can_never_be_read_waits_longer_each_time_so_that_others_have_their_turn(desk: Desk) -> None:
    def unreadable(_target: FakeTarget, refs: Sequence) -> None:
        if "0001" in [ref.number for ref in refs]:
            raise RetryableError("their database is down", code="db")

    desk.plan_all(["0001", "0002"])
    for _ in range(6):
        work(desk, look=unreadable, kind=ReadsFirst)
        desk.clock.sleep(10)
    assert desk.rows("number", "state", "attempts") == [("0001", "planned", 0), ("0002", "done", 1)]


def test_a_connector_that_breaks_in_one_call_takes_nothing_that_is_known_with_it(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    truth = Truth()
    with pytest.raises(KeyError):
        work(desk, look=Nth(desk, 5, raising(KeyError("no such column"))), kind=ReadsFirst, truth=truth)
    assert len(truth.journal) == 4
    assert tally(desk) == {("done", 1, 1): 4, ("sent", 1, 1): 1, ("planned", 0, 1): len(PEOPLE) - 5}
    for _ in range(3):  # the one that broke is looked up once its lease has run out
        desk.clock.sleep(3_600)
        work(desk, kind=ReadsFirst, truth=truth, pace=Pace(threads=1, lease_s=60.0, patience_s=0.0))
    assert {state for (state,) in desk.rows("state")} == {"done"}
    assert truth.repeated() == []


def test_what_was_refused_as_a_whole_is_in_no_doubt_when_another_call_breaks(desk: Desk) -> None:
    def refuse_the_second(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        desk.clock.sleep(CALL_S)
        if writes[0].ref.number == "0002":
            raise RejectedError("bad record", code="bad")
        return obey(target, writes)

    desk.plan_all(PEOPLE)
    pace = Pace(threads=1, patience_s=0.0)
    breaks = Nth(desk, 4, raising(ValueError("unforeseen")))
    with pytest.raises(ValueError, match="unforeseen"):
        work(desk, refuse_the_second, breaks, ReadsFirst, pace)
    found = {number: (state, code) for number, state, code in desk.rows("number", "state", "code")}
    assert found["0002"] == ("planned", "bad")
    assert [state for state, _ in found.values()].count("sent") == 1
    desk.clock.sleep(3_600)
    work(desk, refuse_the_second, kind=ReadsFirst, pace=pace)
    assert dict(desk.rows("number", "state"))["0002"] == "refused"


def test_a_connector_that_breaks_when_it_is_asked_keeps_nothing_else_waiting(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "测试䶮 canary"

    def lose_the_answer(_target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        raise InDoubtError("no answer")

    def unreadable(_target: FakeTarget, refs: Sequence) -> None:
        if "0001" in [ref.number for ref in refs]:
            raise KeyError(secret)

    pace = Pace(threads=1, patience_s=0.0)
    desk.plan("0001")
    work(desk, lose_the_answer, unreadable, pace=pace)
    desk.plan("0002")
    desk.clock.sleep(3_600)
    report = work(desk, look=unreadable, pace=pace)
    assert desk.rows("number", "state", "code") == [("0001", "in_doubt", "connector_failure"), ("0002", "done", "")]
    assert (report.counts["in_doubt"], report.counts["done"], report.halted) == (1, 1, "")
    assert "KeyError at test_unsent.py" in caplog.text
    assert "canary" not in caplog.text
    for _ in range(2):
        desk.clock.sleep(3_600)
        work(desk, pace=pace)
    assert {state for (state,) in desk.rows("state")} == {"done"}
