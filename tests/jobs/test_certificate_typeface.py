"""A document is the same whatever else was cut out of the font before it."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import UTC, datetime

import pytest
from fontTools.ttLib import TTFont

from baton.jobs.offboarding.certificate import sheet as sheets
from baton.jobs.offboarding.certificate.sheet import FONT, Sheet
from baton.jobs.offboarding.certificate.typeface import Typeface

TEXT = "测试䶮 チェック 확인 (0012) é"


def page(text: str, known: str) -> bytes:
    sheet = Sheet(datetime(2026, 11, 1, tzinfo=UTC), "", "zh", known)
    sheet.add_page()
    sheet.ink(10)
    sheet.paragraph(text, 100, 5)
    return sheet.drawn()


def test_what_was_drawn_before_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_TYPEFACE", Typeface(FONT))
    alone = page(TEXT, TEXT)
    page("离职交接证明", "离职交接证明 かな")
    assert page(TEXT, TEXT) == alone


def test_no_document_gets_a_character_that_only_another_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_TYPEFACE", Typeface(FONT))
    alone = page(TEXT, "测试")
    page(TEXT, TEXT)
    assert page(TEXT, "测试") == alone
    with closing(Sheet(datetime(2026, 11, 1, tzinfo=UTC), "", "zh", "测")) as sheet:
        assert sheet.shown("测试") == "测[U+8BD5]"


def test_a_part_has_the_metrics_of_the_whole() -> None:
    with TTFont(FONT, lazy=True) as whole, TTFont(io.BytesIO(Typeface(FONT).part_with(frozenset({0x6D4B})))) as part:
        assert (part["head"].xMin, part["head"].yMax) == (whole["head"].xMin, whole["head"].yMax)
        assert part["hmtx"][part.getBestCmap()[0x6D4B]] == whole["hmtx"][whole.getBestCmap()[0x6D4B]]
        assert part["hhea"].ascent == whole["hhea"].ascent


def test_what_is_kept_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[int] = []
    monkeypatch.setattr(Typeface, "_cut", lambda _, characters: cut.append(len(characters)) or b"font")
    face = Typeface(FONT)
    for start in range(0x4E00, 0x4E00 + 9000, 3000):
        face.part_with(frozenset(range(start, start + 3000)))
    face.part_with(frozenset({0x4E00 + 6001}))
    assert cut == [3000, 3000, 3000]
