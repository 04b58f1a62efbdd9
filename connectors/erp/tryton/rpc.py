"""One Tryton session: a single-flight login, and calls that renew it once when it has expired."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from baton.sdk import Client, HaltError, Intent, RejectedError, Response
from connectors.erp.tryton import wire

_REMEMBER_REFUSAL_S = 60.0
Row = TypeVar("Row")


class Rpc:
    """JSON-RPC calls to one database as one user. Thread-safe.

    A login costs the server an Argon2 hash (147 MB), and the sixth wrong password locks the user out: so one thread
    logs in for all, and a refused login is not tried again for a minute.
    """

    def __init__(self, client: Client, *, base_url: str, database: str, username: str, password: str) -> None:
        self._client = client
        self._root_url = f"{base_url.rstrip('/')}/rpc/"
        self._url = f"{base_url.rstrip('/')}/{quote(database, safe='')}/rpc/"
        self._username = username
        self._password = password
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._header: str | None = None
        self._refused_until = float("-inf")

    def version(self) -> str:
        """The server's series (``8.2``); needs no login."""
        call_id, response = self._post(self._root_url, "common.server.version", [], Intent.READ)
        return str(wire.result_of(response, call_id))

    def read(self, method: str, *arguments: Any, context: Mapping[str, Any]) -> Any:
        """Call a method that changes nothing; a lost answer is a `RetryableError`."""
        return self._call(method, [*arguments, dict(context)], Intent.READ)

    def rows(
        self,
        model: str,
        domain: Sequence[Any],
        columns: Sequence[str],
        read: Callable[[Mapping[str, Any]], Row],
        *,
        context: Mapping[str, Any],
        limit: int | None = None,
        order: Sequence[Sequence[str]] = (("id", "ASC"),),
    ) -> list[Row]:
        """The records that match, each as ``read`` makes it; one it cannot read makes the answer garbled."""
        result = self.read(f"model.{model}.search_read", domain, 0, limit, order, columns, context=context)
        try:
            return [read(row) for row in result]
        except (KeyError, TypeError, ValueError) as error:
            raise wire.garbled(Intent.READ, f"{model}.search_read") from error

    def write(self, method: str, *arguments: Any, context: Mapping[str, Any]) -> Any:
        """Call a method in one transaction of the server; a lost answer is an `InDoubtError`."""
        return self._call(method, [*arguments, dict(context)], Intent.WRITE)

    def _call(self, method: str, params: Sequence[Any], intent: Intent) -> Any:
        header = self._session(stale=None)
        call_id, response = self._post(self._url, method, params, intent, header)
        if response.status == 401:
            # Authentication precedes the transaction: nothing was done, so the call may be made again.
            header = self._session(stale=header)
            call_id, response = self._post(self._url, method, params, intent, header)
            if response.status == 401:
                raise HaltError(
                    "Tryton refuses a session it has just given out",
                    code="session_refused",
                    remedy="check that the Tryton user is active and that calls leave from one IP address",
                )
        if response.status == 413:
            raise RejectedError("the call is too large for Tryton", code="http_413", remedy="shorten the record")
        return wire.result_of(response, call_id)

    def _session(self, stale: str | None) -> str:
        """The authorization header; logs in when there is none or it is the stale one."""
        with self._lock:
            if self._header is None or self._header == stale:
                self._header = None
                self._header = self._log_in()
            return self._header

    def _log_in(self) -> str:
        clock = self._client.clock
        if clock.monotonic() < self._refused_until:
            raise _login_refused()
        params = [self._username, {"password": self._password}, "en"]
        call_id, response = self._post(self._url, "common.db.login", params, Intent.READ)
        if response.status == 401:
            self._refused_until = clock.monotonic() + _REMEMBER_REFUSAL_S
            raise _login_refused()
        match wire.result_of(response, call_id):
            case [int(user), str(token), *_]:
                session = f"{self._username}:{user}:{token}".encode()
                return f"Session {base64.b64encode(session).decode()}"
        raise wire.garbled(Intent.READ, "the login")

    def _post(
        self, url: str, method: str, params: Sequence[Any], intent: Intent, header: str | None = None
    ) -> tuple[int, Response]:
        call_id = next(self._ids)
        # Exactly these three keys: any other set makes the server answer in another protocol.
        body = {"id": call_id, "method": method, "params": params}
        headers = {"Authorization": header} if header else None
        return call_id, self._client.request("POST", url, json=body, headers=headers, intent=intent)


def _login_refused() -> HaltError:
    return HaltError(
        "Tryton refuses the user name or the password",
        code="login_refused",
        remedy="correct username and password of this system; the sixth wrong try locks the user for a while",
    )
