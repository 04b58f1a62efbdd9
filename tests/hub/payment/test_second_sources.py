"""The time clock and a second list of leavers, looked at whenever a run is judged: files that settings name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from baton.errors import ApprovalError, FeedRefusedError
from baton.hub.payment.checking import waive
from baton.hub.payment.waiving import named
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.model.people import EmploymentStatus
from tests.hub.payment.office import Office
from tests.rig.payroll import HR

TWO = {"0001": "8000.00", "0002": "12345.67"}
CLOCK = "工号,日期\n0001,2026-11-30\n0002,2026-11-30\n"
NOBODY_LEFT = "工号,离职日期\n0002,2026-01-05\n"


@pytest.fixture
def watched(office: Office) -> Iterator[Office]:
    """An office that knows both sources; neither file is there yet."""
    folder = office.company.folder
    office.company.attendance, office.company.exit_list = folder / "考勤-{period}.csv", folder / "离职.csv"
    with office.company.open() as hub:
        yield Office(office.company, hub)


def tell(office: Office, name: str, text: str) -> Path:
    path: Path = office.company.folder / name
    path.write_text(text, "utf-8")
    return path


def rules(office: Office, run_id: str) -> set[str]:
    return {finding.rule for finding in office.check(run_id).cleared.report.findings}


def test_both_are_compared_with_hr(watched: Office) -> None:
    watched.hire("0001")
    watched.hire("0002", hire_day=date(2025, 3, 3))
    run_id = watched.draft(TWO).run.run_id
    tell(watched, "考勤-2026-11.csv", "工号,日期\n0001,2026-11-30\n0002,2026-11-02\n")
    tell(watched, "离职.csv", "工号,离职日期\n0002,2026-11-02\n")
    assert {"absent", "exit_list_disagrees"} <= rules(watched, run_id)
    assert watched.states(run_id) == {"0001": LineState.DRAFT, "0002": LineState.HELD}


def test_who_is_known_by_both_is_paid(watched: Office) -> None:
    watched.hire(*TWO)
    run_id = watched.draft(TWO).run.run_id
    tell(watched, "考勤-2026-11.csv", CLOCK)
    tell(watched, "离职.csv", "工号,离职日期\n0002,2019-01-05\n")
    watched.check(run_id)
    watched.build(run_id)
    watched.sign(run_id)
    watched.release(run_id)
    assert +watched.deliver().counts == {"accepted": 1}


def test_a_source_that_is_set_up_and_not_there_holds_the_run(watched: Office) -> None:
    watched.hire(*TWO)
    run_id = watched.draft(TWO).run.run_id
    cleared = watched.check(run_id).cleared
    missing = sorted(each.code for each in cleared.report.findings if each.rule == "facts_missing")
    assert (missing, cleared.releasable) == (["attendance", "exit_list"], False)
    bonus = watched.draft({"0001": "1.00"}, component=Component.BONUS).run.run_id
    told = [each.code for each in watched.check(bonus).cleared.report.findings if each.rule == "facts_missing"]
    assert told == ["exit_list"], "attendance is about salaries"


def test_what_others_say_after_the_signatures_is_noticed_before_the_release(watched: Office) -> None:
    watched.hire(*TWO)
    run_id = watched.draft(TWO).run.run_id
    tell(watched, "考勤-2026-11.csv", CLOCK)
    tell(watched, "离职.csv", "工号,离职日期\n0009,2019-01-05\n0001,2019-01-05\n")
    watched.check(run_id)
    watched.build(run_id)
    watched.sign(run_id)
    tell(watched, "离职.csv", "工号,离职日期\n0001,2026-11-27\n")
    with pytest.raises(ApprovalError) as refused:
        watched.release(run_id)
    assert refused.value.code == "changed"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("离职.csv", "工号,离职日期\n0001,2026-11-27\n0002,soon\n", "离职.csv:3: column '离职日期': this is no day"),
        ("离职.csv", "工号,离职日期\n1,2026-11-27\n", "HR knows nobody in it"),
        ("考勤-2026-11.csv", "工号,日期\n0001,2026-10-27\n", "is it of another month?"),
    ],
)
def test_a_list_that_cannot_be_trusted_stops_the_checks_and_nothing_is_lost(
    watched: Office, name: str, text: str, told: str
) -> None:
    watched.hire(*TWO)
    run_id = watched.draft(TWO).run.run_id
    tell(watched, "考勤-2026-11.csv", CLOCK)
    tell(watched, "离职.csv", NOBODY_LEFT)
    tell(watched, name, text)
    with pytest.raises(FeedRefusedError) as refused:
        watched.check(run_id)
    assert told in str(refused.value)
    assert "--accept-feed" not in str(refused.value)
    assert set(watched.states(run_id).values()) == {LineState.DRAFT}


def test_a_leaver_who_is_on_both_lists_gets_the_settlement(watched: Office) -> None:
    last = date(2026, 11, 13)
    left = {"last_working_day": last, "contract_end_day": last, "pay_end_day": last}
    watched.hire("0001")
    watched.hire("0002", status=EmploymentStatus.DEPARTED, **left)
    tell(watched, "离职.csv", f"工号,离职日期\n0002,{last}\n")
    run_id = watched.draft({"0002": "100.00"}, component=Component.FINAL_SETTLEMENT).run.run_id
    assert rules(watched, run_id) & {"exit_list_disagrees", "not_on_exit_list", "facts_missing"} == set()
    assert watched.states(run_id) == {"0002": LineState.DRAFT}


def test_a_waiver_covers_the_day_that_the_list_told_and_no_other(watched: Office) -> None:
    watched.hire(*TWO)
    run_id = watched.draft(TWO).run.run_id
    tell(watched, "考勤-2026-11.csv", CLOCK)
    tell(watched, "离职.csv", "工号,离职日期\n0001,2026-12-31\n")
    cleared = watched.check(run_id).cleared
    (found,) = (each for each in cleared.report.findings if each.rule == "exit_list_disagrees")
    until = watched.hub.clock.now() + timedelta(days=7)
    waive(watched.hub, named(watched.hub, run_id, found.digest, HR, "hr", "is owed all of November", until))
    watched.build(run_id)
    watched.sign(run_id)
    tell(watched, "离职.csv", "工号,离职日期\n0001,2026-10-15\n")
    with pytest.raises(ApprovalError) as refused:
        watched.release(run_id)
    assert refused.value.code == "changed"
    watched.check(run_id)
    assert watched.states(run_id)["0001"] is LineState.HELD
