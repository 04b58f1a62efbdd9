"""The addresses of one case, the same for a link's holder and for who has logged in; only who enters differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from baton.console import bodies
from baton.console.described import ON, PAGES, reads
from baton.console.handover import deciding, reading
from baton.console.handover.deciding import Refusal, Words
from baton.console.handover.listing import Asked, View
from baton.console.handover.rendering import HEADERS, render
from baton.console.handover.visitors import NoEntryError, Visitor
from baton.console.pages import spoken
from baton.console.told import REFUSALS
from baton.hub.offboarding import completing
from baton.jobs.offboarding.steps import exception_asked
from baton.languages import LANGUAGES
from baton.model.case import LARGEST_NUMBER, Act, Item, ItemState
from baton.model.handover import HoldingKind

Show = Literal[""] | View | ItemState


@dataclass(frozen=True, slots=True)
class Speaker:
    """How a page of this request is made."""

    request: Request

    def page(self, name: str, place: str = "", *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page in the reader's language. ``place`` is its own path, where the request has another."""
        query = self.request.query_params
        asked = query.get("lang", "")
        content = render(
            name,
            spoken(self.request),
            root=self.request.scope.get("root_path", ""),
            asked=asked if asked in LANGUAGES else "",
            place=place or self.request.url.path,
            query={key: query.get(key, "") for key in _KEPT},
            **values,
        )
        return HTMLResponse(content, status, headers={**HEADERS, "Vary": "Accept-Language"})


_KEPT: Final = ("show", "kind", "page", "said", "count")
"""What a change of language leaves as it is."""


def from_our_own_page(request: Request) -> None:
    """A page of somebody else's cannot post here: neither header can be set by it."""
    if request.headers.get("x-baton-console") == "1" or request.headers.get("sec-fetch-site") == "same-origin":
        return
    origin = request.headers.get("origin", "")
    if "sec-fetch-site" in request.headers or not origin or urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "this request comes from another site")


def from_our_own_script(request: Request) -> None:
    """The same for calls of the API: they say so, and no other site can."""
    if request.headers.get("x-baton-console") != "1":
        raise HTTPException(403, "the header X-Baton-Console: 1 is missing")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this request comes from another site")


async def bounded_body(request: Request) -> bytes:
    """The body of a request that says something, whoever it comes from."""
    return await bodies.whole_body(request, bodies.Bound())


PageNumber = Annotated[int, Query(ge=1, le=100_000)]


def asked_for(
    show: Annotated[Show, Query()] = "",
    kind: Annotated[HoldingKind | Literal[""], Query()] = "",
    page: PageNumber = 1,
) -> Asked:
    """The part of the list that the address asks for."""
    return Asked(str(show), kind or None, page)


def visitor_here(request: Request) -> Visitor:
    """Whoever `let_in` has let in to this request."""
    visitor: Visitor = request.state.visitor
    return visitor


def let_in(request: Request, visitor: Visitor) -> None:
    """For the dependency that an application puts before these routes: this is who asks."""
    request.state.visitor = visitor


Here = Annotated[Visitor, Depends(visitor_here)]
Part = Annotated[Asked, Depends(asked_for)]
Body = Annotated[bytes, Depends(bounded_body)]
OfItem = Annotated[int, Path(le=LARGEST_NUMBER)]
"""The number of an item, in an address."""
case_pages: Final = APIRouter(responses=PAGES, default_response_class=HTMLResponse)
"""The pages of a case. Whoever includes them decides, with a dependency that calls `let_in`, who enters."""
case_api: Final = APIRouter(responses=REFUSALS)
"""The same as JSON."""
_SAYING: Final[Mapping[str, Any]] = {
    "dependencies": [Depends(from_our_own_page)],
    "responses": ON,
    "openapi_extra": deciding.FORM_OF_WORDS,
}
"""Of a route that takes the form of what somebody says."""


# --- pages


