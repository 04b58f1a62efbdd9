"""How the kit finds a connector's other side, and how it carries requests to one that is really somewhere else."""

import gzip

import httpx
import pytest

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import ConfigurationError
from baton.kit.run import run_laws, untried
from baton.kit.servers import NoServerError, counterparts, own_simulator, server_file
from baton.kit.troubles import TroubledTransport, VirtualClock
from baton.registry import Registry


def test_a_simulator_that_needs_a_server_does_not_stand_alone():
    registry = Registry()
    alone = {name for name in registry.names() if own_simulator(name, registry)}
    assert {"hr/file_export", "oa/feishu"} <= alone
    assert alone.isdisjoint({"bank/host_to_host", "erp/tryton"})


@pytest.mark.parametrize("name", ["bank/host_to_host", "erp/tryton"])
def test_what_needs_a_server_is_said_with_the_command_that_tries_it(name):
    assert untried(name).endswith(f"pytest tests/kit/test_every_connector.py -k {name}")
    with pytest.raises(ConfigurationError, match="need a real server"):
        run_laws(name)
    assert untried("oa/feishu") == ""


def test_without_a_counterpart_file_there_is_no_server(tmp_path):
    with pytest.raises(NoServerError, match="x_counterpart"):
        counterparts("crm/x", tmp_path, tmp_path)


def test_a_counterpart_file_is_loaded_from_the_checkout(tmp_path):
    file = server_file("crm/x", tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text(
        "from contextlib import contextmanager\n"
        "from dataclasses import dataclass\n\n"
        "@dataclass\nclass Far:\n    scratch: object\n\n"
        "@contextmanager\ndef counterparts(scratch):\n    yield lambda: Far(scratch)\n"
    )
    with counterparts("crm/x", tmp_path, tmp_path) as make:
        assert make().scratch == tmp_path


class Network(httpx.SyncByteStream):
    """An answer that comes in pieces and can be read once."""

    def __init__(self, content):
        self._pieces = iter([content[:5], content[5:]])

    def __iter__(self):
        yield from self._pieces


def test_an_answer_from_a_network_reaches_the_client_whole():
    body = '{"name": "䶮"}'.encode()

    def forward(request):
        packed = gzip.compress(body)
        headers = {"Content-Encoding": "gzip", "Content-Length": str(len(packed)), "X-Request": "7"}
        return httpx.Response(200, headers=headers, stream=Network(packed))

    transport = TroubledTransport(forward, lambda: 0, VirtualClock())
    client = Client(EgressRule(frozenset({"127.0.0.1:1"}), allow_private=True), transport=transport)
    answer = client.request("GET", "http://127.0.0.1:1/x")
    assert (answer.content, answer.headers["x-request"]) == (body, "7")
    assert transport.answers == [body]
    client.close()
