"""The health page and its API behind Airflow's log-in; metrics by token or from this machine; the DAG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from baton.hub import decisions
from tests.airflow.installation import Installation

OURS = {"X-Baton-Console": "1"}
RunDag = Callable[..., Any]


@pytest.fixture
def unwell(installation: Installation) -> Installation:
    with installation.hub() as hub:
        decisions.kill_switch(hub, "action:remove", "on", "olga", "<b>a test</b>")
    return installation


def test_a_stranger_sees_nothing(client: Any) -> None:
    for path in ("health", "health/month.html?month=2026-10", "api/health", "api/health/month?month=2026-10"):
        assert client.get(f"/baton/{path}").status_code == 401
    for verb in ("acknowledge", "silence"):
        answer = client.post(f"/baton/api/alarms/x/{verb}", json={"why": "x", "hours": 1}, headers=OURS)
        assert answer.status_code == 401
    for path in ("metrics", "metrics/health"):
        assert client.get(f"/baton/{path}").status_code == 401


def test_machines_come_in_by_token_or_from_this_machine(airflow_app: Any, client: Any, unwell: Installation) -> None:
    from starlette.testclient import TestClient

    from baton.console.web import keeper

    here = TestClient(airflow_app, client=("127.0.0.1", 50000))
    text = here.get("/baton/metrics")
    assert (text.status_code, text.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert "baton_switches 1" in text.text.splitlines()
    told = here.get("/baton/metrics/health").json()
    assert told["verdict"] == "warning"
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert here.get("/baton/metrics", headers={header: "127.0.0.1"}).status_code == 401
    unwell.keep_secrets("hub", {"metrics_token": "synthetic-token-0123456789"})
    keeper._hub = None
    assert here.get("/baton/metrics").status_code == 401, "once there is a token, nothing goes without it"
    for authorization, status in (
        ("Bearer synthetic-token-0123456789", 200),
        ("Bearer synthetic-token-012345678", 401),
        ("Basic synthetic-token-0123456789", 401),
        ("", 401),
    ):
        assert client.get("/baton/metrics", headers={"Authorization": authorization}).status_code == status


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Health"), ("zh", "健康状况"), ("ja", "稼働状況"), ("ko", "운영 상태")]
)
def test_the_page_in_four_languages(client: Any, headers: Any, unwell: Installation, language: str, word: str) -> None:
    page = client.get(f"/baton/health?lang={language}", headers=headers("vera"))
    assert page.status_code == 200
    assert f"<h1>{word}</h1>" in page.text
    assert "switch_left_on" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    file = client.get(f"/baton/health/month.html?month=2026-10&lang={language}", headers=headers("vera"))
    assert file.headers["content-disposition"] == 'attachment; filename="health-2026-10.html"'
    assert client.get("/baton/api/health/month?month=2026-13", headers=headers("vera")).status_code == 422


def test_alarms_are_raised_by_the_dag_and_decided_by_who_may(
    client: Any, headers: Any, unwell: Installation, run_dag: RunDag
) -> None:
    assert str(run_dag("hub_health").state) == "success"
    (alarm,) = client.get("/baton/api/health", headers=headers("vera")).json()["alarms"]
    assert (alarm["rule"], alarm["state"]) == ("switch_left_on", "firing")
    where = f"/baton/api/alarms/{alarm['key']}"
    page = client.get("/baton/health", headers=headers("olga")).text
    assert f'data-target="alarms/{alarm["key"]}/acknowledge"' in page
    assert "data-decide" not in client.get("/baton/health", headers=headers("vera")).text
    for person in ("vera", "ursula"):
        answer = client.post(f"{where}/acknowledge", json={"why": "x"}, headers={**headers(person), **OURS})
        assert answer.status_code == 403
    olga = headers("olga")
    assert client.post(f"{where}/acknowledge", json={"why": "x"}, headers=olga).status_code == 403, "not from our page"
    for body in ({}, {"why": " "}, {"why": "x" * 501}):
        assert client.post(f"{where}/acknowledge", json=body, headers={**olga, **OURS}).status_code == 422
    taken = client.post(f"{where}/acknowledge", json={"why": "<i>on it</i>"}, headers={**olga, **OURS})
    assert (taken.status_code, taken.json()["alarm"]["person"]) == (200, "olga")
    assert "<i>on it" not in client.get("/baton/health", headers=olga).text
    for hours, status in ((0, 422), (745, 422), (4, 200)):
        said = client.post(f"{where}/silence", json={"why": "x", "hours": hours}, headers={**olga, **OURS})
        assert said.status_code == status
    assert client.post(f"{where}/acknowledge", json={"why": "x"}, headers={**olga, **OURS}).status_code == 409
    assert client.get("/baton/api/health", headers=olga).json()["verdict"] == "well"
