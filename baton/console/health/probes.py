"""What machines ask: metrics, and whether the hub is well. No log-in: a token, or a caller on this very machine.

Nothing that is answered here is about a person: figures by system, job and state.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from baton.console.told import Told
from baton.errors import BatonError
from baton.hub import Hub
from baton.hub.vitals.document import DOWN, health_document
from baton.hub.vitals.exposition import MEDIA_TYPE, exposition
from baton.hub.vitals.taking import take
from baton.tracing import place

log = logging.getLogger("baton.console")

TOKEN: Final = ("hub", "metrics_token")
"""System and name of the secret that opens these addresses; without it only callers on this machine may ask."""
_FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
_NO_STORE: Final = {"Cache-Control": "no-store"}


def probes(hub: Callable[[], Hub]) -> APIRouter:
    """The two addresses, over a hub that is opened when it is asked for."""
    router = APIRouter(responses={401: {"model": Told}, 503: {}})

    @router.get("/metrics", response_class=PlainTextResponse)
    def metrics(request: Request) -> Response:
        """Every figure in Prometheus' text format."""
        opened = _opened(hub, request)
        return Response(exposition(take(opened)), media_type=MEDIA_TYPE, headers=_NO_STORE)

    @router.get("/metrics/health")
    def health(request: Request) -> Response:
        """The verdict, the broken rules, every figure; HTTP 503 while the database does not answer."""
        document = health_document(_opened(hub, request))
        for alarm in document["alarms"]:
            del alarm["person"], alarm["why"]  # who acts, and what they wrote, is for those who log in
        return JSONResponse(document, 503 if document["verdict"] == DOWN else 200, headers=_NO_STORE)

    return router


def _opened(hub: Callable[[], Hub], request: Request) -> Hub:
    """The hub, for a caller who may ask. Strangers learn nothing of what is wrong with us."""
    try:
        opened = hub()
        token = opened.settings.vault.find(*TOKEN)
    except BatonError as error:
        log.error("metrics: the hub cannot be opened: %s", place(error))  # noqa: TRY400 - its message is not for a log
        raise HTTPException(503, "the hub cannot be opened") from None
    if not (_knows(request, token) if token else _is_here(request)):
        raise HTTPException(401, "a token is needed", {"WWW-Authenticate": "Bearer"})
    return opened


def _knows(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())


def _is_here(request: Request) -> bool:
    """A caller on this machine, and no proxy on it that speaks for somebody else."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
