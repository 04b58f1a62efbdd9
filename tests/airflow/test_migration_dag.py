"""The DAGs of migration as Airflow runs them: looked at, carried out, stopped, gone on with, taken back."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baton.hub import decisions
from tests.airflow.installation import ROOT
from tests.airflow.moving import Moving, member
from tests.airflow.reruns import FEWER_STATES, cleared_and_run
from tests.airflow.test_canaries import CANARIES, IDENTITIES, MOBILES, NAMES, found, written

RunDag = Callable[..., Any]
Said = Callable[[], str]
WHOLE = ["plan", "wave_1.share", "wave_1.send", "wave_1.close", "settle"]
INTO_OWN = """\
mapping: 1
source: data/file
target: employee
read: staff.csv
collection: employee
key: [number]
fields:
  number: {from: 工号, via: [trim], required: yes}
  full_name: {from: 姓名, via: [trim]}
  mobile: {from: 手机, via: [trim]}
  status: {from: 证件号码, via: [default(on)], table: {on: active}}
examples:
  - given: {工号: 00012, 姓名: 测试甲}
    expect: {number: 00012, full_name: 测试甲, status: active}
"""
KILLED = Path(__file__).parent / "killed_sender.py"


@pytest.fixture
def moving(airflow_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Moving:
    started = Moving.into(tmp_path)
    monkeypatch.setenv("BATON_SYSTEMS", str(started.systems_file))
    return started


@pytest.fixture
def dags(moving: Moving) -> Any:
    """Parsed where the form's choices are this hub's."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def migrate(run_dag: RunDag) -> RunDag:
    def run(**given: Any) -> Any:
        return run_dag("data_migration", **{"mapping": "staff.yaml", "dry_run": False, **given})

    return run


