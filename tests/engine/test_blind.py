"""A blind target shows nothing: "no such account" must never pass for a removal that arrived."""

import pytest

from baton.engine import calls
from baton.model.account import AccountRef, AccountWrite, Action, Outcome
from tests.rig.targets import BlindTarget


@pytest.mark.parametrize("action", list(Action))
def test_a_lost_write_to_a_blind_target_stays_in_doubt(action):
    target = BlindTarget.__new__(BlindTarget)
    write = AccountWrite("k" * 64, AccountRef("0012"), action, 1, {}, "b")
    assert [receipt.outcome for receipt in calls.look_up(target, [write])] == [Outcome.IN_DOUBT]
