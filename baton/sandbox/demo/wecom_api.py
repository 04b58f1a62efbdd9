"""WeCom's own API as the demo reads it back: plain calls over httpx, no connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

_NOBODY: Final = 60111
"""The errcode for a userid that no member has."""
_NO_CUSTOMER: Final = 84061


class WeComApi:
    """Reads one corporation with both of its secrets; a context manager."""

    def __init__(self, base_url: str, settings: Mapping[str, object], secrets: Mapping[str, str]) -> None:
        self._http = httpx.Client(base_url=f"{base_url}/cgi-bin", trust_env=False, timeout=30)
        self._tokens = {
            secret: self._token(str(settings["corp_id"]), secrets[secret])
            for secret in ("contact_secret", "app_secret")
        }

    def _token(self, corp_id: str, secret: str) -> str:
        answer = self._http.get("/gettoken", params={"corpid": corp_id, "corpsecret": secret}).json()
        return str(answer["access_token"])

    def member(self, userid: str) -> Mapping[str, Any] | None:
        """One member; None where there is none."""
        return self._read("GET", "/user/get", {"userid": userid}, none=_NOBODY)

    def userids(self) -> Iterator[str]:
        """Everybody in the corporation, once per department."""
        cursor = ""
        while True:
            params = {"access_token": self._tokens["contact_secret"]}
            answer = self._http.post("/user/list_id", params=params, json={"cursor": cursor, "limit": 10_000}).json()
            yield from (row["userid"] for row in answer["dept_user"])
            cursor = answer["next_cursor"]
            if not cursor:
                return

    def followers(self, customer: str) -> list[str]:
        """The members who have this customer."""
        answer = self._read("GET", "/externalcontact/get", {"external_userid": customer}, none=_NO_CUSTOMER)
        return [follow["userid"] for follow in (answer or {"follow_user": []})["follow_user"]]

    def group_owner(self, chat: str) -> str:
        """Who owns a customer group."""
        answer = self._read("POST", "/externalcontact/groupchat/get", {"chat_id": chat})
        return str((answer or {})["group_chat"]["owner"])

    def _read(self, method: str, path: str, asked: Mapping[str, str], *, none: int = 0) -> Mapping[str, Any] | None:
        params = {"access_token": self._tokens["app_secret"], **(asked if method == "GET" else {})}
        body = dict(asked) if method == "POST" else None
        answer: dict[str, Any] = self._http.request(method, path, params=params, json=body).json()
        if answer["errcode"] == 0:
            return answer
        if answer["errcode"] == none:
            return None
        raise httpx.HTTPError(f"WeCom said {answer['errcode']} to {path}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
