"""What docs/operations.md says about the hub's health is so: the rules, the example, the names of metrics and spans."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from baton.jobs.alarms import SHIPPED
from baton.model.measures import MEASURES
from baton.settings import load
from baton.telemetry import SIGNALS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
ALARMS = PAGE[PAGE.index("### Alarms") : PAGE.index("### Metrics")]


def test_every_rule_that_comes_with_the_hub_is_in_the_table_with_its_severity() -> None:
    told = {}
    for names, severities in re.findall(r"^\| (`[^|]*`) \|[^|]*\| ([^|]*) \|$", ALARMS, re.MULTILINE):
        found = re.findall(r"`(\w+)`", names)
        words = severities.split(", ")
        told |= dict(zip(found, words if len(words) == len(found) else words * len(found), strict=True))
    assert told == {rule.name: rule.severity.value for rule in SHIPPED}


def test_the_example_of_alarms_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(alarms:.*?)^```", ALARMS, re.MULTILINE | re.DOTALL)
    text = (ROOT / "systems.example.yaml").read_text("utf-8")
    rest = re.sub(r"^alarms:.*?(?=^\w)", "", text, flags=re.MULTILINE | re.DOTALL)
    for folder in ("mappings", "inbox"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "systems.yaml").write_text(rest + example, encoding="utf-8")
    part = load(tmp_path / "systems.yaml", environ={}).alarms
    assert part.rules is not None
    assert part.rules["queue_old"].escalate_after == 7200.0


def scraping() -> dict[str, Any]:
    (example,) = re.findall(r"^```yaml\n(scrape_configs:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (job,) = yaml.safe_load(example)["scrape_configs"]
    return dict(job)


def test_prometheus_set_up_as_told_keeps_every_label_as_it_is_exported() -> None:
    # So it gives each series labels of its own, and renames ours of those names.
    assert not scraping().get("honor_labels")
    labels = {label for measure in MEASURES.values() for label in measure.exported_labels}
    assert labels == {"system", "baton_job", "state", "verdict", "severity"}
    assert labels.isdisjoint({"job", "instance"})


def test_prometheus_set_up_as_told_shows_its_token_to_nobody_between() -> None:
    job = scraping()
    assert "authorization" in job
    assert job["scheme"] == "https"


def test_signals_and_spans_are_named_as_they_are_sent() -> None:
    assert [name for name in SIGNALS if f"`{name}`" not in PAGE] == []
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "baton").rglob("*.py"))
    spans = {f"baton.{name}" for name in re.findall(r'\bspan\("([a-z]+)"', code)}
    assert [name for name in spans if f"`{name}`" not in PAGE] == []
    assert spans >= {"baton.plan", "baton.apply", "baton.call", "baton.settle"}
