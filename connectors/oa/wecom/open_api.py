"""Calls to WeCom: one token per secret, the envelope, and what each answer means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from baton.sdk import (
    Client,
    ConnectorError,
    HaltError,
    InDoubtError,
    Intent,
    RejectedError,
    Response,
    RetryableError,
    SharedToken,
)
from connectors.oa.wecom.codes import CODES, Meaning, Verdict

_RENEW_BEFORE_S: Final = 300.0
_WINDOWS_S: Final = (60.0, 3_600.0, 86_400.0)
"""How long WeCom blocks an interface: by the limit that was passed, which the code does not say."""
_CROWD_S: Final = 2.0
_PASSING: Final = (Verdict.BUSY, Verdict.LATER, Verdict.LIMITED, Verdict.CROWDED)
_HINT: Final = re.compile(r"hint: \[([0-9A-Za-z_-]{1,80})\]")


@dataclass(frozen=True, slots=True)
class Answer:
    """An understood answer: what it means, the code that said so, its body, and WeCom's own id of the call."""

    meaning: Meaning
    code: int
    body: Mapping[str, Any]
    hint: str

    @property
    def verdict(self) -> Verdict:
        """Short for ``meaning.verdict``."""
        return self.meaning.verdict


class Token(SharedToken):
    """The token of one secret: shared by all threads, renewed before it ends."""

    def __init__(self, client: Client, base_url: str, corp_id: str, secret: str) -> None:
        super().__init__(client.clock, _RENEW_BEFORE_S)
        self._client = client
        self._url = f"{base_url}/cgi-bin/gettoken"
        self._credentials = {"corpid": corp_id, "corpsecret": secret}

    def fetch(self) -> tuple[str, float]:
        """Ask for a token. Raises `RetryableError` where it is refused for a passing reason, else `HaltError`."""
        response = self._client.request("GET", self._url, params=self._credentials)
        body, code = _envelope(response)
        meaning = CODES.get(code)
        message = meaning.message if meaning else f"WeCom gives no token (code {code})"
        if meaning is not None and meaning.verdict in _PASSING:
            raise RetryableError(message, code=f"wecom_{code}", retry_after_s=_WINDOWS_S[0])
        if code != 0 and response.status >= 500:
            raise RetryableError(message, code=f"wecom_{code}")
        if code != 0:
            raise HaltError(
                message,
                code=f"wecom_{code}",
                remedy=meaning.remedy if meaning else "check corp_id and the secrets",
            )
        token, life_s = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(life_s, int):
            raise response.unreadable("has no token in it")
        return token, life_s


