"""What is done every night, as tasks: one scan per system, the signature, the deletion of what was kept long enough."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from baton.hub import proof
from baton.hub import reconcile as reconciling
from baton.hub.migration import retention
from baton.hub.payment.sweeping import sweep
from baton.tasks.opening import RETRIES, RETRY_POLICY, open_hub, opened_hub

log = logging.getLogger("baton.tasks")


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def systems() -> list[str]:
    """The names of the enabled targets."""
    with opened_hub() as hub:
        return [system.name for system in hub.targets()]


@task(retries=RETRIES, retry_policy=RETRY_POLICY, map_index_template="{{ system_name }}")
def reconcile(system: str) -> dict[str, Any]:
    """Scan one system and report drift in figures; the next plan repairs it."""
    get_current_context()["system_name"] = system  # type: ignore[typeddict-unknown-key]
    with opened_hub() as hub:
        found = reconciling.reconcile(hub, system)
    log.info("%s: %s", system, dict(found.counts))
    return {"system": system, "counts": dict(found.counts)}


@task(trigger_rule=TriggerRule.ALL_DONE, retries=RETRIES, retry_policy=RETRY_POLICY)
def checkpoint() -> int:
    """Sign the audit log as it is now, whatever became of the scans; gives its size.

    A log that no longer contains what was signed before is not signed: the task fails, and a person must look.
    It also fails where a system was not compared: Airflow judges a DAG run by its last tasks alone.
    """
    with opened_hub() as hub:
        signed, _ = proof.checkpoint(hub)
    _demand_compared(get_current_context()["ti"])
    return signed.size


def _demand_compared(ti: Any) -> None:
    wanted = ti.xcom_pull(task_ids="systems")
    if wanted is None:
        raise AirflowFailException("the log is signed, but no system was compared: see the log of the task systems")
    compared = {scan["system"] for scan in ti.xcom_pull(task_ids=["reconcile"]) or () if scan}
    if left := sorted({*wanted} - compared):
        raise AirflowFailException(
            f"the log is signed, but these systems were not compared: {', '.join(left)}: see the log of the task"
            " reconcile"
        )


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def purge() -> list[str]:
    """Delete the staged records of migrations whose retention has ended, and what interrupted builds of payment files
    left; gives the migrations.
    """
    with open_hub() as hub:
        try:
            gone = retention.purge(hub)
        finally:
            swept = sweep(hub)
    log.info("staged records deleted: %s; files of interrupted builds: %d", gone, len(swept))
    return gone
