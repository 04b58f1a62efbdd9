"""What the tests of Salesforce records share: an org whose accounts are migrated by their legacy number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from baton.sdk import Receipt, frame_schema
from tests.connectors.crm.salesforce_org import SalesforceOrg

KEYS = {"Account": "Legacy_Id__c", "User": "Baton_Number__c"}
KEY = "Legacy_Id__c"


class RecordOrg(SalesforceOrg):
    """``Account`` records, with frames made from plain rows."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"record_keys": KEYS, **settings})
        self.accounts = self.connector.collection("Account")

    def frame(self, rows: list[dict[str, Any]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=frame_schema(self.accounts.fields, rows[0]))

    def insert(self, *rows: dict[str, Any]) -> list[Receipt]:
        return list(self.connector.insert(self.accounts, self.frame(list(rows))))

    def update(self, rows: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[Receipt]:
        return list(self.connector.amend(self.accounts, self.frame(rows), self.frame(before)))

    def delete(self, *before: dict[str, Any]) -> list[Receipt]:
        return list(self.connector.delete(self.accounts, self.frame(list(before))))

    def fetch(self, keys: list[str], *fields: str) -> dict[str, dict[str, Any]]:
        found = self.connector.fetch(self.accounts, pl.DataFrame({KEY: keys}), fields)
        assert found.schema == pl.Schema(frame_schema(self.accounts.fields, [KEY, *fields]))
        return {row.pop(KEY): row for row in found.to_dicts()}

    @property
    def held(self) -> Mapping[str, dict[str, Any]]:
        """What the org has, by legacy number."""
        return {row[KEY]: row for row in self.simulator._rows.tables["Account"].values()}

    def called(self, method: str, part: str) -> int:
        return sum(1 for verb, path in self.simulator.requests if verb == method and part in path)


def company(n: int, **more: Any) -> dict[str, Any]:
    return {KEY: f"K{n:05}", "Name": f"示例客户{n}", **more}


def told(receipts: list[Receipt]) -> list[str]:
    return [receipt.code or receipt.outcome.value for receipt in receipts]


@pytest.fixture
def records() -> RecordOrg:
    return RecordOrg()
