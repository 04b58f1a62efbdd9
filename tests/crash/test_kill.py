"""A sync killed with SIGKILL is as if it had only been late; stopped past its lease, it changes nothing any more.

At length: ``python -m tests.crash``.
"""

from __future__ import annotations

import pytest

from tests.crash import campaign, stopped
from tests.rig.stores import OnPostgres
from tests.servers.postgres import Postgres

EVERYWHERE = {"planning", "planned", "claimed", "sending", "before_acting", "after_acting", "sent", "stored"}


def test_killed_anywhere_nothing_is_lost_and_nothing_happens_twice() -> None:
    figures = campaign.campaign(points=3, seed=20261122)
    assert figures.passed.keys() >= EVERYWHERE, "the points cover every step of the way"
    assert figures.passed.total() >= 200
    assert figures.points == 3
    assert figures.killed.total() >= 3


@pytest.mark.server
def test_the_same_on_postgresql(postgres_server: Postgres) -> None:
    figures = campaign.campaign(points=1, seed=20261122, store=OnPostgres(postgres_server))
    assert figures.points == 1
    assert figures.killed.total() >= 1


def test_a_worker_stopped_past_its_lease_stores_nothing_any_more() -> None:
    figures = stopped.campaign(points=3, seed=1)
    assert figures.points == 3
    assert figures.lost > 0
