"""Writes performed in turn: one trouble costs nobody else their receipt, and what is raised has done nothing."""

import pytest

from baton.contracts import in_turn, one_by_one
from baton.contracts.turns import LONGEST_S
from baton.errors import HaltError, InDoubtError, RejectedError, RetryableError
from baton.model.account import Outcome, Receipt
from tests.rig.clock import VirtualClock

SLOW = RetryableError("too many calls", code="slow", retry_after_s=7.0)


def performing(*troubles):
    """Does the next write each time, or raises the next trouble."""
    left = iter(troubles)

    def perform(write):
        trouble = next(left)
        if trouble is not None:
            raise trouble
        return Receipt.done(write)

    return perform


def outcomes(receipts):
    return [(receipt.outcome, receipt.code) for receipt in receipts]


def test_doubt_and_refusal_stay_with_the_write_they_belong_to():
    perform = performing(InDoubtError("lost", code="lost"), RejectedError("bad", code="bad", remedy="fix it"), None)
    receipts = one_by_one(["a", "b", "c"], perform)
    assert outcomes(receipts) == [(Outcome.IN_DOUBT, "lost"), (Outcome.REFUSED, "bad"), (Outcome.DONE, "")]
    assert receipts[1].remedy == "fix it"


@pytest.mark.parametrize("trouble", [SLOW, HaltError("no permission", code="halt")])
def test_what_stops_the_system_is_raised_when_nothing_has_been_done(trouble):
    with pytest.raises(type(trouble)):
        one_by_one(["a", "b"], performing(trouble))


@pytest.mark.parametrize(("trouble", "wait_s"), [(SLOW, 7.0), (HaltError("no permission", code="halt"), None)])
def test_later_it_leaves_the_rest_not_performed_and_is_not_asked_again(trouble, wait_s):
    receipts = one_by_one(["a", "b", "c"], performing(None, trouble))
    assert outcomes(receipts) == [(Outcome.DONE, ""), *[(Outcome.NOT_PERFORMED, trouble.code)] * 2]
    assert [receipt.retry_after_s for receipt in receipts[1:]] == [wait_s, wait_s]


def test_parts_of_several_writes_have_receipts_of_their_own_length():
    def perform(part):
        if part == ["c"]:
            raise SLOW
        return [Receipt.done(write) for write in part]

    told = in_turn([["a", "b"], ["c"], ["d", "e", "f"]], perform)
    assert [len(part) for part in told] == [2, 1, 3]
    assert {receipt.outcome for receipt in told[2]} == {Outcome.NOT_PERFORMED}


def test_no_writes_are_no_receipts():
    assert one_by_one([], performing()) == []


def test_a_system_that_hangs_leaves_the_rest_for_the_next_time_before_its_claim_is_over():
    """Twenty calls of thirty seconds would outlast the claim, and somebody else would do them again beside us."""
    clock = VirtualClock()
    began = clock.monotonic()

    def hang(part):
        clock.sleep(30.0)
        raise InDoubtError("the answer was lost", code="lost_answer")

    told = in_turn([[number] for number in range(20)], hang, clock)
    assert [receipts[0].outcome for receipts in told] == [Outcome.IN_DOUBT] * 3 + [Outcome.NOT_PERFORMED] * 17
    assert clock.monotonic() - began <= LONGEST_S + 30.0
    assert {receipts[0].retry_after_s for receipts in told[3:]} == {1.0}
