"""Banks that name a line by its place in the file and answer in rows of their own: every line ends where the bank put it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment import answering
from baton.hub.payment.answering import Taken, take_answers
from baton.hub.payment.reconciling import reconcile
from baton.hub.payment.reissuing import read_of, reissue_run, unpaid, unread_of
from baton.jobs.payment.reconciliation import Verdict
from baton.model.bank_answers import BankAnswer, ReasonKind
from baton.model.pay_run import LineState
from baton.sandbox.paying_bank.bank import PayingBank
from baton.store.bank_answers import BankEvent
from tests.hub.payment.office import PAY_DAY, Office
from tests.rig.clock import VirtualClock
from tests.rig.payroll import ACCOUNT, BANK, MAKER, POLICY, TREASURY, BankMemory, Payroll
from tests.rig.targets import KeyTarget

BANKS = {
    "cmb-agency": ("contract: {login: demo01, branch: '75', business_mode: '00001'}", "308584000013", "{:08d}"),
    "icbc-payper": ("contract: {group: '400090001600001', certificate: demo.y.4000}", "102100099996", "{}"),
}
"""What a customer adds to a profile, a branch of that bank, and how it writes a place."""
THREE = {"0003": "7000.00", "0001": "8000.00", "0002": "12,345.67"}
"""In another order than that of the file, which is by employee number."""


class Desk:
    """The bank's side of the door: what was delivered, already opened."""

    def __init__(self, memory: BankMemory) -> None:
        self.memory = memory

    @property
    def delivered_files(self) -> Mapping[str, bytes]:
        return self.memory.contents

    def opened(self, data: bytes) -> bytes:
        return data

    def answer_payments(self, name: str, content: bytes) -> None:
        self.memory.answers.append(AnswerFile(name, AnswerKind(name.partition("_")[0]), content))


class Branch:
    """A hub that pays through one of these banks, and the bank behind it."""

    def __init__(self, profile: str, office: Office) -> None:
        self.office = office
        _, self.bank_code, self.place = BANKS[profile]
        self.bank = PayingBank(Desk(office.bank), account=ACCOUNT)
        self.run_id = ""

    def pay(self) -> str:
        """Until it is at the bank; the message id."""
        self.office.hire(*THREE, bank_code=self.bank_code)
        self.run_id = self.office.signed(THREE)
        self.office.release(self.run_id)
        self.office.deliver()
        return self.office.lines(self.run_id)[0].message_id

    def take(self) -> Taken:
        taken = take_answers(self.office.hub, BANK)
        assert taken.refused == {}
        return taken

    def states(self) -> dict[str, LineState]:
        return self.office.states(self.run_id)


@pytest.fixture(params=BANKS)
def branch(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Branch]:
    policy, folder = tmp_path / "policy.yaml", tmp_path / "profiles"
    policy.write_text(POLICY, "utf-8")
    folder.mkdir()
    contract, code, _ = BANKS[request.param]
    (folder / "ours.yaml").write_text(f"based_on: {request.param}\n{contract}\n", "utf-8")
    ways = {"policy": policy, "profile": "ours", "profiles": folder, "branch": code}
    company = Payroll(tmp_path, database_url, VirtualClock(), {"crm": KeyTarget}, **ways)
    hub = company.open()
    yield Branch(request.param, Office(company, hub))
    hub.close()


def test_lines_follow_the_rows_and_the_batch_on_the_statement(branch: Branch) -> None:
    message_id = branch.pay()
    branch.bank.mood.rejects[f"{message_id}/{branch.place.format(2)}"] = "户名不符"
    assert branch.bank.work() == 1
    assert branch.take().alarms == []
    refused, taken, paid = LineState.REJECTED, LineState.ACCEPTED, LineState.PAID
    assert branch.states() == {"0001": taken, "0002": refused, "0003": taken}
    assert branch.bank.book() == 1
    assert branch.take().alarms == []
    assert branch.states() == {"0001": paid, "0002": refused, "0003": paid}
    assert branch.bank.paid.total() == 2
    branch.office.deliver()
    assert reconcile(branch.office.hub, BANK).verdict is Verdict.CLEAN


