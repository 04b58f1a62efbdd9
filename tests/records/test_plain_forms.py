"""Characters in their plain forms: width goes, and nothing becomes a digit that was none."""

from __future__ import annotations

import sys
import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from baton.records.plain_forms import plain_text, plain_texts
from tests.rig.examples import few

CHARACTERS = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) not in ("Cs", "Cn")]
ASCII_DIGITS = set("0123456789")


def digits(text: str) -> list[str]:
    return [char for char in text if char in ASCII_DIGITS]


def test_only_a_decimal_digit_becomes_a_digit() -> None:
    values = pl.Series("v", CHARACTERS)
    made = plain_texts(values)
    for char, plain in zip(CHARACTERS, made, strict=True):
        category = unicodedata.category(char)
        assert category == "Nd" or not digits(plain), f"U+{ord(char):04X} became {plain!r}"
        assert category != "No" or plain == char, f"U+{ord(char):04X} became {plain!r}"
    assert values.to_list() == CHARACTERS, "what was given is left as it is"


def test_whatever_brings_no_digit_is_as_nfkc_has_it() -> None:
    usual = [c for c in CHARACTERS if unicodedata.category(c) == "Nd" or not digits(unicodedata.normalize("NFKC", c))]
    usual = [char for char in usual if unicodedata.category(char) != "No"]
    assert [plain_text(char) for char in usual] == [unicodedata.normalize("NFKC", char) for char in usual]


@few(60)
@given(st.lists(st.none() | st.text(alphabet="12１２ＡbＣ①²½⒈㎡㏠é e\u0301ﾊﾞ\u3000", max_size=8), max_size=8))
def test_a_column_is_brought_to_it_as_each_text_is(texts: list[str | None]) -> None:
    made = plain_texts(pl.Series("v", texts, dtype=pl.String)).to_list()
    assert made == [None if text is None else plain_text(text) for text in texts]
    for text, plain in zip(texts, made, strict=True):
        if text is not None:
            assert len(digits(plain)) == sum(char in "12１２" for char in text)
