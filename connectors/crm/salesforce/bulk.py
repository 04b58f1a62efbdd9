"""Bulk API 2.0: query jobs out, ingest jobs in.

An ingest job does nothing before it is told that its upload is complete. So a lost answer before that point means that
nothing has happened (a stray empty job is left, which Salesforce deletes by itself), and a lost answer at that point is
cleared up by looking at the job. From then on a failure is in doubt, and names the job.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import requests

from baton.sdk import ConnectorError, HaltError, InDoubtError, Response, RetryableError
from connectors.crm.salesforce.org import Org

JOB_ROWS: Final = 50_000
JOB_BYTES: Final = 30 * 1024 * 1024
"""Salesforce takes 150 MB; result files repeat what was sent, and an answer is read up to 64 MB."""
_PAGE_ROWS: Final = 10_000
"""At first: rows of long texts come fewer at a time."""
_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_ASKED_AGAIN: Final = 3


class Clock(Protocol):
    """What waiting needs, and when it is."""

    def now(self) -> datetime:
        """The current instant, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(slots=True)
class Outcomes:
    """What became of the rows of one ingest job, by the value of the column they are told apart by."""

    job: str
    done: dict[str, str] = field(default_factory=dict)
    """-> id of the record."""
    failed: dict[str, str] = field(default_factory=dict)
    """-> ``sf__Error``."""
    unprocessed: set[str] = field(default_factory=set)


