"""What vendors may send to the console, and what it starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from baton.hub.sync import SyncRequest, plan_sync
from baton.store.tables import hints
from tests.airflow.installation import Installation

OURS = {"X-Baton-Console": "1"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the starts of the sync instead of starting it."""
    from baton.console import web

    starts: list[str] = []
    monkeypatch.setattr(web, "start_sync", lambda: starts.append("sync"))
    return starts


@pytest.fixture
def with_oa(installation: Installation) -> Installation:
    installation.configure(with_oa="yes")
    return installation


def stored(installation: Installation) -> list[tuple[str, str, Any]]:
    with installation.hub() as hub, hub.database.read() as connection:
        return [(row.system, row.event_id, row.numbers) for row in connection.execute(sa.select(hints))]


def test_the_challenge_is_answered_and_stores_nothing(client: Any, with_oa: Installation, started: list[str]) -> None:
    sent, body = with_oa.oa.callbacks.challenge("are you there")
    answer = client.post("/baton/hooks/oa", content=body, headers=sent)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "are you there"})
    assert (stored(with_oa), started) == ([], [])


def test_an_event_is_stored_once_and_starts_one_run(client: Any, with_oa: Installation, started: list[str]) -> None:
    sent, body = with_oa.oa.callbacks.event("contact.user.updated_v3", {"employee_no": "0001"}, event_id="e-1")
    for _ in range(3):
        assert client.post("/baton/hooks/oa", content=body, headers=sent).status_code == 200
    assert (stored(with_oa), started) == ([("oa", "e-1", ["0001"])], ["sync"])


def test_the_next_plan_takes_the_waiting_events(
    client: Any, headers: Any, with_oa: Installation, started: list[str]
) -> None:
    sent, body = with_oa.oa.callbacks.event("contact.user.updated_v3", {"employee_no": "0001"}, event_id="e-1")
    client.post("/baton/hooks/oa", content=body, headers=sent)
    assert client.get("/baton/api/runs", headers=headers("vera")).json()["waiting_hints"] == 1
    with with_oa.hub() as hub:
        assert "hints" not in plan_sync(hub, SyncRequest(systems=("crm",))).run.counts  # it looked at a part only
        assert plan_sync(hub, SyncRequest()).run.counts["hints"] == 1
    assert client.get("/baton/api/runs", headers=headers("vera")).json()["waiting_hints"] == 0


@pytest.mark.parametrize("forgery", ["signature", "body", "unsigned", "rubbish", "empty"])
def test_a_forged_callback_is_refused(client: Any, with_oa: Installation, started: list[str], forgery: str) -> None:
    sent, body = with_oa.oa.callbacks.event("contact.user.updated_v3", {"employee_no": "0001"}, event_id="e-1")
    if forgery == "signature":
        sent = {**sent, "X-Lark-Signature": "0" * 64}
    elif forgery == "unsigned":
        sent = {"Content-Type": "application/json"}
    else:
        other = b"B" if body[20:21] == b"A" else b"A"
        body = {"body": body[:20] + other + body[21:], "rubbish": b"\x00\xff", "empty": b""}[forgery]
    answer = client.post("/baton/hooks/oa", content=body, headers=sent)
    assert answer.status_code in (400, 401)
    assert (stored(with_oa), started) == ([], [])


@pytest.mark.parametrize("system", ["crm", "hr", "nobody", "hub", "OA", "%2e%2e"])
def test_who_takes_no_calls_is_404(client: Any, with_oa: Installation, system: str) -> None:
    assert client.post(f"/baton/hooks/{system}", content=b"{}").status_code == 404


def test_a_disabled_system_is_404(client: Any, installation: Installation) -> None:
    assert client.post("/baton/hooks/oa", content=b"{}").status_code == 404


def test_a_body_too_large_is_refused_before_it_is_read(client: Any, with_oa: Installation, started: list[str]) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 64 * 1024
            yield b"x" * 64 * 1024

    assert client.post("/baton/hooks/oa", content=b"x" * (256 * 1024 + 1)).status_code == 413
    assert client.post("/baton/hooks/oa", content=b"{}", headers={"Content-Length": "9" * 30}).status_code == 413
    assert client.post("/baton/hooks/oa", content=endless()).status_code == 413
    assert started == []


