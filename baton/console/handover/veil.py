"""A link's token is a key, and servers write the paths they were asked for into their logs: they get another one."""

from __future__ import annotations

from typing import Any, Final

VEILED: Final = "…"


class TokenVeil:
    """Around the link pages: once the answer begins, the request's path says ``…`` in place of the token.

    Every access log we run under reads the path from the request's own scope when the answer begins (uvicorn) or has
    ended (Airflow's server), and routing is over by then. What stands before us (a reverse proxy) has its own log.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        root = scope.get("root_path", "")

        async def veiled_send(message: Any) -> None:
            _veil(scope, root)
            await send(message)

        try:
            await self.app(scope, receive, veiled_send)
        finally:
            _veil(scope, root)


def _veil(scope: Any, root: str) -> None:
    token = scope["path"].removeprefix(root).lstrip("/").partition("/")[0]
    if token not in ("", "static", VEILED):
        path = scope["path"].replace(token, VEILED)
        scope.update(path=path, raw_path=path.encode())
