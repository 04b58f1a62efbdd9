"""Alerts of a case: seen by its manager and HR, dismissed by one of them, or the leaver stopped by two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from baton.console.bodies import form_text
from baton.console.described import FORM, ON, PAGES, reads
from baton.console.handover.deciding import LONGEST_TEXT, Refusal, refused_as, unusable
from baton.console.handover.reading import Names, case_line, instant, names_of
from baton.console.handover.routes import (
    Body,
    Here,
    Speaker,
    as_json,
    from_our_own_page,
    from_our_own_script,
)
from baton.console.handover.visitors import NoEntryError, Visitor
from baton.console.told import REFUSALS
from baton.errors import ApprovalError
from baton.hub import Hub
from baton.hub.offboarding import watching
from baton.model.alert import UNDECIDED, Alert, Decision
from baton.store.checklists import Outline

alert_pages: Final = APIRouter(responses=PAGES, default_response_class=HTMLResponse)
"""Beside `routes.case_pages`, entered in the same way."""
alert_api: Final = APIRouter(responses=REFUSALS)
_MOST_FIELDS: Final = 10
_CARRIED_OUT_BY: Final[Mapping[Decision, Callable[[Hub, str, str, str], object]]] = {
    Decision.DISMISS: watching.dismiss,
    Decision.ASK_FREEZE: watching.ask_freeze,
    Decision.FREEZE: watching.freeze,
}


class Verdict(BaseModel):
    """What somebody decides about one alert, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)
    act: Decision
    alert: Annotated[str, Field(min_length=1, max_length=1000)]
    """Its key."""
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""


@alert_pages.get("/alerts")
def alerts_page(request: Request, visitor: Here) -> Response:
    """Every alert of the case, with what can be decided about it."""
    return _page(request, visitor)


@alert_pages.post(
    "/alerts", dependencies=[Depends(from_our_own_page)], responses=ON, openapi_extra=reads(Verdict, FORM)
)
def decide_by_form(request: Request, visitor: Here, body: Body) -> Response:
    """The form of one alert: ``act``, ``alert`` and ``text``."""
    verdict = _from_form(body)
    refusal = _carried_out(visitor, verdict)
    if refusal is not None:
        return _page(request, visitor.again(), refusal, verdict)
    assert isinstance(verdict, Verdict)
    kept = {key: value for key, value in request.query_params.items() if key == "lang"}
    place = f"{visitor.base}/alerts?{urlencode({**kept, 'said': verdict.act.value})}"
    return RedirectResponse(place, 303, headers={"Cache-Control": "no-store"})


@alert_api.get("/alerts")
def alerts(visitor: Here) -> JSONResponse:
    """The same as JSON."""
    document = alerts_document(visitor)
    return as_json({"alerts": document["alerts"]})


@alert_api.post("/alerts", dependencies=[Depends(from_our_own_script)], openapi_extra=reads(Verdict))
def decide(visitor: Here, body: Body) -> JSONResponse:
    """Decide about one alert: `Verdict` as JSON."""
    verdict = _from_json(body)
    refusal = _carried_out(visitor, verdict)
    if refusal is not None:
        return as_json({"detail": refusal.message, "code": refusal.code}, refusal.status)
    assert isinstance(verdict, Verdict)
    (after,) = [line for line in alerts_document(visitor)["alerts"] if line["key"] == verdict.alert]
    return as_json(after)


def alerts_document(visitor: Visitor) -> dict[str, Any]:
    """The alerts of a case: what nobody has decided on first, then the newest; `NoEntryError` for who may not see."""
    if not visitor.oversees:
        raise NoEntryError("there is nothing here for you")
    hub, case = visitor.hub, visitor.case
    with hub.database.read() as connection:
        found = hub.alerts.of(connection, case.id)
        outlines = hub.checklists.outline(connection, case.id) if found else []
        people = {case.number, case.manager, *(each.successor for each in outlines)} - {""}
        deciders = {person for alert in found for person in (alert.asked_by, alert.decided_by)} - {""}
        names = names_of(hub, connection, case, people | deciders)
        known = _known(hub, connection, {alert.system for alert in found}, sorted(people))
        concerned = _concerned(visitor, connection, found, outlines)
    found.sort(key=lambda alert: (alert.state not in UNDECIDED, -alert.at.timestamp(), alert.key))
    lines = [{**_line(visitor, alert, names, known), "item": concerned.get(alert.key)} for alert in found]
    return {"case": case_line(case, names), "roles": [role.value for role in visitor.roles], "alerts": lines}


