"""What Tryton has approved to be paid, as payables: against a real server, whose accounting approves in its own words."""

from __future__ import annotations

from datetime import date

import pytest

from baton.hub.payment.drafting import Drafting, draft_system
from baton.model.pay_run import LineState
from baton.model.payable import Component, PayableKey
from baton.sandbox import tryton_payments
from baton.sandbox.tryton_payments import Owed
from baton.sdk import HaltError
from connectors.erp.tryton.payments import COLUMNS
from tests.connectors.erp.tryton_desk import Bench, provision
from tests.rig.clock import VirtualClock
from tests.rig.payroll import BANK, MAKER, Payroll, card, person, record
from tests.rig.targets import KeyTarget

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

PERIOD, DAY = "2026-11", date(2026, 11, 30)
SALARY, EXPENSE = Component.SALARY, Component.EXPENSE


class Ledger:
    """A bench whose accounting has two payment journals."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.admin = bench.admin
        self.wages, self.claims = f"{bench.prefix}工资", f"{bench.prefix}报销"
        self.journals = {name: tryton_payments.plant_journal(self.admin, name) for name in (self.wages, self.claims)}
        settings = {"payment_journals": {self.wages: "salary", self.claims: "expense"}}
        self.connector = bench.another(bench.wire, **settings)

    def hire(self, *numbers):
        self.bench.provision(*(provision(number, f"测试䶮{number}") for number in numbers))

    def code(self, number):
        return f"{self.bench.prefix}{number}"

    def owe(self, number, amount, on=DAY, *, journal=None, reference="", kind="payable"):
        owed = Owed(self.code(number), amount, on, reference)
        return tryton_payments.plant_payments(self.admin, self.journals[journal or self.wages], [owed], kind=kind)

    def approve(self, *payments):
        tryton_payments.approve_payments(self.admin, [each for some in payments for each in some])

    def rows(self, period=PERIOD, component=SALARY, connector=None):
        pages = list((connector or self.connector).payables(period, component))
        return [row for page in pages for row in page.rows.iter_rows(named=True)]

    def numbers(self, *payments):
        ids = [each for some in payments for each in some]
        return [row["number"] for row in self.admin.rows("account.payment", [["id", "in", ids]], ["number"])]


@pytest.fixture
def ledger(bench):
    return Ledger(bench)


def test_an_approved_payment_is_a_payable_with_everything_tryton_knows(ledger):
    ledger.hire("0012", "7")
    tryton_payments.plant_account(ledger.admin, ledger.code("0012"), "6222 0000 0000 0012", bank="示例䶮银行")
    first = ledger.owe("0012", "12345.67", reference="十一月")
    second = ledger.owe("7", "0.1", on=date(2026, 11, 1))
    ledger.approve(first, second)
    (page,) = ledger.connector.payables(PERIOD, SALARY)
    assert (page.rows.columns, {str(kind) for kind in page.rows.dtypes}, page.rejected) == (
        list(COLUMNS),
        {"String"},
        [],
    )
    one, two = page.rows.iter_rows(named=True)
    payee = {"holder": "测试䶮0012", "account": "6222 0000 0000 0012", "bank_code": None, "bank_name": "示例䶮银行"}
    names = ledger.numbers(first, second)
    said = {"number": "0012", "amount": "12345.67", "currency": "CNY", "remark": "十一月", "place": names[0]}
    assert one == {**said, **payee}
    assert (two["number"], float(two["amount"]), two["account"], two["holder"]) == ("7", 0.1, None, None)
    assert ledger.rows() == [one, two], "the same state gives the same rows"


def test_only_what_is_approved_for_the_month_and_the_component_is_given(ledger):
    ledger.hire("1")
    ledger.owe("1", "1.00")
    submitted = ledger.owe("1", "2.00")
    tryton_payments.submit_payments(ledger.admin, submitted)
    processed = ledger.owe("1", "3.00")
    before, after = ledger.owe("1", "4.00", on=date(2026, 10, 31)), ledger.owe("1", "5.00", on=date(2026, 12, 1))
    expense = ledger.owe("1", "6.00", journal=ledger.claims)
    wanted = ledger.owe("1", "7.00")
    ledger.approve(processed, before, after, expense, wanted)
    tryton_payments.process_payments(ledger.admin, processed)
    assert [row["amount"] for row in ledger.rows()] == ["7.00"]
    assert [row["amount"] for row in ledger.rows(component=EXPENSE)] == ["6.00"]
    assert [row["amount"] for row in ledger.rows("2026-10")] == ["4.00"]
    later = ledger.bench.another(payment_journals={ledger.wages: "salary"}, paid_months_later=1)
    assert [row["amount"] for row in ledger.rows(connector=later)] == ["5.00"]


def test_a_payment_to_no_employee_is_rejected_and_never_passed_over(ledger):
    ledger.hire("1")
    ledger.admin.call("party.party.create", [{"name": "示例供应商", "code": ledger.code("S")}])
    ledger.admin.call("party.party.create", [{"name": "示例供应商", "code": f"other-{ledger.bench.prefix}"}])
    mine, supplier = ledger.owe("1", "1.00"), ledger.owe("S", "9.00")
    owed = Owed(f"other-{ledger.bench.prefix}", "8.00", DAY)
    other = tryton_payments.plant_payments(ledger.admin, ledger.journals[ledger.wages], [owed])
    ledger.approve(mine, supplier, other)
    (page,) = ledger.connector.payables(PERIOD, SALARY)
    assert page.rows["number"].to_list() == ["1"]
    assert [(bad.row, bad.rule) for bad in page.rejected] == [
        (supplier[0], "not_an_employee"),
        (other[0], "not_an_employee"),
    ]
    assert "示例供应商" not in str(page.rejected)


def test_the_account_is_the_first_that_is_in_use_and_takes_the_currency(ledger):
    ledger.hire("1")
    code = ledger.code("1")
    last = tryton_payments.plant_account(ledger.admin, code, "6222000000000003", sequence=3)
    closed = tryton_payments.plant_account(ledger.admin, code, "6222000000000001", sequence=1)
    foreign = tryton_payments.plant_account(ledger.admin, code, "6222000000000002", sequence=2)
    numbers = [row["id"] for row in ledger.admin.rows("bank.account.number", [["account", "=", closed]], ["id"])]
    ledger.admin.call(
        "bank.account.write", [closed], {"active": False, "numbers": [["write", numbers, {"active": False}]]}
    )
    dollar = {"name": f"示例币{code}", "symbol": "$", "code": "USD", "digits": 2}
    ledger.admin.call(
        "bank.account.write", [foreign], {"currency": ledger.admin.call("currency.currency.create", [dollar])[0]}
    )
    ledger.admin.call(
        "bank.account.write", [last], {"numbers": [["create", [{"type": "other", "number": "6222000000000009"}]]]}
    )
    ledger.approve(ledger.owe("1", "1.00"))
    assert [row["account"] for row in ledger.rows()] == ["6222000000000003"]


def test_many_payments_come_in_pages_each_once(ledger, monkeypatch):
    monkeypatch.setattr("connectors.erp.tryton.reader.PAGE", 2)
    numbers = [f"{n:04d}" for n in range(1, 6)]
    ledger.hire(*numbers)
    ledger.approve(*(ledger.owe(number, f"{number}.00") for number in numbers))
    pages = list(ledger.connector.payables(PERIOD, SALARY))
    assert [(page.first_row, page.rows["number"].to_list()) for page in pages] == [
        (1, numbers[:2]),
        (3, numbers[2:4]),
        (5, numbers[4:]),
    ]


@pytest.mark.parametrize(
    ("journals", "code"),
    [({}, "no_journal"), ({"示例": "expense"}, "no_journal"), ({"没有": "salary"}, "unknown_journal")],
)
def test_a_journal_that_nobody_named_or_knows_stops_with_what_to_do(bench, journals, code):
    with pytest.raises(HaltError) as halted:
        list(bench.another(payment_journals=journals).payables(PERIOD, SALARY))
    assert (halted.value.code, bool(halted.value.remedy)) == (code, True)


def test_a_run_is_drafted_of_what_tryton_has_approved(ledger, tmp_path):
    ledger.hire("0001", "0002")
    tryton_payments.plant_account(ledger.admin, ledger.code("0001"), card(77))
    owed = [ledger.owe("0001", "8000.00"), ledger.owe("0002", "12345.67", reference="十一月")]
    ledger.approve(*owed)
    names = ledger.numbers(*owed)
    company = Payroll(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
    company.erp = ledger.connector
    with company.open() as hub:
        record(hub, person("0001"), person("0002"))
        wanted = Drafting(BANK, SALARY, PERIOD, DAY, MAKER)
        drafted = draft_system(hub, wanted, "erp")
        again = draft_system(hub, wanted, "erp")
    assert [line.payable.key for line in drafted.lines] == [PayableKey(n, PERIOD, SALARY) for n in ("0001", "0002")]
    assert [line.payable.amount_minor for line in drafted.lines] == [800_000, 1_234_567]
    assert [line.payable.payee.account for line in drafted.lines] == [card(77), card(2)]
    assert [line.payable.place for line in drafted.lines] == [f"erp:{name}" for name in names]
    assert [(line.state, line.code) for line in again.lines] == [(LineState.LEFT_OUT, "claimed")] * 2