def test_a_decision_too_long_to_be_one_is_refused_before_anybody_is_asked_who_they_are(client: Any) -> None:
    for path in ("runs/RUN/release", "alarms/x/acknowledge", "cases"):
        assert client.post(f"/baton/api/{path}", content=b" " * (256 * 1024 + 1), headers=OURS).status_code == 413
        assert client.post(f"/baton/api/{path}", content=b"{}", headers=OURS).status_code == 401


def test_what_is_wrong_with_us_is_not_told_to_strangers(client: Any, with_oa: Installation) -> None:
    with_oa.forget_secrets("oa")
    answer = client.post("/baton/hooks/oa", content=b"{}")
    assert (answer.status_code, answer.content) == (503, b"")


def test_the_secrets_of_callbacks_may_come_from_an_airflow_connection(
    client: Any, with_oa: Installation, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.vault import connection_field

    extra = {connection_field(name): value for name, value in with_oa.oa.secrets.items()}
    monkeypatch.setenv("AIRFLOW_CONN_OA_DEFAULT", json.dumps({"conn_type": "baton_oa_feishu", "extra": extra}))
    sent, body = with_oa.oa.callbacks.event("contact.user.updated_v3", {"employee_no": "0001"}, event_id="e-1")
    with_oa_secrets = dict(with_oa.oa.secrets)
    with_oa.forget_secrets("oa")
    assert client.post("/baton/hooks/oa", content=body, headers=sent).status_code == 200
    with_oa.keep_secrets("oa", with_oa_secrets)
    assert len(stored(with_oa)) == 1


# --- starting the sync


@pytest.fixture
def known_dag(airflow_app: Any, store_dags: Any) -> Iterator[Any]:
    """The DAG as the scheduler would have stored it, not paused and without waiting runs."""
    from airflow.models import DagModel, DagRun
    from airflow.utils.session import create_session

    store_dags()

    def set_paused(paused: bool) -> None:
        with create_session() as session:
            session.execute(sa.delete(DagRun).where(DagRun.dag_id == "employee_sync"))
            session.execute(sa.update(DagModel).values(is_paused=paused))

    set_paused(paused=False)
    yield set_paused
    set_paused(paused=False)


def queued_runs() -> list[Any]:
    from airflow.models import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        return list(session.scalars(sa.select(DagRun.triggering_user_name).where(DagRun.dag_id == "employee_sync")))


def test_events_start_the_sync_with_at_most_one_run_waiting(client: Any, known_dag: Any) -> None:
    from baton.console.web import start_sync

    assert [start_sync() for _ in range(3)] == [True, True, True]
    assert queued_runs() == ["webhook"]


@pytest.mark.parametrize(
    ("conf", "does_it"),
    [
        ({"dry_run": True}, False),
        ({"employees": ["0003"], "systems": ["oa"]}, False),
        ({"dry_run": False, "employees": None, "systems": []}, True),
    ],
)
def test_a_waiting_run_that_would_not_look_at_everything_keeps_no_event_waiting(
    client: Any, known_dag: Any, conf: dict[str, Any], does_it: bool
) -> None:
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    from baton.console.web import start_sync

    trigger_dag("employee_sync", conf=conf, triggered_by=DagRunTriggeredByType.UI, triggering_user_name="ada")
    assert start_sync()
    assert queued_runs() == (["ada"] if does_it else ["ada", "webhook"])


def test_a_paused_dag_is_not_started(client: Any, known_dag: Any) -> None:
    from baton.console.web import start_sync

    known_dag(True)
    assert start_sync() is False
    assert queued_runs() == []


def test_events_are_kept_when_airflow_cannot_start_anything(
    client: Any, with_oa: Installation, known_dag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from baton.console import web

    def down(*_: Any, **__: Any) -> None:
        raise RuntimeError("database is away")

    monkeypatch.setattr(web, "trigger_dag", down)
    sent, body = with_oa.oa.callbacks.event("contact.user.updated_v3", {"employee_no": "0001"}, event_id="e-1")
    assert client.post("/baton/hooks/oa", content=body, headers=sent).status_code == 200
    assert len(stored(with_oa)) == 1
