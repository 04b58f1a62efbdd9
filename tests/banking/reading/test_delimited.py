from __future__ import annotations

import io

import pytest

from baton.banking.reading.delimited import AnswerLayout, load_layout, read_list
from baton.banking.refused import BankFileRefusedError
from baton.errors import ConfigurationError
from baton.model.bank_answers import BankState, ReasonKind

YAML = """\
encoding: gb18030
delimiter: "|"
skip: 1
ignore: [合计]
columns: 6
message_id: 1
reference: 2
state: 3
reason: 4
words: 5
amount: 6
unit: minor
states: {"00": debited, "01": rejected}
reasons: {E101: dead_account}
"""
HEAD = "文件|参考号|状态|原因|说明|金额\n"


def line_of(message_id, place):
    return {("M1", 1): "REF1", ("M1", 2): "REF2"}.get((message_id, place), "")


@pytest.fixture
def layout(tmp_path) -> AnswerLayout:
    path = tmp_path / "ack.yaml"
    path.write_text(YAML, "utf-8")
    return load_layout(path)


def read(text, layout, encoding="gb18030"):
    return list(read_list(io.BytesIO(text.encode(encoding)), "ack.txt", layout, line_of))


def test_rows_are_answers_in_the_banks_own_words_and_units(layout):
    first, second = read(HEAD + "M1|REF1|00||| 1230\nM1|REF2|01|E101|账户䶮已销|5\n合计|2\n\n", layout)
    assert (first.message_id, first.reference, first.state, first.amount_minor) == (
        "M1",
        "REF1",
        BankState.DEBITED,
        1230,
    )
    assert first.reasons == ()
    assert (second.raw_state, second.reasons[0].kind, second.reasons[0].text) == (
        "01",
        ReasonKind.DEAD_ACCOUNT,
        "账户䶮已销",
    )


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("M1|REF1|02|||1", "state_unmapped"),
        ("M1||00|||1", "no_reference"),
        ("M1|REF1|00|||12.30", "amount"),
        ("M1|REF1|00||1", "columns"),
        ('M1|"REF1|00|||1', "row"),
    ],
)
def test_a_row_that_is_not_as_described_stops_the_file_and_is_named(layout, row, rule):
    with pytest.raises(BankFileRefusedError, match=rule) as raised:
        read(HEAD + "M1|REF0|00|||1\n" + row, layout)
    assert "ack.txt:3" in str(raised.value)
    assert "REF1" not in str(raised.value)


def test_another_encoding_and_an_empty_list_are_refused(layout):
    with pytest.raises(BankFileRefusedError, match="is not gb18030"):
        list(read_list(io.BytesIO(HEAD.encode("gb18030") + b"M1|REF1|00||\xff|1\n"), "ack.txt", layout, line_of))
    with pytest.raises(BankFileRefusedError, match="nothing"):
        read(HEAD, layout)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("columns: 6", "columns: 5", "no column 6 of 5"),
        ("reason: 4", "reason: 3", "two things"),
        ("rejected}", "gone}", "states"),
        ("skip: 1", "skips: 1", "did you mean"),
        ("gb18030", "latin-1", "encoding"),
    ],
)
def test_a_layout_that_cannot_be_meant_is_refused(tmp_path, before, after, said):
    path = tmp_path / "ack.yaml"
    path.write_text(YAML.replace(before, after), "utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_layout(path)


def test_a_list_that_names_lines_by_their_place_needs_the_file_they_stand_in(tmp_path):
    path = tmp_path / "layout.yaml"
    path.write_text("encoding: utf-8\ndelimiter: '|'\ncolumns: 3\nmessage_id: 1\nreference: 2\nstate: 3\n"
                    "named_by: position\nstates: {'00': debited}\n", "utf-8")  # fmt: skip
    layout = load_layout(path)
    (found,) = read_list(io.BytesIO(b"M1|2|00\n"), "ack.txt", layout, line_of)
    assert (found.message_id, found.reference) == ("M1", "REF2")
    for strange in (b"M1|3|00\n", b"M2|1|00\n", b"M1|x|00\n", b"M1||00\n"):
        with pytest.raises(BankFileRefusedError, match="no_reference"):
            list(read_list(io.BytesIO(strange), "ack.txt", layout, line_of))
    path.write_text(path.read_text("utf-8").replace("message_id: 1\n", ""), "utf-8")
    with pytest.raises(ConfigurationError, match="message id"):
        load_layout(path)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("M1|REF1|01|E101|余额不足|1", ReasonKind.DEAD_ACCOUNT),
        ("M1|REF1|01|E102|流水号重复|1", ReasonKind.DUPLICATE),
        ("M1|REF1|01|账户已销户||1", ReasonKind.DEAD_ACCOUNT),
        ("M1|REF1|01|E102|见 E101|1", ReasonKind.DEAD_ACCOUNT),
        ("M1|REF1|01|E102|处理失败|1", ReasonKind.UNREAD),
        ("M1|REF1|00|E102|处理完毕|1", ReasonKind.UNNAMED),
    ],
)
def test_a_reason_is_known_by_its_code_and_else_by_the_banks_words(layout, row, kind):
    (found,) = read(HEAD + row, layout)
    assert [each.kind for each in found.reasons] == [kind]


def test_a_refusal_without_code_and_words_is_held_and_named_by_its_state(layout):
    refused, paid = read(HEAD + "M1|REF1|01|||1\nM1|REF2|00|||1", layout)
    assert [(each.code, each.kind) for each in refused.reasons] == [("01", ReasonKind.UNREAD)]
    assert paid.reasons == ()
