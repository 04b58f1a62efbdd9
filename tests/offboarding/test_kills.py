"""A case killed with SIGKILL is as if it had only been late. At length: ``python -m tests.offboarding --only kill``."""

from __future__ import annotations

import pytest

from tests.offboarding.driver import EMERGENCY, ORDINARY, RETRACTED
from tests.offboarding.kills import campaign
from tests.rig.stores import OnPostgres
from tests.servers.postgres import Postgres

EVERYWHERE = {
    "looked", "refreshing", "refreshed", "saying", "moves_planning", "moves_planned", "claimed", "sending",
    "before_acting", "half_way", "after_acting", "sent", "stored", "items_settling", "items_settled", "asking_results",
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "last"),
    [(ORDINARY, "completed"), (EMERGENCY, "completed"), (RETRACTED, "decided")],
)
def test_killed_anywhere_a_case_ends_as_if_nothing_had_happened(task: str, last: str) -> None:
    figures = campaign(task, points=2, seed=20261122)
    assert figures.passed.keys() >= EVERYWHERE | {last}, "the points cover every step of the way"
    assert figures.passed.total() >= 200
    assert figures.points == 2
    assert figures.killed.total() >= 2


@pytest.mark.server
def test_the_same_on_postgresql(postgres_server: Postgres) -> None:
    figures = campaign(ORDINARY, points=1, seed=20261122, store=OnPostgres(postgres_server))
    assert figures.killed.total() >= 1
