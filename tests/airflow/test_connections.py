"""Connection types in Airflow's form, and credentials that really come from an Airflow connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.describe import describe
from baton.registry import Registry
from baton.vault import connection_field
from tests.airflow.installation import Installation


@pytest.fixture
def forms(client: Any, headers: Any) -> dict[str, Any]:
    """What Airflow's connection page is made from, by connection type."""
    answer = client.get("/ui/connections/hook_meta", headers=headers("olga"))
    assert answer.status_code == 200
    return {form["connection_type"]: form for form in answer.json()}


def test_every_connector_is_a_connection_type_with_labelled_fields(forms: dict[str, Any]) -> None:
    names = Registry().names()
    assert len(names) >= 7
    for name in names:
        form = forms[f"baton_{name.replace('/', '_')}"]
        facts = describe(name, Registry().load(name))
        assert form["hook_name"] == f"Baton: {facts.title}"
        fields = form["extra_fields"]
        assert set(fields) == {connection_field(s.name) if s.secret else s.name for s in facts.settings}
        for field in fields.values():
            assert field["schema"].get("title", "x")
    salesforce = forms["baton_crm_salesforce"]["extra_fields"]
    assert salesforce["client_secret"]["schema"]["format"] == "password"
    assert salesforce["grant"]["schema"]["enum"] == ["client_credentials", "jwt_bearer"]


def test_every_secret_field_is_masked_by_its_name(airflow_home: Path) -> None:
    from airflow.sdk.log import redact

    checked = 0
    for name in Registry().names():
        for setting in describe(name, Registry().load(name)).settings:
            if setting.secret:
                field = connection_field(setting.name)
                assert redact({field: "canary-value"})[field] == "***", f"{name}: {field}"
                checked += 1
    assert checked >= 10


def test_a_stored_connection_shows_no_secret_to_anyone(
    client: Any, headers: Any, crm_extra: dict[str, str], stored_connection: Callable[[dict[str, str]], None]
) -> None:
    stored_connection({**crm_extra, "login_url": "https://example.my.salesforce.com"})
    for person in ("olga", "ada"):
        shown = client.get("/api/v2/connections/crm_default", headers=headers(person)).text
        assert "example.my.salesforce.com" in shown
        assert not [value for value in crm_extra.values() if value in shown]
    assert client.get("/api/v2/connections/crm_default", headers=headers("vera")).status_code == 403


@pytest.fixture
def crm_extra(installation: Installation) -> dict[str, str]:
    """The CRM's credentials as the form stores them; the files that held them are gone."""
    extra = {connection_field(name): value for name, value in installation.crm.secrets.items()}
    installation.forget_secrets("crm")
    return extra


@pytest.fixture
def stored_connection(client: Any, headers: Any) -> Iterator[Callable[[dict[str, str]], None]]:
    """Stores the connection crm_default in Airflow's database, through its API."""

    def store(extra: dict[str, str]) -> None:
        body = {"connection_id": "crm_default", "conn_type": "baton_crm_salesforce", "extra": json.dumps(extra)}
        assert client.post("/api/v2/connections", json=body, headers=headers("olga")).status_code == 201

    yield store
    client.delete("/api/v2/connections/crm_default", headers=headers("olga"))


def test_credentials_come_from_an_environment_connection(
    run_dag: Any, installation: Installation, crm_extra: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_CRM_DEFAULT", json.dumps({"conn_type": "baton_crm_salesforce", "extra": crm_extra})
    )
    assert str(run_dag().state) == "success"
    installation.keep_secrets("crm", installation.crm.secrets)
    assert len(installation.accounts()) == 8


def test_credentials_come_from_a_connection_in_airflows_database(
    run_dag: Any, installation: Installation, crm_extra: dict[str, str], stored_connection: Any
) -> None:
    stored_connection(crm_extra)
    assert str(run_dag().state) == "success"
    installation.keep_secrets("crm", installation.crm.secrets)
    assert len(installation.accounts()) == 8


def test_a_missing_connection_lists_every_place_tried(
    run_dag: Any, installation: Installation, crm_extra: dict[str, str], said: Callable[[], str]
) -> None:
    assert str(run_dag().state) == "failed"
    log = said()
    assert "BATON_SECRET__CRM__CLIENT_ID" in log
    assert "secrets/crm/client_id" in log
    assert "Airflow connection crm_default, field client_id_secret" in log


def test_the_test_button_runs_the_self_check(
    airflow_home: Path, installation: Installation, crm_extra: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.tasks.opening import BatonHook

    monkeypatch.setenv(
        "AIRFLOW_CONN_CRM_DEFAULT", json.dumps({"conn_type": "baton_crm_salesforce", "extra": crm_extra})
    )
    ok, message = BatonHook("crm_default").test_connection()
    assert ok, message
    assert BatonHook("other").test_connection() == (
        False,
        "no enabled system in systems.yaml names this connection (airflow_connection)",
    )
    wrong = {**crm_extra, "client_secret": "not-the-secret"}
    monkeypatch.setenv("AIRFLOW_CONN_CRM_DEFAULT", json.dumps({"conn_type": "baton_crm_salesforce", "extra": wrong}))
    ok, message = BatonHook("crm_default").test_connection()
    assert not ok
    assert message
    assert "not-the-secret" not in message
