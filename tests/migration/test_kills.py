"""A migration killed with SIGKILL is as if it had only been late. At length: ``python -m tests.migration --only kill``."""

from __future__ import annotations

import pytest

from tests.migration.driver import MIGRATE, ROLLBACK
from tests.migration.kills import campaign
from tests.rig.stores import OnPostgres
from tests.servers.postgres import Postgres

SENDING = {"claimed", "sending", "before_acting", "half_way", "after_acting", "written", "sent", "stored", "proven"}
PLANNING = {"extracting", "planning_page", "planning", "planned"}


@pytest.mark.parametrize(("task", "first"), [(MIGRATE, PLANNING), (ROLLBACK, {"rollback_planned"})])
def test_killed_anywhere_and_resumed_the_target_is_as_if_nothing_had_happened(task: str, first: set[str]) -> None:
    figures = campaign(task, points=2, seed=20261122)
    assert figures.passed.keys() >= SENDING | first | {"settled"}, "the points cover every step of the way"
    assert figures.passed.total() >= 200
    assert figures.points == 2
    assert figures.killed.total() >= 2


@pytest.mark.server
def test_the_same_on_postgresql(postgres_server: Postgres) -> None:
    figures = campaign(MIGRATE, points=1, seed=20261122, store=OnPostgres(postgres_server))
    assert figures.killed.total() >= 1
