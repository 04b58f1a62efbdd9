"""Where a run's lines come from: a system that knows payables, and a request that is made again after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from baton.errors import ConfigurationError, FeedRefusedError, RetryableError, TransitionError
from baton.hub.payment.drafting import Drafted, Drafting, draft, draft_file, draft_system
from baton.jobs.payment.payable_rows import PayableRow, ReadRows
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.source_rows import Origin, RejectedRow
from tests.hub.payment.office import PAY_DAY, PERIOD, Office
from tests.rig.erp import Erp
from tests.rig.payroll import BANK, MAKER, card, payroll_file

TWO = {"0001": "8000.00", "0002": "12345.67"}


@pytest.fixture
def fed(office: Office) -> Iterator[tuple[Office, Erp]]:
    erp = Erp()
    office.company.erp = erp
    with office.company.open() as hub:
        yield Office(office.company, hub), erp


def wanted(**given: Any) -> Drafting:
    return Drafting(**{"system": BANK, "component": Component.SALARY, "period": PERIOD, "execution_day": PAY_DAY,
                       "requested_by": MAKER, **given})  # fmt: skip


def told(drafted: Drafted) -> list[tuple[str, int, LineState, str]]:
    lines = drafted.lines
    return [(line.payable.key.number, line.payable.amount_minor, line.state, line.code) for line in lines]


def test_a_systems_payables_are_drafted_in_minor_units_and_completed_by_hr(fed: tuple[Office, Erp]) -> None:
    office, erp = fed
    office.hire("0001", "0002", "0003")
    erp.approved = [
        {"number": "0001", "amount": "8000", "place": "P-17"},
        {"number": "0002", "amount": "12345.67", "currency": "CNY", "holder": "测试0002", "account": card(9)},
        {"number": "0003", "amount": "0.1", "remark": "十一月"},
    ]
    drafted = draft_system(office.hub, wanted(), "erp")
    assert erp.asked == [(PERIOD, Component.SALARY)]
    assert told(drafted) == [
        ("0001", 800_000, LineState.DRAFT, ""),
        ("0002", 1_234_567, LineState.DRAFT, ""),
        ("0003", 10, LineState.DRAFT, ""),
    ]
    payees = [line.payable.payee.account for line in drafted.lines]
    assert (payees, drafted.lines[2].payable.remark) == ([card(1), card(9), card(3)], "十一月")
    assert [line.payable.place for line in drafted.lines] == ["erp:P-17", "erp:2", "erp:3"]
    run_id = drafted.run.run_id
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    assert +office.deliver().counts == {"accepted": 1}
    assert told(draft_system(office.hub, wanted(), "erp"))[0][2:] == (LineState.LEFT_OUT, "claimed")


def test_a_row_that_tells_hrs_account_and_no_bank_is_paid_at_the_bank_that_hr_has(fed: tuple[Office, Erp]) -> None:
    """Without a bank code a payee is taken for one of the payer's own bank."""
    office, erp = fed
    office.hire("0001", "0002", "0003", bank_code="102100099996", bank_name="示例银行")
    spaced = f"{card(1)[:4]} {card(1)[4:]}"
    erp.approved = [
        {"number": "0001", "amount": "1", "holder": "测试0001", "account": spaced},
        {"number": "0002", "amount": "1", "account": card(2), "bank_code": "105100000017"},
        {"number": "0003", "amount": "1", "holder": "测试0003", "account": card(9)},
    ]
    payees = [line.payable.payee for line in draft_system(office.hub, wanted(), "erp").lines]
    assert [(payee.account, payee.bank_code, payee.bank_name) for payee in payees] == [
        (card(1), "102100099996", "示例银行"),
        (card(2), "105100000017", ""),
        (card(9), "", ""),
    ]


