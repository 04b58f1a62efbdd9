"""What was typed into a form that is refused stands in it again: nobody types a reason twice."""

from __future__ import annotations

import pytest
from lxml import html

from baton.console.handover.deciding import LONGEST_TEXT
from baton.model.alert import AlertState
from baton.model.case import Act, Role
from tests.console.conftest import SAME_ORIGIN, Place
from tests.console.test_handover_alerts import form, raised, stored
from tests.hub.offboarding.conftest import OTHER, SUCCESSOR

TYPED = "测试理由䶮"
LINES = "\n".join(["字" * 98] * 20) + "字" * (LONGEST_TEXT - 98 * 20 - 19)
"""As long as a page lets it be. A browser sends two characters for the end of each line."""
SENT = LINES.replace("\n", "\r\n")


def test_a_successor_who_is_none_is_still_in_the_field(place: Place) -> None:
    answer = place.post(f"{place.path(Role.MANAGER)}/say", Act.NAME, "other", successor="测试某人")
    assert answer.status_code == 422
    assert 'value="测试某人"' in answer.text


def test_a_typed_successor_is_named_or_nothing_is_done(place: Place) -> None:
    assert place.post(f"{place.path(Role.SUCCESSOR)}/say", Act.ACCEPT, "deal").status_code == 303
    before, base = place.item("deal"), place.path(Role.MANAGER)
    for path in ("/say", f"/items/{before.id}/say"):
        answer = place.post(f"{base}{path}?lang=en", Act.APPROVE, "deal", successor=OTHER)
        assert (answer.status_code, "that button names nobody" in answer.text) == (422, True)
        assert f'value="{OTHER}" placeholder' in answer.text
    told = place.api(base, "approve", {str(before.id): before.version}, successor=OTHER)
    assert (told.status_code, told.json()["code"]) == (422, "unnamed")
    assert place.item("deal") == before


@pytest.mark.parametrize("path", ["/", "/items/{number}"])
def test_enter_in_the_field_of_a_successor_names_them(place: Place, path: str) -> None:
    assert place.post(f"{place.path(Role.SUCCESSOR)}/say", Act.ACCEPT, "deal").status_code == 303
    address = place.path(Role.MANAGER) + path.format(number=place.item("deal").id)
    page = html.fromstring(place.client.get(address).content)
    (field,) = page.xpath('//input[@name="successor"]')
    (form,) = field.xpath("ancestor::form")
    buttons = [button.get("value") for button in form.iter("button") if button.get("type", "submit") == "submit"]
    assert (buttons[0], "approve" in buttons) == ("name", True)


@pytest.mark.parametrize("act", [Act.PAUSE, Act.COMPLETE])
def test_words_about_a_whole_case_survive(place: Place, act: Act) -> None:
    pressed = {"act": Act.PAUSE.value, "text": "first"}
    address = f"{place.path(Role.HR)}/case"
    assert place.client.post(address, data=pressed, headers=SAME_ORIGIN).status_code == 303
    answer = place.client.post(address, data={"act": act.value, "text": TYPED}, headers=SAME_ORIGIN)
    assert answer.status_code == 409
    assert answer.text.count(TYPED) == 1
    assert answer.text.index(TYPED) < answer.text.index('id="list"' if act is Act.PAUSE else 'class="zone"')


def test_a_reason_stands_in_the_form_it_was_typed_into_and_in_no_other(place: Place) -> None:
    item, base = place.item("deal"), place.path(Role.SUCCESSOR)
    place.desk.say(place.case, [item], Act.ASK, SUCCESSOR, Role.SUCCESSOR, "?")
    said = {"act": Act.REFUSE.value, "item": f"{item.id}:{item.version + 7}", "text": TYPED}
    answer = place.client.post(f"{base}/items/{item.id}/say", data=said, headers=SAME_ORIGIN)
    assert answer.status_code == 409
    assert answer.text.count(TYPED) == 1


def said(place: Place, act: Act) -> list[str]:
    with place.desk.hub.database.read() as connection:
        return [each.text for each in place.desk.hub.cases.said(connection, place.case.id) if each.act is act]


def test_lines_are_counted_as_the_page_counts_them(place: Place) -> None:
    base, alert = place.path(Role.HR), raised(place)
    assert (
        place.client.post(f"{base}/case", data={"act": "pause", "text": SENT}, headers=SAME_ORIGIN).status_code == 303
    )
    assert place.post(f"{base}/say", Act.NOTE, "deal", text=SENT).status_code == 303
    raw = {**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    item = place.item("deal")
    body = f"act=note&item={item.id}%3A{item.version}&text=one%0d%0atwo\r\nthree%250D%250A"
    assert place.client.post(f"{base}/say", content=body.encode(), headers=raw).status_code == 303
    assert form(place, base, alert, "dismiss", SENT).status_code == 303
    assert (said(place, Act.PAUSE), stored(place, alert).decided_why) == ([LINES], LINES)
    assert said(place, Act.NOTE) == [LINES, "one\ntwo\nthree%0D%0A"]


@pytest.mark.parametrize("act", [Act.NOTE, Act.ASK])
def test_a_question_that_cannot_be_read_stands_in_its_form_again(place: Place, act: Act) -> None:
    item, base, long = place.item("deal"), place.path(Role.SUCCESSOR), TYPED + LINES
    sent = {"act": act.value, "item": f"{item.id}:{item.version}", "text": long}
    answer = place.client.post(f"{base}/items/{item.id}/say", data=sent, headers=SAME_ORIGIN)
    (again,) = html.fromstring(answer.content).xpath('//form[contains(@class, "say")]//textarea[@name="text"]')
    assert (answer.status_code, again.text.strip(), answer.text.count(long)) == (422, long, 1)


def test_what_cannot_be_read_stands_in_its_form_again(place: Place) -> None:
    base, alert = place.path(Role.HR), raised(place)
    long = TYPED + LINES
    answers = [
        place.client.post(f"{base}/case", data={"act": "pause", "text": long}, headers=SAME_ORIGIN),
        place.client.post(f"{base}/say", data={"act": "leave", "text": long}, headers=SAME_ORIGIN),
        form(place, base, alert, "dismiss", long),
    ]
    assert [(answer.status_code, answer.text.count(long)) for answer in answers] == [(422, 1)] * 3
    assert stored(place, alert).state is AlertState.RAISED
