"""Text messages on one desk: a clock, the vendor on the other side, and a message as the hub sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from baton.client import Client
from baton.egress import EgressRule
from baton.registry import egress_rule
from baton.sdk import AccountRef, Message
from connectors.sms.aliyun.connector import AliyunSms
from connectors.sms.aliyun.settings import AliyunSmsSettings
from connectors.sms.aliyun.simulator import Simulator

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PHONE = "13900000001"
ABROAD = "+852 0000 1234"  # not a number anybody can have: none in Hong Kong begins with 0


class Clock:
    """A day in 2026 that moves when told."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a connector does not wait by itself")


Handle = Callable[[httpx.Request], httpx.Response]


def connect(vendor: Simulator, handle: Handle | None = None, clock: Clock | None = None, **more: Any) -> AliyunSms:
    settings = AliyunSmsSettings.model_validate({**vendor.settings, **vendor.secrets, **more})
    rule = EgressRule(egress_rule(settings).origins, allow_private=True)
    transport = httpx.MockTransport(handle or vendor.handle)
    return AliyunSms(settings, Client(rule, clock=clock or Clock(), transport=transport))


def message(n: int = 1, address: str = PHONE, **given: Any) -> Message:
    known = {"subject": "3 项离职交接待您接受 · 3 items", "text": "离职人：测试䶮，金额 12,345.67", "since": NOW}
    return Message(f"{n:064x}", AccountRef(f"{n:04d}"), address, **{**known, **given})
