"""The report of a bench, and that the large company's bars are judged by what vendors were really asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.bench import large
from tests.bench.counterparts import stand
from tests.bench.figures import Figure, Verdict
from tests.bench.migration.bars import AtMost
from tests.bench.offboarding import office
from tests.bench.payments import hub_steps
from tests.bench.report import machine, page
from tests.bench.roster import roster_company
from tests.bench.sending import OneByOne, busiest_second, through_the_engine


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


def test_what_is_measured_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.rig.company.never_wait_for_the_disk", lambda _: pytest.fail("it does not wait"))
    through_the_engine(tmp_path / "sent", OneByOne, 1)
    for name, company in (("planned", roster_company), ("paid", hub_steps.company)):
        folder = tmp_path / name
        folder.mkdir()
        with company(folder).open() as hub, hub.database.read() as connection:
            assert connection.scalar(sa.text("PRAGMA synchronous")) == 2, "as an installation has it"
    crm = stand("crm", page=10, transfer_limit=10, holders_limit=10, latency_s=0.0, at_once=1)
    with office(tmp_path / "handed over", [crm], 1) as at_work, at_work.hub.database.read() as connection:
        assert connection.scalar(sa.text("PRAGMA synchronous")) == 2
