"""Every route for every person, generated from the API's own description: nobody is let in who is not meant to be.

``DECLARED`` says for whom each route is. A route that is not in it fails the test, so nobody can add one without saying.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from baton.hub import execution
from baton.hub.offboarding import casework, links
from baton.hub.offboarding.links import Offer
from baton.hub.offboarding.refreshing import refresh
from baton.hub.payment.settling import prepare
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.payment.settlement.case_file import load_case
from baton.model.case import Cause, Role
from tests.airflow.installation import Installation
from tests.airflow.test_payments_console import OFFICES
from tests.console.test_bodies import unbounded
from tests.hub.payment.conftest import POLICY
from tests.hub.payment.office import Office
from tests.jobs.payment.settlement.leaver import SHIPPED
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.clock import VirtualClock
from tests.rig.payroll import Payroll
from tests.rig.schema import lay_out
from tests.rig.targets import KeyTarget

STRANGER = "nobody"
PEOPLE = (STRANGER, "vera", "ursula", "olga", "ada")
"""Not logged in; viewer; user; op; admin. ursula is the manager of the case, ada has asked for the held run."""
OURS = {"X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin"}
DENIED = (401, 403, 404)
"""404 where nobody is to learn whether there is something."""


class For(Enum):
    """Whom a route is for: the people of this test who may be let in."""

    LOGGED_IN = frozenset({"vera", "ursula", "olga", "ada"})
    DECIDERS = frozenset({"olga", "ada"})
    """By Airflow's own roles."""
    DECIDERS_BUT_THE_MAKER = frozenset({"olga"})
    IN_THE_CASE = frozenset({"ursula", "olga", "ada"})
    """The manager, and HR: who may decide in the console where the settings name nobody."""
    OFFICERS = frozenset({"vera", "olga"})
    """By the offices that systems.yaml gives them."""
    REVIEWERS = frozenset({"vera"})
    """The offices that review settlements: hr and payroll."""
    HANDING_IN = frozenset({"vera", "olga", "ada"})
    """The office payroll, and who operates Airflow."""
    NO_LOGIN = frozenset[str]()
    """The holder of a personal link, a vendor that signs, a machine with a token: a login opens nothing here.

    What a genuine link opens, by role: `tests.console.test_every_link`.
    """


