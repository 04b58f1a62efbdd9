"""Every connector, whoever it is pointed at and whoever answers: nothing leaves for anywhere but the configured host.

A server that answers everything with a redirect, an environment full of proxies, a certificate of nobody, and 60
spellings of a host: a sentinel that all of them lead to is never called, and no secret is in any error.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from baton.client import Client, Limits
from baton.contracts import AccountTarget, Connector, EmployeeSource
from baton.egress import EgressRule
from baton.errors import BatonError, RetryableError
from baton.kit.servers import own_simulator
from baton.model.account import AccountRef, AccountWrite, Action
from baton.registry import Registry, egress_rule
from tests.client.conftest import RawServer
from tests.client.test_reach import SPELLINGS
from tests.hostile.ground import Sentinel

REGISTRY = Registry()
PLACE = "127.0.0.1:1"
"""Where every simulator believes to be."""
MORE = [
    *("user@api.example", "127.0.0.1:80@api.example", "0x7f.0x0.0x0.0x1", "localhost%00", "[::ffff:0:127.0.0.1]"),
    *("127.0.0.1%23.api.example", "0x7f.0.1", "[::ffff:a9fe:a9fe]", "169.254.169.254", "[fd00::1]", "10.0.0.1"),
]
SLOW = ("bank/https_files", "erp/soap")
"""Their settings hold RSA keys and a WSDL: they get every tenth spelling. What judges them is the same for all."""
HOSTS = [
    *SPELLINGS,
    *(f"{host}." for host in ("127.1", "2130706433", "0x7f000001", "017700000001")),
    *MORE,
    "127.0.0.1",
]


@functools.cache
def simulated(name: str) -> Any:
    """A simulator of the connector; some of them make keys, which takes its time."""
    make = own_simulator(name, REGISTRY)
    assert make is not None
    return make()


def spoken_over_http() -> list[str]:
    """Connectors whose settings name an http address: all but files, databases, mail and SFTP."""
    standing = [name for name in REGISTRY.names() if own_simulator(name, REGISTRY) is not None]
    return [name for name in standing if f"http://{PLACE}" in repr(dict(simulated(name).settings))]


CONNECTORS = spoken_over_http()


def settings_at(name: str, address: str) -> dict[str, Any]:
    """The simulator's settings and secrets, with another address."""
    made = simulated(name)
    return {**moved(dict(made.settings), address), **made.secrets}


def moved(value: Any, address: str) -> Any:
    """Settings in which every address of the simulator is another one."""
    if isinstance(value, str):
        return value.replace(f"http://{PLACE}", address)
    if isinstance(value, Mapping):
        return {key: moved(each, address) for key, each in value.items()}
    return [moved(each, address) for each in value] if isinstance(value, list | tuple) else value


def built(name: str, settings: dict[str, Any], rule: EgressRule | None = None, **more: Any) -> Connector:
    """The connector as the registry builds it, but with a short deadline."""
    kind = REGISTRY.load(name)
    given = kind.Settings.model_validate(settings)
    client = Client(rule or egress_rule(given, allow_private=True), limits=Limits(deadline_s=2, connect_s=1), **more)
    return kind(given, client)


def used(connector: Connector) -> list[str]:
    """What all ways of using it say: each must be an error or a finding that is not well."""
    said = [f"{finding.detail} {finding.remedy}" for finding in connector.check()]
    number = AccountRef("0001")
    calls: list[Any] = []
    if isinstance(connector, AccountTarget):
        write = AccountWrite("0" * 64, number, Action.PROVISION, 1, {}, "batch")
        calls += [
            lambda: connector.find([number]),
            lambda: connector.provision([write]),
            lambda: list(connector.scan()),
        ]
    if isinstance(connector, EmployeeSource):
        calls.append(connector.census)
    for call in calls:
        try:
            said.append(repr(call()))
        except BatonError as error:
            said.append(f"{error} {error!r}")
    return said


def discreet(said: list[str], settings: dict[str, Any]) -> bool:
    """Whether no secret is in what was said."""
    secrets = [value for value in settings.values() if isinstance(value, str) and len(value) >= 12 and "/" not in value]
    return not [secret for secret in secrets if any(secret in text for text in said)]


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Sentinel]:
    listening = Sentinel()
    yield listening
    listening.close()


@pytest.fixture
def answering() -> Iterator[Any]:
    """Start a server that answers everything with the same bytes."""
    with contextlib.ExitStack() as stack:

        def start(said: bytes, context: Any = None) -> RawServer:
            server = RawServer(lambda _server, connection, _head: connection.sendall(said), context)
            stack.callback(server.close)
            return server

        yield start


def test_there_are_connectors_and_spellings_to_try() -> None:
    assert len(set(HOSTS)) >= 60
    assert {"crm/salesforce", "oa/feishu", "oa/wecom", "hr/ihr360", "erp/soap", "webhook/http"} <= set(CONNECTORS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", CONNECTORS)
def test_a_redirect_is_followed_nowhere(name: str, status: int, answering: Any, sentinel: Sentinel) -> None:
    said = f"HTTP/1.1 {status} Moved\r\nLocation: {sentinel.url}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    server = answering(said.encode())
    settings = settings_at(name, f"http://{server.origin}")
    told = used(built(name, settings))
    assert server.heads, "it has not even tried"
    assert sentinel.calls == 0
    assert discreet(told, settings)


@pytest.mark.parametrize("name", CONNECTORS)
def test_no_proxy_of_the_environment_is_asked(
    name: str, answering: Any, sentinel: Sentinel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(variable, sentinel.url)
    server = answering(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    used(built(name, settings_at(name, f"http://{server.origin}")))
    assert server.heads
    assert sentinel.calls == 0


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_certificate_that_nobody_has_signed_is_told_nothing(name: str, answering: Any, authority: Any) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", authority.server_context("127.0.0.1"))
    settings = settings_at(name, f"https://{server.origin}")
    told = used(built(name, settings))
    assert any("certificate" in text for text in told)
    assert server.heads == []
    assert discreet(told, settings)


def unheard_of(host: str, _port: int) -> list[str]:
    """A resolver that knows numbers however they are written, and this machine's own name; nobody else."""
    if host.rstrip(".").lower().startswith("localhost"):
        return ["127.0.0.1"]
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except (OSError, UnicodeError, ValueError):
        if ":" in host:
            return [host]
        raise RetryableError(f"{host} cannot be resolved", code="dns") from None


@pytest.mark.parametrize("name", CONNECTORS)
def test_no_spelling_of_this_machine_is_reached_by_any_call(
    name: str, sentinel: Sentinel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a config editor would write it, with private addresses not allowed: refused on reading, or before dialling."""
    one = ssl.create_default_context()  # reading the machine's authorities a hundred times is all this would cost
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: one)
    hosts = HOSTS[::10] if name in SLOW else HOSTS
    tried = 0
    for host in hosts:
        for scheme in ("http", "https"):
            try:
                settings = settings_at(name, f"{scheme}://{host}:{sentinel.port}")
                given = REGISTRY.load(name).Settings.model_validate(settings)
                rule = egress_rule(given)
            except (ValidationError, BatonError):
                tried += 1
                continue
            found = built(name, settings, EgressRule(rule.origins, resolver=unheard_of)).check()
            assert not all(finding.ok for finding in found)
            tried += 1
    assert tried == 2 * len(hosts)
    assert sentinel.calls == 0
