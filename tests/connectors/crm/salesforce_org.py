"""A simulated org with the connector in front of it, and a wire on which answers can be tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from baton.client import Client
from baton.egress import EgressRule
from baton.model.account import AccountRef, AccountWrite, Action
from connectors.crm.salesforce.connector import SalesforceConnector
from connectors.crm.salesforce.simulator import Simulator
from tests.rig.clock import VirtualClock

Tamper = Callable[[httpx.Request, httpx.Response], httpx.Response]


class SalesforceOrg:
    """``wire.tamper`` sees every exchange and may answer something else."""

    def __init__(self, number_field: str = "EmployeeNumber", **settings: Any) -> None:
        self.simulator = Simulator(number_field=number_field)
        self.tamper: Tamper = lambda _request, response: response
        self.hosts: list[str] = []
        self.headers: list[httpx.Headers] = []
        rule = EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True)
        self.clock = VirtualClock()
        self.client = Client(rule, transport=httpx.MockTransport(self.handle), clock=self.clock)
        told = {**self.simulator.settings, **self.simulator.secrets, "record_keys": {}, **settings}
        self.connector = SalesforceConnector(SalesforceConnector.Settings.model_validate(told), self.client)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.hosts.append(request.url.host)
        self.headers.append(request.headers)
        return self.tamper(request, self.simulator.handle(request))

    def provisioned(self, *ns: int) -> list[str]:
        receipts = self.connector.provision([write(n, Action.PROVISION, self.simulator.sample(n)) for n in ns])
        assert [receipt.outcome.value for receipt in receipts] == ["done"] * len(ns)
        return [str(receipt.external_id) for receipt in receipts]


def write(
    n: int, action: Action, fields: Mapping[str, Any] | None = None, external_id: str | None = None
) -> AccountWrite:
    ref = AccountRef(f"{n:04d}", external_id)
    return AccountWrite(key=f"{n:064x}", ref=ref, action=action, version=1, fields=fields or {}, batch_id="batch")


def collections_answer(change: Callable[[list[Any]], Any], *, method: str | None = None) -> Tamper:
    """Tamper with the result lists of writing collections calls."""

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        hit = "/composite/sobjects" in request.url.path and (method is None or request.method == method)
        return httpx.Response(200, json=change(json.loads(response.content))) if hit else response

    return tamper


def instead(part: str, answer: httpx.Response | Exception, *, times: int = 10**9, method: str | None = None) -> Tamper:
    """Answer (or fail) in place of the org on paths containing ``part``."""
    left = [times]

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if part not in request.url.path or left[0] <= 0 or (method and request.method != method):
            return response
        left[0] -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    return tamper


def refused(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json=[{"errorCode": code, "message": "synthetic 测试丙"}])