def _known(hub: Hub, connection: Any, systems: set[str], people: Sequence[str]) -> dict[tuple[str, str], str]:
    """(system, external id) -> employee number, of the people in a case."""
    return {
        (system, external_id): number
        for system in sorted(systems)
        for number, external_id in hub.links.external_ids(connection, system, people).items()
    }


def _concerned(
    visitor: Visitor, connection: Any, found: Sequence[Alert], outlines: Sequence[Outline]
) -> dict[str, dict[str, Any]]:
    """Key of an alert -> the item on the list that it is about, where there is one."""
    ids = {(outline.system, outline.ref): outline.id for outline in outlines}
    of = {alert.key: ids[alert.system, alert.about] for alert in found if (alert.system, alert.about) in ids}
    items = visitor.hub.cases.items(connection, visitor.case.id, ids=sorted(set(of.values()))) if of else []
    titles = {item.id: item.title for item in items}
    return {key: {"id": number, "title": titles[number]} for key, number in of.items()}


def _line(visitor: Visitor, alert: Alert, names: Names, known: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "key": alert.key,
        "rule": alert.rule.value,
        "state": alert.state.value,
        "system": alert.system,
        "at": instant(alert.at),
        "text": alert.text,
        "actor": names.of(known.get((alert.system, alert.actor), alert.actor)),
        "about": alert.about,
        "asked_by": names.of(alert.asked_by) if alert.asked_by else None,
        "asked_why": alert.asked_why,
        "decided_by": names.of(alert.decided_by) if alert.decided_by else None,
        "decided_why": alert.decided_why,
        "may": [each.value for each in watching.decisions(alert, visitor.person)],
    }


def _from_form(body: bytes) -> Verdict | Refusal:
    given: dict[str, str] = {}
    try:
        fields = parse_qs(form_text(body), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        given = {name: each[-1] for name, each in fields.items()}
        return Verdict.model_validate(given)
    except (ValueError, ValidationError) as error:
        return replace(unusable(error), typed=given)


def _from_json(body: bytes) -> Verdict | Refusal:
    try:
        return Verdict.model_validate_json(body)
    except ValidationError as error:
        return unusable(error)


def _carried_out(visitor: Visitor, verdict: Verdict | Refusal) -> Refusal | None:
    """Decide; why that was refused, or nothing. Whoever may not see the alerts learns nothing from the answer."""
    if not visitor.oversees:
        raise NoEntryError("there is nothing here for you")
    if isinstance(verdict, Refusal):
        return verdict
    with visitor.hub.database.read() as connection:
        ours = {alert.key for alert in visitor.hub.alerts.of(connection, visitor.case.id)}
    if verdict.alert not in ours:
        raise NoEntryError("there is no such alert, or it is not for you")
    try:
        _CARRIED_OUT_BY[verdict.act](visitor.hub, verdict.alert, visitor.person, verdict.text)
    except ApprovalError as error:
        return refused_as(error)
    return None


def _page(
    request: Request, visitor: Visitor, refusal: Refusal | None = None, verdict: Verdict | Refusal | None = None
) -> Response:
    return Speaker(request).page(
        "alerts",
        f"{visitor.base}/alerts",
        status=refusal.status if refusal else 200,
        visitor=visitor,
        refusal=refusal,
        written=_written(verdict),
        **alerts_document(visitor),
    )


def _written(verdict: Verdict | Refusal | None) -> Mapping[str, str]:
    """Key of an alert -> what stands in its form again when it was refused."""
    if isinstance(verdict, Verdict):
        return {verdict.alert: verdict.text}
    return {} if verdict is None else {verdict.typed.get("alert", ""): verdict.typed.get("text", "")}
