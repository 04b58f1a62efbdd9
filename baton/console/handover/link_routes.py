"""Personal links into one case over the API: for who has logged in. A link makes and ends no links.

Everybody may have one for themselves. HR may have one sent to somebody else, and never sees it: who holds a link speaks
as its person, and HR does not accept for others.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from baton.console.bodies import BoundedRoute
from baton.console.handover.case_routes import answered, told
from baton.console.handover.deciding import Refusal, require_decides
from baton.console.handover.routes import Here, as_json, from_our_own_script
from baton.console.handover.visitors import Visitor
from baton.console.told import REFUSALS
from baton.errors import ConfigurationError
from baton.hub.offboarding import links
from baton.hub.offboarding.sending_links import send_link
from baton.model.case import Role
from baton.store.personal_links import PersonalLink

link_api: Final = APIRouter(responses=REFUSALS, route_class=BoundedRoute)


class Wanted(BaseModel):
    """For whom, as what. HR has no links: they log in."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    person: Annotated[str, Field(min_length=1, max_length=links.LONGEST_NAME)]
    role: Role


class Ending(BaseModel):
    """Which links end: one by its id, one person's, or (neither named) all of the case."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    person: Annotated[str, Field(max_length=links.LONGEST_NAME)] = ""
    id: Annotated[str, Field(max_length=64)] = ""


@link_api.get("/links")
def links_of(visitor: Here) -> JSONResponse:
    """The links into the case: all for HR, their own for everybody else. None can be shown again."""
    found = links.links_of(visitor.hub, visitor.case.id)
    return as_json({"links": [_line(link) for link in found if visitor.decides or link.person == visitor.person]})


@link_api.post("/links", status_code=201, dependencies=[Depends(from_our_own_script)])
def make(visitor: Here, wanted: Wanted) -> JSONResponse:
    """One for oneself is the answer's ``link``, this once. One for somebody else is sent to them (``sent_by``)."""
    if wanted.role is Role.HR:
        return told(Refusal("role", 403, "HR has no personal links"))

    def making() -> JSONResponse:
        offer = links.Offer(visitor.case.id, wanted.person, wanted.role, visitor.person)
        if wanted.person == visitor.person:
            return as_json({"link": links.make_link(visitor.hub, offer)}, 201)
        require_decides(visitor)
        return as_json({"sent_by": send_link(visitor.hub, offer)}, 201)

    try:
        return answered(making)
    except ConfigurationError as error:
        if any(fault.rule == "no_address" for fault in error.faults):
            return told(Refusal("no_address", 409, error.faults[0].message))
        raise


@link_api.post("/links/end", dependencies=[Depends(from_our_own_script)])
def end(visitor: Here, which: Ending) -> JSONResponse:
    """End links at once: any for HR, their own for everybody else; how many had not ended already."""

    def ending() -> JSONResponse:
        if which.person != visitor.person and not _is_theirs(visitor, which):
            require_decides(visitor)
        by, case = visitor.person, visitor.case.id
        return as_json({"ended": links.revoke(visitor.hub, case, by, person=which.person, link_id=which.id)})

    return answered(ending)


def _is_theirs(visitor: Visitor, which: Ending) -> bool:
    """Whether it is one link, named by nothing but its id, and their own: of another's they do not learn that it is."""
    if which.person or not which.id:
        return False
    found = links.links_of(visitor.hub, visitor.case.id)
    return any(link.id == which.id and link.person == visitor.person for link in found)


def _line(link: PersonalLink) -> dict[str, Any]:
    moments = {name: _instant(getattr(link, name)) for name in ("made_at", "expires_at", "used_at", "revoked_at")}
    return {"id": link.id, "person": link.person, "role": link.role.value, "made_by": link.made_by, **moments}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
