"""What every connector is, and the words all capabilities share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict

if TYPE_CHECKING:
    from baton.client import Client


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # KeyError: no such zone; OSError: Asia, which is a folder of zones
        raise ValueError("must be an IANA time zone, such as Asia/Shanghai") from None
    return name


TimeZone: TypeAlias = Annotated[str, AfterValidator(_known_zone)]
"""A setting that names a time zone."""


class Promise(StrEnum):
    """What a target offers, and so what the hub may promise about writes to it."""

    KEY = "A"
    """Honours an idempotency key or a unique external id: one effect per change."""
    CONDITION = "B"
    """Conditional write: one effect, never an older value over a newer."""
    UPSERT = "C"
    """Plain upsert by natural key: right after reconcile."""
    BLIND = "D"
    """No key and no look-up: at most one automatic send; an unknown outcome waits for a person."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a system may be called: ``calls`` per ``per_s`` seconds, at most ``burst`` at once."""

    calls: float
    per_s: float = 1.0
    burst: int = 1


class ConnectorSettings(BaseModel):
    """Base of every connector's settings.

    Fields of type ``SecretStr`` come from the vault, never from a file in git. Fields whose name ends in ``_url`` name
    the hosts the connector may reach.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a connector's self-check: what was looked at, whether it is well, what to do if not."""

    what: str
    ok: bool
    detail: str = ""
    remedy: str = ""


class Connector(ABC):
    """Base of all connectors."""

    title: ClassVar[str]
    """Shown to people: the vendor and product."""
    Settings: ClassVar[type[ConnectorSettings]]
    rate: ClassVar[Rate]

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        self.settings = settings
        self.client = client

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Look, without writing, whether credentials, permissions and the other side's version are as needed."""

    def close(self) -> None:
        """Release what the connector holds open. Called once; the client is closed by its owner."""