@case_pages.get("/")
def list_page(request: Request, visitor: Here, asked: Part) -> Response:
    """The list, or a part of it."""
    return _list(request, visitor, asked)


@case_pages.get("/items/{number}")
def item_page(request: Request, number: OfItem, visitor: Here) -> Response:
    """One item."""
    return shown_item(request, visitor, number)


@case_pages.get("/finish")
def finish_page(request: Request, visitor: Here) -> Response:
    """What is missing, or the way to complete the case."""
    return _finish(request, visitor)


@case_pages.post("/say", **_SAYING)
def say_on_list(request: Request, visitor: Here, asked: Part, body: Body) -> Response:
    """Something about one or more items of the list."""
    words, outcome = _said(visitor, deciding.from_form(body))
    if isinstance(outcome, Refusal):
        return _list(request, visitor.again(), asked, outcome, words)
    return _back(request, _place_after(visitor, outcome, f"{visitor.base}/"), outcome, words)


@case_pages.post("/items/{number}/say", **_SAYING)
def say_on_item(request: Request, number: OfItem, visitor: Here, body: Body) -> Response:
    """Something about one item, from its own page."""
    words, outcome = _said(visitor, deciding.from_form(body))
    if isinstance(outcome, Refusal):
        return shown_item(request, visitor.again(), number, outcome, words)
    return _back(request, _place_after(visitor, outcome, f"{visitor.base}/items/{number}"), outcome, words)


@case_pages.post("/case", **_SAYING)
def say_on_case(request: Request, visitor: Here, body: Body) -> Response:
    """Pause, retract, reopen or complete the case."""
    words, outcome = _said(visitor, deciding.from_form(body))
    if not isinstance(outcome, Refusal):
        return _back(request, f"{visitor.base}/", outcome, words)
    if outcome.code == "unfinished":
        return _finish(request, visitor.again(), outcome, words)
    return _list(request, visitor.again(), Asked(), outcome, words)


# --- JSON


@case_api.get("")
def one_case(visitor: Here) -> JSONResponse:
    """The case and how far it is."""
    document = reading.case_document(visitor, Asked())
    return as_json({name: document[name] for name in ("case", "roles", "progress", "counts", "kinds")})


@case_api.get("/items")
def items(visitor: Here, asked: Part) -> JSONResponse:
    """One page of the list."""
    document = reading.case_document(visitor, asked)
    lines = [line for group in document["groups"] for line in group["items"]]
    return as_json({"items": lines, **{name: document[name] for name in ("show", "page", "pages", "total")}})


@case_api.get("/items/{number}")
def item(number: OfItem, visitor: Here) -> JSONResponse:
    """One item with its versions and what was said about it."""
    document = reading.item_document(visitor, number)
    return as_json({name: document[name] for name in ("item", "versions", "statements", "files", "related")})


@case_api.get("/statements")
def statements(visitor: Here, after: Annotated[int, Query(ge=0, le=10**9)] = 0) -> JSONResponse:
    """What was said, oldest first, without the first ``after``; ``next`` is the value for the following page."""
    return as_json(reading.statements_document(visitor, after))


@case_api.post("/statements", dependencies=[Depends(from_our_own_script)], openapi_extra=reads(Words))
def say(visitor: Here, body: Body) -> JSONResponse:
    """Say something: `deciding.Words` as JSON. All of it is done, or nothing and the reason told."""
    _, outcome = _said(visitor, deciding.from_json(body))
    if isinstance(outcome, Refusal):
        return as_json({"detail": outcome.message, "code": outcome.code}, outcome.status)
    after = [{"id": item.id, "version": item.version, "state": item.state.value} for item in outcome]
    return as_json({"case": visitor.again().case.state.value, "items": after})


@case_api.get("/obstacles")
def obstacles(visitor: Here) -> JSONResponse:
    """What keeps the case from being completed. Every system is asked now."""
    found = _gate(visitor).obstacles
    lines = [{"what": each.what.value, "count": each.count, "message": each.message} for each in found]
    return as_json({"obstacles": lines})


