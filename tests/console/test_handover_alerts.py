"""Alerts over the pages and the API: for the manager and HR alone, decided by them, and a stop by two."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from baton.console.handover.words import WORDS
from baton.hub.offboarding import watching
from baton.languages import LANGUAGES
from baton.model.alert import Alert, AlertState, Rule
from baton.model.case import Role
from tests.console.conftest import OURS, SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER

TEXT = "<b>测试订单䶮</b>"


def raised(place: Place, event: str = "e1", rule: Rule = Rule.ORDER_BY_LEAVER, case_id: str = "") -> Alert:
    """An order of the leaver's for the first client, as the watch would have found it."""
    desk = place.desk
    at, actor, about = desk.hub.clock.now(), desk.id_of(LEAVER), str(place.refs["client"])
    alert = Alert(case_id or place.case.id, rule, f"crm/{event}", "crm", actor, about, at, TEXT)
    with desk.hub.database.write() as connection:
        desk.hub.alerts.raise_new(connection, [alert])
    return alert


def stored(place: Place, alert: Alert) -> Alert:
    with place.desk.hub.database.read() as connection:
        found = place.desk.hub.alerts.get(connection, alert.key)
    assert found is not None
    return found


def form(place: Place, base: str, alert: Alert, act: str, text: str = "理由") -> httpx.Response:
    return place.client.post(
        f"{base}/alerts",
        data={"alert": alert.key, "act": act, "text": text},
        headers={**SAME_ORIGIN, "Accept-Language": "en"},
    )


def script(place: Place, base: str, headers: Any = OURS, **body: str) -> httpx.Response:
    return place.client.post(f"{base}/api/cases/{place.case.id}/alerts", json=body, headers=headers)


def seen(place: Place, base: str) -> list[dict[str, Any]]:
    answer = place.client.get(f"{base}/api/cases/{place.case.id}/alerts")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_what_happened_by_whom_and_about_what(place: Place, language: str) -> None:
    raised(place)
    words, base = WORDS[language], place.path(Role.MANAGER)
    case = place.client.get(f"{base}/?lang={language}").text
    assert words["alerts.open"].format(n=1) in case
    assert f'href="{base}/alerts?lang={language}"' in case
    page = place.client.get(f"{base}/alerts?lang={language}").text
    for shown in (words["rule.order_by_leaver"], words["alert.raised"], "测试离职", "测试client1䶮", "&lt;b&gt;测试"):
        assert shown in page
    assert "<b>测试" not in page
    assert f'href="{base}/items/{place.item("client").id}?lang={language}"' in page


def test_two_people_stop_the_leaver_each_with_a_reason_the_other_reads(place: Place) -> None:
    alert, manager, hr = raised(place), place.path(Role.MANAGER), place.path(Role.HR)
    leaver = place.desk.id_of(LEAVER)
    place.desk.things.grants[leaver] = {"orders"}
    place.desk.tick()
    asked = form(place, manager, alert, "ask_freeze", "不该由他下单")
    assert asked.status_code == 303
    told = place.client.get(asked.headers["location"], headers={"Accept-Language": "en"}).text
    assert WORDS["en"]["said.ask_freeze"] in told
    assert 'value="freeze"' not in told, "who asks is offered no second voice"
    again = form(place, manager, alert, "freeze")
    assert (again.status_code, WORDS["en"]["refusal.maker"] in again.text) == (403, True)
    assert place.desk.things.grants[leaver] == {"orders"}
    page = place.client.get(f"{hr}/alerts", headers={"Accept-Language": "en"}).text
    assert "不该由他下单" in page
    assert 'value="freeze"' in page
    assert form(place, hr, alert, "freeze", "同意").status_code == 303
    place.desk.tick()
    assert place.desk.things.grants[leaver] == set()
    after = stored(place, alert)
    assert (after.state, after.asked_by, after.decided_by) == (AlertState.FROZEN, MANAGER, HR)
    assert (after.asked_why, after.decided_why, after.text) == ("不该由他下单", "同意", TEXT)


def test_a_script_sees_and_decides_the_same(place: Place) -> None:
    alert, base = raised(place), place.path(Role.HR)
    (line,) = seen(place, base)
    assert (line["rule"], line["state"], line["may"]) == ("order_by_leaver", "raised", ["ask_freeze", "dismiss"])
    assert (line["actor"]["id"], line["item"]["id"]) == (LEAVER, place.item("client").id)
    assert script(place, base, {}, alert=alert.key, act="dismiss", text="x").status_code == 403
    done = script(place, base, alert=alert.key, act="dismiss", text="与我商定")
    assert (done.status_code, done.json()["state"], done.json()["may"]) == (200, "dismissed", [])
    assert done.json()["decided_why"] == "与我商定"
    late = script(place, base, alert=alert.key, act="ask_freeze", text="x")
    assert (late.status_code, late.json()["code"]) == (409, "state")


def test_what_waits_for_somebody_stands_first(place: Place) -> None:
    first = raised(place, "e1")
    watching.dismiss(place.desk.hub, first.key, MANAGER, "in order")
    second = raised(place, "e2", Rule.DISCOUNT)
    assert [line["key"] for line in seen(place, place.path(Role.MANAGER))] == [second.key, first.key]


@pytest.mark.parametrize("role", [Role.LEAVER, Role.SUCCESSOR])
def test_neither_leaver_nor_successor_learns_that_there_are_alerts(place: Place, role: Role) -> None:
    alert, base = raised(place), place.path(role)
    page = place.client.get(f"{base}/?show=all")
    assert (page.status_code, "/alerts" in page.text) == (200, False)
    for path in ("/alerts", f"/api/cases/{place.case.id}/alerts"):
        assert place.client.get(f"{base}{path}").status_code == 404
    assert form(place, base, alert, "dismiss").status_code == 404
    assert script(place, base, alert=alert.key, act="dismiss", text="x").status_code == 404
    assert script(place, base).status_code == 404
    assert stored(place, alert).state is AlertState.RAISED


def test_what_cannot_be_decided_says_why_and_changes_nothing(place: Place) -> None:
    alert, base = raised(place), place.path(Role.MANAGER)
    wordless = form(place, base, alert, "dismiss", " ")
    assert (wordless.status_code, WORDS["en"]["refusal.reason"] in wordless.text) == (422, True)
    early = form(place, base, alert, "freeze", "wichtig")
    assert (early.status_code, WORDS["en"]["refusal.state"] in early.text, "wichtig" in early.text) == (409, True, True)
    for body in ({"act": "dismiss"}, {"act": "close", "alert": alert.key}, {"act": "dismiss", "alert": "x", "to": "y"}):
        assert script(place, base, **body).status_code == 422
    assert script(place, base, alert="of another case", act="dismiss", text="x").status_code == 404
    crossing = place.client.post(f"{base}/alerts", data={"act": "dismiss"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossing.status_code == 403
    assert stored(place, alert).state is AlertState.RAISED
