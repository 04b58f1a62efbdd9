"""health, metrics, alarms, report, note-backup."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Company


@pytest.fixture
def synced(company: Company) -> Company:
    company.ok("keys", "init")
    company.ok("run", "sync", "--as", "hr1")
    return company


def test_health_says_what_is_wrong_and_how_bad(synced: Company) -> None:
    well = synced.baton("health", "--json")
    assert (well.code, well.json["verdict"], well.json["broken"]) == (0, "well", [])
    assert well.json["systems"]["crm"]["done_recent_count"] == 30
    synced.ok("kill-switch", "on", "--as", "ops", "--why", "a test", "--scope", "action:remove")
    warned = synced.baton("health")
    assert warned.code == 1
    assert "switch_left_on" in warned.out
    (synced.root / "secrets/hub/keyring").chmod(0o644)
    critical = synced.baton("health", "--json")
    assert (critical.code, critical.json["verdict"]) == (2, "critical")
    assert {each["rule"] for each in critical.json["broken"]} == {"switch_left_on", "secrets_exposed"}


def test_metrics_are_prometheus_text(synced: Company) -> None:
    lines = synced.ok("metrics").out.splitlines()
    assert "baton_people 30" in lines
    assert 'baton_effects{system="crm",baton_job="sync",state="done"} 30' in lines


def test_an_alarm_from_its_beginning_to_its_end(synced: Company) -> None:
    assert synced.baton("alarms", "run", "--json").json["alarms"] == []
    synced.ok("kill-switch", "on", "--as", "ops", "--why", "a test", "--scope", "action:remove")
    said = synced.baton("alarms", "run", "--json")
    assert (said.code, said.json["raised"]) == (1, 1)
    (alarm,) = said.json["alarms"]
    assert (alarm["rule"], alarm["state"], alarm["severity"]) == ("switch_left_on", "firing", "warning")
    taken = synced.ok("alarms", "acknowledge", alarm["key"], "--as", "olga", "--why", "on it", "--json").json["alarm"]
    assert (taken["state"], taken["person"]) == ("acknowledged", "olga")
    for wrong in ("0h", "32d", "tomorrow"):
        assert synced.baton("alarms", "silence", alarm["key"], "--for", wrong, "--as", "o", "--why", "x").code == 2
    silenced = synced.ok("alarms", "silence", alarm["key"], "--for", "4h", "--as", "olga", "--why", "x", "--json")
    assert silenced.json["alarm"]["state"] == "silenced"
    assert "silenced" in synced.baton("alarms", "list").out
    assert synced.baton("alarms", "acknowledge", "nonsense", "--as", "o", "--why", "x").code == 2
    kinds = [json.loads(body) for (body,) in synced.query("select body from audit_entries where kind = 'alarm'")]
    assert [each["to"] for each in kinds] == ["firing", "acknowledged", "silenced"]
    assert kinds[1]["by"] == "olga"


def test_the_monthly_report_as_a_page_and_as_figures(synced: Company) -> None:
    (created,) = synced.query("select max(created_at) from runs")[0]
    from baton.store.instants import from_micros

    month = f"{from_micros(created):%Y-%m}"
    page, figures = synced.root / "health.html", synced.root / "health.json"
    synced.ok("report", "health", "--month", month, "--language", "ja", "--out", str(page))
    refused = synced.baton("report", "health", "--month", month, "--out", str(synced.root / "report.txt"))
    assert (refused.code, (synced.root / "report.txt").exists()) == (2, False)
    assert ".html or .json" in refused.err
    assert '<html lang="ja">' in page.read_text("utf-8")
    synced.ok("report", "health", "--month", month, "--out", str(figures))
    assert json.loads(figures.read_text("utf-8"))["month"] == month
    assert synced.baton("report", "health", "--month", "2026-13").code == 2
    assert synced.ok("report", "health", "--month", "2020-01", "--json").json["runs"] == []


def test_a_backup_made_by_other_means_is_noted(synced: Company) -> None:
    assert "noted" in synced.ok("note-backup", "--as", "ops", "--why", "pg_dump").out
    age = synced.ok("health", "--json").json["hub"]["backup_age_s"]
    assert 0 <= age < 60
