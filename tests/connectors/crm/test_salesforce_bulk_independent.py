"""simple-salesforce's own Bulk 2.0 handler against the simulated org: does it keep jobs as Salesforce documents them?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding, SFBulk2Handler
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceOperationError

from connectors.crm.salesforce.simulator import Simulator
from tests.connectors.serving import serve

KEY = "Legacy_Id__c"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    with serve(simulator.handle) as url:
        simulator.base_url = url
        yield simulator


@pytest.fixture
def handler(simulator: Simulator) -> Iterator[Any]:
    """The library's handler, on a session token asked for in the plainest way."""
    with requests.Session() as own:
        own.trust_env = False
        form = {"grant_type": "client_credentials", **simulator.secrets}
        token = own.post(f"{simulator.base_url}/services/oauth2/token", data=form, timeout=10).json()["access_token"]
        yield SFBulk2Handler(token, f"{simulator.base_url}/services/data/v62.0/jobs/", session=own)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def accounts(simulator: Simulator) -> dict[str, dict[str, Any]]:
    return {row[KEY]: row for row in simulator._rows.tables["Account"].values()}


@pytest.mark.parametrize("delimiter", list(ColumnDelimiter))
@pytest.mark.parametrize("ending", list(LineEnding))
def test_records_go_in_and_come_out_in_every_csv_dialect(
    simulator: Simulator, handler: Any, delimiter: ColumnDelimiter, ending: LineEnding
) -> None:
    told = {"Name": 'a,b;c|d^e`f\tg "quoted"', "Description": "示例 䶮"}
    (result,) = handler.Account.insert(
        records=[{KEY: "K1", **told}], column_delimiter=delimiter, line_ending=ending, wait=0
    )
    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (1, 0)
    assert {name: accounts(simulator)["K1"][name] for name in told} == told
    soql = "SELECT Name, Description FROM Account"
    (page,) = handler.Account.query(soql, column_delimiter=delimiter, line_ending=ending, wait=0)
    own = csv.DictReader(
        io.StringIO(page, newline=""),
        delimiter={"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}[
            delimiter.value
        ],
    )
    assert list(own) == [told]


def test_failed_records_are_told_apart_from_successful_ones(simulator: Simulator, handler: Any) -> None:
    rows = [{KEY: f"K{n}", "Name": f"甲{n}", "Rating": "Boiling" if n == 2 else "Hot"} for n in range(5)]
    (result,) = handler.Account.insert(records=rows, wait=0)
    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (5, 1)
    good = rows_of(handler.Account.get_successful_records(result["job_id"]))
    assert [(row[KEY], row["sf__Created"]) for row in good] == [(f"K{n}", "true") for n in (0, 1, 3, 4)]
    assert [row["sf__Id"] for row in good] == [accounts(simulator)[row[KEY]]["Id"] for row in good]
    (bad,) = rows_of(handler.Account.get_failed_records(result["job_id"]))
    assert bad[KEY] == "K2"
    assert bad["sf__Error"].startswith("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:")
    assert rows_of(handler.Account.get_unprocessed_records(result["job_id"])) == []


def test_an_empty_cell_leaves_and_a_null_mark_clears(simulator: Simulator, handler: Any) -> None:
    handler.Account.insert(records=[{KEY: "K1", "Name": "甲", "Description": "d", "Industry": "i"}], wait=0)
    made = accounts(simulator)["K1"]["Id"]
    handler.Account.update(records=[{"Id": made, "Description": "", "Industry": "#N/A"}], wait=0)
    row = accounts(simulator)["K1"]
    assert (row["Description"], row["Industry"]) == ("d", None)


def test_upserts_create_or_update_by_external_id_and_parents_go_by_theirs(simulator: Simulator, handler: Any) -> None:
    handler.Account.upsert(records=[{KEY: "K1", "Name": "甲"}], external_id_field=KEY, wait=0)
    rows = [{KEY: "K1", "Name": "乙", f"Parent.{KEY}": ""}, {KEY: "K2", "Name": "丙", f"Parent.{KEY}": "K1"}]
    (result,) = handler.Account.upsert(records=rows, external_id_field=KEY, wait=0)
    good = rows_of(handler.Account.get_successful_records(result["job_id"]))
    assert {row[KEY]: row["sf__Created"] for row in good} == {"K1": "false", "K2": "true"}
    assert accounts(simulator)["K2"]["ParentId"] == accounts(simulator)["K1"]["Id"]
    handler.Account.delete(records=[{"Id": accounts(simulator)["K1"]["Id"]}], wait=0)
    assert list(accounts(simulator)) == ["K2"]


def test_results_of_a_query_come_in_pages(simulator: Simulator, handler: Any) -> None:
    handler.Account.insert(records=[{KEY: f"K{n:02}", "Name": "甲"} for n in range(25)], wait=0)
    soql = f"SELECT {KEY}, Owner.LastName FROM Account ORDER BY {KEY}"
    pages = list(handler.Account.query(soql, max_records=10, wait=0))
    assert [len(rows_of(page)) for page in pages] == [10, 10, 5]
    assert [row[KEY] for page in pages for row in rows_of(page)] == [f"K{n:02}" for n in range(25)]
    assert rows_of(pages[0])[0]["Owner.LastName"] == "Integration"


def test_a_job_that_fails_or_is_refused_says_so(simulator: Simulator, handler: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_QUERY"):
        list(handler.Account.query("SELECT FROM", wait=0))
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDENTITY"):
        handler.Nonsense.insert(records=[{"Name": "甲"}], wait=0)
    with pytest.raises(SalesforceOperationError, match="Nonsense"):
        handler.Account.insert(records=[{"Name": "甲", "Nonsense": "1"}], wait=0)
    simulator.bulk.fail_after = 1
    with pytest.raises(SalesforceOperationError, match="InternalServerError"):
        handler.Account.insert(records=[{KEY: f"K{n}", "Name": "甲"} for n in range(3)], wait=0)
    (job,) = [job for job in simulator.bulk.jobs.values() if job.successful]
    unprocessed = rows_of(handler.Account.get_unprocessed_records(job.id))
    assert [row[KEY] for row in unprocessed] == ["K1", "K2"]


def test_jobs_move_only_as_documented(simulator: Simulator, handler: Any) -> None:
    client = handler.Account._client
    job = client.create_job("insert")["id"]
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.close_job(job)  # without data
    client.upload_job_data(job, f"{KEY},Name\nK1,甲\n")
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.upload_job_data(job, f"{KEY},Name\nK2,乙\n")
    client.close_job(job)
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.get_ingest_results(job, "successfulResults")
    assert [client.get_job(job, is_query=False)["state"] for _ in range(3)] == ["InProgress", *["JobComplete"] * 2]
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.abort_job(job, is_query=False)
    other = client.create_job("insert")["id"]
    assert client.abort_job(other, is_query=False)["state"] == "Aborted"
