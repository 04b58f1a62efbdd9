"""One org's REST API through simple-salesforce: our session, our token loop, our reading of every answer.

The library's own session refresh is never used (a permanent 401 makes it recurse), nor its paging (it hard-codes
https and trusts the path it is told).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
from simple_salesforce.format import format_soql
from simple_salesforce.util import exception_handler

from baton.sdk import Client, ConnectorError, HaltError, InDoubtError, Intent, RejectedError, Response, RetryableError
from connectors.crm.salesforce.tokens import Token, TokenCache
from connectors.crm.salesforce.wire import CALL_ERRORS, QUOTA_PAUSE_S, Verdict

BATCH_LIMIT: Final = 200
COLLECTIONS: Final = "composite/sobjects"
_PAGES: Final = 10_000
_REQUEST_LINE: Final = 15_000
"""Longest request line of a query, URL-encoded. Salesforce takes 16,384 bytes, the headers counted."""
_FINAL_URL: Final = "set instance_url to the org's final My Domain URL"
ID: Final = 15
"""Ids are 15 significant characters; the last three of the long form are a checksum."""
_CHECKSUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

Row = Mapping[str, Any]
T = TypeVar("T")


class _ExpiredError(Exception):
    """The access token is not accepted (HTTP 401): nothing was done."""


class Org:
    """Queries and record collections of one org. Thread-safe."""

    def __init__(self, client: Client, tokens: TokenCache, instance_url: str, version: str) -> None:
        self._tokens = tokens
        self._instance_url = instance_url
        self._base_url = f"{instance_url}/services/data/v{version}/"
        self._version = version
        self._sessions = {intent: client.session(intent=intent) for intent in Intent}
        for session in self._sessions.values():
            # Without this, assignment rules run on every write and may overwrite the owner just written.
            session.headers["Sforce-Auto-Assign"] = "FALSE"
            session.hooks["response"].append(_throttled)

    def query(self, soql: str) -> Iterator[Row]:
        """All rows of a query, page by page; an answer that does not add up is a `RetryableError`."""
        for rows in self.pages(self._call(lambda sf: sf.query(soql), Intent.READ)):
            yield from rows

    def pages(self, page: Any) -> Iterator[list[Row]]:
        """The rows of a query's first answer and of those that follow it, each answer once."""
        seen: set[str] = set()
        count = 0
        while True:
            records, total, cursor = _page(page)
            count += len(records)
            yield records
            if cursor is None:
                break
            if cursor in seen or len(seen) >= _PAGES:
                raise RetryableError("the query's pages repeat or do not end", code="cursor_repeated")
            seen.add(cursor)
            page = self._call(_next_page(cursor), Intent.READ)
        if count != total:
            raise RetryableError(f"the query gave {count} of {total} rows", code="incomplete")

    def rows_in(self, table: str, columns: Sequence[str], key: str, values: Iterable[str]) -> list[Row]:
        """The rows of ``table`` whose ``key`` is one of ``values``."""
        chosen = "SELECT {:literal} FROM {:literal} WHERE {:literal} IN {}"
        rows: list[Row] = []
        around = format_soql(chosen, ", ".join(columns), table, key, [])
        room = _REQUEST_LINE - len(self.place("query/?q=")) - _encoded(around)
        for some in _chunks(dict.fromkeys(values), room):
            rows.extend(self.query(format_soql(chosen, ", ".join(columns), table, key, some)))
        return rows

    def count(self, table: str, condition: str = "") -> int:
        """How many rows there are; ``condition`` is a WHERE clause."""
        # Both are names from settings and descriptions, or constants.
        soql = f"SELECT COUNT() FROM {table} {condition}".rstrip()  # noqa: S608
        page = self._call(lambda sf: sf.query(soql), Intent.READ)
        total = page.get("totalSize") if isinstance(page, dict) else None
        if not isinstance(total, int):
            raise RetryableError("the query's answer is not a count", code="garbled")
        return total

    def exchange(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        csv: bytes | None = None,
        params: Mapping[str, str] | None = None,
        intent: Intent | None = None,
    ) -> requests.Response:
        """One call below ``/services/data/vXX.X/`` whose answer may be CSV; a GET is a question unless told."""
        headers = {"Content-Type": "text/csv; charset=UTF-8"} if csv is not None else {}
        meant = intent or (Intent.READ if method == "GET" else Intent.WRITE)

        def work(library: Salesforce) -> requests.Response:
            answer = self._sessions[meant].request(
                method,
                self._base_url + path,
                headers={"Authorization": f"Bearer {library.session_id}", **headers},
                params=params,
                json=json,
                data=csv,
            )
            if not answer.ok:
                exception_handler(answer, path)
            return answer

        return self._call(work, meant)

    def place(self, path: str) -> str:
        """A resource as a composite request names it: from ``/services`` on."""
        return f"/services/data/v{self._version}/{path}"

    def read(self, path: str) -> Any:
        """GET a resource below ``/services/data/vXX.X/``."""
        return self._call(lambda sf: sf.restful(path), Intent.READ)

    def acting_user(self) -> str:
        """The id of the user the current token acts as."""
        return self._tokens.current().user_id

    def create(self, table: str, records: Sequence[Row]) -> Sequence[Row]:
        """Create records; one result per record, in order."""
        reply = self._write("POST", COLLECTIONS, table, records)
        return results(reply, [None] * len(records))

    def upsert(self, table: str, key: str, records: Sequence[Row]) -> Sequence[Row]:
        """Create records, or update the one that has the same external id ``key``."""
        reply = self._write("PATCH", f"{COLLECTIONS}/{table}/{key}", table, records)
        return results(reply, [None] * len(records))

    def update(self, table: str, records: Mapping[str, Row]) -> Sequence[Row]:
        """Update records by id; one result per record, in order."""
        reply = self._write("PATCH", COLLECTIONS, table, [{"id": key, **row} for key, row in records.items()])
        return results(reply, list(records))

    def update_several(self, records: Sequence[tuple[str, str, Row]]) -> Sequence[Row]:
        """Update records of several objects: object, id, fields. At most ten runs of one object; results in order."""
        body = collection([(table, {"id": key, **row}) for table, key, row in records])
        reply = self._call(lambda sf: sf.restful(COLLECTIONS, method="PATCH", json=body), Intent.WRITE)
        return results(reply, [key for _, key, _ in records])

    def delete(self, ids: Sequence[str]) -> Sequence[Row]:
        """Delete records; one result per record, in order."""
        if len(ids) > BATCH_LIMIT:
            raise RejectedError(f"{len(ids)} records are more than one call takes", code="batch_too_large")
        params = {"ids": ",".join(ids), "allOrNone": "false"}
        reply = self._call(lambda sf: sf.restful(COLLECTIONS, params=params, method="DELETE"), Intent.WRITE)
        return results(reply, list(ids))

    def _write(self, method: str, path: str, table: str, records: Sequence[Row]) -> Any:
        body = collection([(table, record) for record in records])
        return self._call(lambda sf: sf.restful(path, method=method, json=body), Intent.WRITE)

    def _call(self, work: Callable[[Salesforce], T], intent: Intent) -> T:
        """Do ``work``, once more with a fresh token if the first one is not accepted."""
        token = self._tokens.current()
        try:
            return self._once(token, work, intent)
        except _ExpiredError:
            fresh = self._tokens.renew(token)
        try:
            return self._once(fresh, work, intent)
        except _ExpiredError:
            raise HaltError(
                "a fresh access token is not accepted",
                code="token_refused",
                remedy="check the app's session policies and the integration user's API permission",
            ) from None

    def _once(self, token: Token, work: Callable[[Salesforce], T], intent: Intent) -> T:
        library = Salesforce(
            session_id=token.value,
            instance_url=self._instance_url,
            session=self._sessions[intent],
            version=self._version,
            object_pairs_hook=dict,
        )
        # The library rewrites every instance URL to https. Settings allow http on the loopback only, for simulators.
        library.base_url = self._base_url
        try:
            return work(library)
        except SalesforceExpiredSession:
            raise _ExpiredError from None
        except SalesforceError as error:
            # `from None`: the library's exception repeats the URL and the body, and with them personal data.
            raise call_error(error, intent) from None
        except requests.exceptions.TooManyRedirects:
            raise HaltError("Salesforce wants to redirect", code="redirect", remedy=_FINAL_URL) from None
        except requests.exceptions.InvalidJSONError:
            raise lost(intent, "the answer is not JSON", "garbled") from None


