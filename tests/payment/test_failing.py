"""A small fixed set of what goes wrong with a month's pay. At length: ``python -m tests.payment``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.payment import departures, kills, tellings
from tests.payment.races import Races
from tests.rig.stores import OnPostgres
from tests.servers.postgres import Postgres

POINTS = {"drafting", "sealed", "building", "signing", "releasing", "sending", "half_uploaded", "renaming", "renamed"}


def test_killed_anywhere_everybody_is_paid_once() -> None:
    figures = kills.campaign(runs=2, points=2, seed=20261126)
    assert figures.passed.keys() >= POINTS | {"delivered", "answer_taking", "withdrawing", "committing"}
    assert figures.passed.total() >= 300
    assert figures.killed.total() >= 2
    assert figures.account.paid == 2 * 6


@pytest.mark.server
def test_the_same_on_postgresql(postgres_server: Postgres) -> None:
    figures = kills.campaign(runs=1, points=1, seed=20261126, store=OnPostgres(postgres_server))
    assert figures.killed.total() >= 1
    assert figures.account.paid == 6


def test_who_has_left_is_settled_with_and_not_paid() -> None:
    figures = departures.campaign(3, seed=3)
    assert (figures.departures, figures.settled) == (3, 3)
    assert figures.unpaid >= 1


def test_only_what_was_signed_for_leaves_whoever_is_faster(database_url: str, tmp_path: Path) -> None:
    figures = Races(tmp_path, database_url, seed=1).run(4)
    assert figures.races == 4


def test_the_end_does_not_depend_on_the_order_of_answers(tmp_path: Path) -> None:
    figures = tellings.campaign(tmp_path, 3, seed=1)
    assert figures.files >= 9
