"""The one HTTP client. Every byte a connector sends or receives over HTTP goes through `Client.request`.

It adds what no library gives together: a wall-clock deadline for the whole exchange, a cap on the inflated body, the
egress rule judged on the dialled address, no redirects, no ambient proxy, the shared rate limit, and the translation
of transport failures into the four connector errors. `Client.session` puts libraries that insist on ``requests``
(simple-salesforce, zeep) on top of the same path.
"""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Protocol, cast

import httpx
import orjson
import requests
import requests.adapters

from baton.clock import Clock, SystemClock
from baton.egress import EgressRule
from baton.errors import ConnectorError, HaltError, InDoubtError, RejectedError, RetryableError
from baton.guarded_transport import DEADLINE, guarded_transport
from baton.whole_text import COMPLAINT, is_whole_json

_LONGEST_RETRY_AFTER_S = 3600.0
for _library in ("httpx", "httpcore"):
    # They log URLs (httpx, at INFO) and headers (httpcore): personal data and credentials, in Airflow's logs for one.
    logging.getLogger(_library).setLevel(logging.WARNING)


class Intent(Enum):
    """Whether a lost answer matters: after a READ it does not, after a WRITE the outcome is in doubt."""

    READ = "read"
    WRITE = "write"


class Limiter(Protocol):
    """The rate limit of one system, shared by everything that calls it."""

    def acquire(self) -> None:
        """Wait for permission to make one call."""
        ...

    def pause(self, seconds: float) -> None:
        """Let nobody call for a while: the system has asked for it."""
        ...


