"""Bulk API 2.0 jobs that go wrong at every step, and query jobs as a source."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import httpx
import pytest

from baton.response import Limits
from baton.sdk import FeedRefusedError, HaltError, InDoubtError, Outcome, Response, RetryableError
from connectors.crm.salesforce import bulk
from tests.connectors.crm.salesforce_org import instead, refused
from tests.connectors.crm.salesforce_records import KEY, RecordOrg, company, told

MANY = [company(n) for n in range(250)]
LOST = httpx.ReadTimeout("lost")


def job_states(records: RecordOrg) -> list[str]:
    return [job.state for job in records.simulator.bulk.jobs.values()]


def unsent(records: RecordOrg, method: str, part: str) -> None:
    """One request is lost on its way: the org never sees it."""
    arrived = records.simulator.handle
    left = [1]

    def handle(request: httpx.Request) -> httpx.Response:
        if left[0] and request.method == method and part in request.url.path:
            left[0] = 0
            raise LOST
        return arrived(request)

    records.simulator.handle = handle  # type: ignore[method-assign]


@pytest.mark.parametrize(("method", "part"), [("POST", "jobs/ingest"), ("PUT", "batches")])
@pytest.mark.parametrize("arrives", [True, False])
def test_before_a_job_is_started_a_lost_answer_means_nothing_happened(
    records: RecordOrg, method: str, part: str, arrives: bool
) -> None:
    if arrives:
        records.tamper = instead(part, LOST, times=1, method=method)
    else:
        unsent(records, method, part)
    with pytest.raises(RetryableError):
        records.insert(*MANY)
    assert records.held == {}
    assert set(job_states(records)) <= {"Open", "Aborted"}
    assert told(records.insert(*MANY)) == ["done"] * 250
    assert len(records.held) == 250


def test_a_job_whose_start_was_not_answered_is_looked_at_and_goes_on(records: RecordOrg) -> None:
    records.tamper = instead("jobs/ingest/", LOST, times=1, method="PATCH")
    assert told(records.insert(*MANY)) == ["done"] * 250
    assert job_states(records) == ["JobComplete"]


def test_a_job_that_was_never_started_is_aborted_so_that_it_cannot_start_late(records: RecordOrg) -> None:
    unsent(records, "PATCH", "jobs/ingest/")
    with pytest.raises(RetryableError) as caught:
        records.insert(*MANY)
    assert caught.value.code == "not_started"
    assert job_states(records) == ["Aborted"]
    assert records.held == {}


def test_a_start_that_is_forbidden_halts_and_leaves_no_job(records: RecordOrg) -> None:
    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == "PATCH" and b"UploadComplete" in request.content:
            job = records.simulator.bulk.jobs[request.url.path.rpartition("/")[2]]
            job.state = "Open"
            return refused(403, "INSUFFICIENT_ACCESS")
        return response

    records.tamper = tamper
    with pytest.raises(HaltError):
        records.insert(*MANY)
    assert job_states(records) == ["Aborted"]
    assert records.held == {}


def test_a_job_that_does_not_end_is_in_doubt_and_named(records: RecordOrg) -> None:
    records.simulator.bulk.stuck = True
    with pytest.raises(InDoubtError) as caught:
        records.insert(*MANY)
    (job,) = records.simulator.bulk.jobs
    assert job in caught.value.message
    assert caught.value.code == "job_unfinished"
    assert 1700 <= records.clock.monotonic() <= 1800


def test_a_job_that_fails_half_way_says_which_records_it_did(records: RecordOrg) -> None:
    records.simulator.bulk.fail_after = 100
    receipts = records.insert(*MANY)
    assert [r.outcome for r in receipts] == [Outcome.DONE] * 100 + [Outcome.NOT_PERFORMED] * 150
    assert len(records.held) == 100
    records.simulator.bulk.fail_after = None
    assert told(records.insert(*MANY)) == ["changed"] * 100 + ["done"] * 150


@pytest.mark.parametrize("trouble", [LOST, httpx.Response(429, headers={"Retry-After": "2"}), httpx.Response(503)])
@pytest.mark.parametrize("part", ["jobs/ingest/750", "Results", "unprocessedrecords"])
def test_a_trouble_while_a_job_runs_is_waited_out(
    records: RecordOrg, part: str, trouble: httpx.Response | Exception
) -> None:
    records.tamper = instead(part, trouble, times=2, method="GET")
    assert told(records.insert(*MANY)) == ["done"] * 250


@pytest.mark.parametrize("part", ["successfulResults", "failedResults", "unprocessedrecords"])
def test_results_that_cannot_be_had_leave_the_job_in_doubt(records: RecordOrg, part: str) -> None:
    records.tamper = instead(part, LOST)
    with pytest.raises(InDoubtError):
        records.insert(*MANY)
    assert len(records.held) == 250


def test_throttling_before_a_job_is_started_keeps_its_pause(records: RecordOrg) -> None:
    records.tamper = instead("jobs/ingest", httpx.Response(429, headers={"Retry-After": "7"}))
    with pytest.raises(RetryableError) as caught:
        records.insert(*MANY)
    assert caught.value.retry_after_s == 7


def test_a_session_that_ends_while_a_job_runs_is_renewed(records: RecordOrg) -> None:
    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == "PUT":
            records.simulator.expire_sessions()
        return response

    records.tamper = tamper
    assert told(records.insert(*MANY)) == ["done"] * 250
    assert records.simulator.token_calls == 2


def result_file(change: Callable[[list[list[str]]], list[list[str]]]) -> Callable[..., httpx.Response]:
    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not request.url.path.endswith("successfulResults"):
            return response
        text = io.StringIO(newline="")
        csv.writer(text).writerows(change(list(csv.reader(io.StringIO(response.text, newline="")))))
        return httpx.Response(200, text=text.getvalue())

    return tamper


def test_results_in_another_order_still_belong_to_their_records(records: RecordOrg) -> None:
    records.tamper = result_file(lambda rows: [rows[0], *reversed(rows[1:])])
    receipts = records.insert(*MANY)
    assert all(records.held[row[KEY]]["Id"] == receipt.external_id for row, receipt in zip(MANY, receipts, strict=True))


def test_a_record_that_no_result_speaks_of_is_in_doubt_alone(records: RecordOrg) -> None:
    records.tamper = result_file(lambda rows: [*rows[:8], *rows[9:]])
    receipts = records.insert(*MANY)
    assert [n for n, receipt in enumerate(receipts) if receipt.outcome is not Outcome.DONE] == [7]
    assert receipts[7].outcome is Outcome.IN_DOUBT
    assert receipts[7].evidence["job"] in records.simulator.bulk.jobs


def test_a_result_file_without_the_key_is_in_doubt(records: RecordOrg) -> None:
    records.tamper = result_file(lambda rows: [row[:2] for row in rows])
    with pytest.raises(InDoubtError):
        records.insert(*MANY)


def test_a_large_call_is_cut_into_jobs_and_a_later_one_that_fails_keeps_the_earlier(
    records: RecordOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "JOB_ROWS", 100)
    jobs = []

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == "PUT":
            jobs.append(request.url.path)
            if len(jobs) == 2:
                raise LOST
        return response

    records.tamper = tamper
    receipts = records.insert(*MANY)
    outcomes = [Outcome.DONE] * 100 + [Outcome.NOT_PERFORMED] * 100 + [Outcome.DONE] * 50
    assert [receipt.outcome for receipt in receipts] == outcomes
    assert len(records.held) == 150


def test_jobs_are_cut_by_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "JOB_BYTES", 25)
    assert list(bulk.portions([["1234567"]] * 5)) == [range(2), range(2, 4), range(4, 5)]
    assert list(bulk.portions([["x" * 100]] * 2)) == [range(1), range(1, 2)]
    assert list(bulk.portions([])) == []


# --- as a source


def pages(records: RecordOrg) -> list[tuple[int, list[dict[str, str | None]]]]:
    return [(page.first_row, page.rows.to_dicts()) for page in records.connector.records("Account").pages]


def test_all_records_are_read_page_by_page_as_canonical_text(records: RecordOrg) -> None:
    path = f"Parent.{KEY}"
    row = {"Name": '甲, "一"\n二', "Closed__c": True, "NumberOfEmployees": 12, "AnnualRevenue": 1000000.5}
    moments = {"Since__c": "2026-01-05", "Synced__c": "2026-01-05T08:00:00.000+0000"}
    records.simulator._rows.create("Account", {KEY: "K1", **row, **moments})
    records.insert({KEY: "K2", "Name": "乙", path: "K1"}, *(company(n) for n in range(20)))
    records.simulator.bulk.page_rows = 7
    assert records.connector.collections() == ("Account", "User")
    found = pages(records)
    assert [(first, len(rows)) for first, rows in found] == [(1, 7), (8, 7), (15, 7), (22, 1)]
    by_key = {row[KEY]: row for _, rows in found for row in rows}
    assert len(by_key) == 22
    wanted = {
        "Name": '甲, "一"\n二',
        "Closed__c": "true",
        "NumberOfEmployees": "12",
        "AnnualRevenue": "1000000.50",
        "Since__c": "2026-01-05",
        "Synced__c": "2026-01-05T08:00:00+00:00",
        "Rating": None,
        path: None,
    }
    assert {name: by_key["K1"][name] for name in wanted} == wanted
    assert by_key["K2"][path] == "K1"
    assert [page.cursor is None for page in records.connector.records("Account").pages] == [False, False, False, True]


def test_an_object_without_records_gives_one_empty_page(records: RecordOrg) -> None:
    ((first, rows),) = pages(records)
    assert (first, rows) == (1, [])


@pytest.mark.parametrize("change", ["insert", "update", "delete"])
def test_a_source_that_changes_while_it_is_read_is_refused(records: RecordOrg, change: str) -> None:
    records.insert(company(1), company(2))
    feed = records.connector.records("Account")
    rows, made = records.simulator._rows, records.held["K00001"]["Id"]
    if change == "insert":
        rows.create("Account", company(3))
    elif change == "update":
        rows.update("Account", made, {"Name": "改"})
    else:
        rows.delete("Account", made)
    with pytest.raises(FeedRefusedError) as caught:
        list(feed.pages)
    assert [breach.guard for breach in caught.value.breaches] == ["source_changed"]


def test_an_unreadable_value_is_listed_with_its_place(records: RecordOrg) -> None:
    records.insert(*(company(n) for n in range(5)))
    records.held["K00002"]["Since__c"] = "5.1.2026"
    found = list(records.connector.records("Account").pages)
    assert [(page.first_row, page.rows.height) for page in found] == [(1, 2), (4, 2)]
    ((bad,),) = [page.rejected for page in found if page.rejected]
    assert (bad.row, bad.column, bad.rule) == (3, "Since__c", "unreadable_value")


@pytest.mark.parametrize("what", ["short", "columns", "repeats", "not csv"])
def test_pages_that_do_not_add_up_are_never_used(records: RecordOrg, what: str) -> None:
    records.insert(*(company(n) for n in range(5)))
    records.simulator.bulk.page_rows = 2

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if not request.url.path.endswith("/results"):
            return response
        content, headers = response.content, dict(response.headers)
        headers.pop("content-length", None)
        if what == "short":
            content = b"\n".join(content.split(b"\n")[:-2]) + b"\n"
        elif what == "columns":
            content = content.replace(b'"Name"', b'"Other"')
        elif what == "repeats":
            headers["sforce-locator"] = "2"
        else:
            content = b"\xff\xfe"
        return httpx.Response(200, content=content, headers=headers)

    records.tamper = tamper
    with pytest.raises(RetryableError):
        pages(records)


@pytest.mark.parametrize(("cap", "fits"), [(12_000, True), (500, False)])
def test_long_texts_are_read_in_pages_as_small_as_they_need(records: RecordOrg, cap: int, fits: bool) -> None:
    records.insert(*(company(n, Description="客户备注" * 50) for n in range(40)))
    exchange, asked = records.client._opened(), list[tuple[str, int]]()

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        results = request.url.path.endswith("/results")
        exchange.limits = Limits(body_bytes=cap) if results else Limits()
        if results:
            asked.append((request.url.params.get("locator", ""), int(request.url.params["maxRecords"])))
        return response

    records.tamper = tamper
    if fits:
        assert [row[KEY] for _, rows in pages(records) for row in rows] == [f"K{n:05}" for n in range(40)]
        assert [most for _, most in asked] == [10_000 >> n for n in range(11)] + [9] * (len(asked) - 11)
        assert [at for at, _ in asked[9:13]] == ["", "", "9", "18"], "from the same place, and as small from then on"
    else:
        with pytest.raises(RetryableError) as caught:
            pages(records)
        assert (caught.value.code, asked[-1]) == (Response.TOO_LARGE, ("", 1))


@pytest.mark.parametrize("part", ["jobs/query", "results"])
def test_a_lost_answer_of_a_query_job_is_never_in_doubt(records: RecordOrg, part: str) -> None:
    records.tamper = instead(part, LOST)
    with pytest.raises(RetryableError):
        pages(records)


def test_a_query_job_that_failed_is_tried_again_later(records: RecordOrg) -> None:
    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if request.method == "GET" and "jobs/query" in request.url.path:
            return httpx.Response(200, json={**json.loads(response.content), "state": "Failed"})
        return response

    records.tamper = tamper
    with pytest.raises(RetryableError, match="Failed"):
        pages(records)
