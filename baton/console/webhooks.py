"""Calls that vendors make to us: given to the connector, its hints stored before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from baton.contracts import HintReply, HintSource
from baton.errors import ConfigurationError
from baton.hub import Hub


@dataclass(frozen=True, slots=True)
class Received:
    """What to answer, and how many of the hints had not been seen before."""

    reply: HintReply
    new: int


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
