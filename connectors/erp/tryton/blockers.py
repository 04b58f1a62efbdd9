"""What in Tryton would keep an employee from being let go, found beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from baton.sdk import AccountRef, Blocker, HoldingKind, HoldingRef
from connectors.erp.tryton.deals import OPEN
from connectors.erp.tryton.directory import Directory
from connectors.erp.tryton.logins import Logins
from connectors.erp.tryton.reader import OPPORTUNITY, USER, Reader
from connectors.erp.tryton.sales import KINDS

_EMPLOYEE: Final = "company.employee"


class Blockers:
    """The questions that are asked about one employee."""

    def __init__(self, reader: Reader, directory: Directory, logins: Logins) -> None:
        self._reader = reader
        self._directory = directory
        self._logins = logins

    def of(self, person: AccountRef) -> Sequence[Blocker]:
        """Everything found; nothing for somebody who is no employee here."""
        employee = self._directory.employee_ids([person]).get(person.number)
        if employee is None:
            return []
        return [
            *self._subordinates(employee),
            *self._logins_of(person),
            *self._other_employments(employee),
            *self._locked(employee),
        ]

    def _subordinates(self, employee: int) -> Iterator[Blocker]:
        domain = [*self._here(), ["supervisor", "=", employee], ["end_date", "=", None]]
        for page in self._reader.pages(_EMPLOYEE, domain, ["party.code"], _coded):
            for number, code in page:
                yield Blocker(
                    "supervisor",
                    f"supervises the employee {code}",
                    "give this employee another Supervisor, in HR if that field is mapped, else in Company > Employees",
                    HoldingRef(HoldingKind.ACCOUNT, str(number)),
                )

    def _logins_of(self, person: AccountRef) -> Iterator[Blocker]:
        logins = self._logins.of([person]).get(person.number, [])
        if any(login.shared for login in logins):
            yield Blocker(
                "shared_login",
                "has a login that acts as other employees too",
                "in Administration > Users take this employee out of the login's Employees",
            )
        mine = {login.id for login in logins}
        if any(login.active and login.administrator for login in logins):
            domain = [["administrator", "=", True], ["active", "=", True], ["id", "not in", sorted(mine)]]
            if not self._reader.rows(USER, domain, ["id"], lambda row: int(row["id"]), limit=1):
                yield Blocker(
                    "last_administrator",
                    "is the only active administrator",
                    "in Administration > Users tick Administrator for somebody who stays",
                )

    def _other_employments(self, employee: int) -> Iterator[Blocker]:
        """What a second employment of the same person owns is not found under the first one's id."""
        if not self._reader.has(OPPORTUNITY):
            return
        parties = self._reader.rows(_EMPLOYEE, [["id", "=", employee]], ["party"], lambda row: int(row["party"]))
        others = [*self._here(), ["party", "in", parties], ["id", "!=", employee]]
        for other in self._reader.rows(_EMPLOYEE, others, ["id"], lambda row: int(row["id"])):
            domain = [*self._here(), ["employee", "=", other], ["state", "in", list(OPEN)]]
            if self._reader.rows(OPPORTUNITY, domain, ["id"], lambda row: int(row["id"]), limit=1):
                yield Blocker(
                    "second_employment",
                    f"has open opportunities under another employment (id {other})",
                    "in Sales > Opportunities set Employee to the employment that counts, and leave the person one",
                    HoldingRef(HoldingKind.ACCOUNT, str(other)),
                )

    def _locked(self, employee: int) -> Iterator[Blocker]:
        """Converted opportunities whose sales go on: Tryton lets nobody change their employee."""
        if not self._reader.has(OPPORTUNITY):
            return
        domain = [*self._here(), ["employee", "=", employee], ["state", "=", "converted"]]
        domain += [["sales.state", "in", list(KINDS)]]
        for page in self._reader.pages(OPPORTUNITY, domain, ["number"], _numbered):
            for ref, number in page:
                yield Blocker(
                    "locked_opportunity",
                    f"has the opportunity {number}, which became a sale that is not finished",
                    "finish or cancel the sale; if it is cancelled, put the opportunity back to Lead and pass it on",
                    ref,
                )

    def _here(self) -> list[Any]:
        return [["company", "=", self._reader.company_id]]


def _coded(row: Mapping[str, Any]) -> tuple[int, str]:
    return int(row["id"]), str(row["party."]["code"])


def _numbered(row: Mapping[str, Any]) -> tuple[HoldingRef, str]:
    return HoldingRef(HoldingKind.OPPORTUNITY, str(row["id"])), str(row["number"])
