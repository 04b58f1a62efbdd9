"""What the address vendors call hands to a connector: the method, and the path with its query, as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from baton.console import webhooks
from baton.contracts import HintReply
from connectors.oa.wecom.callbacks import Callbacks
from connectors.oa.wecom.members import Names
from connectors.oa.wecom.simulator import Simulator
from tests.airflow.installation import Installation

Heard = list[Mapping[str, str]]


@pytest.fixture
def corporation() -> Simulator:
    return Simulator()


@pytest.fixture
def heard(corporation: Simulator, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """Lets WeCom's own judge answer under ``/hooks/wecom``, and keeps what it was given."""
    from baton.console import web

    given: Heard = []
    secrets = corporation.secrets
    corp_id = str(corporation.settings["corp_id"])
    judge = Callbacks(corp_id, secrets["callback_token"], secrets["callback_aes_key"], Names("", ""))

    def receive(hub: Any, system: str, headers: Mapping[str, str], body: bytes) -> webhooks.Received:
        given.append(headers)
        reply: HintReply = judge.receive(headers, body)
        return webhooks.Received(reply, len(reply.hints))

    monkeypatch.setattr(webhooks, "receive", receive)
    monkeypatch.setattr(web, "start_sync", lambda: True)
    return given


def test_an_address_is_checked_by_a_get_and_answered_in_plain_text(
    client: Any, corporation: Simulator, heard: Heard
) -> None:
    path = corporation.callbacks.challenge("回声 1")[":path"]
    answer = client.get(f"/baton{path}")
    assert (answer.status_code, answer.content.decode()) == (200, "回声 1")
    assert answer.headers["content-type"].startswith("text/plain")
    assert client.get(f"/baton{path.replace('nonce=', 'nonce=0')}").status_code == 401


def test_an_event_signed_in_its_query_is_believed(client: Any, corporation: Simulator, heard: Heard) -> None:
    headers, body = corporation.callback()
    answer = client.post(f"/baton{headers[':path']}", content=body)
    assert (answer.status_code, answer.text) == (200, "success")
    assert client.post("/baton/hooks/wecom", content=body).status_code == 401


def test_a_sender_cannot_say_another_target_than_the_one_called(client: Any, heard: Heard) -> None:
    client.post("/baton/hooks/wecom?a=1", content=b"", headers={"x-method": "GET", "method": "GET", "path": "/other"})
    assert heard[0][":method"] == "POST"
    assert heard[0][":path"].endswith("/hooks/wecom?a=1")


def test_a_get_for_a_system_that_takes_no_calls_is_404(client: Any, installation: Installation) -> None:
    assert client.get("/baton/hooks/crm?echostr=x").status_code == 404
    assert client.get("/baton/hooks/nobody").status_code == 404
