"""What a run keeps as its reasons, said in the reader's language: each as the hub really words it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import pytest

from baton.engine.gate import GatePolicy, Trip
from baton.jobs.source_guards import ApprovedFeed, FeedFacts, GuardPolicy, check_feed, check_order
from baton.kept_reasons import in_language, ja, ko, zh
from baton.languages import LANGUAGES
from baton.model.source_rows import Origin
from tests.rig.manners import blanks, unmannered_japanese, unmannered_korean

BATON = Path(__file__).resolve().parents[1] / "baton"
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
COLUMNS = ("工号", "姓名")
SAID = {"zh": zh.REASONS, "ja": ja.REASONS, "ko": ko.REASONS}
ENGLISH = re.compile(r"[A-Za-z]{2,}")
"""A word: none is left over, but for names of systems and of columns."""


class AtMost:
    """Thirty people in any window."""

    def limit(self, people: int) -> int:
        return 30


def facts(rows: int = 100, columns: tuple[str, ...] = COLUMNS, as_of: datetime = NOW, **more: int) -> FeedFacts:
    return FeedFacts(rows, more.pop("unparseable", 0), more.pop("duplicate_numbers", 0), columns, as_of, NOW, **more)


@pytest.mark.parametrize("window", GatePolicy.of(AtMost(), AtMost(), AtMost()).windows, ids=lambda each: each.name)
@pytest.mark.parametrize("system", ["*", "人事_CRM"])
@pytest.mark.parametrize("language", SAID)
def test_what_the_gate_says(window, system, language):
    reason = str(Trip(system, window.name, 31, 30, 1000))
    said = in_language(reason, language)
    assert not ENGLISH.search(said.replace("人事_CRM", "")), said
    assert {"31", "30", "1000"} <= set(re.findall(r"\d+", said))
    assert ("人事_CRM" in said) == (system != "*")
    assert in_language(reason, "en") == reason


@pytest.mark.parametrize(
    ("guard", "feed"),
    [
        ("empty", facts(rows=0)),
        ("shrunken", facts(rows=50)),
        ("renumbered", facts(unknown=40, absent=40)),
        ("unparseable", facts(unparseable=7)),
        ("duplicates", facts(duplicate_numbers=9)),
        ("duplicate_column", facts(columns=("工号", "姓名", "工号"))),
        ("missing_column", facts(columns=("工号",))),
        ("new_column", facts(columns=(*COLUMNS, "备注"))),
        ("stale", facts(as_of=NOW - timedelta(hours=99.5))),
        ("from_the_future", facts(as_of=NOW + timedelta(hours=40))),
    ],
)
@pytest.mark.parametrize("language", SAID)
def test_what_a_guard_says(guard, feed, language):
    breaches = {each.guard: each for each in check_feed(feed, ApprovedFeed(100, COLUMNS), GuardPolicy())}
    kept = f"{guard}: {breaches[guard].message}"
    said = in_language(kept, language)
    assert not ENGLISH.search(said), said
    assert sorted(re.findall(r"\d+(?:[.]\d+)?%?", said)) == sorted(re.findall(r"\d+(?:[.]\d+)?%?", kept))


@pytest.mark.parametrize("language", SAID)
def test_what_is_said_of_an_older_statement(language):
    older = Origin("花名册 monday; from Monday.csv", "a" * 64, NOW - timedelta(hours=9))
    newer = Origin("花名册 2.csv", "b" * 64, NOW)
    (breach,) = check_order(older, newer)
    said = in_language(f"{breach.guard}: {breach.message}", language)
    assert older.name in said
    assert not ENGLISH.search(said.replace(older.name, "").replace(".csv", "").replace("UTC", "")), said


def test_a_reason_that_is_not_known_stays_as_it_is():
    for reason in ("", "the vendor said: 不行", "stopped", "12 segments are not finished, or so"):
        assert {in_language(reason, language) for language in LANGUAGES} == {reason}


def test_a_long_reason_full_of_what_separates_takes_no_time():
    hostile = "1 people would lose access in " + " within " * 20_000
    assert {in_language(hostile, language) for language in LANGUAGES} == {hostile}


@pytest.mark.parametrize("language", SAID)
def test_every_language_says_every_reason_with_the_same_values(language):
    assert list(SAID[language]) == list(zh.REASONS)
    assert [english for english, said in SAID[language].items() if blanks(said) != blanks(english) or not said] == []
    assert set(SAID) == set(LANGUAGES) - {"en"}


def test_japanese_and_korean_reasons_are_polite():
    assert unmannered_japanese(ja.REASONS) == {}
    assert unmannered_korean(ko.REASONS) == {}


@pytest.mark.parametrize(("language", "rows"), [("en", "Rows"), ("zh", "行数"), ("ja", "行数"), ("ko", "행 수")])
def test_the_control_total_of_rows_is_a_word(language, rows):
    assert f"{rows}, 金额" in in_language("control totals differ: #, 金额", language)


def test_every_sentence_about_a_migration_is_one_that_runs_keep():
    source = (BATON / "hub/migration/running.py").read_text("utf-8")
    about = list(zh.REASONS)[list(zh.REASONS).index("{count} segments are not finished") :][:12]
    assert len(about) == 12
    for template in about:
        words = [literal.strip() for literal, _, _, _ in Formatter().parse(template)]
        assert all(part in source for part in words), template
