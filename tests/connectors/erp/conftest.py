"""The real Tryton server of the tests, one per test process; prepared once per checkout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.sandbox.tryton import TrytonServer, TrytonServerError
from baton.sandbox.tryton_seed import TrytonAdmin
from tests.connectors.erp.tryton_desk import bench
from tests.connectors.erp.tryton_records import desk
from tests.connectors.erp.tryton_shop import line, shop

__all__ = ["bench", "desk", "line", "shop", "tryton", "tryton_admin"]

CACHE = Path(__file__).parents[3] / ".servers" / "tryton"


@pytest.fixture(scope="session")
def tryton() -> Iterator[TrytonServer]:
    server = TrytonServer(CACHE)
    try:
        server.prepare()
    except TrytonServerError as error:
        pytest.skip(f"SERVER NOT AVAILABLE: Tryton: {error}")
    with server:
        yield server


@pytest.fixture(scope="session")
def tryton_admin(tryton: TrytonServer) -> Iterator[TrytonAdmin]:
    with tryton.admin() as admin:
        yield admin