def test_done_at_the_bank_is_not_paid_before_a_statement_shows_it(branch: Branch) -> None:
    branch.pay()
    branch.bank.work()
    branch.bank.book()
    memory = branch.office.bank
    memory.answers = [answer for answer in memory.answers if answer.kind is not AnswerKind.STATEMENT]
    branch.take()
    assert set(branch.states().values()) == {LineState.DEBITED}


def test_a_row_about_an_order_of_nobodys_refuses_its_file_and_moves_nothing(branch: Branch) -> None:
    message_id = branch.pay()
    branch.bank.work()
    (answer,) = branch.office.bank.answers
    strange = answer.content.replace(message_id.encode(), b"A" * 26)
    branch.office.bank.answers = [AnswerFile(answer.name, answer.kind, strange)]
    assert "no_reference" in take_answers(branch.office.hub, BANK).refused[answer.name]
    assert set(branch.states().values()) == {LineState.RELEASED}


def test_answers_to_what_another_profile_wrote_are_still_understood(branch: Branch) -> None:
    branch.pay()
    branch.bank.work()
    branch.office.company.profile = "iso20022-cny"
    hub = branch.office.company.open()
    try:
        later = Office(branch.office.company, hub)
        later.hire("0009", bank_code=branch.bank_code)
        later.draft({"0009": "1.00"})
        assert take_answers(hub, BANK).refused == {}
    finally:
        hub.close()
    assert set(branch.states().values()) == {LineState.ACCEPTED}


def test_rows_counted_otherwise_than_our_lines_refuse_their_file_and_move_nobody(branch: Branch) -> None:
    """A bank that counts from another line on says of one person what is true of the next: the amounts tell."""
    message_id = branch.pay()
    branch.bank.mood.rejects[f"{message_id}/{branch.place.format(2)}"] = "户名不符"
    branch.bank.work()
    (answer,) = branch.office.bank.answers
    second, third = (f">{branch.place.format(place)}</".encode() for place in (2, 3))
    shifted = answer.content.replace(second, b">#</").replace(third, second).replace(b">#</", third)
    assert shifted != answer.content
    branch.office.bank.answers = [AnswerFile(answer.name, answer.kind, shifted)]
    refused = take_answers(branch.office.hub, BANK).refused[answer.name]
    assert "other_amount" in refused
    assert not any(amount in refused for amount in ("12,345.67", "1234567", "700000"))
    assert set(branch.states().values()) == {LineState.RELEASED}
    branch.office.bank.answers = [answer]
    assert branch.take().alarms == []
    assert branch.states()["0002"] is LineState.REJECTED


def refuse(branch: Branch, words: str) -> None:
    """The bank refuses the second line in these words."""
    message_id = branch.pay()
    branch.bank.mood.rejects[f"{message_id}/{branch.place.format(2)}"] = words
    branch.bank.work()
    branch.take()
    assert branch.states()["0002"] is LineState.REJECTED


@pytest.mark.parametrize(
    ("words", "why"), [("业务参考号重复，该笔已处理", "duplicate"), ("账户已销户", "not_corrected")]
)
def test_what_the_bank_says_in_its_own_words_is_not_drafted_again(branch: Branch, words: str, why: str) -> None:
    refuse(branch, words)
    with pytest.raises(ApprovalError, match=f"paid again: {why}$"):
        reissue_run(branch.office.hub, branch.run_id, MAKER, PAY_DAY)


