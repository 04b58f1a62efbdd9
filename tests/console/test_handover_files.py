"""Files over the pages and the API: put there by the leaver, fetched by who takes over, never shown by us."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from baton.console import bodies
from baton.console.handover import filing
from baton.model.case import Act, Role
from tests.console.conftest import OURS, SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import OTHER

CONTENT = b"\x00\xff<script>alert(1)</script>\r\n" + "测试䶮".encode() * 100
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def send(place: Place, name: str = "说明.txt", content: bytes = CONTENT, role: Role = Role.LEAVER) -> httpx.Response:
    path = f"{place.path(role)}/items/{place.item('client').id}/files"
    return place.client.post(path, files={"file": (name, content)}, headers=SAME_ORIGIN)


def test_a_file_goes_up_by_the_form_and_down_by_the_successors_link(place: Place) -> None:
    sent = send(place)
    assert sent.status_code == 303
    page = place.client.get(sent.headers["location"], headers={"Accept-Language": "en"})
    assert "Your file is stored." in page.text
    assert "说明.txt" in page.text
    number = place.item("client").id
    for role in (Role.SUCCESSOR, Role.MANAGER, Role.HR, Role.LEAVER):
        base = place.path(role)
        assert DIGEST in place.client.get(f"{base}/items/{number}").text
        got = place.client.get(f"{base}/items/{number}/files/{DIGEST}")
        assert (got.status_code, got.content) == (200, CONTENT)
        assert got.headers["content-disposition"].startswith("attachment;")
        assert (got.headers["content-type"], got.headers["x-content-type-options"]) == (
            "application/octet-stream", "nosniff",
        )  # fmt: skip
        assert "sandbox" in got.headers["content-security-policy"]


def test_nobody_gets_the_file_of_an_item_that_is_not_for_them(place: Place) -> None:
    send(place)
    place.name(OTHER, "other")
    stranger, number = place.path(Role.SUCCESSOR, OTHER), place.item("client").id
    for path in (
        f"{stranger}/items/{number}/files/{DIGEST}",
        f"{stranger}/api/cases/{place.case.id}/items/{number}/files/{DIGEST}",
    ):
        assert place.client.get(path).status_code == 404
    own = place.path(Role.SUCCESSOR)
    assert place.client.get(f"{own}/items/{number}/files/{'0' * 64}").status_code == 404
    assert place.client.get(f"{own}/items/{place.item('deal').id}/files/{DIGEST}").status_code == 404


def test_what_is_not_taken_says_why_and_nothing_is_kept(place: Place) -> None:
    english = {**SAME_ORIGIN, "Accept-Language": "en"}
    path = f"{place.path(Role.LEAVER)}/items/{place.item('client').id}/files"
    refused = place.client.post(path, files={"file": ("a.exe", b"MZ")}, headers=english)
    assert (refused.status_code, "The file was not taken" in refused.text) == (422, True)
    assert send(place, role=Role.SUCCESSOR).status_code == 403
    assert place.client.post(path, content=b"no form", headers=SAME_ORIGIN).status_code == 422
    assert place.client.post(path, data={"file": "no file"}, headers=SAME_ORIGIN).status_code == 422
    assert (
        place.client.post(path, files={"file": ("a.txt", b"x")}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
        == 403
    )
    assert Act.ATTACH not in place.desk.statement_acts(place.case)


def test_a_script_does_the_same(place: Place) -> None:
    number = place.item("client").id
    api = f"{place.path(Role.LEAVER)}/api/cases/{place.case.id}/items/{number}"
    made = place.client.post(f"{api}/files", params={"name": "a.txt"}, content=CONTENT, headers=OURS)
    assert (made.status_code, made.json()) == (200, {"name": "a.txt", "size": len(CONTENT), "sha256": DIGEST})
    assert place.client.post(f"{api}/files", params={"name": "a.txt"}, content=CONTENT).status_code == 403
    refused = place.client.post(f"{api}/files", params={"name": "a.exe"}, content=b"x", headers=OURS)
    assert (refused.status_code, refused.json()["code"]) == (422, "file")
    (listed,) = place.client.get(api).json()["files"]
    assert (listed["name"], listed["sha256"]) == ("a.txt", DIGEST)
    assert place.client.get(f"{api}/files/{DIGEST}").content == CONTENT


def test_more_bytes_than_anybody_may_send_are_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{place.path(Role.LEAVER)}/items/{place.item('client').id}/files"
    monkeypatch.setattr(bodies, "UPLOAD", bodies.Bound(1000, 5.0))
    refused = place.client.post(path, files={"file": ("a.txt", b"x" * 1001)}, headers=SAME_ORIGIN)
    assert (refused.status_code, Act.ATTACH in place.desk.statement_acts(place.case)) == (413, False)


@pytest.mark.parametrize(("step", "name", "status"), [("_attached", "a.txt", 303), ("shown_item", "a.exe", 422)])
def test_others_are_answered_while_a_file_waits_for_the_store(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str, name: str, status: int
) -> None:
    there, go_on = threading.Event(), threading.Event()
    do: Callable[..., Any] = getattr(filing, step)

    def waiting(*given: Any, **more: Any) -> Any:
        there.set()
        assert go_on.wait(20)
        return do(*given, **more)

    monkeypatch.setattr(filing, step, waiting)
    answers: list[int] = []
    sending = threading.Thread(target=lambda: answers.append(send(place, name).status_code))
    sending.start()
    try:
        assert there.wait(20)
        seen = httpx.get(f"{place.address}/handover/static/icon.svg", timeout=3, trust_env=False)
    finally:
        go_on.set()
        sending.join()
    assert (seen.status_code, answers) == (200, [status])