DECLARED: Mapping[tuple[str, str], For] = {
    ("GET", "/"): For.LOGGED_IN,
    ("GET", "/of"): For.LOGGED_IN,
    ("GET", "/runs/{run_id}"): For.LOGGED_IN,
    ("GET", "/api/runs"): For.LOGGED_IN,
    ("GET", "/api/runs/{run_id}"): For.LOGGED_IN,
    ("GET", "/runs/{run_id}/report.{form}"): For.DECIDERS,
    ("POST", "/api/runs/{run_id}/release"): For.DECIDERS_BUT_THE_MAKER,
    ("POST", "/api/runs/{run_id}/reject"): For.DECIDERS_BUT_THE_MAKER,
    ("GET", "/cases"): For.LOGGED_IN,  # each sees their own
    ("GET", "/api/cases"): For.LOGGED_IN,
    ("POST", "/api/cases"): For.DECIDERS,  # who are HR here: the settings name nobody
    ("GET", "/api/accountability"): For.DECIDERS,
    ("POST", "/api/commission"): For.DECIDERS,
    ("POST", "/api/certificates/verify"): For.LOGGED_IN,
    ("GET", "/api/cases/{case_id}/links"): For.IN_THE_CASE,  # each sees their own
    ("POST", "/api/cases/{case_id}/links"): For.DECIDERS,  # for somebody else, as here
    ("POST", "/api/cases/{case_id}/links/end"): For.DECIDERS,
    **{
        (method, f"{base}{rest}"): whom if base.startswith("/api") else For.NO_LOGIN
        for base in ("/api/cases/{case_id}", "/handover/{token}/api/cases/{case_id}")
        for method, rest, whom in (
            ("POST", "/undo", For.DECIDERS),
            ("POST", "/prescan", For.IN_THE_CASE),
            ("GET", "/prescan", For.IN_THE_CASE),
            ("GET", "/certificate.{form}", For.IN_THE_CASE),
            ("POST", "/certificate.{form}", For.DECIDERS),
        )
    },
    ("GET", "/payments"): For.LOGGED_IN,  # counts; people and amounts for officers
    ("GET", "/payments/months/{period}"): For.LOGGED_IN,
    ("POST", "/payments/months/{period}"): For.OFFICERS,
    ("GET", "/api/payments/months/{period}"): For.LOGGED_IN,
    ("POST", "/api/payments/differences/{key}/acknowledge"): For.OFFICERS,
    ("GET", "/payments/{run_id}"): For.LOGGED_IN,
    ("POST", "/payments/{run_id}"): For.OFFICERS,
    ("GET", "/api/payments"): For.LOGGED_IN,
    ("POST", "/api/payments"): For.HANDING_IN,
    ("GET", "/api/payments/{run_id}"): For.LOGGED_IN,
    ("GET", "/api/payments/{run_id}/lines"): For.LOGGED_IN,
    ("POST", "/api/payments/{run_id}/decisions"): For.OFFICERS,
    ("GET", "/payments/settlements"): For.OFFICERS,
    ("GET", "/payments/settlements/{settlement_id}"): For.OFFICERS,
    ("POST", "/payments/settlements/{settlement_id}"): For.OFFICERS,  # what may be done there, `settling` says
    ("GET", "/api/payments/settlements"): For.OFFICERS,  # wages: only by an office in payments
    ("POST", "/api/payments/settlements"): For.OFFICERS,
    ("POST", "/api/payments/settlements/calculate"): For.OFFICERS,
    ("POST", "/api/payments/settlements/import"): For.OFFICERS,  # of those they have prepared
    ("GET", "/api/payments/settlements/{settlement_id}"): For.OFFICERS,
    ("POST", "/api/payments/settlements/{settlement_id}/review"): For.REVIEWERS,
    ("POST", "/api/payments/settlements/{settlement_id}/withdraw"): For.OFFICERS,
    ("GET", "/health"): For.LOGGED_IN,
    ("GET", "/health/month.html"): For.LOGGED_IN,
    ("GET", "/api/health"): For.LOGGED_IN,
    ("GET", "/api/health/month"): For.LOGGED_IN,
    ("POST", "/api/alarms/{key}/acknowledge"): For.DECIDERS,
    ("POST", "/api/alarms/{key}/silence"): For.DECIDERS,
    ("GET", "/metrics"): For.NO_LOGIN,  # a token, or a caller on the hub's own machine
    ("GET", "/metrics/health"): For.NO_LOGIN,
    ("GET", "/hooks/{system}"): For.NO_LOGIN,
    ("POST", "/hooks/{system}"): For.NO_LOGIN,
    ("GET", "/handover/{token}"): For.NO_LOGIN,
    ("GET", "/handover/{token}/api/cases"): For.NO_LOGIN,
    **{
        (method, f"{base}{rest}"): whom
        for base, whom in (
            ("/cases/{case_id}", For.IN_THE_CASE),
            ("/handover/{token}", For.NO_LOGIN),
        )
        for method, rest in (
            ("GET", "/"),
            ("GET", "/items/{number}"),
            ("GET", "/finish"),
            ("GET", "/alerts"),  # of them, not for a leaver or a successor: tests/console/test_handover_alerts.py
            ("POST", "/alerts"),
            ("GET", "/items/{number}/files/{digest}"),
            ("POST", "/say"),
            ("POST", "/items/{number}/say"),
            ("POST", "/items/{number}/files"),
            ("POST", "/case"),
        )
    },
    **{
        (method, f"{base}{rest}"): whom
        for base, whom in (
            ("/api/cases/{case_id}", For.IN_THE_CASE),
            ("/handover/{token}/api/cases/{case_id}", For.NO_LOGIN),
        )
        for method, rest in (
            ("GET", ""),
            ("GET", "/items"),
            ("GET", "/items/{number}"),
            ("GET", "/statements"),
            ("GET", "/obstacles"),
            ("GET", "/alerts"),
            ("POST", "/alerts"),
            ("GET", "/items/{number}/files/{digest}"),
            ("POST", "/statements"),
            ("POST", "/items/{number}/files"),
        )
    },
}