class BulkJobs:
    """Jobs of one org, each waited for at most ``wait_s``."""

    def __init__(self, org: Org, clock: Clock, wait_s: float) -> None:
        self._org = org
        self._clock = clock
        self._wait_s = wait_s

    # --- queries

    def query(self, soql: str, columns: Sequence[str], settled: Callable[[], None]) -> Iterator[list[list[str]]]:
        """The rows, page by page. ``settled`` is called when the job is complete and its results are fixed."""
        try:
            body = {"operation": "query", "query": soql, "contentType": "CSV", "columnDelimiter": "COMMA"}
            job = _id(self._org.exchange("POST", "jobs/query", json={**body, "lineEnding": "LF"}))
        except InDoubtError as error:
            raise RetryableError(f"whether a query job was created is unknown: {error.message}", code="job") from error
        state = self._finished(f"jobs/query/{job}", lambda: self._state(f"jobs/query/{job}"))
        if state != "JobComplete":
            raise RetryableError(f"the query job {job} ended as {state}", code="job_failed")
        settled()
        locator: str | None = ""
        seen: set[str] = set()
        most = _PAGE_ROWS
        while locator is not None:
            if locator in seen:
                raise RetryableError(f"the results of job {job} repeat", code="cursor_repeated")
            seen.add(locator)
            answer, most = self._fitting(f"jobs/query/{job}/results", locator, most)
            yield _page(answer, columns)
            following = answer.headers.get("Sforce-Locator", "null")
            locator = None if following in ("null", "") else following

    def _fitting(self, path: str, locator: str, most: int) -> tuple[requests.Response, int]:
        """A page of at most so many rows; of half as many, and so on, where long texts make it too large to be read."""
        at = {"locator": locator} if locator else {}
        while True:
            try:
                return self._org.exchange("GET", path, params={"maxRecords": str(most), **at}), most
            except RetryableError as error:
                if error.code != Response.TOO_LARGE or most == 1:
                    raise
                most //= 2

    # --- ingest

    def ingest(self, table: str, operation: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Outcomes:
        """Send rows and wait for what becomes of them. The first column tells rows apart.

        Raises `RetryableError` when certainly nothing was done, `InDoubtError` (naming the job) when it is not known.
        """
        job = self._uploaded(table, operation, csv_file(header, rows))
        path = f"jobs/ingest/{job}"
        try:
            self._start(path)
            self._finished(path, lambda: self._state(path))
            outcomes = Outcomes(job)
            for row in self._results(path, "successfulResults", header[0]):
                outcomes.done[row[header[0]]] = row.get("sf__Id", "")
            for row in self._results(path, "failedResults", header[0]):
                outcomes.failed[row[header[0]]] = row.get("sf__Error", "")
            outcomes.unprocessed = {row[header[0]] for row in self._results(path, "unprocessedrecords", header[0])}
        except _NotStartedError as error:
            raise error.told from error
        except ConnectorError as error:
            message = f"what became of the Bulk API job {job} is unknown: {error.message}"
            remedy = "the records will be looked at; the job can be seen in Setup > Bulk Data Load Jobs"
            raise InDoubtError(message, code="job_unfinished", remedy=remedy) from error
        return outcomes

    def _uploaded(self, table: str, operation: str, body: bytes) -> str:
        """A job with its data, not yet started. Whatever is lost until here, nothing has been done."""
        wanted = {"object": table, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
        try:
            job = _id(self._org.exchange("POST", "jobs/ingest", json={**wanted, "columnDelimiter": "COMMA"}))
        except InDoubtError as error:
            raise RetryableError(f"whether a job was created is unknown: {error.message}", code="job") from error
        try:
            self._org.exchange("PUT", f"jobs/ingest/{job}/batches", csv=body)
        except ConnectorError as error:
            self._abandon(f"jobs/ingest/{job}")
            if isinstance(error, InDoubtError):
                raise RetryableError(f"the upload was cut short: {error.message}", code="upload") from error
            raise
        return job

    def _abandon(self, path: str) -> None:
        """Abort a job that was not started. If that fails too the job stays open, and does nothing."""
        try:
            self._org.exchange("PATCH", path, json={"state": "Aborted"})
        except ConnectorError:
            return

    def _start(self, path: str) -> None:
        try:
            self._org.exchange("PATCH", path, json={"state": "UploadComplete"})
        except ConnectorError as error:
            if self._finished(path, lambda: self._state(path), ("Open", *_GOING, *_FINAL)) != "Open":
                return  # it was the answer that was lost
            self._abandon(path)  # or the request, should it still arrive, would start the job
            job = _json(self._org.exchange("GET", path))
            if job.get("state") != "Aborted" or job.get("numberRecordsProcessed"):
                raise
            lost = isinstance(error, InDoubtError)
            told = RetryableError(f"the job was not started: {error.message}", code="not_started") if lost else error
            raise _NotStartedError(told) from error

    def _state(self, path: str) -> str:
        answer = _json(self._org.exchange("GET", path))
        return str(answer.get("state"))

    def _finished(self, path: str, ask: Callable[[], str], awaited: Sequence[str] = ()) -> str:
        """Ask until the state is one of those awaited (default: the final ones); a lost answer is asked for again."""
        until = self._clock.monotonic() + self._wait_s
        pause, lost = _PAUSE_S, ""
        while True:
            try:
                state = ask()
            except RetryableError as error:
                lost = f" ({error.message})"
            else:
                if state in (awaited or _FINAL):
                    return state
                if state not in _GOING:
                    raise HaltError(f"the job has the unknown state {state[:40]!r}", code="contract")
            if self._clock.monotonic() + pause > until:
                raise RetryableError(f"{path} did not end in {self._wait_s:g} s{lost}", code="job_slow")
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _results(self, path: str, part: str, key: str) -> list[dict[str, str]]:
        """One result file; a lost answer is asked for again."""
        for _ in range(_ASKED_AGAIN):
            try:
                return self._result_rows(f"{path}/{part}", key)
            except RetryableError:
                self._clock.sleep(_PAUSE_S)
        return self._result_rows(f"{path}/{part}", key)

    def _result_rows(self, path: str, key: str) -> list[dict[str, str]]:
        header, *rows = _csv_rows(self._org.exchange("GET", path)) or [[key]]
        if key not in header or any(len(row) != len(header) for row in rows):
            raise RetryableError("the results have another shape than was sent", code="garbled")
        return [dict(zip(header, row, strict=True)) for row in rows]


_FINAL: Final = ("JobComplete", "Failed", "Aborted")
_GOING: Final = ("UploadComplete", "InProgress")


class _NotStartedError(Exception):
    """The job was aborted before it began; ``told`` says so to the engine."""

    def __init__(self, told: ConnectorError) -> None:
        super().__init__(told.message)
        self.told = told


def csv_file(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """UTF-8 CSV with every cell in quotes, so that line ends within a text stay what they are."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def portions(rows: Sequence[Sequence[str]]) -> Iterator[range]:
    """The places of rows that go into one job each."""
    start, size = 0, 0
    for place, row in enumerate(rows):
        cost = sum(len(text.encode()) + 3 for text in row)
        if place > start and (place - start == JOB_ROWS or size + cost > JOB_BYTES):
            yield range(start, place)
            start, size = place, 0
        size += cost
    if start < len(rows):
        yield range(start, len(rows))


def _id(answer: requests.Response) -> str:
    job = _json(answer).get("id")
    if not isinstance(job, str) or not job.isalnum():
        raise RetryableError("the answer names no job", code="garbled")
    return job


def _json(answer: requests.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except requests.exceptions.InvalidJSONError:
        body = None
    if not isinstance(body, dict):
        raise RetryableError("the answer is not what a job looks like", code="garbled")
    return body


def _page(answer: requests.Response, columns: Sequence[str]) -> list[list[str]]:
    """The rows of one page of query results, if there are as many as it says, with the columns asked for."""
    header, *rows = _csv_rows(answer) or [list(columns)]
    if answer.headers.get("Sforce-NumberOfRecords") != str(len(rows)):
        raise RetryableError(f"{len(rows)} rows came, another number was announced", code="incomplete")
    if header != list(columns) or any(len(row) != len(columns) for row in rows):
        raise RetryableError("the results have other columns than were asked for", code="garbled")
    return rows


def _csv_rows(answer: requests.Response) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise RetryableError("the results are not UTF-8 CSV", code="garbled") from None
