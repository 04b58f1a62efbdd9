"""Handovers beside the console: who has logged in sees what the case says of them, links need no login."""

from __future__ import annotations

from typing import Any

import pytest

from baton.hub import execution
from baton.hub.offboarding import casework, links
from baton.hub.offboarding.links import Offer
from baton.hub.offboarding.refreshing import refresh
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import CaseState, Cause, Role
from tests.airflow.installation import Installation

OURS = {"X-Baton-Console": "1"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def case(installation: Installation) -> str:
    """0002 leaves; ursula (who may not decide in the console) is the manager."""
    with installation.hub() as hub:
        plan_sync(hub, SyncRequest(requested_by="schedule"))
        execution.apply(hub)
        opened = casework.open_case(hub, casework.Opening("0002", Cause.BY_HAND, "ada", manager="ursula"))
        refresh(hub, opened.id)
    return opened.id


def state_of(installation: Installation, case: str) -> CaseState:
    with installation.hub() as hub:
        return casework.find_case(hub, case).state


@pytest.mark.parametrize(
    "path", ["cases", "cases/CASE/", "cases/CASE/items/1", "cases/CASE/finish", "api/cases", "api/cases/CASE"]
)
def test_a_stranger_gets_401(client: Any, case: str, path: str) -> None:
    assert client.get(f"/baton/{path.replace('CASE', case)}").status_code == 401


@pytest.mark.parametrize("path", ["cases/CASE/say", "cases/CASE/case", "api/cases/CASE/statements"])
def test_a_stranger_says_nothing(client: Any, case: str, path: str) -> None:
    answer = client.post(f"/baton/{path.replace('CASE', case)}", content=b"{}", headers={**OURS, **SAME_ORIGIN})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("person", "roles"),
    [("vera", None), ("ursula", ["manager", "successor"]), ("olga", ["hr"]), ("ada", ["hr"])],  # some is for her to do
)
def test_who_sees_which_case_as_what(
    client: Any, headers: Any, case: str, person: str, roles: list[str] | None
) -> None:
    listed = client.get("/baton/api/cases", headers=headers(person)).json()["cases"]
    assert [each["id"] for each in listed] == ([] if roles is None else [case])
    one = client.get(f"/baton/api/cases/{case}", headers=headers(person))
    page = client.get(f"/baton/cases/{case}/", headers=headers(person))
    if roles is None:
        unknown = client.get("/baton/api/cases/no-such-case", headers=headers(person))
        assert (one.status_code, one.json()) == (404, unknown.json())
        assert (page.status_code, "测试甲" in page.text) == (404, False)
        return
    assert one.json()["roles"] == roles
    assert (page.status_code, "测试甲" in page.text) == (200, True)
    assert "form-action 'self'" in page.headers["content-security-policy"]


def test_a_leaver_who_decides_elsewhere_is_only_the_leaver_here(
    client: Any, headers: Any, installation: Installation
) -> None:
    with installation.hub() as hub:
        installation.hand_in([*installation.people, {**installation.people[0], "工号": "olga"}])
        plan_sync(hub, SyncRequest())
        opened = casework.open_case(hub, casework.Opening("olga", Cause.RESIGNATION, "ada", manager="0001"))
    assert client.get(f"/baton/api/cases/{opened.id}", headers=headers("olga")).json()["roles"] == ["leaver"]
    answer = client.post(
        f"/baton/api/cases/{opened.id}/statements",
        json={"act": "retract", "text": "I stay"},
        headers={**headers("olga"), **OURS},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "role")
    assert state_of(installation, opened.id) is CaseState.OPEN


@pytest.mark.parametrize("person", ["vera", "ursula", "olga"])
def test_only_who_may_decide_decides_about_a_case(
    client: Any, headers: Any, installation: Installation, case: str, person: str
) -> None:
    body = {"act": "pause", "text": "asked for"}
    answer = client.post(f"/baton/api/cases/{case}/statements", json=body, headers={**headers(person), **OURS})
    assert answer.status_code == {"vera": 404, "ursula": 403, "olga": 200}[person]
    assert state_of(installation, case) is (CaseState.PAUSED if person == "olga" else CaseState.OPEN)


@pytest.mark.parametrize("wrong", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_a_cookie_alone_is_not_consent(
    client: Any, headers: Any, installation: Installation, case: str, wrong: dict[str, str]
) -> None:
    client.cookies.set("_token", headers("olga")["Authorization"].removeprefix("Bearer "))
    form = {"act": "pause", "text": "x"}
    assert client.post(f"/baton/cases/{case}/case", data=form, headers=wrong).status_code == 403
    assert client.post(f"/baton/api/cases/{case}/statements", json=form, headers=wrong).status_code == 403
    assert state_of(installation, case) is CaseState.OPEN
    done = client.post(f"/baton/cases/{case}/case", data=form, headers=SAME_ORIGIN, follow_redirects=False)
    assert done.status_code == 303
    assert state_of(installation, case) is CaseState.PAUSED


def test_a_link_needs_no_login_and_a_login_no_link(
    client: Any, headers: Any, installation: Installation, case: str
) -> None:
    with installation.hub() as hub:
        token = links.make_token(hub, Offer(case, "0002", Role.LEAVER, "ada"))
    page = client.get(f"/baton/handover/{token}")
    assert (page.status_code, str(page.url).endswith(f"/baton/handover/{token}/")) == (200, True)
    assert f'href="/baton/handover/{token}/items/' in page.text
    assert client.get(f"/baton/handover/{'A' * 64}/").status_code == 404
    assert client.get("/baton/handover/static/handover.css").status_code == 200
    assert client.get("/baton/cases", headers=headers("ada")).text.count(f"/baton/cases/{case}/") == 1


def test_airflows_access_log_does_not_get_the_token(
    client: Any, installation: Installation, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.common import http_access_log

    lines: list[str] = []

    class Heard:
        def info(self, *told: Any, **more: Any) -> None:
            lines.append(f"{told} {more}")

    monkeypatch.setattr(http_access_log, "logger", Heard())
    with installation.hub() as hub:
        token = links.make_token(hub, Offer(case, "0002", Role.LEAVER, "ada"))
    assert client.get(f"/baton/handover/{token}/").status_code == 200
    assert client.get(f"/baton/handover/{token}/items/1").status_code == 200
    assert len(lines) == 2
    assert not [line for line in lines if token[:12] in line]
