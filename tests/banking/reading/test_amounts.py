from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.banking.reading.amounts import from_major, from_minor
from baton.model.money import minor_digits


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("0", "CNY", 0),
        ("12", "CNY", 1200),
        ("12.3", "CNY", 1230),
        ("12.34", "CNY", 1234),
        ("012.34000", "CNY", 1234),
        ("1234", "JPY", 1234),
        ("1234.00", "JPY", 1234),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        ("999999999999999999.99", "CNY", 99999999999999999999),
    ],
)
def test_a_plain_decimal_is_exact(text, currency, minor):
    assert from_major(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "Infinity",
        "1e3",
        "1E3",
        "-1",
        "+1",
        ".5",
        "5.",
        "1,5",
        "1 000",
        "1_000",
        "0x10",
        "１２",
        "1.234",
        "1.2.3",
        "1" * 19,
        "1.123456",
        "12\n",
        "٣",
    ],
)
def test_anything_else_is_refused_and_not_repeated(text):
    with pytest.raises(ValueError) as raised:
        from_major(text, "CNY")
    assert not text.strip() or text.strip() not in str(raised.value)


@given(st.integers(0, 10**17), st.sampled_from(["CNY", "JPY", "KWD", "EUR", "CLF"]), st.integers(0, 2))
def test_what_is_written_is_read_back(minor, currency, zeros):
    digits = minor_digits(currency)
    text = f"{Decimal(minor).scaleb(-digits):f}"
    text += ("0" * min(zeros, 5 - digits)) if "." in text else ""
    assert from_major(text, currency) == minor


def test_minor_units_are_digits_only():
    assert from_minor("0123") == 123
    for text in ("", "12.0", "-1", "1e3", "１", "1" * 19):
        with pytest.raises(ValueError, match="whole number"):
            from_minor(text)
