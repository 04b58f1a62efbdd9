"""One exchange over HTTP, by httpx: what `Client` does its requests with. Nothing else imports it.

Loading httpx takes longer than most commands that call nobody: it is loaded with the first request.
"""

from __future__ import annotations

import logging
import ssl
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import httpx

from baton.clock import Clock
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RetryableError
from baton.guarded_transport import DEADLINE, guarded_transport
from baton.response import Intent, Limits, Response

for _library in ("httpx", "httpcore"):
    # They log URLs (httpx, at INFO) and headers (httpcore): personal data and credentials, in Airflow's logs for one.
    logging.getLogger(_library).setLevel(logging.WARNING)


_LOOK_AT_HEADERS: Final = (
    "look whether the key or the name it carries has a line end, a blank or a letter that does not belong there"
)
_LOOK_AT_THE_WAY: Final = (
    "if that lasts: is its address in systems.yaml right, can this machine resolve the name, does a firewall let it out"
)
_LOOK_AT_TLS: Final = (
    "if that lasts: is the port in its address one that speaks TLS, and does it speak TLS 1.2 or later (a proxy?)"
)


def _tls_fault(error: BaseException) -> str:
    """What TLS itself gives as the reason of a connection that did not come about; empty where it was not TLS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return str(cause.reason or type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return ""


class Exchange:
    """Builds requests and carries them out. Thread-safe."""

    def __init__(
        self,
        egress: EgressRule,
        limits: Limits,
        clock: Clock,
        *,
        ca_bundle: str | None,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self.limits = limits
        self.clock = clock
        self._http = httpx.Client(
            transport=transport or guarded_transport(egress, clock, ca_bundle),
            timeout=httpx.Timeout(limits.deadline_s, connect=limits.connect_s),
            follow_redirects=False,
            trust_env=False,
        )

    def build(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | Iterable[tuple[str, str]] | None,
        headers: Mapping[str, str] | None,
        data: Mapping[str, str] | None,
        content: bytes | str | None,
    ) -> httpx.Request:
        """The request, ready to be sent. Raises `HaltError` for what is no http(s) URL or no possible header."""
        for name, value in (headers or {}).items():
            if not value.isascii() or not value.replace("\t", "").isprintable() or value != value.strip():
                raise _unsendable(name)
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
        return request

    def send(self, request: httpx.Request, intent: Intent, deadline_s: float) -> Response:
        """The whole answer, within ``deadline_s``, whatever its status. Raises as `Client.request` says."""
        token = DEADLINE.set(self.clock.monotonic() + deadline_s)
        try:
            return self._answered(request, intent)
        finally:
            DEADLINE.reset(token)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _answered(self, request: httpx.Request, intent: Intent) -> Response:
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
            fault = _tls_fault(error)
            if fault:
                message = f"{origin} is there, but no TLS connection to it came about ({fault})"
                raise RetryableError(message, code="unreachable", remedy=_LOOK_AT_TLS) from error
            raise RetryableError(f"{origin} cannot be reached", code="unreachable", remedy=_LOOK_AT_THE_WAY) from error
        except httpx.LocalProtocolError:
            # No HTTP, found before it was sent: nothing is in doubt. From None, for the library quotes the value.
            raise HaltError(
                f"the request to {origin} holds what cannot be sent in a header",
                code="header",
                remedy=_LOOK_AT_HEADERS,
            ) from None
        except (httpx.TransportError, _BodyError) as error:
            kind = InDoubtError if intent is Intent.WRITE else RetryableError
            if isinstance(error, _TooLargeError):
                remedy = "a repeat is as long: what is asked for at a time has to be less"
                raise kind(f"{origin} answers {error.reason}", code=Response.TOO_LARGE, remedy=remedy) from error
            reason = error.reason if isinstance(error, _BodyError) else type(error).__name__
            raise kind(f"the answer of {origin} was lost ({reason})", code="lost_answer") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, body, intent, origin)

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
                    raise _TooLargeError(f"more than {cap} bytes")
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


def _unsendable(header: str) -> HaltError:
    """Judged before anything is dialled: from the library it would look like an answer that was lost."""
    return HaltError(
        f"the header {header} holds characters that cannot be sent", code="header", remedy=_LOOK_AT_HEADERS
    )


class _BodyError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _TooLargeError(_BodyError):
    """More bytes than are kept."""


def _check_deadline(clock: Clock) -> None:
    deadline = DEADLINE.get()
    if deadline is not None and clock.monotonic() > deadline:
        raise _BodyError("deadline passed")
