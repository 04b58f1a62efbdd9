"""Text messages added to a hub: a notifier by mobile number, and the vendor on its other side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx

from baton.hub import Hub
from baton.settings import SystemSettings
from connectors.sms.aliyun.settings import AliyunSmsSettings
from connectors.sms.aliyun.simulator import Simulator

SMS = "texts"


def add_texts(hub: Hub, *others: str) -> Simulator:
    """Let people be reached by text message, then by these others; what the vendor sees."""
    vendor = Simulator(now=hub.clock.now)
    given = AliyunSmsSettings.model_validate({**vendor.settings, **vendor.secrets})
    system = SystemSettings(SMS, "sms/aliyun", "a test", given, Path("none.yaml"), allow_private=True)
    hub.settings = replace(
        hub.settings,
        systems={**hub.settings.systems, SMS: system},
        offboarding=hub.settings.offboarding.model_copy(update={"notifiers": (SMS, *others)}),
    )
    hub._transports = {**hub._transports, SMS: httpx.MockTransport(vendor.handle)}
    return vendor
