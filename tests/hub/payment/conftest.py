"""A company that pays its people, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.payment.office import GONE, Office
from tests.jobs.payment.settlement.leaver import SHIPPED
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


@pytest.fixture
def settling(office: Office, tmp_path: Path) -> Iterator[Office]:
    """With a rule pack, and one person who has gone and is to be settled with."""
    pack = tmp_path / "pack.yaml"
    pack.write_bytes(SHIPPED.read_bytes())
    office.company.settlement = pack
    with office.company.open() as hub:
        its = Office(office.company, hub)
        its.hire("0001", **GONE)
        yield its
