"""Files that mean harm, or are broken: refused before anything of them is given out, and never quoted."""

from __future__ import annotations

import io
import random
import time
from collections import Counter

import pytest

from baton.banking.reading.leniency import Strict, Tolerant
from baton.banking.reading.report import read_report
from baton.banking.reading.statement import read_statements
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_stream import XmlCaps, XmlFile
from baton.model.bank_answers import AnswerLevel
from tests.banking.reading import messages

SECRET = "张三机密"
GOOD = messages.report(messages.batch("B1", messages.line("REF1", "RJCT", messages.why("NARR", SECRET))))
LAUGHS = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 12))


def with_doctype(declared: str, text: str = GOOD) -> bytes:
    return text.replace("<Document", f"<!DOCTYPE Document {declared}><Document", 1).encode()


HOSTILE = {
    "a document type": (with_doctype("[]"), "document_type"),
    "an external document type": (with_doctype('SYSTEM "http://127.0.0.1:1/x.dtd"'), "document_type"),
    "a billion laughs": (with_doctype(f'[<!ENTITY x0 "ha">{LAUGHS}]', GOOD.replace(SECRET, "&x11;")), "document_type"),
    "an entity from a file": (
        with_doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', GOOD.replace(SECRET, "&x;")),
        "document_type",
    ),
    "a parameter entity": (with_doctype('[<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]'), "document_type"),
    "a document type in UTF-16": (
        with_doctype("[]").decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"),
        "document_type",
    ),
    "an undeclared entity": (GOOD.replace(SECRET, "&x;").encode(), "not_well_formed"),
    "three hundred levels": (GOOD.replace(SECRET, "<a>" * 300 + "</a>" * 300).encode(), "not_well_formed"),
    "a hundred attributes": (
        GOOD.replace("<Document", "<Document " + " ".join(f'a{n}="1"' for n in range(100)), 1).encode(),
        "too_large",
    ),
    "an attribute of 11 MB": (
        GOOD.replace("<Document", f'<Document a="{"x" * 11_000_000}"', 1).encode(),
        "not_well_formed",
    ),
    "a text of 11 MB": (GOOD.replace(SECRET, "x" * 11_000_000).encode(), "not_well_formed"),
    "an element with no end of children": (GOOD.replace(SECRET, "<a/>" * 4_500_000).encode(), "too_large"),
    "half a file": (GOOD[: len(GOOD) // 2].encode(), "not_well_formed"),
    "half a file that breaks its schema before": (
        GOOD.replace("<GrpHdr>", "<GrpHdr><Own/>")[: len(GOOD) // 2].encode(),
        "not_well_formed",
    ),
    "two documents": ((GOOD + GOOD[GOOD.index("<Document") :]).encode(), "not_well_formed"),
    "nothing": (b"", "not_well_formed"),
    "no XML": ("姓名,金额\n张三机密,1\n".encode("gb18030"), "not_well_formed"),
    "a null byte": (GOOD.replace(SECRET, "\0").encode(), "not_well_formed"),
    "bytes that are no UTF-8": (GOOD.encode("gb18030"), "not_well_formed"),
    "another namespace inside": (
        GOOD.replace("<OrgnlPmtInfAndSts>", '<OrgnlPmtInfAndSts xmlns="urn:other">').encode(),
        "namespace",
    ),
    "a prefix that is bound to nothing": (b"<pay:Document/>", "namespace"),
    "a brace in the namespace": (GOOD.replace(messages.ISO, "urn:iso}", 1).encode(), "namespace"),
    "another message": (messages.notification().encode(), "other_message"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_before_anything_is_given_out(name):
    content, rule = HOSTILE[name]
    started = time.monotonic()
    with pytest.raises(BankFileRefusedError) as raised:
        read_report(io.BytesIO(content), "answer.xml", Tolerant())
    assert raised.value.faults[0].rule == rule
    assert raised.value.faults[0].place.startswith("answer.xml")
    assert SECRET not in str(raised.value)
    assert "root:" not in str(raised.value)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("name", ["a document type", "an entity from a file", "half a file", "another message"])
def test_statements_are_guarded_in_the_same_way(name):
    content = HOSTILE[name][0] if name != "another message" else GOOD.encode()
    with pytest.raises(BankFileRefusedError):
        read_statements(io.BytesIO(content), "statement.xml", Tolerant())


def test_a_file_over_the_cap_is_not_read_to_its_end():
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size=-1):
            block = super().read(size)
            Counting.taken += len(block)
            return block

    content = messages.report(*[messages.batch(f"B{n}", messages.line("REF1", "RJCT")) for n in range(20_000)])
    file = XmlFile(Counting(content.encode()), "big.xml", XmlCaps(file_bytes=100_000))
    with pytest.raises(BankFileRefusedError, match="larger than 100000 bytes"):
        file.survey(["TxInfAndSts"])
    assert Counting.taken < 400_000 < len(content)


def test_what_breaks_the_schema_is_told_by_element_and_rule_and_never_by_value():
    broken = GOOD.replace("<OrgnlEndToEndId>REF1<", f"<OrgnlEndToEndId>{SECRET * 20}<")
    with pytest.raises(BankFileRefusedError) as raised:
        read_report(messages.stream(broken), "answer.xml", Strict())
    (fault,) = raised.value.faults
    assert (fault.place, fault.rule) == ("answer.xml", "schema")
    assert "OrgnlEndToEndId" in fault.message
    assert "maxlength" in fault.message
    assert SECRET not in str(raised.value)


def test_a_file_that_breaks_off_anywhere_is_refused():
    content = GOOD.encode()
    for length in range(len(content)):
        with pytest.raises(BankFileRefusedError):
            read_report(io.BytesIO(content[:length]), "answer.xml", Tolerant())


def test_broken_bytes_are_read_whole_or_refused_and_nothing_else_comes_out():
    chance = random.Random(20)
    content = messages.report(
        messages.batch("B1", messages.line("REF1", "RJCT", messages.why("AC04"), amount="1.00"), state="PART"),
        messages.batch("B2", messages.line("REF2", "ACCC")),
    ).encode()
    outcomes = Counter()
    for _ in range(600):
        broken = bytearray(content)
        place = chance.randrange(len(broken))
        broken[place : place + chance.randrange(3)] = bytes(
            chance.choice(b"<>/&\"'aA1.\xff") for _ in range(chance.randrange(4))
        )
        try:
            answers = list(read_report(io.BytesIO(bytes(broken)), "answer.xml", Tolerant()))
        except BankFileRefusedError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            assert len([each for each in answers if each.level is AnswerLevel.LINE]) <= 2
    assert min(outcomes["refused"], outcomes["read"]) > 20
