"""What fails for its system is never given up for that; what fails for itself is, while others get through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from baton.engine.workplace import Pace
from baton.errors import HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, AccountState, Action, Receipt
from tests.engine.test_apply import Recorder, states, work
from tests.rig.targets import AskedByKeyTarget, ConditionTarget, FakeTarget, KeyTarget, obey
from tests.rig.truth import Truth
from tests.store.desk import Desk


def turns(desk: Desk, number: int, target: FakeTarget, pace: Pace) -> None:
    for _ in range(number):
        work(desk, target, pace)
        desk.clock.sleep(7200)


FEW = Pace(threads=1, lease_s=60.0, patience_s=0.0, attempt_limit=3)


@pytest.mark.parametrize(
    "error",
    [
        RetryableError("cannot be reached", code="unreachable"),
        RetryableError("too many requests", code="throttled", retry_after_s=60),
        HaltError("the password has expired", code="login"),
        InDoubtError("the answer is no JSON", code="garbled"),
    ],
)
def test_what_an_outage_keeps_is_sent_after_it_however_long_it_was(desk: Desk, error: Exception) -> None:
    desk.plan("0001")
    truth = Truth()

    def away(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        raise error

    def unread(target: FakeTarget, refs: Sequence) -> None:
        raise error

    lost = isinstance(error, InDoubtError)  # such doubt about a write is told in a receipt
    turns(desk, 9, ConditionTarget(truth, obey, unread) if lost else KeyTarget(truth, away), FEW)
    assert states(desk) == ["planned"]
    work(desk, KeyTarget(truth), FEW)
    assert states(desk) == ["done"]


def test_an_outage_uses_up_none_of_the_tries_that_an_effect_has_of_its_own(desk: Desk) -> None:
    desk.plan("0001")
    turns(desk, 9, KeyTarget(Truth(), Recorder(*[HaltError("nobody is let in", code="login")] * 9)), FEW)
    never = KeyTarget(Truth(), lambda _, writes: [Receipt.not_performed("locked", "locked")] * len(writes))
    turns(desk, 1, never, FEW)
    assert desk.rows("state", "attempts", "code") == [("planned", 2, "locked")]
    turns(desk, 1, never, FEW)
    assert desk.rows("state", "attempts", "code") == [("refused", 3, "locked")]


def test_an_outage_puts_off_longer_each_time_and_never_beyond_an_hour(desk: Desk) -> None:
    desk.plan("0001")
    waits = []
    for _ in range(20):
        work(desk, KeyTarget(Truth(), Recorder(*[HaltError("nobody is let in", code="login")])), FEW)
        ((next_at,),) = desk.rows("next_at")
        waits.append((next_at - desk.clock.now()).total_seconds())
        desk.clock.sleep(waits[-1])
    assert waits[0] <= 2
    assert 1800 <= waits[-1] <= 3600


def test_who_alone_fails_while_others_get_through_is_given_up(desk: Desk) -> None:
    def chokes(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        if writes[0].ref.number == "0001":
            raise RetryableError("internal error", code="http_503")
        return obey(target, writes)

    desk.plan("0001")
    one_each = type("T", (KeyTarget,), {"batch_limit": 1})(Truth(), chokes)
    for number in range(2, 8):
        desk.plan(f"{number:04d}")
        work(desk, one_each, FEW)
        work(desk, one_each, FEW)
        desk.clock.sleep(1800)
    found = {number: (state, code) for number, state, code in desk.rows("number", "state", "code")}
    assert found.pop("0001") == ("refused", "http_503")
    assert {state for state, _ in found.values()} == {"done"}


@pytest.mark.parametrize("batch_limit", [1, 20])
@pytest.mark.parametrize(
    "error", [RetryableError("internal error", code="http_503"), HaltError("forbidden", code="http_403")]
)
def test_one_that_fails_whatever_it_is_sent_with_keeps_nobody_else(
    desk: Desk, error: Exception, batch_limit: int
) -> None:
    """Hourly passes, as those of the handovers: nothing gets through in the same hour but what comes anew."""
    calls = 0

    def chokes(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        nonlocal calls
        calls += 1
        if any(write.ref.number == "0001" for write in writes):
            raise error
        return obey(target, writes)

    target = type("T", (KeyTarget,), {"batch_limit": batch_limit})(Truth(), chokes)
    for number in range(1, 9):
        desk.plan(f"{number:04d}")
    for hour in range(24):
        if hour % 6 == 1:
            desk.plan(f"{100 + hour:04d}")
        work(desk, target, FEW)
        desk.clock.sleep(3600)
    found = {number: (state, code) for number, state, code in desk.rows("number", "state", "code")}
    assert found.pop("0001") in [("planned", error.code), ("refused", error.code)]
    assert {state for state, _ in found.values()} == {"done"}
    assert calls < 24 * 4


def test_after_an_outage_as_many_go_in_a_call_as_ever_from_the_third_on(desk: Desk) -> None:
    sizes: list[int] = []
    is_away = True

    def away(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        if is_away:
            raise RetryableError("cannot be reached", code="unreachable")
        sizes.append(len(writes))
        return obey(target, writes)

    target = type("T", (KeyTarget,), {"batch_limit": 4})(Truth(), away)
    for number in range(1, 13):
        desk.plan(f"{number:04d}")
    turns(desk, 20, target, FEW)
    is_away = False
    work(desk, target, FEW)
    assert sizes == [1, 2, 4, 4, 1]
    assert set(states(desk)) == {"done"}


def test_what_was_done_by_a_clock_that_was_ahead_makes_nobody_to_blame_for_an_outage(desk: Desk) -> None:
    desk.clock.set_wrong(timedelta(days=30))
    desk.plan("0001")
    work(desk, KeyTarget(Truth()), FEW)
    desk.clock.set_wrong(timedelta(days=-30))
    desk.plan("0002")

    def away(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        raise RetryableError("cannot be reached", code="unreachable")

    turns(desk, 9, KeyTarget(Truth(), away), FEW)
    assert desk.rows("number", "state")[-1] == ("0002", "planned")


def test_what_is_lost_on_its_way_to_a_system_that_is_too_slow_is_not_given_up(desk: Desk) -> None:
    desk.plan("0001")
    truth = Truth()

    def lost(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        return [Receipt.in_doubt("timeout", "no answer")] * len(writes)

    turns(desk, 30, AskedByKeyTarget(truth, lost), FEW)
    assert states(desk)[0] in ("planned", "in_doubt")
    turns(desk, 3, AskedByKeyTarget(truth), FEW)
    assert states(desk) == ["done"]


class FileTarget(KeyTarget):
    """Takes every batch as one file under the batch's name, and never another under a name that it knows."""

    whole_batches = True

    def __init__(self) -> None:
        super().__init__(Truth(), FileTarget.put)
        self.is_away = False
        self.files: dict[str, list[str]] = {}

    def put(self, writes: Sequence) -> Sequence[Receipt]:
        if self.is_away:
            raise RetryableError("cannot be reached", code="unreachable")
        numbers = [write.ref.number for write in writes]
        if self.files.setdefault(writes[0].batch_id, numbers) != numbers:
            raise HaltError("is there with other content than ours", code="other_content")
        return obey(self, writes)


