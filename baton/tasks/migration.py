"""A migration as tasks: plan, then wave by wave send and close, then settle; a rollback is the same with one wave.

Whatever is repeated, by Airflow's retry or by a person who clears a task, goes on where it stopped: the hub knows what
is written and what is proven. XCom holds the run's id, numbers of waves and parts, and figures.
"""

from __future__ import annotations

import logging
from typing import Any, Final, NoReturn

from airflow.sdk import TaskGroup, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from baton.engine.settle import Verdict
from baton.errors import RetryableError
from baton.hub.core import Hub
from baton.hub.execution import find_run
from baton.hub.migration import planning, rollback
from baton.hub.migration.ends import system_at
from baton.hub.migration.extraction import Phase
from baton.hub.migration.findings import plan_document
from baton.hub.migration.report.files import write_report
from baton.hub.migration.retention import REPORTS
from baton.hub.migration.route import MigrationRequest
from baton.hub.migration.running import Migrated, Running
from baton.jobs.migration.waves import WavePlan
from baton.store.runs import Run, RunState
from baton.tasks.choices import mapping_file
from baton.tasks.opening import RETRIES, RETRY_POLICY, open_hub
from baton.tasks.sync import DRY_RUN, RUN

log = logging.getLogger("baton.tasks")

MOST_PARTS: Final = 8
"""So many tasks share one wave, at most."""
ROUNDS: Final = 4
"""So many segments per thread make it worth while to start another task."""
_PLACES_TOLD: Final = 20


@task(task_id="plan", retries=RETRIES, retry_policy=RETRY_POLICY)
def plan_migration() -> dict[str, Any]:
    """Read, map, compare with the target, save what is to be written (of a dry run only a report). Gives figures."""
    context = get_current_context()
    dry_run = bool(context["params"]["dry_run"])
    with open_hub() as hub:
        planner = planning.preview_migration if dry_run else planning.plan_migration
        planned = planner(hub, _request(context), _tell_progress)
        languages = hub.settings.migrations.report_languages
        files = write_report(plan_document(planned), hub.state_dir / REPORTS, languages) if dry_run else []
    _tell_plan(planned)
    for file in files:
        log.info("report: %s", file)
    run_id = DRY_RUN if dry_run else planned.run.id
    context["ti"].xcom_push(key=RUN, value=run_id)
    return {"run": run_id, "counts": dict(planned.run.counts), "waves": list(planned.move.waves)}


@task(task_id="plan", retries=RETRIES, retry_policy=RETRY_POLICY)
def plan_rollback() -> dict[str, Any]:
    """Plan the way back of the run that the form names; gives figures."""
    context = get_current_context()
    with open_hub() as hub:
        params = context["params"]
        undo = rollback.plan_rollback(hub, params["run"], _person(context), again=params.get("again", False))
    log.info("%s: %s", undo.id, dict(undo.counts))
    context["ti"].xcom_push(key=RUN, value=undo.id)
    return {"run": undo.id, "counts": dict(undo.counts)}


