"""The DAGs as Airflow runs them: parsed, executed task by task, and judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.installation import ROOT, Installation

RunDag = Callable[..., Any]


@pytest.fixture(scope="module")
def dags(airflow_home: Path) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def run_dag(dags: Any) -> RunDag:
    def run(name: str = "employee_sync", **conf: Any) -> Any:
        return dags[name].test(run_conf=conf or None)

    return run


def states(dag_run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def test_a_sync_runs_clean_and_the_accounts_are_there(run_dag: RunDag, installation: Installation) -> None:
    dag_run = run_dag()
    assert (str(dag_run.state), states(dag_run)) == (
        "success",
        {"plan": "success", "apply": "success", "settle": "success"},
    )
    assert sorted(installation.accounts()) == [f"{n:04d}" for n in range(1, 9)]
    assert installation.accounts()["0001"]["EmployeeNumber"] == "0001"
