"""A company that pays its people, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.payment.office import Office
from tests.rig.clock import VirtualClock
from tests.rig.payroll import POLICY, Payroll
from tests.rig.targets import KeyTarget


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Payroll(tmp_path, database_url, VirtualClock(), {"crm": KeyTarget}, policy=policy)
    hub = company.open()
    yield Office(company, hub)
    hub.close()