def collection(records: Sequence[tuple[str, Row]]) -> dict[str, Any]:
    """The body of a collections call: object and fields of each record, each judged by itself."""
    if len(records) > BATCH_LIMIT:
        raise RejectedError(f"{len(records)} records are more than one call takes", code="batch_too_large")
    return {"allOrNone": False, "records": [{"attributes": {"type": table}, **row} for table, row in records]}


def _throttled(answer: requests.Response, **_: Any) -> None:
    """Raise for 429 while its Retry-After can still be read: the library's exceptions carry no headers."""
    if answer.status_code == 429:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        Response(429, headers, b"", Intent.READ, "Salesforce").raise_for_status()


def call_error(error: SalesforceError, intent: Intent) -> ConnectorError:
    """What a refused call means for the engine."""
    content: Any = error.content  # annotated as bytes, but it is the parsed body where that was JSON
    listed = content if isinstance(content, list) else []
    code = next((str(item["errorCode"]) for item in listed if isinstance(item, dict) and "errorCode" in item), "")
    where = f"Salesforce answered HTTP {error.status} {code}".rstrip()
    if error.status >= 500:
        return lost(intent, where, f"http_{error.status}")
    if 300 <= error.status < 400:
        return HaltError(where, code=f"http_{error.status}", remedy=_FINAL_URL)
    meaning = CALL_ERRORS.get(code)
    if meaning is None:
        remedy = "look the error up at Salesforce and report it: this connector does not know it"
        return HaltError(where, code="unmapped_error", remedy=remedy)
    if meaning.verdict in (Verdict.AGAIN, Verdict.LATER):
        pause = QUOTA_PAUSE_S if meaning.verdict is Verdict.LATER else None
        return RetryableError(where, code=code, remedy=meaning.remedy, retry_after_s=pause)
    kind = RejectedError if meaning.verdict is Verdict.REFUSED else HaltError
    return kind(where, code=code, remedy=meaning.remedy)


