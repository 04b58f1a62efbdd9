"""Employees from the i人事 (ihr360) open API: both status lists, then basic details in batches of 1,000."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import orjson
from pydantic import Field, SecretStr

from baton.sdk import (
    ConnectorError,
    ConnectorSettings,
    EmployeeSource,
    Feed,
    FeedRefusedError,
    Finding,
    GuardBreach,
    HaltError,
    Intent,
    Origin,
    Rate,
    RecordSource,
    Response,
    RetryableError,
)

from . import wire
from .records import EMPLOYEES, NAMES, Organisation, digest_of, feed_of, pages_of

_EXPIRY_MARGIN_S = 10.0


class Ihr360Settings(ConnectorSettings):
    """The tenant's app on the i人事 open platform."""

    base_url: str = Field("https://openapi.ihr360.com", description="the open platform")
    app_id: str = Field(min_length=1, description="AppID")
    app_secret: SecretStr = Field(description="AppSecret")
    extra_fields: tuple[str, ...] = Field((), description="further fields of the basic details, by the vendor's names")
    first_page: int = Field(1, ge=0, le=1, description="the number of the first page of a status list")
    max_pages: int = Field(10_000, ge=1)
    page_rows: int = Field(20_000, ge=1)


class Ihr360(EmployeeSource, RecordSource):
    """i人事 has no changed-since call: `changes` gives the census and the hub finds the differences."""

    title: ClassVar[str] = "i人事 (ihr360)"
    Settings: ClassVar[type[ConnectorSettings]] = Ihr360Settings
    rate: ClassVar[Rate] = Rate(calls=5, burst=5)

    settings: Ihr360Settings

    def __init__(self, settings: Ihr360Settings, client: Any) -> None:
        super().__init__(settings, client)
        self._organisation = Organisation(self._call, max_pages=settings.max_pages)
        self._lock = threading.Lock()
        self._token: wire.Token | None = None
        self._good_until = 0.0

    def check(self) -> Sequence[Finding]:
        """Get a token, and the first and the last page of those in service."""
        try:
            page = self._first_page(wire.STATUSES[0])
            if page.total_pages > 1:
                self._further_page(wire.STATUSES[0], page.total_pages - 1)
        except ConnectorError as error:
            return [Finding("i人事 sign-in and staff list", ok=False, detail=error.message, remedy=error.remedy)]
        return [Finding("i人事 sign-in and staff list", ok=True, detail=f"{page.total_pages} pages in service")]

    def census(self) -> Feed:
        """Everyone in service and everyone who quit. Read whole before anything is given, so that it is consistent.

        Raises `RetryableError` when people moved between the lists meanwhile, `HaltError` when the vendor's paging or
        answers contradict its documents.
        """
        as_of = self.client.clock.now()
        status_of = self._everyone()
        ids = list(status_of)
        records = [
            self._with_status(record, status_of[staff_id])
            for start in range(0, len(ids), wire.BASIC_LIMIT)
            for staff_id, record in self._basic(ids[start : start + wire.BASIC_LIMIT])
        ]
        columns = tuple(dict.fromkeys((*wire.FIELDS, *self.settings.extra_fields)))
        rows = [wire.row_of(record, columns, number) for number, record in enumerate(records, start=1)]
        digest = digest_of(records, columns)
        detail = {status: str(list(status_of.values()).count(status)) for status in wire.STATUSES}
        return Feed(Origin("i人事", digest, as_of, detail), pages_of(rows, columns, self.settings.page_rows))

    def changes(self, since: str | None) -> Feed:
        """The census: no changed-since call is documented."""
        return self.census()

    def collections(self) -> Sequence[str]:
        """Employees, departments and positions."""
        return NAMES

    def records(self, collection: str) -> Feed:
        """All records of one collection, read whole first; employees are those of the census."""
        try:
            if collection == EMPLOYEES:
                return self.census()
            columns, found = self._organisation.read(collection)
        except RetryableError as error:
            if error.code != wire.WALK_CHANGED:
                raise
            raise FeedRefusedError([GuardBreach("source_changed", error.message)], feed_digest="") from error
        return feed_of(collection, columns, found, self.client.clock, self.settings.page_rows)

    def _everyone(self) -> dict[str, str]:
        """Every staff id with the status list it stands in.

        Those in service are read once more at the end: who came back between the two lists would be in neither.
        """
        found: dict[str, str] = {}
        for status in wire.STATUSES:
            for staff_id in self._walk(status):
                if staff_id in found:
                    raise RetryableError("i人事: someone changed status during the reading", code=wire.WALK_CHANGED)
                found[staff_id] = status
        in_service = wire.STATUSES[0]
        if set(self._walk(in_service)) != {staff_id for staff_id, status in found.items() if status == in_service}:
            raise RetryableError("i人事: those in service changed during the reading", code=wire.WALK_CHANGED)
        return found

    def _walk(self, status: str) -> Iterator[str]:
        """All ids of one list; a page that comes again or a list that changes its length is an error."""
        first = self.settings.first_page
        seen_pages: set[tuple[str, ...]] = set()
        seen: set[str] = set()
        total: int | None = None
        number = 0
        while total is None or number < total:
            page = self._further_page(status, number) if number else self._first_page(status)
            if total is not None and page.total_pages != total:
                raise RetryableError(
                    f"i人事: the list {status} went from {total} to {page.total_pages} pages during the reading",
                    code=wire.WALK_CHANGED,
                )
            total = page.total_pages
            if total > self.settings.max_pages:
                raise HaltError(
                    f"i人事: {total} pages, at most {self.settings.max_pages} are read",
                    code="too_many_pages",
                    remedy="raise max_pages if the company is this large",
                )
            if page.ids and page.ids in seen_pages:
                raise wire.contract_broken(f"page {first + number} of {status} is a repetition of an earlier one")
            if seen & set(page.ids) or len(set(page.ids)) != len(page.ids):
                raise RetryableError(f"i人事: {status} names someone twice", code=wire.WALK_CHANGED)
            seen_pages.add(page.ids)
            seen.update(page.ids)
            yield from page.ids
            number += 1

    def _first_page(self, status: str) -> wire.IdPage:
        """The first page of a list. Raises `HaltError` when nobody stands on it although the list has pages.

        Those who quit may be a page of nobody: that of those in service, read before it, has had people on it.
        """
        page = self._page(status, self.settings.first_page)
        if not page.ids and page.total_pages > (0 if status == wire.STATUSES[0] else 1):
            raise HaltError(
                f"i人事: {status} has {page.total_pages} pages, and nobody is on page {self.settings.first_page}",
                code="first_page",
                remedy=wire.NUMBERING,
            )
        return page

    def _further_page(self, status: str, number: int) -> wire.IdPage:
        """The page that so many come before. Raises `RetryableError` when nobody stands on it."""
        place = self.settings.first_page + number
        page = self._page(status, place)
        if not page.ids:
            raise RetryableError(
                f"i人事: page {place} of {status} is empty",
                code=wire.WALK_CHANGED,
                remedy=f"if it stays so: {wire.NUMBERING}",
            )
        return page

    def _page(self, status: str, number: int) -> wire.IdPage:
        params = {"staffStatus": status, "pageNo": str(number)}
        return wire.id_page_of(wire.data_of(self._call("GET", wire.IDS_PATH, params=params)))

    def _basic(self, ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        answer = self._call("POST", wire.BASIC_PATH, content=orjson.dumps(list(ids)))
        return zip(ids, wire.staff_of(wire.data_of(answer), ids), strict=True)

    def _with_status(self, record: Mapping[str, Any], listed: str) -> Mapping[str, Any]:
        """The record with its status. A record that contradicts the list it came from was changed meanwhile."""
        own = record.get("staffStatus")
        if own in wire.STATUSES and own != listed:
            raise RetryableError("i人事: someone changed status during the reading", code=wire.WALK_CHANGED)
        return record if own else {**record, "staffStatus": listed}

    def _call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Response:
        """One reading call; a token the vendor no longer takes is renewed once."""
        token = self._bearer(stale=None)
        answer = self._send(method, path, token, params, content)
        if wire.oauth_error(answer) == "invalid_token":
            answer = self._send(method, path, self._bearer(stale=token), params, content)
        error = wire.oauth_error(answer)
        if error is not None:
            wire.raise_oauth(error)
        return answer

    def _send(
        self, method: str, path: str, token: wire.Token, params: Mapping[str, str] | None, content: bytes | None
    ) -> Response:
        headers = {"Authorization": token.header, "Content-Type": wire.JSON_TYPE}
        return self.client.request(
            method, self._url(path), intent=Intent.READ, params=params, headers=headers, content=content
        )

    def _bearer(self, stale: wire.Token | None) -> wire.Token:
        """The shared token; one thread at a time fetches a new one, and not if another just has."""
        with self._lock:
            now = self.client.clock.monotonic()
            if self._token is not None and self._token is not stale and now < self._good_until:
                return self._token
            pair = f"{self.settings.app_id}:{self.settings.app_secret.get_secret_value()}"
            answer = self.client.request(
                "POST",
                self._url(wire.TOKEN_PATH),
                intent=Intent.READ,
                params={"grant_type": "client_credentials", "scope": "client"},
                headers={
                    "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
                    "Content-Type": wire.JSON_TYPE,
                },
            )
            error = wire.oauth_error(answer)
            if error is not None:
                wire.raise_oauth(error)
            self._token = wire.token_of(answer)
            self._good_until = now + max(self._token.expires_in_s - _EXPIRY_MARGIN_S, self._token.expires_in_s / 2)
            return self._token

    def _url(self, path: str) -> str:
        return self.settings.base_url.rstrip("/") + path
