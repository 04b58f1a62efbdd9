"""What vendors send: every event one to five times, in any order, up to three days late; forgeries in between."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.oa.wecom.simulator_callbacks import CallbackMaker

TOKEN, KEY, CORP = "SYNTHETICTOKEN", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwSYNTHETIC"
LATEST_S: Final = 72 * 3600.0
FORGED, ALTERED = 0.05, 0.02
_MOST_COPIES: Final = 5
_BEGINS: Final = 1_700_000_000
"""Seconds since 1970."""
_NEVER: Final = 1_900_000_000
"""Nothing happens that late."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to somebody, at a moment (seconds since the beginning)."""

    at_s: float
    number: str
    title: str
    serial: int
    """No two have the same."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call to us. ``event`` is the serial of its change; None for what is not a vendor's."""

    at_s: float
    headers: Mapping[str, str]
    body: bytes
    event: int | None

    @property
    def path(self) -> str:
        """The address that is called, query included, without the console's own prefix."""
        return self.headers[":path"]


def changes(count: int, people: int, chance: random.Random, span_s: float) -> list[Change]:
    """What happens, in the order in which it does."""
    moments = sorted(chance.uniform(0, span_s) for _ in range(count))
    return [Change(at, f"{chance.randint(1, people):04d}", f"岗位{place}", place) for place, at in enumerate(moments)]


def honest() -> CallbackMaker:
    """Whoever knows the secrets: the vendor."""
    return CallbackMaker(CORP, TOKEN, KEY, lambda: 0.0)


def message_of(change: Change, begins: int = _BEGINS) -> bytes:
    """What the vendor says of a change, before it is encrypted."""
    fields = {"Event": "change_contact", "ChangeType": "update_user", "UserID": change.number}
    maker = CallbackMaker(CORP, TOKEN, KEY, lambda: begins + change.serial)
    return maker.message({**fields, "Serial": str(change.serial)})


def deliveries(happened: Sequence[Change], chance: random.Random) -> list[Delivery]:
    """All calls, in the order in which they come in. What is forged tells of what has never happened."""
    vendor, stranger = honest(), CallbackMaker(CORP, "ANOTHERTOKEN", KEY, lambda: 0.0)
    calls = []
    for change in happened:
        message = message_of(change)
        for copy in range(chance.randint(1, _MOST_COPIES)):
            late = chance.uniform(0, LATEST_S) if copy or chance.random() < 0.5 else 0.0
            headers, body = vendor.enclose(message)
            calls.append(Delivery(change.at_s + late, headers, body, change.serial))
        if chance.random() < FORGED:
            headers, body = stranger.enclose(message_of(change, _NEVER))
            calls.append(Delivery(change.at_s + chance.uniform(0, LATEST_S), headers, body, None))
        if chance.random() < ALTERED:
            headers, body = vendor.enclose(message)
            calls.append(Delivery(change.at_s + chance.uniform(0, LATEST_S), headers, _altered(body, chance), None))
    return sorted(calls, key=lambda call: call.at_s)


def _altered(body: bytes, chance: random.Random) -> bytes:
    """One character of the ciphertext is another one."""
    start, end = body.index(b"<Encrypt><![CDATA[") + 18, body.index(b"]]></Encrypt>")
    at = chance.randrange(start, end - 4)
    other = b"B" if body[at : at + 1] == b"A" else b"A"
    return body[:at] + other + body[at + 1 :]
