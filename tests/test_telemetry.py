"""Spans and figures: what they say is an allow-list, errors are told without their message, and it reaches a collector."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from baton import telemetry


@pytest.fixture
def spans(monkeypatch) -> InMemorySpanExporter:
    """Everything that is traced in this test; the process's own provider is left alone."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", lambda *_, **__: provider.get_tracer("baton"))
    return kept


def test_a_span_says_what_is_allowed_and_nothing_else(spans) -> None:
    with telemetry.span("plan", job="sync") as opened:
        telemetry.note(opened, run="sync-1", count=3)
    (made,) = spans.get_finished_spans()
    assert made.name == "baton.plan"
    assert dict(made.attributes) == {"baton.job": "sync", "baton.run": "sync-1", "baton.count": 3}
    with pytest.raises(ValueError, match="person"), telemetry.span("plan", person="测试甲"):
        pass


def test_an_error_in_a_span_is_told_without_its_message(spans) -> None:
    with pytest.raises(ValueError, match="测试甲"), telemetry.timed_call("crm", "provision", 2):
        raise ValueError("测试甲 13800000001")
    (made,) = spans.get_finished_spans()
    assert made.status.status_code.name == "ERROR"
    assert made.attributes["baton.error"].startswith("ValueError at test_telemetry.py")
    assert "测试甲" not in made.to_json()
    assert made.events == ()


def test_calls_inside_a_pass_belong_to_it(spans) -> None:
    with telemetry.span("apply", system="crm"), telemetry.timed_call("crm", "update", 1):
        pass
    call, whole = spans.get_finished_spans()
    assert (call.name, whole.name) == ("baton.call", "baton.apply")
    assert call.parent.span_id == whole.context.span_id


def test_nothing_is_loaded_to_send_where_nobody_asks_for_it() -> None:
    code = (
        "import sys\nfrom baton.telemetry import exporting\n"
        "with exporting({}) as sending: print(sending, [n for n in sys.modules if 'opentelemetry' in n])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "False []"


WORK = """
from baton import telemetry
with telemetry.exporting() as sending:
    assert sending
    with telemetry.exporting() as again:
        assert not again
    with telemetry.span("apply", system="crm"), telemetry.timed_call("crm", "provision", 5):
        telemetry.count_effects("crm", "provision", "done", 5)
from opentelemetry import metrics, trace
provided = {"traces": trace.get_tracer_provider(), "metrics": metrics.get_meter_provider()}
print(*[signal for signal, provider in provided.items() if type(provider).__module__.startswith("opentelemetry.sdk")])
"""


@contextmanager
def collector(heard: dict[str, bytes]) -> Iterator[str]:
    """Listens, and keeps what it hears by path; gives where."""

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard[self.path] = heard.get(self.path, b"") + self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def work(code: str = WORK, **given: str) -> list[str]:
    """A process of its own that works and tells of it, with these variables and no other that says where to send.

    Gives what is sent at all: where nobody listens, the collector of a test would not hear it.
    """
    unwanted = ("proxy", "otel_")
    clean = {name: value for name, value in os.environ.items() if not any(each in name.lower() for each in unwanted)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean | given, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_collector_gets_spans_and_figures_before_the_process_ends_whatever_proxy_is_named() -> None:
    heard: dict[str, bytes] = {}
    with collector(heard) as address:
        nowhere = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:9")
        work(OTEL_EXPORTER_OTLP_ENDPOINT=address, **nowhere)
    assert set(heard) == {"/v1/traces", "/v1/metrics"}
    assert b"baton.apply" in heard["/v1/traces"]
    assert b"baton.call" in heard["/v1/traces"]
    for name in telemetry.SIGNALS:
        assert name.encode() in heard["/v1/metrics"], name


@pytest.mark.parametrize("signal", ["traces", "metrics"])
def test_who_asks_for_one_of_both_gets_that_and_nothing_goes_elsewhere(signal) -> None:
    other = {"traces": "metrics", "metrics": "traces"}[signal]
    heard: dict[str, bytes] = {}
    with collector(heard) as address:
        assert work(**{f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": f"{address}/v1/{signal}"}) == [signal]
        assert set(heard) == {f"/v1/{signal}"}
        heard.clear()
        # The general one says where the rest goes: whoever names both wants both.
        own = {f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": f"{address}/mine"}
        assert set(work(OTEL_EXPORTER_OTLP_ENDPOINT=address, **own)) == {signal, other}
        assert set(heard) == {"/mine", f"/v1/{other}"}


LATE = """
import sys, time
from baton import telemetry
begun = time.monotonic()
with telemetry.exporting() as sending:
    assert sending
    with telemetry.span("apply", system="crm"):
        telemetry.count_effects("crm", "provision", "done", 5)
print(time.monotonic() - begun)
"""


def test_a_collector_that_takes_the_call_and_says_nothing_holds_a_command_up_for_seconds_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        (waited,) = work(LATE, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}")
        whole = time.monotonic() - begun
    assert float(waited) < 5.0 + 3.0
    assert whole - float(waited) < 4.0, "nothing is waited for once more when the process ends"


MUCH = """
from baton import telemetry
with telemetry.exporting() as sending:
    assert sending
    for number in range(2000):
        with telemetry.span("apply", run=f"sync-{number}"):
            pass
    telemetry.count_effects("crm", "provision", "done", 5)
"""


@pytest.mark.parametrize("away", ["traces", "metrics"])
def test_a_collector_of_one_signal_that_is_away_takes_nothing_of_the_other(away) -> None:
    other = {"traces": "metrics", "metrics": "traces"}[away]
    heard: dict[str, bytes] = {}
    with collector(heard) as address, socket.create_server(("127.0.0.1", 0)) as silent:
        own = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/{away}"
        work(MUCH, OTEL_EXPORTER_OTLP_ENDPOINT=address, **{f"OTEL_EXPORTER_OTLP_{away.upper()}_ENDPOINT": own})
    assert set(heard) == {f"/v1/{other}"}
    assert {"traces": b"sync-1999", "metrics": b"baton.effects"}[other] in heard[f"/v1/{other}"]


TWICE = """
from baton import telemetry
for number, sending in enumerate((True, False)):
    with telemetry.exporting() as first:
        assert first is sending
        with telemetry.span("apply", run=f"sync-{number}"):
            pass
"""


def test_what_is_told_after_the_first_is_sent_too() -> None:
    heard: dict[str, bytes] = {}
    with collector(heard) as address:
        work(TWICE, OTEL_EXPORTER_OTLP_ENDPOINT=address)
    assert b"sync-0" in heard["/v1/traces"]
    assert b"sync-1" in heard["/v1/traces"]
