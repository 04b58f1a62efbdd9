"""The console as a web application inside Airflow's API server: pages, their JSON API, and the address vendors call.

Plugin routes are open to anyone unless they say otherwise: every route but the static files and the vendors' address
asks for Airflow's logged-in user, and the two decisions also for the right to take them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import sqlalchemy as sa
from airflow.api.common.trigger_dag import trigger_dag
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.core_api.security import GetUserDep, get_user, requires_access_dag
from airflow.models import DagModel, DagRun
from airflow.models.connection import Connection
from airflow.models.xcom import XComModel
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from baton.console import bodies, migrations, pages, reading, webhooks
from baton.console.described import ON, PAGES, Responses
from baton.console.handover import office_routes as office
from baton.console.handover.alerting import alert_api, alert_pages
from baton.console.handover.app import links_app, refuse_strangers
from baton.console.handover.case_routes import more_api
from baton.console.handover.filing import file_api, file_pages
from baton.console.handover.link_routes import link_api
from baton.console.handover.reading import cases_document
from baton.console.handover.routes import PageNumber, Speaker, case_api, case_pages, let_in
from baton.console.handover.visitors import by_login
from baton.console.health import routes as health
from baton.console.health.probes import probes
from baton.console.hub_keeper import HubKeeper
from baton.console.payments import officers
from baton.console.payments.routes import run_api, run_pages
from baton.console.payments.settlement_pages import settlement_pages
from baton.console.payments.settlement_routes import settlement_api
from baton.console.told import REFUSALS, unreadable
from baton.console.words import refusals
from baton.errors import ApprovalError, BatonError, ConfigurationError
from baton.hub import Hub, decisions
from baton.hub.offboarding.links import PLACE
from baton.model.effect import EffectState
from baton.model.pay_run import JOB as PAYMENT
from baton.settings import load
from baton.tracing import place
from baton.vault import connection_fields

log = logging.getLogger("baton.console")

DAG_ID: Final = "employee_sync"
"""What is started when a vendor tells of a change."""
RESOURCE: Final = "Baton"
"""The name of the console's permissions where an auth manager has roles of its own (FAB)."""
_DECIDING_ROLES: Final = frozenset({"OP", "ADMIN"})
"""Under SimpleAuthManager, whose roles are fixed."""
_triggering: Final = threading.Lock()


def read_connection(connection_id: str) -> Mapping[str, str | None] | None:
    """The fields of an Airflow connection as the API server sees it; None when there is none."""
    try:
        connection = Connection.get_connection_from_secrets(connection_id)
    except AirflowNotFoundException:
        return None
    return connection_fields(connection)


keeper: Final = HubKeeper(lambda: load(read_connection=read_connection))
app: Final = bodies.application()
readers: Final = APIRouter(dependencies=[Depends(get_user)])
"""Routes for whoever is logged in; anyone else gets 401."""
_A_PAGE: Final[Mapping[str, Any]] = {"response_class": HTMLResponse, "responses": PAGES}
app.mount("/static", StaticFiles(directory=pages.FOLDER / "static"), name="static")
app.mount(f"/{PLACE}", links_app(keeper.hub))
refuse_strangers(app)


# --- who may


def may_decide(user: Any) -> bool:
    """Whether this person may release and reject at all (the maker of a run still may not decide on that run)."""
    manager = get_auth_manager()
    if isinstance(manager, SimpleAuthManager):
        return str(getattr(user, "role", None) or "").upper() in _DECIDING_ROLES
    return bool(manager.is_authorized_custom_view(method="PUT", resource_name=RESOURCE, user=user))


def _from_our_own_page(request: Request) -> None:
    """A cookie alone is not consent: another site can neither set this header nor claim to be the same origin."""
    if request.headers.get("x-baton-console") != "1":
        raise HTTPException(403, "the header X-Baton-Console: 1 is missing")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this request comes from another site")


def _decider(user: GetUserDep) -> Any:
    if not may_decide(user):
        raise ApprovalError("your role may look, not decide", code="role")
    return user


Decider = Annotated[Any, Depends(_decider)]


# --- handovers, for who has logged in


