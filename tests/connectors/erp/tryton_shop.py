"""What the tests of Tryton's handovers share: a bench whose people have clients, opportunities and sales."""

from __future__ import annotations

import hashlib
import itertools
from contextlib import closing

import httpx
import pytest

from baton.sandbox import tryton_sales
from baton.sdk import AccountRef, GrantChange, HoldingKind, HoldingRef, SessionEnd, Transfer
from tests.connectors.erp.tryton_counterpart import Line, TrytonCounterpart
from tests.connectors.erp.tryton_desk import Bench

_prefixes = (f"H{n}-" for n in itertools.count(1))
_keys = (hashlib.sha256(f"{n}".encode()).hexdigest() for n in itertools.count(1))


class Shop(Bench):
    """A bench with a counterpart that plants and looks, as an administrator."""

    def __init__(self, server, admin, line, **settings):
        super().__init__(server, admin, next(_prefixes), **settings)
        self.there = TrytonCounterpart(line, admin, self.prefix)
        self.wire.inner = httpx.MockTransport(line.carry)

    def person(self, n):
        return AccountRef(f"{n:04d}", self.there.seed_person(n))

    def deal(self, n, holder):
        return HoldingRef(HoldingKind.OPPORTUNITY, self.there.seed_holding("opportunity", n, holder.external_id))

    def deals(self, count, holder):
        """Many opportunities of one client, planted in one call."""
        (client,) = tryton_sales.plant_clients(self.admin, [f"{self.prefix}C"])
        values = {"party": client, "employee": int(holder.external_id), "company": 1, "currency": 1}
        ids = self.admin.call("sale.opportunity.create", [values] * count, company=1)
        return [HoldingRef(HoldingKind.OPPORTUNITY, str(each)) for each in ids]

    def give(self, ref, holder, successor):
        return Transfer(next(_keys), ref, holder, successor)

    def grant(self, grant_id, person):
        return GrantChange(next(_keys), person, grant_id)

    def end(self, person):
        return SessionEnd(next(_keys), person)

    def owned(self, person):
        return [holding for page in self.connector.owned(person) for holding in page]

    def work(self, person):
        return [holding for page in self.connector.work(person) for holding in page]

    def work_of(self, *people):
        return [each for page in self.connector.work_of(people) for each in page]

    def holder(self, ref):
        return self.there.holder_of(ref.kind.value, ref.external_id)


@pytest.fixture(scope="session")
def line(tryton):
    with closing(Line(tryton)) as opened:
        yield opened


@pytest.fixture
def shop(tryton, tryton_admin, line):
    return Shop(tryton, tryton_admin, line)
