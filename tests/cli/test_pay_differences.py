"""baton pay differences, acknowledge: as people type them and as machines read them."""

from contextlib import nullcontext

import pytest

from baton.cli.context import Context
from baton.contracts.payments import AnswerKind
from baton.hub.payment.reconciling import reconcile_bank
from tests.cli.paying import baton
from tests.cli.test_pay_recover import POLICY
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, booked, say
from tests.rig.bank_papers import statement
from tests.rig.clock import VirtualClock
from tests.rig.payroll import ACCOUNT, BANK, TREASURY, Payroll
from tests.rig.targets import KeyTarget


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Two people are paid, and the bank has booked it."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Payroll(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget}, policy=policy)
    office = Office(company, company.open())
    office.hire(*TWO)
    office.release(office.signed(TWO))
    office.deliver()
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, *TWO)))
    monkeypatch.setattr(Context, "hub", lambda _: nullcontext(office.hub))
    yield office
    office.hub.close()


def test_a_difference_is_listed_taken_on_and_listed_on(office):
    reconcile_bank(office.hub, BANK)
    said = baton("differences")
    assert (said.code, said.out.strip()) == (0, "nothing differs")
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001"), 2, "79654.33"))
    reconcile_bank(office.hub, BANK)
    said = baton("differences", "--json")
    (found,) = said.json["differences"]
    assert (said.code, found["kind"], found["weight"], found["person"]) == (1, "paid_twice", "alarm", "")
    assert (found["expected_minor"], found["found_minor"]) == (800_000, 1_600_000)
    assert "告警" in baton("differences", "--bank", BANK, lang="zh").out
    said = baton("acknowledge", found["key"], "--as", TREASURY, "--why", "the bank books it back", lang="zh")
    assert (said.code, said.out.strip()) == (0, f"{found['key']}：由 {TREASURY} 接手")
    said = baton("differences", "--json")
    assert (said.code, said.json["differences"][0]["person"]) == (0, TREASURY)
    assert baton("acknowledge", found["key"], "--as", TREASURY, "--why", "again").code != 0
    assert baton("differences", "--bank", "another", "--json").json == {"differences": []}


def test_a_month_is_reconciled_over_all_banks_with_its_sums(office):
    said = baton("reconcile", "--period", "2026-11", "--json")
    (run,) = said.json["runs"].values()
    assert (said.code, said.json["verdict"], said.json["banks"]) == (
        0,
        "clean",
        {BANK: {"verdict": "clean", "entries": 2}},
    )
    assert {name: run[name] for name in ("system", "period", "filed_minor", "booked_minor", "refused_minor", "rest_minor")} == {
        "system": BANK, "period": "2026-11", "filed_minor": 2_034_567, "booked_minor": 2_034_567, "refused_minor": 0,
        "rest_minor": 0,
    }  # fmt: skip
    assert said.json["sums_minor"] == {"CNY": {
        "filed": 2_034_567, "booked": 2_034_567, "refused": 0, "waiting": 0, "came_back": 0, "rest": 0,
    }}  # fmt: skip
    told = baton("reconcile", "--period", "2026-11", lang="zh").out
    assert "合计" in told
    assert "20,345.67 CNY" in told


@pytest.mark.parametrize("options", [(), ("--bank", BANK)])
def test_a_month_in_which_nothing_was_paid_is_no_success(office, options):
    said = baton("reconcile", "--period", "2026-10", *options, "--json")
    assert (said.code, said.json["verdict"], said.json["runs"]) == (2, "nothing_compared", {})
    assert baton("reconcile", "--period", "2026-10", *options).code == 2


def test_all_months_together_are_what_is_compared_without_one(office):
    assert baton("reconcile", "--json").json["sums_minor"]["CNY"]["booked"] == 2_034_567
    say(office, AnswerKind.STATEMENT, statement(ACCOUNT, booked(office, "0001"), 2, "79654.33"))
    said = baton("reconcile", "--json")
    (run,) = said.json["runs"].values()
    assert (said.code, run["verdict"], run["rest_minor"]) == (1, "different", -800_000)
    assert [each["kind"] for each in said.json["differences"]] == ["paid_twice"]


def test_the_bank_is_asked_in_writing_to_stop_a_line(office, tmp_path):
    office.hire("0003")
    run = office.signed({"0003": "700.00"})
    office.release(run)
    office.deliver()
    ask = ("recall", run, "--line", 1, "--why", "not owed", "--as", "treasury-qian")
    read = baton(*ask, "--dry-run", lang="zh")
    assert (read.code, "请求止付" in read.out, "700.00 CNY" in read.out) == (0, True, True)
    assert baton(*ask).code == 2
    folder = tmp_path / "letters"
    said = baton(*ask, "--to", folder, "--json").json
    assert (said["lines"], sorted(said["files"])) == ([1], sorted(map(str, folder.iterdir())))
    assert baton("recall", run, "--line", 2, *ask[4:], "--to", folder).code == 2
