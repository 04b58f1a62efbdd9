"""Offboarding as tasks: look everywhere, pass on in each system, read back. Ids and figures only."""

from __future__ import annotations

import logging
from typing import Any, Final

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from baton.errors import RetryableError
from baton.hub.offboarding import hourly
from baton.hub.offboarding.hourly import Hour
from baton.hub.offboarding.moving import perform
from baton.tasks.opening import RETRIES, RETRY_POLICY, opened_hub

log = logging.getLogger("baton.tasks")

_TROUBLES: Final = "troubles"
"""XCom key of how many cases, people or systems the look had trouble with."""


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def look() -> list[dict[str, str]]:
    """Open cases, bring every list up to date, plan what may go; gives the systems to be worked on."""
    with opened_hub() as hub:
        hour = hourly.look(hub)
        systems = [{"system": name} for name in hourly.systems_concerned(hub)]
    _tell(hour)
    get_current_context()["ti"].xcom_push(key=_TROUBLES, value=len(hour.troubles))
    return systems


@task(retries=RETRIES, retry_policy=RETRY_POLICY, map_index_template="{{ batch_name }}")
def pass_on(batch: dict[str, str]) -> dict[str, Any]:
    """Carry out what is due in one system; gives the figures."""
    get_current_context()["batch_name"] = batch["system"]  # type: ignore[typeddict-unknown-key]
    with opened_hub() as hub:
        reports = perform(hub, batch["system"])
    halted = [report for report in reports if report.halted]
    for report in reports:
        log.info("%s: %s %s", report.system, dict(report.counts), report.halted)
    if any(report.needs_person for report in halted):
        raise AirflowFailException(f"{batch['system']}: stopped: {halted[0].halted}")
    if halted:
        raise RetryableError(f"{batch['system']}: stopped: {halted[0].halted}", code="halted")
    return {"system": batch["system"], "counts": [dict(report.counts) for report in reports]}


@task(trigger_rule=TriggerRule.ALL_DONE, retries=RETRIES, retry_policy=RETRY_POLICY)
def read_back() -> dict[str, int]:
    """Bring what is on its way to where the systems say it is; what is stuck fails the DAG run, so that it is seen.

    So does what the tasks before it left undone: Airflow judges a DAG run by its last task alone.
    """
    hour, ti = Hour(), get_current_context()["ti"]
    with opened_hub() as hub:
        hourly.conclude(hub, hour)
    _tell(hour)
    _demand_looked_and_passed_on(ti)
    troubles = len(hour.troubles) + (ti.xcom_pull(task_ids="look", key=_TROUBLES) or 0)
    if hour.stuck or troubles:
        raise AirflowFailException(
            f"{hour.stuck} items are stuck, {troubles} cases or systems could not be read, or wait for a held run:"
            " see the log of the task look, the page Handovers, or: baton offboard list"
        )
    return {"done": hour.done, "stuck": hour.stuck}


def _demand_looked_and_passed_on(ti: Any) -> None:
    batches = ti.xcom_pull(task_ids="look")
    if batches is None:
        raise AirflowFailException("what is to be passed on was not looked for: see the log of the task look")
    worked = {report["system"] for report in ti.xcom_pull(task_ids=["pass_on"]) or () if report}
    if left := sorted({batch["system"] for batch in batches} - worked):
        raise AirflowFailException(f"these systems were left alone: {', '.join(left)}: see the log of the task pass_on")


def _tell(hour: Hour) -> None:
    """In figures and ids; never who or what."""
    log.info(
        "opened %d, looked at %d, on their way %d, done %d, stuck %d; cannot go %d, log-outs %d, told %d, "
        "escalated %d; held at the gate %d, rejected there %d",
        *(len(hour.opened), hour.refreshed, hour.moved, hour.done, hour.stuck),
        *(hour.blocked, hour.log_outs, hour.told, hour.escalations),
        *(sum(map(len, hour.waiting.held.values())), len(hour.waiting.rejected)),
    )
    for what, why in hour.troubles.items():
        log.warning("%s: %s", what, why)
