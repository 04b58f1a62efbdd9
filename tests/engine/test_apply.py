"""Performing effects: one call a batch, one receipt each, and every kind of trouble told apart."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from baton.engine.accounts import AccountPerformer
from baton.engine.apply import Applier
from baton.engine.plan import Planned, save_plan
from baton.engine.report import Report
from baton.engine.workplace import Pace, Workplace
from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import AccountState, Action, Receipt
from baton.model.effect import Intention, Link
from baton.store.leases import CRASH_LIMIT
from tests.rig.targets import AskedByKeyTarget, BlindTarget, ConditionTarget, FakeTarget, KeyTarget, UpsertTarget, obey
from tests.rig.truth import Truth
from tests.store.desk import SYSTEM, Desk

PEOPLE = [f"{number:04d}" for number in range(1, 9)]
PACE = Pace(threads=1, lease_s=60.0, patience_s=0.0)


class Small(KeyTarget):
    batch_limit = 8


def work(desk: Desk, target: FakeTarget, pace: Pace = PACE, **more) -> Report:
    clock, chance = desk.clock, random.Random(1)
    performer = AccountPerformer(SYSTEM, target, desk.database, desk.leases, clock, chance, pace.retry, **more)
    place = Workplace(
        SYSTEM, performer, desk.database, desk.leases, desk.runs, clock=clock, chance=chance, pace=pace, **more
    )
    return Applier(place).run()


class Recorder:
    """Notes the calls of a target and lets the first ones go wrong."""

    def __init__(self, *troubles: object) -> None:
        self.calls: list[list[str]] = []
        self.batches: list[str] = []
        self.troubles = list(troubles)

    def __call__(self, target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        self.calls.append([write.ref.number for write in writes])
        self.batches.append(writes[0].batch_id)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, BaseException):
                raise trouble
            return trouble(target, writes)
        return obey(target, writes)


def after_acting(error: BaseException):
    def act(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        obey(target, writes)
        raise error

    return act


def states(desk: Desk) -> list[str]:
    return [state for (state,) in desk.rows("state")]


def test_a_batch_is_one_call_and_everything_is_proven(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    calls = Recorder()
    report = work(desk, Small(Truth(), calls))
    assert (calls.calls, report.counts["done"]) == ([PEOPLE], 8)
    assert set(states(desk)) == {"done"}


def test_nothing_is_sent_before_it_is_committed_as_sent(desk: Desk) -> None:
    desk.plan("0012")
    seen = []

    def look(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        seen.extend(states(desk))
        return obey(target, writes)

    work(desk, KeyTarget(Truth(), look))
    assert seen == ["sent"]


def test_a_passing_failure_is_tried_again_within_the_call(desk: Desk) -> None:
    desk.plan("0001")
    calls = Recorder(RetryableError("busy"), RetryableError("busy"))
    report = work(desk, KeyTarget(Truth(), calls))
    assert (len(calls.calls), report.halted, states(desk)) == (3, "", ["done"])


def test_a_target_that_stays_busy_ends_the_work_and_nothing_is_lost(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    report = work(desk, Small(Truth(), Recorder(*[RetryableError("busy", code="busy")] * 9)))
    assert (report.halted != "", report.needs_person) == (True, False)
    assert set(states(desk)) == {"planned"}
    desk.clock.sleep(7200)
    assert work(desk, Small(Truth())).counts["done"] == 8


def test_missing_permission_stops_at_once_and_asks_for_a_person(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    calls = Recorder(HaltError("no permission", code="permission"))
    report = work(desk, Small(Truth(), calls))
    assert (len(calls.calls), report.needs_person, set(states(desk))) == (1, True, {"planned"})


def test_a_lost_answer_is_looked_up_and_not_sent_again(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    truth = Truth()
    for target in (AskedByKeyTarget, UpsertTarget):
        calls = Recorder(after_acting(InDoubtError("reset")))
        work(desk, type("T", (target,), {"batch_limit": 8})(truth, calls))
        assert len(calls.calls) <= 1
    assert set(states(desk)) == {"done"}
    assert truth.repeated() == []


def test_a_lost_request_is_looked_up_and_sent_again(desk: Desk) -> None:
    desk.plan("0001")
    truth, calls = Truth(), Recorder(InDoubtError("reset"))
    target = AskedByKeyTarget(truth, calls)
    work(desk, target)
    desk.clock.sleep(7200)
    work(desk, target)
    assert (states(desk), len(truth.journal)) == (["done"], 1)


@pytest.mark.parametrize("kind", [UpsertTarget, ConditionTarget])
@pytest.mark.parametrize("arrived", [False, True])
def test_an_update_of_what_cannot_be_read_back_is_not_called_done_unseen(
    desk: Desk, kind: type[FakeTarget], *, arrived: bool
) -> None:
    truth = Truth()
    desk.plan("0001")
    work(desk, kind(truth))
    desk.plan("0001", Action.UPDATE, run="run-2", fields={"pin": "4711"})
    lost = InDoubtError("reset")
    target = kind(truth, Recorder(after_acting(lost) if arrived else lost))
    work(desk, target)
    desk.clock.sleep(7200)
    work(desk, target)
    assert (states(desk), truth.accounts["0001"].fields["pin"]) == (["done", "done"], "4711")


@pytest.mark.parametrize("arrived", [False, True])
def test_an_update_is_not_proven_by_the_part_of_it_that_can_be_read_back(desk: Desk, *, arrived: bool) -> None:
    truth = Truth()
    desk.plan("0001")
    work(desk, UpsertTarget(truth))
    desk.plan("0001", Action.UPDATE, run="run-2", fields={"pin": "4711", "title": "经理"})
    truth.accounts["0001"].fields["title"] = "经理"  # typed in there by hand
    lost = InDoubtError("reset")
    calls = Recorder(after_acting(lost) if arrived else lost)
    work(desk, UpsertTarget(truth, calls))
    desk.clock.sleep(7200)
    work(desk, UpsertTarget(truth, calls))
    assert (states(desk), truth.accounts["0001"].fields["pin"]) == (["done", "done"], "4711")


def test_a_conditional_write_that_arrived_late_is_recognised(desk: Desk) -> None:
    desk.plan("0001")
    truth = Truth()
    held_back: list = []

    def swallow(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        held_back.extend(writes)
        raise InDoubtError("reset")

    target = ConditionTarget(truth, Recorder(swallow))
    work(desk, target)
    truth.apply(held_back[0])  # only now it arrives
    desk.clock.sleep(7200)
    work(desk, target)
    assert (states(desk), len(truth.journal)) == (["done"], 1)


def test_a_blind_target_s_doubt_waits_for_a_person_and_is_never_sent_again(desk: Desk) -> None:
    desk.plan("0001", Action.PROVISION, Action.UPDATE)
    truth, calls = Truth(), Recorder(after_acting(InDoubtError("reset")))
    target = BlindTarget(truth, calls)
    for _ in range(5):
        work(desk, target)
        desk.clock.sleep(7200)
    assert (states(desk), len(calls.calls), len(truth.journal)) == (["in_doubt", "planned"], 1, 1)


@pytest.mark.parametrize("bad", PEOPLE)
def test_a_call_refused_as_a_whole_is_cut_down_to_the_one_record(desk: Desk, bad: str) -> None:
    desk.plan_all(PEOPLE)

    def picky(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        if any(write.ref.number == bad for write in writes):
            raise RejectedError("bad record", code="bad", remedy="correct it")
        return obey(target, writes)

    report = work(desk, Small(Truth(), picky))
    assert (report.counts["done"], report.counts["refused"]) == (7, 1)
    assert [number for number, state in desk.rows("number", "state") if state == "refused"] == [bad]
    assert ("bad", "bad record", "correct it") in desk.rows("code", "message", "remedy")


@pytest.mark.parametrize("hidden", PEOPLE)
@pytest.mark.parametrize("kind", [ConditionTarget, UpsertTarget])
def test_who_may_not_be_asked_about_keeps_nobody_else_in_doubt(desk: Desk, kind: type[FakeTarget], hidden: str) -> None:
    desk.plan_all(PEOPLE)

    def look(target: FakeTarget, refs: Sequence) -> None:
        if any(ref.number == hidden for ref in refs):
            raise RejectedError("outside what this app may see", code="hidden")

    def lose(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        obey(target, writes)
        target.look = look
        raise InDoubtError("reset")

    target = type("T", (kind,), {"batch_limit": 8})(Truth(), lose)
    for _ in range(2):
        work(desk, target)
        desk.clock.sleep(7200)
    assert [number for number, state in desk.rows("number", "state") if state != "done"] == [hidden]
    assert dict(desk.rows("number", "code"))[hidden] == "hidden"
    assert len(target.truth.journal) == len(PEOPLE)


@pytest.mark.parametrize("given", [[], [Receipt.done("x1")], [Receipt.done("x1")] * 9])
def test_another_number_of_receipts_proves_nothing(desk: Desk, given: list[Receipt]) -> None:
    desk.plan_all(PEOPLE)
    work(desk, type("T", (BlindTarget,), {"batch_limit": 8})(Truth(), lambda *_: given))
    assert set(states(desk)) == {"in_doubt"}


@pytest.mark.parametrize(
    "illegible", [Receipt.done("x\ud83d"), Receipt.refused("no", "\ud83d"), Receipt.done("x1", log="\ud83d")]
)
def test_a_receipt_that_cannot_be_stored_is_doubt_and_takes_no_other_with_it(desk: Desk, illegible: Receipt) -> None:
    desk.plan_all(PEOPLE)

    def half(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        return [illegible, *obey(target, writes[1:])]

    report = work(desk, type("T", (BlindTarget,), {"batch_limit": 8})(Truth(), half))
    assert (states(desk), report.counts["done"]) == (["in_doubt"] + ["done"] * 7, 7)
    assert desk.rows("code")[0] == ("blind",)


def test_a_broken_connector_leaves_doubt_and_no_personal_value_in_it(desk: Desk) -> None:
    desk.plan("0001")

    def broken(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        raise KeyError("测试䶮 canary")

    work(desk, BlindTarget(Truth(), broken))
    (told,) = desk.rows("state", "code", "message")
    assert told[0] == "in_doubt"
    assert "canary" not in str(told)


def test_what_kills_the_worker_ends_alone_and_is_put_aside_after_three(desk: Desk) -> None:
    desk.plan_all(PEOPLE)
    truth = Truth()

    class KilledError(BaseException):
        pass

    def deadly(target: FakeTarget, writes: Sequence) -> Sequence[Receipt]:
        if any(write.ref.number == "0001" for write in writes):
            raise KilledError
        return obey(target, writes)

    killed = 0
    for _ in range(12):
        try:
            work(desk, Small(truth, deadly))
        except KilledError:
            killed += 1
        desk.clock.sleep(7200)
    assert killed == CRASH_LIMIT
    outcome = {number: (state, code) for number, state, code in desk.rows("number", "state", "code")}
    assert outcome.pop("0001") == ("refused", "poison")
    assert {state for state, _ in outcome.values()} == {"done"}
    assert truth.repeated() == []


def test_a_system_on_which_most_writes_fail_is_left_alone(desk: Desk) -> None:
    people = [f"{number:04d}" for number in range(1, 101)]
    desk.plan_all(people)
    calls = Recorder(*[lambda _, writes: [Receipt.not_performed("db", "their database is down")] * len(writes)] * 99)
    report = work(desk, type("T", (KeyTarget,), {"batch_limit": 10})(Truth(), calls))
    assert len(calls.calls) == 2
    assert report.halted == "20 of 20 writes failed: stopped, the rest stays planned"


def test_what_the_target_never_takes_is_given_up_loudly(desk: Desk) -> None:
    desk.plan("0001")
    never = KeyTarget(Truth(), lambda _, writes: [Receipt.not_performed("locked", "locked")] * len(writes))
    pace = Pace(threads=1, lease_s=60.0, patience_s=0.0, attempt_limit=3)
    for _ in range(4):
        work(desk, never, pace)
        desk.clock.sleep(7200)
    assert desk.rows("state", "attempts", "code") == [("refused", 3, "locked")]


def test_it_waits_a_little_for_what_is_due_again_soon(desk: Desk) -> None:
    desk.plan("0001")
    calls = Recorder(lambda _, writes: [Receipt.not_performed("locked", "locked", retry_after_s=20)] * len(writes))
    work(desk, KeyTarget(Truth(), calls), Pace(threads=1, patience_s=30.0))
    assert (states(desk), len(calls.calls)) == (["done"], 2)


def test_a_reference_is_sent_as_the_other_s_id(desk: Desk) -> None:
    desk.plan("0001")
    truth = Truth()
    work(desk, KeyTarget(truth))
    with desk.database.write() as connection:
        wanted = Intention(SYSTEM, "0002", Action.PROVISION, desk.clock.now(), {"name": "测试乙"}, {"manager": "0001"})
        planned = Planned(Link(SYSTEM, "0002"), [(wanted, {"name": "n", "manager": "m"})])
        save_plan(connection, "sync", "run-1", [planned], desk.effects, desk.links)
    work(desk, KeyTarget(truth))
    assert truth.accounts["0002"].fields["manager"] == truth.accounts["0001"].external_id


def test_many_threads_do_everything_once(desk: Desk) -> None:
    desk.plan_all([f"{number:04d}" for number in range(1, 101)])
    truth = Truth()
    report = work(desk, type("T", (UpsertTarget,), {"batch_limit": 7})(truth), Pace(threads=4, patience_s=0.0))
    assert (report.counts["done"], truth.repeated(), len(truth.journal)) == (100, [], 100)


def test_a_disabled_account_is_disabled_where_it_counts(desk: Desk) -> None:
    desk.plan("0001", Action.PROVISION, Action.DISABLE)
    truth = Truth()
    work(desk, KeyTarget(truth))
    assert truth.accounts["0001"].state is AccountState.DISABLED
    with desk.database.read() as connection:
        assert desk.links.of(connection, SYSTEM, ["0001"])["0001"].state is AccountState.DISABLED
