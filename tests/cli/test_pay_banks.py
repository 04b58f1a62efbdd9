"""Several banks, one of them switched off or broken: what is done with the others is done, and told."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from baton.cli.context import Context
from baton.contracts.payments import AnswerFile, AnswerKind
from baton.errors import ConfigurationError
from tests.cli.paying import baton
from tests.cli.test_pay_recover import POLICY
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, booked
from tests.rig import payroll
from tests.rig.bank_papers import statement
from tests.rig.clock import VirtualClock
from tests.rig.payroll import ACCOUNT, BANK, Payroll
from tests.rig.targets import KeyTarget

OTHERS = ["abank", "zbank"]
"""In the alphabet, one comes before the bank and one after it."""


class Registry(payroll._Banking):
    """Switched off is switched off; what is called broken cannot be built."""

    def build(self, system, limiter, clock, **more):
        if not system.enabled:
            return payroll.Registry.build(self, system, limiter, clock, **more)
        if system.name in self.company.broken:
            raise self.company.broken[system.name]
        return super().build(system, limiter, clock, **more)


class Banks(Payroll):
    """A company with several banks."""

    enabled = False

    def __init__(self, *given, **more):
        super().__init__(*given, **more)
        self.broken = {}

    def registry(self):
        return Registry(self)

    def settings(self):
        plain = super().settings()
        more = {
            name: replace(self._system(name, "bank/memory"), enabled=self.enabled, settings=None) for name in OTHERS
        }
        bank = plain.payments.banks[BANK]
        payments = plain.payments.model_copy(update={"banks": dict.fromkeys((*OTHERS, BANK), bank)})
        return replace(plain, systems={**plain.systems, **more}, payments=payments)


@pytest.fixture
def office(tmp_path, monkeypatch, request):
    """Two people whose pay is signed for and released."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    company = Banks(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget}, policy=policy)
    company.enabled = getattr(request, "param", False)
    office = Office(company, company.open())
    office.hire(*TWO)
    office.release(office.signed(TWO))
    monkeypatch.setattr(Context, "hub", lambda _: nullcontext(office.hub))
    yield office
    office.hub.close()


def test_a_bank_that_is_switched_off_keeps_no_other_from_being_paid_through(office):
    said = baton("deliver", "--json")
    assert (said.code, [(each["system"], each["halted"]) for each in said.json]) == (0, [(BANK, "")])
    assert len(office.bank.files) == 1
    say_booked(office)
    said = baton("answers", "--json")
    assert (said.code, {name: each["files"] for name, each in said.json.items()}) == (0, {BANK: 1})


def say_booked(office):
    """Its statement lies there and is not read yet."""
    data = statement(ACCOUNT, booked(office, *TWO))
    office.bank.answers.append(AnswerFile("statement", AnswerKind.STATEMENT, data))


def test_asked_for_by_name_it_is_refused(office):
    for command in ("deliver", "answers"):
        said = baton(command, "--bank", "abank", "--json")
        assert (said.code, said.json["faults"][0]["rule"]) == (2, "disabled")


def test_what_waits_for_a_bank_that_is_switched_off_is_told(office):
    systems = office.hub.settings.systems
    switched = {name: replace(each, enabled=name != BANK) for name, each in systems.items() if name not in OTHERS}
    office.hub.settings = replace(office.hub.settings, systems=switched)
    said = baton("deliver", "--json")
    (report,) = said.json
    assert (said.code, report["system"], report["counts"]) == (1, BANK, {"waiting": 1})
    assert "switched off" in report["halted"]
    assert office.bank.files == {}


@pytest.mark.parametrize("office", [True], indirect=True)
@pytest.mark.parametrize("error", [ConfigurationError([]), ValueError("secret")])
def test_a_bank_that_cannot_be_reached_hides_nothing_of_what_was_done_with_the_others(office, error):
    office.company.broken = dict.fromkeys(OTHERS, error)
    said = baton("deliver", "--json")
    assert said.code == 1
    assert {each["system"]: bool(each["halted"]) for each in said.json} == {"abank": True, BANK: False, "zbank": True}
    assert "secret" not in said.out + said.err
    say_booked(office)
    said = baton("answers", "--json")
    assert said.code == 1
    told = {name: (each["files"], bool(each["halted"])) for name, each in said.json.items()}
    assert told == {"abank": (0, True), BANK: (1, False), "zbank": (0, True)}
    assert "secret" not in said.out + said.err
    assert all(f"{name}：已停止" in baton("answers", lang="zh").out for name in OTHERS)


def test_no_run_is_drafted_for_a_bank_that_is_switched_off(office, monkeypatch, tmp_path):
    before = office.lines_run()
    given = ("--period", "2026-12", "--on", "2026-12-31", "--as", "li", "--json")
    said = baton("draft", payroll.payroll_file(tmp_path, {"0001": "8000.00"}), "--bank", "abank", *given)
    assert (said.code, said.json["faults"][0]["rule"]) == (2, "disabled")
    assert office.lines_run() == before
    again = baton("draft", payroll.payroll_file(tmp_path, {"0001": "8000.00"}), "--bank", BANK, *given)
    assert (again.code, again.json["left_out"]) == (0, [])
