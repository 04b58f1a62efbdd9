"""The DAGs as Airflow runs them: parsed, executed task by task, and judged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.installation import ROOT, Installation

RunDag = Callable[..., Any]
Said = Callable[[], str]


def states(dag_run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def task(dag_run: Any, task_id: str) -> Any:
    (found,) = [ti for ti in dag_run.get_task_instances() if ti.task_id == task_id]
    return found


def test_a_sync_runs_clean_and_the_accounts_are_there(run_dag: RunDag, installation: Installation) -> None:
    dag_run = run_dag()
    assert (str(dag_run.state), states(dag_run)) == (
        "success",
        {"plan": "success", "apply": "success", "settle": "success"},
    )
    assert sorted(installation.accounts()) == [f"{n:04d}" for n in range(1, 9)]
    assert installation.accounts()["0001"]["EmployeeNumber"] == "0001"
    assert [(run.verdict, run.requested_by) for run in installation.runs()] == [("clean", "dag_test")]


def test_a_dry_run_shows_figures_and_leaves_nothing_behind(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    dag_run = run_dag(dry_run=True)
    assert str(dag_run.state) == "success"
    assert states(dag_run) == {"plan": "success", "apply": "skipped", "settle": "success"}
    assert "'crm.provision': 8" in said()
    assert (installation.accounts(), installation.runs(), installation.crm.journal) == ({}, [], [])


def test_named_employees_are_the_only_ones_touched(run_dag: RunDag, installation: Installation) -> None:
    dag_run = run_dag(employees=["0002", "0005"])
    assert str(dag_run.state) == "success"
    assert sorted(installation.accounts()) == ["0002", "0005"]


@pytest.mark.parametrize("number", ["0012", "li.si@example.com", "工0012", "A/0012", "0012#2", "Ü-17"])
def test_the_form_takes_numbers_with_other_letters_and_signs(dags: Any, number: str) -> None:
    params = copy.copy(dags["employee_sync"].params)
    params["employees"] = [number]
    assert params["employees"] == [number]


@pytest.mark.parametrize(
    "wrong", ["测试甲", "测试 1", "0001,0002", "0001、0002", "0001 0002", "x" * 41, "工" + "1" * 40, ""]
)
def test_the_form_takes_employee_numbers_and_no_names(dags: Any, wrong: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    params = copy.copy(dags["employee_sync"].params)
    with pytest.raises(ParamValidationError):
        params["employees"] = [wrong]


def test_an_unknown_system_in_the_form_ends_in_the_names_there_are(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    dag_run = run_dag(systems=["crn"])
    assert states(dag_run)["plan"] == "failed"
    assert "there is no target crn; there are crm" in said()


def test_a_held_run_sends_nothing_and_fails_with_what_to_do(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    run_dag()
    before = len(installation.crm.journal)
    installation.hand_in_leavers([1, 2, 3, 4])
    dag_run = run_dag()
    assert str(dag_run.state) == "failed"
    assert states(dag_run) == {"plan": "success", "apply": "success", "settle": "failed"}
    assert len(installation.crm.journal) == before
    run = installation.runs()[0]
    log = said()
    assert f"{run.id} is held and nothing of it was sent" in log
    assert f"baton release {run.id} --as NAME --why TEXT" in log


def test_the_run_after_a_release_sends_what_was_held(run_dag: RunDag, installation: Installation) -> None:
    run_dag()
    installation.hand_in_leavers([1, 2, 3, 4])
    run_dag()
    with installation.hub() as hub:
        from baton.hub import decisions

        decisions.release(hub, installation.runs()[0].id, "olga", "confirmed with HR")
    dag_run = run_dag()
    assert str(dag_run.state) == "success"
    assert [installation.crm.user(f"{n:04d}")["IsActive"] for n in (1, 2, 3, 4, 5)] == [False] * 4 + [True]


def test_a_refused_feed_fails_at_once_and_shows_every_breach(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    run_dag()
    installation.hand_in(installation.people[:3], hours_old=100)
    dag_run = run_dag()
    assert str(dag_run.state) == "failed"
    assert states(dag_run) == {"plan": "failed", "apply": "upstream_failed", "settle": "failed"}
    assert task(dag_run, "plan").try_number == 1
    log = said()
    assert "was refused before any comparison" in log
    assert installation.runs()[0].state == "refused"


def _have_a_departure_planned(installation: Installation) -> None:
    from baton.hub.sync import SyncRequest, plan_sync

    installation.hand_in_leavers([2])
    with installation.hub() as hub:
        plan_sync(hub, SyncRequest())


def test_who_leaves_is_out_although_hr_cannot_be_read(run_dag: RunDag, installation: Installation, said: Said) -> None:
    run_dag()
    _have_a_departure_planned(installation)
    text = installation.systems_file.read_text(encoding="utf-8")
    installation.systems_file.write_text(text.replace("path: roster.csv", "path: gone.csv"), encoding="utf-8")
    assert states(run_dag())["plan"] == "failed"
    assert "gone.csv" in said()
    assert not installation.crm.user("0002")["IsActive"]


def test_who_leaves_is_out_although_a_mapping_does_not_fit(
    run_dag: RunDag, installation: Installation, said: Said, tmp_path: Path
) -> None:
    run_dag()
    _have_a_departure_planned(installation)
    written, broken = ROOT / "mappings/sync/employee--crm_salesforce.yaml", tmp_path / "broken.yaml"
    mapping = written.read_text(encoding="utf-8")
    assert "from: position" in mapping
    broken.write_text(mapping.replace("from: position", "from: no_such_field"), encoding="utf-8")
    text = installation.systems_file.read_text(encoding="utf-8")
    installation.systems_file.write_text(text.replace(str(written), str(broken)), encoding="utf-8")
    assert states(run_dag(dry_run=True))["plan"] == "failed"
    assert installation.crm.user("0002")["IsActive"], "a dry run sends nothing"
    dag_run = run_dag()
    assert (states(dag_run)["plan"], task(dag_run, "plan").try_number) == ("failed", 1)
    assert all(words in said() for words in ("no_such_field", "nothing was planned"))
    assert not installation.crm.user("0002")["IsActive"]


def test_bad_settings_end_the_run_without_a_retry_and_list_every_fault(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    text = installation.systems_file.read_text(encoding="utf-8")
    text = text.replace("crm/salesforce", "crm/salesfarce").replace("path: roster.csv", "path_: roster.csv")
    installation.systems_file.write_text(text, encoding="utf-8")
    dag_run = run_dag()
    assert task(dag_run, "plan").try_number == 1
    log = said()
    assert "crm/salesfarce" in log
    assert "path_" in log


def test_a_target_that_cannot_be_reached_is_tried_again(
    run_dag: RunDag, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.engine.report import Report
    from baton.hub import execution

    real = execution.apply
    calls = []

    def first_down(hub: Any, only: str | None = None) -> list[Report]:
        calls.append(only)
        return [Report("crm", halted="unreachable")] if len(calls) == 1 else real(hub, only)

    monkeypatch.setattr(execution, "apply", first_down)
    dag_run = run_dag()
    assert (calls, str(dag_run.state)) == (["crm", "crm"], "success")
    assert task(dag_run, "apply").try_number == 2
    assert len(installation.accounts()) == 8


def test_a_target_that_refuses_us_is_left_alone_and_the_run_fails(run_dag: RunDag, installation: Installation) -> None:
    installation.keep_secrets("crm", {"client_secret": "not-the-secret"})
    dag_run = run_dag()
    assert states(dag_run) == {"plan": "success", "apply": "failed", "settle": "failed"}
    assert task(dag_run, "apply").try_number == 1
    assert installation.runs()[0].verdict == "incomplete"
    installation.keep_secrets("crm", installation.crm.secrets)
    assert str(run_dag().state) == "success"
    assert len(installation.accounts()) == 8


def test_a_system_left_alone_fails_even_a_run_with_nothing_to_do(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    run_dag()
    with installation.hub() as hub:
        from baton.hub import decisions

        decisions.kill_switch(hub, "system:crm", "on", "olga", "maintenance")
    dag_run = run_dag()
    assert states(dag_run) == {"plan": "success", "apply": "failed", "settle": "failed"}
    log = said()
    assert "kill switch system:crm is on: maintenance" in log
    assert "these systems were left alone: crm" in log


def test_reconcile_scans_every_target(run_dag: RunDag, installation: Installation) -> None:
    run_dag()
    dag_run = run_dag("reconcile_systems")
    assert str(dag_run.state) == "success"
    assert states(dag_run) == dict.fromkeys(["systems", "reconcile", "checkpoint", "purge"], "success")


def test_a_system_that_was_not_compared_fails_the_night_and_the_log_is_signed_all_the_same(
    run_dag: RunDag, installation: Installation, said: Said
) -> None:
    run_dag()
    installation.keep_secrets("crm", {"client_secret": "not-the-secret"})
    dag_run = run_dag("reconcile_systems")
    assert (states(dag_run)["reconcile"], str(dag_run.state)) == ("failed", "failed")
    assert list((installation.systems_file.parent / "state" / "checkpoints").glob("checkpoint-*.txt"))
    assert "these systems were not compared: crm" in said()


def next_night(after: datetime) -> datetime:
    """When the nightly DAG runs next, as the scheduler has it from the stored form of the DAG as it is parsed now."""
    from airflow._shared.timezones import timezone
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import DataInterval, TimeRestriction

    bag = DagBag(dag_folder=str(ROOT / "dags" / "reconcile.py"))
    assert bag.import_errors == {}
    stored = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["reconcile_systems"]))
    last = DataInterval.exact(timezone.coerce_datetime(after))
    whenever = TimeRestriction(earliest=None, latest=None, catchup=True)
    found = stored.timetable.next_dagrun_info(last_automated_data_interval=last, restriction=whenever)
    return found.run_after.astimezone(UTC)


EVENING = datetime(2026, 11, 27, 12, tzinfo=UTC)
"""In Shanghai eight o'clock."""


