"""Reading what is sent: no more bytes and no longer than anyone has reason to; and what may stand in a decision."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

BODY_LIMIT: Final = 256 * 1024
READ_WITHIN_S: Final = 10.0
_TWO_ENDS: Final = re.compile("%0D%0A|\r\n", re.IGNORECASE)


class Reason(BaseModel):
    """Why a person decides as they do, and on what."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    why: str = Field(min_length=1, max_length=500)
    plan: str = Field("", pattern="^([0-9a-f]{12,64})?$")
    """The beginning of the hash of the plan that was shown: on another one nothing is decided."""


class BodyTooLargeError(Exception):
    """More bytes than anyone has reason to send."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How much somebody may send, and how long they may take."""

    most_bytes: int = BODY_LIMIT
    within_s: float = READ_WITHIN_S


UPLOAD: Final = Bound(26 * 1024 * 1024, 180.0)
"""For a file: the largest that a policy can allow, with what a form puts around it, from a phone."""


async def read_bounded(stream: AsyncIterator[bytes], stated: str | None, bound: Bound = Bound()) -> bytes:
    """The body, refused as soon as it is too large: by its stated length, or by what has come in.

    Raises `BodyTooLargeError`, and `TimeoutError` for a sender that trickles.
    """
    if stated is not None and (not stated.isdecimal() or int(stated[:12]) > bound.most_bytes):
        raise BodyTooLargeError
    body = bytearray()
    async with asyncio.timeout(bound.within_s):
        async for part in stream:
            body += part
            if len(body) > bound.most_bytes:
                raise BodyTooLargeError
    return bytes(body)


async def whole_body(request: Request, bound: Bound) -> bytes:
    """A body up to this size, or the answer that it is too much."""
    try:
        return await read_bounded(request.stream(), request.headers.get("content-length"), bound)
    except BodyTooLargeError:
        raise HTTPException(413, "this is too long", {"Connection": "close"}) from None
    except TimeoutError:
        raise HTTPException(408, "this takes too long", {"Connection": "close"}) from None


def form_text(body: bytes) -> str:
    """The fields of a form, still encoded, with every end of a line as one character; `ValueError` for what is no text.

    A browser sends two for each, and its ``maxlength`` counts one: counting two would refuse what that let in.
    """
    return _TWO_ENDS.sub("%0A", body.decode())


class _BoundedRequest(Request):
    """What FastAPI asks for the body of a route that declares one."""

    async def body(self) -> bytes:
        """The body, read once."""
        if not hasattr(self, "_body"):
            self._body = await whole_body(self, Bound())
        return self._body


class BoundedRoute(APIRoute):
    """A route that may declare its body: FastAPI reads that whole before it asks who has sent it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The same, with no more read than `BODY_LIMIT`."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            return await handle(_BoundedRequest(request.scope, request.receive))

        return bounded


def application() -> FastAPI:
    """An application that has no pages of FastAPI's own, and reads no more than it must."""
    app = FastAPI(title="Baton", docs_url=None, redoc_url=None, openapi_url=None)
    app.router.route_class = BoundedRoute
    return app
