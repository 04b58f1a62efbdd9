"""Registers the console with Airflow. Imported in every task process, so it imports next to nothing."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from airflow.sdk.plugins_manager import AirflowPlugin


class LazyConsole:
    """An ASGI application that loads the real one with the first request."""

    _app: ClassVar[Any] = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if LazyConsole._app is None:
            from baton.console.web import app

            LazyConsole._app = app
        await LazyConsole._app(scope, receive, send)


_APPS: Final = [{"app": LazyConsole(), "url_prefix": "/baton", "name": "Baton"}]
_VIEWS: Final = [
    {
        "name": "Baton",
        "href": "baton/",
        "destination": "nav",
        "url_route": "baton",
        "nav_top_level": True,
        "icon": "/baton/static/icon.svg",
    },
    {
        "name": "Baton",
        "href": "baton/of?dag={DAG_ID}&run={RUN_ID}",
        "destination": "dag_run",
        "url_route": "baton-run",
        "icon": "/baton/static/icon.svg",
    },
]


class BatonPlugin(AirflowPlugin):
    """The console at /baton: linked from the navigation, and from every DAG run to the run of the hub it carried."""

    name = "baton"
    fastapi_apps = _APPS
    external_views = _VIEWS
