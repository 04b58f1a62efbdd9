"""Final settlements on pages: every line before the eyes of who says yes, who may, and that it is exactly what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from baton.console.payments.words import WORDS
from baton.console.payments.workings import working_text
from baton.hub.payment.settling import find_settlement, prepare
from baton.jobs.payment.settlement.case_file import load_case
from baton.languages import LANGUAGES
from baton.model.money import major_text
from baton.model.settlement import KeptSettlement
from tests.console.payments_desk import SAME_ORIGIN, Counter, settling_counter
from tests.hub.payment.test_settling import TOTAL
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.payment_pages import OPERATOR, PERSON
from tests.rig.payroll import DIRECTOR, HR, MAKER, PAYROLL

AT = "/payments/settlements"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Counter]:
    with settling_counter(tmp_path) as open_desk:
        yield open_desk


@pytest.fixture
def kept(desk: Counter) -> KeptSettlement:
    return prepare(desk.office.hub, load_case(EXAMPLE), "case", MAKER)


def press(desk: Counter, kept: KeptSettlement, person: str, headers: Any = SAME_ORIGIN, **fields: str) -> Any:
    address = f"{AT}/{kept.id}"
    return desk.client.post(address, data=fields, headers={PERSON: person, **headers}, follow_redirects=False)


def now(desk: Counter, kept: KeptSettlement) -> KeptSettlement:
    return find_settlement(desk.office.hub, kept.id)


def test_a_second_person_sees_every_line_and_says_yes_to_exactly_that(desk: Counter, kept: KeptSettlement) -> None:
    assert f'href="{AT}?lang=en"' in desk.get("/payments?lang=en", HR).text
    assert kept.id in desk.get(AT, HR).text
    page = desk.get(f"{AT}/{kept.id}?lang=zh", HR).text
    lines = kept.result["lines"]
    assert len(lines) > 2
    wanted = [text for line in lines for text in (line["title"]["zh"], major_text(line["amount_minor"], "CNY"))]
    assert [text for text in (*wanted, major_text(TOTAL, "CNY"), "待复核") if text not in page] == []
    for language in LANGUAGES:
        said = desk.get(f"{AT}/{kept.id}?lang={language}", HR).text
        assert [line["id"] for line in lines if WORDS[language][f"settlement.line.{line['id']}"] not in said] == []
        assert [line["id"] for line in lines if working_text(line["working"], language) not in said] == []
    assert page.count(" UTC</span>") == 1, "whoever reads a moment knows whose clock it is"
    answer = press(desk, kept, HR, act="review", digest=kept.digest, role="hr")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{AT}/{kept.id}?lang=en")
    assert (now(desk, kept).reviewed_by, now(desk, kept).reviewed_as) == (HR, "hr")
    after = desk.get(f"{AT}/{kept.id}?lang=en", PAYROLL).text
    assert 'value="review"' not in after
    assert after.count(" UTC</span>") == 2
    assert 'value="give_up"' in after


def test_who_has_prepared_it_is_offered_no_review_and_pressing_all_the_same_does_nothing(
    desk: Counter, kept: KeptSettlement
) -> None:
    page = desk.get(f"{AT}/{kept.id}?lang=en", MAKER).text
    assert "a second person reviews it" in page
    assert 'value="review"' not in page
    answer = press(desk, kept, MAKER, act="review", digest=kept.digest, role="payroll")
    assert answer.status_code == 403
    assert "You have prepared this settlement" in answer.text
    assert now(desk, kept) == kept


@pytest.mark.parametrize(
    ("person", "fields", "status"),
    [
        (DIRECTOR, {"act": "review", "role": "director"}, 403),
        (HR, {"act": "review", "role": "hr", "digest": "0" * 64}, 422),
        (HR, {"act": "review", "role": "hr", "digest": ""}, 422),
        (HR, {"act": "give_up", "digest": ""}, 422),
        (HR, {"act": "pay", "why": "now"}, 422),
        (OPERATOR, {"act": "review", "role": "hr"}, 403),
    ],
)
def test_what_is_refused_changes_nothing(
    desk: Counter, kept: KeptSettlement, person: str, fields: dict[str, str], status: int
) -> None:
    given = {"digest": kept.digest, **fields} if fields["act"] == "review" else fields
    assert press(desk, kept, person, **given).status_code == status
    assert press(desk, kept, HR, act="give_up", why="no" * 300).text.count("no" * 300) == 1
    assert press(desk, kept, HR, {"Sec-Fetch-Site": "cross-site"}, act="give_up", why="no").status_code == 403
    assert now(desk, kept) == kept


def test_another_rule_pack_voids_what_was_seen(desk: Counter, kept: KeptSettlement) -> None:
    pack = desk.office.company.settlement
    assert pack is not None
    pack.write_text(pack.read_text("utf-8").replace('version: "2025.1"', 'version: "2025.2"'), "utf-8")
    answer = press(desk, kept, HR, act="review", digest=kept.digest, role="hr")
    assert answer.status_code == 409
    assert "worked out differently now" in answer.text


def test_one_is_given_up_with_a_reason_once(desk: Counter, kept: KeptSettlement) -> None:
    assert press(desk, kept, HR, act="give_up", why="stays with us").status_code == 303
    assert now(desk, kept).state == "withdrawn"
    again = press(desk, kept, HR, act="give_up", why="twice")
    assert again.status_code == 409
    assert "somebody has decided meanwhile" in again.text


@pytest.mark.parametrize("person", [OPERATOR, "somebody"])
def test_wages_are_for_who_holds_an_office(desk: Counter, kept: KeptSettlement, person: str) -> None:
    for path in (AT, f"{AT}/{kept.id}"):
        answer = desk.get(path, person)
        assert answer.status_code == 403
        assert kept.number not in answer.text
    assert AT not in desk.get("/payments", person).text
