"""A NUL in what somebody sends is refused like any other text that is none, whatever database there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.hub.offboarding import links
from baton.hub.offboarding.links import Offer
from baton.model.case import Role
from baton.model.handover import HoldingKind
from tests.console.conftest import OURS, Place
from tests.hub.offboarding.conftest import HR, MANAGER, staffed
from tests.rig.belongings import KeeperTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.handover_pages import plain_client, serving


def test_it_is_refused_in_the_address_and_in_the_body(database_url: str, tmp_path: Path) -> None:
    company = Company(tmp_path, database_url, VirtualClock(), {"crm": KeeperTarget})
    with company.open() as hub, serving(hub) as address, plain_client(address) as browser:
        desk = staffed(company, hub)
        client = desk.plant(HoldingKind.CLIENT, 1)
        case = desk.open()
        desk.tick()
        base = f"/handover/{links.make_token(hub, Offer(case.id, MANAGER, Role.MANAGER, HR))}"
        item = desk.item(case, client)
        words = {"act": "name", "items": {str(item.id): item.version}, "successor": "\x00"}
        answer = browser.post(f"{base}/api/cases/{case.id}/statements", json=words, headers=OURS)
        assert (answer.status_code, answer.json()["code"] in ("unstorable", "successor")) == (422, True)
        assert desk.item(case, client).successor == item.successor
        form = {"act": "name", "item": f"{item.id}:{item.version}", "successor": "\x00"}
        page = browser.post(f"{base}/say", data=form, headers=OURS)
        assert (page.status_code, "<h1>" in page.text) == (422, True)
        assert browser.get(f"{base}/api/cases/%00").status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("undo", b'{"why": "\\ud800x"}'),
        ("undo", b'{"why": "x", "items": ["\\ud800"]}'),
        ("undo", b'{"why": "x", "items": [NaN]}'),
        ("certificate.pdf", b'{"language": "\\ud800"}'),
        ("certificate.pdf", b"{"),
    ],
)
def test_a_body_that_no_answer_could_repeat_is_refused_behind_a_link_too(place: Place, path: str, body: bytes) -> None:
    token = place.token(Role.HR)
    answer = place.client.post(
        f"/handover/{token}/api/cases/{place.case.id}/{path}",
        content=body,
        headers={**OURS, "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (422, "no-store")
    assert [sorted(fault) for fault in answer.json()["detail"]] == [["loc", "msg", "type"]]
    assert token not in answer.text


def test_a_body_without_a_reason_is_told_so_behind_a_link_too(place: Place) -> None:
    address = f"{place.path(Role.HR)}/api/cases/{place.case.id}/undo?lang=zh"
    answer = place.client.post(address, json={}, headers=OURS)
    assert (answer.status_code, answer.json()["code"], answer.json()["remedy"]) == (422, "reason", "请填写理由。")
