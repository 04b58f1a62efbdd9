"""Calls that vendors make to us: a body of bounded size, given to the connector, its hints stored before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

from baton.contracts import HintReply, HintSource
from baton.errors import ConfigurationError
from baton.hub import Hub

BODY_LIMIT: Final = 256 * 1024
READ_WITHIN_S: Final = 10.0


class BodyTooLargeError(Exception):
    """More bytes than anyone has reason to send."""


@dataclass(frozen=True, slots=True)
class Received:
    """What to answer, and how many of the hints had not been seen before."""

    reply: HintReply
    new: int


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


def receive(hub: Hub, system: str, headers: Mapping[str, str], body: bytes) -> Received | None:
    """Let the system's connector judge the call and store its hints; None when the system takes no calls."""
    source = _hint_source(hub, system)
    if source is None:
        return None
    reply = source.receive(headers, body)
    new = 0
    if reply.hints:
        with hub.database.write() as connection:
            new = hub.runs.add_hints(connection, system, reply.hints)
    return Received(reply, new)


def _hint_source(hub: Hub, system: str) -> HintSource | None:
    configured = hub.settings.enabled.get(system)
    if configured is None:
        return None
    try:
        if not issubclass(hub.registry.load(configured.connector), HintSource):
            return None
    except ConfigurationError:
        return None
    connector = hub.connector(system)
    return connector if isinstance(connector, HintSource) else None
