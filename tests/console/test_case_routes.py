"""What the API does beside statements: open, take back, look ahead, links, certificates, who answers, commission."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request

from baton.console.handover import office_routes as office
from baton.console.handover.app import links_app, refuse_strangers
from baton.console.handover.case_routes import more_api
from baton.console.handover.link_routes import link_api
from baton.console.handover.routes import let_in
from baton.console.handover.visitors import by_login
from baton.hub.offboarding import certifying, completing, links
from baton.hub.offboarding.accountability import table
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.case import Act, Case, CaseState, Cause, ItemState, Role
from baton.model.handover import HoldingKind
from baton.settings_shape import OffboardingPart
from tests.console.conftest import OURS
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk, staffed
from tests.rig.belongings import TalkingTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.handover_pages import plain_client, served

DECIDES = {HR, "it-operator"}
"""Whom Airflow lets decide; the settings name `HR` alone as HR."""
COMMISSION = {
    "orders": b"order,client,signed_on,currency\nO1,C1,2026-01-02,CNY\n",
    "payments": b"payment,order,paid_on,amount_minor\nP1,O1,2026-02-03,100000\n",
    "policy": b"versions:\n  - from: 2025-01-01\n    rate_bp: 300\n",
    "owners": b"client,person,since,until\nC1,0002,2025-01-01,\n",
    "leavers": b"person,left_on\n",
}


@dataclass
class Office:
    """The API for who has logged in, without Airflow: the login is a header."""

    desk: Desk
    client: httpx.Client

    def ask(self, method: str, path: str, person: str, **more: Any) -> httpx.Response:
        headers = {**OURS, "X-Login": person, **more.pop("headers", {})}
        return self.client.request(method, f"/api/{path}", headers=headers, **more)

    def post(self, path: str, person: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.ask("POST", path, person, **({"json": body} if body is not None else {}), **more)


def application(desk: Desk) -> FastAPI:
    app = FastAPI()

    def enter(request: Request, case_id: str) -> None:
        person = request.headers["x-login"]
        let_in(request, by_login(desk.hub, case_id, person, decides=person in DECIDES, root=""))

    def enter_office(request: Request) -> None:
        person = request.headers["x-login"]
        office.let_in(request, office.Clerk(desk.hub, person, person in DECIDES))

    for router in (more_api, link_api):
        app.include_router(router, prefix="/api/cases/{case_id}", dependencies=[Depends(enter)])
    app.include_router(office.office_api, prefix="/api", dependencies=[Depends(enter_office)])
    app.mount("/handover", links_app(lambda: desk.hub))
    refuse_strangers(app)
    return app


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    part = OffboardingPart(notifiers=("crm",), address="https://hub.example/baton", hr=(HR,))
    company = Company(
        tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": TalkingTarget}, offboarding=part
    )
    hub = company.open()
    desk = staffed(company, hub)
    with served(application(desk)) as address, plain_client(address) as http:
        yield Office(desk, http)
    hub.close()


def passed_on(d: Desk) -> Case:
    d.plant(HoldingKind.CLIENT, 1)
    case = d.open(Cause.EMERGENCY)
    d.tick()
    d.agree(case)
    d.tick()
    return case


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- opening


def test_hr_opens_a_case_and_its_list_is_there(at: Office) -> None:
    at.desk.plant(HoldingKind.CLIENT, 1)
    asked = {"number": LEAVER, "last_working_at": "2026-12-31T18:00:00+08:00"}
    opened = at.post("cases", HR, asked)
    assert (opened.status_code, opened.json()["state"], opened.json()["unread"]) == (201, "open", {})
    assert at.post("cases", HR, {"number": LEAVER}).json()["case"] == opened.json()["case"]
    with at.desk.hub.database.read() as connection:
        (case,) = at.desk.hub.cases.of_person(connection, LEAVER)
        kinds = [item.kind for item in at.desk.hub.cases.items(connection, case.id)]
    assert HoldingKind.CLIENT in kinds
    assert (case.id, case.opened_by, str(case.dates.last_working_at)) == (
        opened.json()["case"], HR, "2026-12-31 10:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_last_moment_that_is_none_opens_nothing(at: Office, moment: str) -> None:
    answer = at.post("cases", HR, {"number": OTHER, "manager": MANAGER, "last_working_at": moment})
    assert refusal(answer) == (422, "date_range")
    with at.desk.hub.database.read() as connection:
        assert at.desk.hub.cases.of_person(connection, OTHER) == []


def test_who_may_not_opens_nothing(at: Office) -> None:
    def told(person: str, number: str) -> tuple[int, str]:
        return refusal(at.post("cases", person, {"number": number}))

    assert told(MANAGER, LEAVER) == (403, "role")
    assert told("it-operator", LEAVER) == (403, "role"), "who decides in the console is not HR by that"
    assert told(HR, HR) == (403, "leaver")
    assert told(HR, "9999") == (422, "unknown_person")
    assert told(HR, MANAGER) == (422, "no_manager")
    for wrong in ({"X-Baton-Console": "0"}, {"Sec-Fetch-Site": "cross-site"}):
        assert at.post("cases", HR, {"number": LEAVER}, headers=wrong).status_code == 403
    with at.desk.hub.database.read() as connection:
        assert at.desk.hub.cases.listed(connection) == []


# --- taking back


def test_hr_takes_back_what_was_passed_on(at: Office) -> None:
    case = passed_on(at.desk)
    assert refusal(at.post(f"cases/{case.id}/undo", MANAGER, {"why": "no"})) == (403, "role")
    for body in ({"why": " "}, {"why": "x", "items": [2**31]}, {"why": "x", "items": [2**63]}):
        assert at.post(f"cases/{case.id}/undo", HR, body).status_code == 422
    (client,) = at.desk.items(case, ItemState.DONE)
    undone = at.post(f"cases/{case.id}/undo", HR, {"why": "she stays", "items": [client.id]})
    assert (undone.status_code, undone.json()["back"], undone.json()["irreversible"]) == (200, [client.id], [])
    at.desk.tick()
    assert at.desk.holder(client.ref) == LEAVER
    assert refusal(at.post(f"cases/{case.id}/undo", HR, {"why": "again"})) == (409, "nothing")


def test_a_case_is_taken_through_all_its_states_by_statements_and_undo_over_a_link(at: Office) -> None:
    """The link's application has the same routes; what is decided there is judged by the link's role."""
    case = passed_on(at.desk)
    tokens = {role: links.make_token(at.desk.hub, links.Offer(case.id, person, role, HR)) for role, person in (
        (Role.HR, HR), (Role.MANAGER, MANAGER),
    )}  # fmt: skip

    def post(role: Role, path: str, body: dict[str, Any]) -> int:
        answer = at.client.post(f"/handover/{tokens[role]}/api/cases/{case.id}/{path}", json=body, headers=OURS)
        return answer.status_code

    assert post(Role.MANAGER, "undo", {"why": "no"}) == 403
    for act, state in (("pause", CaseState.PAUSED), ("reopen", CaseState.OPEN), ("retract", CaseState.RETRACTED)):
        assert post(Role.HR, "statements", {"act": act, "text": "asked for"}) == 200
        assert at.desk.case(case).state is state
    assert post(Role.HR, "undo", {"why": "she stays"}) == 200
    assert at.client.post(f"/handover/{'A' * 64}/api/cases/{case.id}/undo", json={}, headers=OURS).status_code == 404


# --- looking ahead


def test_hr_and_the_manager_look_ahead_and_nobody_else(at: Office) -> None:
    group = at.desk.plant(HoldingKind.GROUP, 1)
    case = at.desk.open()
    at.desk.tick()
    at.desk.say(case, [at.desk.item(case, group)], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    for person in (HR, MANAGER):
        now = at.post(f"cases/{case.id}/prescan", person).json()
        assert {"system": "crm", "code": "group_owner", "ref": str(group)}.items() <= now["found"][-1].items()
        kept = at.ask("GET", f"cases/{case.id}/prescan", person).json()
        assert kept == now | {"at": at.desk.hub.clock.now().isoformat()}
    for person in (SUCCESSOR, LEAVER, OTHER):
        assert refusal(at.post(f"cases/{case.id}/prescan", person)) == (404, "no_entry")
        assert refusal(at.ask("GET", f"cases/{case.id}/prescan", person)) == (404, "no_entry")


def test_the_page_says_what_the_hub_has_found_in_its_own_language(at: Office) -> None:
    at.desk.company.rows[3] = row(OTHER, department="销售部", manager=LEAVER)
    plan_sync(at.desk.hub, SyncRequest())
    case = at.desk.open()
    at.desk.tick()
    token = links.make_token(at.desk.hub, links.Offer(case.id, MANAGER, Role.MANAGER, HR))
    page = at.client.get(f"/handover/{token}/", headers={"Accept-Language": "zh"}).text
    assert f"{OTHER} 的直属上级仍是离职人" in page
    assert "人力资源系统未给出最后工作日" in page
    assert ("reports to the leaver" in page, "no last working day" in page) == (False, False)


def test_the_page_of_who_oversees_a_case_says_what_is_in_the_way(at: Office) -> None:
    at.desk.plant(HoldingKind.GROUP, 1)
    case = at.desk.open(last_working_at=at.desk.hub.clock.now() + timedelta(days=2))
    at.desk.tick()
    english = {"Accept-Language": "en"}

    def said(person: str, role: Role) -> bool:
        token = links.make_token(at.desk.hub, links.Offer(case.id, person, role, HR))
        page = at.client.get(f"/handover/{token}/", headers=english)
        assert page.status_code == 200
        return "To see to before the last day" in page.text and "name another owner" in page.text

    assert (said(MANAGER, Role.MANAGER), said(HR, Role.HR), said(LEAVER, Role.LEAVER)) == (True, True, False)
    at.desk.company.clock.advance(timedelta(days=3))
    assert not said(MANAGER, Role.MANAGER)


# --- links


def test_a_link_for_oneself_is_given_and_one_for_others_only_sent(at: Office) -> None:
    at.desk.plant(HoldingKind.CLIENT, 1)
    case = at.desk.open()
    at.desk.tick()
    outbox = at.desk.things.outbox
    outbox.clear()
    own = at.post(f"cases/{case.id}/links", MANAGER, {"person": MANAGER, "role": "manager"})
    assert own.status_code == 201
    token = own.json()["link"].removeprefix("https://hub.example/baton/handover/")
    assert links.admit(at.desk.hub, token).link.person == MANAGER
    assert outbox == []
    sent = at.post(f"cases/{case.id}/links", HR, {"person": LEAVER, "role": "leaver"})
    assert (sent.status_code, sent.json()) == (201, {"sent_by": "crm"})
    ((to, _, text),) = outbox
    assert to == LEAVER
    assert links.admit(at.desk.hub, text.rpartition("/handover/")[2].strip()).link.role is Role.LEAVER


def test_links_are_for_whom_they_fit_and_nobody_makes_them_for_others_but_hr(at: Office) -> None:
    at.desk.plant(HoldingKind.CLIENT, 1)
    case = at.desk.open()
    at.desk.tick()
    before = links.links_of(at.desk.hub, case.id)

    def told(person: str, whom: str, role: str) -> tuple[int, str]:
        return refusal(at.post(f"cases/{case.id}/links", person, {"person": whom, "role": role}))

    assert told(MANAGER, SUCCESSOR, "successor") == (403, "role")
    assert told(HR, OTHER, "manager") == (403, "role")
    assert told(HR, HR, "hr") == (403, "role")
    at.desk.company.truths["crm"].accounts.pop(OTHER)
    with at.desk.hub.database.write() as connection:
        connection.exec_driver_sql(f"delete from links where number = '{OTHER}'")
    assert told(HR, OTHER, "successor") == (409, "unreachable")
    assert links.links_of(at.desk.hub, case.id) == before


def test_without_an_address_there_are_no_links(at: Office) -> None:
    case = at.desk.open()
    part = at.desk.hub.settings.offboarding
    object.__setattr__(at.desk.hub.settings, "offboarding", part.model_copy(update={"address": None}))
    for person in (MANAGER, LEAVER):
        asked = {"person": person, "role": "manager" if person == MANAGER else "leaver"}
        by = HR if person == LEAVER else MANAGER
        assert refusal(at.post(f"cases/{case.id}/links", by, asked)) == (409, "no_address")


def test_links_are_listed_and_ended(at: Office) -> None:
    case = at.desk.open()
    hub = at.desk.hub
    tokens = [
        links.make_token(hub, links.Offer(case.id, person, role, HR))
        for person, role in ((MANAGER, Role.MANAGER), (LEAVER, Role.LEAVER))
    ]
    listed = at.ask("GET", f"cases/{case.id}/links", HR).json()["links"]
    assert sorted(link["person"] for link in listed) == [MANAGER, LEAVER]
    own = at.ask("GET", f"cases/{case.id}/links", MANAGER).json()["links"]
    assert [link["person"] for link in own] == [MANAGER]
    assert not any(token in repr(listed) for token in tokens)
    assert refusal(at.post(f"cases/{case.id}/links/end", MANAGER, {})) == (403, "role")
    assert refusal(at.post(f"cases/{case.id}/links/end", LEAVER, {"person": MANAGER})) == (403, "role")
    other = next(link["id"] for link in listed if link["person"] == LEAVER)
    assert at.post(f"cases/{case.id}/links/end", MANAGER, {"person": MANAGER, "id": other}).json() == {"ended": 0}
    assert refusal(at.post(f"cases/{case.id}/links/end", MANAGER, {"id": other})) == (403, "role")
    assert refusal(at.post(f"cases/{case.id}/links/end", MANAGER, {"id": "0" * 32})) == (403, "role")
    assert at.post(f"cases/{case.id}/links/end", MANAGER, {"id": own[0]["id"]}).json() == {"ended": 1}
    assert at.post(f"cases/{case.id}/links/end", MANAGER, {"person": MANAGER}).json() == {"ended": 0}
    assert at.post(f"cases/{case.id}/links/end", HR, {}).json() == {"ended": 1}
    for token in tokens:
        with pytest.raises(links.LinkRefusedError):
            links.admit(hub, token)


# --- certificates


def test_certificates_are_fetched_issued_and_checked(at: Office) -> None:
    d = at.desk
    case = passed_on(d)
    d.close_account()
    assert refusal(at.ask("GET", f"cases/{case.id}/certificate.pdf", HR)) == (409, "unfinished")
    completing.complete(d.hub, case.id, HR, "done")
    kept = certifying.kept(d.hub, case.id)
    for person in (HR, MANAGER):
        pdf, manifest = (at.ask("GET", f"cases/{case.id}/certificate.{form}", person) for form in ("pdf", "json"))
        assert (pdf.content, manifest.content) == (kept.pdf, kept.manifest)
        assert pdf.headers["content-disposition"] == f'attachment; filename="{case.id}.pdf"'
    assert at.ask("GET", f"cases/{case.id}/certificate.pdf", LEAVER).status_code == 404
    assert refusal(at.post(f"cases/{case.id}/certificate.pdf", MANAGER, {})) == (403, "role")
    anew = at.post(f"cases/{case.id}/certificate.pdf", HR, {"language": "en"})
    assert anew.content.startswith(b"%PDF")
    for content, pages in ((pdf.content, True), (manifest.content, False), (anew.content, True)):
        shown = at.post("certificates/verify", OTHER, content=content).json()
        assert (shown["holds"], shown["pages"], shown["case"], shown["number"]) == (True, pages, case.id, LEAVER)
    altered = bytearray(manifest.content)
    altered[len(altered) // 2] ^= 1
    shown = at.post("certificates/verify", OTHER, content=bytes(altered)).json()
    assert (shown["holds"], bool(shown["broken"]), "case" in shown) == (False, True, False)


# --- who answers for what, who gets what


def test_accountability_is_what_the_hub_says_and_for_hr(at: Office) -> None:
    d = at.desk
    case = passed_on(d)
    (client,) = d.items(case, ItemState.DONE)
    d.company.clock.advance(timedelta(days=1))
    now = d.hub.clock.now()
    found = at.ask("GET", "accountability", HR, params={"at": now.isoformat()}).json()
    assert found == table(d.hub, now).document()
    assert [row["person"] for row in found["clients"] if row["id"] == client.ref.external_id] == [LEAVER, MANAGER]
    for person in (MANAGER, "it-operator"):
        assert refusal(at.ask("GET", "accountability", person)) == (403, "role")
    assert at.ask("GET", "accountability", HR, params={"at": "2026-11-30T00:00:00"}).status_code == 422


def test_commission_is_worked_out_from_what_is_sent(at: Office) -> None:
    files = {name: (f"{name}.csv", content) for name, content in COMMISSION.items()}
    found = at.post("commission", HR, files=files).json()
    assert found["totals"] == [{"person": LEAVER, "month": "2026-02", "currency": "CNY", "amount_minor": 3000}]
    assert [(line["payment"], line["rule"]) for line in found["lines"]] == [("P1", "held")]
    assert at.post("commission", HR, files=files, params={"person": OTHER}).json() == {"lines": [], "totals": []}
    assert refusal(at.post("commission", MANAGER, files=files)) == (403, "role")


def test_files_that_cannot_be_used_are_all_named(at: Office) -> None:
    wrong = {**COMMISSION, "orders": b"order,client,signed_on,currency\nO1,C1,2026-99-02,CNY\nO2,C1,x,CNY\n"}
    answer = at.post("commission", HR, files={name: (name, content) for name, content in wrong.items()})
    assert refusal(answer) == (422, "files")
    assert [each["place"] for each in answer.json()["errors"]] == ["orders:2", "orders:3"]
    some = {name: (name, COMMISSION[name]) for name in ("orders", "payments")}
    assert at.post("commission", HR, files=some).status_code == 422
    more = {name: (name, content) for name, content in {**COMMISSION, "other": b"x"}.items()}
    assert at.post("commission", HR, files=more).status_code == 422


def test_the_hub_itself_answers_for_owners_and_leavers_and_stays_open(at: Office) -> None:
    passed_on(at.desk)
    client = at.desk.things.moves[0][0].external_id
    orders = f"order,client,signed_on,currency\nO1,{client},2026-01-02,CNY\n".encode()
    files = {name: (name, COMMISSION[name]) for name in ("payments", "policy")} | {"orders": ("orders", orders)}
    for _ in range(2):
        found = at.post("commission", HR, files=files)
        assert (found.status_code, len(found.json()["lines"])) == (200, 1)


def test_a_month_closed_over_the_api_stays_closed_for_everybody(at: Office) -> None:
    files = {name: (name, content) for name, content in COMMISSION.items()}
    closed = at.post("commission", HR, files=files, params={"close": "2026-02"}).json()
    late = b"payment,order,paid_on,amount_minor\nP1,O1,2026-02-03,100000\nP2,O1,2026-02-04,10000\n"
    found = at.post("commission", HR, files=files | {"payments": ("payments", late)}).json()["lines"]
    assert [line for line in found if line["month"] == "2026-02"] == closed["lines"]
    assert [(line["month"], line["rule"], line["amount_minor"]) for line in found][1:] == [
        ("2026-03", "adjustment", 300)
    ]
    early = at.post("commission", HR, files=files, params={"close": "2026-01"})
    assert (refusal(early), early.json()["errors"][0]["code"]) == ((422, "files"), "closed_already")
