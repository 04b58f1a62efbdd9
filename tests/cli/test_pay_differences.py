"""baton pay differences, acknowledge: as people type them and as machines read them."""

from contextlib import nullcontext

import pytest

from baton.cli.context import Context
from baton.contracts.payments import AnswerKind
from baton.hub.payment.reconciling import reconcile_bank
from tests.cli.test_pay_recover import POLICY, baton
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, booked, say
from tests.rig.bank_papers import statement
from tests.rig.clock import VirtualClock
from tests.rig.payroll import ACCOUNT, BANK, Payroll
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
    said = baton("acknowledge", found["key"], "--as", "zhao", "--why", "the bank books it back", lang="zh")
    assert (said.code, said.out.strip()) == (0, f"{found['key']}：由 zhao 接手")
    said = baton("differences", "--json")
    assert (said.code, said.json["differences"][0]["person"]) == (0, "zhao")
    assert baton("acknowledge", found["key"], "--as", "zhao", "--why", "again").code != 0
    assert baton("differences", "--bank", "another", "--json").json == {"differences": []}
