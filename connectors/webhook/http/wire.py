"""What is posted and how it is signed, and what each status of the answer means for one delivery."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from baton.sdk import ConnectorError, HaltError, InDoubtError, Message, Receipt, Response, RetryableError

FORMAT: Final = "baton-webhook-1"
SIGNATURE: Final = "X-Baton-Signature"
DELIVERY: Final = "X-Baton-Delivery"
_NOT_TAKEN: Final = frozenset({408, 425, 429, 503})
"""The receiver has not acted on it, and may be asked again."""
_MEANINGS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("refuses the signature", "compare the signing secret on both sides, and their clocks"),
    403: ("refuses the signature", "compare the signing secret on both sides, and their clocks"),
    404: ("knows no such address", "correct receiver_url"),
    405: ("takes no POST at this address", "correct receiver_url"),
    410: ("has closed this address", "take this system out of offboarding.notifiers, or correct receiver_url"),
}
"""Answers about us, not about one message: nothing more is sent until a person has looked."""


def notice(message: Message, at: datetime) -> bytes:
    """A message as the body of a request."""
    person = {"number": message.to.number, "account": message.to.external_id or "", "address": message.address}
    said = {"subject": message.subject, "text": message.text, "link": message.link}
    return _body("message", message.key, at, {"to": person, **said})


def ping(delivery: str, at: datetime) -> bytes:
    """The body of a request that says nothing, to see whether it would be taken."""
    return _body("ping", delivery, at, {})


def _body(kind: str, delivery: str, at: datetime, what: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"format": FORMAT, "type": kind, "delivery": delivery, "sent_at": at.isoformat(), **what})


def headers(body: bytes, delivery: str, secret: bytes, at: datetime) -> dict[str, str]:
    """What goes with a body: its type, its delivery and the signature over both moment and body."""
    moment = str(int(at.timestamp()))
    digest = hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        DELIVERY: delivery,
        SIGNATURE: f"t={moment},v1={digest}",
    }


def receipt(response: Response, delivery: str) -> Receipt:
    """What one answer says of one message. Raises what concerns the whole system; see `_MEANINGS`."""
    if response.ok:
        if response.content.strip():
            response.json()  # a page of some proxy with status 200 is no receiver's word: that is in doubt
        return Receipt.done(None, delivery=delivery)
    error = fault(response)
    if error is not None:
        raise error
    remedy = "see the log of the receiver, under this delivery"
    return Receipt.refused(f"http_{response.status}", "the receiver refuses this message", remedy=remedy)


def fault(response: Response) -> ConnectorError | None:
    """The error that an answer other than 2xx stands for; None for a refusal of this one message."""
    status, code = response.status, f"http_{response.status}"
    where = f"the receiver (HTTP {status})"
    if status in _NOT_TAKEN:
        return RetryableError(f"{where} takes nothing just now", code=code, retry_after_s=response.retry_after_s())
    if status in _MEANINGS:
        meaning, remedy = _MEANINGS[status]
        return HaltError(f"{where} {meaning}", code=code, remedy=remedy)
    if 300 <= status < 400:
        remedy = "set receiver_url to where it leads: a redirect is never followed, nor is a signed body sent elsewhere"
        return HaltError(f"{where} sends us elsewhere", code="redirect", remedy=remedy)
    if 400 <= status < 500:
        return None
    return InDoubtError(f"{where} has failed and may have taken it", code=code)