def test_a_batch_that_goes_as_one_file_goes_as_a_whole_after_an_outage_of_hours(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, 21)]
    desk.plan_all(people)
    target = FileTarget()
    for quarter in range(8 * 4 + 6):
        target.is_away = quarter < 8 * 4
        work(desk, target, FEW)
        desk.clock.sleep(900)
    assert list(target.files.values()) == [people]
    assert set(states(desk)) == {"done"}


def test_a_file_that_is_never_taken_keeps_no_other_file(desk: Desk) -> None:
    desk.plan_all(["0001", "0002"])
    target = FileTarget()
    name = desk.claim(whole_batches=True)[0].batch_id or ""
    target.files[name] = ["0009"]
    desk.crash()
    for hour in range(12):
        if hour == 6:
            desk.plan_all(["0003", "0004"])
        work(desk, target, FEW)
        desk.clock.sleep(3600)
    assert list(target.files.values()) == [["0009"], ["0003", "0004"]]
    # It counts as a try of everybody in it: refused in the end, so that they are planned anew, under another name.
    assert states(desk) == ["refused", "refused", "done", "done"]


def test_a_batch_that_ended_two_workers_and_is_not_there_goes_one_by_one(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, 6)]
    desk.plan_all(people)
    for times in (1, 2):
        assert len(desk.claim(whole_batches=True)) == 5, times
        desk.crash()
        desk.settle(desk.doubtful(), Receipt.not_performed("not_delivered", "is not at the bank"))
    target = FileTarget()
    assert desk.claim(whole_batches=True)[0].number == "0001"
    desk.crash()  # whoever is to blame: it does not take the others with it
    desk.settle(desk.doubtful(), Receipt.not_performed("not_delivered", "is not at the bank"))
    work(desk, target, FEW)
    assert list(target.files.values()) == [[person] for person in people[1:]]
    assert desk.rows("code")[0] == ("poison",)
    assert states(desk) == ["refused", *["done"] * 4]


