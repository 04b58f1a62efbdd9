"""A small ERP that knows payables, and a good connector for it: pages of three, one request each."""

from __future__ import annotations

import httpx
import polars as pl

from baton.sdk import Client, Connector, ConnectorSettings, Intent, PayableSource, Rate, RejectedRow, SourcePage

COLUMNS = ("number", "amount", "currency", "place")


class ErpSimulator:
    """What accounting has entered, approved or not."""

    def __init__(self):
        self.settings = {"base_url": "https://erp.example"}
        self.secrets = {}
        self.entries = []
        self.journal = []

    def seed_payables(self, amounts, period, component):
        for n, amount in amounts.items():
            self._enter(f"{n:04d}", amount, period, component, "approved")

    def seed_unapproved(self, n):
        self._enter(f"{n:04d}", "1.00", "2026-11", "salary", "draft")

    def seed_stranger(self):
        self._enter("", "1.00", "2026-11", "salary", "approved")

    def _enter(self, number, amount, period, component, state):
        entry = {"id": len(self.entries) + 1, "number": number, "amount": amount, "state": state}
        self.entries.append({**entry, "period": period, "component": component})

    def handle(self, request):
        if request.method != "GET":
            self.journal.append(request.url.path)
            return httpx.Response(200, json={})
        asked = request.url.params
        wanted = [
            entry for entry in self.entries if all(entry[name] == asked[name] for name in ("period", "component"))
        ]
        wanted = [entry for entry in wanted if entry["state"] in asked["states"].split(",")]
        start = int(asked["start"])
        return httpx.Response(200, json={"rows": wanted[start : start + 3], "count": len(wanted)})


class ErpSettings(ConnectorSettings):
    base_url: str


class Erp(Connector, PayableSource):
    """A good one."""

    title = "Example ERP"
    Settings = ErpSettings
    rate = Rate(1000, burst=1000)
    states = "approved"

    def __init__(self, settings: ErpSettings, client: Client) -> None:
        super().__init__(settings, client)
        self.base_url = settings.base_url

    def check(self):
        return []

    def payables(self, period, component):
        start = 0
        while True:
            asked = {"period": period, "component": component.value, "states": self.states, "start": str(start)}
            response = self.client.request("GET", f"{self.base_url}/pay", params=asked, intent=Intent.READ)
            body = response.raise_for_status().json()
            if not isinstance(body, dict) or "rows" not in body:
                raise response.unreadable("is not a list of payables")
            yield self.page(body["rows"], start)
            start += len(body["rows"])
            if start >= body["count"]:
                return

    def page(self, entries, start):
        rows = [self.row(entry) for entry in entries if entry["number"]]
        strangers = [
            RejectedRow(entry["id"], "not_an_employee", "nobody known") for entry in entries if not entry["number"]
        ]
        return SourcePage(pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)), start + 1, strangers)

    def row(self, entry):
        return {"number": entry["number"], "amount": entry["amount"], "currency": "CNY", "place": str(entry["id"])}
