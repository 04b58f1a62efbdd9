"""The copy that a person may ask for, of handovers: what they held when, their ways in, and files that are elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from baton.hub.keeping import subject_access
from baton.hub.offboarding import files, links
from baton.hub.offboarding.links import Offer
from baton.model.case import Role
from baton.settings_shape import OffboardingPart
from tests.hub.offboarding.conftest import HR, LEAVER, MANAGER, Desk
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
