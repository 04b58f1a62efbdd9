"""A run is prepared once, and signed for by who has seen what they sign for."""

from __future__ import annotations

import pytest

from baton.errors import ApprovalError
from baton.hub.payment.preparing import prepare
from baton.hub.payment.signing import look, release, sign
from baton.hub.payment.standing import files_digest
from baton.jobs.payment.roles import Role
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import PAY_DAY, Office
from tests.rig.payroll import PAYROLL, TREASURY

TWO = {"0001": "8000.00", "0002": "12,345.67"}


def test_a_run_that_is_prepared_again_keeps_its_files_and_what_was_signed_for_them(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.draft(TWO).run.run_id
    first = prepare(office.hub, run_id)
    assert [file.count for file in first.files] == [2]
    assert first.counts["payable"] == 2
    office.sign(run_id)
    assert prepare(office.hub, run_id) == first
    assert look(office.hub, run_id).decision.sufficient
    office.release(run_id)
    assert prepare(office.hub, run_id) == first


def test_a_run_whose_people_have_changed_is_prepared_anew(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.draft(TWO).run.run_id
    first = prepare(office.hub, run_id)
    office.sign(run_id)
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))
    again = prepare(office.hub, run_id)
    assert [file.count for file in again.files] == [1]
    assert again.files[0].message_id != first.files[0].message_id
    assert not look(office.hub, run_id).decision.sufficient


def test_a_run_that_its_checks_keep_has_no_file_and_says_why(office: Office) -> None:
    office.hire("0001", status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))
    prepared = prepare(office.hub, office.draft({"0001": "8000.00"}).run.run_id)
    assert (prepared.files, prepared.kept_by) == ((), ("no line can be paid",))


def test_nobody_signs_for_or_releases_other_files_than_those_that_were_shown(office: Office) -> None:
    office.hire(*TWO)
    run_id = office.prepared(TWO)
    seen = files_digest(look(office.hub, run_id).files)[:12]
    office.build(run_id)
    with pytest.raises(ApprovalError) as caught:
        sign(office.hub, run_id, TREASURY, Role.TREASURY, seen)
    assert caught.value.code == "other_files"
    seen = files_digest(look(office.hub, run_id).files)[:12]
    for person, role in ((TREASURY, Role.TREASURY), (PAYROLL, Role.PAYROLL)):
        sign(office.hub, run_id, person, role, seen)
    with pytest.raises(ApprovalError) as caught:
        release(office.hub, run_id, TREASURY, "pay day", "0" * 12)
    assert caught.value.code == "other_files"
    assert release(office.hub, run_id, TREASURY, "pay day", seen).decision.sufficient
