"""Calls to the Feishu open platform: the tenant token, the envelope, and what each answer means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
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
from connectors.oa.feishu.codes import CODES, Meaning, Verdict

_RENEW_BELOW_S = 1800.0
"""Below this remaining life Feishu gives a new token while the old one stays valid, so renewing harms no one."""
_PAGE_LIMIT = 50
_RAISED: Final[Mapping[Verdict, type[ConnectorError]]] = MappingProxyType(
    {Verdict.LATER: RetryableError, Verdict.REFUSED: RejectedError}
)
Params = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An understood answer: what it means, the code that said so, its data, and the id to find it by at Feishu."""

    meaning: Meaning
    code: int
    data: Mapping[str, Any]
    log_id: str

    @property
    def verdict(self) -> Verdict:
        """Short for ``meaning.verdict``."""
        return self.meaning.verdict


class TenantToken(SharedToken):
    """The app's token: shared by all threads, renewed half an hour before it ends."""

    def __init__(self, client: Client, base_url: str, app_id: str, app_secret: str) -> None:
        super().__init__(client.clock, _RENEW_BELOW_S)
        self._client = client
        self._url = f"{base_url}/open-apis/auth/v3/tenant_access_token/internal"
        self._credentials = {"app_id": app_id, "app_secret": app_secret}

    def fetch(self) -> tuple[str, float]:
        """Ask for a token. Raises `RetryableError` where it is refused for a passing reason, else `HaltError`."""
        response = self._client.request("POST", self._url, intent=Intent.READ, json=self._credentials)
        body, code = _envelope(response)
        _stop_unless_usable(response, code)
        if code != 0:
            meaning = CODES.get(code)
            message = meaning.message if meaning else f"Feishu gives no token (code {code})"
            if response.status >= 500 or _means(code, Verdict.DOUBT) or _means(code, Verdict.LATER):
                raise RetryableError(message, code=f"feishu_{code}")
            raise HaltError(
                message,
                code=f"feishu_{code}",
                remedy="check app_id and app_secret, and that the app is published in this tenant",
            )
        token, life_s = body.get("tenant_access_token"), body.get("expire")
        if not isinstance(token, str) or not token or not isinstance(life_s, int):
            raise response.unreadable("has no token in it")
        return token, life_s


class OpenApi:
    """Authenticated calls. What concerns the whole call is raised; what concerns one user is returned."""

    def __init__(self, client: Client, base_url: str, token: TenantToken) -> None:
        self._client = client
        self._root = f"{base_url}/open-apis"
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        params: Params = (),
        *,
        json: Mapping[str, Any] | None = None,
        intent: Intent | None = None,
    ) -> Answer:
        """Make one call. Raises the connector errors; unknown codes leave a write in doubt and stop a read."""

        def send(token: str) -> Response:
            headers = {"Authorization": f"Bearer {token}"}
            url = f"{self._root}{path}"
            return self._client.request(method, url, intent=intent, params=list(params), json=json, headers=headers)

        token = self._token.current()
        response = send(token)
        body, code = _envelope(response)
        if _means(code, Verdict.TOKEN):
            response = send(self._token.after(token))
            body, code = _envelope(response)
        meaning = CODES.get(code)
        _stop_unless_usable(response, code)
        log_id = _log_id(response, body)
        if meaning is None:
            raise _unknown(response, code, log_id)
        if meaning.verdict is Verdict.DOUBT or (response.status >= 500 and meaning.verdict is not Verdict.REFUSED):
            kind = InDoubtError if response.intent is Intent.WRITE else RetryableError
            raise kind(f"{meaning.message} (log id {log_id})", code=f"feishu_{code}", remedy=meaning.remedy)
        if meaning.verdict in (Verdict.HALT, Verdict.TOKEN):
            raise HaltError(f"{meaning.message} (log id {log_id})", code=f"feishu_{code}", remedy=meaning.remedy)
        data = body.get("data")
        return Answer(meaning, code, data if isinstance(data, dict) else {}, log_id)

    def read(self, path: str, params: Params = (), *also: Verdict) -> Answer:
        """A GET that is answered as `expected`, or with one of these other verdicts."""
        return self.expected(self.call("GET", path, params), *also)

    def ask(self, path: str, params: Params, json: Mapping[str, Any]) -> Answer:
        """A POST that only asks."""
        return self.expected(self.call("POST", path, params, json=json, intent=Intent.READ))

    def items(self, path: str, params: Params) -> Iterator[Mapping[str, Any]]:
        """Every item of a paged list about nobody in particular: one that is refused would be short."""
        try:
            for data in self.pages(path, params):
                yield from records(data, "items")
        except RejectedError as error:
            raise HaltError(error.message, code=error.code, remedy=error.remedy) from None

    def pages(self, path: str, params: Params, *, size: int = _PAGE_LIMIT) -> Iterator[Mapping[str, Any]]:
        """The data of every page of a list, each at most ``size`` records long."""
        seen: set[str] = set()
        token = ""
        fixed = [*params, ("page_size", str(size))]
        while True:
            answer = self.read(path, [*fixed, ("page_token", token)] if token else fixed)
            if answer.verdict is not Verdict.DONE:
                raise HaltError(answer.meaning.message, code=f"feishu_{answer.code}", remedy="start the scan again")
            yield answer.data
            if answer.data.get("has_more") is not True:
                return
            token = answer.data.get("page_token") or ""
            if not token or token in seen:
                raise HaltError(
                    f"Feishu promises more pages but repeats itself (log id {answer.log_id})",
                    code="page_token_repeated",
                    remedy="nothing was compared; try again, then ask Feishu support with the log id",
                )
            seen.add(token)

    @staticmethod
    def expected(answer: Answer, *also: Verdict) -> Answer:
        """An answer to a question, if it is one of DONE, ABSENT and GONE or of these; anything else is raised.

        A refusal is about the user who is asked about and says nothing of the next one: `RejectedError`.
        """
        if answer.verdict in (Verdict.DONE, Verdict.ABSENT, Verdict.GONE, *also):
            return answer
        raise _RAISED.get(answer.verdict, HaltError)(
            f"{answer.meaning.message} (log id {answer.log_id})",
            code=f"feishu_{answer.code}",
            remedy=answer.meaning.remedy,
        )


