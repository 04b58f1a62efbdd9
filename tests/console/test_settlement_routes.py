"""Final settlements by API: the whole way of one, who may, and what is said of a case that cannot be worked out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.payments_desk import OURS, Counter, settling_counter
from tests.hub.payment.test_settling import TOTAL
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.payment_pages import OPERATOR, PERSON
from tests.rig.payroll import BANK, DIRECTOR, HR, MAKER, PAYROLL, TREASURY, card

AT = "/api/payments/settlements"
INTO = {"bank": BANK, "on": "2026-11-30"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Counter]:
    with settling_counter(tmp_path) as open_desk:
        yield open_desk


def post(desk: Counter, path: str, person: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return desk.client.post(f"{AT}{path}", content=content, headers={PERSON: person, **OURS, **headers})


def test_worked_out_kept_reviewed_and_drafted_in_the_names_of_who_has_logged_in(desk: Counter) -> None:
    case = EXAMPLE.read_bytes()
    worked = post(desk, "/calculate", MAKER, case).json()
    assert worked["total_minor"] == TOTAL
    assert desk.get(AT, MAKER).json() == {"settlements": []}
    made = post(desk, "", MAKER, case)
    assert (made.status_code, made.json()["digest"]) == (201, worked["digest"])
    key = made.json()["id"]
    shown = desk.get(f"{AT}/{key}", HR).json()
    assert (shown["result"], shown["case"]["stretches"][0]["monthly"]) == (worked, "12000.00")
    yes = {"digest": worked["digest"], "role": "hr"}
    early = post(desk, "/import", MAKER, {"settlements": [key], **INTO})
    assert (early.status_code, early.json()["code"]) == (409, "not_reviewed")
    assert post(desk, f"/{key}/review", HR, yes).json()["reviewed_by"] == HR
    drafted = post(desk, "/import", MAKER, {"settlements": [key], **INTO})
    assert drafted.status_code == 201
    (line,) = desk.office.lines(drafted.json()["run"])
    assert (line.payable.amount_minor, line.payable.payee.account) == (TOTAL, card(1))
    again = post(desk, "/import", MAKER, {"settlements": [key], **INTO})
    assert (again.status_code, again.json()["code"]) == (409, "claimed")
    (head,) = desk.get(AT, HR).json()["settlements"]
    assert (head["state"], head["prepared_by"], head["run"]) == ("imported", MAKER, drafted.json()["run"])


def test_a_case_in_json_is_the_same_case(desk: Counter) -> None:
    kept = post(desk, "", MAKER, EXAMPLE.read_bytes()).json()
    again = post(desk, "/calculate", MAKER, kept["case"]).json()
    assert again["digest"] == kept["digest"]


@pytest.mark.parametrize(
    ("person", "role", "status", "code"),
    [
        (MAKER, "payroll", 403, "maker"),
        (DIRECTOR, "director", 403, "role"),
        (TREASURY, "hr", 403, "role"),
        (PAYROLL, "payroll", 200, None),
    ],
)
def test_who_reviews(desk: Counter, person: str, role: str, status: int, code: str | None) -> None:
    kept = post(desk, "", MAKER, EXAMPLE.read_bytes()).json()
    answer = post(desk, f"/{kept['id']}/review", person, {"digest": kept["digest"], "role": role})
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_another_pack_voids_it(desk: Counter) -> None:
    kept = post(desk, "", MAKER, EXAMPLE.read_bytes()).json()
    pack = desk.office.company.settlement
    assert pack is not None
    pack.write_text(pack.read_text("utf-8").replace('version: "2025.1"', 'version: "2025.2"'), "utf-8")
    answer = post(desk, f"/{kept['id']}/review", HR, {"digest": kept["digest"], "role": "hr"})
    assert (answer.status_code, answer.json()["code"]) == (409, "changed")
    pack.write_text("version: 1", "utf-8")
    answer = post(desk, "/calculate", HR, EXAMPLE.read_bytes())
    assert (answer.status_code, answer.json()["code"]) == (409, "pack")
    assert str(pack) not in answer.text


def test_only_who_prepared_it_drafts_it_and_it_is_given_up_with_a_reason(desk: Counter) -> None:
    kept = post(desk, "", MAKER, EXAMPLE.read_bytes()).json()
    post(desk, f"/{kept['id']}/review", HR, {"digest": kept["digest"], "role": "hr"})
    other = post(desk, "/import", PAYROLL, {"settlements": [kept["id"]], **INTO})
    assert (other.status_code, other.json()["code"]) == (403, "preparer")
    elsewhere = post(desk, "/import", MAKER, {"settlements": [kept["id"]], **INTO, "bank": "none"})
    assert elsewhere.status_code == 422
    assert post(desk, f"/{kept['id']}/withdraw", HR, {"why": " "}).status_code == 422
    assert post(desk, f"/{kept['id']}/withdraw", HR, {"why": "stays"}).json()["state"] == "withdrawn"


def test_a_case_that_is_wrong_is_told_by_field_and_what_is_not_there_is_not_found(desk: Counter) -> None:
    answer = post(desk, "", MAKER, EXAMPLE.read_bytes().replace(b"days: 22", b"days: x"))
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"], "stretches.0.days" in error["message"]) == (422, "value_error", True)
    unknown = post(desk, "/calculate", MAKER, EXAMPLE.read_bytes().replace(b"region: example", b"region: atlantis"))
    assert [(each["place"], each["code"]) for each in unknown.json()["errors"]] == [
        ("case: settlement of 0001: region", "unknown")
    ]
    assert desk.get(f"{AT}/settle-none", MAKER).status_code == 404
    assert post(desk, "", MAKER, b"\xff").status_code == 422


@pytest.mark.parametrize("person", [OPERATOR, "somebody"])
def test_wages_are_for_who_holds_an_office(desk: Counter, person: str) -> None:
    kept = post(desk, "", MAKER, EXAMPLE.read_bytes()).json()
    for path in (AT, f"{AT}/{kept['id']}"):
        assert desk.get(path, person).status_code == 403
    for path in ("", "/calculate", "/import", f"/{kept['id']}/review", f"/{kept['id']}/withdraw"):
        assert post(desk, path, person, EXAMPLE.read_bytes()).status_code == 403


def test_another_site_does_nothing(desk: Counter) -> None:
    answer = post(desk, "", MAKER, EXAMPLE.read_bytes(), **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert desk.get(AT, MAKER).json() == {"settlements": []}