def _enter_case(request: Request, case_id: str, user: GetUserDep) -> None:
    root = request.scope.get("root_path", "")
    let_in(request, by_login(keeper.hub(), case_id, user.get_name(), decides=may_decide(user), root=root))


@app.get("/cases", **_A_PAGE)
def cases_page(request: Request, user: GetUserDep, page: PageNumber = 1) -> Response:
    """The cases that the logged-in user may look into."""
    found = cases_document(keeper.hub(), user.get_name(), decides=may_decide(user), page=page)
    return Speaker(request).page("cases", **found)


@app.get("/api/cases", responses=REFUSALS)
def cases(user: GetUserDep, page: PageNumber = 1) -> JSONResponse:
    """The same as JSON."""
    return JSONResponse(cases_document(keeper.hub(), user.get_name(), decides=may_decide(user), page=page))


app.include_router(case_pages, prefix="/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(case_api, prefix="/api/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(file_pages, prefix="/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(file_api, prefix="/api/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(alert_pages, prefix="/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(alert_api, prefix="/api/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(more_api, prefix="/api/cases/{case_id}", dependencies=[Depends(_enter_case)])
app.include_router(link_api, prefix="/api/cases/{case_id}", dependencies=[Depends(_enter_case)])


def _enter_office(request: Request, user: GetUserDep) -> None:
    office.let_in(request, office.Clerk(keeper.hub(), user.get_name(), may_decide(user)))


app.include_router(office.office_api, prefix="/api", dependencies=[Depends(_enter_office)])


# --- pay runs, by the offices that systems.yaml gives to who has logged in


def _enter_payments(request: Request, user: GetUserDep) -> None:
    officers.let_in(request, officers.officer(keeper.hub(), user.get_name(), operates=may_decide(user)))


app.include_router(settlement_api, dependencies=[Depends(_enter_payments)])  # first: its name is no run's
app.include_router(settlement_pages, dependencies=[Depends(_enter_payments)])
app.include_router(run_pages, dependencies=[Depends(_enter_payments)])
app.include_router(run_api, dependencies=[Depends(_enter_payments)])


# --- the hub's own health


def _enter_health(request: Request, user: GetUserDep) -> None:
    health.let_in(request, health.Watcher(keeper.hub(), user.get_name(), may_decide(user)))


def _write_from_our_own_page(request: Request) -> None:
    if request.method not in ("GET", "HEAD"):
        _from_our_own_page(request)


app.include_router(health.health_pages, dependencies=[Depends(_enter_health)])
app.include_router(health.health_api, dependencies=[Depends(_enter_health), Depends(_write_from_our_own_page)])
app.include_router(probes(keeper.hub))


# --- pages

NameInAirflow = Annotated[str, Query(pattern=r"^[^\x00]*$")]
"""Of a DAG or one of its runs, for whatever database Airflow has."""
Form = Literal["html", "xlsx"]
_FORMS: Final[Mapping[Form, Callable[[Hub, str, str], bytes]]] = {
    "html": migrations.report_page,
    "xlsx": migrations.report_workbook,
}
_MEDIA_TYPES: Final[Mapping[Form, str]] = {
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_REPORTS: Final[Responses] = {200: {"content": {name: {} for name in _MEDIA_TYPES.values()}}}


def _page(request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    content = pages.render(name, request, **values)
    return HTMLResponse(content, status, headers=dict(pages.HEADERS))


@readers.get("/", **_A_PAGE)
def overview_page(request: Request) -> HTMLResponse:
    """The list of runs."""
    return _page(request, "overview", **reading.overview(keeper.hub()))


@readers.get("/runs/{run_id}", response_class=HTMLResponse, responses={**PAGES, **ON})
def run_page(
    request: Request, run_id: str, user: GetUserDep, state: Annotated[EffectState | None, Query()] = None
) -> Response:
    """One run, and the buttons for who may use them. A pay run has a page of its own."""
    detail = reading.run_detail(keeper.hub(), run_id, state.value if state else "")
    if detail["run"]["job"] == PAYMENT:
        spoken = request.query_params.get("lang", "")
        query = f"?lang={quote(spoken)}" if spoken else ""
        return RedirectResponse(f"{request.scope.get('root_path', '')}/payments/{quote(run_id, safe='')}{query}", 303)
    refusal = ""
    if not may_decide(user):
        refusal = refusals.REFUSALS["role"]
    elif user.get_name() == detail["run"]["requested_by"]:
        refusal = refusals.REFUSALS["maker"]
    shown = {**detail, "state": state.value if state else "", "refusal": refusal}
    if detail["run"]["job"] != "migration":
        return _page(request, "run", **shown)
    found = migrations.migration_detail(keeper.hub(), run_id)
    return _page(request, "migration", **shown, migration=found, may_download=may_decide(user))


@app.get("/runs/{run_id}/report.{form}", response_class=Response, responses={**PAGES, **_REPORTS})
def report_file(request: Request, run_id: str, form: Form, _: Decider) -> Response:
    """The report of a migration, as a file: values that no field declares as personal stand in it as they are."""
    language = pages.spoken(request)
    content, media_type = _FORMS[form](keeper.hub(), run_id, language), _MEDIA_TYPES[form]
    headers = {**pages.HEADERS, "Content-Disposition": f'attachment; filename="{quote(run_id, safe="")}.{form}"'}
    return Response(content, media_type=media_type, headers=headers)


@readers.get("/of", response_class=RedirectResponse, status_code=303, responses=PAGES)
def run_of_dag_run(request: Request, dag: NameInAirflow, run: NameInAirflow, user: GetUserDep) -> Response:
    """From a DAG run to the run of the hub that it carried, for who may read there what its tasks have handed on."""
    requires_access_dag("GET", DagAccessEntity.XCOM, param_dag_id=dag)(request, user)
    made = sa.select(XComModel).filter_by(dag_id=dag, run_id=run, key="run")
    with create_session() as session:
        found = session.scalars(made.where(XComModel.task_id.in_(("plan", "draft")))).first()
        run_id = None if found is None else XComModel.deserialize_value(found)
    if not isinstance(run_id, str) or run_id == "dry-run":
        message = "This DAG run has no run of the hub (yet)."
        return _page(request, "problem", title="Not found", message=message, status=404)
    root = request.scope.get("root_path", "")
    return RedirectResponse(f"{root}/runs/{quote(run_id, safe='')}", 303)


# --- JSON API


@readers.get("/api/runs", responses=REFUSALS)
def runs(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> JSONResponse:
    """The latest runs, the effects in doubt, the switches that are on."""
    return JSONResponse(reading.overview(keeper.hub(), limit))


@readers.get("/api/runs/{run_id}", responses=REFUSALS)
def run(run_id: str, user: GetUserDep, state: Annotated[EffectState | None, Query()] = None) -> JSONResponse:
    """One run: figures, faults, decisions, effects with field names; of a migration also what its proofs have found."""
    detail = reading.run_detail(keeper.hub(), run_id, state.value if state else "")
    if detail["run"]["job"] == "migration":
        detail["migration"] = migrations.migration_detail(keeper.hub(), run_id)
    if detail["run"]["job"] == PAYMENT:
        detail = officers.officer(keeper.hub(), user.get_name(), operates=False).may_read(detail)
    return JSONResponse(detail)


@app.post("/api/runs/{run_id}/release", dependencies=[Depends(_from_our_own_page)], responses=REFUSALS)
def release(run_id: str, reason: bodies.Reason, user: Decider) -> JSONResponse:
    """Let a held run go, in the name of the logged-in user."""
    count = decisions.release(keeper.hub(), run_id, user.get_name(), reason.why, reason.plan)
    return JSONResponse({"run": run_id, "released": count})


@app.post("/api/runs/{run_id}/reject", dependencies=[Depends(_from_our_own_page)], responses=REFUSALS)
def reject(run_id: str, reason: bodies.Reason, user: Decider) -> JSONResponse:
    """Discard a held run, in the name of the logged-in user."""
    count = decisions.reject(keeper.hub(), run_id, user.get_name(), reason.why, reason.plan)
    return JSONResponse({"run": run_id, "rejected": count})


app.include_router(readers)


# --- what vendors call

_AS_THEY_SAY: Final[Mapping[str, Any]] = {
    "response_class": Response,
    "responses": {status: {} for status in (200, 400, 401, 403, 404, 408, 413, 422, 503)},
}
"""Whatever a vendor sends is read, and answered in the vendor's own way."""


@app.get("/hooks/{system}", **_AS_THEY_SAY)
@app.post("/hooks/{system}", **_AS_THEY_SAY)
async def hook(system: str, request: Request) -> Response:
    """One callback. It is answered after its hints are stored; then a run is started to look."""
    try:
        body = await bodies.read_bounded(request.stream(), request.headers.get("content-length"))
    except bodies.BodyTooLargeError:
        return Response(status_code=413, headers={"Connection": "close"})
    except TimeoutError:
        return Response(status_code=408, headers={"Connection": "close"})
    target = {":method": request.method, ":path": f"{request.url.path}?{request.url.query}"}
    return await run_in_threadpool(_take, system, {**request.headers, **target}, body)


def _take(system: str, headers: Mapping[str, str], body: bytes) -> Response:
    try:
        received = webhooks.receive(keeper.hub(), system, headers, body)
    except BatonError as error:
        # Whoever calls is a stranger until verified: what is wrong with us goes to the log only.
        log.error("callback for %s not taken: %s", system[:40], error)  # noqa: TRY400
        return Response(status_code=503)
    if received is None:
        return Response(status_code=404)
    if received.new:
        start_sync()
    reply = received.reply
    return Response(reply.body, reply.status, media_type=reply.content_type)


def start_sync() -> bool:
    """Queue one run of the sync unless a whole one (none of the form's fields filled in) waits; False: there is none.

    Where it cannot be started (paused, not parsed yet, Airflow's database away) the schedule takes the stored hints.
    """
    with _triggering:
        try:
            with create_session() as session:
                known = session.get(DagModel, DAG_ID)
                if known is None or known.is_paused:
                    log.warning("%s is paused or unknown: the events wait for its next run", DAG_ID)
                    return False
                queued = sa.select(DagRun.conf).where(DagRun.dag_id == DAG_ID, DagRun.state == DagRunState.QUEUED)
                if not all(any((conf or {}).values()) for conf in session.scalars(queued)):
                    return True
            trigger_dag(DAG_ID, triggered_by=DagRunTriggeredByType.REST_API, triggering_user_name="webhook")
        except Exception as error:  # noqa: BLE001 - the hints are stored: the vendor must not have to repeat them
            log.error("%s could not be started, the events wait for its schedule: %s", DAG_ID, place(error))  # noqa: TRY400
            return False
        return True


# --- errors

_NOT_FOUND: Final = frozenset({"unknown_run", "unknown_settlement", "no_migration"})
_NOT_THEIRS: Final = frozenset({"maker", "role"})
_OURS: Final = ("/runs/", "/alarms/")
"""Where a code means what `refusals` says of it; what is asked about a handover is refused in words of its own."""


def _error(request: Request, status: int, error: BatonError, title: str) -> Response:
    ours = any(place in request.url.path for place in _OURS)
    remedy = refusals.refusal_text(error, pages.spoken(request)) if ours else str(error)
    if "/api/" in request.url.path:
        return JSONResponse({"detail": str(error), "code": error.code, "remedy": remedy}, status)
    return _page(request, "problem", title=title, message=remedy, status=status)


app.exception_handler(RequestValidationError)(unreadable)


@app.exception_handler(ApprovalError)
def _undecidable(request: Request, error: ApprovalError) -> Response:
    theirs = error.code not in _NOT_THEIRS
    return _error(request, 409 if theirs else 403, error, "Not found" if theirs else "Not allowed")


@app.exception_handler(BatonError)
def _unfit(request: Request, error: BatonError) -> Response:
    return _error(request, 404 if error.code == "purged" else 503, error, "Not found")


@app.exception_handler(ConfigurationError)
def _misconfigured(request: Request, error: ConfigurationError) -> Response:
    unknown = any(fault.rule in _NOT_FOUND for fault in error.faults)
    return _error(request, 404 if unknown else 503, error, "Not found" if unknown else "The hub cannot be opened")
