"""A stand-in for a receiver, as README.md tells its author to write one: it checks the signature, then takes over.

It shares no code with the connector: the signature is worked out here a second time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

_PATH = "/handover-notices"
_SECRET = "synthetic-signing-secret"


@dataclass(frozen=True)
class JournalEntry:
    """One message taken over."""

    action: str
    number: str | None
    external_id: str


class Simulator:
    """A receiver that remembers every delivery, so that a repeat is told to nobody twice."""

    prefixes: ClassVar[tuple[str, ...]] = (_PATH,)

    def __init__(self, base_url: str = "http://127.0.0.1:1", now: Callable[[], float] = time.time) -> None:
        self._base_url = base_url
        self._now = now
        self._lock = threading.Lock()
        self.journal: list[JournalEntry] = []
        self.taken: dict[str, dict[str, Any]] = {}
        """Delivery -> the whole document."""
        self.pings = 0
        self.tolerance_s = math.inf
        """How far off a signature may be: without end, since whoever tries a connector may have another clock."""
        self.answers: list[httpx.Response] = []
        """Given to the next requests in place of the usual answer; nothing is taken over."""
        self.known = _SECRET

    @property
    def settings(self) -> Mapping[str, object]:
        return {"receiver_url": f"{self._base_url}{_PATH}"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"signing_secret": _SECRET}

    @property
    def outbox(self) -> Sequence[tuple[str, str, str]]:
        """Address, subject, and text with link of every message taken over."""
        return [
            (each["to"]["address"], each["subject"], "\n\n".join(part for part in (each["text"], each["link"]) if part))
            for each in self.taken.values()
        ]

    def seed_person(self, n: int) -> str:
        """A receiver needs no accounts; the address of the n-th person."""
        return f"person{n:04d}@example.com"

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        with self._lock:
            if self.answers:
                return self.answers.pop(0)
            if request.url.path != _PATH:
                return httpx.Response(404)
            if request.method != "POST":
                return httpx.Response(405)
            if not self._is_signed(request):
                return httpx.Response(401, json={"error": "signature"})
            return self._take(request)

    def _is_signed(self, request: httpx.Request) -> bool:
        """``t=<seconds>,v1=<hex>``: HMAC-SHA-256 over seconds, full stop and body; not older than is tolerated."""
        parts = dict(part.partition("=")[::2] for part in request.headers.get("x-baton-signature", "").split(","))
        moment, given = parts.get("t", ""), parts.get("v1", "")
        if not moment.isdecimal() or abs(self._now() - int(moment)) > self.tolerance_s:
            return False
        wanted = hmac.digest(self.known.encode(), moment.encode() + b"." + request.content, hashlib.sha256).hex()
        return hmac.compare_digest(wanted, given)

    def _take(self, request: httpx.Request) -> httpx.Response:
        document = json.loads(request.content)
        if document.get("format") != "baton-webhook-1" or document["delivery"] != request.headers["x-baton-delivery"]:
            return httpx.Response(422, json={"error": "format"})
        if document["type"] == "ping":
            self.pings += 1
            return httpx.Response(204)
        if document["delivery"] not in self.taken:
            self.taken[document["delivery"]] = document
            self.journal.append(JournalEntry("message", document["to"]["number"], document["to"]["address"]))
        return httpx.Response(202)
