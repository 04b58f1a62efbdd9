"""A pay office behind its pages, and who asks them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from baton.contracts.payments import AnswerKind
from baton.hub.payment.reconciling import reconcile_bank
from tests.hub.payment.conftest import POLICY
from tests.hub.payment.office import GONE, PAY_DAY, PERIOD, Office
from tests.hub.payment.test_answers import TWO, booked, say
from tests.jobs.payment.settlement.leaver import SHIPPED
from tests.rig.bank_papers import statement
from tests.rig.clock import VirtualClock
from tests.rig.handover_pages import plain_client, served
from tests.rig.payment_pages import PERSON, application
from tests.rig.payroll import ACCOUNT, BANK, Payroll
from tests.rig.schema import lay_out
from tests.rig.targets import KeyTarget

OURS = {"X-Baton-Console": "1"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
QUERY = {"bank": BANK, "period": PERIOD, "on": PAY_DAY.isoformat()}


@dataclass
class Counter:
    """An office with its pages on a real server."""

    office: Office
    address: str
    client: httpx.Client

    def get(self, path: str, person: str, **more: str) -> httpx.Response:
        return self.client.get(path, headers={PERSON: person, **more})

    def act(self, run_id: str, person: str, act: str, **more: Any) -> httpx.Response:
        """An act by the API, with a reason where one is needed."""
        body = {"act": act, **({} if act == "sign" else {"why": "looked at it"}), **more}
        return self.client.post(f"/api/payments/{run_id}/decisions", json=body, headers={PERSON: person, **OURS})

    def form(self, run_id: str, person: str, act: str, headers: Any = SAME_ORIGIN, **more: str) -> httpx.Response:
        """The same from the page."""
        body = {"act": act, **({} if act == "sign" else {"why": "looked at it"}), **more}
        return self.client.post(f"/payments/{run_id}", data=body, headers={PERSON: person, **headers})

    def hand_in(self, person: str, *rows: Mapping[str, Any] | bytes, **query: str) -> httpx.Response:
        lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
        headers = {PERSON: person, **OURS}
        return self.client.post("/api/payments", params={**QUERY, **query}, content=b"\n".join(lines), headers=headers)

    def document(self, run_id: str, person: str) -> Any:
        return self.get(f"/api/payments/{run_id}", person).json()

    def standing(self, run_id: str) -> tuple[Any, ...]:
        """Everything about a run that a decision could change."""
        hub = self.office.hub
        with hub.database.read() as connection:
            head = hub.runs.get(connection, run_id)
            return (
                head,
                hub.pay_runs.tally(connection, run_id),
                hub.pay_decisions.waivers(connection, run_id),
                hub.pay_decisions.signatures(connection, run_id),
                hub.runs.decisions(connection, run_id),
                hub.pay_runs.files(connection, run_id),
            )


@contextmanager
def counter(folder: Path, erp: Any = None, settlement: Path | None = None) -> Iterator[Counter]:
    """An office and its pages."""
    policy = folder / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    url = f"sqlite:///{folder}/hub.sqlite3"
    lay_out(url)
    company = Payroll(folder, url, VirtualClock(), {"crm": KeyTarget}, policy=policy, settlement=settlement)
    company.erp = erp
    hub = company.open()
    try:
        with served(application(hub)) as address, plain_client(address) as client:
            yield Counter(Office(company, hub), address, client)
    finally:
        hub.close()


@contextmanager
def settling_counter(folder: Path) -> Iterator[Counter]:
    """The same with a rule pack of its own, and 0001 whose last day HR knows."""
    pack = folder / "pack.yaml"
    pack.write_bytes(SHIPPED.read_bytes())
    with counter(folder, settlement=pack) as found:
        found.office.hire("0001", **GONE)
        yield found


@contextmanager
def counter_with_a_stranger(folder: Path) -> Iterator[tuple[Counter, str]]:
    """Two people paid, and on the statement a debit that nobody has asked for; with the run's id."""
    with counter(folder) as found:
        office = found.office
        office.hire(*TWO)
        run_id = office.signed(TWO)
        office.release(run_id)
        office.deliver()
        papers = [*booked(office, *TWO), ("STRANGER", "77.00", "DBIT")]
        say(office, AnswerKind.STATEMENT, statement(ACCOUNT, papers))
        reconcile_bank(office.hub, BANK)
        yield found, run_id
