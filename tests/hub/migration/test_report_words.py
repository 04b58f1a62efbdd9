"""Both languages of the report say everything."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from baton.hub.migration.report import LANGUAGES, plain, render_page
from baton.hub.migration.report.terms import CAUSES, CODES, OUTCOMES, RULES
from baton.hub.migration.report.texts import TEXTS
from baton.hub.migration.report.verdict import TONES
from baton.hub.migration.report.words import Words
from baton.jobs.migration.exchange import FOUND
from baton.mapping.transforms import TRANSFORMS
from baton.model.account import Outcome
from baton.records.compare import Cause
from tests.rig.migrated import documents

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PACKAGE = Path(__file__).resolve().parents[3] / "baton/hub/migration/report"


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("table", [TEXTS, CAUSES, RULES, OUTCOMES, CODES], ids=lambda table: next(iter(table)))
def test_every_text_is_there_in_both_languages(table):
    for name, (english, chinese) in table.items():
        assert english.strip(), name
        assert not CHINESE.search(english), name
        assert CHINESE.search(chinese), name
        assert fields(english) == fields(chinese), name


def test_every_headline_has_its_sentence():
    assert all(name in TEXTS and f"{name}.why" in TEXTS for name in TONES)


def test_every_kind_of_difference_every_outcome_and_every_transform_has_a_text():
    assert set(CAUSES) == {cause.value for cause in Cause}
    assert set(OUTCOMES) == {outcome.value for outcome in Outcome} - {"done"} | {FOUND.code}
    assert {name for name, transform in TRANSFORMS.items() if transform.refuses} <= set(RULES)


def test_no_text_is_left_over():
    sources = [path.read_text("utf-8") for path in PACKAGE.rglob("*") if path.suffix in (".py", ".html")]
    said = "\n".join(source for source in sources if '"title.rollback": (' not in source)
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


def test_the_reasons_of_real_runs_are_said_in_chinese(tmp_path):
    reports = documents(tmp_path)
    reasons = {reason for document in reports.values() for reason in document["run"]["reasons"]}
    assert len(reasons) >= 5
    for reason in reasons:
        assert CHINESE.search(Words("zh").reason(reason)), reason
        assert re.findall(r"\d+", reason) == re.findall(r"\d+", Words("zh").reason(reason)), reason
    held = render_page(plain(reports["held"]), "zh")
    assert "第 1 批：1 条记录中 0 条被拒，1 条读回不一致" in held


def test_numbers_have_their_thousands_separated():
    assert Words("en")("lost.refused", n=1234567) == "refused: 1,234,567"
    assert LANGUAGES == ("en", "zh")