def lose(number: str) -> Callable[[FakeTarget, Sequence], Sequence[Receipt]]:
    """A target that tells nothing of the write for one person."""

    def receive(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        told = [write for write in writes if write.ref.number != number]
        receipts = iter(obey(target, told) if told else [])
        lost = Receipt.in_doubt("timeout", "no answer")
        return [lost if write.ref.number == number else next(receipts) for write in writes]

    return receive


class SilentTarget(AskedByKeyTarget):
    """Never knows what became of a write."""

    def look_up(self, writes: Sequence) -> Sequence[Receipt]:
        return [Receipt.in_doubt("no_trace", "nobody knows")] * len(writes)


def test_a_leaver_who_waits_since_an_outage_waits_for_no_manager(desk: Desk) -> None:
    truth = Truth()
    desk.plan("0009")
    work(desk, KeyTarget(truth), FEW)
    desk.plan_all(["0009"], (Action.DISABLE,))

    def away(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        raise RetryableError("cannot be reached", code="unreachable")

    turns(desk, 6, SilentTarget(truth, away), FEW)
    desk.plan("0001", rank=0)
    desk.plan("0002", rank=1)
    work(desk, SilentTarget(truth, lose("0001")), FEW)
    assert truth.account("0009").state is AccountState.DISABLED


def test_a_manager_of_whom_nobody_knows_delays_new_hires_for_a_minute(desk: Desk) -> None:
    desk.plan("0001", rank=0)
    desk.plan("0002", rank=1)
    target = SilentTarget(Truth(), lose("0001"))
    work(desk, target, FEW)
    assert states(desk) == ["in_doubt", "planned"]
    desk.clock.sleep(61)
    work(desk, target, FEW)
    assert states(desk) == ["in_doubt", "done"]


def test_who_cannot_be_asked_about_keeps_nobody_else(desk: Desk) -> None:
    """A system that stops at the question for one person: those in doubt with them are answered, all others sent."""
    people = [f"{number:04d}" for number in range(1, 21)]
    desk.plan_all(people)
    assert len(desk.claim()) == 20
    desk.crash()
    desk.plan_all(["0099"])

    def stops(target: FakeTarget, refs: Sequence[AccountRef]) -> None:
        if any(ref.number == "0007" for ref in refs):
            raise HaltError("the number is there twice", code="wrong_rows")

    report = work(desk, ConditionTarget(Truth(), obey, stops), Pace(threads=1, lease_s=60.0, patience_s=30.0))
    assert dict(desk.rows("number", "state")) == dict.fromkeys([*people, "0099"], "done") | {"0007": "in_doubt"}
    assert "the number is there twice" in report.halted
    assert report.needs_person


def test_two_whom_the_system_stops_at_keep_nobody_in_doubt_for_long(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, 21)]
    desk.plan_all(people)
    assert len(desk.claim()) == 20
    desk.crash()

    def stops(target: FakeTarget, refs: Sequence[AccountRef]) -> None:
        if any(ref.number in ("0007", "0017") for ref in refs):
            raise HaltError("the number is there twice", code="wrong_rows")

    turns(desk, 24, ConditionTarget(Truth(), obey, stops), Pace(threads=1, lease_s=60.0, patience_s=30.0))
    assert dict(desk.rows("number", "state")) == dict.fromkeys(people, "done") | {
        "0007": "in_doubt",
        "0017": "in_doubt",
    }


def test_a_question_that_stops_once_and_not_again_is_answered(desk: Desk) -> None:
    desk.plan_all(["0001", "0002", "0003", "0004"])
    assert len(desk.claim()) == 4
    desk.crash()
    troubles = iter([HaltError("nobody is let in", code="login")])

    def stops(target: FakeTarget, refs: Sequence[AccountRef]) -> None:
        for trouble in troubles:
            raise trouble

    report = work(desk, ConditionTarget(Truth(), obey, stops), Pace(threads=1, lease_s=60.0, patience_s=30.0))
    assert set(states(desk)) == {"done"}
    assert not report.halted


def test_a_login_that_fails_is_tried_few_times_however_much_is_in_doubt(desk: Desk) -> None:
    desk.plan_all([f"{number:04d}" for number in range(1, 41)])
    asked: list[int] = []

    def nobody(target: FakeTarget, refs: Sequence[AccountRef]) -> None:
        asked.append(len(refs))
        raise HaltError("the password has expired", code="login")

    assert len(desk.claim()) == 40
    desk.crash()
    report = work(desk, ConditionTarget(Truth(), obey, nobody), Pace(threads=1, lease_s=60.0, patience_s=30.0))
    assert len(asked) == 3, asked  # all of them, and each half
    assert "the password has expired" in report.halted
