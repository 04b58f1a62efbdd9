"""A ``requests`` session on top of `Client`, for libraries that insist on one (simple-salesforce, zeep)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
import requests.adapters

from baton.response import Intent
from baton.whole_text import COMPLAINT, is_whole_json

if TYPE_CHECKING:
    from baton.client import Client


def session_over(client: Client, intent: Intent | None) -> requests.Session:
    """A session whose every exchange is a `Client.request` with this ``intent``."""
    session = _Session()
    session.trust_env = False
    bridge = _Bridge(client, intent)
    session.mount("https://", bridge)
    session.mount("http://", bridge)
    return session


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
