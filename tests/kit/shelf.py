"""A small good connector of records over HTTP, and the service behind it: the subject of the tests of those laws."""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import orjson
import polars as pl

from baton.sdk import (
    Collection,
    ConfigurationError,
    ConnectorSettings,
    Fault,
    Feed,
    FeedRefusedError,
    FieldSpec,
    FieldType,
    Finding,
    GuardBreach,
    Intent,
    Origin,
    Promise,
    Rate,
    Receipt,
    RecordSource,
    RecordTarget,
    SourcePage,
    frame_schema,
)

FIELDS = {
    "code": FieldSpec(required=True),
    "name": FieldSpec(required=True, personal=True),
    "note": FieldSpec(),
    "number": FieldSpec(FieldType.INTEGER),
    "amount": FieldSpec(FieldType.DECIMAL),
    "flag": FieldSpec(FieldType.BOOLEAN),
    "day": FieldSpec(FieldType.DATE),
    "moment": FieldSpec(FieldType.DATETIME),
}
THINGS = Collection("things", FIELDS, ("code",))


class Shelf:
    """The service. A write compares and writes in one step; keys are unique."""

    record_collection = "things"
    record_text = "note"

    def __init__(self):
        self.settings = {"base_url": "http://127.0.0.1:1"}
        self.secrets = {}
        self.page_size = 100
        self.journal = []
        self.things = {}

    def record(self, n):
        moment = datetime(2026, 1, 5, 8, 0, n % 60, tzinfo=UTC)
        values = (f"K{n:05d}", f"测试{n}", f"备注{n}", n, Decimal(n) + Decimal("0.10"), n % 2 == 0, date(2026, 1, 5))
        return dict(zip(FIELDS, (*values, moment), strict=True))

    def record_changed(self, n):
        return {"name": f"测试改{n}", "note": None, "amount": Decimal("99.90"), "day": date(2025, 2, 28)}

    def bad_record(self, n):
        return {**self.record(n), "name": None, "note": "无名的备注"}

    def seed_records(self, numbers):
        for row in map(self.record, numbers):
            self.things[row["code"]] = {name: text(value) for name, value in row.items()}

    def handle(self, request):
        asked = orjson.loads(request.content) if request.content else {}
        match request.url.path:
            case "/mark":
                return httpx.Response(200, json={"count": len(self.things), "mark": self.mark()})
            case "/page":
                start = asked["start"]
                rows = list(self.things.values())[start : start + self.page_size]
                following = start + self.page_size
                return httpx.Response(
                    200, json={"rows": rows, "next": following if len(rows) == self.page_size else None}
                )
            case "/find" if len(asked["keys"]) <= 1000:
                return httpx.Response(200, json={"rows": [self.things[k] for k in asked["keys"] if k in self.things]})
            case "/insert" | "/amend" | "/delete":
                write = getattr(self, request.url.path[1:])
                return httpx.Response(200, json={"results": [write(*one) for one in asked["records"]]})
        return httpx.Response(400, json={})

    def mark(self):
        return hashlib.sha256(orjson.dumps(list(self.things.values()))).hexdigest()

    def insert(self, row):
        if row["code"] in self.things:
            return "exists"
        if not row.get("name"):
            return "invalid"
        return self._put(row["code"], {**dict.fromkeys(FIELDS), **row})

    def amend(self, row, before):
        there = self.things.get(row["code"])
        if there is None or any(there[name] != value for name, value in before.items()):
            return "changed"
        return self._put(row["code"], {**there, **row})

    def delete(self, before):
        there = self.things.get(before["code"])
        if there is not None and any(there[name] != value for name, value in before.items()):
            return "changed"
        return self._put(before["code"], None) if there else "ok"

    def _put(self, code, row):
        self.journal.append(code)
        if row is None:
            del self.things[code]
        else:
            self.things[code] = row
        return "ok"


class Settings(ConnectorSettings):
    base_url: str


class ShelfRecords(RecordSource, RecordTarget):
    title = "Shelf"
    Settings = Settings
    rate = Rate(10)
    record_promise = Promise.CONDITION
    record_batch_limit = 1000

    def check(self):
        return [Finding("shelf", ok=True)]

    def collections(self):
        return [THINGS.name]

    def collection(self, name):
        if name != THINGS.name:
            raise ConfigurationError([Fault("shelf", "unknown_collection", "there is no such collection")])
        return THINGS

    def count(self, collection):
        return self._ask("/mark", {})["count"]

    def fetch(self, collection, keys, fields):
        names = [*collection.key, *fields]
        rows = []
        for some in keys.iter_slices(1000):
            rows += self._ask("/find", {"keys": some["code"].to_list()})["rows"]
        typed = [{name: parsed(FIELDS[name], row[name]) for name in names} for row in rows]
        return pl.DataFrame(typed, schema=frame_schema(FIELDS, names))

    def insert(self, collection, rows):
        return self._write("/insert", [[texts(row)] for row in rows.to_dicts()])

    def amend(self, collection, rows, before):
        pairs = zip(rows.to_dicts(), before.to_dicts(), strict=True)
        return self._write("/amend", [[texts(row), texts(old)] for row, old in pairs])

    def delete(self, collection, before):
        return self._write("/delete", [[texts(row)] for row in before.to_dicts()])

    def records(self, collection):
        name = self.collection(collection).name
        mark = self._ask("/mark", {})["mark"]
        return Feed(Origin(name, mark, datetime(2026, 1, 5, tzinfo=UTC)), self.pages(mark))

    def pages(self, mark):
        start = 0
        while start is not None:
            body = self._ask("/page", {"start": start})
            if body["next"] is None and self._ask("/mark", {})["mark"] != mark:
                raise FeedRefusedError([GuardBreach("source_changed", "written meanwhile")], feed_digest=mark)
            rows = [{name: value or None for name, value in row.items()} for row in body["rows"]]
            frame = pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String))
            start, first = body["next"], start + 1
            yield SourcePage(frame, first, cursor=None if start is None else str(start))

    def _ask(self, path, body):
        answer = self.client.request("POST", self.settings.base_url + path, intent=Intent.READ, json=body)
        told = answer.raise_for_status().json()
        if not isinstance(told, dict):
            raise answer.unreadable("is no object")
        return told

    def _write(self, path, records):
        if not records:
            return []
        answer = self.client.request(
            "POST", self.settings.base_url + path, intent=Intent.WRITE, json={"records": records}
        )
        results = answer.raise_for_status().json()["results"]
        if len(results) != len(records):
            raise answer.unreadable("has not one result per record")
        return [self.receipt(result, record) for result, record in zip(results, records, strict=True)]

    def receipt(self, result, record):
        if result in ("exists", "changed"):
            return Receipt.refused(self.CHANGED, "the record is not as expected")
        return Receipt.done() if result == "ok" else Receipt.refused(result, "a field has no value", remedy="map it")


def texts(row):
    return {name: text(value) for name, value in row.items()}


def text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else value.isoformat() if isinstance(value, date) else str(value)


def parsed(spec, raw):
    if raw is None:
        return None
    readers = {
        FieldType.INTEGER: int,
        FieldType.DECIMAL: Decimal,
        FieldType.BOOLEAN: "true".__eq__,
        FieldType.DATE: date.fromisoformat,
        FieldType.DATETIME: datetime.fromisoformat,
    }
    return readers.get(spec.type, str)(raw)
