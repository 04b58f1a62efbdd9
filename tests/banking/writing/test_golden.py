"""Each packaged profile's file, byte for byte; and the amounts in it, told apart from the file by hand.

``BATON_GOLDEN=write`` writes the files anew. The amounts below are never written by a program.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from baton.banking.catalogue import load_profile, packaged
from tests.banking.writing.orders import THREE
from tests.banking.writing.orders import written as bytes_of
from tests.banking.writing.samples import LINES, PROFILES, sample

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_the_file_is_byte_for_byte_what_it_was(name):
    profile = sample(name)
    content = bytes_of(LINES.get(name, THREE), profile)
    file = GOLDEN / f"{name}.{profile.extension}"
    if os.environ.get("BATON_GOLDEN") == "write":
        file.write_bytes(content)
    assert content == file.read_bytes()


def test_every_packaged_profile_has_a_golden_file():
    assert set(packaged()) == set(PROFILES)
    assert {path.stem for path in GOLDEN.iterdir()} == set(PROFILES)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_the_same_order_gives_the_same_bytes_whatever_order_its_lines_come_in(name):
    profile, lines = sample(name), LINES.get(name, THREE)
    assert bytes_of(lines, profile) == bytes_of(tuple(reversed(lines)), sample(name))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("iso20022-cny", ["1234.56", "0.05", "999999.99"]),
        ("iso20022-cny-03", ["1234.56", "0.05", "999999.99"]),
        ("iso20022-sepa", ["1234.56", "0.05", "999999.99"]),
    ],
)
def test_iso_amounts_are_major_units_with_two_digits(name, wanted):
    text = bytes_of(LINES.get(name, THREE), sample(name)).decode()
    assert re.findall(r"<InstdAmt Ccy=\"...\">([^<]*)</InstdAmt>", text) == wanted
    assert re.findall(r"<CtrlSum>([^<]*)</CtrlSum>", text) == ["1001234.60"] * 2


def test_an_amount_is_what_the_profile_says_in_every_unit():
    major, minor = load_profile("iso20022-cny"), load_profile("iso20022-cny").model_copy(update={"scale": 0})
    assert [major.amount(fen) for fen in (1, 10, 99, 100, 12_345_678_901)] == [
        "0.01",
        "0.10",
        "0.99",
        "1.00",
        "123456789.01",
    ]
    assert [minor.amount(fen) for fen in (1, 10, 99, 100, 12_345_678_901)] == ["1", "10", "99", "100", "12345678901"]
    three = major.model_copy(update={"scale": 3})
    assert [three.amount(fils) for fils in (1, 999, 1000, 1_234_567)] == ["0.001", "0.999", "1.000", "1234.567"]
