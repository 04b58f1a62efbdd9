"""Reading what a stranger sends: no more bytes and no longer than anyone has reason to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

BODY_LIMIT: Final = 256 * 1024
READ_WITHIN_S: Final = 10.0


class BodyTooLargeError(Exception):
    """More bytes than anyone has reason to send."""


async def read_bounded(stream: AsyncIterator[bytes], stated: str | None) -> bytes:
    """The body, refused as soon as it is too large: by its stated length, or by what has come in.

    Raises `BodyTooLargeError`, and `TimeoutError` for a sender that trickles.
    """
    if stated is not None and (not stated.isdecimal() or int(stated[:12]) > BODY_LIMIT):
        raise BodyTooLargeError
    body = bytearray()
    async with asyncio.timeout(READ_WITHIN_S):
        async for part in stream:
            body += part
            if len(body) > BODY_LIMIT:
                raise BodyTooLargeError
    return bytes(body)
