"""What was typed into a form that is refused stands in it again: nobody types a reason twice."""

from __future__ import annotations

import pytest
from lxml import html

from baton.model.case import Act, Role
from tests.console.conftest import SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import OTHER, SUCCESSOR

TYPED = "测试理由䶮"


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
