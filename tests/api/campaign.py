"""The HTTP API under schemathesis: requests made from its own description, valid and invalid, against a hub with data.

Whatever is asked, no answer is a 5xx, and every answer keeps to the description. Tried are pay runs, asked for by their
office, and cases, asked for with a manager's link: the same routes as for logins. Not tried here are the console's runs,
health, alarms and what vendors call, which stand behind Airflow or a signature. Who may not ask for what, and that none of
all routes answers with a 5xx to anybody: `tests.airflow.test_every_route`, `tests.console.test_every_link`.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from baton.console.handover.app import links_app
from baton.hub.offboarding import links
from baton.hub.offboarding.links import Offer
from baton.hub.payment.settling import prepare
from baton.jobs.payment.settlement.case_file import load_case
from baton.model.case import Role
from baton.model.handover import HoldingKind
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
from tests.rig.schema import lay_out
from tests.rig.targets import KeyTarget

CHECKS = (not_a_server_error, response_schema_conformance)


@dataclass(frozen=True, slots=True)
class Described:
    """One application to try: who asks it, and what ids there really are."""

    app: FastAPI
    headers: Mapping[str, str]
    real: Mapping[str, str]
    """Path parameters that lead somewhere; half of the requests use them."""


def tried(described: Described, examples: int, seed: int, *, below: str = "") -> Counter[str]:
    """So many requests to each operation (with ``below`` in its path); how many got each status.

    Raises AssertionError, with the request, for an answer that is not as described.
    """
    schema = schemathesis.openapi.from_dict(described.app.openapi())
    schema.app = described.app
    statuses: Counter[str] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        if below not in operation.path:
            continue
        _try(operation, GenerationMode.POSITIVE, described, examples, seed, statuses)
        with contextlib.suppress(Unsatisfiable):  # nothing in some descriptions can be broken: a path of plain text
            _try(operation, GenerationMode.NEGATIVE, described, examples, seed, statuses)
    return statuses


def _try(
    operation: Any, mode: GenerationMode, described: Described, examples: int, seed: int, statuses: Counter[str]
) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=hypothesis.strategies.booleans())
    def each(case: Any, known: bool) -> None:
        for name, value in described.real.items() if known else ():
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = value
        answer = case.call(headers=dict(described.headers))
        statuses[str(answer.status_code)] += 1
        case.validate_response(answer, checks=list(CHECKS))

    each()


@contextmanager
def pay_office(folder: Path) -> Iterator[Described]:
    """Pay runs, as the office payroll asks for them."""
    policy, url = folder / "policy.yaml", f"sqlite:///{folder}/hub.sqlite3"
    policy.write_text(POLICY, "utf-8")
    lay_out(url)
    company = Payroll(folder, url, VirtualClock(), {"crm": KeyTarget}, policy=policy, settlement=SHIPPED)
    with company.open() as hub:
        office = Office(company, hub)
        office.hire("0001", "0002")
        settlement = prepare(hub, load_case(EXAMPLE), "case", MAKER)
        run_id = office.prepared({"0001": "8000.00", "0002": "9000.00"})
        headers = {PERSON: PAYROLL, "X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin"}
        yield Described(application(hub), headers, {"run_id": run_id, "settlement_id": settlement.id})


@contextmanager
def handover(folder: Path) -> Iterator[Described]:
    """A case behind the link of its manager."""
    url = f"sqlite:///{folder}/hub.sqlite3"
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
        real = {"token": token, "case_id": case.id, "number": str(number)}
        yield Described(links_app(lambda: hub), headers, real)


PLACES: Mapping[str, Callable[[Path], AbstractContextManager[Described]]] = {
    "pay runs": pay_office,
    "personal links": handover,
}
"""Those of the console that need no Airflow."""
