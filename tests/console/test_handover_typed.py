"""What was typed into a form that is refused stands in it again: nobody types a reason twice."""

from __future__ import annotations

import pytest

from baton.model.case import Act, Role
from tests.console.conftest import SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import SUCCESSOR

TYPED = "测试理由䶮"


def test_a_successor_who_is_none_is_still_in_the_field(place: Place) -> None:
    answer = place.post(f"{place.path(Role.MANAGER)}/say", Act.NAME, "other", successor="测试某人")
    assert answer.status_code == 422
    assert 'value="测试某人"' in answer.text


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
