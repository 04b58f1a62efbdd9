"""Short words for what people do with a pay run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from baton.engine.report import Report
from baton.hub import Hub
from baton.hub.payment.building import Built, build
from baton.hub.payment.checking import Checked, check
from baton.hub.payment.delivering import deliver
from baton.hub.payment.drafting import Drafted, Drafting, draft_file
from baton.hub.payment.signing import Signed, release, sign
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState, PayLine
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from tests.rig.payroll import BANK, MAKER, PAYROLL, TREASURY, BankMemory, Payroll, payroll_file, person, record

PERIOD, PAY_DAY = "2026-11", date(2026, 11, 30)
GONE: dict[str, Any] = {
    "status": EmploymentStatus.DEPARTED,
    "last_working_day": date(2026, 3, 31),
    "contract_end_day": date(2026, 3, 31),
}
"""What HR tells of somebody who is to be settled with."""


@dataclass
class Office:
    """The hub and who works with it."""

    company: Payroll
    hub: Hub

    @property
    def bank(self) -> BankMemory:
        return self.company.bank

    def hire(self, *numbers: str, **given: Any) -> None:
        record(self.hub, *(person(number, **given) for number in numbers))

    def draft(self, amounts: Mapping[str, str], **given: Any) -> Drafted:
        wanted: dict[str, Any] = {
            "system": BANK,
            "component": Component.SALARY,
            "period": PERIOD,
            "execution_day": PAY_DAY,
            "requested_by": MAKER,
        }
        return draft_file(self.hub, Drafting(**{**wanted, **given}), payroll_file(self.company.folder, amounts))

    def check(self, run_id: str) -> Checked:
        return check(self.hub, run_id)

    def build(self, run_id: str) -> Built:
        return build(self.hub, run_id)

    def sign(self, run_id: str) -> Signed:
        sign(self.hub, run_id, PAYROLL, Role.PAYROLL)
        return sign(self.hub, run_id, TREASURY, Role.TREASURY)

    def prepared(self, amounts: Mapping[str, str]) -> str:
        """A run drafted, checked and built; its id."""
        run_id = self.draft(amounts).run.run_id
        self.check(run_id)
        self.build(run_id)
        return run_id

    def signed(self, amounts: Mapping[str, str]) -> str:
        run_id = self.prepared(amounts)
        self.sign(run_id)
        return run_id

    def release(self, run_id: str) -> Signed:
        return release(self.hub, run_id, TREASURY, "pay day")

    def deliver(self) -> Report:
        return deliver(self.hub, BANK)

    def delivered(self, amounts: Mapping[str, str]) -> str:
        """A run that is at the bank, of people who are hired for it."""
        self.hire(*amounts)
        run_id = self.signed(amounts)
        self.release(run_id)
        self.deliver()
        return run_id

    def lines(self, run_id: str, *states: LineState) -> list[PayLine]:
        with self.hub.database.read() as connection:
            return list(self.hub.pay_runs.lines(connection, run_id, *states))

    def lines_run(self) -> str:
        """The newest run."""
        with self.hub.database.read() as connection:
            return self.hub.pay_runs.latest(connection, 1)[0].run_id

    def states(self, run_id: str) -> dict[str, LineState]:
        return {line.payable.key.number: line.state for line in self.lines(run_id)}
