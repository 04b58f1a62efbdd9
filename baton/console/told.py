"""What the API says when it does not do something, for its own description."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict


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
