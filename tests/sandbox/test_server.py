"""The sandbox over real sockets, driven by the hub's own client."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from baton.client import Client, Intent
from baton.egress import EgressRule
from baton.errors import ConfigurationError, HaltError, InDoubtError, RetryableError
from baton.registry import Registry
from baton.sandbox.server import SandboxServer, serve, simulators_of
from baton.sandbox.switch import Mishap


class Echo:
    prefixes = ("/echo/",)

    def __init__(self, base_url="http://127.0.0.1:1"):
        self.base_url = base_url
        self.seen = []

    def handle(self, request):
        request.read()
        self.seen.append(request)
        if request.url.path == "/echo/fail":
            raise ZeroDivisionError("oh")
        headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", "text/plain; charset=utf-8")]
        return httpx.Response(
            201, headers=headers, content=f"{request.method} {request.url.query.decode()} ".encode() + request.content
        )


class Other(Echo):
    prefixes = ("/other/v1/", "/other/oauth")


@pytest.fixture
def sandbox():
    with serve({"echo": Echo, "other": Other()}) as server:
        yield server


@pytest.fixture
def client(sandbox):
    client = Client(EgressRule(frozenset({f"127.0.0.1:{sandbox.port}"}), allow_private=True))
    yield client
    client.close()


def test_requests_reach_the_simulator_of_their_path_unchanged(sandbox, client):
    answer = client.request("POST", f"{sandbox.base_url}/echo/x?a=1&a=%E7%94%B2", content="正文 䶮".encode())
    assert (answer.status, answer.text) == (201, "POST a=1&a=%E7%94%B2 正文 䶮")
    assert sandbox.simulators["echo"].base_url == sandbox.base_url
    assert client.request("GET", f"{sandbox.base_url}/other/v1/x").status == 201
    assert [len(s.seen) for s in sandbox.simulators.values()] == [1, 1]
    assert client.request("GET", f"{sandbox.base_url}/nowhere").status == 404
    assert client.request("GET", f"{sandbox.base_url}/echo/fail").status == 599
    assert client.request("HEAD", f"{sandbox.base_url}/echo/x").content == b""


def test_many_at_once(sandbox, client):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: client.request("GET", f"{sandbox.base_url}/echo/x?n={n}").text, range(200)))
    assert answers == [f"GET n={n} " for n in range(200)]


@pytest.mark.parametrize(
    ("mishap", "error", "acted"),
    [
        (Mishap.THROTTLED, RetryableError, 0),
        (Mishap.UNAUTHORIZED, HaltError, 0),
        (Mishap.BROKEN, InDoubtError, 0),
        (Mishap.BROKEN_AFTER_ACTING, InDoubtError, 1),
        (Mishap.GARBLED, InDoubtError, 1),
        (Mishap.DROPPED, InDoubtError, 0),
        (Mishap.DROPPED_AFTER_ACTING, InDoubtError, 1),
        (Mishap.SLOW, InDoubtError, 1),
    ],
)
def test_the_fault_switch(sandbox, client, mishap, error, acted):
    url = f"{sandbox.base_url}/echo/x"
    sandbox.arrange("echo", mishap, skip=1, retry_after_s=3, delay_s=0.5)
    assert client.request("POST", url).ok
    sandbox.simulators["echo"].seen.clear()
    short = 0.2 if mishap is Mishap.SLOW else 10
    with pytest.raises(error) as caught:
        client.request("POST", url, deadline_s=short).raise_for_status().json()
    seen, over = sandbox.simulators["echo"].seen, time.monotonic() + 10
    while len(seen) < acted and time.monotonic() < over:
        time.sleep(0.01)  # whoever did not wait may be ahead of the server
    assert len(seen) == acted
    if mishap is Mishap.THROTTLED:
        assert caught.value.retry_after_s == 3
    assert client.request("POST", url).ok
    assert sandbox.switches["echo"].met == [mishap]


def test_the_switch_over_http(sandbox, client):
    control = f"{sandbox.base_url}/__sandbox__/faults"
    assert client.request("POST", control, json={"system": "echo", "mishap": "429", "calls": 5}).json()["pending"] == 5
    assert client.request("GET", f"{sandbox.base_url}/echo/x").status == 429
    assert client.request("GET", f"{sandbox.base_url}/other/v1/").status == 201
    listed = client.request("GET", f"{sandbox.base_url}/__sandbox__/", intent=Intent.READ).json()
    assert listed["systems"]["echo"] == {"prefixes": ["/echo/"], "pending": 4}
    assert client.request("POST", control, json={"system": "echo", "clear": True}).json()["pending"] == 0
    assert client.request("GET", f"{sandbox.base_url}/echo/x").status == 201
    for wrong, status in (
        ({"system": "none", "mishap": "429"}, 404),
        ({"system": "echo", "mishap": "flood"}, 400),
        ({"system": "echo", "mishap": "429", "calls": 0}, 400),
        ({"system": "echo", "mishap": "slow", "delay_s": 1e9}, 400),
        ({"system": "echo", "surprise": 1}, 400),
        ([], 400),
    ):
        assert client.request("POST", control, json=wrong).status == status, wrong


def test_two_simulators_never_share_a_path():
    with serve({"one": Echo()}) as server, pytest.raises(ConfigurationError, match="two and one both serve"):
        server.add("two", Echo())


def test_the_port_is_given_back():
    with serve({"one": Echo()}) as server:
        port = server.port
    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
        assert again.getsockname()[1] == port


def test_a_server_that_never_started_can_be_closed():
    server = SandboxServer()
    server.close()
    with socket.socket() as again:
        again.bind(("127.0.0.1", server.port))
        assert again.getsockname()[1] == server.port


def test_simulators_are_found_by_connector_name():
    with pytest.raises(ConfigurationError, match="no connector"):
        simulators_of({"x": "crm/no_such"}, registry=Registry())
    assert callable(simulators_of({"crm": "crm/salesforce"}, registry=Registry())["crm"])
