"""The console as it is behind Airflow's log-in, over a hub in which all four jobs have done something.

Who logs in is put in Airflow's place, as one who may: an operator who holds the offices of pay and is nobody's employee,
which in a handover is HR. Airflow itself is only needed to be there: its settings in the environment, its database.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

from fastapi import FastAPI
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from baton.hub import Hub, execution
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.running import carry_on
from baton.hub.offboarding import files
from baton.hub.payment.settling import prepare
from baton.hub.sync import SyncRequest, plan_sync
from baton.hub.vitals.alarming import watch
from baton.jobs.payment.settlement.case_file import load_case
from baton.model.alert import Alert, Decision, Rule
from baton.model.case import Act, Case, Role
from baton.model.handover import HoldingKind
from baton.settings import HubSettings
from baton.settings_shape import OffboardingPart
from baton.store.runs import RunState
from baton.vault import EnvironmentSecrets, Vault
from tests.api.described import Call, Described, lines
from tests.console.test_case_routes import COMMISSION
from tests.hub.offboarding.conftest import MANAGER, Desk, staffed
from tests.hub.payment.office import PERIOD, Office
from tests.jobs.payment.settlement.leaver import SHIPPED
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.belongings import RecordingTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import KEYS, row
from tests.rig.payroll import HR, MAKER, POLICY
from tests.rig.records import old_row
from tests.world.site import Everything

PERSON, ROLE = "olga", "op"
"""Whom Airflow has let in, and as what."""
TOKEN = "synthetic-token-0123456789"
"""What machines show that ask for figures."""
HEADERS = {"X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin", "Authorization": f"Bearer {TOKEN}"}
_LEFT = {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-12-31"}
_CREW = 20
"""Employees of no other use than to leave all at once."""


@dataclass
class WithMetrics(Everything):
    """The company, whose figures are read with a token."""

    def settings(self) -> HubSettings:
        plain = super().settings()
        named = {
            ("hub", "keyring"): KEYS,
            ("hub", "audit_key"): self.signer.secret_text,
            ("hub", "metrics_token"): TOKEN,
        }
        kept = {EnvironmentSecrets.variable(*where): value for where, value in named.items()}
        return replace(plain, vault=Vault([EnvironmentSecrets(kept)]))


@contextmanager
def console(folder: Path, url: str) -> Iterator[Described]:
    """Everything of the console but the address that vendors call."""
    policy = folder / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = WithMetrics(
        folder, url, VirtualClock(), {"crm": RecordingTarget}, policy=policy, settlement=SHIPPED,
        roles={PERSON: ("payroll", "treasury", "hr", "director"), MAKER: ("payroll",)},
        offboarding=OffboardingPart(address="https://hub.example", notifiers=("crm",)),
    )  # fmt: skip
    with company.open() as hub, served(hub) as app:
        real = furnished(company, hub)
        yield Described(
            app, HEADERS, real, below=lambda path: not path.startswith("/hooks"), calls=_sensible(real, hub)
        )


@contextmanager
def served(hub: Hub) -> Iterator[FastAPI]:
    """The console's application with this hub behind it, and somebody logged in."""
    from airflow.api_fastapi.app import create_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user

    from baton.console import hub_keeper, web

    create_auth_manager()
    logged_in = {get_user: lambda: SimpleAuthManagerUser(username=PERSON, role=ROLE)}
    kept = {"_hub": hub, "_seen": hub_keeper._fingerprint(), "_until": math.inf}
    with (
        mock.patch.dict(web.app.dependency_overrides, logged_in),
        mock.patch.multiple(web.keeper, **kept),
        mock.patch.object(web, "start_sync", return_value=True),
    ):
        yield web.app


