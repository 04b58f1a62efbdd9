"""Feishu's self-check: what an administrator must have granted before the first run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from baton.sdk import AccountState, ConnectorError, Finding
from connectors.oa.feishu.directory import Directory
from connectors.oa.feishu.events import Callbacks
from connectors.oa.feishu.open_api import TenantToken

_FIELD_SCOPES = {
    "user_id": "contact:user.employee_id:readonly",
    "name": "contact:user.base:readonly",
    "mobile": "contact:user.phone:readonly",
    "status": "contact:user.employee:readonly",
    "department_ids": "contact:user.department:readonly",
}
"""A field every user has, and the scope without which Feishu leaves it out."""


def findings(
    token: TenantToken, directory: Directory, callbacks: Callbacks, fallback_acceptor: str | None
) -> Sequence[Finding]:
    """Everything that can be seen without writing; stops at the first thing that makes the rest unknowable."""
    return list(_look(token, directory, callbacks, fallback_acceptor))


def _look(
    token: TenantToken, directory: Directory, callbacks: Callbacks, fallback_acceptor: str | None
) -> Iterator[Finding]:
    configured = callbacks.configured
    yield Finding(
        "event callbacks",
        ok=configured,
        detail="encrypt key and verification token are set" if configured else "callbacks are refused",
        remedy="" if configured else "set encrypt_key and verification_token, or rely on polling alone",
    )
    try:
        token.current()
        yield Finding("credentials", ok=True, detail="a tenant token was given")
        yield from _permissions(directory)
        yield _acceptor(directory, fallback_acceptor)
    except ConnectorError as error:
        yield Finding("access to Feishu", ok=False, detail=f"{error.message} [{error.code}]", remedy=error.remedy)


def _permissions(directory: Directory) -> Iterator[Finding]:
    users = directory.sample()
    if not users:
        yield Finding("readable fields", ok=True, detail="the app sees no user yet, so nothing could be looked at")
        return
    for name, scope in _FIELD_SCOPES.items():
        granted = any(user.get(name) for user in users)
        yield Finding(f"field {name}", ok=granted, remedy="" if granted else f"grant {scope} and publish the app")
    numbered = sum(1 for user in users if user.get("employee_no"))
    yield Finding(
        "field employee_no",
        ok=True,
        detail=f"{numbered} of {len(users)} users looked at carry an employee number",
        remedy="" if numbered else "if they should, grant contact:user.employee_number:read and publish the app",
    )


def _acceptor(directory: Directory, user_id: str | None) -> Finding:
    what = "fallback acceptor"
    if user_id is None:
        return Finding(what, ok=True, detail="none set: a removal without a successor is refused")
    account = directory.user(user_id)
    if account is None or account.state is not AccountState.ENABLED:
        return Finding(what, ok=False, remedy="set fallback_acceptor_user_id to the user id of someone who works here")
    return Finding(what, ok=True)
