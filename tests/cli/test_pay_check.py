"""baton pay check, show: who may waive a finding, how many are not shown, and when signatures are for people who changed."""

from contextlib import nullcontext
from datetime import date

import pytest

from baton.cli import pay_findings
from baton.cli.context import Context
from baton.model.people import EmploymentStatus
from tests.cli.paying import baton
from tests.hub.payment.office import Office
from tests.rig.clock import VirtualClock
from tests.rig.payroll import Payroll
from tests.rig.targets import KeyTarget

POLICY = """
checks:
  requires: []
  waivers: {on_leave: [director]}
approvals: {levels: [{roles: [payroll, treasury]}]}
"""


@pytest.fixture
def office(tmp_path, monkeypatch):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Payroll(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget}, policy=policy)
    with company.open() as hub:
        monkeypatch.setattr(Context, "hub", lambda _: nullcontext(hub))
        yield Office(company, hub)


def test_a_finding_says_who_may_waive_it(office):
    office.hire("0001")
    office.hire("0002", status=EmploymentStatus.ON_LEAVE)
    office.hire("0003", bank_account_holder="测试乙")
    run = office.draft({"0001": "100.00", "0002": "100.00", "0003": "100.00", "0404": "1.00"}).run.run_id
    found = {each["rule"]: each for each in baton("check", run, "--json").json["findings"]}
    told = {rule: (each["severity"], each["may_waive"]) for rule, each in found.items()}
    assert told["on_leave"] == ("hold", ["director"]), "as the policy says, not the rule"
    assert told["holder_is_another"] == ("hold", ["hr"])
    assert told["unknown_person"][1] == []
    table = {cells[2]: cells[-1] for line in baton("check", run).out.splitlines() if len(cells := line.split()) > 4}
    assert (table["on_leave"], table["holder_is_another"], table["unknown_person"]) == ("director", "hr", "nobody")
    assert "无人" in baton("check", run, lang="zh").out


@pytest.mark.parametrize(
    ("count", "minor", "told"),
    [(2, 30000, set()), (1, 20000, {"control_count", "control_sum", "control_left_out"})],
)
def test_control_totals_are_of_the_file_and_not_of_what_is_left_of_it(office, count, minor, told):
    office.hire("0001", "0002")
    office.draft({"0001": "100.00"})
    run = office.draft({"0001": "100.00", "0002": "200.00"}, declared_count=count, declared_minor=minor).run.run_id
    findings = {each["rule"]: each for each in baton("check", run, "--json").json["findings"]}
    assert {rule for rule in findings if rule.startswith("control_")} == told
    if told:
        assert findings["control_left_out"]["detail"] == {"claimed": "1", "doubled": "0", "others": "0"}


def test_where_building_sends_people_they_find_what_keeps_the_run(office):
    office.hire("0001", status=EmploymentStatus.ON_LEAVE)
    run = office.draft({"0001": "100.00"}).run.run_id
    assert baton("show", run, "--json").json["findings"] == []
    checked = baton("check", run, "--json").json["findings"]
    assert f"baton pay show {run}" in baton("build", run).err
    assert baton("show", run, "--json").json["findings"] == checked
    (held,) = (each for each in checked if each["rule"] == "on_leave")
    (row,) = (line.split() for line in baton("show", run).out.splitlines() if held["key"][:12] in line)
    assert (row[2], row[-1]) == ("on_leave", "director")


def test_findings_that_are_not_shown_are_counted(office, monkeypatch):
    run = office.draft({f"{n:04d}": "1.00" for n in range(1, 6)}).run.run_id
    count = len(baton("check", run, "--json").json["findings"])
    assert count >= 5
    assert "more" not in baton("check", run).out
    monkeypatch.setattr(pay_findings, "_SHOWN", 2)
    assert f"and {count - 2} more: --json has all" in baton("check", run).out
    assert f"另有 {count - 2} 项" in baton("check", run, lang="zh").out


def test_who_has_left_after_the_signatures_is_told_before_the_release_refuses(office):
    office.hire("0001", "0002")
    run = office.signed({"0001": "100.00", "0002": "100.00"})
    said = baton("show", run)
    assert "everybody has signed" in said.out
    assert baton("show", run, "--json").json["stale"] is False
    office.hire("0002", mobile="13800000000")
    assert "everybody has signed" in baton("show", run).out, "a telephone number voids nothing"
    office.hire("0002", status=EmploymentStatus.DEPARTED, last_working_day=date(2026, 10, 31))
    said = baton("show", run)
    assert "everybody has signed" not in said.out
    assert f"since it was checked: baton pay check {run}" in " ".join(said.out.split())
    assert baton("show", run, "--json").json["stale"] is True
    assert "有人离职" in baton("show", run, lang="zh").out
    assert (
        baton("release", run, "--why", "pay day", "--as", "treasury-qian", "--json").json["error"] == "people_changed"
    )
