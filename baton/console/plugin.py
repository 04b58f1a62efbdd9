"""Registers the console with Airflow. Imported in every task process, so it imports next to nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk.plugins_manager import AirflowPlugin


class LazyConsole:
    """An ASGI application that loads the real one with the first request."""

    _app: ClassVar[Any] = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if LazyConsole._app is None:
            from baton.console.web import app

            LazyConsole._app = app
        await LazyConsole._app(scope, receive, send)


class BatonPlugin(AirflowPlugin):
    """The console at /baton, linked from the navigation."""

    name = "baton"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": LazyConsole(), "url_prefix": "/baton", "name": "Baton"}]
    external_views: ClassVar[list[dict[str, Any]]] = [
        {"name": "Baton", "href": "baton/", "destination": "nav", "url_route": "baton", "nav_top_level": True}
    ]
