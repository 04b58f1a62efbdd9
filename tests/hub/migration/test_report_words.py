"""Every language of the report says everything, with the same figures in it, and as the other pages say it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from baton.console.words import WORDS as PAGES
from baton.hub.migration.report import plain, render_page
from baton.hub.migration.report.terms import CAUSES, CODES, OUTCOMES, RULES
from baton.hub.migration.report.texts import TEXTS
from baton.hub.migration.report.verdict import TONES
from baton.hub.migration.report.words import SAID, Words
from baton.jobs.migration.exchange import FOUND
from baton.languages import LANGUAGES
from baton.mapping.transforms import TRANSFORMS
from baton.model.account import Outcome
from baton.records.compare import Cause
from tests.rig.manners import blanks, unmannered_japanese, unmannered_korean
from tests.rig.migrated import documents

CHINESE = re.compile(r"[\u4e00-\u9fff]")
HANGUL = re.compile(r"[\uac00-\ud7a3]")
KANA = re.compile(r"[\u3040-\u30ff]")
PACKAGE = Path(__file__).resolve().parents[3] / "baton/hub/migration/report"
SHARED = {
    "from": "From",
    "to": "To",
    "mapping": "Mapping",
    "key": "Key",
    "run": "Run",
    "undoes": "Takes back",
    "undone_by": "Taken back by",
    "asked_by": "Asked by",
    "settled": "Settled",
    "verdict": "Verdict",
    "waves": "Waves",
    "column": "Field",
    "row": "Source row",
    "cause": "Cause",
    "differences": "Differences",
    "remedy": "What to do",
    "reasons": "Reasons",
    "rows": "rows",
    "compared": "compared",
    "alike": "alike",
    "stage.alike": "alike",
    "need.insert": "insert",
    "need.update": "update",
}
"""Text of the report -> the same word of the console's pages."""


@pytest.mark.parametrize("table", [TEXTS, CAUSES, RULES, OUTCOMES, CODES], ids=lambda table: next(iter(table)))
def test_every_text_is_there_in_both_languages(table):
    for name, (english, chinese) in table.items():
        assert english.strip(), name
        assert not CHINESE.search(english), name
        assert CHINESE.search(chinese), name
        assert blanks(english) == blanks(chinese), name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", SAID)
def test_every_language_says_every_text_with_the_same_values(group, language):
    english, said = SAID[group]["en"], SAID[group][language]
    assert list(said) == list(english)
    assert [name for name, text in said.items() if not text.strip() or blanks(text) != blanks(english[name])] == []


def test_nothing_is_said_in_a_language_that_there_is_not_and_each_is_itself():
    assert {frozenset(tables) for tables in SAID.values()} == {frozenset(LANGUAGES)}
    for group, tables in SAID.items():
        assert [name for name, text in tables["ko"].items() if not HANGUL.search(text)] == [], group
        assert [name for name, text in tables["ko"].items() if CHINESE.search(text) or KANA.search(text)] == [], group
        assert [name for name, text in tables["ja"].items() if HANGUL.search(text)] == [], group
        assert [name for name, text in tables["ja"].items() if not (CHINESE.search(text) or KANA.search(text))] == []


def test_japanese_and_korean_are_polite():
    for group, tables in SAID.items():
        assert unmannered_japanese(tables["ja"]) == {}, group
        assert unmannered_korean(tables["ko"]) == {}, group


@pytest.mark.parametrize("language", ["ja", "ko"])
def test_the_report_and_the_pages_call_things_the_same(language):
    pages, report = PAGES[language], SAID["texts"][language]
    assert {name: report[name] for name, word in SHARED.items() if report[name] != pages[word]} == {}
    assert SAID["causes"][language] == {cause: pages[cause] for cause in CAUSES}
    outcomes = SAID["outcomes"][language]
    assert {name for name in ("not_performed", "in_doubt", "found") if outcomes[name] != pages[name]} == set()


def test_every_headline_has_its_sentence():
    assert all(name in TEXTS and f"{name}.why" in TEXTS for name in TONES)


def test_every_kind_of_difference_every_outcome_and_every_transform_has_a_text():
    assert set(CAUSES) == {cause.value for cause in Cause}
    assert set(OUTCOMES) == {outcome.value for outcome in Outcome} - {"done"} | {FOUND.code}
    assert {name for name, transform in TRANSFORMS.items() if transform.refuses} <= set(RULES)


def test_no_text_is_left_over():
    sources = [path.read_text("utf-8") for path in PACKAGE.rglob("*") if path.suffix in (".py", ".html")]
    said = "\n".join(source for source in sources if '"title.rollback":' not in source)
    made = ("title.", "root.", "stage.", "lost.", "need.", "total.", "check.", "sheet.", "masked.", "time.")
    for name in TEXTS:
        whole = f'"{name}"' in said or f"'{name}'" in said
        assert whole or name.startswith(made) or name.removesuffix(".why") in TONES, f"nothing says {name!r}"


def test_a_name_that_is_none_is_an_error_and_a_term_that_is_unknown_stays():
    with pytest.raises(KeyError):
        Words("zh")("no such text")
    words = Words("zh")
    assert (words.rule("via.shop_code"), words.cause("odd"), words.outcome("odd"), words.code("E42")) == (
        "via.shop_code", "odd", "odd", "E42",
    )  # fmt: skip
    assert (words.rule("via.decimal"), words.rule("decimal")) == (RULES["decimal"][1],) * 2


def test_the_reasons_of_real_runs_are_said_in_the_readers_language(tmp_path):
    reports = documents(tmp_path)
    reasons = {reason for document in reports.values() for reason in document["run"]["reasons"]}
    assert len(reasons) >= 5
    for language, letters in (("zh", CHINESE), ("ja", KANA), ("ko", HANGUL)):
        for reason in reasons:
            said = Words(language).reason(reason)
            assert letters.search(said), reason
            assert sorted(re.findall(r"\d+", reason)) == sorted(re.findall(r"\d+", said)), reason
    held = plain(reports["held"])
    assert "第 1 批：1 条记录中 0 条被拒，1 条读回不一致" in render_page(held, "zh")
    assert "第 1 段階：1 件のうち 0 件が拒否され、1 件の読み戻し結果が一致しません" in render_page(held, "ja")
    assert "1차: 1건 중 0건이 거부되었고 1건의 재조회 결과가 다릅니다" in render_page(held, "ko")


def test_numbers_have_their_thousands_separated():
    assert Words("en")("lost.refused", n=1234567) == "refused: 1,234,567"
    assert Words("ko")("lost.refused", n=1234567) == "거부: 1,234,567"
