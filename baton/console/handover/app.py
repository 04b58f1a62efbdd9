"""The application that holders of personal links reach: it needs neither Airflow nor a login."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from baton.console import bodies, pages
from baton.console.described import PAGES
from baton.console.handover import reading
from baton.console.handover.alerting import alert_api, alert_pages
from baton.console.handover.case_routes import more_api
from baton.console.handover.filing import file_api, file_pages
from baton.console.handover.routes import Speaker, case_api, case_pages, let_in
from baton.console.handover.veil import TokenVeil
from baton.console.handover.visitors import NoEntryError, by_link
from baton.console.told import REFUSALS, unreadable
from baton.errors import BatonError, UnstorableError
from baton.hub import Hub
from baton.hub.offboarding.links import PLACE, LinkRefusedError

log = logging.getLogger("baton.console")

OpenHub = Callable[[], Hub]


def links_app(hub: OpenHub) -> FastAPI:
    """Pages below ``/<token>``, their API below ``/<token>/api/cases``, our own static files."""
    app = bodies.application()
    app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"), name="static")

    def enter(request: Request, token: str) -> None:
        let_in(request, by_link(hub(), token, _root(request)))

    def enter_case(request: Request, token: str, case_id: str) -> None:
        let_in(request, by_link(hub(), token, _root(request), case_id))

    @app.get("/{token}/api/cases", responses=REFUSALS)
    def cases(request: Request, token: str) -> JSONResponse:
        """The one case that the link opens."""
        found = reading.own_case_document(by_link(hub(), token, _root(request)))
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    @app.get(
        "/{token}",
        dependencies=[Depends(enter)],
        response_class=RedirectResponse,
        status_code=303,
        responses=PAGES,
    )
    def whole_address(request: Request, token: str) -> Response:
        """Links are given out without the slash that the pages' own addresses are relative to."""
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{_root(request)}/{token}/{query}", 303, headers={"Cache-Control": "no-store"})

    app.include_router(case_api, prefix="/{token}/api/cases/{case_id}", dependencies=[Depends(enter_case)])
    app.include_router(file_api, prefix="/{token}/api/cases/{case_id}", dependencies=[Depends(enter_case)])
    app.include_router(alert_api, prefix="/{token}/api/cases/{case_id}", dependencies=[Depends(enter_case)])
    app.include_router(more_api, prefix="/{token}/api/cases/{case_id}", dependencies=[Depends(enter_case)])
    app.include_router(case_pages, prefix="/{token}", dependencies=[Depends(enter)])
    app.include_router(file_pages, prefix="/{token}", dependencies=[Depends(enter)])
    app.include_router(alert_pages, prefix="/{token}", dependencies=[Depends(enter)])
    refuse_strangers(app)
    app.exception_handler(RequestValidationError)(unreadable)
    app.add_middleware(TokenVeil)

    @app.exception_handler(BatonError)
    def out_of_order(request: Request, error: BatonError) -> Response:
        # Whoever asks may be a stranger: what is wrong with us goes to the log only.
        log.error("a page of a handover could not be made: %s", error)
        return _told(request, 503, "hub", "the hub cannot be opened just now")

    return app


def refuse_strangers(app: FastAPI) -> None:
    """One answer to every link that opens nothing, one to what is not for the visitor, one to what is no text."""

    @app.exception_handler(LinkRefusedError)
    def no_link(request: Request, error: LinkRefusedError) -> Response:
        return _told(request, 404, error.code, str(error))

    @app.exception_handler(UnstorableError)
    def no_text(request: Request, error: UnstorableError) -> Response:
        return _told(request, 422, error.code, str(error))

    @app.exception_handler(NoEntryError)
    def no_entry(request: Request, error: NoEntryError) -> Response:
        return _told(request, 404, error.code, str(error))


def standalone(hub: OpenHub) -> FastAPI:
    """The link pages as a server of their own, at the path that links have."""
    app = bodies.application()
    app.mount(f"/{PLACE}", links_app(hub))
    return app


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _told(request: Request, status: int, code: str, message: str) -> Response:
    if "/api/" in request.url.path:
        return JSONResponse({"detail": message, "code": code}, status, headers={"Cache-Control": "no-store"})
    return Speaker(request).page("refused", status=status, code=code)
