"""Files of an item: put there by a form or a script, listed with it, and fetched again, always as a download."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from baton.console import bodies
from baton.console.described import BYTES, ON, PAGES, answers, reads_bytes, reads_files
from baton.console.handover import reading
from baton.console.handover.deciding import Refusal, refused_as
from baton.console.handover.routes import (
    Here,
    OfItem,
    as_json,
    from_our_own_page,
    from_our_own_script,
    shown_item,
)
from baton.console.handover.sent_files import SentFile, sent_files
from baton.console.handover.visitors import NoEntryError, Visitor
from baton.console.told import REFUSALS
from baton.errors import ApprovalError, ConfigurationError
from baton.hub.offboarding import files
from baton.model.attachment import Attachment
from baton.model.case import Act

file_pages: Final = APIRouter(responses=PAGES, default_response_class=HTMLResponse)
"""Beside `routes.case_pages`, entered in the same way."""
file_api: Final = APIRouter(responses=REFUSALS)
_PART: Final = "file"
DOWNLOAD: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Whatever somebody has uploaded is never shown by us: it is saved, and nothing in it runs under our address."""


async def uploaded_body(request: Request) -> bytes:
    """The body of a request that carries a file."""
    return await bodies.whole_body(request, bodies.UPLOAD)


Upload = Annotated[bytes, Depends(uploaded_body)]


@file_pages.post(
    "/items/{number}/files",
    dependencies=[Depends(from_our_own_page)],
    responses=ON,
    openapi_extra=reads_files((_PART,)),
)
async def attach_by_form(request: Request, number: OfItem, visitor: Here, body: Upload) -> Response:
    """The form of an item's page: one part named ``file``."""
    sent = (await sent_files(request, body, 1)).get(_PART)
    if sent is None:
        raise HTTPException(422, "this is not a form with a file")
    # The store may have to be waited for, and nobody else is answered by a thread that waits here.
    return await run_in_threadpool(_attach_and_show, request, visitor, number, sent)


def _attach_and_show(request: Request, visitor: Visitor, number: int, sent: SentFile) -> Response:
    outcome = _attached(visitor, number, sent.name, sent.content)
    if isinstance(outcome, Refusal):
        return shown_item(request, visitor.again(), number, outcome)
    kept = {key: value for key, value in request.query_params.items() if key == "lang"}
    place = f"{visitor.base}/items/{number}?{urlencode({**kept, 'said': Act.ATTACH.value})}"
    return RedirectResponse(place, 303, headers={"Cache-Control": "no-store"})


@file_api.post("/items/{number}/files", dependencies=[Depends(from_our_own_script)], openapi_extra=reads_bytes())
def attach(
    number: OfItem, visitor: Here, body: Upload, name: Annotated[str, Query(min_length=1, max_length=300)]
) -> JSONResponse:
    """The same for a script: the file is the body, its name is in the address."""
    outcome = _attached(visitor, number, name, body)
    if isinstance(outcome, Refusal):
        return as_json({"detail": outcome.message, "code": outcome.code}, outcome.status)
    return as_json(reading.file_line(outcome))


@file_pages.get("/items/{number}/files/{digest}", response_class=Response, responses=answers(BYTES))
@file_api.get("/items/{number}/files/{digest}", response_class=Response, responses=answers(BYTES))
def download(number: OfItem, digest: str, visitor: Here) -> Response:
    """One file, to whoever sees its item."""
    reading.seen_item(visitor, number)
    try:
        file, content = files.content(visitor.hub, visitor.case, number, digest)
    except ConfigurationError:
        raise NoEntryError("there is no such file, or it is not for you") from None
    shown = f"attachment; filename=\"file\"; filename*=UTF-8''{quote(file.name, safe='')}"
    return Response(content, media_type=BYTES, headers={**DOWNLOAD, "Content-Disposition": shown})


def _attached(visitor: Visitor, number: int, name: str, content: bytes) -> Attachment | Refusal:
    reading.seen_item(visitor, number)
    role = visitor.role_for(Act.ATTACH)
    try:
        return files.attach(visitor.hub, files.Upload(visitor.case.id, number, visitor.person, role, name, content))
    except ApprovalError as error:
        return refused_as(error)
