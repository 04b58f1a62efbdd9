"""What the API says when it does not do something, for its own description; and what it says of a request unread."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from baton.console import pages
from baton.console.words.refusals import without_a_reason


class Told(BaseModel):
    """Why nothing was done. ``code`` is stable, for machines; without one the request itself could not be read."""

    model_config = ConfigDict(extra="allow")
    detail: str | list[dict[str, Any]]
    """One sentence; or, for a request that is not as described, what is wrong with each part of it."""
    code: str = ""


REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Told} for status in (400, 401, 403, 404, 408, 409, 413, 422, 503)
}
"""For ``responses`` of routers: they say 422 in words of their own, not only FastAPI's list."""


def unreadable(request: Request, error: RequestValidationError) -> Response:
    """Place, rule and words of every fault; what was sent is not said again, and may be no text that can be."""
    faults = [{name: each[name] for name in ("loc", "type", "msg")} for each in error.errors()]
    told = {"detail": faults, **without_a_reason(faults, pages.spoken(request))}
    return Response(json.dumps(told), 422, media_type="application/json", headers={"Cache-Control": "no-store"})
