"""Two things at once: each race has one right outcome, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from baton.errors import ApprovalError
from baton.hub import Hub
from baton.hub.offboarding import casework, completing, hourly, saying, undoing
from baton.hub.offboarding.moving import plan
from baton.hub.offboarding.refreshing import refresh
from baton.model.account import AccountRef
from baton.model.case import Act, Case, CaseState, Cause, Item, ItemState, Role
from baton.model.handover import Holding, HoldingKind
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.rig.belongings import KeeperTarget

CLIENT = HoldingKind.CLIENT
Make = Callable[..., Desk]


class Interrupted(KeeperTarget):
    """Something happens right after it has shown what somebody owns."""

    after_reading: Callable[[], None] = staticmethod(lambda: None)

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        shown = list(super().owned(person))
        then, self.after_reading = self.after_reading, lambda: None
        then()
        yield from shown


def interrupt(d: Desk, what: Callable[[], object]) -> None:
    target = d.target()
    assert isinstance(target, Interrupted)
    target.after_reading = lambda: (what(), None)[1]


def offered(d: Desk) -> tuple[Case, Item]:
    """A case whose one client has been offered to the successor."""
    case = d.open()
    d.tick()
    d.say(case, d.items(case, ItemState.OFFERED), Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    return case, d.items(case, ItemState.OFFERED)[0]


def word(hub: Hub, case: Case, item: Item, act: Act, person: str, role: Role, successor: str = "") -> str:
    """What one person says, in a hub of their own; the code of the refusal, or nothing."""
    try:
        saying.say(hub, saying.Saying(case.id, {item.id: item.version}, act, person, role, "because", successor))
    except ApprovalError as error:
        return error.code
    return ""


def at_once(d: Desk, *tasks: Callable[[Hub], str]) -> list[str]:
    """Each task in a hub and a thread of its own, all starting together."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[Hub], str]) -> str:
        with d.company.open() as hub:
            barrier.wait()
            return task(hub)

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_accepted_while_it_changes_is_accepted_in_no_version(desk: Make) -> None:
    d = desk(Interrupted)
    ref = d.plant(CLIENT, 1)
    case, item = offered(d)
    d.things.change(ref, stage="lost")
    interrupt(d, lambda: d.say(case, [item], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR))
    refresh(d.hub, case.id)
    now = d.item(case, ref)
    assert (now.state, now.version, now.accepted_by) == (ItemState.OFFERED, 2, "")
    assert word(d.hub, case, item, Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR) == "version"


