"""The applications that are tried. Two can be had without Airflow: pay runs, and a case behind its manager's link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from baton.console.handover.app import links_app
from baton.hub.offboarding import links
from baton.hub.offboarding.links import Offer
from baton.hub.payment.settling import prepare
from baton.jobs.payment.settlement.case_file import load_case
from baton.model.case import Role
from baton.model.handover import HoldingKind
from tests.api.callers import callers
from tests.api.console import console
from tests.api.described import Described
from tests.hub.offboarding.conftest import HR, MANAGER, staffed
from tests.hub.payment.conftest import POLICY
from tests.hub.payment.office import Office
from tests.jobs.payment.settlement.leaver import SHIPPED
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.belongings import KeeperTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.payment_pages import PERSON, application
from tests.rig.payroll import MAKER, PAYROLL, Payroll
from tests.rig.targets import KeyTarget


@contextmanager
def pay_office(folder: Path, url: str) -> Iterator[Described]:
    """Pay runs, as the office payroll asks for them."""
    policy = folder / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Payroll(folder, url, VirtualClock(), {"crm": KeyTarget}, policy=policy, settlement=SHIPPED)
    with company.open() as hub:
        office = Office(company, hub)
        office.hire("0001", "0002")
        settlement = prepare(hub, load_case(EXAMPLE), "case", MAKER)
        run_id = office.prepared({"0001": "8000.00", "0002": "9000.00"})
        headers = {PERSON: PAYROLL, "X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin"}
        yield Described(application(hub), headers, {"run_id": [run_id], "settlement_id": [settlement.id]})


@contextmanager
def handover(folder: Path, url: str) -> Iterator[Described]:
    """A case behind the link of its manager."""
    company = Company(folder, url, VirtualClock(), {"crm": KeeperTarget})
    with company.open() as hub:
        desk = staffed(company, hub)
        desk.plant(HoldingKind.CLIENT, 1)
        case = desk.open()
        desk.tick()
        token = links.make_token(hub, Offer(case.id, MANAGER, Role.MANAGER, HR))
        with hub.database.read() as connection:
            number = hub.cases.items(connection, case.id)[0].id
        headers = {"X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin"}
        real = {"token": [token], "case_id": [case.id], "number": [str(number)]}
        yield Described(links_app(lambda: hub), headers, real)


Place = Callable[[Path, str], AbstractContextManager[Described]]
"""What is tried, in a folder of its own, on the database with this URL."""
WITHOUT_AIRFLOW: Mapping[str, Place] = {"pay runs": pay_office, "personal links": handover}
BEHIND_AIRFLOW: Mapping[str, Place] = {"the console": console, "vendors' calls": callers}
PLACES: Mapping[str, Place] = {**WITHOUT_AIRFLOW, **BEHIND_AIRFLOW}