@pytest.mark.parametrize(
    ("said", "night"),
    [
        ("hub:\n  time_zone: Asia/Shanghai\n", datetime(2026, 11, 27, 18, 30, tzinfo=UTC)),
        ("hub:\n  time_zone: Europe/Berlin\n", datetime(2026, 11, 28, 1, 30, tzinfo=UTC)),
        ("hub:\n  time_zone: Europe/Berlin\nsystem: {}\n", datetime(2026, 11, 28, 1, 30, tzinfo=UTC)),
        ("hub:\n  time_zone: Mars/Olympus\n", datetime(2026, 11, 27, 18, 30, tzinfo=UTC)),
        ("hub: [\n", datetime(2026, 11, 27, 18, 30, tzinfo=UTC)),
        (None, datetime(2026, 11, 27, 18, 30, tzinfo=UTC)),
    ],
    ids=["zone", "other-zone", "fault-elsewhere", "no-zone", "no-yaml", "no-file"],
)
def test_the_night_is_that_of_the_hub(
    airflow_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None, night: datetime
) -> None:
    systems = tmp_path / "systems.yaml"
    if said is not None:
        systems.write_text(said, "utf-8")
    monkeypatch.setenv("BATON_SYSTEMS", str(systems))
    assert next_night(EVENING) == night
