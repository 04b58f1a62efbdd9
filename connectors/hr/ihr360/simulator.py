"""A stand-in for the i人事 open platform, written from the vendor's public documents.

Where the documents are silent (how the token travels, page size, business codes, the shape of basic details) it does
the plainest thing; the README lists these points.
"""

from __future__ import annotations

import base64
import secrets as randomness
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import orjson


@dataclass(frozen=True)
class JournalEntry:
    """An accepted write. A source takes none; the type is here so that all simulators look alike."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, Any]


_STAFF = "/openapi/thirdparty/api/staff/v1/staffs"
_ORGANISATION = "/openapi/thirdparty/api/org/v1/organizations"
_STATUSES = ("IN_SERVICE", "QUIT")


class Simulator:
    """Token, ids by status, basic details and one person's detail."""

    prefixes: ClassVar[tuple[str, ...]] = ("/openapi/oauth/", "/openapi/thirdparty/")
    record_collection: ClassVar[str] = "employees"
    exempt: ClassVar[Mapping[str, str]] = {
        "pages_are_read_when_they_are_asked_for": "the platform has no snapshot and no mark of change: "
        "only lists read whole can be compared before anything is given"
    }

    def __init__(self, base_url: str = "http://127.0.0.1:1", *, clock: Callable[[], float] = time.monotonic) -> None:
        self.journal: list[JournalEntry] = []
        self.page_size = 100
        self.token_ttl_s = 7200.0
        self.calls: list[str] = []
        self._base_url = base_url
        self._clock = clock
        self._lock = threading.Lock()
        self._departments: list[dict[str, Any]] = []
        self._positions: list[dict[str, Any]] = []
        self._staff: dict[str, dict[str, Any]] = {}
        self._token: tuple[str, float] | None = None

    @property
    def settings(self) -> Mapping[str, object]:
        return {"base_url": self._base_url, "app_id": "sandbox-app"}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"app_secret": "sandbox-secret"}

    @property
    def people(self) -> list[dict[str, Any]]:
        """What a census should give: those in service, then those who quit, each in the order they were planted."""
        with self._lock:
            return [dict(each) for status in _STATUSES for each in self._listed(status)]

    def seed(self, people: Iterable[Mapping[str, object]]) -> None:
        """Plant or change people by ``staffNo``.

        Keys are the vendor's field names (staffNo, staffName, staffStatus, enrollInDate, leaveDate, lastUpdateDate,
        any other). ``staffId`` is made up when missing; a person planted again keeps it and the fields not given.
        """
        with self._lock:
            numbers = {each["staffNo"]: key for key, each in self._staff.items()}
            for person in people:
                staff_id = str(
                    person.get("staffId") or numbers.get(person["staffNo"]) or f"s{len(self._staff) + 1:08d}"
                )
                known = self._staff.get(staff_id, {"staffStatus": "IN_SERVICE"})
                self._staff[staff_id] = {**known, **person, "staffId": staff_id}
                numbers[person["staffNo"]] = staff_id

    def seed_departments(self, departments: Iterable[Mapping[str, Any]]) -> None:
        """Plant departments by the vendor's field names; ``uuid`` is made up when missing."""
        with self._lock:
            for each in departments:
                self._departments.append({"uuid": f"d{len(self._departments) + 1:08d}", **each})

    def seed_positions(self, positions: Iterable[Mapping[str, Any]]) -> None:
        """Plant positions, the same way."""
        with self._lock:
            for each in positions:
                self._positions.append({"uuid": f"p{len(self._positions) + 1:08d}", **each})

    def sample(self, n: int) -> Mapping[str, Any]:
        """The n-th synthetic person."""
        return {
            "staffNo": f"{n:04d}",
            "staffName": f"测试{n}",
            "staffStatus": "IN_SERVICE",
            "enrollInDate": "2024-03-01",
            "leaveDate": None,
            "lastUpdateDate": "2026-11-01 08:00:00",
        }

    def record(self, n: int) -> Mapping[str, Any]:
        """The n-th person as a record."""
        return self.sample(n)

    def seed_records(self, numbers: Iterable[int]) -> None:
        """Plant these people."""
        self.seed([self.sample(n) for n in numbers])

    def changed(self, n: int) -> Mapping[str, Any]:
        """A legal change of that person: a departure."""
        return {"staffNo": f"{n:04d}", "staffStatus": "QUIT", "leaveDate": "2026-11-30"}

    def expire_token(self) -> None:
        """Forget the token, as when it runs out early."""
        with self._lock:
            self._token = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        with self._lock:
            path = request.url.path
            self.calls.append(f"{request.method} {path}")
            if request.headers.get("content-type", "").replace(" ", "").lower() != "application/json;charset=utf-8":
                return _refuse(415, "unsupported_media_type")
            if path == "/openapi/oauth/token" and request.method == "POST":
                return self._issue(request)
            if not self._signed_in(request):
                return _refuse(401, "invalid_token")
            if path.startswith(f"{_ORGANISATION}/"):
                return self._organisation(request)
            if path == f"{_STAFF}/ids" and request.method == "GET":
                return self._ids(request)
            if path == f"{_STAFF}/basic" and request.method == "POST":
                return self._basic(request)
            if path.startswith(f"{_STAFF}/") and path.endswith("/detail") and request.method == "GET":
                person = self._staff.get(path.removeprefix(f"{_STAFF}/").removesuffix("/detail"))
                return _say(dict(person)) if person else _say(None, code=404, message="staff not found")
            return httpx.Response(404, json={"message": "no such interface"})

    def _issue(self, request: httpx.Request) -> httpx.Response:
        pair = f"{self.settings['app_id']}:{self.secrets['app_secret']}".encode()
        query = request.url.params
        if request.headers.get("authorization") != "Basic " + base64.b64encode(pair).decode():
            return _refuse(401, "invalid_client")
        if query.get("grant_type") != "client_credentials" or query.get("scope") != "client":
            return _refuse(400, "unsupported_grant_type")
        now = self._clock()
        if self._token is None or self._token[1] <= now:
            self._token = (randomness.token_hex(16), now + self.token_ttl_s)
        text, until = self._token
        # Asked again before it has run out, the platform gives the same token with what is left of its life.
        return httpx.Response(
            200,
            json={
                "access_token": text,
                "token_type": "bearer",
                "refresh_token": f"r-{text}",
                "expires_in": int(until - now),
                "scope": "client",
            },
        )

    def _signed_in(self, request: httpx.Request) -> bool:
        if self._token is None or self._token[1] <= self._clock():
            return False
        return bool(request.headers.get("authorization") == f"Bearer {self._token[0]}")

    def _listed(self, status: str) -> list[dict[str, Any]]:
        return [each for each in self._staff.values() if each["staffStatus"] == status]

    def _ids(self, request: httpx.Request) -> httpx.Response:
        status = request.url.params.get("staffStatus")
        number = request.url.params.get("pageNo", "1")
        if status not in _STATUSES or not number.isdigit() or number == "0":
            return _say(None, code=400, message="bad parameter")
        ids = [each["staffId"] for each in self._listed(status)]
        pages = -(-len(ids) // self.page_size)
        start = (int(number) - 1) * self.page_size
        info = {"pageNo": int(number), "pageSize": self.page_size, "totalPages": pages, "totalCount": len(ids)}
        return _say({"dataList": ids[start : start + self.page_size], "pageInfo": info})

    def _basic(self, request: httpx.Request) -> httpx.Response:
        try:
            asked = orjson.loads(request.content)
        except orjson.JSONDecodeError:
            return _say(None, code=400, message="bad body")
        if not isinstance(asked, list) or len(asked) > 1000:
            return _say(None, code=400, message="at most 1000 ids")
        return _say([self._staff[each] for each in asked if each in self._staff])

    def _organisation(self, request: httpx.Request) -> httpx.Response:
        part = request.url.path.removeprefix(_ORGANISATION)
        if part == "/positions" and request.method == "GET":
            return _say(self._positions)
        if part != "/search" or request.method != "POST":
            return httpx.Response(404, json={"message": "no such interface"})
        asked = orjson.loads(request.content)
        page, size = asked.get("page"), asked.get("size")
        if not isinstance(page, int) or not isinstance(size, int) or size < 1 or page < 0:
            return _say(None, code=400, message="bad parameter")
        total = len(self._departments)
        pages = -(-total // size)
        rows = self._departments[page * size : (page + 1) * size]
        return _say({"totalPages": pages, "totalElements": total, "end": page >= pages - 1, "content": rows})


def _say(data: Any, *, code: int = 0, message: str = "success") -> httpx.Response:
    return httpx.Response(200, json={"code": code, "message": message, "data": data, "errorResult": None})


def _refuse(status: int, error: str) -> httpx.Response:
    return httpx.Response(status, json={"error": error})