def wave(number: int) -> TaskGroup:
    """The tasks of one wave: several tasks send it together, then it is proved. Skipped where there is no such wave."""
    with TaskGroup(f"wave_{number}") as group:
        send.expand(part=share(number)) >> close(number)
    return group


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def share(number: int) -> list[dict[str, Any]]:
    """In how many parts the wave is sent; none where there is no such wave, or where nothing was stored."""
    run_id = _run_id()
    if run_id == DRY_RUN:
        return []
    with open_hub() as hub:
        running = _running(hub, run_id)
        segments = len(running.segments_of(number))
        threads = system_at(hub, running.move.target).threads
    parts = min(MOST_PARTS, -(-segments // (threads * ROUNDS)))
    return [{"run": run_id, "wave": number, "part": part, "parts": parts} for part in range(1, parts + 1)]


@task(retries=RETRIES, retry_policy=RETRY_POLICY, map_index_template="{{ part_name }}")
def send(part: dict[str, Any]) -> None:
    """Write what of the wave nobody else is writing; what cannot be written now stays planned, and a retry takes it."""
    name = f"wave {part['wave']}: {part['part']} of {part['parts']}"
    get_current_context()["part_name"] = name  # type: ignore[typeddict-unknown-key]
    with open_hub() as hub:
        running = _running(hub, part["run"])
        halted = running.send(part["wave"])
    if halted and running.needs_person:
        raise AirflowFailException(f"{part['run']}: stopped: {halted}")
    if halted:
        raise RetryableError(f"{part['run']}: stopped: {halted}", code="halted")


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def close(number: int) -> None:
    """Read the wave back and compare; fails, and so keeps the next wave from starting, when too much of it is wrong."""
    run_id = _run_id()
    with open_hub() as hub:
        finished = _running(hub, run_id, _tell_progress).close(number)
        run = find_run(hub, run_id)
    if run.state is RunState.HELD:
        _refuse_held(run)
    if not finished:
        raise AirflowFailException(
            f"{run_id}: wave {number} is not all written: clear its tasks 'send', with those after them"
        )


@task(task_id="settle", trigger_rule=TriggerRule.ALL_DONE, retries=RETRIES, retry_policy=RETRY_POLICY)
def conclude() -> dict[str, Any]:
    """Give the verdict, whatever became of the waves; anything but a clean one fails the DAG run."""
    run_id = _run_id()
    if run_id == DRY_RUN:
        return {"run": DRY_RUN, "verdict": "dry run"}
    with open_hub() as hub:
        done = Running(hub, run_id).conclude()
    counts = {name: count for name, count in sorted(done.counts.items()) if count}
    log.info("%s: %s %s", run_id, done.verdict, counts)
    _demand_clean(done)
    return {"run": run_id, "verdict": done.verdict.value, "counts": counts}


def _run_id() -> str:
    run_id = get_current_context()["ti"].xcom_pull(task_ids="plan", key=RUN)
    if run_id is None:
        raise AirflowFailException("there is no plan to carry out: see the log of the task plan")
    return str(run_id)


def _running(hub: Hub, run_id: str, progress: Any = None) -> Running:
    """The run, unless a person has to decide on it first."""
    running = Running(hub, run_id, progress or _tell_progress)
    if undone_by := running.undone_by:
        raise AirflowFailException(f"{run_id} was taken back by {undone_by}: nothing more of it is sent")
    if running.run.state is RunState.HELD:
        _refuse_held(running.run)
    if not running.open_to_work:
        raise AirflowFailException(f"{run_id} is {running.run.state}: nothing more of it is sent")
    return running


def _refuse_held(run: Run) -> NoReturn:
    raise AirflowFailException(
        f"{run.id} is held: {'; '.join(run.reasons)} — what was written stays, and nothing more is sent. If that is"
        " right, a person other than the one who asked for it releases it, on the page Baton or with: baton release"
        f" {run.id} --as NAME --why TEXT; then clear the failed tasks of this DAG run. If it is not, take it back with"
        f" the DAG data_rollback, or with: baton migrate rollback {run.id}"
    )


def _demand_clean(done: Migrated) -> None:
    run = done.run
    if done.undone_by:
        raise AirflowFailException(f"{run.id} was taken back by {done.undone_by}: there is nothing to settle")
    if run.state is RunState.HELD:
        _refuse_held(run)
    if done.verdict is Verdict.CLEAN:
        return
    why = "; ".join(done.reasons) or "not one record could be compared"
    message = f"{run.id} is {done.verdict}: {why} — see the page Baton, or: baton migrate report {run.id} --out FOLDER"
    if done.counts["quarantined"]:
        message += f"; the rows put aside, to be corrected: baton migrate quarantine {run.id} --out FILE.xlsx"
    raise AirflowFailException(message)


def _request(context: Any) -> MigrationRequest:
    params = context["params"]
    return MigrationRequest(
        mapping=mapping_file(params["mapping"]),
        source=params["source"] or "",
        target=params["target"] or "",
        waves=WavePlan(params["first_wave"], params["second_wave"] / 100),
        retention_days=params["retention_days"],
        requested_by=_person(context),
    )


def _person(context: Any) -> str:
    return context["dag_run"].triggering_user_name or "schedule"


def _tell_progress(phase: Phase, rows: int) -> None:
    log.info("%s: %s rows", phase.value, f"{rows:,}")


def _tell_plan(planned: planning.MigrationPlan) -> None:
    """The plan in figures: how many of what, and where; never who."""
    move = planned.move
    log.info("%s: %s", planned.run.id, dict(planned.run.counts))
    log.info("from %s/%s to %s/%s", move.source, move.source_collection, move.target, move.collection)
    log.info("waves: %s; plan %s", list(move.waves), planned.run.plan_hash[:16])
    log.info("changed by cleaning: %s; in quarantine, cells by rule: %s", move.facts["fixed"], move.facts["rules"])
    for fault in planned.faults[:_PLACES_TOLD]:
        log.warning("%s %s: %s [%s]", fault.place, fault.field, fault.message, fault.rule)
