"""baton pay reissue: words of the bank that nobody has read are shown, and paid again once somebody says what they mean."""

from contextlib import nullcontext

import pytest

from baton.cli.context import Context
from baton.contracts.payments import AnswerFile, AnswerKind
from baton.hub.payment.answering import take_answers
from tests.cli.paying import baton
from tests.hub.payment.office import PAY_DAY, Office
from tests.rig.clock import VirtualClock
from tests.rig.payroll import BANK, POLICY, TREASURY, Payroll
from tests.rig.targets import KeyTarget

ROWS = """
based_on: iso20022-cny
answers: {format: rows, encoding: utf-8, columns: 3, reference: 1, state: 2, words: 3, states: {"no": rejected, "x": rejected}}
"""


@pytest.fixture
def office(tmp_path, monkeypatch):
    policy, profiles = tmp_path / "policy.yaml", tmp_path / "profiles"
    policy.write_text(POLICY, "utf-8")
    profiles.mkdir()
    (profiles / "ours.yaml").write_text(ROWS, "utf-8")
    ways = {"policy": policy, "profile": "ours", "profiles": profiles}
    company = Payroll(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget}, **ways)
    with company.open() as hub:
        monkeypatch.setattr(Context, "hub", lambda _: nullcontext(hub))
        yield Office(company, hub)


def test_words_that_are_in_no_table_are_shown_and_named(office):
    run = office.delivered({"0001": "100.00", "0002": "200.00"})
    said = "".join(f"{line.reference},no,{words}\n" for line, words in zip(office.lines(run), ("系统异常", "余额不足"), strict=True))  # fmt: skip
    office.bank.answers.append(AnswerFile("a", AnswerKind.REPORT, said.encode()))
    assert take_answers(office.hub, BANK).refused == {}
    reissue = ("reissue", run, "--on", PAY_DAY, "--as", TREASURY)
    assert baton(*reissue, "--means", "系统异常=gone").code == 2
    assert baton(*reissue, "--means", "=funds").code == 2
    half = baton(*reissue)
    assert (half.code, "系统异常" in half.out, "余额不足" in half.out) == (1, True, False)
    assert "unread_reason" in half.out
    held = baton(*reissue, lang="zh")
    assert (held.code, "银行原文" in held.out, "系统异常" in held.out, "系统异常" in held.err) == (2, True, True, False)
    named = baton(*reissue, "--means", "系统异常=funds", "--json")
    assert (named.code, [line["number"] for line in named.json["lines"]]) == (1, ["0001"])
    assert [line["why"] for line in named.json["refused"]] == ["attempted"]


def test_words_are_shown_to_whoever_holds_an_office_and_what_they_were_read_as_is_shown_with_them(office):
    run = office.delivered({"0001": "100.00", "0002": "200.00", "0003": "300.00"})
    said = "".join(f"{line.reference},no,{words}\n" for line, words in zip(office.lines(run), ("系统异常", "重复校验服务异常", "限额"), strict=True))  # fmt: skip
    office.bank.answers.append(AnswerFile("a", AnswerKind.REPORT, said.encode()))
    assert take_answers(office.hub, BANK).refused == {}
    other = baton("reissue", run, "--on", PAY_DAY, "--as", "somebody")
    assert ("系统异常" in other.out, "重复校验" in other.out) == (False, False)
    shown = baton("reissue", run, "--on", PAY_DAY, "--as", TREASURY, "--means", "系统异常=unread", lang="zh")
    assert shown.code == 2
    shown = baton("reissue", run, "--on", PAY_DAY, "--as", TREASURY, "--means", "服务异常=funds", lang="zh")
    assert ("系统异常" in shown.out, "duplicate (重复)" in shown.out, "理解为" in shown.out) == (True, True, True)


def test_a_refusal_without_words_is_named_by_the_banks_code_of_one_character(office):
    run = office.delivered({"0001": "100.00"})
    (line,) = office.lines(run)
    office.bank.answers.append(AnswerFile("a", AnswerKind.REPORT, f"{line.reference},x,\n".encode()))
    assert take_answers(office.hub, BANK).refused == {}
    reissue = ("reissue", run, "--on", PAY_DAY, "--as", TREASURY)
    assert baton(*reissue).code == 2
    named = baton(*reissue, "--means", "x=none", "--json")
    assert (named.code, [each["number"] for each in named.json["lines"]]) == (0, ["0001"])
