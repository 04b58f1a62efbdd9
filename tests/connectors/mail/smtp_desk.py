"""What the tests of mail share: a relay, a connector to it, a clock, and a relay that says what it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.registry import egress_rule
from baton.sdk import AccountRef, Message, Outcome
from connectors.mail.smtp.connector import Smtp
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.smtp.simulator import Simulator

KEYS = iter(f"{n:064x}" for n in range(1, 100_000))
ONE, TWO, THREE = "test0001@example.com", "test0002@example.com", "test0003@example.com"


class Clock:
    """A day in 2026, and no waiting."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a connector does not wait by itself")


def connect(relay: Any, **settings: Any) -> Smtp:
    known = SmtpSettings.model_validate({**relay.settings, **relay.secrets, **settings})
    rule = EgressRule(egress_rule(known).origins, allow_private=True)
    return Smtp(known, Client(rule, clock=Clock()))


def message(address: str = ONE, **given: Any) -> Message:
    known: dict[str, Any] = {
        "key": next(KEYS),
        "to": AccountRef("0001"),
        "address": address,
        "subject": "交接提醒：3 项䶮",
    }
    return Message(
        **{**known, "text": "请在周五前接受 3 项交接。", "link": "https://hub.example.com/h/a?x=1&y=2", **given}
    )


def outcomes(receipts: Any) -> list[tuple[Outcome, str]]:
    return [(receipt.outcome, receipt.code) for receipt in receipts]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as started:
        yield started


DONE = (Outcome.DONE, "")


class Script:
    """A relay that says what it is told, byte by byte: for what no decent server says. Plain, and for one connection."""

    def __init__(self, *answers: bytes, drip_s: float = 0.0, holds: bool = False, until: bytes = b"") -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._answers, self._drip_s, self._holds, self._until = answers, drip_s, holds, until
        self.heard = b""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def settings(self) -> dict[str, Any]:
        url = f"smtp://127.0.0.1:{self._server.getsockname()[1]}"
        return {"server_url": url, "sender_address": "baton@example.com", "unencrypted_relay": "127.0.0.1"}

    @property
    def secrets(self) -> dict[str, str]:
        return {}

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.settimeout(5)
            for answer in self._answers:
                try:
                    for byte in (answer[n : n + 1] for n in range(len(answer))) if self._drip_s else (answer,):
                        connection.sendall(byte)
                        if self._over.wait(self._drip_s):
                            return
                    if answer:
                        self.heard += connection.recv(100_000)
                except OSError:
                    return
            while self._until not in self.heard and (more := connection.recv(100_000)):
                self.heard += more
            self._over.wait(10 if self._holds else 0)

    def close(self) -> None:
        self._over.set()
        self._server.close()
        self._thread.join(5)


@pytest.fixture
def script() -> Iterator[Any]:
    made: list[Script] = []

    def start(*answers: bytes, **given: Any) -> Script:
        made.append(Script(*answers, **given))
        return made[-1]

    yield start
    for one in made:
        one.close()
