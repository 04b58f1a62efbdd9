"""Bulk API 2.0 of the simulated org: ingest and query jobs, written from the public Bulk API 2.0 guide.

A job moves on by one state with every look at it, so that a client that does not wait is found out.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from connectors.crm.salesforce.simulator_columns import Column
from connectors.crm.salesforce.simulator_org import OBJECTS, parents
from connectors.crm.salesforce.simulator_refusal import RefusalError
from connectors.crm.salesforce.simulator_rows import Rows

_DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_OPERATIONS = ("insert", "update", "upsert", "delete")
_FINAL = ("JobComplete", "Failed", "Aborted")
_NULL = "#N/A"
_LARGEST = 150 * 1024 * 1024

Extract = Callable[[str], tuple[Sequence[str], list[list[Any]]]]


@dataclass
class Job:
    """One job with everything that is known of it."""

    id: str
    kind: str
    operation: str
    object: str
    delimiter: str
    ending: str
    external_id: str = ""
    state: str = "Open"
    error: str = ""
    body: bytes | None = None
    header: list[str] = field(default_factory=list)
    successful: list[tuple[str, bool, list[str]]] = field(default_factory=list)
    failed: list[tuple[str, str, list[str]]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)
    columns: Sequence[str] = ()
    found: list[list[Any]] = field(default_factory=list)

    def info(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": 62.0,
            "lineEnding": self.ending,
            "columnDelimiter": self.delimiter,
            "jobType": "V2Ingest" if self.kind == "ingest" else "V2Query",
            "retries": 0,
            "totalProcessingTime": 1,
        }
        if self.kind == "ingest":
            told["contentUrl"] = f"services/data/v62.0/jobs/ingest/{self.id}/batches"
            told["numberRecordsProcessed"] = len(self.successful) + len(self.failed)
            told["numberRecordsFailed"] = len(self.failed)
            told |= {"externalIdFieldName": self.external_id} if self.external_id else {}
        else:
            told["numberRecordsProcessed"] = len(self.found)
        return told | ({"errorMessage": self.error} if self.error else {})


class Bulk:
    """All jobs of the org. Called under the simulator's lock."""

    def __init__(self, rows: Rows, extract: Extract) -> None:
        self._rows = rows
        self._extract = extract
        self._serials = itertools.count(1)
        self.jobs: dict[str, Job] = {}
        self.page_rows = 50_000
        """The most records in one page of query results."""
        self.fail_after: int | None = None
        """From now on ingest jobs fail after so many records; the rest stays unprocessed."""
        self.stuck = False
        """From now on jobs stay in progress."""

    def handle(self, request: httpx.Request, path: list[str]) -> httpx.Response:
        """One exchange below ``jobs/``."""
        kind, *rest = path
        if kind not in ("ingest", "query"):
            raise RefusalError("NOT_FOUND", "The requested resource does not exist", status=404)
        if not rest:
            if request.method == "POST":
                return self._create(kind, json.loads(request.content))
            listed = [job.info() for job in self.jobs.values() if job.kind == kind]
            return httpx.Response(200, json={"done": True, "records": listed, "nextRecordsUrl": None})
        job = self.jobs.get(rest[0])
        if job is None or job.kind != kind:
            raise RefusalError("NOT_FOUND", "The requested resource does not exist", status=404)
        if rest[1:]:
            return self._part(request, job, rest[1].lower())
        if request.method == "PATCH":
            return self._move(job, str(json.loads(request.content).get("state")))
        if request.method == "DELETE":
            if job.state not in _FINAL:
                raise RefusalError("INVALIDJOBSTATE", "the job is not in a terminal state")
            del self.jobs[job.id]
            return httpx.Response(204)
        self._advance(job)
        return httpx.Response(200, json=job.info())

    def _create(self, kind: str, body: dict[str, Any]) -> httpx.Response:
        delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
        if delimiter not in _DELIMITERS or ending not in _ENDINGS or body.get("contentType", "CSV") != "CSV":
            raise RefusalError("INVALIDJOB", "unsupported content")
        number = f"750SIM{next(self._serials):012d}"
        operation = str(body.get("operation"))
        if kind == "query":
            if operation not in ("query", "queryAll"):
                raise RefusalError("INVALIDJOB", "unsupported operation")
            columns, found = self._extract(str(body.get("query", "")))
            job = Job(number, kind, operation, "", delimiter, ending, state="UploadComplete", columns=columns)
            job.found = found
        else:
            table, key = str(body.get("object")), str(body.get("externalIdFieldName") or "")
            if table not in OBJECTS:
                raise RefusalError("INVALIDENTITY", f"Entity '{table}' is not supported by the Bulk API.")
            if operation not in _OPERATIONS or (operation == "upsert") != bool(key):
                raise RefusalError("INVALIDJOB", "operation and externalIdFieldName do not fit")
            job = Job(number, kind, operation, table, delimiter, ending, key)
        self.jobs[number] = job
        return httpx.Response(200, json=job.info())

    def _move(self, job: Job, state: str) -> httpx.Response:
        if state == "Aborted" and job.state not in _FINAL:
            job.state = "Aborted"
            job.unprocessed = self._read(job)[1:] if job.body else []
        elif state == "UploadComplete" and job.kind == "ingest" and job.state == "Open" and job.body is not None:
            job.state = "UploadComplete"
        else:
            raise RefusalError("INVALIDJOBSTATE", f"the job cannot go from {job.state} to {state}")
        return httpx.Response(200, json=job.info())

    def _part(self, request: httpx.Request, job: Job, part: str) -> httpx.Response:
        if job.kind == "query" and part == "results" and request.method == "GET":
            return self._page(job, request.url.params)
        if job.kind == "ingest" and part == "batches" and request.method == "PUT":
            if job.state != "Open" or job.body is not None:
                raise RefusalError("INVALIDJOBSTATE", "the job does not take data (any more)")
            if not request.headers.get("content-type", "").startswith("text/csv"):
                raise RefusalError("INVALIDJOB", "Content-Type must be text/csv", status=415)
            if len(request.content) > _LARGEST:
                raise RefusalError("FILE_TOO_LARGE", "the data is too large", status=413)
            job.body = request.content
            return httpx.Response(201)
        results: dict[str, tuple[list[str], list[list[str]]]] = {
            "successfulresults": (
                ["sf__Id", "sf__Created"],
                [[made, str(created).lower(), *row] for made, created, row in job.successful],
            ),
            "failedresults": (["sf__Id", "sf__Error"], [[made, error, *row] for made, error, row in job.failed]),
            "unprocessedrecords": ([], job.unprocessed),
        }
        if job.kind != "ingest" or part not in results or request.method != "GET":
            raise RefusalError("NOT_FOUND", "The requested resource does not exist", status=404)
        if job.state not in _FINAL:
            raise RefusalError("INVALIDJOBSTATE", "the job is still being processed")
        head, rows = results[part]
        return httpx.Response(
            200, content=_csv(job, [*head, *job.header], rows), headers={"Content-Type": "text/csv; charset=UTF-8"}
        )

    def _page(self, job: Job, params: httpx.QueryParams) -> httpx.Response:
        if job.state != "JobComplete":
            raise RefusalError("INVALIDJOBSTATE", "the job is still being processed")
        locator = params.get("locator", "0")
        if not locator.isdecimal() or int(locator) > len(job.found):
            raise RefusalError("INVALID_QUERY_LOCATOR", "invalid locator")
        start = int(locator)
        end = start + min(int(params.get("maxRecords", self.page_rows)), self.page_rows)
        rows = [[_told(item) for item in row] for row in job.found[start:end]]
        headers = {
            "Content-Type": "text/csv; charset=UTF-8",
            "Sforce-Locator": str(end) if end < len(job.found) else "null",
            "Sforce-NumberOfRecords": str(len(rows)),
        }
        return httpx.Response(200, content=_csv(job, job.columns, rows), headers=headers)

    # --- processing

    def _advance(self, job: Job) -> None:
        if job.state == "UploadComplete":
            job.state = "InProgress"
        elif job.state == "InProgress" and not self.stuck:
            job.state = "JobComplete"
            if job.kind == "ingest":
                self._process(job)

    def _read(self, job: Job) -> list[list[str]]:
        text = (job.body or b"").decode("utf-8")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=_DELIMITERS[job.delimiter]))

    def _process(self, job: Job) -> None:
        rows = self._read(job)
        job.header = rows[0] if rows else []
        first_line = (job.body or b"").split(b"\n", 1)[0]
        if first_line.endswith(b"\r") != (job.ending == "CRLF"):
            job.state, job.error = "Failed", f"LineEnding is invalid on user data. Current setting is {job.ending}"
            job.unprocessed = rows[1:]
            return
        unknown = [name for name in job.header if not _known(job.object, name)]
        if unknown or any(len(row) != len(job.header) for row in rows):
            job.state, job.error = "Failed", f"InvalidBatch : Field name not found : {', '.join(unknown)}"
            job.unprocessed = rows[1:]
            return
        for place, row in enumerate(rows[1:]):
            if self.fail_after is not None and place >= self.fail_after:
                job.state, job.error = "Failed", "InternalServerError : the job was retried too often"
                job.unprocessed.append(row)
                continue
            try:
                made, created = self._apply(job, dict(zip(job.header, row, strict=True)))
                job.successful.append((made, created, row))
            except RefusalError as refusal:
                known = dict(zip(job.header, row, strict=True)).get("Id", "")
                job.failed.append((known, f"{refusal.code}:{refusal}:{' '.join(refusal.fields)} --", row))

    def _apply(self, job: Job, texts: dict[str, str]) -> tuple[str, bool]:
        record: dict[str, Any] = {}
        for name, text in texts.items():
            if text == "":
                continue  # empty means: leave as it is
            first, _, rest = name.partition(".")
            if rest and text == _NULL:
                record[parents(job.object)[first][0]] = None
            elif rest:
                record[first] = {rest: text}
            else:
                record[name] = None if text == _NULL else _value(OBJECTS[job.object][name], text)
        key = str(record.pop("Id", ""))
        if job.operation == "insert":
            return self._rows.create(job.object, record), True
        if job.operation == "upsert":
            made = self._rows.upsert(job.object, job.external_id, record)
            return str(made["id"]), bool(made["created"])
        if not key:
            raise RefusalError("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
        if job.operation == "update":
            self._rows.update(job.object, key, record)
        else:
            self._rows.delete(job.object, key)
        return key, False


def _known(table: str, name: str) -> bool:
    first, _, rest = name.partition(".")
    if not rest:
        return first in OBJECTS[table]
    target = parents(table).get(first, ("", ""))[1]
    return rest in OBJECTS.get(target, {})


def _value(column: Column, text: str) -> Any:
    try:
        if column.kind == "boolean":
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if column.kind == "int":
            return int(text)
        return float(text) if column.kind in ("double", "currency", "percent") else text
    except (KeyError, ValueError):
        raise RefusalError("INVALID_TYPE_ON_FIELD_IN_RECORD", "value not of required type") from None


def _told(item: Any) -> str:
    if item is None:
        return ""
    return str(item).lower() if isinstance(item, bool) else str(item)


def _csv(job: Job, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Every value in quotes, as Salesforce writes it."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=_DELIMITERS[job.delimiter], lineterminator=_ENDINGS[job.ending], quoting=csv.QUOTE_ALL
    )
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
