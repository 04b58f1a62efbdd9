"""What the tests of Feishu accounts share: a tenant, a connector to it, a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpx
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.sdk import (
    AccountRef,
    AccountWrite,
    Action,
    Holding,
    HoldingKind,
    HoldingRef,
    Outcome,
    Receipt,
    Transfer,
)
from connectors.oa.feishu.connector import Feishu, FeishuSettings
from connectors.oa.feishu.simulator import Simulator

Handle = Callable[[httpx.Request], httpx.Response]
KEYS = iter(f"{n:064x}" for n in range(1, 100_000))


class FrozenClock:
    """Time that moves only when someone waits or a test says so."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.slept: list[float] = []

    def now(self) -> Any:
        raise NotImplementedError

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


def connect(sim: Simulator, handle: Handle | None = None, *, clock: Any = None, **settings: Any) -> Feishu:
    client = Client(
        EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True),
        transport=httpx.MockTransport(handle or sim.handle),
        clock=clock,
    )
    return Feishu(FeishuSettings.model_validate({**sim.settings, **sim.secrets, **settings}), client)


def write(
    action: Action, number: str, fields: Mapping[str, Any] = {}, *, at: str | None = None, key: str = ""
) -> AccountWrite:
    return AccountWrite(
        key=key or next(KEYS),
        ref=AccountRef(number, at),
        action=action,
        version=1,
        fields=fields,
        batch_id="b1",
    )


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def feishu(sim: Simulator) -> Feishu:
    return connect(sim)


def lost(sim: Simulator, method: str, times: int = 1) -> Handle:
    """The tenant acts, and its answer never arrives."""
    left = [times]

    def handle(request: httpx.Request) -> httpx.Response:
        answer = sim.handle(request)
        if request.method == method and "auth" not in request.url.path and left[0] > 0:
            left[0] -= 1
            raise httpx.ReadError("connection reset", request=request)
        return answer

    return handle


# --- handovers

LEAVER, TAKER, THIRD = (AccountRef(number, number) for number in ("0001", "0002", "0003"))


@pytest.fixture
def staff(sim: Simulator) -> None:
    """Three people with accounts: the leaver, the successor, somebody else."""
    for n in (1, 2, 3):
        sim.seed_person(n)


def outcomes(receipts: Iterable[Receipt]) -> list[tuple[Outcome, str]]:
    return [(receipt.outcome, receipt.code) for receipt in receipts]


def held(feishu: Feishu, person: AccountRef = LEAVER) -> list[Holding]:
    return [one for page in feishu.work(person) for one in page]


def passing(external_id: str, holder: AccountRef = LEAVER, successor: AccountRef = TAKER) -> Transfer:
    return Transfer(next(KEYS), HoldingRef(HoldingKind.APPROVAL, external_id), holder, successor)
