"""A task of the sync that is cleared and run again, in whatever state it was: everything once, and the run ends clean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from baton.store.tables import effects
from tests.airflow.installation import Installation
from tests.airflow.reruns import ALL_STATES, AT_LENGTH, STATES, cleared_and_run
from tests.airflow.test_dags import states

RunDag = Callable[..., Any]
SYNC = "employee_sync"
ALL_CLEAN = {"plan": "success", "apply": "success", "settle": "success"}


class Dies(BaseException):
    """The worker's process ends here."""


def test_every_state_is_known(airflow_home: object) -> None:
    from airflow.utils.state import TaskInstanceState

    assert set(ALL_STATES) == {state.value for state in TaskInstanceState}


def test_cleared_in_whatever_state_nothing_is_done_twice(
    run_dag: RunDag, dags: Any, installation: Installation
) -> None:
    dag_run = run_dag()
    written = len(installation.crm.journal)
    for state in STATES:
        again = cleared_and_run(dags[SYNC], dag_run, ["apply", "settle"], state)
        assert (state, states(again), str(again.state)) == (state, ALL_CLEAN, "success")
    again = cleared_and_run(dags[SYNC], dag_run, ["plan", "apply", "settle"])
    assert states(again) == ALL_CLEAN
    assert len(installation.crm.journal) == written
    assert len(installation.accounts()) == 8


def test_cleared_after_it_has_failed_the_rest_is_done(run_dag: RunDag, dags: Any, installation: Installation) -> None:
    installation.keep_secrets("crm", {"client_secret": "not-the-secret"})
    dag_run = run_dag()
    assert states(dag_run) == {"plan": "success", "apply": "failed", "settle": "failed"}
    installation.keep_secrets("crm", installation.crm.secrets)
    again = cleared_and_run(dags[SYNC], dag_run, ["apply", "settle"])
    assert (states(again), str(again.state)) == (ALL_CLEAN, "success")
    assert len(installation.accounts()) == 8


@pytest.mark.parametrize("point", ["claimed", "sent"] if AT_LENGTH else ["sent"])
def test_cleared_after_its_worker_has_died_everything_is_done_once(
    run_dag: RunDag, dags: Any, installation: Installation, point: str
) -> None:
    run_dag()
    installation.hand_in([{**row, "岗位": "主管"} for row in installation.people])
    _switch(installation, "on")
    dag_run = run_dag()
    _switch(installation, "off")
    before = len(installation.crm.journal)
    _dies_at(point, installation)
    died = len(installation.crm.journal)
    assert (died > before) == (point == "sent")
    again = cleared_and_run(dags[SYNC], dag_run, ["apply", "settle"], "running")
    assert (states(again), str(again.state)) == (ALL_CLEAN, "success")
    assert {account["Title"] for account in installation.accounts().values()} == {"主管"}


def _switch(installation: Installation, to: str) -> None:
    from baton.hub import decisions

    with installation.hub() as hub:
        decisions.kill_switch(hub, "system:crm", to, "olga", "maintenance")


def _dies_at(point: str, installation: Installation) -> None:
    """The worker of `apply` ends in the middle of it, and its lease runs out."""
    from baton.hub import Hub, execution
    from baton.settings import load

    def at(name: str) -> None:
        if name == point:
            raise Dies

    with Hub(load(installation.systems_file), crash_point=at) as hub:
        with pytest.raises(Dies):
            execution.apply(hub, "crm")
        with hub.database.write() as connection:
            over = hub.clock.now() - timedelta(seconds=1)
            held = sa.update(effects).where(effects.c.state == "sent").values(lease_until=over)
            assert connection.execute(held).rowcount > 0