def furnished(company: Everything, hub: Hub) -> Mapping[str, Sequence[str]]:
    """Something for every path parameter, of every kind that there is."""
    desk = staffed(company, hub)
    case, number, digest = _handed_over(desk)
    office = Office(company, hub)
    office.hire("0101", "0102")
    settlement = prepare(hub, load_case(EXAMPLE), "case", MAKER)
    pay_run = office.prepared({"0101": "8000.00", "0102": "9000.00"})
    company.archive.rows = [old_row(number) for number in range(1, 9)]
    moved = carry_on(hub, plan_migration(hub, company.archive.request()).run.id).run.id
    return {
        "run_id": [*_synced(company, hub), moved, pay_run],
        "case_id": [case.id],
        "number": [str(number)],
        "digest": [digest],
        "settlement_id": [settlement.id],
        "period": [PERIOD],
        "key": [_alarmed(hub)],
    }


def _sensible(real: Mapping[str, Sequence[str]], hub: Hub) -> Mapping[str, SearchStrategy[Call]]:
    """Bodies about what there really is: a description knows their shapes only."""
    (number,), (case_id,) = real["number"], real["case_id"]
    with hub.database.read() as connection:
        (alert,) = hub.alerts.of(connection, case_id)
    text = st.text(max_size=20)
    saying = st.fixed_dictionaries(
        {"act": st.sampled_from(list(Act)), "items": st.just({number: 1}), "text": text}, optional={"successor": text}
    )
    verdict = st.fixed_dictionaries({"act": st.sampled_from(list(Decision)), "alert": st.just(alert.key), "text": text})
    case_file = st.just({"data": EXAMPLE.read_bytes(), "headers": {"Content-Type": "application/yaml"}})
    line = st.fixed_dictionaries({"number": st.sampled_from(["0101", "0102", "0999"]) | text, "amount": text})
    return {
        "POST /api/cases/{case_id}/statements": st.fixed_dictionaries({"json": saying}),
        "POST /api/cases/{case_id}/alerts": st.fixed_dictionaries({"json": verdict}),
        "POST /cases/{case_id}/alerts": st.fixed_dictionaries({"data": verdict}),
        "POST /api/payments/settlements": case_file,
        "POST /api/payments/settlements/calculate": case_file,
        "POST /api/payments": st.fixed_dictionaries({"data": st.lists(line).map(lines)}),
        "POST /api/commission": st.just({"files": {name: (name, content) for name, content in COMMISSION.items()}}),
    }


def _handed_over(desk: Desk) -> tuple[Case, int, str]:
    """A case with an item, a file to it, and an alert; the item's number, the file's digest."""
    hub = desk.hub
    client = desk.plant(HoldingKind.CLIENT, 1)
    desk.plant(HoldingKind.GROUP, 1)
    case = desk.open()
    desk.tick()
    item = desk.item(case, client)
    kept = files.attach(hub, files.Upload(case.id, item.id, MANAGER, Role.MANAGER, "测试.txt", "测试文件".encode()))
    seen = Alert(case.id, Rule.ORDER_BY_LEAVER, "crm/e1", "crm", "0002", str(client), hub.clock.now(), "测试订单")
    with hub.database.write() as connection:
        hub.alerts.raise_new(connection, [seen])
    return case, item.id, kept.digest


def _synced(company: Everything, hub: Hub) -> Sequence[str]:
    """A run that was carried out, and one that is held, which somebody else has asked for."""
    staff = [row(f"{number:04d}") for number in range(201, 201 + _CREW)]
    known = list(company.rows)
    company.rows = [*known, *staff]
    done = plan_sync(hub, SyncRequest(requested_by="schedule")).run
    execution.apply(hub)
    execution.settle(hub, done.id)
    company.rows = [*known, *({**each, **_LEFT} for each in staff)]
    held = plan_sync(hub, SyncRequest(requested_by=HR)).run
    assert held.state is RunState.HELD
    return done.id, held.id


def _alarmed(hub: Hub) -> str:
    """The key of an alarm about a switch that was left on."""
    with hub.database.write() as connection:
        hub.runs.engage(connection, "action:remove", HR, "a test")
    return watch(hub).current[0].key
