"""The pages of a handover over HTTP: who is let in, who sees what, who may say what, and every race with one outcome."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from baton.console.handover.app import standalone
from baton.hub.offboarding import links
from baton.model.case import Act, CaseState, ItemState, Role
from baton.model.handover import HoldingKind, HoldingRef
from tests.console.conftest import OURS, PEOPLE, SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR
from tests.rig.handover_pages import plain_client, served

TITLE = {"client": "测试client1䶮", "deal": "测试opportunity1䶮", "other": "测试client2䶮", "group": "测试group1䶮"}


def shown(text: str) -> set[str]:
    return {name for name, title in TITLE.items() if title in text}


# --- doors


def test_every_link_that_opens_nothing_gets_one_and_the_same_answer(place: Place) -> None:
    good = place.token(Role.SUCCESSOR)
    revoked, expired = place.token(Role.MANAGER), place.token(Role.HR)
    links.revoke(place.desk.hub, place.case.id, HR, person=MANAGER)
    altered = good[:-1] + ("A" if good[-1] != "A" else "B")
    swapped = good[:32] + revoked[32:]

    def answer(token: str) -> tuple[int, str]:
        found = place.client.get(f"/handover/{token}/")
        return found.status_code, found.text.replace(f"/{token}/", "/TOKEN/")

    answers = {answer(token) for token in (altered, swapped, revoked, "A" * 64, "x")}
    place.desk.company.clock.advance(timedelta(days=15))
    ((status, text),) = answers | {answer(expired)}
    assert status == 404
    assert "This link is not valid" in text
    assert not shown(text)


@pytest.mark.parametrize(
    "path", ["", "/", "/items/1", "/finish", "/api/cases", "/api/cases/CASE", "/api/cases/CASE/items"]
)
def test_a_forged_link_opens_no_page(place: Place, path: str) -> None:
    answer = place.client.get(f"/handover/{'A' * 64}{path.replace('CASE', place.case.id)}")
    assert answer.status_code == 404
    assert not shown(answer.text)


@pytest.mark.parametrize("path", ["/say", "/items/1/say", "/case"])
def test_a_forged_link_says_nothing(place: Place, path: str) -> None:
    before = len(place.desk.statement_acts(place.case))
    assert place.post(f"/handover/{'A' * 64}{path}", "accept", "client").status_code == 404
    assert len(place.desk.statement_acts(place.case)) == before


def test_a_link_opens_no_other_case(place: Place) -> None:
    base = place.path(Role.HR)
    assert place.client.get(f"{base}/api/cases/{place.case.id}").status_code == 200
    foreign = place.client.get(f"{base}/api/cases/case-of-somebody-else")
    forged = place.client.get(f"/handover/{'A' * 64}/api/cases/{place.case.id}")
    assert (foreign.status_code, foreign.json()) == (forged.status_code, forged.json())


def test_pages_let_in_nothing_from_elsewhere_and_are_kept_nowhere(place: Place) -> None:
    answer = place.client.get(f"{place.path(Role.LEAVER)}/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.text) == []
    assert re.findall(r" (?:style|on\w+)=", answer.text) == []


def test_what_people_wrote_is_escaped(place: Place) -> None:
    base = place.path(Role.LEAVER)
    place.post(f"{base}/items/{place.item('client').id}/say", Act.NOTE, "client", text="<script>alert(1)</script>")
    page = place.client.get(f"{base}/items/{place.item('client').id}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (SAME_ORIGIN, 303),
        (OURS, 303),
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "ADDRESS"}, 303),
        ({"Origin": "ADDRESS", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_only_our_own_pages_may_post(place: Place, headers: dict[str, str], status: int) -> None:
    sent = {name: value.replace("ADDRESS", place.address) for name, value in headers.items()}
    answer = place.post(f"{place.path(Role.SUCCESSOR)}/say", Act.ACCEPT, "client", headers=sent)
    assert answer.status_code == status
    assert (place.item("client").state is ItemState.ACCEPTED) == (status == 303)


def test_a_body_too_large_is_refused(place: Place) -> None:
    answer = place.client.post(f"{place.path(Role.LEAVER)}/say", content=b"x" * 300_000, headers=SAME_ORIGIN)
    assert answer.status_code == 413
    form = "&".join(f"item={n}:1" for n in range(1000))
    answer = place.client.post(f"{place.path(Role.LEAVER)}/say", content=form, headers=SAME_ORIGIN)
    assert answer.status_code == 422


def test_no_token_reaches_an_access_log(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """uvicorn's own log, as it would be written: with the path of every request."""
    token = place.token(Role.LEAVER)
    number = place.item("client").id
    with (
        caplog.at_level("INFO", "uvicorn.access"),
        served(standalone(lambda: place.desk.hub), access_log=True) as address,
        plain_client(f"{address}/handover") as client,
    ):
        for path in (
            f"/{token}",
            f"/{token}/",
            f"/{token}/items/{number}",
            f"/{token}/api/cases",
            "/static/handover.css",
        ):
            client.get(path)
        client.post(f"/{token}/say", data={"act": "note"}, headers=SAME_ORIGIN)
        client.get(f"/{'A' * 64}/")
    lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.access"]
    assert len(lines) == 7
    assert not [line for line in lines if token[:12] in line or "AAAA" in line]
    assert any("/handover/static/handover.css" in line for line in lines)


