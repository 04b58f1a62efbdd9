"""The sync as tasks: plan, apply per system, settle."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from baton.engine.report import Report
from baton.engine.settle import Verdict, summarise
from baton.errors import BatonError, RetryableError
from baton.hub import Hub, execution
from baton.hub.execution import Settled
from baton.hub.sync import SyncPlan, SyncRequest, plan_sync, preview_sync
from baton.hub.unplanned import apply_unplanned
from baton.store.runs import RunState
from baton.tasks.opening import RETRIES, RETRY_POLICY, open_hub, opened_hub

log = logging.getLogger("baton.tasks")

_PLANNERS: Final = {"sync": (plan_sync, preview_sync)}
"""The jobs there are: how each is planned, and how it is tried out."""
RUN: Final = "run"
"""XCom key of the run's id."""
DRY_RUN: Final = "dry-run"
"""Stands for the id when nothing was stored."""


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def plan(job: str) -> list[dict[str, str]]:
    """Plan the job; gives one batch per system (ids only), and none in a dry run.

    Nothing of a held run is sent, but what earlier runs left to be done still is. A refused feed ends the DAG run here,
    without a retry (the same file would be refused again), once that earlier work has been done. So does whatever else
    keeps it from planning: no fault of a source must keep the accounts of those who leave today open.
    """
    context = get_current_context()
    request = _request(context)
    planner, previewer = _PLANNERS[job]
    dry_run = bool(context["params"].get("dry_run"))
    with open_hub() as hub:  # the planner checks the mappings: a fault that shows before keeps what is due from going
        try:
            planned = (previewer if dry_run else planner)(hub, request)
        except BatonError as error:
            if dry_run:
                raise
            raise apply_unplanned(hub, error, lambda done: _apply_all(hub, done)) from None
        batches = [{"run": planned.run.id, "system": system.name} for system in hub.targets()]
    _tell(planned)
    context["ti"].xcom_push(key=RUN, value=DRY_RUN if dry_run else planned.run.id)
    return [] if dry_run else batches


@task(retries=RETRIES, retry_policy=RETRY_POLICY, map_index_template="{{ batch_name }}")
def apply(batch: dict[str, str]) -> dict[str, Any]:
    """Send what is released and due in one system; gives the figures.

    A system that could not be reached is tried again; one that waits for a person is not. What was not sent stays
    planned in either case, and the next run takes it.
    """
    get_current_context()["batch_name"] = batch["system"]  # type: ignore[typeddict-unknown-key]
    with opened_hub() as hub:
        (report,) = execution.apply(hub, batch["system"])
    log.info("%s: %s", report.system, dict(report.counts))
    if report.halted and report.needs_person:
        raise AirflowFailException(f"{report.system}: stopped: {report.halted}")
    if report.halted:
        raise RetryableError(f"{report.system}: stopped: {report.halted}", code="halted")
    return {"system": report.system, "counts": dict(report.counts)}


@task(trigger_rule=TriggerRule.ALL_DONE, retries=RETRIES, retry_policy=RETRY_POLICY)
def settle(job: str) -> dict[str, Any]:
    """Read back and judge, whatever became of the tasks before; anything but a clean verdict fails the DAG run."""
    ti = get_current_context()["ti"]
    run_id = ti.xcom_pull(task_ids="plan", key=RUN)
    if run_id is None:
        raise AirflowFailException(f"there is no plan of {job} to settle: see the log of the task plan")
    if run_id == DRY_RUN:
        return {"run": DRY_RUN, "verdict": "dry run"}
    with opened_hub() as hub:
        settled = execution.settle(hub, run_id)
    figures = " ".join(summarise(settled.settlement.counts)) or "nothing to do"
    log.info("%s: %s (%s)", run_id, settled.run.verdict, figures)
    _demand_clean(settled, figures)
    _demand_complete(ti, run_id)
    return {"run": run_id, "verdict": settled.run.verdict, "counts": dict(settled.settlement.counts)}


def _demand_clean(settled: Settled, figures: str) -> None:
    run = settled.run
    if run.state is RunState.HELD:
        reasons = "; ".join(run.reasons)
        raise AirflowFailException(
            f"{run.id} is held and nothing of it was sent: {reasons} — a person other than the one who asked for it"
            f" must release or reject it: on the page Baton, or with: baton release {run.id} --as NAME --why TEXT"
        )
    if run.verdict != Verdict.CLEAN:
        for system, why in settled.settlement.unreadable.items():
            log.error("%s cannot be read back: %s", system, why)
        raise AirflowFailException(
            f"{run.id} is {run.verdict or run.state}: {figures} — see the page Baton, or: baton runs {run.id}"
        )


def _demand_complete(ti: Any, run_id: str) -> None:
    """A clean run although a system was left alone: what earlier runs left there is still waiting."""
    wanted = {batch["system"] for batch in ti.xcom_pull(task_ids="plan") or ()}
    worked = {report["system"] for report in ti.xcom_pull(task_ids=["apply"]) or () if report}
    if wanted - worked:
        names = ", ".join(sorted(wanted - worked))
        raise AirflowFailException(f"{run_id} itself is clean, but these systems were left alone: {names}")


def _request(context: Any) -> SyncRequest:
    params = context["params"]
    person = context["dag_run"].triggering_user_name
    return SyncRequest(
        requested_by=person or "schedule",
        systems=tuple(params.get("systems") or ()),
        employees=tuple(params.get("employees") or ()),
    )


def _apply_all(hub: Hub, done: Callable[[Report], None]) -> None:
    def tell(report: Report) -> None:
        done(report)
        log.info("%s: %s %s", report.system, dict(report.counts), report.halted)

    execution.apply(hub, progress=tell)


def _tell(planned: SyncPlan) -> None:
    """The plan in figures: system, action and count; never who."""
    tally = Counter(f"{draft.intention.system}.{draft.intention.action}" for draft in planned.drafted)
    log.info("%s %s: %s %s", planned.run.id, planned.run.state, dict(planned.run.counts), dict(tally))
    for note in planned.notes:
        log.warning("note: %s", note)
    for reason in planned.run.reasons:
        log.warning("held: %s", reason)
