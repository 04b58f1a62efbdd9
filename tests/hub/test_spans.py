"""What each job tells OpenTelemetry of: its planning and settling, with run ids and counts, and nobody's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from baton.hub.migration.planning import plan_migration
from baton.hub.offboarding import hourly
from tests.hub.offboarding.conftest import staffed
from tests.hub.payment.office import Office
from tests.rig.belongings import KeeperTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.payroll import POLICY, Payroll
from tests.rig.records import Archive, old_row
from tests.rig.schema import lay_out
from tests.rig.targets import KeyTarget


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr("opentelemetry.trace.get_tracer", lambda *_, **__: provider.get_tracer("baton"))
    return kept


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/hub.sqlite3"
    lay_out(url)
    return url


@pytest.fixture
def office(tmp_path: Path, url: str) -> Iterator[Office]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Payroll(tmp_path, url, VirtualClock(), {"crm": KeyTarget}, policy=policy)
    with company.open() as hub:
        yield Office(company, hub)


def told(spans: InMemorySpanExporter, job: str) -> list[tuple[str, dict[str, object]]]:
    """Name and attributes of every span of a job, in the order in which they ended."""

    def said(span: ReadableSpan) -> dict[str, object]:
        return {name.removeprefix("baton."): value for name, value in (span.attributes or {}).items()}

    named = [(span.name.removeprefix("baton."), said(span)) for span in spans.get_finished_spans()]
    return [(name, attributes) for name, attributes in named if attributes.get("job") == job]


def test_a_pay_run_that_is_drafted_checked_and_built(spans: InMemorySpanExporter, office: Office) -> None:
    office.hire("0001", "0002")
    run_id = office.prepared({"0001": "8000.00", "0002": "9000.00"})
    about = {"job": "payment", "run": run_id}
    found = told(spans, "payment")
    assert found == [("draft", {**about, "count": 2}), ("check", about), ("build", {**about, "count": 1})]


def test_the_hour_of_the_handovers(spans: InMemorySpanExporter, tmp_path: Path, url: str) -> None:
    company = Company(tmp_path, url, VirtualClock(), {"crm": KeeperTarget})
    with company.open() as hub:
        staffed(company, hub)
        hourly.tick(hub)
    assert told(spans, "offboarding") == [("look", {"job": "offboarding"}), ("settle", {"job": "offboarding"})]


def test_the_plan_of_a_migration(spans: InMemorySpanExporter, tmp_path: Path, url: str) -> None:
    archive = Archive(tmp_path, url, rows=[old_row(number) for number in range(1, 4)])
    with archive.open() as hub:
        plan = plan_migration(hub, archive.request())
    found = told(spans, "migration")
    assert found == [("plan", {"job": "migration", "run": plan.run.id, "state": plan.run.state.value})]
