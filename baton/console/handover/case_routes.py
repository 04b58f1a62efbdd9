"""What else the API does about one case: take back, look ahead, certify. Entered as `routes.case_api` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from baton.console.bodies import BoundedRoute
from baton.console.described import JSON, answers
from baton.console.handover.deciding import LONGEST_TEXT, MOST_ITEMS, Number, Refusal, refused_as, require_decides
from baton.console.handover.filing import DOWNLOAD
from baton.console.handover.routes import Here, as_json, from_our_own_script
from baton.console.handover.visitors import NoEntryError, Visitor
from baton.console.told import REFUSALS
from baton.errors import ApprovalError, TransitionError
from baton.hub.offboarding import certifying
from baton.hub.offboarding.ahead import last_look, look_ahead
from baton.hub.offboarding.certificate import Certificate, issue
from baton.hub.offboarding.undoing import undo

more_api: Final = APIRouter(responses=REFUSALS, route_class=BoundedRoute)
Given = TypeVar("Given")
Form = Literal["pdf", "json"]
_MEDIA: Final = {"pdf": "application/pdf", "json": JSON}
_FILES: Final[Mapping[str, Any]] = {
    "response_class": Response,
    "responses": {200: {"content": {**answers(_MEDIA["pdf"])[200]["content"], JSON: {}}}},
}
"""Of a route that answers with either."""


class Undo(BaseModel):
    """What is to be taken back (these items; none named: everything), and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    why: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    items: Annotated[list[Number], Field(max_length=MOST_ITEMS)] = []


class Issue(BaseModel):
    """In which language the pages of a certificate are."""

    model_config = ConfigDict(extra="forbid")
    language: Literal["zh", "en", "ja", "ko"] = "zh"


@more_api.post("/undo", dependencies=[Depends(from_our_own_script)])
def take_back(visitor: Here, wanted: Undo) -> JSONResponse:
    """Take back what was passed on and can be: planned now, carried out by the next run. HR only."""

    def undoing() -> JSONResponse:
        require_decides(visitor)
        undone = undo(visitor.hub, visitor.case.id, visitor.person, wanted.why, wanted.items)
        ids = {"back": [item.id for item in undone.items], "irreversible": [item.id for item in undone.irreversible]}
        return as_json({"run": undone.run_id, **ids, "rights": undone.rights})

    return answered(undoing)


@more_api.post("/prescan", dependencies=[Depends(from_our_own_script)])
def look_ahead_now(visitor: Here) -> JSONResponse:
    """What will get in the way of the last day. Every system is asked now. For HR and the manager."""
    _require_oversight(visitor)
    (scan,) = look_ahead(visitor.hub, [visitor.case]).values()
    return as_json(scan.document())


@more_api.get("/prescan")
def looked_ahead(visitor: Here) -> JSONResponse:
    """The same as it was found last, ``at``; nothing (an empty document) before the first look."""
    _require_oversight(visitor)
    last = last_look(visitor.hub, visitor.case)
    return as_json({} if last is None else last.document())


@more_api.get("/certificate.{form}", **_FILES)
def kept_certificate(form: Form, visitor: Here) -> Response:
    """The certificate that was kept when the case was completed: the PDF, or its manifest. For HR and the manager."""
    _require_oversight(visitor)
    return answered(lambda: _file(certifying.kept(visitor.hub, visitor.case.id), form))


@more_api.post("/certificate.{form}", dependencies=[Depends(from_our_own_script)], **_FILES)
def new_certificate(form: Form, visitor: Here, wanted: Issue) -> Response:
    """One by what every system says now, in any of the languages. It is not kept. HR only."""

    def issuing() -> Response:
        require_decides(visitor)
        return _file(issue(visitor.hub, visitor.case.id, visitor.person, wanted.language), form)

    return answered(issuing)


def answered(does: Callable[[], Given]) -> Given | JSONResponse:
    """What this gives, or the core's refusal of it with the status that fits."""
    try:
        return does()
    except (ApprovalError, TransitionError) as error:
        return told(refused_as(error))


def told(refusal: Refusal) -> JSONResponse:
    """A refusal as the API says it."""
    return as_json({"detail": refusal.message, "code": refusal.code}, refusal.status)


def _require_oversight(visitor: Visitor) -> None:
    if not visitor.oversees:
        raise NoEntryError("there is nothing here for you")


def _file(certificate: Certificate, form: Form) -> Response:
    content = certificate.pdf if form == "pdf" else certificate.manifest
    named = f'attachment; filename="{certificate.case_id}.{form}"'
    return Response(content, media_type=_MEDIA[form], headers={**DOWNLOAD, "Content-Disposition": named})
