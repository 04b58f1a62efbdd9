"""A migration killed with SIGKILL is as if it had only been late. At length: ``python -m tests.migration --only kill``."""

from __future__ import annotations

import pytest

from tests.migration.driver import MIGRATE, ROLLBACK
from tests.migration.kills import campaign

SENDING = {"claimed", "sending", "before_acting", "half_way", "after_acting", "written", "sent", "stored", "proven"}
PLANNING = {"extracting", "planning_page", "planning", "planned"}


@pytest.mark.parametrize(("task", "first"), [(MIGRATE, PLANNING), (ROLLBACK, {"rollback_planned"})])
def test_killed_anywhere_and_resumed_the_target_is_as_if_nothing_had_happened(task: str, first: set[str]) -> None:
    figures = campaign(task, points=4, seed=20261122)
    assert figures.passed.keys() >= SENDING | first | {"settled"}, "the points cover every step of the way"
    assert figures.passed.total() >= 200
    assert figures.points == 4
    assert figures.killed.total() >= 4