def lost(intent: Intent, what: str, code: str) -> ConnectorError:
    """A call whose answer cannot be read: in doubt if it may have written."""
    return InDoubtError(what, code=code) if intent is Intent.WRITE else RetryableError(what, code=code)


def _page(page: Any) -> tuple[list[Row], int, str | None]:
    """The rows, the total, and the cursor of the next page (only its last segment: hosts are ours to choose)."""
    if isinstance(page, dict):
        records, total, done, following = (page.get(k) for k in ("records", "totalSize", "done", "nextRecordsUrl"))
        whole = isinstance(records, list) and all(isinstance(row, dict) for row in records)
        if whole and isinstance(total, int) and (done is True or isinstance(following, str)):
            return records or [], total, None if done is True else quote(str(following).rpartition("/")[2], safe="")
    raise RetryableError("the query's answer is not a page of rows", code="garbled")


def _next_page(cursor: str) -> Callable[[Salesforce], Any]:
    return lambda sf: sf.query_more(cursor)


def _chunks(values: Iterable[str], room: int) -> Iterator[list[str]]:
    """Lists that take at most ``room`` bytes of a request line each, or hold one value."""
    some: list[str] = []
    length = 0
    for value in values:
        cost = _encoded(format_soql("{},", value))
        if some and length + cost > room:
            yield some
            some, length = [], 0
        some.append(value)
        length += cost
    if some:
        yield some


def _encoded(soql: str) -> int:
    """The bytes it takes in a request line, at most."""
    return len(quote(soql, safe=""))


def long_id(given: str) -> str:
    """An id in the form in which Salesforce answers; anything but a short id stays as it is.

    Of every five characters one more says which are capitals, the first of them counting least.
    """
    if len(given) != ID or not (given.isascii() and given.isalnum()):
        return given
    parts = (given[at : at + 5] for at in range(0, ID, 5))
    capitals = (sum(1 << place for place, sign in enumerate(part) if sign.isupper()) for part in parts)
    return given + "".join(_CHECKSUM[number] for number in capitals)


def results(reply: Any, ids: Sequence[str | None]) -> Sequence[Row]:
    """The results of a collection, if they are one per record and where ids tell, in order. Else `InDoubtError`."""
    results = reply if isinstance(reply, list) else []
    fits = len(results) == len(ids) and all(_fits(item, key) for item, key in zip(results, ids, strict=True))
    made = [item["id"] for item in results if fits and item["success"]]
    if not fits or len(set(made)) != len(made):
        raise InDoubtError(
            f"{len(results)} results came back for {len(ids)} records, or in another order",
            code="results_mismatch",
            remedy="the records will be looked up one by one",
        )
    return results


def _fits(item: Any, key: str | None) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("success"), bool):
        return False
    told, errors = item.get("id"), item.get("errors")
    if key is not None and isinstance(told, str) and told[:ID] != key[:ID]:
        return False
    if item["success"]:
        return isinstance(told, str) and len(told) >= ID
    return isinstance(errors, list) and bool(errors) and isinstance(errors[0], dict)
