"""Nobody has a body read whole that no route asks for: neither a stranger's nor that of somebody who may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from baton.console import bodies
from tests.console.conftest import OURS, Place

PART = b" " * 64 * 1024


class Said(BaseModel):
    why: str


class Endless:
    """A body of 64 MB, and how much of it was asked for."""

    def __init__(self) -> None:
        self.sent = 0

    async def parts(self) -> AsyncIterator[bytes]:
        for _ in range(1000):
            self.sent += len(PART)
            yield PART


@pytest.mark.parametrize("path", ["undo", "certificate.pdf"])
def test_a_stranger_at_the_links_is_not_read_to_the_end(place: Place, path: str) -> None:
    address = f"/handover/no-such-link/api/cases/{place.case.id}/{path}"
    stated = place.client.post(address, content=b"{" + b" " * bodies.BODY_LIMIT + b"}", headers=OURS)
    assert stated.status_code == 413


def test_what_fastapi_reads_is_bounded_by_what_comes_in_and_what_is_small_arrives() -> None:
    app, router = bodies.application(), APIRouter(route_class=bodies.BoundedRoute)

    @app.post("/here")
    def here(said: Said) -> str:
        return said.why

    @router.post("/there")
    def there(said: Said) -> str:
        return said.why

    app.include_router(router)

    async def post(path: str, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            return await client.post(path, content=content, headers={"Content-Type": "application/json"})

    for path in ("/here", "/there"):
        endless = Endless()
        assert asyncio.run(post(path, endless.parts())).status_code == 413
        assert endless.sent <= bodies.BODY_LIMIT + len(PART)
        assert asyncio.run(post(path, b'{"why": "because"}')).json() == "because"
        assert asyncio.run(post(path, b"{")).status_code == 422


def test_every_route_of_the_links_is_bounded(place: Place) -> None:
    from baton.console.handover.app import links_app

    app = links_app(lambda: place.desk.hub)
    assert [route for route in app.routes if getattr(route, "body_field", None) is not None]
    assert unbounded(app) == []


def unbounded(app: FastAPI) -> list[str]:
    """The routes whose body FastAPI reads by itself, and without a bound."""
    return [
        route.path
        for route in app.routes
        if getattr(route, "body_field", None) is not None and not isinstance(route, bodies.BoundedRoute)
    ]
