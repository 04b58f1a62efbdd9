"""What the tests of Tryton's records share: a bench whose records have keys of their own."""

from __future__ import annotations

import itertools
from datetime import date

import polars as pl
import pytest

from baton.sdk import frame_schema
from tests.connectors.erp.tryton_desk import Bench

_prefixes = (f"R{n}-" for n in itertools.count(1))
START, END = date(2026, 1, 5), date(2026, 11, 30)
PERSON = {
    "name": "测试甲",
    "active": True,
    "lang": "en",
    "phone": "010-00000001",
    "mobile": "13800000001",
    "email": "a@example.test",
    "street": "示例路1号",
    "postal_code": "200000",
    "city": "上海",
}


class Desk(Bench):
    """A bench whose records have keys of their own."""

    def __init__(self, server, admin):
        super().__init__(server, admin, next(_prefixes))
        self.parties_ = self.connector.collection("party.party")
        self.employees_ = self.connector.collection("company.employee")

    def key(self, number):
        return f"{self.prefix}{number}"

    def frame(self, collection, *rows):
        (key,) = collection.key
        whole = [{**row, key: self.key(row[key])} for row in rows]
        if "supervisor" in whole[0]:
            whole = [{**row, "supervisor": row["supervisor"] and self.key(row["supervisor"])} for row in whole]
        return pl.DataFrame(whole, schema=frame_schema(collection.fields, whole[0]))

    def insert(self, *rows):
        return self.connector.insert(self.parties_, self.frame(self.parties_, *rows))

    def hire(self, *rows):
        return self.connector.insert(self.employees_, self.frame(self.employees_, *rows))

    def fetch(self, collection, numbers, fields):
        (key,) = collection.key
        keys = pl.DataFrame({key: [self.key(number) for number in numbers]})
        found = self.connector.fetch(collection, keys, fields)
        assert found.schema == pl.Schema(frame_schema(collection.fields, [key, *fields]))
        return {row.pop(key).removeprefix(self.prefix): row for row in found.to_dicts()}

    def update(self, collection, rows, before):
        return self.connector.amend(collection, self.frame(collection, *rows), self.frame(collection, *before))

    def delete(self, collection, *before):
        return self.connector.delete(collection, self.frame(collection, *before))


@pytest.fixture
def desk(tryton, tryton_admin):
    return Desk(tryton, tryton_admin)


def told(receipts):
    return [receipt.code or receipt.outcome.value for receipt in receipts]
