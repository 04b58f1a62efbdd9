"""A stand-in for one Salesforce org, written from the public REST, OAuth and object documentation.

It serves the OAuth token endpoint, SOQL queries with paging, sObject rows, sObject Collections, limits and Bulk API 2.0
(`simulator_bulk`), keeps a journal of accepted writes, and refuses deactivation for planted blockers.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import unquote

import httpx

from connectors.crm.salesforce.simulator_access import Access
from connectors.crm.salesforce.simulator_bulk import Bulk
from connectors.crm.salesforce.simulator_columns import Column
from connectors.crm.salesforce.simulator_composite import composite
from connectors.crm.salesforce.simulator_handover import HandoverDesk
from connectors.crm.salesforce.simulator_objects import SETUP
from connectors.crm.salesforce.simulator_org import BLOCKERS, OBJECTS, description, parents
from connectors.crm.salesforce.simulator_refusal import RefusalError
from connectors.crm.salesforce.simulator_rows import JournalEntry, Rows
from connectors.crm.salesforce.simulator_soql import Query, SoqlError, parse, value

_LONGEST_REQUEST_LINE = 16_384
_CHUNKS = 10
_STATES = {"enabled": (True, False), "disabled": (True, True), "removed": (False, False)}


class Simulator(HandoverDesk):
    """One org. ``number_field`` is where employee numbers live."""

    prefixes: ClassVar[tuple[str, ...]] = ("/services/oauth2/", "/services/data/")
    record_collection: ClassVar[str] = "Account"
    record_text: ClassVar[str] = "Description"

    def __init__(self, base_url: str = "http://127.0.0.1:1", *, number_field: str = "EmployeeNumber") -> None:
        self.base_url = base_url.rstrip("/")
        self._rows = Rows(number_field)
        self.daily_limit = 15_000
        self.jwt_key_pem: str | None = None
        self.batch_sizes: list[int] = []
        self.requests: list[tuple[str, str]] = []
        """Method and path of every call, for tests that count calls."""
        self._lock = threading.RLock()
        self._serials = itertools.count(1)
        self.access = Access(self)
        self.bulk = Bulk(self._rows, self._extracted)
        self._page_size = 2000
        self._cursors: dict[str, tuple[list[dict[str, Any]], int]] = {}
        self.profile_id = self._rows.insert("Profile", {"Name": "Standard User"})
        self.me = self._rows.me = self._rows.insert_user(
            {**self.sample(0), "Username": "hub@example.com", "LastName": "Integration", "LanguageLocaleKey": "en_US"}
        )

    # --- what tests and the sandbox use

    @property
    def journal(self) -> list[JournalEntry]:
        return self._rows.journal

    @property
    def page_size(self) -> int:
        """The most rows of one answer to a query; setting it sets that of Bulk API results as well."""
        return self._page_size

    @page_size.setter
    def page_size(self, rows: int) -> None:
        self._page_size = self.bulk.page_rows = rows

    @property
    def token_calls(self) -> int:
        return self.access.token_calls

    @property
    def calls(self) -> int:
        return self._rows.calls

    def limit_licences(self, active_users: int) -> None:
        """From now on the org has this many user licences."""
        self._rows.licences = active_users

    @property
    def settings(self) -> Mapping[str, object]:
        place = {"login_url": self.base_url, "instance_url": self.base_url, "number_field": self._rows.number_field}
        return {**place, "record_keys": {"Account": "Legacy_Id__c"}}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_id": "synthetic-consumer-key", "client_secret": "synthetic-consumer-secret"}

    def sample(self, n: int) -> Mapping[str, Any]:
        return {
            "Username": f"p{n:05d}@example.com",
            "LastName": f"测试䶮{n}",
            "FirstName": "甲",
            "Email": f"p{n:05d}@example.com",
            "Alias": f"p{n:05d}",
            "Title": "客户经理",
            "Department": "销售部",
            "MobilePhone": f"138{n:08d}",
            "TimeZoneSidKey": "Asia/Shanghai",
            "LocaleSidKey": "zh_CN",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "zh_CN",
            "ProfileId": self.profile_id,
        }

    def changed(self, n: int) -> Mapping[str, Any]:
        return {"Title": f"高级客户经理{n}", "Department": "大客户部"}

    def record(self, n: int) -> Mapping[str, Any]:
        """The n-th client account."""
        return {
            "Legacy_Id__c": f"K{n:05d}",
            "Name": f"示例客户{n}",
            "Description": f"备注{n}",
            "Rating": "Warm",
            "NumberOfEmployees": n,
            "AnnualRevenue": Decimal(n) + Decimal("0.10"),
            "Since__c": date(2026, 1, 5),
            "Synced__c": datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC),
            "Closed__c": n % 2 == 0,
        }

    def record_changed(self, n: int) -> Mapping[str, Any]:
        """Other values of some of its fields."""
        other = {"Name": f"示例客户改{n}", "Description": None, "Rating": "Cold", "AnnualRevenue": Decimal("99.90")}
        return {**other, "NumberOfEmployees": n + 1, "Since__c": date(2025, 2, 28), "Closed__c": n % 2 == 1}

    def bad_record(self, n: int) -> Mapping[str, Any]:
        """One with a value that a restricted picklist does not have."""
        return {**self.record(n), "Rating": "沸腾的"}

    def seed_records(self, numbers: Iterable[int]) -> None:
        """Plant these accounts, with the values that JSON would carry."""
        for n in numbers:
            stamp = {"Synced__c": "2026-01-05T08:00:00.000+0000", "Since__c": "2026-01-05"}
            self._rows.create("Account", {**self.record(n), **stamp, "AnnualRevenue": n + 0.1})

    def seed(self, people: Iterable[Mapping[str, Any]]) -> None:
        """Plant users: ``number``, optional ``state`` (enabled, disabled, removed), and any User fields."""
        for n, person in enumerate(people, start=len(self._rows.tables["User"]) + 50_000):
            own = {k: v for k, v in person.items() if k not in ("number", "state")}
            active, frozen = _STATES[str(person.get("state", "enabled"))]
            row = {**self.sample(n), **own, self._rows.number_field: person.get("number"), "IsActive": active}
            self._rows.login_of(self._rows.insert_user(row))["IsFrozen"] = frozen

    def seed_accounts(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Plant client accounts: ``Name``, ``owner`` (an employee number), and any Account fields. Returns the ids."""
        return [
            self._rows.insert(
                "Account", {"OwnerId": self.user(str(r["owner"]))["Id"]} | {k: r[k] for k in r if k != "owner"}
            )
            for r in rows
        ]

    def user(self, number: str) -> dict[str, Any]:
        """The user row with this employee number."""
        return next(row for row in self._rows.tables["User"].values() if row[self._rows.number_field] == number)

    def frozen(self, number: str) -> bool:
        return bool(self._rows.login_of(self.user(number)["Id"])["IsFrozen"])

    def count(self, table: str) -> int:
        return len(self._rows.tables[table])

    def block(self, number: str, reason: str) -> None:
        """Make the org refuse to deactivate this person, for one of `BLOCKERS`."""
        self._rows.blocked[self.user(number)["Id"]] = BLOCKERS[reason]

    def unblock(self, number: str) -> None:
        self._rows.blocked.pop(self.user(number)["Id"], None)

    def expire_sessions(self) -> None:
        """Every access token given so far stops working."""
        with self._lock:
            self.access.sessions.clear()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        request.read()
        with self._lock:
            self._rows.calls += 1
            self.requests.append((request.method, request.url.path))
            try:
                too_long = len(request.url.raw_path) > _LONGEST_REQUEST_LINE
                reply = httpx.Response(414, text="URI Too Long") if too_long else self._route(request)
            except RefusalError as refusal:
                body = [{"message": str(refusal), "errorCode": refusal.code, "fields": refusal.fields}]
                reply = httpx.Response(refusal.status, json=body)
            reply.headers["Sforce-Limit-Info"] = f"api-usage={self._rows.calls}/{self.daily_limit}"
            return reply

    # --- routing

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rstrip("/")
        if path.startswith("/services/oauth2/"):
            return self.access.handle(request, path.rpartition("/")[2])
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access.sessions:
            raise RefusalError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        match = re.fullmatch(r"/services/data/v\d+\.0/(.+)", path)
        if match is None:
            raise RefusalError("NOT_FOUND", "The requested resource does not exist", status=404)
        if self._rows.calls > self.daily_limit:
            raise RefusalError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        return self._resource(request, [unquote(part) for part in match.group(1).split("/")])

    def _resource(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        what, *rest = parts
        if what == "jobs" and rest:
            return self.bulk.handle(request, rest)
        body = json.loads(request.content) if request.content else {}
        self._rows.business.auto_assign = request.headers.get("sforce-auto-assign", "TRUE").upper() != "FALSE"
        if what == "limits":
            left = {"Max": self.daily_limit, "Remaining": self.daily_limit - self._rows.calls}
            return httpx.Response(200, json={"DailyApiRequests": left})
        if what in ("query", "queryAll"):
            return self._query(rest[0] if rest else None, request.url.params.get("q", ""))
        if what == "sobjects" and rest:
            return self._sobjects(request.method, rest, body)
        if what == "composite" and rest[:1] == ["sobjects"]:
            return self._collections(request, rest[1:], body)
        if what == "composite" and not rest and request.method == "POST":
            return composite(request, body, self._route)
        raise RefusalError("NOT_FOUND", "The requested resource does not exist", status=404)

    # --- reading

    def _query(self, cursor: str | None, text: str) -> httpx.Response:
        if cursor is not None:
            if cursor not in self._cursors:
                raise RefusalError("INVALID_QUERY_LOCATOR", "invalid query locator")
            return self._page(*self._cursors[cursor])
        query, table, found = self._found(text)
        if not query.columns:
            return httpx.Response(200, json={"totalSize": len(found), "done": True, "records": []})
        return self._page([self._shaped(table, row, query.columns) for row in found], 0)

    def _found(self, text: str) -> tuple[Query, str, list[dict[str, Any]]]:
        """The parsed query, its object, and the rows it finds, each with its parents."""
        try:
            query = parse(text)
        except SoqlError as error:
            raise RefusalError(error.code, str(error)) from error
        table = next((name for name in OBJECTS if name.lower() == query.table.lower()), None)
        if table is None or table in self._rows.without:
            raise RefusalError("INVALID_TYPE", f"sObject type '{query.table}' is not supported.")
        for name in query.used:
            first, _, rest = name.partition(".")
            target = parents(table).get(first, ("", ""))[1] if rest else table
            if (rest or first) not in OBJECTS.get(target, {}):
                raise RefusalError("INVALID_FIELD", f"No such column '{name}' on entity '{table}'.")
        used = {name.partition(".")[0] for name in query.used if "." in name}
        rows = [self._with_parents(table, row, used) for row in self._rows.tables[table].values()]
        return query, table, [dict(row) for row in query.run(rows)]

    def _extracted(self, text: str) -> tuple[tuple[str, ...], list[list[Any]]]:
        """The columns and values of a Bulk query."""
        query, table, found = self._found(text)
        if any(OBJECTS[table].get(name, Column()).kind == "address" for name in query.columns):
            raise RefusalError("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query")
        return query.columns, [[value(row, name) for name in query.columns] for row in found]

    def _with_parents(self, table: str, row: dict[str, Any], used: Collection[str]) -> dict[str, Any]:
        held = {name: pair for name, pair in parents(table).items() if name in used} if used else {}
        return {**row, **{name: self._rows.tables[to].get(row[column]) for name, (column, to) in held.items()}}

    def _shaped(self, table: str, row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
        url = f"/services/data/v62.0/sobjects/{table}/{row['Id']}"
        shaped: dict[str, Any] = {"attributes": {"type": table, "url": url}}
        for name in columns:
            parent, _, child = name.partition(".")
            if not child:
                shaped[name] = row[name]
            elif row[parent] is None:
                shaped[parent] = None
            else:
                shaped.setdefault(parent, {"attributes": {"type": parents(table)[parent][1]}})[child] = value(row, name)
        return shaped

    def _page(self, rows: list[dict[str, Any]], start: int) -> httpx.Response:
        end = start + self.page_size
        reply: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[start:end]}
        if end < len(rows):
            cursor = f"01gSIM{next(self._serials):09d}-{end}"
            self._cursors[cursor] = (rows, end)
            reply["nextRecordsUrl"] = f"/services/data/v62.0/query/{cursor}"
        return httpx.Response(200, json=reply)

    # --- writing

    def _sobjects(self, method: str, rest: list[str], body: dict[str, Any]) -> httpx.Response:
        table = rest[0]
        if table not in OBJECTS or table in self._rows.without:
            raise RefusalError("NOT_FOUND", "The requested resource does not exist", status=404)
        if rest[1:] == ["describe"]:
            return httpx.Response(200, json=description(table))
        if method == "POST" and len(rest) == 1:
            return httpx.Response(201, json={"id": self._rows.create(table, body), "success": True, "errors": []})
        if len(rest) == 3 and rest[2] != "LogFile":
            made = self._rows.upsert(table, rest[1], {**body, rest[1]: rest[2]})
            return httpx.Response(201 if made["created"] else 200, json=made)
        row = self._rows.tables[table].get(rest[1]) if len(rest) in (2, 3) else None
        if row is None:
            raise RefusalError(
                "NOT_FOUND", "Provided external ID field does not exist or is not accessible", status=404
            )
        if method == "GET" and rest[2:] == ["LogFile"] and row["LogFile"] is not None:
            return httpx.Response(200, content=row["LogFile"], headers={"Content-Type": "application/octetstream"})
        if method == "GET":
            return httpx.Response(200, json=self._shaped(table, row, OBJECTS[table]))
        if method == "PATCH" or (method == "DELETE" and table != "User"):
            self._rows.update(table, rest[1], body) if method == "PATCH" else self._rows.delete(table, rest[1])
            return httpx.Response(204)
        raise RefusalError("METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed.", status=405)

    def _collections(self, request: httpx.Request, rest: list[str], body: dict[str, Any]) -> httpx.Response:
        if len(rest) == 1:
            ids = body.get("ids") or request.url.params.get("ids", "").split(",")
            names = body.get("fields") or request.url.params.get("fields", "Id").split(",")
            rows = [self._rows.tables[rest[0]].get(i) for i in ids]
            return httpx.Response(200, json=[row and self._shaped(rest[0], row, names) for row in rows])
        records = body.get("records")
        if request.method == "DELETE":
            records = [{"id": each} for each in request.url.params.get("ids", "").split(",") if each]
        if not isinstance(records, list) or not records:
            raise RefusalError("JSON_PARSER_ERROR", "records is required")
        if len(records) > 200:
            raise RefusalError(
                "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records in this call"
            )
        tables = [str(each.get("attributes", {}).get("type", "")) for each in records]
        if len(list(itertools.groupby(tables))) > _CHUNKS:
            raise RefusalError("LIMIT_EXCEEDED", "Cannot have more than 10 chunks in a single operation.")
        if len(set(tables)) > 1 and SETUP & set(tables):
            raise RefusalError("MIXED_DML_OPERATION", "objects of the Setup area do not travel with others")
        self.batch_sizes.append(len(records))
        before = json.dumps(self._rows.tables) if body.get("allOrNone") else ""
        results = [self._one(request.method, rest, dict(record)) for record in records]
        if before and not all(result["success"] for result in results):
            self._rows.tables = json.loads(before)
            rolled = RefusalError("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back").row()
            results = [r if not r["success"] else {"success": False, "errors": [rolled]} for r in results]
        return httpx.Response(200, json=results)

    def _one(self, method: str, rest: list[str], record: dict[str, Any]) -> dict[str, Any]:
        table = str(record.pop("attributes", {}).get("type", rest[0] if rest else ""))
        try:
            if method == "DELETE":
                made = str(record["id"])
                self._rows.delete(next((t for t, rows in self._rows.tables.items() if made in rows), "Account"), made)
                return {"id": made, "success": True, "errors": []}
            if table not in OBJECTS or table in self._rows.without:
                raise RefusalError("INVALID_TYPE", f"sObject type '{table}' is not supported.")
            if method == "POST":
                made = self._rows.create(table, record)
            elif rest:
                return self._rows.upsert(table, rest[1], record)
            else:
                made = str(record.pop("id", None) or record.pop("Id", None))
                self._rows.update(table, made, record)
        except RefusalError as refusal:
            return {"success": False, "errors": [refusal.row()]}
        return {"id": made, "success": True, "errors": []}
