"""Every race over HTTP has one outcome, and the API says the same as the pages."""

from __future__ import annotations

import threading

import pytest

from baton.hub.offboarding import casework
from baton.model.case import Act, CaseState, ItemState, Role
from tests.console.conftest import OURS, SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import HR, LEAVER, OTHER

# --- races


def test_what_changed_meanwhile_is_not_accepted_and_the_new_version_is_shown(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    item = place.item("deal")
    stale = f"{item.id}:{item.version}"
    place.desk.things.change(place.refs["deal"], stage="lost")
    place.desk.tick()
    answer = place.client.post(
        f"{base}/items/{item.id}/say", data={"act": "accept", "item": stale}, headers=SAME_ORIGIN
    )
    assert answer.status_code == 409
    assert "It has changed since you looked at it." in answer.text
    assert "<ins>lost</ins>" in answer.text
    assert f'name="item" value="{item.id}:{item.version + 1}"' in answer.text
    assert place.item("deal").state is ItemState.OFFERED
    api = place.api(base, "accept", {str(item.id): item.version})
    assert (api.status_code, api.json()["code"]) == (409, "version")


def test_one_changed_item_keeps_all_from_being_accepted(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    stale = [f"{place.item(name).id}:{place.item(name).version}" for name in ("client", "deal")]
    place.desk.things.change(place.refs["deal"], stage="lost")
    place.desk.tick()
    answer = place.client.post(f"{base}/say", data={"act": "accept", "item": stale}, headers=SAME_ORIGIN)
    assert answer.status_code == 409
    assert {place.item(name).state for name in ("client", "deal")} == {ItemState.OFFERED}
    assert answer.text.count('" checked aria-label') == 1
    assert 'class="item offered changed"' in answer.text


def test_an_acceptance_sent_twice_counts_once(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    assert place.post(f"{base}/say", Act.ACCEPT, "client").status_code == 303
    again = place.post(f"{base}/say", Act.ACCEPT, "client")
    assert (again.status_code, "Somebody was faster" in again.text) == (409, True)
    assert place.desk.statement_acts(place.case).count(Act.ACCEPT) == 1


def test_accepting_and_naming_another_at_once_has_one_outcome(place: Place) -> None:
    """Whoever comes first wins; then the other is told, and nobody has accepted what is somebody else's."""
    base, manager = place.path(Role.SUCCESSOR), place.path(Role.MANAGER)
    answers: dict[str, int] = {}
    ready = threading.Barrier(2)

    def run(who: str, path: str, act: Act, **more: str) -> None:
        ready.wait()
        answers[who] = place.post(path, act, "client", **more).status_code

    threads = [
        threading.Thread(target=run, args=("successor", f"{base}/say", Act.ACCEPT)),
        threading.Thread(target=run, args=("manager", f"{manager}/say", Act.NAME), kwargs={"successor": OTHER}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    item = place.item("client")
    assert answers["manager"] == 303
    assert answers["successor"] in (303, 403, 404)
    assert (item.state, item.successor, item.accepted_by) == (ItemState.OFFERED, OTHER, "")


def test_two_managers_approve_once(place: Place) -> None:
    place.post(f"{place.path(Role.SUCCESSOR)}/say", Act.ACCEPT, "client")
    paths = [place.path(Role.MANAGER), place.path(Role.HR)]
    ready = threading.Barrier(2)
    answers: list[int] = []

    def approve(path: str) -> None:
        ready.wait()
        answers.append(place.post(f"{path}/say", Act.APPROVE, "client").status_code)

    threads = [threading.Thread(target=approve, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409]
    assert place.desk.statement_acts(place.case).count(Act.APPROVE) == 1


def test_what_is_accepted_after_a_retraction_is_refused(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    casework.decide(place.desk.hub, place.case.id, Act.RETRACT, HR, "she stays")
    answer = place.post(f"{base}/say", Act.ACCEPT, "client")
    assert (answer.status_code, "The case is closed." in answer.text) == (409, True)
    assert place.item("client").state is ItemState.OFFERED


def test_a_retraction_and_an_acceptance_at_once_have_one_outcome(place: Place) -> None:
    base, hr = place.path(Role.SUCCESSOR), place.path(Role.HR)
    ready = threading.Barrier(2)
    answers: dict[str, int] = {}

    def accept() -> None:
        ready.wait()
        answers["accept"] = place.post(f"{base}/say", Act.ACCEPT, "client").status_code

    def retract() -> None:
        ready.wait()
        body = {"act": "retract", "text": "she stays"}
        answers["retract"] = place.client.post(f"{hr}/case", data=body, headers=SAME_ORIGIN).status_code

    threads = [threading.Thread(target=accept), threading.Thread(target=retract)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["retract"] == 303
    accepted = place.item("client").state is ItemState.ACCEPTED
    assert answers["accept"] == (303 if accepted else 409)
    assert place.desk.case(place.case).state is CaseState.RETRACTED
    place.desk.tick()
    assert place.desk.holder(place.refs["client"]) == LEAVER


# --- the API for link holders


def test_the_api_says_the_same_as_the_pages(place: Place) -> None:
    base = place.path(Role.SUCCESSOR)
    (case,) = place.client.get(f"{base}/api/cases").json()["cases"]
    assert (case["id"], case["progress"]["all"]) == (place.case.id, 2)
    item = place.item("client")
    done = place.api(base, "accept", {str(item.id): item.version})
    assert done.json() == {"case": "open", "items": [{"id": item.id, "version": 1, "state": "accepted"}]}
    one = place.client.get(f"{base}/api/cases/{place.case.id}/items/{item.id}").json()
    assert (one["item"]["state"], one["item"]["may"]) == ("accepted", ["refuse", "ask", "note"])
    assert [each["act"] for each in one["statements"]] == ["name", "accept"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"act": "accept"}',
        b'{"act": "open", "items": {"1": 1}}',
        b'{"act": "undo", "items": {"1": 1}}',
        b'{"act": "pause", "items": {"1": 1}, "text": "x"}',
        b'{"act": "accept", "items": {"1": 1}, "role": "manager"}',
        b'{"act": "accept", "items": {"1": 1}, "person": "0004"}',
        b'{"act": "accept", "items": {"0": 1}}',
        b'{"act": "note", "items": {"1": 1}, "text": "  "}',
    ],
)
def test_what_cannot_be_understood_is_422_and_stores_nothing(place: Place, body: bytes) -> None:
    before = len(place.desk.statement_acts(place.case))
    path = f"{place.path(Role.HR)}/api/cases/{place.case.id}/statements"
    assert place.client.post(path, content=body, headers=OURS).status_code == 422
    assert len(place.desk.statement_acts(place.case)) == before


def test_the_api_wants_its_header(place: Place) -> None:
    path = f"{place.path(Role.LEAVER)}/api/cases/{place.case.id}/statements"
    body = {"act": "note", "items": {"1": 1}, "text": "x"}
    assert place.client.post(path, json=body).status_code == 403
    assert place.client.post(path, json=body, headers={**OURS, "Sec-Fetch-Site": "cross-site"}).status_code == 403