class Unlimited:
    """No rate limit (tests, simulators)."""

    def acquire(self) -> None:
        """Return at once."""

    def pause(self, seconds: float) -> None:
        """Ignore."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may cost."""

    deadline_s: float = 30.0
    connect_s: float = 10.0
    body_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. ``headers`` has lower-case names."""

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


class Client:
    """One HTTP client for one system. Thread-safe; keep it for as long as the system is used."""

    def __init__(
        self,
        egress: EgressRule,
        *,
        limits: Limits = Limits(),
        limiter: Limiter | None = None,
        clock: Clock | None = None,
        ca_bundle: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.egress = egress
        self.limits = limits
        self.limiter: Limiter = limiter or Unlimited()
        self.clock: Clock = clock or SystemClock()
        self._http = httpx.Client(
            transport=transport or guarded_transport(egress, self.clock, ca_bundle),
            timeout=httpx.Timeout(limits.deadline_s, connect=limits.connect_s),
            follow_redirects=False,
            trust_env=False,
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        intent: Intent | None = None,
        params: Mapping[str, Any] | Iterable[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        deadline_s: float | None = None,
    ) -> Response:
        """Make one exchange and return the whole answer, whatever its status.

        ``intent`` is READ for GET and HEAD and WRITE otherwise; say READ for a POST that only asks.
        Raises `RetryableError` when the request certainly was not acted on, `InDoubtError` when a write may have
        been, `HaltError` when the egress rule or TLS forbids it.
        """
        what = intent or (Intent.READ if method.upper() in ("GET", "HEAD") else Intent.WRITE)
        if json is not None:
            content = orjson.dumps(json)
            headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        try:
            request = self._http.build_request(
                method,
                url,
                params=params if params is None or isinstance(params, Mapping) else list(params),
                headers={"Accept-Encoding": "gzip", **(headers or {})},
                data=dict(data) if data is not None else None,
                content=content,
            )
        except (httpx.InvalidURL, UnicodeError):  # UnicodeError: idna's, for a host that no name can be
            raise _unusable_url() from None
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise _unusable_url()
        self.limiter.acquire()
        token = DEADLINE.set(self.clock.monotonic() + (deadline_s or self.limits.deadline_s))
        try:
            return self._exchange(request, what)
        finally:
            DEADLINE.reset(token)

    def session(self, *, intent: Intent | None = None) -> requests.Session:
        """A ``requests`` session whose every exchange is a `request` of this client (``intent`` as there)."""
        session = _Session()
        session.trust_env = False
        bridge = _Bridge(self, intent)
        session.mount("https://", bridge)
        session.mount("http://", bridge)
        return session

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _exchange(self, request: httpx.Request, intent: Intent) -> Response:
        origin = request.url.host
        try:
            answer = self._http.send(request, stream=True)
            try:
                body = self._body(answer)
            finally:
                answer.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if "certificate" in str(error).lower():
                raise HaltError(
                    f"the TLS certificate of {origin} is not trusted",
                    code="tls",
                    remedy="install the right certificate there, or name its CA with ca_bundle",
                ) from None
            raise RetryableError(f"{origin} cannot be reached", code="unreachable") from error
        except (httpx.TransportError, _BodyError) as error:
            reason = error.reason if isinstance(error, _BodyError) else type(error).__name__
            if intent is Intent.WRITE:
                raise InDoubtError(f"the answer of {origin} was lost ({reason})", code="lost_answer") from error
            raise RetryableError(f"the answer of {origin} was lost ({reason})", code="lost_answer") from error
        response = Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, body, intent, origin)
        if response.status == 429:
            self.limiter.pause(response.retry_after_s(self.clock.now()) or 1.0)
        return response

    def _body(self, answer: httpx.Response) -> bytes:
        """The inflated body, within the byte cap and the deadline."""
        encoding = answer.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "", "gzip"):
            raise _BodyError(f"unexpected content encoding {encoding[:40]!r}")
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        body = bytearray()
        cap = self.limits.body_bytes
        received = 0
        try:
            # The stream itself, not iter_raw(): an answer made in this process counts as read already.
            for chunk in cast("httpx.SyncByteStream", answer.stream):
                received += len(chunk)
                body += chunk if inflate is None else inflate.decompress(chunk, cap + 1 - len(body))
                if len(body) > cap or received > cap:
                    raise _BodyError(f"more than {cap} bytes")
                if inflate is not None and inflate.unused_data:
                    raise _BodyError("something follows the gzip")
                _check_deadline(self.clock)
        except zlib.error:
            raise _BodyError("broken gzip") from None
        if inflate is not None and received and not inflate.eof:
            raise _BodyError("gzip that ends early")
        return bytes(body)


def _unusable_url() -> HaltError:
    return HaltError("the URL is not an http(s) URL", code="egress", remedy="correct it in systems.yaml")


class _BodyError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _check_deadline(clock: Clock) -> None:
    deadline = DEADLINE.get()
    if deadline is not None and clock.monotonic() > deadline:
        raise _BodyError("deadline passed")


class _Session(requests.Session):
    """Follows no redirect, not even one that it only looks up for ``Response.next``."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _Answer(requests.Response):
    """Reads JSON as strictly as the client itself does."""

    def json(self, **kwargs: Any) -> Any:
        if not is_whole_json(self.content):
            raise requests.exceptions.InvalidJSONError(f"the answer {COMPLAINT}")
        return super().json(**kwargs)


class _Bridge(requests.adapters.BaseAdapter):
    """Lets a ``requests`` session speak through a `Client`."""

    def __init__(self, client: Client, intent: Intent | None) -> None:
        super().__init__()
        self._client = client
        self._intent = intent

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, **_: Any
    ) -> requests.Response:
        longest = self._client.limits.deadline_s
        deadline = min(timeout, longest) if isinstance(timeout, (int, float)) else longest
        answer = self._client.request(
            request.method or "GET",
            request.url or "",
            intent=self._intent,
            headers={k: v for k, v in request.headers.items() if k.lower() not in ("accept-encoding", "connection")},
            content=request.body,
            deadline_s=deadline,
        )
        if 300 <= answer.status < 400:
            answer.raise_for_status()  # to requests such an answer is "ok", and its libraries take it for content
        response = _Answer()
        response.status_code = answer.status
        response.headers.update({k: v for k, v in answer.headers.items() if k != "content-encoding"})
        response._content = answer.content  # the documented way to build one offline; requests has no setter
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """The client owns the connections."""
