"""The console behind Airflow's own application: who sees what, who decides, what vendors may send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from baton.hub import decisions, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.store.tables import hints
from tests.airflow.installation import Installation

Login = Callable[[str, str], Any]
OURS = {"X-Baton-Console": "1"}
ROLES = {"vera": "viewer", "ursula": "user", "olga": "op", "ada": "admin"}


@pytest.fixture
def held(installation: Installation) -> str:
    """A run that ursula asked for and the gate has held."""
    with installation.hub() as hub:
        first = plan_sync(hub, SyncRequest(requested_by="schedule"))
        execution.apply(hub)
        execution.settle(hub, first.run.id)
        installation.hand_in_leavers([1, 2, 3, 4])
        run = plan_sync(hub, SyncRequest(requested_by="ada")).run
        execution.settle(hub, run.id)
    assert run.state == "held"
    return run.id


def state_of(installation: Installation, run_id: str) -> str:
    return next(str(run.state) for run in installation.runs() if run.id == run_id)


@pytest.mark.parametrize("path", ["", "runs/x", "of?dag=a&run=b", "api/runs", "api/runs/x", "nothing-here"])
def test_a_stranger_gets_401_or_nothing(client: Any, path: str) -> None:
    assert client.get(f"/baton/{path}").status_code == (404 if path == "nothing-here" else 401)


@pytest.mark.parametrize("verb", ["release", "reject"])
def test_a_stranger_decides_nothing(client: Any, installation: Installation, held: str, verb: str) -> None:
    assert client.post(f"/baton/api/runs/{held}/{verb}", json={"why": "x"}, headers=OURS).status_code == 401
    assert state_of(installation, held) == "held"


@pytest.mark.parametrize("person", ROLES)
def test_everyone_logged_in_may_look(client: Any, headers: Any, held: str, person: str) -> None:
    page = client.get("/baton/", headers=headers(person))
    assert (page.status_code, held in page.text) == (200, True)
    listed = client.get("/baton/api/runs", headers=headers(person)).json()["runs"]
    assert listed[0]["id"] == held


@pytest.mark.parametrize(("person", "status"), [("vera", 403), ("ursula", 403), ("olga", 200)])
@pytest.mark.parametrize(("verb", "state"), [("release", "ready"), ("reject", "rejected")])
def test_op_decides_and_lower_roles_do_not(
    client: Any, headers: Any, installation: Installation, held: str, person: str, status: int, verb: str, state: str
) -> None:
    answer = client.post(
        f"/baton/api/runs/{held}/{verb}", json={"why": "asked HR"}, headers={**headers(person), **OURS}
    )
    assert answer.status_code == status
    assert state_of(installation, held) == (state if status == 200 else "held")
    if status == 200:
        (decision,) = client.get(f"/baton/api/runs/{held}", headers=headers(person)).json()["decisions"]
        assert (decision["decision"], decision["person"], decision["why"]) == (verb, person, "asked HR")


def test_the_maker_does_not_decide_even_as_admin(
    client: Any, headers: Any, installation: Installation, held: str
) -> None:
    page = client.get(f"/baton/runs/{held}", headers=headers("ada")).text
    assert "a second person must decide" in page
    assert "data-decide" not in page
    answer = client.post(f"/baton/api/runs/{held}/release", json={"why": "mine"}, headers={**headers("ada"), **OURS})
    assert (answer.status_code, answer.json()["code"]) == (403, "maker")
    assert state_of(installation, held) == "held"


def test_buttons_are_there_for_who_may_press_them(client: Any, headers: Any, held: str) -> None:
    assert 'data-decide="release"' in client.get(f"/baton/runs/{held}", headers=headers("olga")).text
    viewed = client.get(f"/baton/runs/{held}", headers=headers("vera")).text
    assert "data-decide" not in viewed
    assert "may look, not decide" in viewed


@pytest.mark.parametrize(
    "wrong",
    [{}, {"X-Baton-Console": "0"}, {**OURS, "Sec-Fetch-Site": "cross-site"}, {**OURS, "Sec-Fetch-Site": "same-site"}],
)
def test_a_cookie_alone_is_not_consent(
    client: Any, headers: Any, installation: Installation, held: str, wrong: dict[str, str]
) -> None:
    client.cookies.set("_token", headers("olga")["Authorization"].removeprefix("Bearer "))
    answer = client.post(f"/baton/api/runs/{held}/release", json={"why": "x"}, headers=wrong)
    assert answer.status_code == 403
    assert state_of(installation, held) == "held"
    good = {**OURS, "Sec-Fetch-Site": "same-origin"}
    assert client.post(f"/baton/api/runs/{held}/release", json={"why": "x"}, headers=good).status_code == 200


@pytest.mark.parametrize("body", [{}, {"why": ""}, {"why": "   "}, {"why": "x" * 501}, {"why": "x", "person": "ada"}])
def test_a_decision_needs_a_reason_and_nothing_else(
    client: Any, headers: Any, installation: Installation, held: str, body: dict[str, str]
) -> None:
    answer = client.post(f"/baton/api/runs/{held}/release", json=body, headers={**headers("olga"), **OURS})
    assert answer.status_code == 422
    assert state_of(installation, held) == "held"


def test_half_a_character_is_refused_with_its_place_and_not_repeated(
    client: Any, headers: Any, installation: Installation, held: str
) -> None:
    json_headers = {**headers("olga"), **OURS, "Content-Type": "application/json"}
    for body in (b'{"why": "canary \\ud83d"}', b'{"why": "x", "other \\ud83d": "y"}'):
        answer = client.post(f"/baton/api/runs/{held}/release", content=body, headers=json_headers)
        assert (answer.status_code, "canary" in answer.text) == (422, False)
        faults = answer.json()["detail"]
        assert [set(fault) for fault in faults] == [{"loc", "type", "msg"}]
        assert (faults[0]["loc"], faults[0]["type"]) == (["body", "why"], "string_unicode") or b"other" in body
    assert state_of(installation, held) == "held"


def test_a_second_decision_comes_too_late(client: Any, headers: Any, held: str) -> None:
    olga = {**headers("olga"), **OURS}
    assert client.post(f"/baton/api/runs/{held}/reject", json={"why": "wrong file"}, headers=olga).status_code == 200
    again = client.post(f"/baton/api/runs/{held}/release", json={"why": "after all"}, headers=olga)
    assert (again.status_code, again.json()["code"]) == (409, "not_held")


def test_a_run_page_shows_figures_and_field_names_and_no_values(client: Any, headers: Any, held: str) -> None:
    first = client.get("/baton/api/runs", headers=headers("vera")).json()["runs"][1]["id"]
    page = client.get(f"/baton/runs/{first}?state=done", headers=headers("vera")).text
    assert "MobilePhone" in page
    assert "0001" in page
    for value in ("测试甲", "13800000001", "p1@example.com", "客户经理"):
        assert value not in page
    assert client.get(f"/baton/runs/{first}?state=refused", headers=headers("vera")).text.count("MobilePhone") == 0
    figures = client.get(f"/baton/api/runs/{first}", headers=headers("vera")).json()["figures"]
    assert figures == [{"system": "crm", "action": "provision", "state": "done", "count": 8}]


def test_what_people_wrote_is_escaped(client: Any, headers: Any, installation: Installation, held: str) -> None:
    with installation.hub() as hub:
        decisions.kill_switch(hub, "all", "on", "olga", "<script>alert(1)</script>")
        decisions.reject(hub, held, "olga", "<img src=x onerror=alert(1)>")
    for path in ("", f"runs/{held}"):
        answer = client.get(f"/baton/{path}", headers=headers("vera"))
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "accept", "heading"),
    [
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "运行记录"),
        ("", "en-GB,zh;q=0.5", "Runs"),
        ("", "fr", "Runs"),
        ("", "zh;q=x", "Runs"),
        ("?lang=zh", "en", "运行记录"),
        ("?lang=en", "zh", "Runs"),
        ("?lang=<b>", "zh", "运行记录"),
    ],
)
def test_pages_speak_the_readers_language(client: Any, headers: Any, query: str, accept: str, heading: str) -> None:
    page = client.get(f"/baton/{query}", headers={**headers("vera"), "Accept-Language": accept}).text
    assert f"<h1>{heading}</h1>" in page


def test_an_unknown_run_is_404_and_a_broken_hub_503(client: Any, headers: Any, installation: Installation) -> None:
    assert client.get("/baton/runs/no-such-run", headers=headers("vera")).status_code == 404
    assert client.get("/baton/api/runs/no-such-run", headers=headers("vera")).json()["code"] == "configuration"
    installation.systems_file.write_text("systems: {hr: {connector: hr/nothing}}", encoding="utf-8")
    broken = client.get("/baton/", headers=headers("vera"))
    assert (broken.status_code, "hr/nothing" in broken.text) == (503, True)


def test_a_dag_run_leads_to_its_run_of_the_hub(client: Any, headers: Any, airflow_home: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    dag = DagBag(dag_folder=str(Path(__file__).parents[2] / "dags")).dags["employee_sync"]
    dag_run = dag.test(run_conf={"dry_run": False, "employees": None, "systems": None})
    address = f"/baton/of?dag=employee_sync&run={httpx.QueryParams({'r': dag_run.run_id})['r'].replace('+', '%2B')}"
    found = client.get(address, headers=headers("vera"), follow_redirects=False)
    newest = client.get("/baton/api/runs", headers=headers("vera")).json()["runs"][0]["id"]
    assert (found.status_code, found.headers["location"]) == (303, f"/baton/runs/{newest}")
    assert client.get("/baton/of?dag=employee_sync&run=none", headers=headers("vera")).status_code == 404
    assert client.get("/baton/of?dag=employee_sync&run=%00", headers=headers("vera")).status_code == 422


def test_who_may_not_read_a_dag_learns_nothing_of_its_runs(
    client: Any, headers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    asked: list[tuple[str, str, str]] = []

    def theirs(_self: Any, *, method: str, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        asked.append((method, access_entity.value, details.id))
        return details.id == "employee_sync"

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", theirs)
    answers = {
        dag: client.get(f"/baton/of?dag={dag}&run=none", headers=headers("vera")).status_code
        for dag in ("employee_sync", "others_secret")
    }
    assert answers == {"employee_sync": 404, "others_secret": 403}
    assert asked == [("GET", "XCOM", "employee_sync"), ("GET", "XCOM", "others_secret")]


def test_static_files_are_ours_alone(client: Any) -> None:
    for name in ("console.css", "console.js", "icon.svg"):
        assert client.get(f"/baton/static/{name}").status_code == 200
    assert client.get("/baton/static/../web.py").status_code == 404
    script = client.get("/baton/static/console.js").text
    assert "http" not in script.replace("https://", "http://").replace("http://www.w3.org", "")


# --- what vendors call


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