def test_a_payee_of_another_bank_is_paid_by_layouts_that_want_the_branchs_town(office: Office, tmp_path: Path) -> None:
    """CMB and ICBC do not take a payee of another bank without it, and HR's record has none."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    contract = "contract: {login: demo01, branch: '75', business_mode: '00001'}"
    (folder / "ours.yaml").write_text(f"based_on: cmb-agency\n{contract}\n", "utf-8")
    office.company.profile, office.company.profiles = "ours", folder
    path = tmp_path / "工资.csv"
    path.write_text("工号,实发工资,开户城市\n0001,8000.00,示例市\n0002,12345.67,\n", "utf-8")
    with office.company.open() as hub:
        its = Office(office.company, hub)
        its.hire("0001", "0002", bank_code="102100099996", bank_name="示例银行")
        drafted = draft_file(hub, wanted(), path)
        assert [line.payable.payee.town for line in drafted.lines] == ["示例市", ""]
        its.check(drafted.run.run_id)
        codes = {line.payable.key.number: (line.state, line.code) for line in its.lines(drafted.run.run_id)}
    assert codes == {"0001": (LineState.DRAFT, ""), "0002": (LineState.LEFT_OUT, "profile")}


def test_what_cannot_be_a_payable_is_named_and_in_no_run(fed: tuple[Office, Erp]) -> None:
    office, erp = fed
    erp.approved = [
        {"number": "0001", "amount": "1.001", "place": "P-1"},
        {"number": "0002", "amount": "1", "currency": "USD", "place": "P-2"},
        {"number": "0003", "amount": "1"},
    ]
    erp.rejected = (RejectedRow(9, "not_an_employee", "payment 9 is for a stranger"),)
    drafted = draft_system(office.hub, wanted(), "erp")
    assert [line.payable.key.number for line in drafted.lines] == ["0003"]
    assert sorted((fault.place, fault.rule) for fault in drafted.faults) == [
        ("erp:9", "not_an_employee"),
        ("erp:P-1", "amount"),
        ("erp:P-2", "other_currency"),
    ]


def test_an_amount_in_another_currency_is_named_and_never_paid_as_the_runs(office: Office, tmp_path: Path) -> None:
    ours = ("8000", "￥8,000.00", "RMB 8000", "8000元", "人民币8000元整", "0.8万")
    others = ("JPY 8000", "US$8000.00", "$8000", "€8000", "HK$8000", "８０００円", "8000원", "-US$1")
    amounts = (*ours, *others)
    numbers = [f"{n:04d}" for n in range(1, len(amounts) + 1)]
    path = tmp_path / "工资.csv"
    rows = "".join(f'{number},"{amount}"\n' for number, amount in zip(numbers, amounts, strict=True))
    path.write_text(f"工号,实发工资\n{rows}", "utf-8")
    drafted = draft_file(office.hub, wanted(), path)
    assert {line.payable.key.number: line.payable.amount_minor for line in drafted.lines} == dict.fromkeys(
        numbers[: len(ours)], 800_000
    )
    first = len(ours) + 2
    assert [(fault.place, fault.rule) for fault in drafted.faults] == [
        (f"工资.csv:{row}", "other_currency") for row in range(first, first + len(others))
    ]


@pytest.mark.parametrize("named", ["CNY", "cny", "RMB", "人民币", "元"])
def test_a_column_of_the_currency_may_say_its_name(office: Office, tmp_path: Path, named: str) -> None:
    path = tmp_path / "工资.csv"
    path.write_text(f"工号,实发工资,币种\n0001,8000.00,{named}\n0002,8000.00,美元\n", "utf-8")
    drafted = draft_file(office.hub, wanted(), path)
    assert [line.payable.key.number for line in drafted.lines] == ["0001"]
    assert [fault.rule for fault in drafted.faults] == ["other_currency"]


def test_a_row_of_another_component_is_no_double_of_the_row_that_is_paid(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "工资.csv"
    path.write_text("工号,实发工资,项目\n0001,500.00,奖金\n0001,8000.00,工资\n0001,8000.00,工资\n", "utf-8")
    drafted = draft_file(office.hub, wanted(), path)
    assert [(line.state, line.code) for line in drafted.lines] == [
        (LineState.LEFT_OUT, "other_component"),
        (LineState.DRAFT, ""),
        (LineState.LEFT_OUT, "doubled"),
    ]


def test_a_system_that_fails_half_way_or_has_nothing_makes_no_run(fed: tuple[Office, Erp]) -> None:
    office, erp = fed
    with pytest.raises(FeedRefusedError, match="approved nothing"):
        draft_system(office.hub, wanted(), "erp")
    erp.approved = [{"number": f"{n:04d}", "amount": "1"} for n in range(1, 5)]
    erp.fails_after = 2
    with pytest.raises(RetryableError):
        draft_system(office.hub, wanted(), "erp")
    with office.hub.database.read() as connection:
        assert office.hub.pay_runs.latest(connection) == []


def test_a_system_that_knows_no_payables_is_told(office: Office) -> None:
    with pytest.raises(ConfigurationError, match="does not tell what is to be paid"):
        draft_system(office.hub, wanted(), BANK)


# --- asked again


class CrashedError(Exception):
    """The process is gone."""


def crashing(office: Office, at: str) -> None:
    """From now on the hub's process ends at this point."""

    def point(name: str) -> None:
        if name == at:
            raise CrashedError(name)

    office.hub.crash_point = point


