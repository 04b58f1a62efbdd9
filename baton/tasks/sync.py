"""The sync as tasks: plan, apply per system, settle."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from baton.engine.settle import Verdict, summarise
from baton.errors import FeedRefusedError, RetryableError
from baton.hub import execution
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync, preview_sync
from baton.store.runs import RunState
from baton.tasks.opening import RETRIES, RETRY_POLICY, opened_hub

log = logging.getLogger("baton.tasks")

_RUN = "run"
"""XCom key of the run's id."""
DRY_RUN = "dry-run"
"""Stands for the id when nothing was stored."""


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def plan(job: str) -> list[dict[str, str]]:
    """Plan the job; gives one batch per system that has something to send (ids only)."""
    context = get_current_context()
    request = _request(context)
    dry_run = bool(context["params"].get("dry_run"))
    with opened_hub() as hub:
        try:
            planned = (preview_sync if dry_run else plan_sync)(hub, request)
        except FeedRefusedError as error:
            raise AirflowFailException(str(error)) from None
        _tell(planned)
        context["ti"].xcom_push(key=_RUN, value=DRY_RUN if dry_run else planned.run.id)
        if dry_run or planned.run.state is RunState.HELD:
            return []
        return [{"run": planned.run.id, "system": system.name} for system in hub.targets()]


@task(retries=RETRIES, retry_policy=RETRY_POLICY, map_index_template="{{ batch_name }}")
def apply(batch: dict[str, str]) -> dict[str, int]:
    """Send what is released and due in one system; gives the figures."""
    get_current_context()["batch_name"] = batch["system"]  # type: ignore[typeddict-unknown-key]
    with opened_hub() as hub:
        (report,) = execution.apply(hub, batch["system"])
    log.info("%s: %s", report.system, dict(report.counts))
    if report.halted:
        raise RetryableError(f"{report.system}: stopped: {report.halted}", code="halted")
    return dict(report.counts)


@task(trigger_rule=TriggerRule.ALL_DONE)
def settle(job: str) -> dict[str, Any]:
    """Read back and judge, whatever became of the tasks before; anything but a clean verdict fails the DAG run."""
    context = get_current_context()
    run_id = context["ti"].xcom_pull(task_ids="plan", key=_RUN)
    if run_id is None:
        raise AirflowFailException("there is no plan: see the log of the task before")
    if run_id == DRY_RUN:
        return {"run": DRY_RUN, "verdict": "dry run"}
    with opened_hub() as hub:
        settled = execution.settle(hub, run_id)
    figures = " ".join(summarise(settled.settlement.counts)) or "nothing to do"
    log.info("%s: %s (%s)", run_id, settled.run.verdict, figures)
    if settled.run.verdict != Verdict.CLEAN:
        raise AirflowFailException(f"{run_id} is {settled.run.verdict}: {figures}; see: baton runs {run_id}")
    return {"run": run_id, "verdict": settled.run.verdict, "counts": dict(settled.settlement.counts)}


def _request(context: Any) -> SyncRequest:
    params = context["params"]
    person = context["dag_run"].triggering_user_name
    return SyncRequest(
        requested_by=person or "schedule",
        systems=tuple(params.get("systems") or ()),
        employees=tuple(params.get("employees") or ()),
    )


def _tell(planned: SyncPlan) -> None:
    """The plan in figures: system, action and count; never who."""
    tally: dict[str, int] = {}
    for draft in planned.drafted:
        name = f"{draft.intention.system}.{draft.intention.action}"
        tally[name] = tally.get(name, 0) + 1
    log.info("%s %s: %s %s", planned.run.id, planned.run.state, dict(planned.run.counts), tally)
    for reason in planned.run.reasons:
        log.warning("held: %s", reason)
