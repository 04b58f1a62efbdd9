"""What the tests of Salesforce handovers share: a leaver with records of every kind, and transfers of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import pytest

from baton.model.account import AccountRef
from baton.model.handover import GrantChange, Holding, HoldingKind, HoldingRef, SessionEnd, Transfer
from tests.connectors.crm.salesforce_org import SalesforceOrg


class Handover:
    """An org with a leaver, a successor, and a third person."""

    def __init__(self, **settings: Any) -> None:
        self.org = SalesforceOrg(**settings)
        self.simulator = self.org.simulator
        self.connector = self.org.connector
        self.leaver, self.successor, self.third = (self.simulator.seed_person(n) for n in (1, 2, 3))

    def ref(self, user: str, otherwise: str = "0001") -> AccountRef:
        """A person as the hub knows them: the three by the numbers with which they were made, others by theirs."""
        made = {self.leaver: "0001", self.successor: "0002", self.third: "0003"}
        number = next((n for known, n in made.items() if known.startswith(user)), None)
        carried = self.simulator._rows.tables["User"].get(user, {}).get("EmployeeNumber")
        return AccountRef(number or carried or otherwise, user)

    def held(self, number: int = 1) -> list[Holding]:
        person = AccountRef(f"{number:04d}")
        return [holding for page in self.connector.owned(person) for holding in page]

    def plant(self, kind: str, *ns: int) -> list[str]:
        return [self.simulator.seed_holding(kind, n, self.leaver) for n in ns]

    def transfer(self, kind: str, external_id: str, to: str = "", holder: str = "") -> Transfer:
        ref = HoldingRef(HoldingKind(kind), external_id)
        person, successor = self.ref(holder or self.leaver), self.ref(to or self.successor, "0002")
        return Transfer(_key(kind, external_id), ref, person, successor)

    def transfers(self, kind: str, ids: Iterable[str]) -> list[Transfer]:
        return [self.transfer(kind, each) for each in ids]

    def change(self, grant: str, person: str = "") -> GrantChange:
        return GrantChange(_key("grant", grant), self.ref(person or self.leaver), grant)

    def end(self, person: str = "") -> SessionEnd:
        return SessionEnd(_key("end", person), self.ref(person or self.leaver))

    def calls(self) -> list[tuple[str, str]]:
        """Method and resource of every call since the last time; tokens are left out."""
        found = [(method, path.rpartition("/v62.0/")[2]) for method, path in self.simulator.requests]
        self.simulator.requests.clear()
        return [each for each in found if "oauth2/token" not in each[1]]


def _key(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


@pytest.fixture
def handover() -> Handover:
    return Handover()
