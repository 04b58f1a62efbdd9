"""The streamed check: finds what a tree finds, refuses what is no plain document, tells nothing, costs no memory."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.banking.xsd import CheckedSink, InvalidXmlError, SchemaCheck, check, compiled, schema_names
from tests.banking.writing.orders import THREE, payable, written
from tests.banking.writing.samples import sample
from tests.rig.examples import few

MESSAGE = "pain.001.001.09"
VALID = written(THREE, sample("iso20022-cny"))
NAME = "张三"


def refused(content, schema=MESSAGE):
    with pytest.raises(InvalidXmlError) as caught:
        check(schema, [content])
    return caught.value


def put(old, new):
    assert old.encode() in VALID
    return VALID.replace(old.encode(), new.encode(), 1)


@given(st.integers(min_value=1, max_value=len(VALID)))
@few(30)
def test_it_does_not_matter_how_the_bytes_are_cut(size):
    def cut(content):
        return [content[at : at + size] for at in range(0, len(content), size)]

    check(MESSAGE, cut(VALID))
    broken = put("<NbOfTxs>3", "<NbOfTxs>1e3")
    with pytest.raises(InvalidXmlError) as caught:
        check(MESSAGE, cut(broken))
    assert [fault.rule for fault in caught.value.faults] == [fault.rule for fault in refused(broken).faults]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (put("<MsgId>", f"<MsgId>{'X' * 36}"), "maxlength"),
        (put("<CreDtTm>", "<CreDtTm>yesterday "), "datatype"),
        (put("<PmtMtd>TRF</PmtMtd>", ""), "element_content"),
        (put("<NbOfTxs>3", "<NbOfTxs>1e3"), "pattern"),
        (put(">1234.56<", ">NaN<"), "datatype"),
        (put(">1234.56<", ">-1234.56<"), "mininclusive"),
        (put(">1234.56<", ">1234.567891<"), "fractiondigits"),
        (put('Ccy="CNY"', ""), "complex_type_4"),
        (put("pain.001.001.09", "pain.001.001.03"), "elt_1"),
    ],
)
def test_what_the_schema_forbids_is_named_by_element_and_rule(content, rule):
    (fault, *_) = refused(content).faults
    assert rule in fault.rule
    assert fault.message.startswith("element ")


def test_a_fault_says_where_it_is_and_nothing_of_what_stands_there():
    lines = [payable(f"E{n:04d}", n, holder=NAME) for n in range(1, 2001)]
    content = written(lines, sample("iso20022-cny")).replace(NAME.encode(), (NAME * 80).encode())
    error = refused(content)
    assert "maxlength" in error.faults[0].rule
    assert NAME not in str(error)
    assert "Nm" in error.faults[0].message
    assert len(error.faults) <= 100


def test_a_document_that_breaks_off_is_refused_wherever_it_does():
    for end in (*range(0, len(VALID), 97), *range(len(VALID) - 12, len(VALID) - 1)):
        refused(VALID[:end])


@pytest.mark.parametrize(
    "content",
    [
        b"", b"hello", VALID + b"<more/>", VALID + VALID, VALID.replace(b"</MsgId>", b"</MsgIt>"),
        VALID.replace(b"<MsgId>", b"<MsgId>\x01"), VALID.replace(b"<MsgId>", b"<MsgId>\xff\xfe"),
        VALID.replace(b"<MsgId>", b"<MsgId>&nobody;"), b" " * 100_000,
        "<Document/>".encode("utf-16-le"), b'<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(content):
    assert refused(content).faults[0].rule == "syntax"


ENTITIES = [
    b"<!DOCTYPE Document>",
    b'<!DOCTYPE Document [<!ENTITY a "b">]>',
    b'<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
    b'<!DOCTYPE Document [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
    b"<!-- -->" * 50 + b"<!DOCTYPE Document>",
]


@pytest.mark.parametrize("declared", ENTITIES)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_document_type_is_refused_before_the_parser_sees_it(declared, size):
    head, body = VALID.split(b"\n", 1)
    hostile = head + declared + body.replace(b"<MsgId>", b"<MsgId>&a;")
    with pytest.raises(InvalidXmlError) as caught:
        check(MESSAGE, [hostile[at : at + size] for at in range(0, len(hostile), size)])
    assert caught.value.faults[0].rule == "doctype"


def test_it_is_refused_while_the_bytes_flow_and_what_is_refused_goes_no_further():
    out = io.BytesIO()
    sink = CheckedSink(SchemaCheck(MESSAGE), out)
    bad = VALID.index(b"<CdtTrfTxInf>")
    sink.write(VALID[:bad])
    with pytest.raises(InvalidXmlError):
        sink.write(VALID[bad:].replace(b"<InstdAmt", b"<InstdAmy").replace(b"</InstdAmt", b"</InstdAmy"))
    assert out.getvalue() == VALID[:bad]


def test_one_document_does_not_speak_of_another():
    refused(put("<MsgId>", f"<MsgId>{'X' * 36}"))
    check(MESSAGE, [VALID])
    assert {fault.rule for fault in refused(put("<CreDtTm>", "<CreDtTm>x")).faults} == {"cvc_datatype_valid_1_2_1"}


def test_an_unknown_message_is_a_mistake_of_ours():
    assert MESSAGE in schema_names()
    with pytest.raises(KeyError):
        compiled("pain.001.001.99")


MEMORY = """
import resource
from pathlib import Path
from baton.banking.xsd import SchemaCheck
from tests.banking.writing.orders import THREE, written
from tests.banking.writing.samples import sample

def held():  # now, and not at its peak: a peak is never less than what the parent had
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024

content = written(THREE, sample("iso20022-cny"))
start, end = content.index(b"<CdtTrfTxInf>"), content.index(b"</PmtInf>")
run = SchemaCheck("pain.001.001.09")
run.feed(content[:start])
block = content[start:end] * 200
for round in range(40):
    run.feed(block)
    if round == 5:
        before = held()
print(held() - before)
run.feed(content[end:])
run.close()
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what a process holds")
def test_the_memory_does_not_grow_with_the_document():
    told = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 1_000, "KiB more after 24,000 payments than after 3,600"