def described(app: FastAPI, at: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path that an application and what is mounted in it describe of themselves."""
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), f"{at}{path}"
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from described(route.app, f"{at}{route.path}")


@pytest.fixture
def web_app(airflow_app: Any) -> FastAPI:
    from baton.console import web

    return web.app


def test_every_route_says_whom_it_is_for(web_app: FastAPI) -> None:
    found = list(described(web_app))
    assert len(found) == len(set(found))
    assert set(found) == set(DECLARED), "declare in this file whom a new route is for"


def test_nothing_is_reachable_that_the_description_leaves_out(web_app: FastAPI) -> None:
    """What is neither described nor static files does not exist: no page of FastAPI's own, no other mount."""

    def walk(app: Any, at: str = "") -> Iterator[str]:
        for route in app.routes:
            path = f"{at}{route.path}"
            if isinstance(route, Mount) and isinstance(route.app, FastAPI):
                yield from walk(route.app, path)
            else:
                yield path

    known = {path for _, path in described(web_app)} | {"/static", "/handover/static"}
    assert set(walk(web_app)) == known


def test_no_route_reads_a_body_whole_before_it_asks_who_sends_it(web_app: FastAPI) -> None:
    declaring = [route for route in web_app.routes if getattr(route, "body_field", None) is not None]
    assert len(declaring) >= 8
    assert unbounded(web_app) == []


@dataclass
class World:
    """A hub behind the console, with something in every place that a route leads to."""

    client: Any
    headers: Callable[[str], dict[str, str]]
    database: Path
    places: Mapping[str, str]
    """What stands for each placeholder of a path."""
    bodies: Mapping[tuple[str, str], Any]

    def ask(self, method: str, path: str, person: str) -> int:
        """The status that somebody gets."""
        for name, value in self.places.items():
            path = path.replace(name if "{" in name else f"{{{name}}}", value)
        body = next((given for (verb, end), given in self.bodies.items() if verb == method and path.endswith(end)), {})
        headers = {**OURS, **({} if person == STRANGER else self.headers(person))}
        params = {"bank": "bank", "period": "2026-11", "on": "2026-11-30"} if path == "/api/payments" else None
        kind = "data" if method == "POST" and "/api/" not in path else "json"
        more = {kind: body} if method == "POST" else {}
        if path == "/api/payments" and method == "POST":
            more = {"content": b'{"number":"0001","amount":"1.00"}'}
        answer = self.client.request(
            method, f"/baton{path}", params=params, headers=headers, follow_redirects=False, **more
        )
        assert answer.status_code < 500, (method, path, person)
        return int(answer.status_code)

    def standing(self) -> str:
        """A digest of everything the hub has stored."""
        with sqlite3.connect(self.database) as connection:
            return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


@pytest.fixture
def world(client: Any, headers: Any, installation: Installation) -> Iterator[World]:
    """A held run, and a case with items: everything but pay runs."""
    with installation.hub() as hub:
        first = plan_sync(hub, SyncRequest(requested_by="schedule"))
        execution.apply(hub)
        execution.settle(hub, first.run.id)
        case = casework.open_case(hub, casework.Opening("0002", Cause.BY_HAND, "ada", manager="ursula"))
        refresh(hub, case.id)
        with hub.database.read() as connection:
            item = hub.cases.items(connection, case.id)[0]
        token = links.make_token(hub, Offer(case.id, "0002", Role.LEAVER, "ada"))
        installation.hand_in_leavers([1, 3, 4, 5])
        held = plan_sync(hub, SyncRequest(requested_by="ada")).run
        execution.settle(hub, held.id)
        database = Path(str(hub.database.engine.url.database))
    assert held.state == "held"
    places = {
        "run_id": held.id,
        "case_id": case.id,
        "number": str(item.id),
        "/report.{form}": "/report.html",
        "/certificate.{form}": "/certificate.pdf",
        "system": "oa",
        "digest": "0" * 64,
        "token": f"{token[:-4]}AAAA",
        "key": "no-alarm",
    }
    bodies = {("POST", verb): {"why": "x"} for verb in ("/release", "/reject", "/acknowledge")}
    bodies |= {("POST", "/undo"): {"why": "x"}, ("POST", "/links"): {"person": "0003", "role": "successor"}}
    bodies |= {("POST", "/api/cases"): {"number": "0003", "manager": "ursula"}}
    bodies |= {("POST", "/silence"): {"why": "x", "hours": 1}}
    yield World(client, headers, database, places, bodies)
    from baton.console.web import keeper

    if keeper._hub is not None:  # it has asked the CRM what is left
        keeper._hub.close()


def of_pay(path: str) -> bool:
    """Whether a route is about pay runs."""
    return "/payments" in path


def try_all(world: World, routes: Mapping[tuple[str, str], For]) -> tuple[int, int]:
    """Ask every route as everybody; how many were refused, and let in. Those who may come last."""
    refused = let_in = 0
    for (method, path), whom in routes.items():
        before = world.standing()
        for person in PEOPLE:
            if person not in whom.value:
                status = world.ask(method, path, person)
                assert status in DENIED, f"{person} got {status} from {method} {path}"
                refused += 1
        assert world.standing() == before, f"{method} {path} changed something for who may not"
        for person in sorted(whom.value):
            status = world.ask(method, path, person)
            assert status not in (401, 403), f"{person} got {status} from {method} {path}"
            let_in += 1
    return refused, let_in


def pairs(routes: Mapping[tuple[str, str], For]) -> tuple[int, int]:
    """How many pairs of route and person must be refused, and let in."""
    let_in = sum(len(whom.value) for whom in routes.values())
    return len(routes) * len(PEOPLE) - let_in, let_in


def test_nobody_is_let_in_who_may_not(world: World) -> None:
    routes = {route: whom for route, whom in DECLARED.items() if not of_pay(route[1])}
    deciding = {route: whom for route, whom in routes.items() if whom is For.DECIDERS_BUT_THE_MAKER}
    rest = {route: whom for route, whom in routes.items() if route not in deciding}
    assert try_all(world, rest) == pairs(rest)
    # A decision ends the run, so the two are tried apart: everybody who may not, on both, before the one who may.
    before = world.standing()
    for method, path in deciding:
        for person in PEOPLE:
            if person not in For.DECIDERS_BUT_THE_MAKER.value:
                assert world.ask(method, path, person) in DENIED
    assert world.standing() == before
    assert world.ask("POST", "/api/runs/{run_id}/release", "olga") == 200
    assert world.ask("POST", "/api/runs/{run_id}/reject", "olga") == 409


@pytest.fixture
def pay_world(airflow_app: Any, headers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A pay run that waits for signatures."""
    from starlette.testclient import TestClient

    from baton.console import web

    policy, database = tmp_path / "policy.yaml", tmp_path / "hub.sqlite3"
    policy.write_text(POLICY, "utf-8")
    lay_out(f"sqlite:///{database}")
    company = Payroll(
        tmp_path, f"sqlite:///{database}", VirtualClock(), {"crm": KeyTarget}, policy=policy, roles=OFFICES,
        settlement=SHIPPED,
    )  # fmt: skip
    hub = company.open()
    monkeypatch.setattr(web.keeper, "hub", lambda: hub)
    office = Office(company, hub)
    office.hire("0001", "0002")
    run_id = office.prepared({"0002": "8000.00"})
    settlement = prepare(hub, load_case(EXAMPLE), "case", "maker-li")
    bodies = {
        ("POST", "/review"): {"digest": settlement.digest, "role": "payroll"},
        ("POST", "/withdraw"): {"why": "x"},
        ("POST", "/import"): {"settlements": ["none"], "bank": "bank", "on": "2026-11-30"},
        ("POST", "/decisions"): {"act": "cancel", "why": "x"},
        ("POST", f"/payments/{run_id}"): {"act": "cancel", "why": "x"},
    }
    client = TestClient(airflow_app, raise_server_exceptions=False)
    places = {"run_id": run_id, "period": "2026-11", "settlement_id": settlement.id}
    yield World(client, headers, database, places, bodies)
    hub.close()


def test_nobody_is_let_near_pay_who_may_not(pay_world: World) -> None:
    routes = {route: whom for route, whom in DECLARED.items() if of_pay(route[1])}
    assert try_all(pay_world, routes) == pairs(routes)
