"""Signed JSON to one address: what is posted, what each answer means, and what a receiver can tell from a forgery."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RetryableError
from baton.registry import egress_rule
from baton.sdk import AccountRef, Message, Outcome
from connectors.webhook.http.connector import Webhook, WebhookSettings
from connectors.webhook.http.simulator import Simulator

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Clock:
    """A day in 2026, and no waiting."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a connector does not wait by itself")


@pytest.fixture
def receiver() -> Simulator:
    return Simulator(now=NOW.timestamp)


def connect(receiver: Simulator, handle: Callable[[httpx.Request], httpx.Response] | None = None) -> Webhook:
    settings = WebhookSettings.model_validate({**receiver.settings, **receiver.secrets})
    rule = EgressRule(egress_rule(settings).origins, allow_private=True)
    transport = httpx.MockTransport(handle or receiver.handle)
    return Webhook(settings, Client(rule, clock=Clock(), transport=transport))


def message(n: int = 1, **given: Any) -> Message:
    known = {"subject": "3 项待您接受", "text": "测试䶮\n第二行 <b>", "link": "https://hub.example.com/h/a?x=1&y=2"}
    return Message(f"{n:064x}", AccountRef(f"{n:04d}"), f"person{n:04d}@example.com", **{**known, **given})


def test_what_is_posted_is_what_the_readme_says(receiver: Simulator) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return receiver.handle(request)

    (receipt,) = connect(receiver, handle).notify([message()])
    assert (receipt.outcome, dict(receipt.evidence)) == (Outcome.DONE, {"delivery": f"{1:064x}"})
    (request,) = seen
    moment, _, digest = request.headers["x-baton-signature"].partition(",v1=")
    assert moment == f"t={int(NOW.timestamp())}"
    signed = moment.removeprefix("t=").encode() + b"." + request.content
    assert digest == hmac.new(receiver.secrets["signing_secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert json.loads(request.content) == {
        "format": "baton-webhook-1", "type": "message", "delivery": f"{1:064x}", "sent_at": NOW.isoformat(),
        "to": {"number": "0001", "account": "", "address": "person0001@example.com"},
        "subject": "3 项待您接受", "text": "测试䶮\n第二行 <b>", "link": "https://hub.example.com/h/a?x=1&y=2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Outcome.DONE), (202, Outcome.DONE), (204, Outcome.DONE), (400, Outcome.REFUSED), (409, Outcome.REFUSED),
     (422, Outcome.REFUSED), (500, Outcome.IN_DOUBT), (502, Outcome.IN_DOUBT), (504, Outcome.IN_DOUBT)],
)  # fmt: skip
def test_an_answer_is_about_its_message_and_the_next_is_sent(
    receiver: Simulator, status: int, outcome: Outcome
) -> None:
    receiver.answers.append(httpx.Response(status, json={"words": "private words of the receiver"}))
    receipts = connect(receiver).notify([message(1), message(2)])
    assert [receipt.outcome for receipt in receipts] == [outcome, Outcome.DONE]
    assert "private" not in f"{receipts[0]}"


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_what_was_not_taken_is_sent_again_later(receiver: Simulator, status: int) -> None:
    receiver.answers.append(httpx.Response(status, headers={"Retry-After": "90"}))
    with pytest.raises(RetryableError) as error:
        connect(receiver).notify([message(1), message(2)])
    assert (error.value.retry_after_s, receiver.journal) == (90.0, [])


@pytest.mark.parametrize("status", [301, 302, 307, 308, 401, 403, 404, 405, 410])
def test_an_answer_about_us_stops_everything_and_no_redirect_is_followed(receiver: Simulator, status: int) -> None:
    receiver.answers.append(httpx.Response(status, headers={"Location": "https://elsewhere.example.com/"}))
    with pytest.raises(HaltError) as error:
        connect(receiver).notify([message(1), message(2)])
    assert (bool(error.value.remedy), receiver.journal) == (True, [])


def test_what_was_sent_before_a_stop_keeps_its_receipt(receiver: Simulator) -> None:
    receiver.answers += [httpx.Response(202), httpx.Response(401)]
    receipts = connect(receiver).notify([message(1), message(2), message(3)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.DONE, *[Outcome.NOT_PERFORMED] * 2]


def test_a_lost_answer_is_in_doubt(receiver: Simulator) -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        receiver.handle(request)
        raise httpx.ReadError("reset")

    (receipt,) = connect(receiver, lose).notify([message()])
    assert receipt.outcome is Outcome.IN_DOUBT
    assert len(receiver.journal) == 1
    with pytest.raises(InDoubtError):
        connect(receiver, lose).client.request("POST", str(receiver.settings["receiver_url"]), content=b"x")


def test_a_page_of_a_proxy_is_not_taken_for_the_receivers_word(receiver: Simulator) -> None:
    receiver.answers += [httpx.Response(200, text="<html>welcome</html>"), httpx.Response(200, json={"ok": True})]
    receipts = connect(receiver).notify([message(1), message(2)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.IN_DOUBT, Outcome.DONE]


def test_nobody_is_posted_about_who_has_no_address(receiver: Simulator) -> None:
    (receipt,) = connect(receiver).notify([Message(f"{1:064x}", AccountRef("0001"), "", "x", "y")])
    assert (receipt.outcome, receipt.code, receiver.journal) == (Outcome.REFUSED, "no_address", [])


def test_a_receiver_tells_a_repeat_a_forgery_and_a_recording_from_a_message(receiver: Simulator) -> None:
    webhook = connect(receiver)
    webhook.notify([message()])
    webhook.notify([message()])
    assert len(receiver.outbox) == 1
    receiver.known = "another-secret-of-the-receiver"
    with pytest.raises(HaltError, match="refuses the signature"):
        webhook.notify([message(2)])
    receiver.known = receiver.secrets["signing_secret"]
    late = Simulator(now=lambda: NOW.timestamp() + 301)
    late.tolerance_s = 300
    with pytest.raises(HaltError, match="refuses the signature"):
        connect(late).notify([message(3)])


def test_a_ping_is_answered_and_told_to_nobody(receiver: Simulator) -> None:
    webhook = connect(receiver)
    assert [(finding.ok, finding.detail) for finding in webhook.check()] == [(True, "answers HTTP 204")]
    assert (receiver.pings, receiver.outbox) == (1, [])
    receiver.known = "another-secret-of-the-receiver"
    assert [finding.ok for finding in webhook.check()] == [False]
    receiver.answers.append(httpx.Response(422))
    assert [finding.ok for finding in webhook.check()] == [False]


@pytest.mark.parametrize(
    "wrong",
    [{"receiver_url": "ftp://host/x"}, {"receiver_url": "https:///x"}, {"receiver_url": "https://a:b@host/x"},
     {"receiver_url": "https://host/x#y"}, {"signing_secret": "short"}],
)  # fmt: skip
def test_settings_that_cannot_be_right_are_refused(receiver: Simulator, wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as error:
        WebhookSettings.model_validate({**receiver.settings, **receiver.secrets, **wrong})
    assert "short" not in str(error.value).replace("at least", "")
