"""Approvals that wait for a leaver: listed whole, followed through transfers, passed on once, and back."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest

from baton.engine.handovers import judged
from baton.sdk import (
    AccountRef,
    HaltError,
    HoldingKind,
    HoldingRef,
    Outcome,
    OwnershipStore,
    RetryableError,
)
from connectors.oa.feishu.connector import Feishu
from connectors.oa.feishu.simulator import Simulator
from tests.connectors.oa.feishu_desk import (
    LEAVER,
    TAKER,
    FrozenClock,
    connect,
    held,
    lost,
    outcomes,
    passing,
)

pytestmark = pytest.mark.usefixtures("staff")


def refs(*external_ids: str) -> list[HoldingRef]:
    return [HoldingRef(HoldingKind.APPROVAL, one) for one in external_ids]


# --- what waits


def test_the_approvals_that_wait_are_listed_once_with_what_a_successor_should_know(
    sim: Simulator, feishu: Feishu
) -> None:
    planted = [sim.seed_holding("approval", n, "0001") for n in range(3)]
    sim.seed_holding("approval", 9, "0002")
    found = held(feishu)
    assert [one.ref.external_id for one in found] == planted
    assert found[0].title == "报销申请0䶮"
    assert found[1].amount == Decimal(1001)
    assert found[1].facts["form: 金额"] == Decimal(1001)
    assert not any(one.by_hand for one in found)
    assert sim.journal == []


def test_a_changed_amount_is_another_version_and_a_second_look_is_not(sim: Simulator, feishu: Feishu) -> None:
    (planted,) = [sim.seed_holding("approval", 1, "0001")]
    before, again = held(feishu), held(feishu)
    sim.change_holding("approval", planted)
    after = held(feishu)
    assert before == again
    assert before[0].ref == after[0].ref
    assert before[0].facts != after[0].facts


def test_many_pages_of_approvals_are_read_whole(sim: Simulator, feishu: Feishu) -> None:
    planted = {sim.seed_holding("approval", n, "0001") for n in range(450)}
    pages = list(feishu.work(LEAVER))
    assert [len(page) for page in pages] == [200, 200, 50]
    assert {one.ref.external_id for page in pages for one in page} == planted


def test_a_list_that_changes_between_its_pages_is_not_believed(sim: Simulator) -> None:
    planted = [sim.seed_holding("approval", n, "0001") for n in range(250)]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("page_token") == "200":
            for one in planted[:5]:  # these move up, and five others fall into the gap
                sim.give_away("approval", one, "0003")
        return sim.handle(request)

    with pytest.raises(RetryableError, match="changed"):
        held(connect(sim, handle))


def test_a_lost_page_is_an_error_and_not_fewer_approvals(sim: Simulator) -> None:
    for n in range(250):
        sim.seed_holding("approval", n, "0001")

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("page_token") == "200":
            raise httpx.ReadError("gone", request=request)
        return sim.handle(request)

    with pytest.raises(RetryableError):
        held(connect(sim, handle))


def test_nobody_without_an_account_holds_anything(feishu: Feishu) -> None:
    assert held(feishu, AccountRef("0099")) == []


def test_a_third_partys_approval_is_shown_and_left_to_a_person(sim: Simulator, feishu: Feishu) -> None:
    sim.approvals.seed_third_party(1, "0001")
    (one,) = held(feishu)
    assert "third-party" in one.by_hand
    assert feishu.workers([one.ref]) == ["0001"]
    assert outcomes(feishu.reassign([passing(one.ref.external_id)])) == [(Outcome.REFUSED, "by_hand")]
    sim.approvals.third_party.clear()
    assert feishu.workers([one.ref]) == [None]
    assert sim.journal == []


def test_an_approval_the_app_may_not_read_is_left_to_a_person(sim: Simulator) -> None:
    sim.seed_holding("approval", 1, "0001")

    def handle(request: httpx.Request) -> httpx.Response:
        if "/instances/" in request.url.path:
            return httpx.Response(403, json={"code": 1390009, "msg": "no operation permission"})
        return sim.handle(request)

    (one,) = held(connect(sim, handle))
    assert one.by_hand


# --- passing on


def test_approvals_are_passed_on_and_back(sim: Simulator, feishu: Feishu) -> None:
    planted = [sim.seed_holding("approval", n, "0001") for n in range(3)]
    receipts = feishu.reassign([passing(one) for one in planted])
    assert outcomes(receipts) == [(Outcome.DONE, "")] * 3
    assert [sim.holder_of("approval", one) for one in planted] == ["0002"] * 3
    assert feishu.workers(refs(*planted)) == ["0002"] * 3
    assert held(feishu) == []
    assert [one.ref.external_id for one in held(feishu, TAKER)] == planted  # the same holdings, under the same ids
    back = [passing(one, TAKER, LEAVER) for one in planted]
    assert outcomes(feishu.reassign(back)) == [(Outcome.DONE, "")] * 3
    assert [one.ref.external_id for one in held(feishu)] == planted
    assert [entry.action for entry in sim.journal] == ["transfer"] * 6


def test_passing_on_again_is_done_and_moves_nothing(sim: Simulator, feishu: Feishu) -> None:
    one = sim.seed_holding("approval", 1, "0001")
    assert outcomes(feishu.reassign([passing(one)]) + feishu.reassign([passing(one)])) == [(Outcome.DONE, "")] * 2
    assert len(sim.journal) == 1


def test_what_somebody_else_has_by_now_is_left_alone(sim: Simulator) -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.extend([request.url.path] if request.url.path.endswith("/tasks/transfer") else [])
        return sim.handle(request)

    taken, kept = (sim.seed_holding("approval", n, "0001") for n in (1, 2))
    sim.give_away("approval", taken, "0003")
    receipts = connect(sim, handle).reassign([passing(taken), passing(kept)])
    assert outcomes(receipts) == [(Outcome.REFUSED, OwnershipStore.CHANGED), (Outcome.DONE, "")]
    assert sim.holder_of("approval", taken) == "0003"
    assert len(asked) == 1  # what is not the leaver's is not even asked for


def test_finished_is_not_passed_on(sim: Simulator, feishu: Feishu) -> None:
    """A transferred task and an approved one have both left the list; only one of them still waits for somebody."""
    passed, approved, both = (sim.seed_holding("approval", n, "0001") for n in range(3))
    feishu.reassign([passing(passed), passing(both)])
    sim.approvals.decide(*approved.split("/"))
    code, _, step = both.partition("/")
    waiting = sim.approvals.waiting(code, step)
    assert waiting is not None
    sim.approvals.decide(code, waiting["id"], "REJECTED")
    assert feishu.workers(refs(passed, approved, both, "NO-SUCH/1")) == ["0002", None, None, None]
    assert outcomes(feishu.reassign([passing(approved)])) == [(Outcome.REFUSED, OwnershipStore.CHANGED)]


def test_two_steps_of_one_approval_are_two_holdings(sim: Simulator, feishu: Feishu) -> None:
    sim.approvals.seed(1, "0001", nodes=2)
    one, other = (holding.ref.external_id for holding in held(feishu))
    assert outcomes(feishu.reassign([passing(one)])) == [(Outcome.DONE, "")]
    assert feishu.workers(refs(one, other)) == ["0002", "0001"]


def test_without_a_timeline_the_node_and_the_times_tell(sim: Simulator, feishu: Feishu) -> None:
    one = sim.seed_holding("approval", 1, "0001")
    feishu.reassign([passing(one)])
    sim.approvals.instances[one.partition("/")[0]]["timeline"] = []
    assert feishu.workers(refs(one)) == ["0002"]


def test_two_approvers_of_one_node_pass_on_in_the_same_moment_and_the_timeline_tells(sim: Simulator) -> None:
    """And a third task, of another node, begins just then too."""
    code, first = sim.approvals.seed(1, "0001")
    instance = sim.approvals.instances[code]
    mine, other = instance["task_list"][0], {**instance["task_list"][0], "id": "2", "user_id": "0002"}
    sim.approvals.pass_on(code, first, "0003")
    theirs, moment = instance["task_list"][1], mine["end_time"]
    other |= {"status": "TRANSFERRED", "end_time": moment}
    begun = {**theirs, "start_time": moment}
    instance["task_list"] = [
        mine, other, {**begun, "id": "4", "node_id": "node-9"}, begun, {**begun, "id": "3", "user_id": "0001"}
    ]  # fmt: skip
    told = {**instance["timeline"][0], "task_id": "2", "ext": json.dumps({"user_id_list": ["0001"]})}
    instance["timeline"].append(told)
    assert connect(sim).workers(refs(f"{code}/{first}", f"{code}/2")) == ["0003", "0001"]


def test_a_step_that_cannot_be_followed_is_an_error_and_never_finished(sim: Simulator, feishu: Feishu) -> None:
    one = sim.seed_holding("approval", 1, "0001")
    feishu.reassign([passing(one)])
    instance = sim.approvals.instances[one.partition("/")[0]]
    instance["timeline"] = []
    twin = {**instance["task_list"][1], "id": "1", "user_id": "0003"}
    instance["task_list"].append(twin)
    with pytest.raises(HaltError, match="to whom"):
        feishu.workers(refs(one))
    instance["task_list"] = [{**instance["task_list"][0], "status": "HIBERNATING"}]
    with pytest.raises(HaltError, match="HIBERNATING"):
        feishu.workers(refs(one))


def test_a_lost_answer_to_a_transfer_is_in_doubt_and_the_instance_tells(sim: Simulator) -> None:
    one, two = (sim.seed_holding("approval", n, "0001") for n in (1, 2))
    feishu = connect(sim, lost(sim, "POST"))
    writes = [passing(one), passing(two)]
    receipts = feishu.reassign(writes)
    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT, Outcome.DONE]
    assert [receipt.outcome for receipt in judged(writes, feishu.workers(refs(one, two)))] == [Outcome.DONE] * 2
    assert len(sim.journal) == 2


def test_try_again_later_is_in_doubt_and_the_instance_tells_that_nothing_happened(
    sim: Simulator,
) -> None:
    one = sim.seed_holding("approval", 1, "0001")

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tasks/transfer"):
            return httpx.Response(400, json={"code": 1395001, "msg": "There have been some errors."})
        return sim.handle(request)

    feishu = connect(sim, handle)
    (receipt,) = feishu.reassign([passing(one)])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "feishu_1395001")
    assert judged([passing(one)], feishu.workers(refs(one)))[0].outcome is Outcome.NOT_PERFORMED


@pytest.mark.parametrize("code", [1390009, 99991672])
def test_a_transfer_after_which_the_approval_cannot_be_read_is_in_doubt(sim: Simulator, code: int) -> None:
    one = sim.seed_holding("approval", 1, "0001")
    passed: list[bool] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if passed and "/instances/" in request.url.path:
            return httpx.Response(400, json={"code": code, "msg": "not for this app"})
        passed.extend([True] * request.url.path.endswith("/tasks/transfer"))
        return sim.handle(request)

    (receipt,) = connect(sim, handle).reassign([passing(one)])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "not_read_back")


def test_a_yes_after_which_nothing_has_changed_is_not_believed(sim: Simulator) -> None:
    one = sim.seed_holding("approval", 1, "0001")

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tasks/transfer"):
            return httpx.Response(200, json={"code": 0, "msg": "success", "data": {}})
        return sim.handle(request)

    (receipt,) = connect(sim, handle).reassign([passing(one)])
    assert (receipt.outcome, receipt.code) == (Outcome.IN_DOUBT, "not_confirmed")


def test_the_race_that_the_other_wins_is_a_conflict(sim: Simulator) -> None:
    """Between our look and our call somebody passes it on."""
    one = sim.seed_holding("approval", 1, "0001")

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tasks/transfer"):
            sim.give_away("approval", one, "0003")
        return sim.handle(request)

    assert outcomes(connect(sim, handle).reassign([passing(one)])) == [(Outcome.REFUSED, OwnershipStore.CHANGED)]
    assert sim.holder_of("approval", one) == "0003"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(1390018, Outcome.REFUSED), (1390001, Outcome.REFUSED), (1390004, Outcome.REFUSED), (45678, Outcome.IN_DOUBT)],
)
def test_what_feishu_says_of_a_transfer(sim: Simulator, code: int, outcome: Outcome) -> None:
    one = sim.seed_holding("approval", 1, "0001")

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tasks/transfer"):
            return httpx.Response(400, json={"code": code, "msg": "synthetic"})
        return sim.handle(request)

    (receipt,) = connect(sim, handle).reassign([passing(one)])
    assert receipt.outcome is outcome
    assert str(code) in receipt.code


def test_a_hundred_transfers_a_minute_and_no_more(sim: Simulator) -> None:
    clock = FrozenClock()
    planted = [sim.seed_holding("approval", n, "0001") for n in range(10)]
    feishu = connect(sim, clock=clock, transfer_interval_s=0.6)
    begun = clock.at
    feishu.reassign([passing(one) for one in planted])
    assert clock.at - begun == pytest.approx(9 * 0.6)
