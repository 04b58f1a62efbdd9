"""Clearing tasks of a DAG run as a person does on Airflow's page, and the run going on as the scheduler has it."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

ALL_STATES = [
    "success",
    "failed",
    "running",
    "restarting",
    "up_for_retry",
    "scheduled",
    "queued",
    "upstream_failed",
    "skipped",
    "up_for_reschedule",
    "deferred",
    "removed",
    "awaiting_input",
]
AT_LENGTH = "BATON_EVERY_STATE" in os.environ
"""In `make proof`: each state costs a run of the tasks."""
STATES = ALL_STATES if AT_LENGTH else ["running", "up_for_retry"]
FEWER_STATES = ALL_STATES if AT_LENGTH else ["running"]
"""For tasks that take long."""


def cleared_and_run(dag: Any, dag_run: Any, tasks: Collection[str], state: str | None = None) -> Any:
    """Clear these tasks and let the run go to its end; returns it as it is then.

    ``state`` is what they are found in before, where it is another than the one the run has left them in.
    """
    from airflow.models.taskinstance import clear_task_instances
    from airflow.sdk.definitions.dag import _run_task
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState

    with create_session() as session:
        run = session.get(type(dag_run), dag_run.id)
        run.dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        chosen = [ti for ti in run.get_task_instances(session=session) if ti.task_id in tasks]
        for ti in chosen:
            ti.state = state or ti.state
        session.flush()
        clear_task_instances(chosen, session)
        for ti in chosen:
            if ti.state == TaskInstanceState.RESTARTING:
                ti.state = None  # what ran is ended by its worker, and the scheduler starts it anew
        run.state = DagRunState.RUNNING
        session.commit()
        for _ in range(20):
            session.expire_all()
            ready, _ = run.update_state(session=session)
            if run.state != DagRunState.RUNNING:
                return session.get(type(dag_run), dag_run.id)
            for ti in ready:
                ti.try_number += 1
                ti.state = TaskInstanceState.SCHEDULED
            session.commit()
            for ti in ready:
                _run_task(ti=ti, task=dag.task_dict[ti.task_id], run_triggerer=True)
        raise AssertionError(f"the run does not end: {run.state}")
