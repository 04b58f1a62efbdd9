"""The dashboard for Grafana asks for metrics that are exported, by labels that they have; every metric is on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from baton.model.measures import MEASURES

DASHBOARD = json.loads((Path(__file__).resolve().parents[2] / "docs" / "grafana-dashboard.json").read_text("utf-8"))
EXPORTED = {measure.exported: measure for measure in MEASURES.values()}
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
QUERIES = [each["query"]["query"] for each in DASHBOARD["templating"]["list"] if isinstance(each["query"], dict)]


def metrics(expression: str) -> set[str]:
    return set(re.findall(r"\bbaton_[a-z_]+", re.sub(r"by \([^)]*\)", "", expression)))


@pytest.mark.parametrize("expression", [*ASKED, *QUERIES])
def test_what_it_asks_for_is_exported(expression: str) -> None:
    found = metrics(expression)
    assert found
    assert found <= EXPORTED.keys()


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_the_labels_it_names_are_there(panel) -> None:
    for target in panel["targets"]:
        told = [set(EXPORTED[metric].exported_labels) for metric in metrics(target["expr"])]
        (labels,) = [each for each in told if each] or [set()]
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) | set(re.findall(r"(\w+)=~", target["expr"]))
        named |= {name for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for name in group.split(", ")}
        assert named <= labels


def test_every_metric_is_on_it() -> None:
    assert set().union(*map(metrics, ASKED)) == set(EXPORTED)


def test_no_panel_covers_another() -> None:
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


STATS = {panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] == "stat"}


@pytest.mark.parametrize("title", STATS)
def test_a_single_figure_is_that_of_now(title: str) -> None:
    """Over a span the last one there was would be shown: an alarm that is over has no figure, and would stay red."""
    for target in STATS[title]["targets"]:
        assert target.get("instant") is True
        assert target.get("range") is False


def test_a_hub_that_is_away_has_no_database_that_answers() -> None:
    (target,) = STATS["Database"]["targets"]
    assert target["expr"] == "baton_database_up or on() vector(0)"


def test_no_alarms_are_told_only_while_the_database_answers() -> None:
    """No alarm, no figure; a hub without its database, or one that is away, gives none either and knows of no alarm."""
    panel = STATS["Alarms that are not over"]
    (target,) = panel["targets"]
    assert target["expr"] == "sum by (severity) (baton_alarms) or on() 0 * (min(baton_database_up) == 1)"
    none, *steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert none == {"color": "orange", "value": None}, "Grafana gives this colour to a panel without data"
    assert steps == [{"color": "green", "value": 0}, {"color": "red", "value": 1}]


def test_a_database_that_does_not_answer_is_red() -> None:
    steps = STATS["Database"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps == [{"color": "red", "value": None}, {"color": "green", "value": 1}]
