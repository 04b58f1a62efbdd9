"""A connector and its simulator with something in between that keeps what is sent and can answer instead."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from baton.client import Client, Limits
from baton.egress import EgressRule
from baton.model.account import Account, AccountRef, AccountWrite, Action, Receipt
from connectors.erp.soap.connector import SoapConnector
from connectors.erp.soap.settings import SoapSettings
from connectors.erp.soap.simulator import Simulator

WSDL = Path(__file__).parents[4] / "connectors/erp/soap/wsdl"
NS = "urn:synthetic:sap-like:employee-replication"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
Handler = Callable[[httpx.Request], httpx.Response]


class Wire:
    """Carries requests to the simulator; ``instead`` can replace what comes back, ``sent`` keeps what went out."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.sent: list[bytes] = []
        self.instead: Handler | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.read())
        return (self.instead or self.sim.handle)(request)


def connect(wire: Wire, **changes: object) -> SoapConnector:
    settings = SoapSettings.model_validate({**wire.sim.settings, **wire.sim.secrets, **changes})
    rule = EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True)
    return SoapConnector(
        settings, Client(rule, limits=Limits(body_bytes=1_000_000), transport=httpx.MockTransport(wire))
    )


def write(action: Action, fields: Mapping[str, Any], *, number: str = "0012", key: str = "k1") -> AccountWrite:
    return AccountWrite(hashlib.sha256(key.encode()).hexdigest(), AccountRef(number), action, 1, fields, "batch")


def only(receipts: Any) -> Receipt:
    (receipt,) = receipts
    return receipt


def account(erp: SoapConnector, number: str = "0012") -> Account:
    (found,) = erp.find([AccountRef(number)])
    assert found is not None
    return found


def soap(body: str, status: int = 200, content_type: str = "text/xml; charset=utf-8", prolog: str = "") -> Handler:
    text = f'{prolog}<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
    return lambda _: httpx.Response(status, headers={"Content-Type": content_type}, content=text.encode())


def fault(code: str, detail: str = "", status: int = 500) -> Handler:
    return soap(
        f"<s:Fault><faultcode>{code}</faultcode><faultstring>测试甲 13800000001</faultstring>{detail}</s:Fault>", status
    )
