"""The vendor and its clock, new for each test."""

from __future__ import annotations

import pytest

from connectors.sms.aliyun.simulator import Simulator
from tests.connectors.sms.aliyun_desk import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor(clock: Clock) -> Simulator:
    return Simulator(now=clock.now)
