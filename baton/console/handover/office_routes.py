"""What the API does about handovers beside any one case: open one, answer for all, work out commission, check a file.

Whoever includes these routes decides, with a dependency that calls `let_in`, who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from baton.console import bodies
from baton.console.described import reads_bytes, reads_files
from baton.console.handover.case_routes import answered, told
from baton.console.handover.deciding import refused_as
from baton.console.handover.routes import as_json, from_our_own_script
from baton.console.handover.sent_files import SentFile, sent_files
from baton.console.told import REFUSALS
from baton.errors import ApprovalError, BatonError, ConfigurationError
from baton.hub import Hub, proof
from baton.hub.offboarding import closing
from baton.hub.offboarding.accountability import table
from baton.hub.offboarding.casework import Opening
from baton.hub.offboarding.certificate import verify
from baton.hub.offboarding.commission import Sheet, Sheets, document, read_facts
from baton.hub.offboarding.opening import open_and_look
from baton.hub.offboarding.standing import require_hr
from baton.jobs.offboarding.commission import statement
from baton.jobs.offboarding.commission_policy import commission_policy_of
from baton.model.case import Cause

LARGE: Final = bodies.Bound(64 * 1024 * 1024, 180.0)
"""For a certificate of a very long list, and for the tables of a year."""
_NEEDED: Final = ("orders", "payments", "policy")
_OPTIONAL: Final = ("owners", "leavers")
office_api: Final = APIRouter(responses=REFUSALS, route_class=bodies.BoundedRoute)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Whoever has logged in, before any case."""

    hub: Hub = field(repr=False)
    person: str
    decides: bool
    """Whether Airflow lets them decide. HR is who that holds of and whom the hub calls so."""

    def require_hr(self, number: str = "") -> None:
        """Raise `ApprovalError` unless they are HR, and not the one it is about."""
        if not self.decides:
            raise ApprovalError("your role may look, not decide", code="role")
        require_hr(self.hub, self.person, number)


def let_in(request: Request, clerk: Clerk) -> None:
    """For the dependency before these routes: this is who asks."""
    request.state.clerk = clerk


def clerk_here(request: Request) -> Clerk:
    """Whoever `let_in` has let in to this request."""
    clerk: Clerk = request.state.clerk
    return clerk


async def _large_body(request: Request) -> bytes:
    return await bodies.whole_body(request, LARGE)


Here = Annotated[Clerk, Depends(clerk_here)]
Large = Annotated[bytes, Depends(_large_body)]


class NewCase(BaseModel):
    """A case to be opened. What is left out comes from what HR has told."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    number: Annotated[str, Field(min_length=1, max_length=100)]
    cause: Cause = Cause.BY_HAND
    manager: Annotated[str, Field(max_length=100)] = ""
    last_working_at: AwareDatetime | None = None


class Statement(BaseModel):
    """What is asked for beside the files: the address's query."""

    model_config = ConfigDict(extra="forbid")
    person: Annotated[str, Field(max_length=100)] = ""
    book: Annotated[str, Field(min_length=1, max_length=60)] = closing.BOOK
    close: Annotated[str, Field(max_length=7)] = ""
    """Close every month up to this one (``2026-10``), for good."""


@office_api.post("/cases", status_code=201, dependencies=[Depends(from_our_own_script)])
def open_one(who: Here, wanted: NewCase) -> JSONResponse:
    """Open a case, or give the one that is open; every system is asked at once. HR only."""

    def opening() -> JSONResponse:
        who.require_hr(wanted.number)
        about = (wanted.number, wanted.cause, who.person, wanted.manager, wanted.last_working_at)
        refreshed = open_and_look(who.hub, Opening(*about))
        case = refreshed.case
        return as_json({"case": case.id, "state": case.state.value, "unread": dict(refreshed.unread)}, 201)

    try:
        return answered(opening)
    except ConfigurationError as error:
        return _refused(error, "unknown_person")
    except BatonError as error:
        if error.code not in ("no_manager", "date_range"):
            raise
        return told(refused_as(error))


@office_api.get("/accountability")
def accountability(who: Here, at: Annotated[AwareDatetime | None, Query()] = None) -> JSONResponse:
    """Who held which client when, and who answers for which receivable at a moment (default: now). HR only."""

    def answering() -> JSONResponse:
        who.require_hr()
        return as_json(table(who.hub, at).document())

    return answered(answering)


@office_api.post("/certificates/verify", dependencies=[Depends(from_our_own_script)], openapi_extra=reads_bytes())
def check(who: Here, body: Large) -> JSONResponse:
    """Check a certificate (the PDF, or its manifest): the body, against this hub's public keys."""
    return as_json(verify(body, proof.public_keys(who.hub)).shown())


@office_api.post(
    "/commission", dependencies=[Depends(from_our_own_script)], openapi_extra=reads_files(_NEEDED, _OPTIONAL)
)
async def commission(request: Request, who: Here, asked: Annotated[Statement, Query()]) -> JSONResponse:
    """A statement from a form's files ``orders``, ``payments``, ``policy`` (``owners``, ``leavers``). HR only."""
    refusal = await run_in_threadpool(answered, who.require_hr)
    if refusal is not None:
        return refusal
    sent = await sent_files(request, await bodies.whole_body(request, LARGE), len(_NEEDED) + len(_OPTIONAL))
    if not set(_NEEDED) <= sent.keys() <= {*_NEEDED, *_OPTIONAL}:
        raise HTTPException(422, f"send {', '.join(_NEEDED)}, and no other files than {', '.join(_OPTIONAL)} beside")
    return await run_in_threadpool(_stated, who, sent, asked)


def _stated(who: Clerk, sent: Mapping[str, SentFile], asked: Statement) -> JSONResponse:
    # Named by their parts: what somebody calls a file on their machine says nothing here.
    sheets = {name: Sheet.given(name, file.content) for name, file in sent.items() if name != "policy"}
    try:
        rules = commission_policy_of(sent["policy"].content, "policy")
        facts = read_facts(Sheets(**sheets), lambda: nullcontext(who.hub))
        lines = statement(facts, rules, closing.remembered(who.hub, asked.book))
        if asked.close:
            closing.close(who.hub, asked.book, asked.close, lines, who.person)
    except ConfigurationError as error:
        return as_json({"detail": "this cannot be worked out", "code": "files", "errors": _errors(error)}, 422)
    return as_json(document(lines, asked.person))


def _refused(error: ConfigurationError, *rules: str) -> JSONResponse:
    """A fault that is the caller's; what is wrong with the hub itself is raised again."""
    found = next((fault for fault in error.faults if fault.rule in rules), None)
    if found is None:
        raise error
    return as_json({"detail": found.message, "code": found.rule}, 422)


def _errors(error: ConfigurationError) -> Sequence[dict[str, Any]]:
    return [{"place": each.place, "code": each.rule, "message": each.message} for each in error.faults]
