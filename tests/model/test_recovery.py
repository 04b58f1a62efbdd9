"""The machine of recovery cases: closed, complete, and never stuck while money may still come."""

from __future__ import annotations

import pytest

from baton.errors import TransitionError
from baton.model.recovery import TABLE, RecoveryEvent, RecoveryState, step


@pytest.mark.parametrize("state", list(RecoveryState))
def test_a_pair_that_is_not_in_the_table_is_refused(state: RecoveryState) -> None:
    for event in RecoveryEvent:
        if event in TABLE[state]:
            assert step(state, event) is TABLE[state][event]
        else:
            with pytest.raises(TransitionError):
                step(state, event)


def test_money_is_taken_in_wherever_it_can_come_and_hr_can_always_take_a_claim_back() -> None:
    for state, events in TABLE.items():
        assert {RecoveryEvent.ALL_BACK, RecoveryEvent.NOT_BACK} <= events.keys()
        assert RecoveryEvent.PART_BACK in events or state is RecoveryState.REPAID
        assert RecoveryEvent.WITHDRAW in events or state is RecoveryState.WITHDRAWN


def test_a_closed_case_is_opened_only_by_money_that_is_gone_again() -> None:
    closed = [state for state in RecoveryState if not state.open]
    assert closed == [RecoveryState.REPAID, RecoveryState.WRITTEN_OFF, RecoveryState.WITHDRAWN]
    for state in closed:
        opened = [event for event, after in TABLE[state].items() if after.open]
        assert opened == ([] if state is RecoveryState.WITHDRAWN else [RecoveryEvent.NOT_BACK])


def test_nobody_agrees_before_they_are_told() -> None:
    reached_by_agreeing = [state for state in RecoveryState if RecoveryEvent.AGREE in TABLE[state]]
    assert RecoveryState.CLAIMED not in reached_by_agreeing
    assert RecoveryState.NOTICED in reached_by_agreeing
