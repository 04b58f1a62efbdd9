"""The addresses of pay runs. Whoever includes them decides, with a dependency that calls `let_in`, who enters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from baton.console.bodies import whole_body
from baton.console.described import FORM, LINES, ON, PAGES, reads, reads_as
from baton.console.handover.routes import as_json, bounded_body, from_our_own_page, from_our_own_script
from baton.console.payments import deciding, findings, intake, month, reading
from baton.console.payments.deciding import Refusal, Words, typed_in
from baton.console.payments.intake import Unread, Wanted
from baton.console.payments.officers import Here, Holder, Officer
from baton.console.payments.reading import Part
from baton.console.payments.rendering import Spoken, page
from baton.console.payments.taking_on import Reason, Taken, take_on
from baton.console.payments.words import refusal_text
from baton.console.told import REFUSALS
from baton.errors import ApprovalError, ConfigurationError, FeedRefusedError, TransitionError
from baton.languages import Language
from baton.model.pay_run import LineState
from baton.model.payable import PERIOD_PATTERN

_FURTHEST: Final = 10**9
Body = Annotated[bytes, Depends(bounded_body)]
run_pages: Final = APIRouter(prefix="/payments", responses=PAGES, default_response_class=HTMLResponse)
run_api: Final = APIRouter(prefix="/api/payments", responses=REFUSALS)
"""The same as JSON."""


def asked_for(
    state: Annotated[LineState | None, Query()] = None,
    after: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
    findings_after: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0,
) -> Part:
    """The part of a run that the address asks for."""
    return Part(state, after, findings_after)


Asked = Annotated[Part, Depends(asked_for)]
OfMonth = Annotated[str, Path(pattern=PERIOD_PATTERN)]
"""Such as 2026-11."""


# --- pages


@run_pages.get("")
def runs_page(request: Request, who: Here) -> Response:
    """The newest runs."""
    return page(request, "runs", **reading.runs_document(who))


@run_pages.get("/months/{period}")
def month_page(request: Request, period: OfMonth, who: Here, language: Spoken) -> Response:
    """A month of runs over all banks."""
    return _month_page(request, period, who, language)


@run_pages.post(
    "/months/{period}", dependencies=[Depends(from_our_own_page)], responses=ON, openapi_extra=reads(Taken, FORM)
)
def take_on_page(request: Request, period: OfMonth, who: Holder, body: Body, language: Spoken) -> Response:
    """Take a difference on. A refusal comes back on the same page, with what to do."""
    words = deciding.from_form(Taken, body)
    refusal = words if isinstance(words, Refusal) else take_on(who, words.key, words.why)
    if refusal is not None:
        return _month_page(request, period, who, language, refusal, typed_in(body))
    root = request.scope.get("root_path", "")
    address = f"{root}/payments/months/{period}?{urlencode({'lang': language})}"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


@run_pages.get("/{run_id}")
def run_page(request: Request, run_id: str, who: Here, asked: Asked, language: Spoken) -> Response:
    """One run, and what the person may do about it."""
    return _run_page(request, who, run_id, asked, language)


@run_pages.post("/{run_id}", dependencies=[Depends(from_our_own_page)], responses=ON, openapi_extra=reads(Words, FORM))
def act_on_page(request: Request, run_id: str, who: Here, body: Body, language: Spoken) -> Response:
    """Do something about a run. A refusal comes back on the same page, with what to do."""
    words = deciding.from_form(Words, body)
    refusal = words if isinstance(words, Refusal) else deciding.carry_out(who, run_id, words)
    if refusal is not None:
        return _run_page(request, who, run_id, Part(), language, refusal, typed_in(body))
    assert isinstance(words, Words)
    # To the page itself, which says what was done: loading it again does nothing twice.
    query = urlencode({"lang": language, "said": words.act.value})
    root = request.scope.get("root_path", "")
    address = f"{root}/payments/{quote(run_id, safe='')}?{query}"
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


# --- JSON


@run_api.get("")
def runs(who: Here, limit: Annotated[int, Query(ge=1, le=200)] = reading.RUNS_SHOWN) -> JSONResponse:
    """The newest runs."""
    return as_json(reading.runs_document(who, limit))


@run_api.get("/months/{period}")
def one_month(period: OfMonth, who: Here) -> JSONResponse:
    """A month of runs over all banks, as each was last compared: sums a run, verdicts, what differs."""
    return as_json(month.month_document(who, period))


@run_api.post(
    "/differences/{key}/acknowledge", dependencies=[Depends(from_our_own_script)], openapi_extra=reads(Reason)
)
def acknowledge(key: Annotated[str, Path(max_length=64)], who: Holder, body: Body, language: Spoken) -> JSONResponse:
    """Take a difference on: nobody is told of it any more. It stays listed while it stands."""
    words = deciding.from_json(Reason, body)
    refusal = words if isinstance(words, Refusal) else take_on(who, key, words.why)
    return _refused(refusal, language) if refusal is not None else as_json({"key": key, "taken_on_by": who.person})


@run_api.get("/{run_id}")
def run(run_id: str, who: Here, asked: Asked, language: Spoken) -> JSONResponse:
    """One run with its first findings and lines, or those behind ``after`` and ``findings_after``."""
    return as_json(reading.run_document(who, run_id, asked, language))


@run_api.get("/{run_id}/lines")
def lines(run_id: str, who: Here, asked: Asked) -> JSONResponse:
    """Lines alone; ``next`` is the value of ``after`` for the following page."""
    return as_json(reading.lines_document(who, run_id, asked))


@run_api.post("/{run_id}/decisions", dependencies=[Depends(from_our_own_script)], openapi_extra=reads(Words))
def act(run_id: str, who: Here, body: Body, language: Spoken) -> JSONResponse:
    """Do something about a run: `deciding.Words` as JSON. The run as it is afterwards, or why nothing was done."""
    words = deciding.from_json(Words, body)
    refusal = words if isinstance(words, Refusal) else deciding.carry_out(who, run_id, words)
    if refusal is not None:
        return _refused(refusal, language)
    return as_json(reading.run_document(who, run_id, Part(), language))


@run_api.post(
    "",
    status_code=201,
    dependencies=[Depends(from_our_own_script)],
    openapi_extra=reads_as({LINES: intake.SHAPE}, required=False),
)
async def hand_in(request: Request, who: Here, wanted: Annotated[Wanted, Query()]) -> JSONResponse:
    """Draft a run of the payables in the body, one JSON object a line."""
    body = await whole_body(request, intake.MOST)
    return await run_in_threadpool(_hand_in, who, wanted, body)


def _hand_in(who: Officer, wanted: Wanted, body: bytes) -> JSONResponse:
    try:
        drafted = intake.hand_in(who, wanted, body)
    except (ApprovalError, TransitionError) as error:
        refusal = deciding.refused_as(error)
        return as_json({"detail": refusal.message, "code": refusal.code}, refusal.status)
    except FeedRefusedError as error:
        first = error.breaches[0]
        errors = intake.errors_document(error.faults)
        return as_json({"detail": first.message, "code": first.guard, "errors": errors}, 422)
    except ConfigurationError as error:
        wrong = deciding.misnamed(error)
        if wrong is None:
            raise
        return as_json({"detail": wrong.message, "code": wrong.code}, wrong.status)
    if isinstance(drafted, Unread):
        errors = intake.errors_document(drafted.faults)
        return as_json({"detail": drafted.message, "code": drafted.code, "errors": errors}, 422)
    return as_json(intake.drafted_document(drafted), 201)


# --- answers


def _refused(refusal: Refusal, language: Language) -> JSONResponse:
    told = {"detail": refusal.message, "code": refusal.code, "remedy": refusal_text(refusal, language)}
    return as_json(told, refusal.status)


def _month_page(
    request: Request,
    period: str,
    who: Officer,
    language: Language,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    return page(
        request,
        "month",
        status=200 if refusal is None else refusal.status,
        refusal="" if refusal is None else refusal_text(refusal, language),
        sum_names=month.SUMS,
        longest_why=deciding.LONGEST_WHY,
        typed=typed,
        **month.month_document(who, period),
    )


def _run_page(
    request: Request,
    who: Officer,
    run_id: str,
    asked: Part,
    language: Language,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    document = reading.run_document(who, run_id, asked, language)
    said = request.query_params.get("said", "")
    return page(
        request,
        "run",
        status=200 if refusal is None else refusal.status,
        refusal="" if refusal is None else refusal_text(refusal, language),
        said=said if refusal is None and said in tuple(deciding.Act) else "",
        asked=asked,
        lines_shown=reading.LINES_SHOWN,
        findings_shown=findings.SHOWN,
        longest_why=deciding.LONGEST_WHY,
        typed=typed,
        **document,
    )
