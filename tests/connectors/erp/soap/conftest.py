from __future__ import annotations

import pytest

from connectors.erp.soap.connector import SoapConnector
from connectors.erp.soap.simulator import Simulator
from tests.connectors.erp.soap.exchange import (
    Wire,
    connect,
)


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def wire(sim: Simulator) -> Wire:
    return Wire(sim)


@pytest.fixture
def erp(wire: Wire) -> SoapConnector:
    return connect(wire)
