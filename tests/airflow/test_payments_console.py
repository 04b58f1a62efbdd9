"""Pay runs beside the console: nothing without a login, and by the offices of whoever has logged in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.hub.payment.signing import cancel, sign
from baton.jobs.payment.roles import Role
from tests.hub.payment.conftest import POLICY
from tests.hub.payment.office import Office
from tests.rig.clock import VirtualClock
from tests.rig.payroll import Payroll
from tests.rig.schema import lay_out
from tests.rig.targets import KeyTarget

OURS = {"X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin"}
OFFICES = {"vera": ("payroll",), "olga": ("treasury",), "maker-li": ("payroll",), "treasury-qian": ("treasury",)}
"""Whatever Airflow lets them do: vera only looks there. ursula and ada hold no office; ada is Airflow's admin."""
OF_AIRFLOW = ("vera", "olga", "ursula", "ada")
QUERY = "bank=bank&period=2026-11&on=2026-11-30"


@pytest.fixture
def office(airflow_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    from baton.console import web

    policy, url = tmp_path / "policy.yaml", f"sqlite:///{tmp_path}/hub.sqlite3"
    policy.write_text(POLICY, "utf-8")
    lay_out(url)
    company = Payroll(tmp_path, url, VirtualClock(), {"crm": KeyTarget}, policy=policy, roles=OFFICES)
    hub = company.open()
    monkeypatch.setattr(web.keeper, "hub", lambda: hub)
    yield Office(company, hub)
    hub.close()


@pytest.fixture
def web(airflow_app: Any) -> Any:
    from starlette.testclient import TestClient

    return TestClient(airflow_app, raise_server_exceptions=False)


@pytest.fixture
def run_id(office: Office) -> str:
    office.hire("0001")
    return office.prepared({"0001": "8000.00"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "payments"),
        ("GET", "payments/RUN"),
        ("POST", "payments/RUN"),
        ("GET", "api/payments"),
        ("POST", f"api/payments?{QUERY}"),
        ("GET", "api/payments/RUN"),
        ("GET", "api/payments/RUN/lines"),
        ("POST", "api/payments/RUN/decisions"),
    ],
)
def test_a_stranger_gets_401(web: Any, run_id: str, method: str, path: str) -> None:
    address = f"/baton/{path.replace('RUN', run_id)}"
    assert web.request(method, address, content=b"{}" if method == "POST" else None, headers=OURS).status_code == 401


def test_offices_decide_and_not_airflows_roles(web: Any, headers: Any, office: Office, run_id: str) -> None:
    address = f"/baton/api/payments/{run_id}"

    def act(person: str, **body: str) -> int:
        return int(web.post(f"{address}/decisions", json=body, headers={**headers(person), **OURS}).status_code)

    assert {person: "8,000.00" in web.get(address, headers=headers(person)).text for person in OF_AIRFLOW} == {
        "vera": True, "olga": True, "ursula": False, "ada": False,
    }  # fmt: skip
    assert [act(person, act="sign", role="payroll") for person in ("ada", "ursula", "olga", "vera")] == [
        403, 403, 403, 200,
    ]  # fmt: skip
    assert act("ada", act="release", why="x") == 403
    assert act("olga", act="release", why="x") == 409
    assert act("olga", act="sign", role="treasury") == 200
    page = web.post(
        f"/baton/payments/{run_id}",
        data={"act": "release", "why": "pay day"},
        headers={**headers("olga"), **OURS},
        follow_redirects=False,
    )
    assert (page.status_code, page.headers["location"]) == (303, f"/baton/payments/{run_id}?lang=en&said=release")
    assert +office.deliver().counts == {"accepted": 1}


def test_the_run_in_the_list_of_runs_leads_to_its_page_and_is_not_released_there(
    web: Any, headers: Any, office: Office, run_id: str
) -> None:
    found = web.get(f"/baton/runs/{run_id}?lang=zh&state=held", headers=headers("vera"), follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, f"/baton/payments/{run_id}?lang=zh")
    assert 'href="/baton/payments?lang=en"' in web.get("/baton/", headers=headers("vera")).text
    sign(office.hub, run_id, "vera", Role.PAYROLL)
    answer = web.post(f"/baton/api/runs/{run_id}/release", json={"why": "x"}, headers={**headers("ada"), **OURS})
    assert (answer.status_code, answer.json()["code"]) == (409, "pay_run")
    for unknown in ("payments/no-such-run", "payments/settlements/none", "api/payments/settlements/none"):
        assert web.get(f"/baton/{unknown}", headers=headers("vera")).status_code == 404


@pytest.mark.parametrize(("person", "status"), [("vera", 201), ("ada", 201), ("olga", 201), ("ursula", 403)])
def test_payables_are_handed_in_by_payroll_or_who_operates_airflow(
    web: Any, headers: Any, office: Office, person: str, status: int
) -> None:
    line = b'{"number": "0001", "amount": "8000.00"}'
    answer = web.post(f"/baton/api/payments?{QUERY}", content=line, headers={**headers(person), **OURS})
    assert answer.status_code == status
    if status == 201:
        assert web.get("/baton/api/payments", headers=headers(person)).json()["runs"][0]["made_by"] == person


def test_what_is_kept_from_who_holds_no_office_is_kept_from_them_in_the_list_of_runs_too(
    web: Any, headers: Any, office: Office
) -> None:
    office.hire("0001")
    lines = b'{"number": "0001", "amount": "8000.00"}\n{"number": "0002", "amount": "no-sum"}'
    drafted = web.post(f"/baton/api/payments?{QUERY}", content=lines, headers={**headers("vera"), **OURS})
    run_id = drafted.json()["run"]
    cancel(office.hub, run_id, "olga", "0001 is under notice")
    shown = {person: web.get(f"/baton/api/runs/{run_id}", headers=headers(person)).json() for person in OF_AIRFLOW}
    for person, told in shown.items():
        assert (told["run"]["id"], told["faults_total"]) == (run_id, 1)
        assert [(each["decision"], each["person"]) for each in told["decisions"]] == [("cancel", "olga")]
        assert ("under notice" in str(told), len(told["faults"])) == ((True, 1) if person in OFFICES else (False, 0))