# --- answers


def _said(visitor: Visitor, words: Words | Refusal) -> tuple[Words | Refusal, Sequence[Item] | Refusal]:
    return words, words if isinstance(words, Refusal) else deciding.carry_out(visitor, words)


def _list(
    request: Request,
    visitor: Visitor,
    asked: Asked,
    refusal: Refusal | None = None,
    words: Words | Refusal | None = None,
) -> Response:
    document = reading.case_document(visitor, asked)
    chosen = words.items if isinstance(words, Words) else {}
    return Speaker(request).page(
        "case",
        f"{visitor.base}/",
        status=refusal.status if refusal else 200,
        visitor=visitor,
        refusal=refusal,
        chosen=chosen,
        typed=_typed(words),
        ahead=reading.ahead_document(visitor),
        **document,
    )


def shown_item(
    request: Request,
    visitor: Visitor,
    number: int,
    refusal: Refusal | None = None,
    words: Words | Refusal | None = None,
) -> Response:
    """The page of one item."""
    document = reading.item_document(visitor, number)
    return Speaker(request).page(
        "item",
        f"{visitor.base}/items/{number}",
        status=refusal.status if refusal else 200,
        visitor=visitor,
        refusal=refusal,
        typed=_typed(words),
        **document,
    )


def _finish(
    request: Request, visitor: Visitor, refusal: Refusal | None = None, words: Words | Refusal | None = None
) -> Response:
    gate = _gate(visitor)
    document = reading.case_document(visitor.again(), Asked())
    return Speaker(request).page(
        "finish",
        f"{visitor.base}/finish",
        status=refusal.status if refusal else 200,
        visitor=visitor,
        refusal=refusal,
        obstacles=gate.obstacles,
        typed=_typed(words),
        **document,
    )


def _typed(words: Words | Refusal | None) -> dict[str, str]:
    """What stands in its form again when it was refused: nobody types a reason twice."""
    if not isinstance(words, Words):
        empty = dict.fromkeys(("act", "text", "successor"), "")
        return empty if words is None else {**empty, **words.typed}
    return {"act": words.act.value, "text": words.text, "successor": words.successor}


def _gate(visitor: Visitor) -> completing.Gate:
    if not visitor.decides:
        raise NoEntryError("there is nothing here for you")
    return completing.gate(visitor.hub, visitor.case.id)


def _place_after(visitor: Visitor, outcome: Sequence[Item], place: str) -> str:
    """Back to where it was said; to the list of who sees an item no more, and of who sees none by login, to all cases.

    A login opens a case to a successor for as long as something in it is theirs, a link for as long as it holds.
    """
    if all(map(visitor.sees, outcome)):
        return place
    with visitor.hub.database.read() as connection:
        left = visitor.hub.checklists.outline(connection, visitor.case.id, visitor.successor)
    return f"{visitor.base}/" if left or not visitor.home else visitor.home


def _back(request: Request, path: str, outcome: Sequence[Item], words: Words | Refusal) -> Response:
    """To the page itself, which says what was done: loading it again says nothing twice."""
    said: Mapping[str, str] = {"said": _done(words.act, outcome)} if isinstance(words, Words) else {}
    kept = {name: value for name, value in request.query_params.items() if name in ("lang", "show", "kind", "page")}
    query = urlencode({**kept, **said, "count": len(outcome)})
    return RedirectResponse(f"{path}?{query}", 303, headers={"Cache-Control": "no-store"})


def _done(act: Act, outcome: Sequence[Item]) -> str:
    """What the page says was done: the first of two people only asks for an exception."""
    return "exception" if act is Act.LEAVE and any(map(exception_asked, outcome)) else act.value


def as_json(document: Mapping[str, Any], status: int = 200) -> JSONResponse:
    """An answer of the API."""
    headers = {name: HEADERS[name] for name in ("Cache-Control", "X-Content-Type-Options", "Referrer-Policy")}
    return JSONResponse(dict(document), status, headers=headers)
