"""Keys rotated, killed with SIGKILL at every step, and under traffic. At length: ``python -m tests.crash --only keys --only traffic``."""

from __future__ import annotations

import pytest

from tests.crash.rotation import campaign, under_traffic
from tests.rig.stores import OnPostgres
from tests.servers.postgres import Postgres

EVERYWHERE = {
    *("keyring_renewing", "keyring_renewed", "sealing_again", "sealed_again"),
    *("staging_again", "staged_again"),
}


def test_killed_anywhere_every_value_opens_and_with_the_new_key() -> None:
    figures = campaign(points=2, seed=20261126)
    assert figures.passed.keys() == EVERYWHERE
    assert figures.passed.total() >= 200
    assert figures.killed.total() >= 2


@pytest.mark.server
def test_under_traffic_no_read_fails_and_no_value_keeps_the_old_key(postgres_server: Postgres) -> None:
    traffic = under_traffic(300, 0.4, 1, OnPostgres(postgres_server), kills_at_most=4)
    assert traffic.reads > 10
    assert traffic.values >= 300
