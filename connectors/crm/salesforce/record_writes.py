"""Record writes to Salesforce: up to 200 in one sObject Collections call, more in Bulk API jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from baton.sdk import ConnectorError, InDoubtError, Receipt, Scalar
from connectors.crm.salesforce.bulk import BulkJobs, Outcomes, portions
from connectors.crm.salesforce.org import BATCH_LIMIT, Org, Row
from connectors.crm.salesforce.record_values import csv_text, json_record
from connectors.crm.salesforce.wire import refusal

_GONE = "ENTITY_IS_DELETED"


class RecordWrites:
    """One receipt per record, in order. A collections call is answered at once; a job is waited for."""

    def __init__(self, org: Org, jobs: BulkJobs) -> None:
        self._org = org
        self._jobs = jobs

    def insert(self, table: str, key: str, rows: Sequence[Mapping[str, Scalar]]) -> list[Receipt]:
        """Create records; ``key`` tells them apart."""
        if len(rows) <= BATCH_LIMIT:
            return _receipts(self._org.create(table, [json_record(row) for row in rows])) if rows else []
        return self._bulk(table, "insert", [key, *(name for name in rows[0] if name != key)], rows)

    def update(self, table: str, rows: Mapping[str, Mapping[str, Scalar]]) -> list[Receipt]:
        """Set the fields of records, by id."""
        if len(rows) <= BATCH_LIMIT:
            records = {record: json_record(row) for record, row in rows.items()}
            return _receipts(self._org.update(table, records)) if rows else []
        whole = [{"Id": record, **row} for record, row in rows.items()]
        return self._bulk(table, "update", list(whole[0]), whole)

    def delete(self, table: str, ids: Sequence[str]) -> list[Receipt]:
        """Delete records; one that is gone already is done."""
        if len(ids) <= BATCH_LIMIT:
            receipts = _receipts(self._org.delete(ids)) if ids else []
        else:
            receipts = self._bulk(table, "delete", ["Id"], [{"Id": record} for record in ids])
        return [Receipt.done() if receipt.code == _GONE else receipt for receipt in receipts]

    def _bulk(
        self, table: str, operation: str, header: Sequence[str], rows: Sequence[Mapping[str, Scalar]]
    ) -> list[Receipt]:
        """One job after the other. After the first, a failing call is the receipt of the rows it was about."""
        cells = [[csv_text(row[name]) for name in header] for row in rows]
        receipts: list[Receipt] = []
        for places in portions(cells):
            some = [cells[place] for place in places]
            try:
                outcomes = self._jobs.ingest(table, operation, header, some)
            except ConnectorError as error:
                if not receipts:
                    raise
                receipts += [_failed(error)] * len(some)
            else:
                receipts += [_outcome(outcomes, row[0]) for row in some]
        return receipts


def _receipts(results: Sequence[Row]) -> list[Receipt]:
    return [Receipt.done(str(row["id"])) if row["success"] else refusal(row["errors"][0]) for row in results]


def _failed(error: ConnectorError) -> Receipt:
    say: Callable[[str, str], Receipt] = Receipt.in_doubt if isinstance(error, InDoubtError) else Receipt.not_performed
    return say(error.code, error.message)


def _outcome(outcomes: Outcomes, key: str) -> Receipt:
    """What the job's result files say of one row; said of it in two of them, or in none, it is in doubt."""
    told = [key in outcomes.done, key in outcomes.failed, key in outcomes.unprocessed]
    if sum(told) != 1:
        return Receipt.in_doubt(
            "no_result", "the job's results do not tell what became of the record", job=outcomes.job
        )
    if told[0]:
        return Receipt.done(outcomes.done[key], job=outcomes.job)
    if told[1]:
        return refusal(_error(outcomes.failed[key]))
    return Receipt.not_performed("unprocessed", f"the job {outcomes.job} ended before this record")


def _error(text: str) -> dict[str, Any]:
    """``CODE:message:FIELD FIELD --`` as the error of a collections result."""
    code, _, rest = text.partition(":")
    fields = rest.rpartition(":")[2].removesuffix("--").split()
    return {"statusCode": code, "fields": [name for name in fields if name.replace("_", "").isalnum()]}
