"""A migration on the console's pages: rows and fields, causes and rules, never a value; the report for those who decide."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from baton.hub.migration import retention
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.migration.route import MigrationRequest
from baton.hub.migration.running import carry_on
from baton.jobs.migration.waves import WavePlan
from tests.airflow.moving import Moving, member

OURS = {"X-Baton-Console": "1"}
VALUES = ("测试7", "13800000007", "110101199003078031", "7.50")


@pytest.fixture
def moving(airflow_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Moving:
    started = Moving.into(tmp_path / "moving")
    monkeypatch.setenv("BATON_SYSTEMS", str(started.systems_file))
    return started


@pytest.fixture
def console(airflow_app: Any, moving: Moving) -> Any:
    from starlette.testclient import TestClient

    from baton.console.web import keeper

    keeper._hub = None
    yield TestClient(airflow_app, raise_server_exceptions=False)
    keeper._hub = None


def migrate(moving: Moving, waves: WavePlan | None = None) -> str:
    rows = [member(n) for n in range(1, 41)]
    moving.hand_in([*rows, member(41, 证件号码="110101199003078031")])
    mapping = moving.folder / "mappings" / "migration" / "staff.yaml"
    with moving.hub() as hub:
        plan = plan_migration(hub, MigrationRequest(mapping, waves=waves or WavePlan(), requested_by="ursula"))
        carry_on(hub, plan.run.id)
    return plan.run.id


def test_the_list_tells_jobs_apart_and_counts_records(console: Any, headers: Any, moving: Moving) -> None:
    run_id = migrate(moving)
    page = console.get("/baton/?lang=en", headers=headers("vera")).text
    assert run_id in page
    assert "<td>migration</td>" in page
    assert '<td class="number">40</td>' in page


def test_a_migrations_page_shows_stages_fields_and_rules_and_no_value(
    console: Any, headers: Any, moving: Moving
) -> None:
    moving.make_table(check="code <> '00007'")
    run_id = migrate(moving)
    page = console.get(f"/baton/runs/{run_id}?lang=en", headers=headers("vera")).text
    assert "old/staff.csv" in page
    assert "new/staff" in page
    assert "1 records were refused by the target" in page
    assert "1 source rows are in quarantine" in page
    assert '<td class="code">cleaning</td><td class="number">1</td>' in page
    assert [value for value in VALUES if value in page] == []
    found = console.get(f"/baton/api/runs/{run_id}", headers=headers("vera")).json()["migration"]
    assert found["stages"] == {"source": 40, "quarantined": 1, "planned": 40, "expected": 39, "result": 39}
    assert [(each["row"], each["outcome"]) for each in found["refusals"]] == [(8, "refused")]
    assert found["columns"]["name"]["compared"] == 39


def test_a_difference_is_told_by_row_field_and_cause(console: Any, headers: Any, moving: Moving) -> None:
    moving.trim_names()
    run_id = migrate(moving)
    found = console.get(f"/baton/api/runs/{run_id}", headers=headers("vera")).json()["migration"]
    assert found["differences"][0] == {"row": 2, "column": "name", "cause": "cut"}
    assert "差异" in console.get(f"/baton/runs/{run_id}?lang=zh", headers=headers("vera")).text


def test_a_held_migration_says_that_some_of_it_is_written(console: Any, headers: Any, moving: Moving) -> None:
    moving.make_table(check="code <> '00001'")
    run_id = migrate(moving)
    page = console.get(f"/baton/runs/{run_id}?lang=en", headers=headers("olga")).text
    assert "nothing more of it is sent" in page
    assert "clear the failed tasks in Airflow" in page
    answer = console.post(
        f"/baton/api/runs/{run_id}/release", json={"why": "known"}, headers={**headers("olga"), **OURS}
    )
    assert answer.status_code == 200


def test_the_report_is_for_those_who_decide(console: Any, headers: Any, moving: Moving) -> None:
    from openpyxl import load_workbook

    run_id = migrate(moving)
    assert "report.xlsx" not in console.get(f"/baton/runs/{run_id}", headers=headers("vera")).text
    assert "report.xlsx" in console.get(f"/baton/runs/{run_id}", headers=headers("olga")).text
    for form in ("html", "xlsx"):
        assert console.get(f"/baton/runs/{run_id}/report.{form}").status_code == 401
        assert console.get(f"/baton/runs/{run_id}/report.{form}", headers=headers("vera")).status_code == 403
    page = console.get(f"/baton/runs/{run_id}/report.html?lang=zh", headers=headers("olga"))
    assert page.headers["content-disposition"] == f'attachment; filename="{run_id}.html"'
    assert run_id in page.text
    japanese = {**headers("olga"), "Accept-Language": "ja,en;q=0.5"}
    assert '<html lang="ja">' in console.get(f"/baton/runs/{run_id}/report.html", headers=japanese).text
    book = console.get(f"/baton/runs/{run_id}/report.xlsx?lang=en", headers=headers("olga")).content
    assert len(load_workbook(BytesIO(book)).sheetnames) >= 3
    assert console.get(f"/baton/runs/{run_id}/report.pdf", headers=headers("olga")).status_code == 422
    assert console.get("/baton/runs/nothing/report.html", headers=headers("olga")).status_code == 404


def test_a_rollback_leads_to_what_it_takes_back(console: Any, headers: Any, moving: Moving) -> None:
    run_id = migrate(moving)
    with moving.hub() as hub:
        undo = carry_on(hub, plan_rollback(hub, run_id, "olga").id).run.id
    page = console.get(f"/baton/runs/{undo}", headers=headers("vera")).text
    assert f"/runs/{run_id}?" in page
    assert f"/runs/{undo}?" in console.get(f"/baton/runs/{run_id}", headers=headers("vera")).text
    assert moving.there() == {}


def test_a_migration_whose_copies_are_gone_still_has_its_page(console: Any, headers: Any, moving: Moving) -> None:
    run_id = migrate(moving)
    moving.outlive(run_id)
    with moving.hub() as hub:
        assert retention.purge(hub) == [run_id]
    page = console.get(f"/baton/runs/{run_id}?lang=en", headers=headers("vera"))
    assert (page.status_code, "can be neither shown nor taken back" in page.text) == (200, True)
    report = console.get(f"/baton/runs/{run_id}/report.html", headers=headers("olga"))
    assert (report.status_code, "were deleted at" in report.text) == (404, True)
