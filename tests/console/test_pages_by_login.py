"""The pages of a case for who has logged in: a login opens it for as long as something in it is theirs."""

from __future__ import annotations

import pytest
from fastapi import Depends, FastAPI, Request

from baton.console.handover.reading import cases_document
from baton.console.handover.rendering import render
from baton.console.handover.routes import case_pages, let_in
from baton.console.handover.visitors import by_login
from tests.console.conftest import SAME_ORIGIN, Place
from tests.hub.offboarding.conftest import SUCCESSOR
from tests.rig.handover_pages import plain_client, served


def application(place: Place) -> FastAPI:
    """The pages without Airflow: it is always the successor who has logged in."""
    app = FastAPI()

    def enter(request: Request, case_id: str) -> None:
        let_in(request, by_login(place.desk.hub, case_id, SUCCESSOR, decides=False, root=""))

    app.include_router(case_pages, prefix="/cases/{case_id}", dependencies=[Depends(enter)])
    return app


@pytest.mark.parametrize("page", ["say", "items/{number}/say"])
def test_who_refuses_the_last_that_is_theirs_is_told_so_on_the_list_of_cases(place: Place, page: str) -> None:
    places = []
    with served(application(place)) as address, plain_client(address) as client:
        for item in map(place.item, ("client", "deal")):
            words = {"act": "refuse", "item": f"{item.id}:{item.version}", "text": "no time"}
            said = f"/cases/{place.case.id}/{page.format(number=item.id)}"
            answer = client.post(said, data=words, headers=SAME_ORIGIN)
            assert answer.status_code == 303
            places.append(answer.headers["location"].partition("?"))
    assert [place for place, _, _ in places] == [f"/cases/{place.case.id}/", "/cases"]
    assert places[1][2] == "said=refuse&count=1"
    query = {"show": "", "kind": "", "page": "", "said": "refuse", "count": "1"}
    shown = cases_document(place.desk.hub, SUCCESSOR, decides=False)
    assert "Refused: 1." in render("cases", "en", root="", asked="", place="/cases", query=query, **shown)
