"""Any text at all is a document or a list of faults with places; what was written as a table comes back as one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from baton.strict_yaml import parse
from tests.rig.examples import few

PIECE = st.sampled_from(
    ["a: ", "- ", "? ", "\n", "  ", "[", "]", "{", "}", ",", "'", '"', "&x ", "*x", "!t ", "|\n", ">\n", "---\n", "#", "<<: ", "\t", "é", "\\", ":"]
)  # fmt: skip
TEXT = st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=20)
TABLE = st.recursive(
    TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)


@few(150)
@given(pieces=st.lists(PIECE, max_size=40))
def test_any_text_is_a_document_or_faults(pieces: list[str]) -> None:
    document = parse("".join(pieces).encode(), "x.yaml")
    document.plain()
    assert all(fault.place.startswith("x.yaml") and fault.rule and fault.message for fault in document.faults)


@few(100)
@given(table=st.dictionaries(TEXT, TABLE, max_size=4))
def test_what_was_written_as_json_comes_back_as_text(table: dict[str, object]) -> None:
    """JSON with ASCII escapes is YAML that every parser reads alike."""
    document = parse(json.dumps(table).encode(), "x.yaml")
    assert document.faults == ()
    assert document.plain() == table
