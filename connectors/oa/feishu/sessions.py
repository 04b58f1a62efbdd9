"""Logging people out of Feishu."""

from __future__ import annotations

from typing import Final

from baton.sdk import Receipt
from connectors.oa.feishu.open_api import OpenApi
from connectors.oa.feishu.receipts import receipt

_BY_USER_ID: Final = 1


class Sessions:
    """Ends every session of a user, on every kind of device."""

    def __init__(self, api: OpenApi) -> None:
        self._api = api

    def end(self, user_id: str) -> Receipt:
        """Log out everywhere. Naming no kind of device means all; who is not logged in is logged out."""
        body = {"logout_type": _BY_USER_ID, "user_id": user_id}
        answer = self._api.call("POST", "/passport/v1/sessions/logout", (("user_id_type", "user_id"),), json=body)
        return receipt(answer, user_id)