def test_a_change_seen_before_it_is_sent_calls_the_transfer_back(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case, item = offered(d)
    d.say(case, [item], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    d.say(case, d.items(case, ItemState.ACCEPTED), Act.APPROVE, MANAGER, Role.MANAGER)
    assert plan(d.hub, case.id).items == 1
    d.things.change(ref, stage="lost")
    d.tick()
    now = d.item(case, ref)
    assert (d.holder(ref), now.state, now.version, now.accepted_by) == (LEAVER, ItemState.OFFERED, 2, "")
    assert now.due_at is not None


def test_retracted_while_it_transfers_everything_comes_back(desk: Make) -> None:
    d = desk()
    refs = [d.plant(CLIENT, n) for n in range(9)]
    case = d.open()
    d.tick()
    d.agree(case)
    target = d.target()

    def retract() -> None:
        target.during = lambda: None
        casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")

    target.during = retract
    d.tick()
    assert Counter(d.holder(ref) for ref in refs) == {MANAGER: 4, LEAVER: 5}, (
        "what had left has arrived, the rest stays"
    )
    d.tick()
    assert {d.holder(ref) for ref in refs} == {LEAVER}
    assert len(d.things.moves) == 8
    assert d.case(case).state is CaseState.RETRACTED
    d.tick()
    assert len(d.things.moves) == 8


def test_retracted_after_arrival_it_comes_back(desk: Make) -> None:
    d = desk()
    ref, group = d.plant(CLIENT, 1), d.plant(HoldingKind.GROUP, 1)
    d.things.grants[d.id_of(LEAVER)] = {"discounts"}
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    assert (d.holder(ref), d.holder(group), d.things.grants[d.id_of(LEAVER)]) == (MANAGER, MANAGER, set())
    casework.decide(d.hub, case.id, Act.RETRACT, HR, "she stays")
    assert d.tick().taken_back == 2
    assert (d.holder(ref), d.things.grants[d.id_of(LEAVER)]) == (LEAVER, {"discounts"})
    assert d.holder(group) == MANAGER, "what cannot be taken back stays"
    assert d.case(case).state is CaseState.RETRACTED
    assert d.tick().taken_back == 0


def test_of_two_managers_who_approve_and_leave_at_once_one_is_heard(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case, item = offered(d)
    (item,) = d.say(case, [item], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    approved, left = at_once(
        d,
        lambda hub: word(hub, case, item, Act.APPROVE, MANAGER, Role.MANAGER),
        lambda hub: word(hub, case, item, Act.LEAVE, HR, Role.HR),
    )
    now = d.item(case, ref)
    if approved == "":  # what is approved can still be left; what is left cannot be approved
        assert (left, now.state) in [("", ItemState.LEFT), ("state", ItemState.APPROVED)]
    else:
        assert (approved, left, now.state) == ("state", "", ItemState.LEFT)
    assert d.statement_acts(case).count(Act.LEAVE) == (left == "")


def test_of_two_who_approve_at_once_one_is_heard(desk: Make) -> None:
    d = desk()
    d.plant(CLIENT, 1)
    case, item = offered(d)
    (item,) = d.say(case, [item], Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR)
    tasks = [
        lambda hub: word(hub, case, item, Act.APPROVE, MANAGER, Role.MANAGER),
        lambda hub: word(hub, case, item, Act.APPROVE, HR, Role.HR),
    ]
    assert sorted(at_once(d, *tasks)) == ["", "state"]
    assert d.statement_acts(case).count(Act.APPROVE) == 1


def test_another_named_while_the_first_accepts_is_the_one(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case, item = offered(d)
    accepted, named = at_once(
        d,
        lambda hub: word(hub, case, item, Act.ACCEPT, SUCCESSOR, Role.SUCCESSOR),
        lambda hub: word(hub, case, item, Act.NAME, MANAGER, Role.MANAGER, OTHER),
    )
    now = d.item(case, ref)
    assert (named, now.state, now.successor, now.accepted_by) == ("", ItemState.OFFERED, OTHER, "")
    assert accepted in ("", "not_yours")


def test_two_runs_of_the_schedule_at_once_pass_each_thing_on_once(desk: Make) -> None:
    d = desk()
    refs = [d.plant(CLIENT, n) for n in range(12)]
    d.things.grants[d.id_of(LEAVER)] = {"discounts", "exports"}
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    for _ in range(3):
        at_once(d, *[lambda hub: ",".join(hourly.tick(hub).troubles.values())] * 2)
    assert Counter(ref for ref, *_ in d.things.moves) == dict.fromkeys(refs, 1)
    assert {item.state for item in d.items(case) if item.kind is not HoldingKind.ACCOUNT} == {ItemState.DONE}


def test_a_look_from_before_a_transfer_reopens_nothing(desk: Make) -> None:
    d = desk(Interrupted)
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)

    def another_run() -> None:
        with d.company.open() as hub:
            hourly.tick(hub)

    interrupt(d, another_run)
    refresh(d.hub, case.id)
    assert (d.holder(ref), d.item(case, ref).state) == (MANAGER, ItemState.DONE)


def finished(d: Desk) -> Case:
    """A case in which nothing is left to do."""
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    d.close_account()
    return case


def test_what_drifts_before_the_last_look_keeps_a_case_open_and_afterwards_opens_it_again(desk: Make) -> None:
    d = desk(Interrupted)
    ref = d.plant(CLIENT, 1)
    case = finished(d)
    d.things.holders[ref] = d.id_of(LEAVER)
    with pytest.raises(ApprovalError) as refused:
        completing.complete(d.hub, case.id, HR, "done")
    assert refused.value.code == "unfinished"
    d.things.holders[ref] = d.id_of(MANAGER)
    d.tick()
    assert d.item(case, ref).state is ItemState.OFFERED, "nobody has accepted this version"
    d.agree(case)
    d.tick()
    interrupt(d, lambda: d.things.holders.update({ref: d.id_of(LEAVER)}))
    assert completing.complete(d.hub, case.id, HR, "done").state is CaseState.COMPLETED
    assert d.tick().reopened == [case.id]
    assert d.case(case).state is CaseState.OPEN
    assert d.item(case, ref).code == "returned"


def test_reopened_during_completion_is_refused_and_afterwards_works(desk: Make) -> None:
    d = desk(Interrupted)
    d.plant(CLIENT, 1)
    case = finished(d)
    refusals: list[str] = []

    def reopen() -> None:
        try:
            casework.decide(d.hub, case.id, Act.REOPEN, HR, "wait")
        except ApprovalError as error:
            refusals.append(error.code)

    interrupt(d, reopen)
    assert completing.complete(d.hub, case.id, HR, "done").state is CaseState.COMPLETED
    assert refusals == ["state"]
    assert casework.decide(d.hub, case.id, Act.REOPEN, HR, "wait").state is CaseState.OPEN


def test_taken_back_while_something_else_is_on_its_way_only_what_had_arrived_comes_back(desk: Make) -> None:
    d = desk()
    first = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    d.tick()
    second = d.plant(CLIENT, 2)
    d.tick()
    d.agree(case)
    target = d.target()

    def undo() -> None:
        target.during = lambda: None
        undoing.undo(d.hub, case.id, HR, "a mistake")

    target.during = undo
    d.tick()
    d.tick()
    assert (d.holder(first), d.holder(second)) == (LEAVER, MANAGER)
    assert d.item(case, second).state is ItemState.DONE


def test_what_is_on_its_way_cannot_be_taken_back_before_it_has_arrived(desk: Make) -> None:
    d = desk()
    ref = d.plant(CLIENT, 1)
    case = d.open()
    d.tick()
    d.agree(case)
    target, refusals = d.target(), []

    def undo() -> None:
        try:
            undoing.undo(d.hub, case.id, HR, "a mistake")
        except ApprovalError as error:
            refusals.append(error.code)

    target.during = undo
    d.tick()
    target.during = lambda: None
    assert refusals == ["nothing"]
    undoing.undo(d.hub, case.id, HR, "a mistake")
    d.tick()
    assert d.holder(ref) == LEAVER