class OpenApi:
    """Calls with the token of one secret. What concerns the whole call is raised; the rest is returned."""

    def __init__(self, client: Client, base_url: str, token: Token) -> None:
        self._client = client
        self._root = f"{base_url}/cgi-bin/"
        self._token = token
        self._blocks: dict[str, int] = {}

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        json: Mapping[str, Any] | None = None,
        intent: Intent,
    ) -> Answer:
        """Make one call. Raises the connector errors; an unknown code leaves a write in doubt and stops a read."""

        def send(token: str) -> Response:
            query = {"access_token": token, **(params or {})}
            return self._client.request(method, f"{self._root}{path}", intent=intent, params=query, json=json)

        token = self._token.current()
        response = send(token)
        body, code = _envelope(response)
        if code in CODES and CODES[code].verdict is Verdict.TOKEN:
            response = send(self._token.after(token))
            body, code = _envelope(response)
        meaning = CODES.get(code)
        hint = _hint(body)
        if meaning is None:
            raise _unknown(code, intent, hint)
        self._stop_if_limited(path, code, meaning)
        if meaning.verdict is Verdict.BUSY:
            kind = InDoubtError if intent is Intent.WRITE else RetryableError
            raise kind(f"{meaning.message} {hint}".strip(), code=f"wecom_{code}")
        if meaning.verdict in (Verdict.HALT, Verdict.TOKEN):
            raise HaltError(f"{meaning.message} {hint}".strip(), code=f"wecom_{code}", remedy=meaning.remedy)
        return Answer(meaning, code, body, hint)

    def read(self, path: str, params: Mapping[str, str], *also: Verdict) -> Answer:
        """A GET, which names whom it is about, that is done or has one of these other verdicts.

        Raises `RejectedError` where that one is refused: for reasons of the whole app there are codes of their own, and
        what is no privilege here (60011) is no privilege over this one. Anything else stops.
        """
        return _expected(self.call("GET", path, params, intent=Intent.READ), also, refused=RejectedError)

    def ask(self, path: str, json: Mapping[str, Any], *also: Verdict) -> Answer:
        """A POST that only asks, mostly about nobody in particular: a refusal stops as well."""
        return _expected(self.call("POST", path, json=json, intent=Intent.READ), also, refused=HaltError)

    def pages(
        self, path: str, json: Mapping[str, Any], *also: Verdict, cursor: tuple[str, str] = ("cursor", "next_cursor")
    ) -> Iterator[Answer]:
        """Every page of a list; an answer with another verdict is the last."""
        asked, given = cursor
        seen: set[str] = set()
        at = ""
        while True:
            answer = self.ask(path, {**json, asked: at} if at else json, *also)
            yield answer
            at = str(answer.body.get(given) or "")
            if answer.verdict is not Verdict.DONE or not at:
                return
            if at in seen:
                raise HaltError(
                    "WeCom promises more pages but repeats itself",
                    code="cursor_repeated",
                    remedy="nothing was compared; try again, then ask WeCom support",
                )
            seen.add(at)

    def _stop_if_limited(self, path: str, code: int, meaning: Meaning) -> None:
        if meaning.verdict is Verdict.CROWDED:
            raise RetryableError(meaning.message, code=f"wecom_{code}", retry_after_s=_CROWD_S)
        if meaning.verdict is not Verdict.LIMITED:
            self._blocks.pop(path, None)
            return
        met = self._blocks.get(path, 0)
        self._blocks[path] = met + 1
        wait_s = _WINDOWS_S[min(met, len(_WINDOWS_S) - 1)]
        raise RetryableError(meaning.message, code=f"wecom_{code}", retry_after_s=wait_s)


def rows_of(answer: Answer, name: str) -> list[Mapping[str, Any]]:
    """The records a page holds under this name. Raises `HaltError` when it holds something else."""
    rows = answer.body.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise HaltError(f"a page of WeCom has no list {name}", code="garbled_page")
    return rows


def _expected(answer: Answer, also: tuple[Verdict, ...], *, refused: type[ConnectorError]) -> Answer:
    if answer.verdict is Verdict.DONE or answer.verdict in also:
        return answer
    kind = refused if answer.verdict is Verdict.REFUSED else HaltError
    kind = RetryableError if answer.verdict is Verdict.LATER else kind
    message = f"{answer.meaning.message} {answer.hint}".strip()
    raise kind(message, code=f"wecom_{answer.code}", remedy=answer.meaning.remedy)


def _envelope(response: Response) -> tuple[Mapping[str, Any], int]:
    """The body and its errcode. An answer without one (a proxy's page, a broken body) is judged by HTTP alone."""
    try:
        body = response.json()
    except (InDoubtError, RetryableError):
        response.raise_for_status()
        raise
    code = body.get("errcode") if isinstance(body, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        response.raise_for_status()
        raise response.unreadable("has no errcode in it")
    return body, code


def _hint(body: Mapping[str, Any]) -> str:
    """What WeCom's support finds a call by; nothing else of an error text is kept."""
    found = _HINT.search(str(body.get("errmsg", "")))
    return f"(hint {found[1]})" if found else ""


def _unknown(code: int, intent: Intent, hint: str) -> ConnectorError:
    what = f"WeCom answered code {code}, which this connector does not know {hint}".strip()
    remedy = "look the code up on WeCom's global error page and have it added to codes.py"
    kind = InDoubtError if intent is Intent.WRITE else HaltError
    return kind(what, code=f"wecom_{code}_unknown", remedy=remedy)
