"""What one exchange over HTTP is asked for, may cost and gives: the words `Client` and what does its work share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, ClassVar

import orjson

from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError

_LONGEST_RETRY_AFTER_S = 3600.0


class Intent(Enum):
    """Whether a lost answer matters: after a READ it does not, after a WRITE the outcome is in doubt."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may cost."""

    deadline_s: float = 30.0
    connect_s: float = 10.0
    body_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. ``headers`` has lower-case names."""

    TOO_LARGE: ClassVar[str] = "answer_too_large"
    """Code of the error for an answer longer than is kept: asked again alike, it is as long again."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    intent: Intent
    origin: str

    @property
    def ok(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. An unreadable body leaves a write in doubt and a read to be repeated."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            raise self.unreadable("is not JSON") from error

    def unreadable(self, what: str) -> ConnectorError:
        """The error for an answer that cannot be understood."""
        kind = InDoubtError if self.intent is Intent.WRITE else RetryableError
        return kind(f"the answer of {self.origin} (HTTP {self.status}) {what}", code="garbled")

    def retry_after_s(self, now: datetime | None = None) -> float | None:
        """``Retry-After`` in seconds (both forms), between 0 and one hour; None when absent or senseless."""
        raw = self.headers.get("retry-after")
        if raw is None:
            return None
        try:
            seconds = float(raw)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(raw) - (now or datetime.now(UTC))).total_seconds()
            except (ValueError, TypeError):
                return None
        return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S) if not math.isnan(seconds) else None

    def raise_for_status(self) -> Response:
        """Self for 2xx, otherwise the connector error that HTTP alone tells; vendors refine this with their codes."""
        if self.ok:
            return self
        where = f"{self.origin} answered HTTP {self.status}"
        code = f"http_{self.status}"
        if self.status == 429:
            raise RetryableError(where, code=code, retry_after_s=self.retry_after_s())
        if self.status >= 500:
            if self.intent is Intent.WRITE:
                raise InDoubtError(where, code=code)
            raise RetryableError(where, code=code, retry_after_s=self.retry_after_s())
        if self.status in (401, 403):
            raise HaltError(where, code=code, remedy="check the credentials and the permissions of this system")
        if 300 <= self.status < 400:
            raise HaltError(f"{where} and wants to redirect", code=code, remedy="set the final URL in systems.yaml")
        raise RejectedError(where, code=code)