# --- who sees what


@pytest.mark.parametrize("role", PEOPLE)
def test_who_sees_what(place: Place, role: Role) -> None:
    page = place.client.get(f"{place.path(role)}/?show=all").text
    assert shown(page) == ({"client", "deal"} if role is Role.SUCCESSOR else set(TITLE))
    assert ('name="act" value="accept"' in page) == (role is Role.SUCCESSOR)
    assert ('value="retract"' in page) == (role is Role.HR)
    assert ('value="leave"' in page) == (role in (Role.MANAGER, Role.HR))


def test_a_successor_reaches_only_their_items_by_any_way(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    foreign = place.item("other")
    for path in (f"/items/{foreign.id}", "/items/999", f"/api/cases/{place.case.id}/items/{foreign.id}"):
        answer = place.client.get(f"{base}{path}")
        assert answer.status_code == 404
        assert not shown(answer.text)
    for act in (Act.ACCEPT, Act.REFUSE, Act.NOTE, Act.ASK, Act.CONFIRM):
        assert place.post(f"{base}/say", act, "other", text="x").status_code == 404
    assert place.api(base, "note", {str(foreign.id): 1}, text="x").status_code == 404
    document = place.client.get(f"{base}/api/cases/{place.case.id}/items?show=all").json()
    assert {line["title"] for line in document["items"]} == {TITLE["client"], TITLE["deal"]}
    statements = place.client.get(f"{base}/api/cases/{place.case.id}/statements").json()["statements"]
    assert {line["item"] for line in statements} == {place.item("client").id, place.item("deal").id}


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
def test_a_number_that_no_item_can_have_is_refused_wherever_it_stands(place: Place, number: int) -> None:
    base = place.path(Role.HR)
    case = f"{base}/api/cases/{place.case.id}"
    for path in (f"{base}/items/{number}", f"{case}/items/{number}", f"{case}/items/{number}/files/{'0' * 64}"):
        assert place.client.get(path).status_code == 422
    for items in ({str(number): 1}, {"1": number}):
        assert place.api(base, "note", items, text="x").status_code == 422
    form = {"act": "note", "text": "x", "item": f"{number}:1"}
    assert place.client.post(f"{base}/say", data=form, headers=SAME_ORIGIN).status_code == 422


def test_the_core_itself_lets_no_successor_speak_about_what_is_not_theirs(place: Place) -> None:
    with pytest.raises(Exception, match="for somebody else"):
        place.desk.say(place.case, [place.item("other")], Act.NOTE, SUCCESSOR, Role.SUCCESSOR, "x")


def test_who_loses_an_item_sees_it_no_more(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    place.name(OTHER, "client")
    assert place.client.get(f"{base}/items/{place.item('client').id}").status_code == 404
    assert shown(place.client.get(f"{base}/").text) == {"deal"}


def test_the_page_of_an_item_shows_versions_questions_and_what_belongs_to_it(place: Place) -> None:
    place.desk.things.change(place.refs["deal"], stage="谈判")
    place.desk.tick()
    base = place.path(Role.SUCCESSOR)
    number = place.item("deal").id
    place.post(f"{base}/items/{number}/say", Act.ASK, "deal", text="合同在哪里？")
    leaver = place.path(Role.LEAVER)
    assert "question not answered" in place.client.get(f"{leaver}/").text
    place.post(f"{leaver}/items/{number}/say", Act.ANSWER, "deal", text="在 B2 柜")
    page = place.client.get(f"{base}/items/{number}").text
    assert "<ins>谈判</ins>" in page
    assert page.index("合同在哪里？") < page.index("在 B2 柜")
    assert shown(page) == {"client", "deal"}
    assert "question not answered" not in place.client.get(f"{leaver}/").text


# --- who says what


def test_several_are_accepted_at_once_then_approved_and_moved(place: Place) -> None:
    base, manager = place.path(Role.SUCCESSOR), place.path(Role.MANAGER)
    answer = place.post(f"{base}/say", Act.ACCEPT, "client", "deal")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{base}/?said=accept&count=2")
    assert "Accepted: 2." in place.client.get(answer.headers["location"]).text
    assert place.post(f"{manager}/say", Act.APPROVE, "client", "deal").status_code == 303
    place.desk.tick()
    assert [place.desk.holder(place.refs[name]) for name in ("client", "deal")] == [SUCCESSOR, SUCCESSOR]


@pytest.mark.parametrize(
    ("role", "act", "status"),
    [
        (Role.LEAVER, Act.APPROVE, 403),
        (Role.LEAVER, Act.ACCEPT, 403),
        (Role.LEAVER, Act.NAME, 403),
        (Role.LEAVER, Act.LEAVE, 403),
        (Role.SUCCESSOR, Act.APPROVE, 403),
        (Role.SUCCESSOR, Act.NAME, 403),
        (Role.MANAGER, Act.ACCEPT, 403),
        (Role.HR, Act.ACCEPT, 403),
        (Role.MANAGER, Act.APPROVE, 409),
    ],
)
def test_who_may_not(place: Place, role: Role, act: Act, status: int) -> None:
    before = place.item("client")
    named = {"successor": OTHER} if act is Act.NAME else {}
    answer = place.post(f"{place.path(role)}/say", act, "client", text="x", **named)
    assert answer.status_code == status
    assert "Nothing was stored." in answer.text
    assert place.item("client") == before


@pytest.mark.parametrize("role", [Role.LEAVER, Role.SUCCESSOR, Role.MANAGER])
@pytest.mark.parametrize("act", [Act.PAUSE, Act.RETRACT, Act.REOPEN, Act.COMPLETE])
def test_only_hr_decides_about_the_case(place: Place, role: Role, act: Act) -> None:
    base = place.path(role)
    answer = place.client.post(f"{base}/case", data={"act": str(act), "text": "x"}, headers=SAME_ORIGIN)
    assert answer.status_code == 403
    assert place.client.get(f"{base}/finish").status_code == 404
    assert place.desk.case(place.case).state is CaseState.OPEN


def test_the_leaver_notes_and_answers(place: Place) -> None:
    base = place.path(Role.LEAVER)
    number = place.item("other").id
    assert place.post(f"{base}/items/{number}/say", Act.NOTE, "other", text="钥匙在抽屉里").status_code == 303
    assert "钥匙在抽屉里" in place.client.get(f"{base}/items/{number}").text


def test_the_manager_names_somebody_else_and_leaves_with_a_reason(place: Place) -> None:
    base = place.path(Role.MANAGER)
    assert place.post(f"{base}/say", Act.NAME, "client", "other", successor=OTHER).status_code == 303
    assert {place.item(name).successor for name in ("client", "other")} == {OTHER}
    unknown = place.post(f"{base}/say", Act.NAME, "client", successor="9999")
    assert (unknown.status_code, "cannot take it over" in unknown.text) == (422, True)
    unsaid = place.post(f"{base}/say", Act.LEAVE, "group")
    assert (unsaid.status_code, "Please give a reason" in unsaid.text) == (422, True)
    assert place.post(f"{base}/say", Act.LEAVE, "group", text="群已解散").status_code == 303
    assert place.item("group").state is ItemState.LEFT


def test_an_exception_for_a_right_takes_two_people(place: Place) -> None:
    place.desk.things.grants[place.desk.id_of(LEAVER)] = {"orders"}
    place.desk.tick()
    place.refs["right"] = HoldingRef(HoldingKind.GRANT, "orders")
    path, english = f"/items/{place.item('right').id}", {**SAME_ORIGIN, "Accept-Language": "en"}

    def leave(role: Role) -> httpx.Response:
        return place.post(f"{place.path(role)}{path}/say", Act.LEAVE, "right", headers=english, text="月底结账")

    asked = leave(Role.MANAGER)
    told = place.client.get(asked.headers["location"], headers=english).text
    assert "a second person must agree." in told
    assert "An exception is asked for" in told
    assert place.item("right").state is ItemState.OPEN
    again = leave(Role.MANAGER)
    assert (again.status_code, "a second person must." in again.text) == (403, True)
    assert leave(Role.HR).status_code == 303
    assert (place.item("right").state, place.item("right").accepted_by) == (ItemState.LEFT, MANAGER)


def test_whoever_accepts_does_not_approve(place: Place) -> None:
    place.name(MANAGER, "other")
    place.post(f"{place.path(Role.SUCCESSOR, MANAGER)}/say", Act.ACCEPT, "other")
    answer = place.post(f"{place.path(Role.MANAGER)}/say", Act.APPROVE, "other")
    assert (answer.status_code, "a second person must" in answer.text) == (403, True)


def test_hr_pauses_resumes_and_sees_what_is_missing(place: Place) -> None:
    base = place.path(Role.HR)

    def decide(act: str, text: str = "asked for") -> int:
        return place.client.post(f"{base}/case", data={"act": act, "text": text}, headers=SAME_ORIGIN).status_code

    assert decide("pause", "") == 422
    assert decide("pause") == 303
    assert place.desk.case(place.case).state is CaseState.PAUSED
    assert decide("pause") == 303 or place.desk.case(place.case).state is CaseState.PAUSED
    assert decide("reopen") == 303
    assert decide("reopen") in (303, 409)
    page = place.client.get(f"{base}/finish").text
    for text in ("Open items: 4", "Accounts still alive: 1", "The last working moment is still to come"):
        assert text in page
    assert 'value="complete"' not in page
    refused = place.client.post(f"{base}/case", data={"act": "complete", "text": "done"}, headers=SAME_ORIGIN)
    assert (refused.status_code, "Open items: 4" in refused.text) == (409, True)
    told = place.client.get(f"{base}/api/cases/{place.case.id}/obstacles").json()["obstacles"]
    assert {"accounts", "open_items", "still_working"} <= {each["what"] for each in told}
    assert place.desk.case(place.case).state is CaseState.OPEN


def test_hr_completes_when_nothing_is_missing(place: Place) -> None:
    desk = place.desk
    desk.agree(place.case)
    desk.tick()
    desk.close_account()
    desk.company.clock.advance(timedelta(days=10))
    base = place.path(Role.HR)
    assert "Nothing is missing." in place.client.get(f"{base}/finish").text
    done = place.client.post(f"{base}/case", data={"act": "complete", "text": "全部完成"}, headers=SAME_ORIGIN)
    assert done.status_code == 303
    assert desk.case(place.case).state is CaseState.COMPLETED
    late = place.post(f"{base}/say", Act.NOTE, "client", text="late")
    assert (late.status_code, "The case is closed." in late.text) == (409, True)


# --- languages


@pytest.mark.parametrize(
    ("query", "accept", "html"),
    [
        ("", "ja,en;q=0.8", "ja"),
        ("", "ko-KR", "ko"),
        ("", "zh-CN,zh;q=0.9", "zh-CN"),
        ("", "fr", "en"),
        ("?lang=ko", "ja", "ko"),
        ("?lang=<b>", "ja", "ja"),
    ],
)
def test_pages_speak_the_readers_language(place: Place, query: str, accept: str, html: str) -> None:
    page = place.client.get(f"{place.path(Role.LEAVER)}/{query}", headers={"Accept-Language": accept}).text
    assert f'<html lang="{html}">' in page