@pytest.fixture
def clear_failed(dags: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """What a person does with the button Clear and "only failed tasks", and what the scheduler then does."""

    def clear(dag_run: Any) -> Any:
        from airflow.models.dagrun import DagRun
        from airflow.serialization.definitions.dag import SerializedDAG
        from airflow.utils.state import DagRunState

        def existing(*, dag: Any, session: Any, **_: Any) -> Any:
            known = session.scalar(sa.select(DagRun).where(DagRun.run_id == dag_run.run_id))
            known.dag, known.state = dag, DagRunState.RUNNING
            session.commit()
            return known

        def only_failed(dags: Any, **_: Any) -> None:
            for dag in dags:
                dag.clear(run_id=dag_run.run_id, only_failed=True)

        monkeypatch.setattr(SerializedDAG, "clear_dags", only_failed)
        monkeypatch.setattr("airflow.models.dagrun.get_or_create_dagrun", existing)
        return dags[dag_run.dag_id].test()

    return clear


def states(dag_run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}


def test_a_dry_run_shows_figures_and_leaves_a_report_and_nothing_else(
    migrate: RunDag, moving: Moving, said: Said
) -> None:
    moving.hand_in([member(1), member(2, 证件号码="110101199003078031"), member(3)])
    languages = "migrations: {report_languages: [ja, ko]}\n"
    moving.systems_file.write_text(moving.systems_file.read_text("utf-8") + languages, "utf-8")
    dag_run = migrate(dry_run=True)
    assert str(dag_run.state) == "success"
    assert states(dag_run) == {
        **dict.fromkeys([f"wave_{n}.{name}" for n in (1, 2, 3) for name in ("send", "close")], "skipped"),
        **dict.fromkeys(["wave_2.share", "wave_3.share"], "skipped"),
        **dict.fromkeys(["plan", "wave_1.share", "settle"], "success"),
    }
    log = said()
    assert "'insert': 2" in log
    assert "staff.csv:3 证件号码" in log
    assert (moving.there(), moving.runs()) == ({}, [])
    assert list((moving.folder / "state" / "migrations").glob("*/*")) == []
    reports = sorted(path.name.split(".", 1)[1] for path in (moving.folder / "state" / "reports").iterdir())
    assert reports == ["ja.html", "ja.xlsx", "json", "ko.html", "ko.xlsx"]


def test_waves_that_are_cleared_in_whatever_state_write_everything_once(
    migrate: RunDag, dags: Any, moving: Moving
) -> None:
    moving.count_writes()
    dag_run = migrate()
    before = moving.there()
    assert moving.writes() == len(before) == 300
    tasks = [f"wave_{n}.{name}" for n in (1, 2, 3) for name in ("send", "close")] + ["settle"]
    for state in FEWER_STATES:
        again = cleared_and_run(dags["data_migration"], dag_run, tasks, state)
        assert (state, str(again.state)) == (state, "success")
    assert (moving.writes(), moving.there()) == (300, before)
    assert len(moving.runs()) == 1


def test_the_form_looks_before_it_writes_and_offers_what_there_is(dags: Any) -> None:
    params = dags["data_migration"].params
    assert params["dry_run"] is True
    form = {name: params.get_param(name).schema for name in params}
    assert form["mapping"]["enum"] == ["staff.yaml"]
    assert form["mapping"]["values_display"] == {"staff.yaml": "staff · data/file → data/sql · staff"}
    assert (form["source"]["enum"], form["target"]["enum"]) == ([None, "old"], [None, "new"])


@pytest.mark.parametrize("wrong", [{"mapping": "../secrets/x"}, {"first_wave": -1}, {"second_wave": 101}, {"run": "x"}])
def test_the_form_refuses_what_makes_no_sense(dags: Any, wrong: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    ((name, value),) = wrong.items()
    params = copy.copy(dags["data_rollback" if name == "run" else "data_migration"].params)
    with pytest.raises(ParamValidationError):
        params[name] = value


def test_the_server_checks_what_the_form_sends(moving: Moving, store_dags: Any, airflow_app: Any, headers: Any) -> None:
    from starlette.testclient import TestClient

    store_dags()  # with this hub's choices in the form
    client, staff = TestClient(airflow_app), {"mapping": "staff.yaml"}

    def answered(status: int, **conf: Any) -> None:
        body = {"logical_date": None, "conf": conf}
        answer = client.post("/api/v2/dags/data_migration/dagRuns", json=body, headers=headers("ada"))
        assert answer.status_code == status, answer.text

    answered(200, **staff)
    answered(200, **staff, source="old", target="new", second_wave=0.5)
    answered(400)
    answered(400, mapping="other.yaml")
    answered(400, **staff, source="new")
    answered(400, **staff, retention_days=0)


def test_a_hub_without_mappings_still_has_its_dags(moving: Moving, run_dag: RunDag, said: Said) -> None:
    (moving.folder / "mappings" / "migration" / "staff.yaml").unlink()
    dag_run = run_dag("data_migration", mapping="staff.yaml")
    assert (str(dag_run.state), states(dag_run)["plan"]) == ("failed", "failed")
    assert "there is no mapping 'staff.yaml' here; there are: none" in said()


def test_a_migration_goes_wave_by_wave_and_ends_clean(migrate: RunDag, moving: Moving) -> None:
    dag_run = migrate()
    assert (str(dag_run.state), set(states(dag_run).values())) == ("success", {"success"})
    assert moving.there()["00042"] == ("测试42", "13800000042", None, 42.5)
    (run,) = moving.runs()
    assert (len(moving.there()), run.verdict, run.requested_by, run.counts["alike"]) == (300, "clean", "dag_test", 300)
    again = migrate()
    assert (str(again.state), moving.runs()[0].counts["nothing"]) == ("success", 300)


def test_one_wave_is_enough_where_no_other_is_asked_for(migrate: RunDag, moving: Moving) -> None:
    dag_run = migrate(first_wave=0, second_wave=0)
    assert str(dag_run.state) == "success"
    done = [name for name, state in states(dag_run).items() if state == "success"]
    assert sorted(done) == sorted([*WHOLE, "wave_2.share"])
    assert Counter(states(dag_run).values()) == {"success": 6, "skipped": 5}
    assert len(moving.there()) == 300


def test_a_large_wave_is_shared_by_several_tasks(
    migrate: RunDag, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.hub.migration import segments
    from baton.tasks import migration

    monkeypatch.setattr(segments, "PAGE_ROWS", 20)
    monkeypatch.setattr(migration, "MOST_PARTS", 3)
    dag_run = migrate(first_wave=0, second_wave=0)
    sends = [ti for ti in dag_run.get_task_instances() if ti.task_id == "wave_1.send"]
    assert (str(dag_run.state), len(moving.there())) == ("success", 300)
    assert sorted(ti.rendered_map_index for ti in sends) == [f"wave 1: {n} of 3" for n in (1, 2, 3)]


def test_a_bad_first_wave_stops_the_rest_until_a_second_person_has_decided(
    migrate: RunDag, moving: Moving, said: Said, clear_failed: Callable[[Any], Any]
) -> None:
    moving.make_table(check="code <> '00001'")
    dag_run = migrate()
    found = states(dag_run)
    assert str(dag_run.state) == "failed"
    assert [found[name] for name in WHOLE] == ["success", "success", "success", "failed", "failed"]
    assert {found[name] for name in found if name.startswith(("wave_2", "wave_3"))} == {"upstream_failed"}
    assert moving.there() == {}
    (run,) = moving.runs()
    log = said()
    assert f"{run.id} is held: wave 1: of 1 records 1 were refused" in log
    assert f"baton release {run.id} --as NAME --why TEXT; then clear the failed tasks of this DAG run" in log
    with moving.hub() as hub:
        decisions.release(hub, run.id, "olga", "that record is known to be wrong")
    dag_run = clear_failed(dag_run)
    found = states(dag_run)
    assert {name for name in found if found[name] != "success"} == {"settle"}
    assert (len(moving.there()), moving.runs()[0].verdict) == (299, "incomplete")
    assert "1 records were refused by the target" in said()


def test_rows_put_aside_make_the_run_fail_and_say_how_to_get_at_them(
    migrate: RunDag, moving: Moving, said: Said
) -> None:
    moving.hand_in([member(1), member(2), member(3, 证件号码="110101199003078031")])
    dag_run = migrate()
    assert states(dag_run)["settle"] == "failed"
    (run,) = moving.runs()
    log = said()
    assert f"{run.id} is incomplete: 1 source rows are in quarantine" in log
    assert f"baton migrate quarantine {run.id} --out FILE.xlsx" in log
    assert len(moving.there()) == 2


def test_a_sender_that_was_killed_is_followed_by_one_that_goes_on(
    migrate: RunDag, moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.errors import LeaseLostError
    from baton.hub.migration.running import Running

    real, calls = Running.send, []

    def killed_once(self: Running, wave: int) -> str:
        calls.append(wave)
        if len(calls) > 1:
            return real(self, wave)
        command = [sys.executable, str(KILLED), str(moving.systems_file), self.run.id, str(wave)]
        assert subprocess.run(command, check=False, timeout=120).returncode == 9
        raise LeaseLostError("the worker was killed")

    monkeypatch.setattr(Running, "send", killed_once)
    dag_run = migrate(first_wave=0, second_wave=0)
    (send,) = [ti for ti in dag_run.get_task_instances() if ti.task_id == "wave_1.send"]
    assert (str(dag_run.state), send.try_number, calls) == ("success", 2, [1, 1])
    assert (len(moving.there()), moving.runs()[0].verdict) == (300, "clean")


def test_a_kill_switch_ends_the_run_without_a_retry(migrate: RunDag, moving: Moving, said: Said) -> None:
    with moving.hub() as hub:
        decisions.kill_switch(hub, "all", "on", "olga", "maintenance")
    dag_run = migrate()
    (send,) = [ti for ti in dag_run.get_task_instances() if ti.task_id == "wave_1.send"]
    assert (str(send.state), send.try_number, states(dag_run)["settle"]) == ("failed", 1, "failed")
    assert "kill switch all is on: maintenance" in said()
    assert moving.there() == {}


def test_a_migration_is_taken_back_from_the_form(migrate: RunDag, run_dag: RunDag, moving: Moving) -> None:
    migrate()
    (run,) = moving.runs()
    dag_run = run_dag("data_rollback", run=run.id)
    assert (str(dag_run.state), moving.there()) == ("success", {})
    undoing = [each.id for each in moving.runs()]
    run_dag("data_rollback", run=run.id, again=True)
    assert len(moving.runs()) == len(undoing) + 1  # one of its own, which looks at all of them


def test_a_migration_that_was_taken_back_is_not_settled_again(
    migrate: RunDag, run_dag: RunDag, dags: Any, moving: Moving, said: Said
) -> None:
    dag_run = migrate()
    (run,) = moving.runs()
    run_dag("data_rollback", run=run.id)
    again = cleared_and_run(dags["data_migration"], dag_run, ["settle"])
    assert (str(again.state), moving.there()) == ("failed", {})
    assert f"{run.id} was taken back by rollback-" in said()


def test_the_hubs_own_people_are_migrated_and_taken_back_from_the_forms(
    migrate: RunDag, run_dag: RunDag, moving: Moving
) -> None:
    (moving.folder / "mappings" / "migration" / "staff.yaml").write_text(INTO_OWN, "utf-8")
    moving.hand_in([member(n) for n in range(1, 31)])
    dag_run = migrate()
    assert (str(dag_run.state), set(states(dag_run).values())) == ("success", {"success"})
    (run,) = moving.runs()
    assert (moving.people(), run.verdict, run.counts["alike"]) == ([f"{n:05d}" for n in range(1, 31)], "clean", 30)
    dag_run = run_dag("data_rollback", run=run.id)
    assert (str(dag_run.state), moving.people()) == ("success", [])


def test_the_nightly_run_deletes_what_was_kept_long_enough(migrate: RunDag, run_dag: RunDag, moving: Moving) -> None:
    migrate(retention_days=1)
    (run,) = moving.runs()
    kept = moving.folder / "state" / "migrations" / run.id
    (moving.folder / "mappings").rename(moving.folder / "elsewhere")
    assert kept.is_dir()
    moving.outlive(run.id)
    old_report = moving.folder / "state" / "reports" / "old.en.html"
    old_report.parent.mkdir()
    old_report.touch()
    os.utime(old_report, (0, 0))
    nightly = run_dag("reconcile_systems")
    assert states(nightly)["purge"] == "success"
    assert not kept.exists()
    assert not old_report.exists()


def test_nothing_personal_gets_into_airflow(
    migrate: RunDag, run_dag: RunDag, moving: Moving, airflow_home: Path
) -> None:
    before = written(airflow_home)
    planted = [
        member(n, 姓名=NAMES[n % 2], 手机=MOBILES[n % 2], 证件号码=identity)
        for n, identity in enumerate(["", IDENTITIES[1][:-1] + "0", "x" + IDENTITIES[0], "", ""], start=1)
    ]
    planted.append(member(1, 姓名=NAMES[0], 手机=MOBILES[0]))
    planted.append(member(9, 姓名=NAMES[1], 月薪=MOBILES[0] + "x"))
    moving.hand_in([*planted, *(member(n) for n in range(20, 40))])
    moving.make_table(check=f"name <> '{NAMES[1]}'")
    migrate(dry_run=True)
    migrate(first_wave=0, second_wave=0)
    runs = moving.runs()
    assert runs[0].counts["quarantined"] >= 4
    run_dag("data_rollback", run=runs[0].id)
    known = b"".join(written(airflow_home).values())
    assert all(run.id.encode() in known for run in moving.runs())  # the search does look
    assert found(airflow_home, CANARIES, before) == []
