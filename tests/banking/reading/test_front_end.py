from __future__ import annotations

import pytest

from baton.banking.reading.front_end import (
    CMB_REQUEST_STATES,
    CMB_RESULTS,
    ICBC_RESULTS,
    CmbRow,
    IcbcRow,
    cmb_state,
    icbc_state,
    read_front_end,
)
from baton.banking.refused import BankFileRefusedError
from baton.model.bank_answers import BankState
from tests.banking.reading.messages import stream


def cmb(*rows):
    body = "".join(f"<ROW>{''.join(f'<{name}>{text}</{name}>' for name, text in row.items())}</ROW>" for row in rows)
    return stream(f'<?xml version="1.0" encoding="GBK"?><CMBSDKPGK><INFO/>{body}</CMBSDKPGK>', "gbk")


def test_a_cmb_result_means_something_only_when_the_request_is_finished():
    for reqsts in CMB_REQUEST_STATES:
        for rtnflg in (*CMB_RESULTS, ""):
            assert cmb_state(reqsts, rtnflg) is CMB_REQUEST_STATES[reqsts]
    assert not {BankState.PAID, BankState.REJECTED, BankState.RETURNED} & set(CMB_REQUEST_STATES.values())
    assert [cmb_state("FIN", flag).value for flag in "SFBRDCUT"] == [
        "debited", "rejected", "returned", "rejected", "cancelled", "cancelled", "pending", "returned",
    ]  # fmt: skip


@pytest.mark.parametrize(("reqsts", "rtnflg"), [("FIN", ""), ("FIN", "X"), ("XXX", "S"), ("", "S")])
def test_a_cmb_word_in_no_table_is_loud(reqsts, rtnflg):
    with pytest.raises(LookupError):
        cmb_state(reqsts, rtnflg)


def test_icbc_results_are_never_more_than_debited():
    assert icbc_state("7") is BankState.DEBITED
    assert BankState.PAID not in ICBC_RESULTS.values()
    assert [icbc_state(code) for code in ("6", "8")] == [BankState.REJECTED] * 2
    assert [icbc_state(code) for code in ("95", "98")] == [BankState.UNKNOWN] * 2
    with pytest.raises(LookupError):
        icbc_state("77")


def test_rows_of_cmb_are_yuan_in_gbk():
    rows = cmb(
        {"YURREF": "REF1", "REQSTS": "FIN", "RTNFLG": "F", "TRSAMT": "12.30", "RTNNAR": "户名不符"},
        {"YURREF": "REF2", "REQSTS": "BNK", "RTNFLG": "F"},
    )
    first, second = read_front_end(rows, "answer.xml", "ROW", CmbRow())
    assert (first.reference, first.state, first.raw_state, first.amount_minor) == (
        "REF1",
        BankState.REJECTED,
        "FIN/F",
        1230,
    )
    assert first.reasons[0].text == "户名不符"
    assert (second.state, second.raw_state, second.reasons, second.amount_minor) == (
        BankState.ACCEPTED,
        "BNK",
        (),
        None,
    )


def test_rows_of_icbc_are_fen_and_a_decimal_point_is_refused():
    text = "<CMS><eb><out><rd><Ref>REF1</Ref><Result>7</Result><PayAmt>{}</PayAmt></rd></out></eb></CMS>"
    (answer,) = read_front_end(stream(text.format("1230")), "answer.xml", "rd", IcbcRow(reference="Ref"))
    assert (answer.amount_minor, answer.currency, answer.state) == (1230, "CNY", BankState.DEBITED)
    with pytest.raises(BankFileRefusedError, match="whole number"):
        list(read_front_end(stream(text.format("12.30")), "answer.xml", "rd", IcbcRow(reference="Ref")))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"YURREF": "REF1", "REQSTS": "FIN", "RTNFLG": "Z"}, "state_unmapped"),
        ({"YURREF": "REF1", "REQSTS": "FIN", "RTNFLG": "S", "TRSAMT": "1e3"}, "amount"),
        ({"REQSTS": "FIN", "RTNFLG": "S"}, "no_reference"),
    ],
)
def test_a_row_that_cannot_be_understood_stops_the_file(row, rule):
    with pytest.raises(BankFileRefusedError, match=rule):
        list(read_front_end(cmb(row), "answer.xml", "ROW", CmbRow()))


def test_an_answer_without_rows_is_no_answer():
    with pytest.raises(BankFileRefusedError, match="nothing"):
        list(read_front_end(cmb(), "answer.xml", "ROW", CmbRow()))
