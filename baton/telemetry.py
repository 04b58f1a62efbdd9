"""OpenTelemetry: spans around what takes time, counters and durations of calls. Names, counts and states; never people.

Only OpenTelemetry's API is used, which does nothing until somebody provides an SDK. Airflow does in its processes
(``[traces] otel_on``). Everywhere else `exporting` does, when the usual variables (``OTEL_EXPORTER_OTLP_ENDPOINT``) say
where to send. Attributes are an allow-list: a key that is not on it is a mistake in the code.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from baton.tracing import place

if TYPE_CHECKING:
    import requests
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span

SCOPE: Final = "baton"
ATTRIBUTES: Final = frozenset({"job", "system", "action", "run", "verdict", "outcome", "count", "state", "error"})
"""What a span or a figure may say, each as ``baton.<name>``."""
SIGNALS: Final[Mapping[str, str]] = {
    "baton.calls": "calls of a connector, by system, action and outcome",
    "baton.call.duration": "seconds that a call of a connector took, by system and action",
    "baton.effects": "effects that were given an outcome, by system, action and state",
}
"""The metrics that are sent while the hub works."""
_FLUSH_MS: Final = 5_000
"""So long a command waits at its end for what is still to be sent, in all: a collector that is away holds nobody up."""
_TRY_S: Final = 2.0
"""So long one try to send may take, its repetitions included, where ``OTEL_EXPORTER_OTLP_TIMEOUT`` says nothing."""
_flushes: Final[list[Callable[[int], object]]] = []
"""What sends the rest of what this process has been made to send."""
_inside: ContextVar[bool] = ContextVar("_inside", default=False)
"""Whether an `exporting` is open around: that one has the rest sent."""
_EVERYTHING: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_TRACES: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
_METRICS: Final = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


@contextmanager
def span(name: str, **attributes: str | float) -> Iterator[Span]:
    """A span for as long as the block lasts. An error is told by its type and place: its message may hold anything."""
    from opentelemetry import trace
    from opentelemetry.trace import Status, StatusCode

    tracer = trace.get_tracer(SCOPE)
    with tracer.start_as_current_span(
        f"baton.{name}", attributes=_named(attributes), record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            opened.set_attribute("baton.error", place(error))
            opened.set_status(Status(StatusCode.ERROR))
            raise


def note(opened: Span, **attributes: str | float) -> None:
    """Say more about a span that is open."""
    opened.set_attributes(_named(attributes))


@contextmanager
def timed_call(system: str, action: str, count: int) -> Iterator[None]:
    """A call of a connector with so many items: a span, its duration, and how it ended."""
    begun = time.perf_counter()
    outcome = "error"
    try:
        with span("call", system=system, action=action, count=count):
            yield
        outcome = "answered"
    finally:
        about = _named({"system": system, "action": action})
        _duration().record(time.perf_counter() - begun, about)
        _calls().add(1, {**about, "baton.outcome": outcome})


def count_effects(system: str, action: str, state: str, number: int = 1) -> None:
    """Effects that were given an outcome."""
    _effects().add(number, _named({"system": system, "action": action, "state": state}))


@contextmanager
def exporting(environ: Mapping[str, str] = os.environ) -> Iterator[bool]:
    """Send to where the variables say, and have it sent at the end, in `_FLUSH_MS` at most: spans, figures or both.

    Gives False where they say nothing or somebody has provided an SDK already; where that was an earlier one of these,
    what was told meanwhile is sent at the end as well.
    """
    outermost = not _inside.get()
    token = _inside.set(True)
    try:
        yield _provide(environ)
    finally:
        _inside.reset(token)
        if outermost:
            _flush()


def _provide(environ: Mapping[str, str]) -> bool:
    """Have this process send what the variables ask for; whether it is sent because of that."""
    # An exporter that is told of no place sends to one of its own: to localhost.
    traces, figures = (bool(environ.get(_EVERYTHING) or environ.get(name)) for name in (_TRACES, _METRICS))
    if not (traces or figures):
        return False
    from opentelemetry import metrics, trace

    if (traces and not _nobody_listens(trace.get_tracer_provider())) or (
        figures and not _nobody_listens(metrics.get_meter_provider())
    ):
        return False
    name = environ.get("OTEL_SERVICE_NAME", SCOPE)
    _flushes.extend([*([_send_traces(name)] if traces else ()), *([_send_figures(name)] if figures else ())])
    return True


def _flush() -> None:
    """Send the rest, as far as that goes: the SDK's own flush waits for as long as its exporters do.

    Each signal by itself: a collector of one that is away takes nothing of the other's time.
    """
    over = time.monotonic() + _FLUSH_MS / 1000
    sending = [
        threading.Thread(target=flush, args=(_FLUSH_MS,), name="baton-telemetry", daemon=True) for flush in _flushes
    ]
    for each in sending:
        each.start()
    for each in sending:
        each.join(max(0.0, over - time.monotonic()))


def _patience(signal: str) -> float | None:
    """How long a try may take, in seconds; None: as the usual variables say."""
    said = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{part}TIMEOUT") for part in ("", f"{signal}_"))
    return None if said else _TRY_S


def _send_traces(service: str) -> Callable[[int], object]:
    """Make this process send its spans; what has it send the rest."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # At the process's end nothing is left to send, and the SDK would wait for a collector that is away once more.
    tracing = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(session=_straight(), timeout=_patience("TRACES"))
    tracing.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(tracing)
    return tracing.force_flush


def _send_figures(service: str) -> Callable[[int], object]:
    """Make this process send its figures; what has it send the rest."""
    from opentelemetry import metrics
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    exporter = OTLPMetricExporter(session=_straight(), timeout=_patience("METRICS"))
    reader = PeriodicExportingMetricReader(exporter)
    resource = Resource.create({"service.name": service})
    metering = MeterProvider(resource=resource, metric_readers=[reader], shutdown_on_exit=False)
    metrics.set_meter_provider(metering)
    return metering.force_flush


def _straight() -> requests.Session:
    """To the named collector and nowhere else: no proxy and no netrc of the environment. Redirects it follows none."""
    import requests  # as OpenTelemetry's exporters: nothing is loaded to send where nobody asks for it

    session = requests.Session()
    session.trust_env = False
    return session


def _nobody_listens(provider: Any) -> bool:
    """Whether the provider is the API's own, which drops everything."""
    return type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))


def _named(attributes: Mapping[str, str | float]) -> dict[str, str | float]:
    if strange := attributes.keys() - ATTRIBUTES:
        raise ValueError(f"not for telemetry: {sorted(strange)}")
    return {f"baton.{name}": value for name, value in attributes.items()}


@cache
def _calls() -> Counter:
    from opentelemetry import metrics

    return metrics.get_meter(SCOPE).create_counter("baton.calls", "1", SIGNALS["baton.calls"])


@cache
def _effects() -> Counter:
    from opentelemetry import metrics

    return metrics.get_meter(SCOPE).create_counter("baton.effects", "1", SIGNALS["baton.effects"])


@cache
def _duration() -> Histogram:
    from opentelemetry import metrics

    return metrics.get_meter(SCOPE).create_histogram("baton.call.duration", "s", SIGNALS["baton.call.duration"])
