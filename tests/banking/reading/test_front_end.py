from __future__ import annotations

import pytest

from baton.banking.profile import IcbcAnswers
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
from baton.model.bank_answers import AnswerLevel, BankState, ReasonKind
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


@pytest.mark.parametrize(("reqsts", "rtnflg"), [("FIN", ""), ("FIN", "X"), ("ZZZ", "S"), ("", "S")])
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


def line_of(message_id, place):
    return {("ORDER-1", 1): "REF1", ("ORDER-1", 2): "REF2"}.get((message_id, place), "")


def read(rows, element="ROW", row=None, **more):
    return list(read_front_end(rows, "answer.xml", element, row or CmbRow(), line_of, **more))


def test_rows_of_cmb_are_yuan_in_gbk_and_name_a_line_by_its_place_in_our_batch():
    first, second, whole = read(
        cmb(
            {
                "YURREF": "ORDER-1",
                "TRXSEQ": "00000001",
                "REQSTS": "FIN",
                "RTNFLG": "F",
                "TRSAMT": "12.30",
                "RTNNAR": "户名不符",
            },
            {"YURREF": "ORDER-1", "TRXSEQ": "00000002", "REQSTS": "BNK", "RTNFLG": "F"},
            {"YURREF": "ORDER-1", "REQSTS": "FIN", "RTNFLG": "S"},
        )
    )
    assert (first.reference, first.state, first.raw_state, first.amount_minor) == (
        "REF1",
        BankState.REJECTED,
        "FIN/F",
        1230,
    )
    assert first.reasons[0].text == "户名不符"
    assert (second.reference, second.state, second.reasons) == ("REF2", BankState.ACCEPTED, ())
    assert (whole.level, whole.message_id, whole.reference) == (AnswerLevel.FILE, "ORDER-1", "")


def test_rows_of_icbc_are_fen_of_the_packet_that_was_asked_about():
    text = "<CMS><eb><out><rd><iSeqno>2</iSeqno><Result>7</Result><PayAmt>{}</PayAmt></rd></out></eb></CMS>"
    (answer,) = read(stream(text.format("1230")), "rd", IcbcRow(), message_id="ORDER-1")
    assert (answer.reference, answer.amount_minor, answer.currency) == ("REF2", 1230, "CNY")
    assert answer.state is BankState.DEBITED
    with pytest.raises(BankFileRefusedError, match="whole number"):
        read(stream(text.format("12.30")), "rd", IcbcRow(), message_id="ORDER-1")
    with pytest.raises(BankFileRefusedError, match="no_reference"):
        read(stream(text.format("1230")), "rd", IcbcRow())


GOOD = {"YURREF": "ORDER-1", "TRXSEQ": "1", "REQSTS": "FIN", "RTNFLG": "S"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"RTNFLG": "Z"}, "state_unmapped"),
        ({"TRSAMT": "1e3"}, "amount"),
        ({"YURREF": ""}, "no_reference"),
        ({"YURREF": "ORDER-9"}, "no_reference"),
        ({"TRXSEQ": "3"}, "no_reference"),
        ({"TRXSEQ": "x"}, "no_reference"),
    ],
)
def test_a_row_that_cannot_be_understood_stops_the_file(change, rule):
    assert len(read(cmb(GOOD))) == 1
    with pytest.raises(BankFileRefusedError, match=rule):
        read(cmb({**GOOD, **change}))


def test_an_answer_without_rows_is_no_answer():
    with pytest.raises(BankFileRefusedError, match="nothing"):
        read(cmb())


def test_a_row_that_says_two_things_stops_the_file():
    row = {"YURREF": "ORDER-1", "TRXSEQ": "00000001", "REQSTS": "FIN", "RTNFLG": "F</RTNFLG><RTNFLG>S"}
    with pytest.raises(BankFileRefusedError, match="ambiguous"):
        read(cmb(row))


def refused(words, kinds=None, state="F"):
    row = {"YURREF": "ORDER-1", "TRXSEQ": "1", "REQSTS": "FIN", "RTNFLG": state, "RTNNAR": words}
    more = {} if kinds is None else {"kinds": kinds}
    (answer,) = read(cmb(row), **more)
    (reason,) = answer.reasons
    return reason.kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("业务参考号重复，该笔已处理", ReasonKind.DUPLICATE),
        ("请勿重复提交", ReasonKind.DUPLICATE),
        ("DUPLICATE order", ReasonKind.DUPLICATE),
        ("该笔重复；账户已销户", ReasonKind.DUPLICATE),
        ("账户已销户", ReasonKind.DEAD_ACCOUNT),
        ("收款账户已注销", ReasonKind.DEAD_ACCOUNT),
        ("账户冻结", ReasonKind.DEAD_ACCOUNT),
        ("户名不符", ReasonKind.DATA),
        ("收款账号户名有误", ReasonKind.DATA),
        ("账号不存在", ReasonKind.DATA),
        ("余额不足", ReasonKind.FUNDS),
        ("超过单笔限额", ReasonKind.LIMIT),
        ("付款账户已冻结", ReasonKind.UNREAD),
        ("业务处理失败", ReasonKind.UNREAD),
        ("", ReasonKind.UNREAD),
    ],
)
def test_the_words_of_a_refusal_are_read_and_what_they_do_not_say_is_not_guessed(words, kind):
    assert refused(words) is kind


def test_a_profile_adds_to_the_words_and_says_otherwise_of_one():
    kinds = {"来账控制": ReasonKind.DEAD_ACCOUNT, "重复": ReasonKind.LIMIT}
    assert refused("来账控制", kinds) is ReasonKind.DEAD_ACCOUNT
    assert refused("重复次数超限", kinds) is ReasonKind.LIMIT
    assert refused("账户已销户", kinds) is ReasonKind.DEAD_ACCOUNT


@pytest.mark.parametrize("state", ["C", "D", "B", "T"])
def test_what_expired_was_withdrawn_or_came_back_has_a_reason_without_words(state):
    assert refused("", state=state) is ReasonKind.UNNAMED
    assert refused("账户已销户", state=state) is ReasonKind.DEAD_ACCOUNT


def test_a_refusal_without_words_is_known_by_its_code_of_one_character_where_the_profile_has_it():
    assert refused("", {"FIN/F": ReasonKind.FUNDS}) is ReasonKind.FUNDS
    profile = IcbcAnswers(format="icbc-payper", element="rd", reasons={"6": ReasonKind.NONE})
    rows = "".join(f"<rd><iSeqno>1</iSeqno><Result>{code}</Result></rd>" for code in ("6", "8"))
    first, second = read(stream(f"<eb>{rows}</eb>"), "rd", IcbcRow(), message_id="ORDER-1", kinds=profile.reasons)
    assert [each.kind for each in (*first.reasons, *second.reasons)] == [ReasonKind.NONE, ReasonKind.UNREAD]
    assert refused("业务参考号重复", {"FIN/F": ReasonKind.FUNDS}) is ReasonKind.DUPLICATE
