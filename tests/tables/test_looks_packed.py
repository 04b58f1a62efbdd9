"""Lines that begin as packed data does are text all the same."""

from __future__ import annotations

import pytest

from baton.tables import Caps, Layout, read_delimited
from connectors.data.sql.copying import parsed

FIRST = ["x^2", "x\u0680", "x"]
"""What begins as zlib's data does where it is UTF-8; x alone does not."""


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("quoted", ["", '"'])
def test_the_first_line_of_a_file_that_looks_packed_is_read(first: str, quoted: str) -> None:
    text = f"编码,名称\n{first},{quoted}甲{quoted}\n0002,乙\n"
    assert read_delimited(text.encode(), Layout(), Caps()).frame.rows() == [(first, "甲"), ("0002", "乙")]


def test_a_control_character_in_it_is_no_packing_either() -> None:
    read = read_delimited("编码,名称\nx\x01,甲\n0002,乙\n".encode(), Layout(), Caps())
    assert read.frame.rows()[-1] == ("0002", "乙")


@pytest.mark.parametrize("first", [*FIRST, "\ufeff甲"])
def test_nor_is_the_first_cell_of_what_a_database_copies(first: str) -> None:
    assert parsed([f"{first},甲\n".encode()], ["a", "b"]).rows() == [(first, "甲")]