def test_words_in_no_table_hold_a_line_until_an_office_names_what_they_mean(branch: Branch) -> None:
    refuse(branch, "交易未完成")
    hub, run_id = branch.office.hub, branch.run_id
    ((line, said),) = unread_of(hub, run_id)
    assert (line.payable.key.number, said.rpartition(": ")[2]) == ("0002", "交易未完成")
    with pytest.raises(ApprovalError, match="unread_reason") as held:
        reissue_run(hub, run_id, TREASURY, PAY_DAY)
    assert "--means" in held.value.remedy
    assert "交易未完成" not in str(held.value)
    with pytest.raises(ApprovalError, match="duplicate"):
        reissue_run(hub, run_id, TREASURY, PAY_DAY, {"交易未完成": ReasonKind.DUPLICATE})
    with pytest.raises(ApprovalError, match="holds no office"):
        reissue_run(hub, run_id, "somebody", PAY_DAY, {"交易未完成": ReasonKind.FUNDS})
    assert [line.line for line, _ in unread_of(hub, run_id)] == [line.line]
    again = reissue_run(hub, run_id, TREASURY, PAY_DAY, {"交易未完成": ReasonKind.FUNDS})
    assert [line.payable.key.number for line in again.lines] == ["0002"]
    assert again.run.facts["named"] == {line.reference: "funds"}
    assert unread_of(hub, run_id) == []


@pytest.mark.parametrize(
    ("words", "kind", "why"),
    [
        ("重复校验服务异常", "duplicate (重复)", "duplicate"),
        ("销户登记系统异常", "dead_account (销户)", "not_corrected"),
    ],
)
def test_what_words_were_read_as_is_overruled_by_an_office_and_costs_nobody_a_claim(
    branch: Branch, words: str, kind: str, why: str
) -> None:
    refuse(branch, words)
    hub, run_id = branch.office.hub, branch.run_id
    ((line, said, read),) = read_of(hub, run_id)
    assert (line.payable.key.number, said.rpartition(": ")[2], read) == ("0002", words, kind)
    with hub.database.read() as connection:
        assert [each.reference for each in unpaid(hub, connection, "0002")] == [line.reference]
    with pytest.raises(ApprovalError, match=why):
        reissue_run(hub, run_id, TREASURY, PAY_DAY)
    with pytest.raises(ApprovalError, match="holds no office"):
        reissue_run(hub, run_id, "somebody", PAY_DAY, {words: ReasonKind.FUNDS})
    again = reissue_run(hub, run_id, TREASURY, PAY_DAY, {words: ReasonKind.FUNDS})
    assert [each.payable.key.number for each in again.lines] == ["0002"]
    assert again.run.facts["named"] == {line.reference: "funds"}
    assert read_of(hub, run_id) == []


@pytest.mark.parametrize("words", ["账户余额不足，请勿重复提交", "当日累计已支付金额超过限额"])
def test_an_ordinary_refusal_with_a_warning_in_it_is_drafted_again(branch: Branch, words: str) -> None:
    refuse(branch, words)
    again = reissue_run(branch.office.hub, branch.run_id, TREASURY, PAY_DAY)
    assert [each.payable.key.number for each in again.lines] == ["0002"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("业务参考号重复，该笔已处理", "duplicate"),
        ("账户已销户", "not_corrected"),
        ("交易未完成", "unread_reason"),
        (" ", "unread_reason"),
    ],
)
def test_words_that_were_kept_before_any_were_read_are_read_when_they_are_asked_for(
    branch: Branch, monkeypatch: pytest.MonkeyPatch, words: str, why: str
) -> None:
    as_now = answering._answer_event

    def as_before(system: str, name: str, place: int, said: BankAnswer, at: datetime) -> BankEvent:
        event = as_now(system, name, place, said, at)
        old = [{"code": each["code"], "kind": "unnamed", "text": each["text"]} for each in event.facts["reasons"]]
        return replace(event, facts={**event.facts, "reasons": old})

    monkeypatch.setattr(answering, "_answer_event", as_before)
    refuse(branch, words)
    hub, run_id = branch.office.hub, branch.run_id
    with pytest.raises(ApprovalError, match=f"paid again: {why}"):
        reissue_run(hub, run_id, TREASURY, PAY_DAY)
    again = reissue_run(hub, run_id, TREASURY, PAY_DAY, {words.strip() or _state_of(branch): ReasonKind.FUNDS})
    assert [each.payable.key.number for each in again.lines] == ["0002"]


def _state_of(branch: Branch) -> str:
    """The bank's word for a refusal."""
    return {"308584000013": "FIN/F", "102100099996": "6"}[branch.bank_code]