def records(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The list of that name in an answer's data. Raises `HaltError` when it is none."""
    found = data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise HaltError("a page of Feishu is not a list of records", code="garbled_page", remedy="ask Feishu support")
    return found


def _means(code: int, verdict: Verdict) -> bool:
    meaning = CODES.get(code)
    return meaning is not None and meaning.verdict is verdict


def _envelope(response: Response) -> tuple[Mapping[str, Any], int]:
    """The body and its code. An answer without an envelope (a proxy's page, a broken body) is judged by HTTP alone."""
    if response.status == 429 and not response.content:
        return {}, 99991400
    try:
        body = response.json()
    except (InDoubtError, RetryableError):
        _judge_by_status(response)
        raise
    code = body.get("code") if isinstance(body, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        _judge_by_status(response)
        raise response.unreadable("has no Feishu code in it")
    return body, code


def _judge_by_status(response: Response) -> None:
    if 400 <= response.status < 500 and response.status not in (401, 403, 429):
        raise HaltError(
            f"{response.origin} does not answer like Feishu (HTTP {response.status})",
            code=f"http_{response.status}",
            remedy="check base_url",
        )
    response.raise_for_status()


def _stop_unless_usable(response: Response, code: int) -> None:
    """Raise when the gateway did not let the call through because there were too many."""
    if response.status == 429 or _means(code, Verdict.THROTTLED):
        raise RetryableError("Feishu is called too often", code="feishu_99991400", retry_after_s=_wait_s(response))


def _wait_s(response: Response) -> float:
    """Seconds until the quota is whole again: Feishu's own header, else the standard one, else one second."""
    raw = response.headers.get("x-ogw-ratelimit-reset", "")
    if raw.isascii() and raw.isdigit() and len(raw) <= 4:
        return float(raw)
    return response.retry_after_s() or 1.0


def _log_id(response: Response, body: Mapping[str, Any]) -> str:
    error = body.get("error")
    inner = error.get("log_id") if isinstance(error, dict) else None
    found = response.headers.get("x-tt-logid") or response.headers.get("x-request-id") or inner or ""
    return str(found)[:64]


def _unknown(response: Response, code: int, log_id: str) -> ConnectorError:
    what = f"Feishu answered code {code} (HTTP {response.status}), which this connector does not know (log id {log_id})"
    remedy = "look the code up in Feishu's documentation and have it added to wire.py"
    if response.intent is Intent.WRITE:
        # Some 400s of Feishu are given after the write ("create user success and ... fail"): only a look-up tells.
        return InDoubtError(what, code=f"feishu_{code}_unknown", remedy=remedy)
    if response.status >= 500:
        return RetryableError(what, code=f"feishu_{code}_unknown", remedy=remedy)
    return HaltError(what, code=f"feishu_{code}_unknown", remedy=remedy)
