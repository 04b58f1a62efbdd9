"""The copy that a person may ask for, of handovers: what they held when, their ways in, and files that are elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from baton.hub.keeping import subject_access
from baton.hub.offboarding import files, links
from baton.hub.offboarding.links import Offer
from baton.model.case import Act, Role
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, OTHER, SUCCESSOR, Desk
from tests.hub.offboarding.test_files import one_item, upload

Make = Callable[..., Desk]


def test_the_copy_tells_what_somebody_held_when_and_which_links_were_made_for_them(desk: Make) -> None:
    d = desk(offboarding=OffboardingPart(address="https://hub.example/baton/"))
    case, item = one_item(d)
    links.make_token(d.hub, Offer(case.id, MANAGER, Role.MANAGER, HR))
    d.agree(case)
    d.tick()
    d.tick()
    of_leaver, of_manager = (subject_access.answer(d.hub, number, HR).sections for number in (LEAVER, MANAGER))
    (ended,) = of_leaver["tenures"]
    (begun,) = of_manager["tenures"]
    what = {"system": item.system, "kind": "client", "id": item.ref.external_id, "case": case.id}
    assert what.items() <= ended.items()
    assert what.items() <= begun.items()
    assert (ended["until"], begun["until"]) == (begun["at"], None)
    (link,) = of_manager["links"]
    assert (link["case"], link["role"], link["made_by"], link["used_at"]) == (case.id, "manager", HR, None)
    assert of_leaver["links"] == []


def test_the_copy_says_that_files_and_certificates_are_kept_beside_it(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    file = files.attach(d.hub, upload(case, item))
    answer = subject_access.answer(d.hub, LEAVER, HR)
    assert any(file.name in str(each) for each in answer.sections["statements"])
    assert any("files put to handovers" in each for each in answer.document["not_in_here"])


def test_the_copy_tells_what_somebody_said_of_a_handover_that_names_them_no_more(desk: Make) -> None:
    d = desk()
    case, item = one_item(d)
    d.say(case, [item], Act.NAME, MANAGER, Role.MANAGER, successor=SUCCESSOR)
    offered = d.item(case, item.ref)
    d.say(case, [offered], Act.REFUSE, SUCCESSOR, Role.SUCCESSOR, "I am on leave for three months")
    d.say(case, [d.item(case, item.ref)], Act.NAME, MANAGER, Role.MANAGER, "somebody else then", successor=OTHER)
    assert d.item(case, item.ref).successor == OTHER
    said = {number: subject_access.answer(d.hub, number, HR).sections["statements"] for number in (SUCCESSOR, OTHER)}
    assert [(each["case"], each["act"], each["text"]) for each in said[SUCCESSOR]] == [
        (case.id, "refuse", "I am on leave for three months")
    ]
    assert said[OTHER] == [], "what others said is theirs"
    of_leaver = subject_access.answer(d.hub, LEAVER, HR).sections["statements"]
    assert [each["act"] for each in of_leaver][-3:] == ["name", "refuse", "name"], "all of what was said about them"
