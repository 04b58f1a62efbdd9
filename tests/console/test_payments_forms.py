"""A form that is refused comes back open, with everything that was typed in it; every other form stays as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from baton.hub.payment.settling import prepare
from baton.jobs.payment.settlement.case_file import load_case
from tests.console.payments_desk import SAME_ORIGIN, Counter, counter, counter_with_a_stranger, settling_counter
from tests.hub.payment.test_answers import TWO
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.payment_pages import PERSON
from tests.rig.payroll import CNAPS, HR, MAKER, PAYROLL, TREASURY, card

WHY = '<named> & "seen" 䶮'
SHOWN = "&lt;named&gt; &amp; &#34;seen&#34; 䶮"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Counter]:
    with counter(tmp_path) as found:
        found.office.hire(*TWO)
        yield found


@dataclass(frozen=True)
class Form:
    """One form of a page as its reader meets it."""

    open: bool
    role: str
    """The office that is chosen; empty where the form leaves it at its first."""
    days: str
    why: str


def forms(page: str, key: str = "") -> dict[str, Form]:
    """By act; of the forms about single findings that about this one."""
    found = {}
    for opened, form in re.findall(r'<details class="act"( open)?>(.*?)</details>', page, re.DOTALL):
        (act,) = re.findall(r'<button class="primary"(?: name="act" value="(\w+)")?>', form)
        if act == "waive" and f'value="{key}"' not in form:
            continue
        role = re.findall(r'<option value="(\w+)" selected>', form)
        days = re.findall(r'name="days"[^>]* value="([^"]*)"', form)
        why = re.findall(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)
        found[act] = Form(bool(opened), "".join(role), "".join(days), "".join(why))
    return found


def holds(desk: Counter) -> tuple[str, list[str]]:
    """A checked run in which HR has to say something about two names, and both findings' keys."""
    rows = [
        {"number": number, "amount": "8000", "holder": "测试某", "account": card(int(number)), "bank_code": CNAPS}
        for number in TWO
    ]
    run_id = desk.hand_in(MAKER, *rows).json()["run"]
    desk.office.check(run_id)
    found = desk.document(run_id, HR)["findings"]
    return run_id, [each["key"] for each in found if each["rule"] == "holder_differs"]


@pytest.mark.parametrize("wrong", [{"days": "45"}, {"days": '3"'}, {"days": "20", "why": "字" * 501}])
def test_a_refused_waiver_keeps_its_days_and_its_office(
    desk: Counter, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    monkeypatch.setitem(desk.office.hub.settings.payments.roles, HR, ("hr", "treasury", "payroll", "director"))
    run_id, (one, other) = holds(desk)
    before = desk.standing(run_id)
    said = {"role": "hr", "why": WHY, **wrong}
    answer = desk.form(run_id, HR, "waive", finding=one, **said)
    assert answer.status_code == 422
    why = said["why"].replace(WHY, SHOWN)
    assert forms(answer.text, one)["waive"] == Form(True, "hr", wrong["days"].replace('"', "&#34;"), why)
    assert forms(answer.text, other)["waive"] == Form(False, "", "3", "")
    assert not any(form.open for act, form in forms(answer.text, one).items() if act != "waive")
    assert not any(form.open for form in forms(desk.get(f"/payments/{run_id}", HR).text, one).values())
    assert desk.standing(run_id) == before


def test_a_refused_signature_keeps_its_office(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.office.hub.settings.payments.roles, TREASURY, ("payroll", "treasury"))
    run_id = desk.office.prepared(TWO)
    for role in ("payroll", "treasury"):
        answer = desk.form(run_id, TREASURY, "sign", role=role, files="0" * 64)
        assert answer.status_code == 409
        found = forms(answer.text)
        assert found.pop("sign") == Form(True, role, "", "")
        assert {form.open for form in found.values()} == {False}


def test_only_the_act_that_was_refused_is_open(desk: Counter) -> None:
    run_id = desk.office.signed(TWO)
    answer = desk.form(run_id, TREASURY, "release", why=WHY, files="0" * 64)
    assert answer.status_code == 409
    found = forms(answer.text)
    assert found["release"] == Form(True, "", "", SHOWN)
    assert found["cancel"] == Form(False, "", "", "")


def test_a_refused_review_of_a_settlement_keeps_its_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with settling_counter(tmp_path) as desk:
        monkeypatch.setitem(desk.office.hub.settings.payments.roles, PAYROLL, ("hr", "payroll"))
        kept = prepare(desk.office.hub, load_case(EXAMPLE), "case", MAKER)
        address, headers = f"/payments/settlements/{kept.id}", {PERSON: PAYROLL, **SAME_ORIGIN}
        for role in ("hr", "payroll"):
            said = {"act": "review", "role": role, "digest": "0" * 64}
            answer = desk.client.post(address, data=said, headers=headers)
            assert answer.status_code == 422
            assert forms(answer.text) == {"review": Form(True, role, "", ""), "give_up": Form(False, "", "", "")}
        said = {"act": "give_up", "why": WHY * 50}
        answer = desk.client.post(address, data=said, headers=headers)
        assert forms(answer.text) == {"review": Form(False, "", "", ""), "give_up": Form(True, "", "", SHOWN * 50)}


def test_a_difference_that_could_not_be_taken_on_is_open(tmp_path: Path) -> None:
    with counter_with_a_stranger(tmp_path) as (desk, _):
        month = "/payments/months/2026-11"
        (found,) = desk.get(f"/api{month}", TREASURY).json()["differences"]
        assert forms(desk.get(month, TREASURY).text) == {"": Form(False, "", "", "")}
        said = {"key": found["key"], "why": WHY * 50}
        answer = desk.client.post(month, data=said, headers={PERSON: TREASURY, **SAME_ORIGIN})
        assert answer.status_code == 422
        assert forms(answer.text) == {"": Form(True, "", "", SHOWN * 50)}
