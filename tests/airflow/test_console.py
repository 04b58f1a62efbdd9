"""The console behind Airflow's own application: who sees what, who decides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from baton.hub import decisions, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.languages import LANGUAGES
from tests.airflow.installation import Installation

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


def test_a_page_that_shows_another_plan_decides_nothing(
    client: Any, headers: Any, installation: Installation, held: str
) -> None:
    page = client.get(f"/baton/runs/{held}", headers=headers("olga")).text
    (shown,) = set(re.findall('data-plan="([0-9a-f]{64})"', page))
    ours = {**headers("olga"), **OURS}
    for verb in ("release", "reject"):
        answer = client.post(f"/baton/api/runs/{held}/{verb}", json={"why": "x", "plan": "0" * 64}, headers=ours)
        assert (answer.status_code, answer.json()["code"]) == (409, "other_plan")
    assert state_of(installation, held) == "held"
    assert (
        client.post(f"/baton/api/runs/{held}/release", json={"why": "x", "plan": shown}, headers=ours).status_code
        == 200
    )


def test_the_maker_does_not_decide_even_as_admin(
    client: Any, headers: Any, installation: Installation, held: str
) -> None:
    page = client.get(f"/baton/runs/{held}", headers=headers("ada")).text
    assert "a second person must decide" in page
    assert "data-decide" not in page
    answer = client.post(f"/baton/api/runs/{held}/release", json={"why": "mine"}, headers={**headers("ada"), **OURS})
    assert (answer.status_code, answer.json()["code"]) == (403, "maker")
    assert state_of(installation, held) == "held"


@pytest.mark.parametrize(
    ("language", "people", "roles"),
    [
        ("zh", "此次运行由您发起：必须由另一人决定。", "您的角色只能查看，不能决定。"),
        ("ja", "ご自身が依頼した実行です。別の方の決定が必要です。", "この役割では閲覧のみ可能で、決定はできません。"),
        (
            "ko",
            "본인이 요청한 실행입니다. 다른 사람이 결정해야 합니다.",
            "이 역할은 조회만 가능하며 결정할 수 없습니다.",
        ),
        ("en", "You asked for this run: a second person must decide.", "Your role may look, not decide."),
    ],
)
@pytest.mark.parametrize("verb", ["release", "reject"])
def test_a_refusal_is_said_in_the_readers_language(
    client: Any, headers: Any, held: str, verb: str, language: str, people: str, roles: str
) -> None:
    address = f"/baton/api/runs/{held}/{verb}"
    for person, code, said in (("ada", "maker", people), ("vera", "role", roles)):
        ours = {**headers(person), **OURS}
        answers = [
            client.post(f"{address}?lang={language}", json={"why": "x"}, headers={**ours, "Accept-Language": "fr"}),
            client.post(address, json={"why": "x"}, headers={**ours, "Accept-Language": language}),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["code"], answer.json()["remedy"]) == (403, code, said)
            assert re.search("a second person must decide|may look, not decide", answer.json()["detail"])


def test_a_refusal_without_words_of_ours_is_said_in_the_hubs(client: Any, headers: Any) -> None:
    answer = client.post(
        "/baton/api/runs/no-such-run/release?lang=ja", json={"why": "x"}, headers={**headers("olga"), **OURS}
    ).json()
    assert answer["remedy"] == answer["detail"]


def test_buttons_are_there_for_who_may_press_them(client: Any, headers: Any, held: str) -> None:
    assert 'data-decide="release"' in client.get(f"/baton/runs/{held}", headers=headers("olga")).text
    viewed = client.get(f"/baton/runs/{held}", headers=headers("vera")).text
    assert "data-decide" not in viewed
    assert "may look, not decide" in viewed


def test_why_a_run_is_held_is_said_in_the_readers_language(client: Any, headers: Any, held: str) -> None:
    page = client.get(f"/baton/runs/{held}?lang=zh", headers=headers("olga")).text
    said = re.findall(r'<p class="reason">(.+?)</p>', page)
    assert said
    assert all(re.search(r"将有 \d+ 人失去权限；上限为 \d+ 人中的 \d+ 人", each) for each in said), said
    assert not re.search(r"<dt>[a-z_]+</dt>", page)
    assert "would lose access" in client.get(f"/baton/runs/{held}", headers=headers("olga")).text
    for language, said in (("ja", "人が権限を失います"), ("ko", "명이 권한을 잃게 됩니다")):
        page = client.get(f"/baton/runs/{held}?lang={language}", headers=headers("olga")).text
        assert said in page
        assert "would lose access" not in page
        assert not re.search(r"<dt>[a-z_]+</dt>", page)


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
    place = f"/baton/api/runs/{held}/release?lang=ko"
    answer = client.post(place, json=body, headers={**headers("olga"), **OURS})
    assert answer.status_code == 422
    told = {} if body.get("why", "").strip() else {"code": "reason", "remedy": "사유를 입력해 주십시오."}
    assert {name: answer.json()[name] for name in ("code", "remedy") if name in answer.json()} == told
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
        ("", "ja-JP,ja;q=0.9,en;q=0.8", "実行一覧"),
        ("", "fr,ko;q=0.9,en;q=0.8", "실행 목록"),
        ("?lang=ja", "ko", "実行一覧"),
        ("?lang=ko", "zh", "실행 목록"),
    ],
)
def test_pages_speak_the_readers_language(client: Any, headers: Any, query: str, accept: str, heading: str) -> None:
    page = client.get(f"/baton/{query}", headers={**headers("vera"), "Accept-Language": accept}).text
    assert f"<h1>{heading}</h1>" in page
    (lang,) = re.findall(r'<html lang="(..)', page)
    assert re.findall(r'<a href="[?]lang=(..)"[^>]* aria-current="true">', page) == [lang]
    assert re.findall(r'<a href="[?]lang=(..)"', page) == list(LANGUAGES)
    assert f'/payments?lang={lang}"' in page


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
