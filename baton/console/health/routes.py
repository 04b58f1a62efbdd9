"""The health page and its API, for who has logged in; alarms are taken on and silenced by who may decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from baton.console import pages
from baton.console.bodies import BoundedRoute
from baton.console.described import PAGES
from baton.console.told import REFUSALS
from baton.errors import ApprovalError
from baton.hub import Hub
from baton.hub.vitals.alarming import LONGEST_SILENCE, acknowledge, silence
from baton.hub.vitals.document import alarm_line, health_document
from baton.hub.vitals.messages import figure
from baton.hub.vitals.month_page import month_page
from baton.hub.vitals.monthly import month_document
from baton.hub.vitals.words import words_in
from baton.model.alarm import Alarm

health_pages: Final = APIRouter(prefix="/health", responses=PAGES, default_response_class=HTMLResponse)
health_api: Final = APIRouter(prefix="/api", responses=REFUSALS, route_class=BoundedRoute)
"""The same as JSON, and the decisions."""
_HOURS: Final = int(LONGEST_SILENCE.total_seconds() // 3600)
_MONTHS_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class Watcher:
    """One logged-in person."""

    hub: Hub = field(repr=False)
    person: str
    decides: bool


def let_in(request: Request, who: Watcher) -> None:
    """For the dependency that an application puts before these routes: this is who asks."""
    request.state.watcher = who


def _watcher_here(request: Request) -> Watcher:
    who: Watcher = request.state.watcher
    return who


def _decider_here(request: Request) -> Watcher:
    who = _watcher_here(request)
    if not who.decides:
        raise ApprovalError("your role may look, not decide", code="role")
    return who


Month = Annotated[str, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Here = Annotated[Watcher, Depends(_watcher_here)]
Decider = Annotated[Watcher, Depends(_decider_here)]


class Why(BaseModel):
    """Why somebody takes an alarm on."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    why: str = Field(min_length=1, max_length=500)


class WhyAndHowLong(Why):
    """Why, and for how many hours, an alarm is not to be heard of."""

    hours: int = Field(ge=1, le=_HOURS)


@health_pages.get("")
def health_page(request: Request, who: Here) -> Response:
    """Whether the hub is well, for people."""
    document = health_document(who.hub)
    content = pages.render(
        "health/page",
        request,
        words=words_in,
        doc=document,
        figure=partial(figure, words_in(pages.spoken(request))),
        months=_months(who.hub.clock.now().astimezone(ZoneInfo(who.hub.settings.hub.time_zone))),
        decides=who.decides,
        longest=_HOURS,
    )
    return Response(content, media_type="text/html", headers={**pages.HEADERS, "Vary": "Accept-Language"})


@health_pages.get("/month.html")
def month_file(request: Request, who: Here, month: Month) -> Response:
    """The report of a month as a page that stands alone."""
    content = month_page(month_document(who.hub, month), pages.spoken(request))
    headers = {**pages.HEADERS, "Content-Disposition": f'attachment; filename="health-{month}.html"'}
    return Response(content, media_type="text/html", headers=headers)


@health_api.get("/health")
def health(who: Here) -> JSONResponse:
    """The verdict, the broken rules, the alarms, every figure."""
    return _told(health_document(who.hub))


@health_api.get("/health/month")
def month_report(who: Here, month: Month) -> JSONResponse:
    """The report of a month in figures."""
    return _told(month_document(who.hub, month))


@health_api.post("/alarms/{key}/acknowledge")
def take_on(key: str, reason: Why, who: Decider) -> JSONResponse:
    """Take an alarm on, in the name of the logged-in user."""
    return _decided(who, acknowledge(who.hub, key, who.person, reason.why))


@health_api.post("/alarms/{key}/silence")
def be_silent(key: str, reason: WhyAndHowLong, who: Decider) -> JSONResponse:
    """Do not hear of an alarm for some hours, in the name of the logged-in user."""
    return _decided(who, silence(who.hub, key, who.person, reason.why, timedelta(hours=reason.hours)))


def _decided(who: Watcher, alarm: Alarm) -> JSONResponse:
    return _told({"alarm": alarm_line(alarm, who.hub)})


def _told(document: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse(dict(document), headers={"Cache-Control": "no-store"})


def _months(now: datetime) -> list[str]:
    """The newest months, this one first, for now in the hub's own time zone."""
    place = now.year * 12 + now.month - 1
    return [f"{(place - back) // 12}-{(place - back) % 12 + 1:02d}" for back in range(_MONTHS_SHOWN)]
