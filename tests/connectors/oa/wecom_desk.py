"""What the tests of WeCom share: a corporation, a connector to it, a clock that stands still for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.sdk import AccountRef, AccountWrite, Action, Holding, HoldingKind, HoldingRef, Outcome, Transfer
from connectors.oa.wecom.connector import WeCom, WeComSettings
from connectors.oa.wecom.simulator import Simulator

Handle = Callable[[httpx.Request], httpx.Response]
KEYS = iter(f"{n:064x}" for n in range(1, 1_000_000))
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class FrozenClock:
    """Time that moves only when someone waits or a test says so."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.passed_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds


class Wire:
    """Carries requests, remembers their paths, and can be told to spoil an answer."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.paths: list[str] = []
        self.bodies: list[bytes] = []
        self.spoil: dict[str, Callable[[httpx.Request], httpx.Response]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/cgi-bin/")
        self.paths.append(path)
        self.bodies.append(request.read())
        spoil = self.spoil.pop(path, None)
        return self.sim.handle(request) if spoil is None else spoil(request)

    def count(self, path: str) -> int:
        return self.paths.count(path)


def corporation() -> Simulator:
    return Simulator(now=START.timestamp)


def connect(sim: Simulator, wire: Wire | None = None, clock: Any = None, **settings: Any) -> WeCom:
    client = Client(
        EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True),
        transport=httpx.MockTransport(wire or sim.handle),
        clock=clock or FrozenClock(),
    )
    return WeCom(WeComSettings.model_validate({**sim.settings, **sim.secrets, **settings}), client)


def write(action: Action, number: str, fields: Mapping[str, Any] = {}, *, at: str | None = None) -> AccountWrite:
    return AccountWrite(next(KEYS), AccountRef(number, at), action, 1, fields, "b1")


def transfer(kind: str, external_id: str, holder: str, successor: str) -> Transfer:
    ref = HoldingRef(HoldingKind(kind), external_id)
    return Transfer(next(KEYS), ref, AccountRef(holder, holder), AccountRef(successor, successor), "b1")


def person(userid: str) -> AccountRef:
    return AccountRef(userid, userid)


@pytest.fixture
def corp() -> Simulator:
    sim = corporation()
    for n in (1, 2, 3):
        sim.seed_person(n)
    return sim


def everything(wecom: WeCom, who: str) -> list[Holding]:
    return [holding for page in wecom.owned(person(who)) for holding in page]


def leave(wecom: WeCom, who: str) -> None:
    (receipt,) = wecom.remove([write(Action.REMOVE, who, at=who)])
    assert receipt.outcome is Outcome.DONE
