"""A pay run from the payroll file to the bank, and everything that must stop it on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from baton.contracts.payments import PaymentFile
from baton.errors import ApprovalError, InDoubtError
from baton.hub.payment.signing import sign
from baton.hub.payment.withdrawing import withdraw
from baton.hub.vitals.taking import take
from baton.jobs.payment.roles import Role
from baton.model.account import Receipt
from baton.model.pay_run import LineState
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import PAY_DAY, Office
from tests.rig.payroll import MAKER, PAYROLL, TREASURY, FakeChannel, card

TWO = {"0001": "8000.00", "0002": "12,345.67"}


def test_a_run_goes_from_the_file_to_the_bank_once(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.release(run_id)
    assert office.states(run_id) == dict.fromkeys(TWO, LineState.RELEASED)
    assert +office.deliver().counts == {"accepted": 1}
    office.deliver()
    assert len(office.bank.files) == 1
    (plain,) = office.bank.contents.values()
    assert b'<InstdAmt Ccy="CNY">12345.67</InstdAmt>' in plain
    assert "测试0002".encode() in plain
    assert len(office.bank.seen) == len(set(office.bank.seen)) == 2


def test_the_days_in_which_people_sign_make_nothing_overdue(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.prepared(TWO)
    office.company.clock.advance(timedelta(hours=60))
    office.sign(run_id)
    office.release(run_id)
    assert overdue(office, "due") == (1, 0)
    office.deliver()
    assert overdue(office, "due") == (0, 0)
    assert overdue(office, "accepted") == (1, 0)
    office.company.clock.advance(timedelta(hours=49))
    assert overdue(office, "accepted") == (1, 49 * 3600)


def overdue(office: Office, what: str) -> tuple[float, float]:
    """How many files at the bank are due, or only promised, and for how many seconds the oldest."""
    figures = {sample.measure: sample.value for sample in take(office.hub) if sample.subject == "bank"}
    return figures[f"{what}_count"], figures[f"{what}_oldest_s"]


def test_what_the_bank_reads_rests_on_no_disk(office: Office) -> None:
    office.hire(*TWO)
    office.prepared(TWO)
    files = [path for path in office.company.folder.rglob("*") if path.is_file()]
    assert any(path.parent.name == "payments" for path in files)
    assert [
        path.name for path in files if b"EndToEndId" in path.read_bytes() or "测试0002".encode() in path.read_bytes()
    ] == []


def test_the_same_payable_is_in_one_run_only_drafts_included(office: Office) -> None:
    office.hire(*TWO)
    office.draft(TWO)
    second = office.draft({"0002": "1.00", "0003": "5.00"})
    assert {line.payable.key.number: (line.state, line.code) for line in second.lines} == {
        "0002": (LineState.LEFT_OUT, "claimed"),
        "0003": (LineState.DRAFT, ""),
    }


def test_a_leaver_is_left_out_and_named(office: Office) -> None:
    office.hire("0001")
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))
    run_id = office.draft(TWO).run.run_id
    cleared = office.check(run_id).cleared
    assert office.states(run_id) == {"0001": LineState.DRAFT, "0002": LineState.LEFT_OUT}
    assert [line.reasons for line in cleared.lines if line.key.number == "0002"] == [("departed",)]
    built = office.build(run_id)
    assert [file.count for file in built.files] == [1]


@pytest.mark.parametrize("moment", ["checked", "built", "signed", "released"])
def test_a_departure_at_any_step_keeps_the_money_here(office: Office, moment: str) -> None:
    office.hire(*TWO)
    run_id = office.draft(TWO).run.run_id
    steps = {"checked": office.check, "built": office.build, "signed": office.sign, "released": office.release}
    for name, step in steps.items():
        step(run_id)
        if name == moment:
            break
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))
    for name in list(steps)[list(steps).index(moment) + 1 :]:
        with pytest.raises(ApprovalError):
            steps[name](run_id)
    assert office.deliver().counts.get("accepted", 0) == 0
    assert office.bank.seen == []


def test_a_connector_that_raises_its_doubt_has_perhaps_delivered(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(channel: FakeChannel, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        for file in files:
            channel.bank.take(file)
        raise InDoubtError("the connection was reset", code="reset")

    monkeypatch.setattr(FakeChannel, "submit", lost)
    run_id = office.delivered(TWO)
    with pytest.raises(ApprovalError) as refused:
        withdraw(office.hub, run_id, TREASURY, "wait")
    assert refused.value.code == "sent"
    assert len(office.bank.seen) == len(set(office.bank.seen)) == 2


def test_who_is_still_held_when_a_run_is_released_is_paid_by_another(office: Office) -> None:
    office.hire(*TWO)
    office.hire("0002", bank_account_number=card(20))
    first = office.signed(TWO)
    assert office.states(first) == {"0001": LineState.FILED, "0002": LineState.HELD}
    office.release(first)
    assert office.states(first) == {"0001": LineState.RELEASED, "0002": LineState.CANCELLED}
    second = office.draft(TWO).run.run_id
    assert office.states(second) == {"0001": LineState.LEFT_OUT, "0002": LineState.DRAFT}


def test_who_made_a_run_does_not_sign_it_and_nobody_signs_twice(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.prepared(TWO)
    with pytest.raises(ApprovalError) as refused:
        sign(office.hub, run_id, MAKER, Role.PAYROLL)
    assert refused.value.code == "maker"
    sign(office.hub, run_id, PAYROLL, Role.PAYROLL)
    with pytest.raises(ApprovalError) as refused:
        sign(office.hub, run_id, PAYROLL, Role.TREASURY)
    assert refused.value.code == "role_not_held"
    with pytest.raises(ApprovalError) as refused:
        office.release(run_id)
    assert refused.value.code == "unsigned"
    sign(office.hub, run_id, TREASURY, Role.TREASURY)
    office.release(run_id)
    with pytest.raises(ApprovalError) as refused:
        office.release(run_id)
    assert refused.value.code == "not_held"


def test_building_again_voids_what_was_signed(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.build(run_id)
    with pytest.raises(ApprovalError) as refused:
        office.release(run_id)
    assert refused.value.code == "unsigned"
    office.sign(run_id)
    office.release(run_id)
    assert +office.deliver().counts == {"accepted": 1}
    assert len(office.bank.seen) == 2


def test_a_changed_byte_in_the_file_is_not_delivered(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.release(run_id)
    (file,) = (office.company.folder / "state/payments").iterdir()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    report = office.deliver()
    assert report.needs_person
    assert office.bank.files == {}


def test_a_released_run_with_a_leaver_is_taken_back_and_goes_without_them(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.signed(TWO)
    office.release(run_id)
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))
    assert "left, changed or got another account" in office.deliver().halted
    assert withdraw(office.hub, run_id, TREASURY, "somebody has left").lines == 2
    office.check(run_id)
    office.build(run_id)
    office.sign(run_id)
    office.release(run_id)
    assert +office.deliver().counts == {"accepted": 1}
    assert len(office.bank.seen) == 1
    assert office.states(run_id) == {"0001": LineState.RELEASED, "0002": LineState.LEFT_OUT}


def test_what_may_have_left_is_not_taken_back(office: Office) -> None:
    run_id = office.delivered(TWO)
    with pytest.raises(ApprovalError) as refused:
        withdraw(office.hub, run_id, TREASURY, "too late")
    assert refused.value.code == "sent"
    assert office.states(run_id) == dict.fromkeys(TWO, LineState.RELEASED)


@pytest.mark.parametrize("changed", [{"bank_name": "示例银行第二支行"}, {"bank_code": "102100099996"}])
def test_whatever_hr_changes_of_an_account_voids_what_was_signed(office: Office, changed: dict[str, str]) -> None:
    """The bank's name too: the layouts of CMB, ICBC and BOC find the branch by it."""
    office.hire("0001", bank_name="示例银行第一支行")
    run_id = office.signed({"0001": "8000.00"})
    office.hire("0001", **{"bank_name": "示例银行第一支行", **changed})
    with pytest.raises(ApprovalError) as refused:
        office.release(run_id)
    assert refused.value.code == "people_changed"
    office.check(run_id)
    office.build(run_id)
    with pytest.raises(ApprovalError) as refused:
        office.release(run_id)
    assert refused.value.code == "unsigned"


def test_a_file_whose_payees_bank_is_called_otherwise_since_does_not_go_out(office: Office) -> None:
    office.hire("0001", bank_name="示例银行第一支行")
    run_id = office.signed({"0001": "8000.00"})
    office.release(run_id)
    office.hire("0001", bank_name="示例银行第二支行")
    assert office.deliver().counts.get("accepted", 0) == 0
    assert office.bank.seen == []
