"""Reading what a stranger sends: no more bytes and no longer than anyone has reason to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

BODY_LIMIT: Final = 256 * 1024
READ_WITHIN_S: Final = 10.0


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
