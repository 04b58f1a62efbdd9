"""Payments as tasks: a run prepared for its signatures, files delivered, the bank's answers read. Ids and counts only.

No task signs or releases: that takes people. Amounts, names and accounts stay in the hub.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import Any, Final

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from baton.errors import RetryableError
from baton.hub.payment.answering import Taken, take_answers
from baton.hub.payment.delivering import deliver as deliver_files
from baton.hub.payment.drafting import Drafting, draft_file, draft_system
from baton.hub.payment.every_bank import banks_in_use, files_kept_waiting
from baton.hub.payment.inbox import payroll_file
from baton.hub.payment.overpaid_watch import look_for_overpayments
from baton.hub.payment.preparing import prepare as prepare_run
from baton.hub.payment.reconciling import reconcile_bank
from baton.model.payable import PERIOD_PATTERN, Component
from baton.tasks.opening import RETRIES, RETRY_POLICY, open_hub
from baton.tasks.sync import RUN

log = logging.getLogger("baton.tasks")
MONTH: Final = PERIOD_PATTERN
"""What the form takes as a month."""


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def draft() -> dict[str, Any]:
    """Make a run of the payroll file that the form names, or of what the system it names has approved.

    Repeated, even after a crash before anybody heard of it, it finds the run it has made.
    """
    context = get_current_context()
    params = context["params"]
    wanted = Drafting(
        system=params["bank"],
        component=Component(params["component"]),
        period=params["period"],
        execution_day=date.fromisoformat(params["pay_day"]),
        requested_by=context["dag_run"].triggering_user_name or "schedule",
        declared_count=params["count"],
        asked=f"dag {context['dag_run'].dag_id} {context['dag_run'].run_id}",
    )
    if (params["file"] is None) is (params["source"] is None):
        raise AirflowFailException("a run is made of a payroll file or of a system's payables: give one of the two")
    with open_hub() as hub:
        if params["source"] is None:
            drafted = draft_file(hub, wanted, payroll_file(hub, params["file"]))
        else:
            drafted = draft_system(hub, wanted, params["source"])
    counts = {"lines": len(drafted.lines), "unreadable": len(drafted.faults)}
    log.info("%s: %s", drafted.run.run_id, counts)
    for fault in drafted.faults:
        log.warning("%s: %s [%s]", fault.place, fault.message, fault.rule)
    context["ti"].xcom_push(key=RUN, value=drafted.run.run_id)
    return {"run": drafted.run.run_id, "counts": counts}


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def prepare(drafted: dict[str, Any]) -> dict[str, Any]:
    """Check the run and build its files, so that people can sign; fails with what to do when the checks keep it.

    Repeated, it leaves files that stand as they are: what people have signed for them counts on.
    """
    run_id = drafted["run"]
    with open_hub() as hub:
        prepared = prepare_run(hub, run_id)
    counts = dict(prepared.counts)
    log.info("%s: %s", run_id, counts)
    if not prepared.files:
        why = ", ".join(prepared.kept_by)
        raise AirflowFailException(f"{run_id} is kept by its checks ({why}): see baton pay check {run_id}")
    log.info("%s waits for its signatures: baton pay sign %s --role ROLE --as NAME", run_id, run_id)
    return {"run": run_id, "counts": counts, "files": [file.name for file in prepared.files]}


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def banks() -> list[dict[str, str]]:
    """The banks that are paid through and not switched off."""
    with open_hub() as hub:
        for bank, count in files_kept_waiting(hub).items():
            log.warning("%s: %d released files wait: it is switched off", bank, count)
        return [{"system": name} for name in banks_in_use(hub)]


@task(retries=RETRIES, retry_policy=RETRY_POLICY, map_index_template="{{ bank_name }}")
def deliver(bank: dict[str, str]) -> dict[str, Any]:
    """Take what people have released to one bank; gives the figures."""
    get_current_context()["bank_name"] = bank["system"]  # type: ignore[typeddict-unknown-key]
    with open_hub() as hub:
        report = deliver_files(hub, bank["system"])
    log.info("%s: %s %s", report.system, dict(report.counts), report.halted)
    if report.halted and report.needs_person:
        raise AirflowFailException(f"{report.system}: stopped: {report.halted}")
    if report.halted:
        raise RetryableError(f"{report.system}: stopped: {report.halted}", code="halted")
    return {"system": report.system, "counts": dict(report.counts)}


@task(
    trigger_rule=TriggerRule.ALL_DONE,
    retries=RETRIES,
    retry_policy=RETRY_POLICY,
    map_index_template="{{ bank_name }}",
)
def read_answers(bank: dict[str, str]) -> dict[str, Any]:
    """Take in what one bank has said, whatever became of the deliveries; gives the figures.

    Fails on an alarm, on a file that cannot be read, and where files could not be delivered: whoever is last in a DAG
    run answers for all of it.
    """
    system, context = bank["system"], get_current_context()
    context["bank_name"] = system  # type: ignore[typeddict-unknown-key]
    with open_hub() as hub:
        taken = take_answers(hub, system)
        _tell(system, taken)  # at once: it is told this one time only, whatever comes after it
        deliver_files(hub, system)  # what was only accepted may be answered now
        reconciled = reconcile_bank(hub, system)
        overpaid = look_for_overpayments(hub)
    log.info("%s: %d files, %s, %s", system, taken.files, dict(taken.moved), reconciled.view.verdict)
    if any(overpaid.values()):
        log.warning("overpaid: %s: see baton pay overpaid, and of to_be_given baton pay recover bookings", overpaid)
    alarms = list(dict.fromkeys((*taken.alarms, *reconciled.alarms)))
    for alarm in alarms[len(dict.fromkeys(taken.alarms)) :]:
        log.error("ALARM %s: %s", system, alarm)
    if alarms or taken.refused:
        # Red once for what is new; people are told by the alarm `payment_unexpected` until it ends or one takes it on.
        raise AirflowFailException(
            f"{system}: {len(alarms)} alarms, {len(taken.refused)} files that cannot be read:"
            f" see the log, or: baton pay differences --bank {system}"
        )
    if taken.halted is not None:
        raise taken.halted
    _demand_delivered(context["ti"], system)
    return {"system": system, "files": taken.files, "verdict": reconciled.view.verdict.value, "overpaid": overpaid}


def _demand_delivered(ti: Any, system: str) -> None:
    if system not in {report["system"] for report in ti.xcom_pull(task_ids=["deliver"]) or () if report}:
        raise AirflowFailException(
            f"{system}: its answers are read, but not every file could go out: see the log of the task deliver"
        )


def _tell(system: str, taken: Taken) -> None:
    """What was taken in, as far as somebody has to look."""
    for alarm in dict.fromkeys(taken.alarms):
        log.error("ALARM %s: %s", system, alarm)
    for name, why in taken.refused.items():
        log.error("%s: %s could not be read: %s", system, name, why)
    if taken.halted is not None:
        log.error("%s: stopped: %s", system, taken.halted)
