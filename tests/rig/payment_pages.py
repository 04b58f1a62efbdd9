"""The pages of pay runs without Airflow: who asks says so in a header, which only a test believes."""

from __future__ import annotations

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from baton.console import pages
from baton.console.handover.app import refuse_strangers
from baton.console.payments.officers import let_in, officer
from baton.console.payments.routes import run_api, run_pages
from baton.console.payments.settlement_pages import settlement_pages
from baton.console.payments.settlement_routes import settlement_api
from baton.errors import ConfigurationError
from baton.hub import Hub

PERSON = "X-Test-Person"
OPERATOR = "ops-zhou"
"""Somebody who may run things in Airflow and holds no office."""


def application(hub: Hub) -> FastAPI:
    """The routes of pay runs for one hub."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"))

    def enter(request: Request) -> None:
        person = request.headers[PERSON]
        let_in(request, officer(hub, person, operates=person == OPERATOR))

    refuse_strangers(app)
    app.include_router(settlement_api, dependencies=[Depends(enter)])
    app.include_router(settlement_pages, dependencies=[Depends(enter)])
    app.include_router(run_pages, dependencies=[Depends(enter)])
    app.include_router(run_api, dependencies=[Depends(enter)])

    @app.exception_handler(ConfigurationError)
    def not_there(_: Request, error: ConfigurationError) -> Response:
        return JSONResponse({"detail": str(error)}, 404)

    return app
