"""The troubles of a network, played between a connector and its counterpart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import httpx
import orjson

RETRY_AFTER_S: Final = 7.0
_MAX_REQUESTS: Final = 20_000


class Trouble(StrEnum):
    """What can happen to one exchange."""

    UNREACHABLE = "unreachable"
    """The connection is refused: the request never arrives."""
    THROTTLED = "throttled"
    """429 with Retry-After; the request is not acted on."""
    UNAUTHORIZED = "unauthorized"
    """401; the request is not acted on."""
    LOST_REPLY = "lost_reply"
    """The request is acted on and the answer is lost."""
    SERVER_ERROR = "server_error"
    """The request is acted on and the answer is 500."""
    GARBLED = "garbled"
    """The request is acted on and the answer is not what it should be."""
    SHORTENED = "shortened"
    """The request is acted on and a list of results in its JSON answer lacks an entry."""
    SLOW = "slow"
    """The request is acted on and the answer comes after the deadline."""
    LATE_COMMIT = "late_commit"
    """The connection breaks; the request is acted on only when `TroubledTransport.deliver_late` is called."""


class VirtualClock:
    """A clock that moves when told, so that no law waits."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self._lock = threading.Lock()
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._now + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._elapsed_s += seconds


class TroubledTransport(httpx.BaseTransport):
    """Carries requests to a counterpart's ``handle`` and lets the arranged trouble happen to them.

    ``written`` says how many writes the counterpart has accepted, which tells a request that wrote from one that asked.
    """

    def __init__(
        self, handle: Callable[[httpx.Request], httpx.Response], written: Callable[[], int], clock: VirtualClock
    ) -> None:
        self._handle = handle
        self._written = written
        self._clock = clock
        self._always: Trouble | None = None
        self._on_write: Trouble | None = None
        self._entries = 0
        self._at: tuple[int, Trouble] | None = None
        self._replayed: tuple[str, bytes] | None = None
        self._late: list[httpx.Request] = []
        self.requests: list[tuple[str, str]] = []
        """Method and path of every request so far."""
        self.answers: list[bytes] = []
        """The body of every answer that was given."""
        self.writes_at: list[int] = []
        """The positions in ``requests`` of those that wrote."""
        self.shortened = 0
        """How many lists of results have lost an entry."""

    def clear(self) -> None:
        """From now on all is well; counting starts anew."""
        self._always = self._on_write = self._at = self._replayed = None
        self._entries = self.shortened = 0
        self.requests.clear()
        self.answers.clear()
        self.writes_at.clear()

    def always(self, trouble: Trouble) -> None:
        """Trouble for every request."""
        self._always = trouble

    def on_write(self, trouble: Trouble, *, entries: int = 0) -> None:
        """Trouble for the next request that turns out to write (one of the kinds that let it act).

        ``entries`` is how long a list of results is, for `Trouble.SHORTENED`.
        """
        self._on_write = trouble
        self._entries = entries

    def at(self, position: int, trouble: Trouble) -> None:
        """Trouble for the request at this position, counted from the last `clear`."""
        self._at = (position, trouble)

    def replay(self, path: str, body: bytes) -> None:
        """Answer every request for a path with the same body, whatever it asks."""
        self._replayed = (path, body)

    def deliver_late(self) -> None:
        """Now let the requests of `Trouble.LATE_COMMIT` arrive; their answers go nowhere."""
        late, self._late = self._late, []
        for request in late:
            _whole(self._handle(request))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange, or what the arranged trouble makes of it."""
        request.read()
        position = len(self.requests)
        if position >= _MAX_REQUESTS:
            raise AssertionError(f"more than {_MAX_REQUESTS} requests: the connector does not stop")
        self.requests.append((request.method, request.url.path))
        trouble = self._always
        if self._at is not None and self._at[0] == position:
            trouble = self._at[1]
        answer = self._exchange(request, trouble, position)
        self.answers.append(answer.content)
        return answer

    def _exchange(self, request: httpx.Request, trouble: Trouble | None, position: int) -> httpx.Response:
        if trouble is Trouble.UNREACHABLE:
            raise httpx.ConnectError("connection refused", request=request)
        if trouble is Trouble.THROTTLED:
            return httpx.Response(429, headers={"Retry-After": str(int(RETRY_AFTER_S))}, content=b"{}")
        if trouble is Trouble.UNAUTHORIZED:
            return httpx.Response(401, content=b"{}")
        if trouble is Trouble.LATE_COMMIT:
            self._late.append(request)
            raise httpx.ReadTimeout("no answer", request=request)
        if self._replayed is not None and request.url.path == self._replayed[0]:
            return httpx.Response(200, headers={"Content-Type": "application/json"}, content=self._replayed[1])
        before = self._written()
        answer = _whole(self._handle(request))
        if self._written() > before:
            self.writes_at.append(position)
            if self._on_write is not None:
                trouble, self._on_write = self._on_write, None
        return self._spoilt(request, answer, trouble)

    def _spoilt(self, request: httpx.Request, answer: httpx.Response, trouble: Trouble | None) -> httpx.Response:
        if trouble is Trouble.LOST_REPLY:
            raise httpx.ReadError("connection reset", request=request)
        if trouble is Trouble.SERVER_ERROR:
            return httpx.Response(500, content=b"{}")
        if trouble is Trouble.GARBLED:
            return httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<html>\x00 502 a proxy spoke")
        if trouble is Trouble.SHORTENED:
            return self._shorter(answer)
        if trouble is Trouble.SLOW:
            self._clock.sleep(3600)
        return answer

    def _shorter(self, answer: httpx.Response) -> httpx.Response:
        try:
            body = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            return answer
        content_type = answer.headers.get("Content-Type", "application/json")
        content = orjson.dumps(self._without_last(body))
        return httpx.Response(answer.status_code, headers={"Content-Type": content_type}, content=content)

    def _without_last(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._without_last(each) for name, each in value.items()}
        if isinstance(value, list) and len(value) == self._entries:
            self.shortened += 1
            return value[:-1]
        return [self._without_last(each) for each in value] if isinstance(value, list) else value


def _whole(answer: httpx.Response) -> httpx.Response:
    """An answer that can be read more than once; one from a network can not."""
    if isinstance(answer.stream, httpx.ByteStream):
        return answer
    dropped = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in dropped]
    return httpx.Response(answer.status_code, headers=headers, content=answer.read())


IN_DOUBT_AFTER: Final[Sequence[Trouble]] = (Trouble.LOST_REPLY, Trouble.SERVER_ERROR, Trouble.GARBLED, Trouble.SLOW)
"""The troubles after which a write may have happened."""
