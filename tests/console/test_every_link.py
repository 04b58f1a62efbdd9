"""Every route of the link pages for every role, with genuine links: no role is let in where it is not meant to be.

``OPENS`` says for whom each route is, of an item that names nobody: a successor sees their own and no other. A route
that is not in it fails the test, so nobody can add one without saying. The same routes for people with a login, and for
who has no genuine link: `tests.airflow.test_every_route`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from baton.console.handover.app import standalone
from baton.hub.offboarding import casework
from baton.model.case import Cause, Role
from tests.console.conftest import OURS, SAME_ORIGIN, Place
from tests.console.test_handover_alerts import raised
from tests.hub.offboarding.conftest import HR, MANAGER, OTHER

Roles = frozenset[Role]
ANY: Final[Roles] = frozenset(Role)
OF_THE_CASE: Final[Roles] = ANY - {Role.SUCCESSOR}
"""Who sees the whole list; of what is theirs to say about an item, a file is."""
DECIDING: Final[Roles] = frozenset({Role.MANAGER, Role.HR})
HR_ONLY: Final[Roles] = frozenset({Role.HR})
OPENS: Final[Mapping[tuple[str, str], Roles]] = {
    ("GET", "/handover/{token}"): ANY,
    ("GET", "/handover/{token}/"): ANY,
    ("GET", "/handover/{token}/items/{number}"): OF_THE_CASE,
    ("GET", "/handover/{token}/items/{number}/files/{digest}"): OF_THE_CASE,
    ("GET", "/handover/{token}/finish"): HR_ONLY,
    ("POST", "/handover/{token}/items/{number}/files"): OF_THE_CASE,
    ("POST", "/handover/{token}/say"): DECIDING,  # who takes an item over
    ("POST", "/handover/{token}/items/{number}/say"): DECIDING,
    ("POST", "/handover/{token}/case"): HR_ONLY,
    ("GET", "/handover/{token}/alerts"): DECIDING,
    ("POST", "/handover/{token}/alerts"): DECIDING,
    ("GET", "/handover/{token}/api/cases"): ANY,
    ("GET", "/handover/{token}/api/cases/{case_id}"): ANY,
    ("GET", "/handover/{token}/api/cases/{case_id}/items"): ANY,
    ("GET", "/handover/{token}/api/cases/{case_id}/items/{number}"): OF_THE_CASE,
    ("GET", "/handover/{token}/api/cases/{case_id}/items/{number}/files/{digest}"): OF_THE_CASE,
    ("GET", "/handover/{token}/api/cases/{case_id}/statements"): ANY,
    ("GET", "/handover/{token}/api/cases/{case_id}/obstacles"): HR_ONLY,
    ("POST", "/handover/{token}/api/cases/{case_id}/items/{number}/files"): OF_THE_CASE,
    ("POST", "/handover/{token}/api/cases/{case_id}/statements"): DECIDING,
    ("GET", "/handover/{token}/api/cases/{case_id}/alerts"): DECIDING,
    ("POST", "/handover/{token}/api/cases/{case_id}/alerts"): DECIDING,
    ("GET", "/handover/{token}/api/cases/{case_id}/prescan"): DECIDING,
    ("POST", "/handover/{token}/api/cases/{case_id}/prescan"): DECIDING,
    ("GET", "/handover/{token}/api/cases/{case_id}/certificate.{form}"): DECIDING,
    ("POST", "/handover/{token}/api/cases/{case_id}/certificate.{form}"): HR_ONLY,
    ("POST", "/handover/{token}/api/cases/{case_id}/undo"): HR_ONLY,
}
TOO_EARLY: Final = frozenset(
    {"/handover/{token}/api/cases/{case_id}/certificate.{form}", "/handover/{token}/api/cases/{case_id}/undo"}
)
"""The case is not complete, and nothing has moved yet: whoever may ask is told so (409), the others nothing."""
DENIED: Final = (403, 404)
FILE: Final = b"synthetic"


@dataclass
class Links:
    """A case behind its pages, one genuine link for each role, and another case that none of them opens."""

    place: Place
    tokens: Mapping[Role, str]
    digest: str
    elsewhere: str
    alerts: Mapping[tuple[str, str], str]
    """(path, token) -> an alert that nobody else decides on."""

    def ask(self, method: str, path: str, token: str, case_id: str = "") -> int:
        """The status that whoever holds this link gets. What is said is about things as they are now."""
        item = self.place.item("other")
        case = case_id or self.place.case.id
        names = {"token": token, "case_id": case, "number": item.id, "digest": self.digest, "form": "json"}
        more: dict[str, Any] = {"headers": SAME_ORIGIN}
        if path.endswith("/files") and "/api/" in path:
            more = {"headers": OURS, "params": {"name": "a.txt"}, "content": token.encode()}
        elif path.endswith("/files"):
            more["files"] = {"file": ("b.txt", token[::-1].encode())}
        elif path.endswith("/statements"):
            more = {"headers": OURS, "json": {"act": "name", "successor": MANAGER, "items": {item.id: item.version}}}
        elif path.endswith("/alerts"):
            alert = self.alerts.get((path, token), "none of theirs")
            verdict = {"act": "dismiss", "alert": alert, "text": "agreed"}
            more = {"headers": OURS, "json": verdict} if "/api/" in path else {**more, "data": verdict}
        elif path.endswith("/undo"):
            more = {"headers": OURS, "json": {"why": "a mistake"}}
        elif path.endswith(("/prescan", "/certificate.{form}")):
            more = {"headers": OURS, "json": {}}
        elif path.endswith("/case"):
            more["data"] = {"act": "pause", "text": "asked for"}
        elif path.endswith("/say"):
            more["data"] = {"act": "name", "successor": MANAGER, "item": f"{item.id}:{item.version}"}
        if method == "GET":
            more = {}
        return self.place.client.request(method, path.format(**names), **more).status_code

    def standing(self) -> str:
        """A digest of everything the hub has stored."""
        with sqlite3.connect(str(self.place.desk.hub.database.url.database)) as connection:
            return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


@pytest.fixture
def links(place: Place) -> Links:
    tokens = {role: place.token(role) for role in Role}
    path = f"/handover/{tokens[Role.LEAVER]}/api/cases/{place.case.id}/items/{place.item('other').id}/files"
    assert place.client.post(path, params={"name": "c.txt"}, content=FILE, headers=OURS).status_code == 200
    elsewhere = casework.open_case(place.desk.hub, casework.Opening(OTHER, Cause.BY_HAND, HR, manager=MANAGER))
    watched = [
        (path, token) for path in {path for _, path in OPENS if path.endswith("/alerts")} for token in tokens.values()
    ]
    alerts = {which: raised(place, f"e{n}").key for n, which in enumerate(watched)}
    found = Links(place, tokens, hashlib.sha256(FILE).hexdigest(), elsewhere.id, alerts)
    for token in tokens.values():  # that a link was used is noted once a minute
        assert found.ask("GET", "/handover/{token}/", token) == 200
    return found


def described(app: FastAPI, at: str = "") -> list[tuple[str, str]]:
    """Every method and path that an application and what is mounted in it describe of themselves."""
    own = [(method.upper(), f"{at}{path}") for path, verbs in app.openapi()["paths"].items() for method in verbs]
    mounted = [route for route in app.routes if isinstance(route, Mount) and isinstance(route.app, FastAPI)]
    return own + [found for route in mounted for found in described(route.app, f"{at}{route.path}")]  # type: ignore[arg-type]


def test_every_route_says_which_roles_it_is_for(place: Place) -> None:
    found = described(standalone(lambda: place.desk.hub))
    assert len(found) == len(set(found))
    assert set(found) == set(OPENS), "declare in this file for which roles a new route is"


def test_no_role_is_let_in_where_it_may_not(links: Links) -> None:
    refused = let_in = 0
    last = ("POST", "/handover/{token}/case")  # a paused case still answers, but is another one
    for (method, path), roles in sorted(OPENS.items(), key=lambda each: each[0] == last):
        before = links.standing()
        for role in Role:
            if role not in roles:
                status = links.ask(method, path, links.tokens[role])
                assert status in DENIED, f"the {role} got {status} from {method} {path}"
                refused += 1
        assert links.standing() == before, f"{method} {path} changed something for who may not"
        for role in sorted(roles):
            status = links.ask(method, path, links.tokens[role])
            expected = (409,) if path in TOO_EARLY else (200, 303)
            assert status in expected, f"the {role} got {status} from {method} {path}"
            let_in += 1
    assert refused + let_in == len(OPENS) * len(Role)
    assert refused == sum(len(ANY - roles) for roles in OPENS.values())


def test_a_link_opens_no_other_case_and_an_altered_one_nothing(links: Links) -> None:
    before = links.standing()
    forged = [f"{token[:-4]}AAAA" for token in links.tokens.values()]
    leaver, hr = links.tokens[Role.LEAVER], links.tokens[Role.HR]
    forged.append(hr[:22] + leaver[22:])  # the name of one row, and what vouches for another
    for method, path in OPENS:
        for token in forged:
            assert links.ask(method, path, token) == 404, f"{method} {path}"
        if "{case_id}" in path:
            for role, token in links.tokens.items():
                assert links.ask(method, path, token, links.elsewhere) == 404, f"the {role}, {method} {path}"
    assert links.standing() == before
