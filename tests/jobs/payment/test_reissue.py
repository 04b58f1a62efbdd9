from __future__ import annotations

from dataclasses import replace

import pytest

from baton.jobs.payment.reissue import Evidence, Refusal, Reissue, named, reissue
from baton.model.bank_answers import Reason, ReasonKind
from baton.model.pay_run import LineState as S
from baton.model.payable import BankAccount, Component, Payable, PayableKey

OLD = BankAccount("测试甲", "6222000000000001")
NEW = BankAccount("测试甲", "6222000000000002")
FAILED = Payable(PayableKey("0042", "2026-11", Component.SALARY), OLD, 12_345)


def evidence(*kinds, **changes):
    reasons = tuple(Reason("X", kind) for kind in kinds)
    return replace(Evidence("bank/answer.xml/3", FAILED.key.reference, reasons), **changes)


def again(state=S.RETURNED, shown=None, payee=OLD, attempts=(FAILED.key,)):
    return reissue(FAILED, state, shown or evidence(), payee, attempts)


@pytest.mark.parametrize("state", [S.REJECTED, S.RETURNED, S.RECALLED])
def test_what_failed_is_the_next_attempt_under_another_reference_with_its_evidence(state):
    found = again(state)
    assert isinstance(found, Reissue)
    assert found.evidence == "bank/answer.xml/3"
    assert found.payable.key == replace(FAILED.key, attempt=2)
    assert found.payable.key.reference != FAILED.key.reference
    assert (found.payable.amount_minor, found.payable.payee) == (12_345, OLD)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        *[(state, Refusal.ASK_THE_BANK) for state in (S.RELEASED, S.ACCEPTED, S.DEBITED, S.IN_DOUBT)],
        *[(state, Refusal.NOT_FAILED) for state in (S.PAID, S.DRAFT, S.HELD, S.FILED, S.LEFT_OUT, S.CANCELLED)],
        (S.DISPUTED, Refusal.DISPUTED),
    ],
)
def test_nothing_else_is_ever_paid_again(state, why):
    assert again(state) is why


def test_every_state_has_been_asked():
    outcomes = {state: again(state) for state in S}
    assert {state for state, found in outcomes.items() if isinstance(found, Reissue)} == {
        S.REJECTED,
        S.RETURNED,
        S.RECALLED,
    }


def test_without_evidence_about_this_very_line_nothing_is_paid_again():
    assert again(shown=evidence(answer_id="")) is Refusal.NO_EVIDENCE
    assert again(shown=evidence(reference=replace(FAILED.key, attempt=2).reference)) is Refusal.NO_EVIDENCE


def test_a_duplicate_is_never_sent_again_whatever_else_the_bank_says():
    assert again(S.REJECTED, evidence(ReasonKind.FUNDS, ReasonKind.DUPLICATE), NEW) is Refusal.DUPLICATE


@pytest.mark.parametrize("kind", [ReasonKind.DATA, ReasonKind.DEAD_ACCOUNT])
def test_details_that_the_bank_has_refused_are_corrected_first(kind):
    assert again(shown=evidence(kind)) is Refusal.NOT_CORRECTED
    found = again(shown=evidence(kind), payee=NEW)
    assert isinstance(found, Reissue)
    assert found.payable.payee == NEW


@pytest.mark.parametrize(
    "other", [{"bank_name": "中国工商银行北京分行"}, {"account": "6222 0000-00000001"}, {"town": "北京"}]
)
def test_a_dead_account_is_corrected_by_another_account_only(other):
    same = replace(OLD, **other)
    assert again(shown=evidence(ReasonKind.DEAD_ACCOUNT), payee=same) is Refusal.NOT_CORRECTED
    assert again(shown=evidence(ReasonKind.DATA, ReasonKind.DEAD_ACCOUNT), payee=same) is Refusal.NOT_CORRECTED
    assert isinstance(again(shown=evidence(ReasonKind.DATA), payee=same), Reissue)


@pytest.mark.parametrize("kind", [ReasonKind.FUNDS, ReasonKind.CUT_OFF, ReasonKind.UNNAMED, ReasonKind.LIMIT])
def test_other_reasons_need_no_correction(kind):
    assert isinstance(again(S.REJECTED, evidence(kind)), Reissue)


def test_there_is_one_next_attempt_and_only_of_this_payable():
    second = replace(FAILED.key, attempt=2)
    assert again(attempts=[FAILED.key, second]) is Refusal.ATTEMPTED
    assert again(attempts=[FAILED.key, replace(FAILED.key, attempt=3)]) is Refusal.ATTEMPTED
    others = [
        replace(second, number="0043"),
        replace(second, period="2026-10"),
        replace(second, component=Component.BONUS),
    ]
    assert isinstance(again(attempts=[FAILED.key, *others]), Reissue)


@pytest.mark.parametrize("state", [S.REJECTED, S.RECALLED])
def test_words_that_nobody_has_read_hold_a_line_until_somebody_names_what_they_mean(state):
    assert again(state, evidence(ReasonKind.UNREAD)) is Refusal.UNREAD_REASON
    assert again(state, evidence(ReasonKind.FUNDS, ReasonKind.UNREAD), NEW) is Refusal.UNREAD_REASON


def test_what_came_back_is_no_duplicate_whatever_its_words_are():
    assert isinstance(again(S.RETURNED, evidence(ReasonKind.UNREAD)), Reissue)


def test_words_are_named_by_a_piece_of_them_or_by_the_code_and_nothing_else_is():
    said = (Reason("FIN/F", ReasonKind.UNREAD, "系统异常"), Reason("X", ReasonKind.DUPLICATE, "系统异常"))
    shown = evidence(reasons=said)
    assert [each.kind for each in named(shown, {"系统异常": ReasonKind.FUNDS}).reasons] == [
        ReasonKind.FUNDS,
        ReasonKind.DUPLICATE,
    ]
    assert named(shown, {"fin/f": ReasonKind.DATA}).reasons[0].kind is ReasonKind.DATA
    assert named(shown, {"异常终止": ReasonKind.DATA}) == shown


def test_a_code_of_one_character_without_words_is_named_whole():
    shown = evidence(reasons=(Reason("6", ReasonKind.UNREAD),))
    assert named(shown, {"6": ReasonKind.NONE}).said is ReasonKind.NONE
    for other in ("66", "16", "Result 6"):
        assert named(shown, {other: ReasonKind.NONE}) == shown
    assert named(evidence(reasons=(Reason("16", ReasonKind.UNREAD, "6"),)), {"1": ReasonKind.NONE}).said is None
