"""The bank that judges us: pays what it is asked to once, and tells it in papers that another parser reads."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from baton.banking.catalogue import load_profile
from baton.banking.splitting import OrderHead, split
from baton.banking.writing import pieces
from baton.model.payable import BankAccount, Component, Payable, PayableKey
from baton.sandbox import paying_bank
from baton.sandbox.paying_bank.bank import PayingBank

CNAPS = "308584000013"
DAY = date(2026, 11, 26)


class Door:
    """A door without locks: what is put in front of it is what is inside."""

    def __init__(self) -> None:
        self.delivered_files: dict[str, bytes] = {}
        self.answers: dict[str, bytes] = {}

    def opened(self, data: bytes) -> bytes:
        if data.startswith(b"SEALED"):
            raise ValueError
        return data

    def answer_payments(self, name: str, content: bytes) -> None:
        assert name not in self.answers
        self.answers[name] = content

    def told(self, name: str, *words: str) -> list[str]:
        """The texts of all elements of these names, in the order of the paper."""
        return [
            node.text or ""
            for node in etree.fromstring(self.answers[name]).iter()
            if etree.QName(node).localname in words
        ]


def payable(n: int, fen: int = 1_234_501, attempt: int = 1) -> Payable:
    payee = BankAccount(f"测试䶮{n}", f"6222{n:015d}", CNAPS)
    return Payable(PayableKey(f"{n:04d}", "2026-11", Component.SALARY, attempt), payee, fen)


def order(run: str, payables: Sequence[Payable]) -> bytes:
    payer = BankAccount("示例有限公司", "6222000000000000000", CNAPS)
    profile = load_profile("iso20022-cny")
    head = OrderHead(run, datetime(2026, 11, 25, 8, tzinfo=UTC), DAY, payer, "示例有限公司")
    (part,) = split(payables, profile)
    return b"".join(pieces(head.order(part), profile))


def reference(n: int, attempt: int = 1) -> str:
    return PayableKey(f"{n:04d}", "2026-11", Component.SALARY, attempt).reference


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def bank(door: Door) -> PayingBank:
    return PayingBank(door, now=lambda: datetime(2026, 11, 26, 9, tzinfo=UTC))


def test_each_payment_is_made_once_and_told(door, bank):
    door.delivered_files["a"] = order("run-1", [payable(1), payable(2, 5)])
    assert (bank.work(), bank.work(), bank.accepted) == (1, 0, 2)
    assert door.told("report_00000001", "GrpSts", "TxSts") == ["ACSP"] * 3
    assert (bank.book(DAY), bank.book(DAY), bank.accepted) == (2, 0, 0)
    assert bank.paid == {reference(1): 1, reference(2): 1}
    assert door.told("statement_00000001", "EndToEndId") == [reference(1), reference(2)]
    assert "12345.01" in door.told("statement_00000001", "Amt")
    assert "测试䶮1" in door.told("statement_00000001", "Nm")
    opening, closing = door.told("statement_00000001", "Amt")[:2]
    assert [opening, closing] == ["10000000000.00", f"{10**10 - 12345 - 1}.94"]


def test_what_came_before_is_refused(door, bank):
    door.delivered_files["a"] = order("run-1", [payable(1)])
    door.delivered_files["b"] = order("run-1", [payable(1), payable(2)])
    door.delivered_files["c"] = order("run-2", [payable(1), payable(3)])
    assert bank.work() == 3
    assert door.told("report_00000002", "GrpSts", "Cd") == ["RJCT", "DU01"]
    assert door.told("report_00000003", "GrpSts", "TxSts", "Cd") == ["PART", "RJCT", "DU04", "ACSP"]
    bank.book(DAY)
    assert bank.paid == {reference(1): 1, reference(3): 1}
    bank.mood.checks_references = False
    door.delivered_files["d"] = order("run-3", [payable(1)])
    bank.work()
    bank.book(DAY)
    assert bank.paid[reference(1)] == 2  # it can count to two: a bank that looks away shows who pays twice


def test_refusals_now_and_late_and_what_comes_back(door, bank):
    bank.mood.rejects[reference(1)] = "AC01"
    bank.mood.late_rejects[reference(2)] = "AC04"
    bank.mood.returns[reference(3)] = "BE01"
    door.delivered_files["a"] = order("run-1", [payable(n) for n in (1, 2, 3, 4)])
    bank.work()
    assert door.told("report_00000001", "GrpSts", "TxSts", "Cd") == ["PART", "RJCT", "AC01", "ACSP", "ACSP", "ACSP"]
    assert bank.book(DAY) == 2
    assert door.told("report_00000002", "OrgnlEndToEndId", "TxSts", "Cd") == [reference(2), "RJCT", "AC04"]
    balance = bank.balance_minor
    assert bank.book(DAY) == 1
    assert (bank.came_back, bank.balance_minor - balance) == ({reference(3): 1}, payable(3).amount_minor)
    assert door.told("statement_00000002", "EndToEndId") == [reference(3)]
    returned = etree.fromstring(door.answers["statement_00000002"]).find(".//{*}RtrInf/{*}Rsn/{*}Cd")
    assert returned is not None
    assert returned.text == "BE01"
    assert bank.paid == {reference(3): 1, reference(4): 1}


def test_lost_and_doubled_papers(door, bank):
    bank.mood.loses_answers = bank.mood.doubles_statements = bank.mood.writes_notices = True
    door.delivered_files["a"] = order("run-1", [payable(1)])
    bank.work()
    assert door.answers == {}
    bank.book(DAY)
    assert sorted(door.answers) == ["statement_00000001", "statement_00000001_copy", "statement_notice_00000001"]
    assert door.answers["statement_00000001"] == door.answers["statement_00000001_copy"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"<CtrlSum>", b"<CtrlSum>1"), "AM10"),
        ((b"<NbOfTxs>", b"<NbOfTxs>1"), "AM18"),
        ((b"<CdtTrfTxInf>", b"<CdtTrfTxInf"), "FF01"),
        ((b'Ccy="CNY">', b'Ccy="CNY">0.00'), "FF01"),
        ((b'<?xml version="1.0" encoding="UTF-8"?>', b"SEALED"), "DS0B"),
    ],
)
def test_a_file_it_cannot_read_is_refused_as_a_whole(door, bank, change, code):
    door.delivered_files["a"] = order("run-1", [payable(1)]).replace(*change)
    bank.work()
    assert door.told("report_00000001", "GrpSts", "Cd") == ["RJCT", code]
    bank.book(DAY)
    assert bank.paid == {}


def test_it_knows_nothing_of_the_hub():
    for path in Path(paying_bank.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("baton", "connectors")):
                assert node.module is not None
                assert node.module.startswith("baton.sandbox.paying_bank")
