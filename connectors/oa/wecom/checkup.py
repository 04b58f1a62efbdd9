"""WeCom's self-check: what an administrator must have granted before the first run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from baton.sdk import Client, ConnectorError, Finding
from connectors.oa.wecom.callbacks import Callbacks
from connectors.oa.wecom.members import Directory
from connectors.oa.wecom.open_api import OpenApi

_DAY_S = 86_400


def findings(app: OpenApi, directory: Directory, callbacks: Callbacks, client: Client) -> Sequence[Finding]:
    """Everything that can be seen without writing."""
    return list(_look(app, directory, callbacks, client))


def _look(app: OpenApi, directory: Directory, callbacks: Callbacks, client: Client) -> Iterator[Finding]:
    configured = callbacks.configured
    yield Finding(
        "callbacks",
        ok=configured,
        detail="token and EncodingAESKey are set" if configured else "callbacks are refused",
        remedy="" if configured else "set callback_token and callback_aes_key, or rely on polling alone",
    )
    members: list[str] = []
    yield _tried("contact secret: the list of members", lambda: members.extend(directory.sample()))
    if members:
        yield _visible(directory, members[0])
    yield _tried("app secret: customers", lambda: app.ask("externalcontact/get_unassigned_list", {"page_size": 1}))
    now = int(client.clock.now().timestamp())
    asked = {"starttime": str(now - _DAY_S), "endtime": str(now), "new_cursor": "", "size": 1, "filters": []}
    yield _tried("app secret: approvals", lambda: app.ask("oa/getapprovalinfo", asked))


def _tried(what: str, look: Callable[[], object]) -> Finding:
    try:
        look()
    except ConnectorError as error:
        return Finding(what, ok=False, detail=f"{error.message} [{error.code}]", remedy=error.remedy)
    return Finding(what, ok=True)


def _visible(directory: Directory, userid: str) -> Finding:
    what = "app secret: members"
    try:
        seen = directory.account(userid) is not None
    except ConnectorError as error:
        return Finding(what, ok=False, detail=f"{error.message} [{error.code}]", remedy=error.remedy)
    if seen:
        return Finding(what, ok=True)
    return Finding(
        what,
        ok=False,
        detail="the app cannot see a member whom the corporation has",
        remedy="set the app's visible range (可见范围) to the whole corporation",
    )
