"""Final settlements: kept as they were worked out, reviewed by a second person, voided by whatever changes, paid once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from baton.audit.verify import Verdict
from baton.errors import ApprovalError, ConfigurationError, TransitionError
from baton.hub import proof
from baton.hub.payment.settling import (
    Into,
    find_settlement,
    import_settlements,
    prepare,
    review,
    withdraw_settlement,
    work_out,
)
from baton.hub.payment.signing import cancel
from baton.jobs.payment.roles import Role
from baton.jobs.payment.settlement.case_file import CaseFile, load_case
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.settlement import KeptSettlement, SettlementState
from baton.store.trail import newest_entries
from tests.hub.payment.office import GONE, PAY_DAY, Office
from tests.jobs.payment.settlement.leaver import SHIPPED
from tests.jobs.payment.settlement.test_case_file import EXAMPLE
from tests.rig.payroll import BANK, HR, MAKER, PAYROLL, TREASURY, card

INTO = Into(BANK, PAY_DAY)
TOTAL = 8_341_678


def case(**changed: Any) -> CaseFile:
    """The example that ships, with other values in some places."""
    return CaseFile.model_validate({**load_case(EXAMPLE).model_dump(mode="json"), **changed})


def kept(office: Office, person: str = MAKER, **changed: Any) -> KeptSettlement:
    return prepare(office.hub, case(**changed), "case.yaml", person)


def reviewed(office: Office, person: str = HR, role: Role = Role.HR) -> KeptSettlement:
    it = kept(office)
    return review(office.hub, it.id, it.digest[:12], person, role)


def state(office: Office, it: KeptSettlement) -> SettlementState:
    return find_settlement(office.hub, it.id).state


def told(office: Office) -> list[dict[str, Any]]:
    """What the audit log says of settlements, the oldest first."""
    with office.hub.database.read() as connection:
        return [body for _, body in newest_entries(connection, "settlement", 50)][::-1]


def another_pack(office: Office) -> None:
    pack = office.company.settlement
    assert pack is not None
    pack.write_text(pack.read_text("utf-8").replace('version: "2025.1"', 'version: "2025.2"'), "utf-8")


def test_from_the_case_to_the_bank_on_the_account_that_hr_knows(settling: Office) -> None:
    it = reviewed(settling)
    drafted = import_settlements(settling.hub, [it.id], INTO, MAKER)
    (line,) = drafted.lines
    run_id = drafted.run.run_id
    assert (drafted.run.component, drafted.run.period) == (Component.FINAL_SETTLEMENT, "2026-03")
    assert (line.payable.amount_minor, line.payable.payee.account) == (TOTAL, card(1))
    assert line.payable.place == f"settlement {it.digest[:12]}"
    settling.check(run_id)
    settling.build(run_id)
    settling.sign(run_id)
    settling.release(run_id)
    settling.deliver()
    assert settling.bank.seen == [line.reference.encode()]
    after = find_settlement(settling.hub, it.id)
    assert (after.state, after.run_id) == (SettlementState.IMPORTED, run_id)


def test_who_did_what_is_in_the_store_and_in_the_audit_log(settling: Office) -> None:
    it = reviewed(settling)
    run_id = import_settlements(settling.hub, [it.id], INTO, MAKER).run.run_id
    after = find_settlement(settling.hub, it.id)
    assert (after.prepared_by, after.reviewed_by, after.reviewed_as) == (MAKER, HR, "hr")
    assert (after.result["total_minor"], after.result["digest"]) == (TOTAL, after.digest)
    same = {"settlement": it.id, "digest": it.digest}
    assert told(settling) == [
        {**same, "what": "prepared", "by": MAKER, "pack": it.pack_digest},
        {**same, "what": "reviewed", "by": HR, "role": "hr"},
        {**same, "what": "imported", "by": MAKER, "run": run_id},
    ]
    proof.checkpoint(settling.hub)
    assert proof.verify(settling.hub).verdict is Verdict.PROVEN


def test_working_out_keeps_nothing(settling: Office) -> None:
    assert work_out(settling.hub, case(), "case.yaml").settlement.total_minor == TOTAL
    with settling.hub.database.read() as connection:
        assert settling.hub.settlements.listed(connection) == []
    assert told(settling) == []


def test_days_left_out_are_hrs(settling: Office) -> None:
    out = work_out(settling.hub, case(first_day=None, last_day=None), "case.yaml")
    assert (out.settlement.first_day, out.settlement.last_day) == (date(2020, 1, 6), date(2026, 3, 31))
    with pytest.raises(ConfigurationError) as caught:
        work_out(settling.hub, case(number="0404", last_day=None), "case.yaml")
    assert [(fault.place, fault.rule) for fault in caught.value.faults] == [("case.yaml: last_day", "missing")]


@pytest.mark.parametrize(
    ("changed", "place", "rule"),
    [
        ({"region": "atlantis"}, "case.yaml: settlement of 0001: region", "unknown"),
        ({"ground": "whim"}, "case.yaml: settlement of 0001: ground", "unknown"),
        ({"first_day": "2007-12-31"}, "case.yaml: settlement of 0001: first_day", "older_service"),
        ({"ground": "incompetence", "last_day": "2026-04-30"}, "case.yaml: settlement of 0001: wages", "missing_wage"),
    ],
)
def test_what_cannot_be_worked_out_names_file_field_and_rule(
    settling: Office, changed: dict[str, Any], place: str, rule: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        work_out(settling.hub, case(**changed), "case.yaml")
    assert (place, rule) in {(fault.place, fault.rule) for fault in caught.value.faults}


def test_without_a_pack_nothing_is_worked_out_and_it_says_what_to_do(office: Office) -> None:
    with pytest.raises(ConfigurationError) as caught:
        work_out(office.hub, case(), "case.yaml")
    assert [fault.rule for fault in caught.value.faults] == ["no_pack"]


# --- what HR says


def test_nobody_whom_hr_does_not_know_is_settled(settling: Office) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kept(settling, number="0404")
    assert [fault.rule for fault in caught.value.faults] == ["unknown_person"]


def test_another_last_day_at_hr_voids_what_was_prepared_and_what_was_reviewed(settling: Office) -> None:
    it = kept(settling)
    settling.hire("0001", **GONE | {"contract_end_day": date(2026, 4, 15)})
    for step in (
        lambda: kept(settling),
        lambda: review(settling.hub, it.id, it.digest, HR, Role.HR),
    ):
        with pytest.raises(ConfigurationError) as caught:
            step()
        assert [fault.rule for fault in caught.value.faults] == ["other_day"]
    settling.hire("0001", **GONE)
    review(settling.hub, it.id, it.digest, HR, Role.HR)
    settling.hire("0001", **GONE | {"contract_end_day": date(2026, 4, 15)})
    with pytest.raises(ConfigurationError):
        import_settlements(settling.hub, [it.id], INTO, MAKER)
    assert state(settling, it) is SettlementState.REVIEWED


# --- who may review


@pytest.mark.parametrize(
    ("person", "role", "code"),
    [
        (MAKER, Role.PAYROLL, "maker"),
        ("Maker-Li ", Role.PAYROLL, "maker"),
        (" ", Role.HR, "maker"),
        (HR, Role.PAYROLL, "role"),
        (TREASURY, Role.TREASURY, "role"),
        ("somebody", Role.HR, "role"),
    ],
)
def test_a_second_person_in_an_office_they_hold(settling: Office, person: str, role: Role, code: str) -> None:
    it = kept(settling)
    with pytest.raises(ApprovalError) as caught:
        review(settling.hub, it.id, it.digest, person, role)
    assert caught.value.code == code
    assert state(settling, it) is SettlementState.PREPARED


@pytest.mark.parametrize("digest", ["", "abc", "00000000"])
def test_a_review_names_the_calculation_it_is_for(settling: Office, digest: str) -> None:
    it = kept(settling)
    with pytest.raises(ApprovalError) as caught:
        review(settling.hub, it.id, digest, HR, Role.HR)
    assert caught.value.code == "digest"


def test_a_settlement_is_reviewed_once(settling: Office) -> None:
    it = reviewed(settling)
    with pytest.raises(TransitionError):
        review(settling.hub, it.id, it.digest, PAYROLL, Role.PAYROLL)


# --- what voids a review


def test_another_pack_voids_it_before_the_review_and_after(settling: Office) -> None:
    it = kept(settling)
    also = review(settling.hub, it.id, it.digest, HR, Role.HR)
    another_pack(settling)
    with pytest.raises(ApprovalError) as caught:
        import_settlements(settling.hub, [also.id], INTO, MAKER)
    assert caught.value.code == "changed"
    again = kept(settling)
    assert again.digest != it.digest
    pack = settling.company.settlement
    assert pack is not None
    pack.write_bytes(SHIPPED.read_bytes())
    with pytest.raises(ApprovalError) as caught:
        review(settling.hub, again.id, again.digest, HR, Role.HR)
    assert caught.value.code == "changed"


def test_a_case_worked_out_anew_voids_what_was_reviewed(settling: Office) -> None:
    it = reviewed(settling)
    again = kept(settling, unused_leave_days="4")
    assert state(settling, it) is SettlementState.REDONE
    for each, code in ((it, "not_reviewed"), (again, "not_reviewed")):
        with pytest.raises(ApprovalError) as caught:
            import_settlements(settling.hub, [each.id], INTO, MAKER)
        assert caught.value.code == code


def test_what_was_withdrawn_is_not_paid(settling: Office) -> None:
    it = reviewed(settling)
    with pytest.raises(ApprovalError, match="reason"):
        withdraw_settlement(settling.hub, it.id, HR, " ")
    withdraw_settlement(settling.hub, it.id, HR, "they stay after all")
    with pytest.raises(ApprovalError):
        import_settlements(settling.hub, [it.id], INTO, MAKER)
    with pytest.raises(TransitionError):
        withdraw_settlement(settling.hub, it.id, HR, "again")
    assert told(settling)[-1]["why"] == "they stay after all"


# --- into a run


def test_only_who_prepared_it_makes_the_run_and_so_signs_for_nothing_in_it(settling: Office) -> None:
    it = reviewed(settling)
    with pytest.raises(ApprovalError) as caught:
        import_settlements(settling.hub, [it.id], INTO, PAYROLL)
    assert caught.value.code == "preparer"
    run_id = import_settlements(settling.hub, [it.id], INTO, MAKER).run.run_id
    with settling.hub.database.read() as connection:
        head = settling.hub.runs.get(connection, run_id)
    assert head is not None
    assert head.requested_by == MAKER


def test_it_is_drafted_once_and_again_only_where_its_run_was_given_up(settling: Office) -> None:
    it = reviewed(settling)
    run_id = import_settlements(settling.hub, [it.id], INTO, MAKER).run.run_id
    with pytest.raises(TransitionError) as caught:
        import_settlements(settling.hub, [it.id], INTO, MAKER)
    assert caught.value.code == "claimed"
    with pytest.raises(TransitionError) as caught:
        kept(settling, unused_leave_days="4")
    assert caught.value.code == "in_run"
    assert settling.lines_run() == run_id, "a refused import leaves no run behind"
    cancel(settling.hub, run_id, TREASURY, "wrong bank")
    again = import_settlements(settling.hub, [it.id], INTO, MAKER).run.run_id
    assert find_settlement(settling.hub, it.id).run_id == again
    cancel(settling.hub, again, TREASURY, "wrong days of leave")
    kept(settling, unused_leave_days="4")
    assert state(settling, it) is SettlementState.REDONE


def test_several_of_one_month_are_one_run_and_of_two_months_none(settling: Office) -> None:
    settling.hire("0002", **GONE)
    settling.hire("0003", **GONE | {"last_working_day": date(2026, 2, 28), "contract_end_day": date(2026, 2, 28)})
    found = [reviewed(settling)]
    for number, last_day in (("0002", "2026-03-31"), ("0003", "2026-02-28")):
        it = kept(settling, number=number, last_day=last_day, ground="resignation", unused_leave_days="0")
        found.append(review(settling.hub, it.id, it.digest, HR, Role.HR))
    with pytest.raises(TransitionError) as caught:
        import_settlements(settling.hub, [each.id for each in found], INTO, MAKER)
    assert caught.value.code == "period"
    drafted = import_settlements(settling.hub, [each.id for each in found[:2]], INTO, MAKER)
    assert [line.state for line in drafted.lines] == [LineState.DRAFT] * 2


def test_where_nothing_is_owed_there_is_nothing_to_pay(settling: Office) -> None:
    it = kept(settling, ground="resignation", unused_leave_days="0", stretches=[], deductions=[])
    review(settling.hub, it.id, it.digest, HR, Role.HR)
    with pytest.raises(TransitionError) as caught:
        import_settlements(settling.hub, [it.id], INTO, MAKER)
    assert caught.value.code == "nothing_owed"


def test_another_last_day_after_the_import_holds_what_was_worked_out_for_the_day_before(settling: Office) -> None:
    run_id = import_settlements(settling.hub, [reviewed(settling).id], INTO, MAKER).run.run_id
    assert settling.check(run_id).cleared.releasable
    earlier = date(2026, 3, 20)
    settling.hire("0001", **GONE | {"last_working_day": earlier, "contract_end_day": earlier})
    cleared = settling.check(run_id).cleared
    assert [(finding.rule, dict(finding.detail)) for finding in cleared.report.findings] == [
        ("settlement_other_day", {"worked_out": date(2026, 3, 31), "last_day": earlier})
    ]
    assert not cleared.releasable
    settling.hire("0001", **GONE)
    assert settling.check(run_id).cleared.releasable
