"""Connections that are dialled where the egress rule allows it, and on which every step ends by one deadline."""

from __future__ import annotations

import contextlib
import functools
import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Final, cast

import httpcore
import httpx

from baton.clock import Clock
from baton.egress import EgressRule
from baton.errors import HaltError

DEADLINE: Final[ContextVar[float | None]] = ContextVar("baton_deadline", default=None)
"""When the exchange under way must have ended, on the monotonic clock."""

_PIECE: Final = 16 * 1024


def _left(clock: Clock, timeout: float | None, late: type[Exception]) -> float | None:
    """The time one step may take: its own timeout, but never past the exchange's deadline."""
    deadline = DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - clock.monotonic()
    if left <= 0:
        raise late("deadline passed")
    return left if timeout is None else min(left, timeout)


class _GuardedStream(httpcore.NetworkStream):
    """A connection on which every read and write ends by the exchange's deadline."""

    def __init__(self, inner: httpcore.NetworkStream, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._clock, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: the timeout below holds for each send alone, and a slow reader could stretch a long body for ever.
        view = memoryview(buffer)
        for start in range(0, len(view), _PIECE):
            piece = cast("bytes", view[start : start + _PIECE])
            self._inner.write(piece, _left(self._clock, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _GuardedStream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _GuardedBackend(httpcore.SyncBackend):
    """Dials only what the egress rule allows, at the very address that was judged."""

    def __init__(self, egress: EgressRule, clock: Clock) -> None:
        super().__init__()
        self._egress = egress
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._egress.addresses_for(host, port)
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._dial(address, port, timeout, local_address, socket_options)
        return self._dial(addresses[-1], port, timeout, local_address, socket_options)

    def _dial(
        self, address: str, port: int, timeout: float | None, local_address: str | None, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        left = _left(self._clock, timeout, httpcore.ConnectTimeout)
        return _GuardedStream(super().connect_tcp(address, port, left, local_address, options), self._clock)

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise HaltError("unix sockets are not used", code="egress")


def guarded_transport(egress: EgressRule, clock: Clock, ca_bundle: str | None) -> httpx.HTTPTransport:
    """A transport for httpx. ``ca_bundle`` names the only CAs to trust, instead of the machine's."""
    context = _trusting_this_machine() if ca_bundle is None else _trusting(ca_bundle)
    transport = httpx.HTTPTransport(verify=context, trust_env=False)
    # httpx offers no way to hand in a network backend; httpcore's pool does. The pool is the transport's only state.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=context,
        max_connections=32,
        max_keepalive_connections=8,
        keepalive_expiry=15.0,
        network_backend=_GuardedBackend(egress, clock),
    )
    return transport


@functools.cache
def _trusting_this_machine() -> ssl.SSLContext:
    """One for all clients of a process: reading the machine's list of CAs takes longer than most requests (20 ms)."""
    return _trusting(None)


def _trusting(ca_bundle: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl's own errors are among them
        message = f"the file {ca_bundle} holds no certificates that can be trusted"
        raise HaltError(message, code="tls", remedy="name a file of PEM certificates with ca_bundle") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
