"""The one HTTP client. Every byte a connector sends or receives over HTTP goes through `Client.request`.

It adds what no library gives together: a wall-clock deadline for the whole exchange, a cap on the inflated body, the
egress rule judged on the dialled address, no redirects, no ambient proxy, the shared rate limit, and the translation
of transport failures into the four connector errors. `Client.session` puts libraries that insist on ``requests``
(simple-salesforce, zeep) on top of the same path.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from baton.clock import Clock, SystemClock
from baton.egress import EgressRule
from baton.response import Intent, Limits, Response

if TYPE_CHECKING:
    import httpx
    import requests

    from baton.exchange import Exchange

__all__ = ["Client", "Intent", "Limiter", "Limits", "Response", "Unlimited"]


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
        self._ca_bundle = ca_bundle
        self._transport = transport
        self._opening = threading.Lock()
        self._exchange: Exchange | None = None

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
        exchange = self._opened()
        request = exchange.build(method, url, params=params, headers=headers, data=data, content=content)
        self.limiter.acquire()
        response = exchange.send(request, what, deadline_s or self.limits.deadline_s)
        if response.status == 429:
            self.limiter.pause(response.retry_after_s(self.clock.now()) or 1.0)
        return response

    def session(self, *, intent: Intent | None = None) -> requests.Session:
        """A ``requests`` session whose every exchange is a `request` of this client (``intent`` as there)."""
        from baton.requests_session import session_over  # loads requests, which few connectors need

        return session_over(self, intent)

    def close(self) -> None:
        """Close the connections, if there are any."""
        if self._exchange is not None:
            self._exchange.close()

    def _opened(self) -> Exchange:
        with self._opening:
            if self._exchange is None:
                from baton.exchange import Exchange  # loads httpx: a hub that only plans needs none

                self._exchange = Exchange(
                    self.egress, self.limits, self.clock, ca_bundle=self._ca_bundle, transport=self._transport
                )
            return self._exchange
