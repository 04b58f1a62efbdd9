"""What banks write in ordinary refusals, and what it asks of us: no piece is believed that means something else there."""

from __future__ import annotations

import pytest

from baton.model.bank_answers import BankState, Reason, ReasonKind
from baton.model.bank_words import OURS, Tables, overruled

FAILED, BACK = BankState.REJECTED, BankState.RETURNED


def read(words: str, state: BankState = FAILED, code: str = "") -> ReasonKind | None:
    meaning = OURS.of(state).meaning(code, words)
    return None if meaning is None else meaning.kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("账户余额不足，请勿重复提交", ReasonKind.FUNDS),
        ("当日累计已支付金额超过限额", ReasonKind.LIMIT),
        ("该笔已处理失败，余额不足", ReasonKind.FUNDS),
        ("我行系统升级，请在营业时间内重新发起，避免重复提交", ReasonKind.CUT_OFF),
        ("非重复交易", None),
        ("该笔未重复", None),
        ("密码重复输入错误", None),
        ("批次已处理完毕，该笔失败：户名不符", ReasonKind.DATA),
        ("业务参考号重复，请勿重复提交", ReasonKind.DUPLICATE),
        ("请勿重复提交", ReasonKind.DUPLICATE),
    ],
)
def test_a_warning_or_a_denial_is_no_duplicate(words: str, kind: ReasonKind | None) -> None:
    assert read(words) is kind


@pytest.mark.parametrize(
    "words",
    [
        *("交易失败，请联系开户行", "系统繁忙，请与开户行联系", "交易失败，详情请咨询开户行"),
        *(
            "报文格式错误",
            "摘要格式不正确",
            "经办人证件已过期",
            "企业证件已过期",
            "付款银行行号错误",
            "授权人身份证过期",
        ),
        *("收款账户状态正常，银行系统异常", "操作员已注销", "数字证书已冻结", "单位账户冻结", "公司账户被冻结"),
        *("企业网银用户已注销", "付款账户已冻结", "付款账户异常，已冻结"),
    ],
)
def test_words_about_a_message_a_branch_or_our_own_side_ask_nothing_of_the_payee(words: str) -> None:
    assert read(words) is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("收款人账户已销户，款项已退回付款账户", ReasonKind.DEAD_ACCOUNT),
        ("收款账户状态异常", ReasonKind.DEAD_ACCOUNT),
        ("账户状态不正常", ReasonKind.DEAD_ACCOUNT),
        ("收款人户名不符，资金已退回付款人账户", ReasonKind.DATA),
        ("收款单位户名不符", ReasonKind.DATA),
        ("经办人已提交，收款账户已冻结", ReasonKind.DEAD_ACCOUNT),
        ("收款行号不存在", ReasonKind.DATA),
        ("收款人开户行有误", ReasonKind.DATA),
        ("账号格式错误", ReasonKind.DATA),
        ("收款人证件号码不符", ReasonKind.DATA),
        ("本单位账户部分冻结，可用余额不足", ReasonKind.FUNDS),
    ],
)
def test_what_is_said_of_the_payee_is_read_beside_what_is_said_of_us(words: str, kind: ReasonKind) -> None:
    assert read(words) is kind


def test_that_it_had_arrived_makes_nothing_a_duplicate_that_came_back() -> None:
    assert read("收款行退票：已入账后退回", BACK) is None
    assert read("已入账后退回，账户已销户", BACK) is ReasonKind.DEAD_ACCOUNT
    assert read("重复付款退回", BACK) is ReasonKind.DUPLICATE
    assert read("该笔已入账") is ReasonKind.DUPLICATE


def test_a_code_of_a_profile_is_matched_whole() -> None:
    own = {"14": ReasonKind.DUPLICATE, "E1": ReasonKind.DEAD_ACCOUNT, "7": ReasonKind.LIMIT}
    table = Tables(own).of(FAILED)
    for code, words, kind in (
        ("51", "余额不足 2026-11-14", ReasonKind.FUNDS),
        ("E17", "余额不足", ReasonKind.FUNDS),
        ("14", "余额不足", ReasonKind.DUPLICATE),
        ("e1", "", ReasonKind.DEAD_ACCOUNT),
        ("99", "见 E1，余额不足", ReasonKind.DEAD_ACCOUNT),
        ("7", "", ReasonKind.LIMIT),
    ):
        meaning = table.meaning(code, words)
        assert meaning is not None
        assert meaning.kind is kind
    assert table.meaning("77", "第 7 笔") is None


def reason(words: str, code: str = "FIN/F") -> Reason:
    meaning = OURS.of(FAILED).meaning("", words)
    return Reason(code, ReasonKind.UNREAD, words) if meaning is None else Reason(code, meaning[0], words, meaning[1])


def test_what_was_read_from_words_is_overruled_by_whoever_names_the_piece_it_was_read_from() -> None:
    said = reason("业务重复校验未通过，余额待查")
    assert said.kind is ReasonKind.DUPLICATE
    funds = ReasonKind.FUNDS
    assert overruled(said, {"重复校验未通过": funds}) is funds
    assert overruled(said, {said.text: funds}) is funds
    assert overruled(said, {"余额待查": funds}) is None
    assert overruled(said, {"FIN/F": funds}) is None
    assert overruled(Reason("AM05", ReasonKind.DUPLICATE, "业务重复"), {"业务重复": funds}) is None


def test_what_the_rest_of_the_words_says_holds_beside_what_somebody_says() -> None:
    said = reason("参考号重复，收款账户已销户")
    assert overruled(said, {"重复": ReasonKind.NONE}) is ReasonKind.DEAD_ACCOUNT
    assert overruled(said, {"重复": ReasonKind.NONE, "收款账户已销户": ReasonKind.NONE}) is ReasonKind.NONE
