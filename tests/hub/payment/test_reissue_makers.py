"""Who made what lies beneath a reissue decides nothing in it: the amounts are theirs, whoever drafts the next attempt."""

from __future__ import annotations

from datetime import date

import pytest

from baton.console.payments.officers import officer
from baton.console.payments.reading import Part, run_document
from baton.contracts.payments import AnswerKind
from baton.errors import ApprovalError
from baton.hub.payment.reissuing import reissue_run
from baton.hub.payment.settling import import_settlements, prepare, review
from baton.hub.payment.signing import release, sign
from baton.jobs.payment.roles import Role
from baton.model.pay_run import LineState
from tests.hub.payment.office import GONE, PAY_DAY, Office
from tests.hub.payment.test_answers import TWO, say
from tests.hub.payment.test_settling import INTO, case
from tests.rig.bank_papers import report
from tests.rig.payroll import DIRECTOR, HR, MAKER, PAYROLL, TREASURY

LATER = "maker-sun"
"""Drafts what is paid again, and holds no office."""


def refused(office: Office, run_id: str) -> None:
    """The run is signed, sent, and refused by the bank, line by line."""
    office.sign(run_id)
    office.release(run_id)
    office.deliver()
    told = {line.reference: ("RJCT", "AM04") for line in office.lines(run_id)}
    say(office, AnswerKind.REPORT, report(list(office.bank.contents.values())[-1], "PART", told))
    assert set(office.states(run_id).values()) == {LineState.REJECTED}


def again(office: Office, run_id: str, person: str) -> str:
    """What it pays again, checked and built."""
    run = reissue_run(office.hub, run_id, person, PAY_DAY).run.run_id
    office.check(run)
    office.build(run)
    return run


def require_refused(office: Office, run_id: str, person: str, role: Role) -> None:
    with pytest.raises(ApprovalError) as caught:
        sign(office.hub, run_id, person, role)
    assert caught.value.code == "maker"
    with pytest.raises(ApprovalError) as caught:
        release(office.hub, run_id, person, "pay day")
    assert caught.value.code == "maker"


def test_who_has_prepared_a_settlement_does_not_sign_its_reissue(settling: Office) -> None:
    it = prepare(settling.hub, case(), "case.yaml", MAKER)
    review(settling.hub, it.id, it.digest[:12], HR, Role.HR)
    run = import_settlements(settling.hub, [it.id], INTO, MAKER).run.run_id
    settling.check(run)
    settling.build(run)
    refused(settling, run)
    later = again(settling, run, LATER)
    require_refused(settling, later, MAKER, Role.PAYROLL)
    settling.sign(later)
    settling.release(later)
    settling.deliver()
    assert len(settling.bank.files) == 2


def test_nor_does_who_made_any_run_beneath_however_deep(office: Office) -> None:
    office.hire(*TWO)
    first = office.prepared(TWO)
    refused(office, first)
    second = again(office, first, DIRECTOR)
    refused(office, second)
    third = again(office, second, LATER)
    require_refused(office, third, f" {MAKER.title()}", Role.PAYROLL)
    require_refused(office, third, DIRECTOR, Role.DIRECTOR)


def test_the_page_offers_them_nothing_either(office: Office) -> None:
    office.hire(*TWO)
    first = office.prepared(TWO)
    refused(office, first)
    second = again(office, first, LATER)
    offered = {
        person: run_document(officer(office.hub, person, operates=False), second, Part(), "en")["may"]
        for person in (MAKER, PAYROLL)
    }
    assert (offered[MAKER]["own"], offered[MAKER]["sign_as"], offered[MAKER]["waive"]) == (True, [], False)
    assert (offered[PAYROLL]["own"], offered[PAYROLL]["sign_as"]) == (False, ["payroll"])


def test_what_was_released_before_the_rule_counts_as_it_was_asked_then(office: Office) -> None:
    office.hire(*TWO)
    first = office.prepared(TWO)
    refused(office, first)
    second = again(office, first, LATER)
    sign(office.hub, second, PAYROLL, Role.PAYROLL)
    sign(office.hub, second, TREASURY, Role.TREASURY)
    office.release(second)
    with office.hub.database.read() as connection:
        run = office.hub.pay_runs.get(connection, second)
    assert run is not None
    assert run.facts["makers"] == sorted([MAKER, LATER])


def test_another_last_day_holds_the_reissue_of_a_settlement_as_it_holds_the_first_run_however_deep(
    settling: Office,
) -> None:
    it = prepare(settling.hub, case(), "case.yaml", MAKER)
    review(settling.hub, it.id, it.digest[:12], HR, Role.HR)
    run = import_settlements(settling.hub, [it.id], INTO, MAKER).run.run_id
    earlier = date(2026, 3, 20)
    for _ in range(2):
        assert settling.check(run).cleared.releasable
        settling.build(run)
        refused(settling, run)
        run = reissue_run(settling.hub, run, LATER, PAY_DAY).run.run_id
        settling.hire("0001", **GONE | {"last_working_day": earlier, "contract_end_day": earlier})
        cleared = settling.check(run).cleared
        assert [(finding.rule, dict(finding.detail)) for finding in cleared.report.findings] == [
            ("settlement_other_day", {"worked_out": date(2026, 3, 31), "last_day": earlier})
        ]
        assert not cleared.releasable
        settling.hire("0001", **GONE)
