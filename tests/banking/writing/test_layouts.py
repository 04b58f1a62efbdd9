"""What is particular to each bank's layout, read back by somebody else's parser."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from baton.banking.catalogue import load_profile
from baton.banking.writing import cmb, write
from baton.model.payable import Component
from tests.banking.writing.orders import OTHER_BANK, OWN_BANK, THREE, order, payable, written
from tests.banking.writing.samples import sample
from tests.rig.examples import few

HOLDERS = ["张三", "欧阳·娜娜", "李<四> & 王\"五'"]
REFERENCES = [line.key.reference for line in THREE]


def tree(name, lines=THREE):
    return etree.fromstring(written(lines, sample(name)))


def texts(root, path):
    return [element.text or "" for element in root.iterfind(path)]


# --- amounts: the same three payments in every unit


def test_cmb_amounts_are_yuan():
    root = tree("cmb-agency")
    assert texts(root, "NTAGCDTLY1/TRSAMT") == ["1234.56", "0.05", "999999.99"]
    assert texts(root, "NTAGCAGCX1/TTLAMT") == texts(root, "NTAGCAGCX1/CURAMT") == ["1001234.60"]


def test_icbc_amounts_are_fen():
    root = tree("icbc-payper")
    assert texts(root, "eb/in/rd/PayAmt") == ["123456", "5", "99999999"]
    assert texts(root, "eb/in/TotalAmt") == ["100123460"]


def test_boc_amounts_are_yuan():
    assert texts(tree("boc-b2e0061"), ".//trnamt") == ["1234.56", "0.05", "999999.99"]


def test_amounts_of_rows_are_what_the_profile_says():
    rows = list(csv.reader(io.StringIO(written(THREE[1:2], sample("generic-csv")).decode("gb18030"))))
    assert rows[1][3] == "0.05"
    fixed = written(THREE, sample("generic-fixed")).decode("gbk").split("\n")
    assert [line[-42:-30] for line in fixed[1:4]] == ["000000123456", "000000000005", "000099999999"]
    assert fixed[0].endswith("000003000000100123460")
    assert fixed[4:] == ["T000003000000100123460", ""]


# --- names


@pytest.mark.parametrize(
    ("name", "path"),
    [("cmb-agency", "NTAGCDTLY1/ACCNAM"), ("icbc-payper", ".//RecAccNameCN"), ("boc-b2e0061", ".//toname")],
)
def test_names_arrive_as_they_were(name, path):
    assert texts(tree(name), path) == HOLDERS


def test_a_cell_with_a_delimiter_or_a_quote_is_read_back_as_it_was():
    lines = [payable("E0001", holder='王"五,六'), payable("E0002", holder="=1+2", remark="a,b")]
    text = written(lines, sample("generic-csv")).decode("gb18030")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [(row[2], row[7]) for row in rows[1:]] == [('王"五,六', "2026年11月工资"), ("=1+2", "a,b")]
    assert text.count("\r\n") == text.count("\n") == 3


LETTERS = st.text(st.sampled_from("张三欧阳·AZaz09 ,\"'|=-+<&"), min_size=1, max_size=21)


@given(st.lists(st.tuples(LETTERS, st.integers(1, 999_999_999)), min_size=1, max_size=5))
@few(40)
def test_rows_of_fixed_widths_all_have_their_widths_whatever_they_hold(people):
    lines = [payable(f"E{n}", amount, holder=holder) for n, (holder, amount) in enumerate(people)]
    head, *rows, foot, end = written(lines, sample("generic-fixed")).split(b"\n")
    assert ({len(row) for row in rows}, len(head), len(foot), end) == ({135}, 92, 22, b"")
    assert [row[19:61].decode("gbk").rstrip(" ") for row in rows] == [holder.rstrip(" ") for holder, _ in people]
    assert [int(row[93:105]) for row in rows] == [amount for _, amount in people]
    assert int(foot[-15:]) == sum(amount for _, amount in people)


@given(LETTERS, LETTERS)
@few(40)
def test_rows_with_delimiters_are_read_back_whatever_they_hold(holder, remark):
    text = written([payable(holder=holder, remark=remark)], sample("generic-csv")).decode("gb18030")
    (row,) = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    assert (row[2], row[7]) == (holder, remark)


# --- how a file is named in an answer


def test_what_names_the_file_is_its_message_id():
    for name, path in [("cmb-agency", ".//YURREF"), ("icbc-payper", ".//fSeqno")]:
        assert texts(tree(name), path) == [order(THREE, sample(name)).message_id]


# --- particulars


def test_cmb_tells_its_own_accounts_from_others():
    root = tree("cmb-agency", [payable("E1", bank_code=OWN_BANK), payable("E2", bank_code=""), payable("E3")])
    details = root.findall("NTAGCDTLY1")
    assert texts(root, "NTAGCDTLY1/BNKFLG") == ["Y", "Y", "N"]
    assert [detail.find("EACBNK") is not None for detail in details] == [False, False, True]
    assert texts(root, "NTAGCDTLY1/RCVBNK") == [OTHER_BANK]


@pytest.mark.parametrize(("name", "path"), [("icbc-payper", ".//SysIOFlg"), ("boc-b2e0061", ".//bocflag")])
def test_other_banks_tell_their_own_accounts_as_well(name, path):
    own = sample(name).own_bank_codes[0] + "100000004"
    lines = [payable("E1", bank_code=own), payable("E2", bank_code=""), payable("E3", bank_code="999100000000")]
    assert texts(tree(name, lines), path) == (["1", "1", "2"] if name == "icbc-payper" else ["1", "1", "0"])


@pytest.mark.parametrize(
    ("component", "function", "kind"),
    [(Component.SALARY, "NTAGCSAL", "BYSA"), (Component.EXPENSE, "NTAGCAPY", "BYBC")],
)
def test_cmb_salaries_and_others_are_different_functions(component, function, kind):
    root = tree("cmb-agency", [payable(component=component)])
    assert (texts(root, "INFO/FUNNAM"), texts(root, "NTAGCAGCX1/TRSTYP")) == ([function], [kind])


def test_a_cmb_batch_in_several_calls_is_the_batch():
    profile = sample("cmb-agency").model_copy(update={"lines_per_call": 2})
    batch = order([payable(f"E{n}", n) for n in range(1, 6)], profile)
    assert cmb.calls(batch, profile) == 3
    parts = [cmb.Call(1, 3), cmb.Call(2, 3, "0028771063"), cmb.Call(3, 3, "0028771063")]
    roots = [etree.fromstring("".join(cmb.call_text(batch, profile, part)).encode("gbk")) for part in parts]
    heads = [
        [
            root.findtext(f"NTAGCAGCX1/{tag}")
            for tag in ("BEGTAG", "ENDTAG", "REQNBR", "TTLCNT", "TTLNUM", "CURCNT", "CURAMT")
        ]
        for root in roots
    ]
    assert heads == [
        ["Y", "N", "", "5", "3", "2", "0.03"],
        ["N", "N", "0028771063", "5", "3", "2", "0.07"],
        ["N", "Y", "0028771063", "5", "3", "1", "0.05"],
    ]
    assert [seq for root in roots for seq in texts(root, "NTAGCDTLY1/TRXSEQ")] == [f"{n:08d}" for n in range(1, 6)]


@pytest.mark.parametrize("call", [(1, 2, "X"), (2, 2, ""), (3, 2, "X"), (0, 1, ""), (2, 2, "a<b")])
def test_a_call_without_its_number_is_none(call):
    with pytest.raises(ValueError, match="no call of a batch"):
        cmb.Call(*call)


def test_a_batch_is_not_cut_into_other_calls_than_it_takes():
    with pytest.raises(ValueError, match="takes 1 calls"):
        cmb.call_text(order(THREE, sample("cmb-agency")), sample("cmb-agency"), cmb.Call(1, 2))


def test_times_are_those_of_the_banks_place():
    assert texts(tree("icbc-payper"), ".//SignTime") == ["20261126110405000"]
    assert b"<CreDtTm>2026-11-26T11:04:05</CreDtTm>" in written(THREE, sample("iso20022-cny"))


@pytest.mark.parametrize("name", ["iso20022-cny", "cmb-agency", "icbc-payper", "boc-b2e0061"])
def test_the_xml_declaration_has_double_quotes_and_the_right_encoding(name):
    profile = sample(name)
    first = written(THREE, profile).split(b"\n", 1)[0]
    assert first == f'<?xml version="1.0" encoding="{profile.encoding.upper()}"?>'.encode()


# --- ISO options


def iso(**changes):
    return load_profile("iso20022-cny").model_copy(update=changes)


NAMESPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def found(profile, path, lines=THREE):
    out = io.BytesIO()
    write(order(lines, profile), profile, out)
    return etree.fromstring(out.getvalue()).xpath(path, namespaces=NAMESPACE)


def test_an_address_is_town_and_country_or_nothing():
    lines = [payable("E1", town="北京", country="CN"), payable("E2", town="", country="")]
    assert found(iso(address="structured"), "//p:Cdtr/p:PstlAdr/*/text()", lines) == ["北京", "CN"]
    assert found(iso(address="structured"), "//p:Dbtr/p:PstlAdr/*/text()", lines) == ["深圳", "CN"]
    assert found(iso(), "//p:PstlAdr", lines) == []


def test_codes_of_a_component_are_its_own():
    for component, category, purpose in [(Component.BONUS, "BONU", ["BONU"]), (Component.EXPENSE, "OTHR", [])]:
        lines = [payable(component=component)]
        assert found(iso(), "//p:CtgyPurp/p:Cd/text()", lines) == [category]
        assert found(iso(), "//p:Purp/p:Cd/text()", lines) == purpose


def test_every_payment_has_an_instruction_id_and_an_end_to_end_id_of_its_own():
    assert found(iso(), "//p:InstrId/text()") == found(iso(), "//p:EndToEndId/text()") == REFERENCES


def test_banks_are_cnaps_members():
    assert set(found(iso(), "//p:ClrSysId/p:Cd/text()")) == {"CNAPS"}
    assert found(iso(), "//p:CdtrAgt//p:MmbId/text()") == [OTHER_BANK, OWN_BANK, OTHER_BANK]
