"""The second reading: every wanted element once, wherever blocks end, in whatever encoding, at the line where it begins."""

from __future__ import annotations

import io

import pytest

from baton.banking import xml_elements
from baton.banking.reading.leniency import Tolerant
from baton.banking.reading.report import read_report
from baton.banking.reading.statement import read_statements
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_elements import Reading
from baton.banking.xml_stream import XmlFile
from tests.banking.reading import messages

LINES = [messages.line(f"REF{n}", "RJCT", messages.why("AC04", "户名不符"), amount=f"{n}.00") for n in range(1, 8)]
REPORT = messages.report(
    messages.batch("B1", *LINES[:3], state="PART"), messages.batch("B2"), messages.batch("B3", *LINES[3:])
)
WAYS = [messages.end_to_end(name) for name in ("E1", "E2", "E3")]
STATEMENT = messages.statements(
    [
        messages.statement(
            messages.booking("3.00", *[messages.transaction(way, "1.00", "DBIT") for way in WAYS], name="A"),
            messages.booking("5.00", name="B"),
        ),
        messages.statement(messages.booking("2.00", messages.transaction(WAYS[0], "2.00", "DBIT")), name="S2"),
    ]
)


def told(data):
    return list(read_report(io.BytesIO(data), "answer.xml", Tolerant()))


def booked(data):
    return [(each.head, list(each.entries)) for each in read_statements(io.BytesIO(data), "s.xml", Tolerant())]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 301, 1000])
def test_where_blocks_end_changes_nothing(monkeypatch, size):
    whole = told(REPORT.encode()), booked(STATEMENT.encode())
    assert [len(whole[0]), sum(len(entries) for _, entries in whole[1])] == [9, 5]
    monkeypatch.setattr(xml_elements, "_BLOCK_BYTES", size)
    assert (told(REPORT.encode()), booked(STATEMENT.encode())) == whole


@pytest.mark.parametrize("encoding", ["gb2312", "gbk"])
@pytest.mark.parametrize("size", [8 * 1024, 54, 59])
def test_a_middle_dot_and_a_dash_are_what_they_are_in_every_encoding_of_chinese(encoding, size, monkeypatch):
    monkeypatch.setattr(xml_elements, "_BLOCK_BYTES", size)
    text = f'<?xml version="1.0" encoding="{encoding.upper()}"?>{" " * 6}<a><row>阿依·古丽—乙</row></a>'
    file = XmlFile(io.BytesIO(text.encode("gbk")), "a.xml")
    assert [element.text for _, element, _ in Reading(file, file.survey(("row",)))] == ["阿依·古丽—乙"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_an_encoding_changes_nothing(encoding):
    named = "UTF-8" if encoding == "utf-8-sig" else encoding.upper()
    assert told(REPORT.replace("UTF-8", named).encode(encoding)) == told(REPORT.encode())


def test_a_wanted_element_where_none_belongs_refuses_the_file():
    strange = REPORT.replace("<OrgnlPmtInfId>B2<", f"<Own>{LINES[0]}</Own><OrgnlPmtInfId>B2<")
    with pytest.raises(BankFileRefusedError, match="misplaced"):
        told(strange.encode())


def test_a_file_that_changes_between_its_two_readings_is_refused():
    stream = io.BytesIO(REPORT.encode())
    answers = read_report(stream, "answer.xml", Tolerant())
    stream.getbuffer()[:] = REPORT.replace("<TxInfAndSts>", "<TxInfAndStx>").encode()
    with pytest.raises(BankFileRefusedError, match="misplaced"):
        list(answers)


def test_a_fault_is_told_with_the_line_in_which_its_element_begins_however_far_down(monkeypatch):
    lines = ["\n" * 70_000, *(f"{line}\n" for line in LINES)]
    text = messages.report(messages.batch("B1", *lines)).replace("REF3", "NOTPROVIDED").replace("REF6", "")
    monkeypatch.setattr(xml_elements, "_BLOCK_BYTES", 4096)
    tolerant = Tolerant()
    answers = list(read_report(io.BytesIO(text.encode()), "answer.xml", tolerant))
    assert [fault.place for fault in tolerant.warnings if fault.rule == "no_reference"] == [
        "answer.xml:70003",
        "answer.xml:70006",
    ]
    assert [each.reference for each in answers][-1] == "REF7"


def test_rows_are_found_anywhere():
    file = XmlFile(
        io.BytesIO(b"<a><ROW><x>1</x></ROW><b><c><ROW><x>2</x></ROW></c><ROW><x>3</x></ROW></b></a>"), "a.xml"
    )
    reading = Reading(file, file.survey(["ROW"]))
    assert [element.findtext("x") for _, element, _ in reading] == ["1", "2", "3"]
