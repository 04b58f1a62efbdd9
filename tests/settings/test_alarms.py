"""The part of systems.yaml about alarms: rules as data, every fault in them at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.jobs.alarms import SHIPPED
from baton.model.alarm import Severity
from baton.model.measures import MEASURES
from baton.settings import HubSettings, load

SYSTEMS = """
systems:
  mail:
    connector: mail/smtp
    enabled: no
    settings: {server_url: "smtp://mail.example:587", sender_address: a@example.com}
  hr: {connector: hr/file_export, enabled: no, settings: {path: in}}
"""


def loaded(folder: Path, alarms: str) -> HubSettings:
    file = folder / "systems.yaml"
    file.write_text(f"alarms:\n{alarms}\n{SYSTEMS}", encoding="utf-8")
    return load(file, environ={})


def test_rules_are_data(tmp_path: Path) -> None:
    part = loaded(
        tmp_path,
        """
  routes: {ops: {system: mail, people: [ops@example.com]}, boss: {system: mail, people: [boss@example.com]}}
  default_routes: [ops]
  rules:
    old: {measure: due_oldest_s, above: 4h, severity: critical, escalate_after: 90m, escalate_to: [boss]}
    few: {measure: people_count, below: 10, again_after: 2d}
""",
    ).alarms
    assert part.rules is not None
    old, few = (part.rules[name].named(name) for name in ("old", "few"))
    assert (old.above, old.below, old.severity, old.escalate_after_s) == (14400.0, None, Severity.CRITICAL, 5400.0)
    assert (few.below, few.again_after_s, few.routes) == (10.0, 172800.0, ())
    assert old.broken_by(14400.1)
    assert not old.broken_by(14400.0)
    assert few.broken_by(9)
    assert not few.broken_by(10)


ROUTE = "  routes: {ops: {system: mail, people: [x]}}\n"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("  rules: {a: {measure: due_oldest, above: 1}}", "did you mean 'due_oldest_s'"),
        ("  rules: {a: {measure: effects_count, above: 1}}", "is not measured"),
        ("  rules: {a: {measure: due_count}}", "exactly one of above and below"),
        ("  rules: {a: {measure: due_count, above: 1, below: 2}}", "exactly one of above and below"),
        ("  rules: {a: {measure: due_count, above: much}}", "a.above"),
        ("  rules: {a: {measure: due_count, above: 1, severity: bad}}", "a.severity"),
        ("  rules: {A b: {measure: due_count, above: 1}}", "rules"),
        ("  rules: {a: {measure: due_count, above: 1, escalate_after: 1h}}", "belong together"),
        ("  rules: {a: {measure: due_count, above: 1, routes: [opps]}}", "there is no route opps; there are: ops"),
        ("  default_routes: [nobody]", "there is no route nobody"),
        ("  routes: {b: {system: hr, people: [x]}}", "'hr' is no system that can send messages"),
        ("  routes: {b: {system: maill, people: [x]}}", "'maill' is no system that can send messages"),
        ("  routes: {b: {system: mail, people: []}}", "people"),
        ("  address: nowhere", "address"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, wrong: str, said: str) -> None:
    given = wrong if "routes: {b" in wrong else ROUTE + wrong
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, given)
    told = [str(fault) for fault in caught.value.faults]
    assert any(said in each for each in told), told
    assert all("systems.yaml:" in each for each in told)


def test_the_rules_that_come_with_the_hub_are_about_what_is_measured() -> None:
    assert len({rule.name for rule in SHIPPED}) == len(SHIPPED)
    for rule in SHIPPED:
        assert MEASURES[rule.measure].ruled
        assert (rule.above is None) != (rule.below is None)
        assert not rule.only or MEASURES[rule.measure].labels == ("job",)
