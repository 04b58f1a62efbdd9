"""What the laws and tests of handovers do in the simulated org by other means than the connector."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from connectors.crm.salesforce.simulator_rows import Rows

_TABLES = {
    "client": "Account",
    "contact": "Contact",
    "opportunity": "Opportunity",
    "quote": "Quote",
    "order": "Order",
    "contract": "Contract",
    "ticket": "Case",
    "lead": "Lead",
    "task": "Task",
}
_TOLD: dict[str, tuple[str, Any]] = {
    "client": ("Industry", "制造业"),
    "contact": ("Title", "采购总监"),
    "opportunity": ("Amount", 98_765.43),
    "quote": ("Status", "Approved"),
    "order": ("EndDate", "2027-01-31"),
    "contract": ("Status", "Activated"),
    "ticket": ("Priority", "High"),
    "lead": ("Status", "Working"),
    "task": ("ActivityDate", "2026-12-31"),
}
"""Kind -> a field that a successor should know about, and another value of it."""


class HandoverDesk(ABC):
    """Planting and looking at what people hold, their rights and their sessions."""

    holding_kinds: ClassVar[tuple[str, ...]] = tuple(_TABLES)
    _rows: Rows
    me: str

    @abstractmethod
    def sample(self, n: int) -> Mapping[str, Any]:
        """Fields of the n-th person."""

    # --- people and what they hold

    def seed_person(self, n: int) -> str:
        """The user of the n-th person, made unless it is there."""
        number = f"{n:04d}"
        rows = self._rows
        known = (i for i, row in rows.tables["User"].items() if row[rows.number_field] == number)
        return next(known, None) or rows.insert_user({**self.sample(n), rows.number_field: number})

    def seed_holding(self, kind: str, n: int, holder: str) -> str:
        """The n-th record of a kind; what it belongs to is the integration user's."""
        return self._rows.insert(_TABLES[kind], {**self._holding(kind, n), "OwnerId": holder})

    def _holding(self, kind: str, n: int) -> dict[str, Any]:
        day = (date(2026, 6, 1) + timedelta(days=n % 28)).isoformat()
        amount = {"CurrencyIsoCode": "CNY"}
        business: dict[str, dict[str, Any]] = {
            "client": {"Name": f"示例客户{n}", "Industry": "零售", "AccountNumber": f"C{n:06d}"},
            "contact": {"Name": f"测试联系人{n}", "Title": "采购经理"},
            "opportunity": {"Name": f"示例商机{n}", "StageName": "Proposal", "CloseDate": day, "Amount": 1000.5 + n},
            "quote": {"Name": f"示例报价{n}", "Status": "Draft", "ExpirationDate": day, "GrandTotal": 900.25 + n},
            "order": {"OrderNumber": f"{n:08d}", "Name": f"示例订单{n}", "Status": "Draft", "TotalAmount": 800 + n},
            "contract": {"ContractNumber": f"{n:08d}", "Name": f"示例合同{n}", "Status": "Draft", "StartDate": day},
            "ticket": {"CaseNumber": f"{n:08d}", "Subject": f"示例问题{n}", "Status": "New", "Priority": "Low"},
            "lead": {"Name": f"测试线索{n}", "Company": "示例公司", "Status": "Open"},
            "task": {"Subject": f"示例任务{n}", "Status": "Not Started", "ActivityDate": day},
        }
        row = business[kind]
        if kind in ("opportunity", "quote", "order"):
            row |= amount
        if kind == "quote":
            row["OpportunityId"] = self._house("Opportunity", {"Name": "示例公司商机", "StageName": "Proposal"})
        elif kind == "task":
            row["WhatId"] = row["AccountId"] = self._house("Account", {"Name": "示例公司"})
        elif kind not in ("client", "lead"):
            row["AccountId"] = self._house("Account", {"Name": "示例公司"})
        return row

    def _house(self, table: str, fields: Mapping[str, Any]) -> str:
        """A record of the integration user's that others may belong to."""
        rows = self._rows.tables[table]
        known = (i for i, row in rows.items() if row["Name"] == fields["Name"] and row["OwnerId"] == self.me)
        return next(known, None) or self._rows.insert(table, {**fields, "OwnerId": self.me})

    def holder_of(self, kind: str, external_id: str) -> str | None:
        row = self._rows.tables[_TABLES[kind]].get(external_id)
        return None if row is None else str(row["OwnerId"])

    def give_away(self, kind: str, external_id: str, holder: str) -> None:
        """Somebody gives it to another person in the browser, which keeps its team."""
        row = self._rows.tables[_TABLES[kind]][external_id]
        before = dict(row)
        row["OwnerId"] = holder
        self._rows.business.remember_owner(_TABLES[kind], external_id, before["OwnerId"], holder)

    def change_holding(self, kind: str, external_id: str) -> None:
        name, value = _TOLD[kind]
        row = self._rows.tables[_TABLES[kind]][external_id]
        row[name] = value
        self._rows.business.derive(_TABLES[kind], row)

    def row(self, table: str, external_id: str) -> dict[str, Any]:
        """One record as it stands."""
        return self._rows.tables[table][external_id]

    def plant(self, table: str, **fields: Any) -> str:
        """A row of any object, past every rule; its id."""
        return self._rows.insert(table, fields)

    def hide(self, *tables: str) -> None:
        """From now on the org has no such objects."""
        self._rows.without.update(tables)

    def at(self, moment: datetime) -> None:
        """The next write happens a second after this moment."""
        self._rows.moment = moment.astimezone(UTC)

    # --- teams

    def seed_member(self, record: str, user: str, **fields: Any) -> str:
        """Put a user on the team of an account or opportunity."""
        account = record in self._rows.tables["Account"]
        table, key = ("AccountTeamMember", "AccountId") if account else ("OpportunityTeamMember", "OpportunityId")
        return self._rows.insert(table, {key: record, "UserId": user, **fields})

    def team(self, record: str) -> set[tuple[str, str | None, str | None]]:
        """User, role and access of everybody on the team of an account or opportunity."""
        account = record in self._rows.tables["Account"]
        table, key = ("AccountTeamMember", "AccountId") if account else ("OpportunityTeamMember", "OpportunityId")
        level = "AccountAccessLevel" if account else "OpportunityAccessLevel"
        rows = self._rows.tables[table].values()
        return {(row["UserId"], row["TeamMemberRole"], row[level]) for row in rows if row[key] == record}

    # --- what gets in the way, and what was done

    def seed_blocker(self, n: int, person: str) -> None:
        """Another active user reports to this person."""
        self._rows.tables["User"][self.seed_person(900 + n)]["ManagerId"] = person

    def seed_activity(self, n: int, person: str) -> None:
        """This person places an order for a client of their own."""
        client = self.seed_holding("client", 900 + n, person)
        fields = {"OrderNumber": f"{900 + n:08d}", "Name": f"示例订单{n}", "Status": "Draft", "TotalAmount": 800 + n}
        order = self._rows.insert("Order", {**fields, "AccountId": client, "OwnerId": person})
        self.row("Order", order)["CreatedById"] = person

    # --- rights and sessions

    def seed_grant(self, n: int, person: str) -> str:
        """The n-th right: permission sets, permission set groups, public groups and queues in turn."""
        kind = n % 4
        if kind == 0:
            right = self._right("PermissionSet", f"Set_{n}", {"Label": f"权限集{n}"})
            self.plant("PermissionSetAssignment", AssigneeId=person, PermissionSetId=right)
            return f"permission_set:{right}"
        if kind == 1:
            right = self._right("PermissionSetGroup", f"Bundle_{n}", {"MasterLabel": f"权限集组{n}"})
            inner = self._right("PermissionSet", f"Aggregate_{n}", {"Label": f"权限集组{n}"})
            row = {"AssigneeId": person, "PermissionSetId": inner, "PermissionSetGroupId": right}
            self.plant("PermissionSetAssignment", **row)
            return f"permission_set_group:{right}"
        told = {"Name": f"示例组{n}", "Type": "Regular" if kind == 2 else "Queue"}
        right = self._right("Group", f"Group_{n}", told)
        self.plant("GroupMember", GroupId=right, UserOrGroupId=person)
        return f"group:{right}"

    def _right(self, table: str, name: str, fields: Mapping[str, Any]) -> str:
        column = "Name" if table == "PermissionSet" else "DeveloperName"
        known = (i for i, row in self._rows.tables[table].items() if row[column] == name)
        return next(known, None) or self._rows.insert(table, {column: name, **fields})

    def granted(self, person: str) -> set[str]:
        """What the org says this person may do, as ids of grants (the profile is not among them)."""
        tables = self._rows.tables
        found: set[str] = set()
        for row in tables["PermissionSetAssignment"].values():
            if row["AssigneeId"] == person and row["PermissionSetGroupId"]:
                found.add(f"permission_set_group:{row['PermissionSetGroupId']}")
            elif (
                row["AssigneeId"] == person and not tables["PermissionSet"][row["PermissionSetId"]]["IsOwnedByProfile"]
            ):
                found.add(f"permission_set:{row['PermissionSetId']}")
        rows = tables["PermissionSetLicenseAssign"].values()
        found |= {f"licence:{row['PermissionSetLicenseId']}" for row in rows if row["AssigneeId"] == person}
        members = tables["GroupMember"].values()
        return found | {f"group:{row['GroupId']}" for row in members if row["UserOrGroupId"] == person}

    def log_in(self, person: str) -> None:
        """A browser session, and an app on the phone with a refresh token."""
        self.plant("AuthSession", UsersId=person, SessionType="UI", NumSecondsValid=7200)
        token = self.plant("OauthToken", UserId=person, AppName="Salesforce Mobile")
        # The object's Id is documented to be null always.
        self.row("OauthToken", token).update(DeleteToken=f"delete-{token}", Id=None)

    def logged_in(self, person: str) -> bool:
        tables = self._rows.tables
        sessions = any(row["UsersId"] == person for row in tables["AuthSession"].values())
        return sessions or any(row["UserId"] == person for row in tables["OauthToken"].values())

    def revoke_token(self, token: str) -> bool:
        """What the revocation endpoint does with a delete token."""
        tokens = self._rows.tables["OauthToken"]
        found = next((i for i, row in tokens.items() if token and row["DeleteToken"] == token), None)
        if found is None:
            return False
        self._rows.revoked(found, tokens.pop(found))
        return True

    # --- event logs

    def seed_export(self, n: int, person: str) -> None:
        """This person exports a report; the log says when and by whom, and not how many rows it had."""
        at = datetime(2026, 1, 5, 10, n, tzinfo=UTC)
        self.log_exports(at.date(), [(at, person, f"/00O{n:012d}")])

    def log_exports(self, day: date, events: Iterable[tuple[datetime, str, str]]) -> str:
        """The file of one day's exported reports: moment, user and address of each."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        writer.writerow(["EVENT_TYPE", "TIMESTAMP", "REQUEST_ID", "USER_ID", "URI", "TIMESTAMP_DERIVED"])
        for n, (moment, user, address) in enumerate(events):
            at = moment.astimezone(UTC)
            derived = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
            short = at.strftime("%Y%m%d%H%M%S.") + f"{at.microsecond // 1000:03d}"
            writer.writerow(["ReportExport", short, f"REQ{day:%m%d}{n}", user[:15], address, derived])
        told = {"EventType": "ReportExport", "LogDate": f"{day.isoformat()}T00:00:00.000+0000"}
        return self.plant("EventLogFile", **told, LogFile=text.getvalue(), LogFileLength=len(text.getvalue()))