def test_asked_again_after_a_crash_the_run_is_the_one_that_was_made(office: Office) -> None:
    office.hire(*TWO)
    path = payroll_file(office.company.folder, TWO)
    crashing(office, "drafted")
    with pytest.raises(CrashedError):
        draft_file(office.hub, wanted(asked="dag payroll_payment one"), path)
    path.unlink()
    with office.company.open() as restarted:
        again = draft_file(restarted, wanted(asked="dag payroll_payment one"), path)
        with restarted.database.read() as connection:
            (only,) = restarted.pay_runs.latest(connection)
    assert again.run == only
    assert told(again) == [("0001", 800_000, LineState.DRAFT, ""), ("0002", 1_234_567, LineState.DRAFT, "")]


def test_a_crash_before_the_run_was_there_leaves_nothing_and_asking_again_makes_it(office: Office) -> None:
    office.hire(*TWO)
    path = payroll_file(office.company.folder, {**TWO, "": "1.00"})
    crashing(office, "drafting")
    with pytest.raises(CrashedError):
        draft_file(office.hub, wanted(asked="one"), path)
    with office.company.open() as restarted:
        made = draft_file(restarted, wanted(asked="one"), path)
        found = draft_file(restarted, wanted(asked="one"), path)
    assert [state for _, _, state, _ in told(made)] == [LineState.DRAFT] * 2
    assert (found.run.run_id, told(found), found.faults) == (made.run.run_id, told(made), list(made.faults))
    assert [fault.rule for fault in found.faults] == ["no_number"]


def test_another_request_makes_another_run_and_the_same_for_something_else_is_refused(office: Office) -> None:
    office.hire(*TWO)
    path = payroll_file(office.company.folder, TWO)
    first = draft_file(office.hub, wanted(asked="one"), path)
    other = draft_file(office.hub, wanted(asked="two"), path)
    assert other.run.run_id != first.run.run_id
    assert {code for _, _, _, code in told(other)} == {"claimed"}
    nobody = [draft_file(office.hub, wanted(), path).run.run_id for _ in range(2)]
    assert len({*nobody, first.run.run_id, other.run.run_id}) == 4, "without a request each is a run of its own"
    with pytest.raises(TransitionError, match="for the same request with another"):
        draft_file(office.hub, wanted(asked="one", execution_day=date(2026, 12, 1)), path)


def test_a_request_with_other_rows_than_before_is_refused_rather_than_answered_with_the_old_run(office: Office) -> None:
    """Whoever hands rows in themselves would believe that the corrected amount is paid."""
    office.hire("0001")
    now = office.hub.clock.now()

    def handed_in(minor: int) -> Drafted:
        rows = ReadRows([PayableRow("0001", minor, place="api:1")], [])
        return draft(office.hub, wanted(asked="api one"), rows, Origin("api", f"digest of {minor}", now))

    made = handed_in(800_000)
    assert handed_in(800_000).run.run_id == made.run.run_id
    with pytest.raises(TransitionError, match="for the same request with other rows"):
        handed_in(900_000)


@pytest.mark.parametrize("period", ["2026-13", "2026-1", "November", ""])
def test_what_is_no_month_or_no_currency_is_told_before_the_file_is_read(period: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        wanted(period=period, currency="rmb")
    assert [fault.rule for fault in caught.value.faults] == ["period", "currency"]
