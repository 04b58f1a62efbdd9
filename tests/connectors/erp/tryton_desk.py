"""What the tests of the Tryton connector share: a bench with a real server, and a wire that can be cut."""

from __future__ import annotations

import hashlib
import itertools
from datetime import date

import httpx
import orjson
import pytest

from baton.egress import EgressRule
from baton.sdk import (
    AccountRef,
    AccountWrite,
    Action,
    Client,
)
from connectors.erp.tryton.connector import TrytonConnector, TrytonSettings

_prefixes = (f"T{n}-" for n in itertools.count(1))
START, END = date(2026, 1, 5), date(2099, 11, 30)


def write(action, number, version=1, **fields):
    key = hashlib.sha256(f"{action}{number}{version}{sorted(fields)}".encode()).hexdigest()
    return AccountWrite(key, AccountRef(number), action, version, fields, batch_id="b1")


def provision(number, name="测试甲", **fields):
    return write(Action.PROVISION, number, name=name, **{"start_date": START, **fields})


def outcomes(receipts):
    return [receipt.outcome for receipt in receipts]


class Wire(httpx.BaseTransport):
    """The real network, counted, with faults: a lost reply, or a request that arrives after it was given up."""

    def __init__(self):
        self.inner = httpx.HTTPTransport(verify=False)  # no TLS, and so no list of CAs to read
        self.methods = []
        self.headers = []
        self.lose = self.delay = None
        self.late = []
        self.before = {}

    def handle_request(self, request):
        request.read()
        method = orjson.loads(request.content)["method"]
        self.methods.append(method)
        self.headers.append(request.headers.get("Authorization"))
        if method == self.delay:
            self.delay = None
            self.late.append(request)
            raise httpx.ReadTimeout("given up")
        if method in self.before:
            self.before.pop(method)()
        response = self.inner.handle_request(request)
        if method == self.lose:
            self.lose = None
            response.read()
            raise httpx.ReadTimeout("reply lost")
        return response

    def arrive(self):
        """Deliver the requests held back; gives their answers."""
        answers = [orjson.loads(self.inner.handle_request(request).read()) for request in self.late]
        self.late = []
        return answers

    def count(self, method):
        return self.methods.count(method)


class Bench:
    """A connector with code prefix of its own, its wire, and a view of the server that is not the connector's."""

    def __init__(self, server, admin, prefix, **settings):
        self.server, self.admin, self.prefix = server, admin, prefix
        self.wire = Wire()
        self.connector = self.another(self.wire, **settings)

    def another(self, transport=None, **settings):
        values = {
            "base_url": self.server.base_url,
            "database": self.server.database,
            "username": self.server.username,
            "password": self.server.password,
            "company_id": self.server.company_id,
            "code_prefix": self.prefix,
        } | settings
        egress = EgressRule.for_urls([self.server.base_url], allow_private=True)
        return TrytonConnector(TrytonSettings(**values), Client(egress, transport=transport))

    def parties(self):
        rows = self.admin.rows("party.party", [["code", "like", f"{self.prefix}%"]], ["code", "name", "active"])
        return {row["code"].removeprefix(self.prefix): row for row in rows}

    def employments(self):
        fields = ["party.code", "start_date", "end_date", "supervisor", "company"]
        rows = self.admin.rows("company.employee", [["party.code", "like", f"{self.prefix}%"]], fields)
        found = {}
        for row in rows:
            found.setdefault(row["party."]["code"].removeprefix(self.prefix), []).append(row)
        return found

    def contacts(self, number):
        rows = self.admin.rows(
            "party.contact_mechanism", [["party.code", "=", self.prefix + number]], ["type", "value", "active"]
        )
        return [(row["type"], row["value"]) for row in rows if row["active"]]

    def find(self, number):
        return self.connector.find([AccountRef(number)])[0]

    def provision(self, *writes):
        return self.connector.provision(writes)


@pytest.fixture
def bench(tryton, tryton_admin):
    return Bench(tryton, tryton_admin, next(_prefixes))


def foreign_day(value):
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
