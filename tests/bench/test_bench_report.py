"""The report of a bench, and that the large company's bars are judged by what vendors were really asked."""

from __future__ import annotations

from pathlib import Path

from tests.bench import large
from tests.bench.figures import Figure, Verdict
from tests.bench.migration.bars import AtMost
from tests.bench.report import machine, page
from tests.bench.sending import busiest_second


def test_the_page_says_what_was_met_what_was_missed_and_on_which_machine(tmp_path: Path) -> None:
    about = machine(tmp_path)
    assert " cores, " in about
    lines = [
        AtMost(1.3, 1.2, "times the calls", "a thing"),
        AtMost(1.0, 1.2, "times", "another"),
        Figure("x", 2, "y", 1),
    ]
    text = page(about, [("sending", lines)], "--quick")
    assert about in text
    assert "Bars: 1 met, 1 MISSED, 0 NOT MEASURED." in text
    assert "Not a plain run: `--quick`." in text
    assert "## sending" in text


def test_a_large_company_asks_its_vendors_for_no_more_than_it_must(tmp_path: Path) -> None:
    lines = list(large.figures(tmp_path, 800))
    assert len(lines) == 5
    assert {line.verdict for line in lines} == {Verdict.MET}


def test_the_busiest_second_begins_wherever_it_likes() -> None:
    assert busiest_second([0.0]) == 1
    assert busiest_second([0.0, 0.9, 1.0, 1.85, 1.89, 5.0]) == 4
