"""Puts things into a Tryton server as an administrator would, and reads them back: plain JSON-RPC over httpx.

Written apart from any connector, so that tests and demo look at Tryton with other eyes than the hub.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import Any, Self

import httpx

COMPANY = "示例科技有限公司"
HUB_USER = "baton-hub"
HUB_GROUPS = ("Company Administration", "Employee Administration")


class TrytonRefusedError(Exception):
    """Tryton answered a seeding call with an error."""


def day(value: date) -> dict[str, Any]:
    """A date in Tryton's JSON."""
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def decimal(value: str) -> dict[str, Any]:
    """A decimal in Tryton's JSON."""
    return {"__class__": "Decimal", "decimal": value}


class TrytonAdmin:
    """A session of one Tryton user; a context manager."""

    def __init__(self, base_url: str, database: str, username: str, password: str) -> None:
        self._http = httpx.Client(base_url=base_url, trust_env=False, timeout=60.0)
        self._path = f"/{database}/rpc/"
        self._context: dict[str, Any] = {"language": "en", "active_test": False}
        try:
            user, token, *_ = self._post("common.db.login", [username, {"password": password}, "en"], {})
        except BaseException:
            self.close()
            raise
        session = base64.b64encode(f"{username}:{user}:{token}".encode()).decode()
        self.user_id = int(user)
        self._headers = {"Authorization": f"Session {session}"}

    def call(self, method: str, *arguments: Any, **context: Any) -> Any:
        """The result of ``model.<method>``. Inactive records are included; ``context`` adds to the call's context."""
        return self._post(f"model.{method}", [*arguments, {**self._context, **context}], self._headers)

    def rows(self, model: str, domain: Sequence[Any], fields: Sequence[str]) -> list[dict[str, Any]]:
        """All records that match, oldest first."""
        found: list[dict[str, Any]] = self.call(f"{model}.search_read", domain, 0, None, [["id", "ASC"]], fields)
        return found

    @contextmanager
    def wizard(self, name: str, **context: Any) -> Iterator[Callable[[Mapping[str, Any], str], Any]]:
        """Walk through a wizard: each step hands in the forms filled so far and names the state to go to."""
        session, *_ = self._post(f"wizard.{name}.create", [{**self._context, **context}], self._headers)

        def step(forms: Mapping[str, Any], state: str) -> Any:
            arguments = [session, dict(forms), state, {**self._context, **context}]
            return self._post(f"wizard.{name}.execute", arguments, self._headers)

        yield step
        self._post(f"wizard.{name}.delete", [session, {**self._context, **context}], self._headers)

    def _post(self, method: str, params: Sequence[Any], headers: Mapping[str, str]) -> Any:
        body = {"id": 1, "method": method, "params": params}
        response = self._http.post(self._path, json=body, headers=dict(headers))
        answer = response.json() if response.status_code == 200 else {}
        if "result" not in answer:
            raise TrytonRefusedError(f"{method}: HTTP {response.status_code} {response.text[:500]}")
        return answer["result"]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def seed_company(admin: TrytonAdmin, *, hub_password: str) -> int:
    """Create the company (CNY, Asia/Shanghai) and a user for the hub with the two groups it needs; gives its id."""
    rate = {"date": day(date(2020, 1, 1)), "rate": decimal("1")}
    currency = {"name": "人民币", "symbol": "¥", "code": "CNY", "numeric_code": "156", "digits": 2}
    currency |= {"rounding": decimal("0.01"), "rates": [["create", [rate]]]}
    currency_id = admin.call("currency.currency.create", [currency])[0]
    party_id = admin.call("party.party.create", [{"name": COMPANY, "code": "HQ"}])[0]
    company = {"party": party_id, "currency": currency_id, "timezone": "Asia/Shanghai"}
    company_id = int(admin.call("company.company.create", [company])[0])
    member = {"companies": [["add", [company_id]]], "company": company_id}
    admin.call("res.user.write", [admin.user_id], member)
    groups = admin.call("res.group.search", [["name", "in", list(HUB_GROUPS)]], 0, None, None)
    hub = {"name": "Baton", "login": HUB_USER, "password": hub_password, "groups": [["add", groups]], **member}
    admin.call("res.user.create", [hub])
    return company_id


def seed_clients(admin: TrytonAdmin, owners: Sequence[int], *, count: int = 600, company_id: int = 1) -> list[int]:
    """Create ``count`` clients, each with an open opportunity owned in turn by one of the employees ``owners``.

    Clients are parties with the codes ``C-0001`` and so on. Gives the ids of the opportunities, in client order.
    """
    clients = [{"name": f"示例客户{n:04}", "code": f"C-{n:04}"} for n in range(1, count + 1)]
    parties = admin.call("party.party.create", clients, company=company_id)
    currency = admin.rows("company.company", [["id", "=", company_id]], ["currency"])[0]["currency"]
    deals = [
        {
            "party": party,
            "employee": owners[n % len(owners)],
            "company": company_id,
            "currency": currency,
            "description": f"示例商机{n + 1:04}",
            "amount": decimal(f"{1000 + n}.00"),
        }
        for n, party in enumerate(parties)
    ]
    created: list[int] = admin.call("sale.opportunity.create", deals, company=company_id)
    return created
