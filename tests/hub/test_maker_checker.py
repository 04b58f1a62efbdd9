"""The second person cannot be left out: not by another spelling, an edit, an old word, or doing everything once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from baton.errors import ApprovalError
from baton.hub import decisions, execution
from baton.hub.payment.signing import release as release_pay
from baton.hub.payment.signing import sign
from baton.hub.sync import SyncRequest, plan_sync
from baton.jobs.payment.roles import Role as Office
from baton.model.account import AccountState
from baton.model.case import Act, Role
from baton.model.handover import HoldingKind
from baton.store.runs import RunState
from baton.store.tables import effects
from tests.hub.offboarding.conftest import LEAVER, MANAGER, staffed
from tests.hub.payment.conftest import POLICY
from tests.hub.payment.office import Office as PayOffice
from tests.rig.belongings import KeeperTarget
from tests.rig.clock import START, VirtualClock
from tests.rig.company import Company, row
from tests.rig.payroll import MAKER, PAYROLL, TREASURY, Payroll, card
from tests.rig.targets import KeyTarget

LEFT = {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-12-31"}
SPELLINGS = ["{}", " {} ", "{}\t", "\u200b{}", "{}\u2060", "\ufeff{}", "{}\u00ad"]
"""Of one name, for people who would like to be two."""


def spelled(name: str) -> list[str]:
    """The name in other letters, with blanks and with characters that nobody sees."""
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalnum() else letter for letter in name)
    return [form.format(each) for form in SPELLINGS for each in (name, name.upper(), name.title(), wide)]


def people(left: int = 0) -> list[dict[str, str]]:
    return [row(f"{n:04d}", **(LEFT if n <= left else {})) for n in range(1, 41)]


class Held:
    """A run that takes access from twenty people, asked for by ``maker``."""

    def __init__(self, folder: Path) -> None:
        self.company = Company(folder, f"sqlite:///{folder}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
        self.hub = self.company.open()
        self.plan("maker", people())
        execution.apply(self.hub)
        self.run = self.plan("maker", people(left=20)).run
        assert self.run.state is RunState.HELD

    def plan(self, person: str, rows: list[dict[str, str]]):
        self.company.rows = rows
        return plan_sync(self.hub, SyncRequest(requested_by=person))

    def state(self) -> RunState:
        with self.hub.database.read() as connection:
            found = self.hub.runs.get(connection, self.run.id)
        assert found is not None
        return found.state

    @property
    def disabled(self) -> int:
        return sum(record.state is AccountState.DISABLED for record in self.company.truths["crm"].accounts.values())


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Held]:
    made = Held(tmp_path)
    yield made
    made.hub.close()


def test_no_spelling_of_the_maker_is_a_second_person(held: Held) -> None:
    for person in spelled("maker"):
        for decide in (decisions.release, decisions.reject):
            with pytest.raises(ApprovalError) as caught:
                decide(held.hub, held.run.id, person, "mine")
            assert caught.value.code == "maker"
    assert held.state() is RunState.HELD
    for nobody in ("", " ", "\t\n"):
        with pytest.raises(ApprovalError):
            decisions.release(held.hub, held.run.id, nobody, "nobody's")
    execution.apply(held.hub)
    assert held.disabled == 0


TOMORROW = START + timedelta(days=1)


@pytest.mark.parametrize("change", [{"number": "0039"}, {"action": "remove"}, {"due_at": TOMORROW}, {"system": "erp"}])
def test_what_was_edited_after_planning_is_not_released(held: Held, change: dict[str, object]) -> None:
    """With rights on the database: the plan is no longer what its hash says."""
    with held.hub.database.write() as connection:
        mine = sa.select(effects.c.id).where(effects.c.run_id == held.run.id).limit(1)
        one = connection.execute(mine).scalar_one()
        connection.execute(sa.update(effects).where(effects.c.id == one).values(**change))
    with pytest.raises(ApprovalError) as caught:
        decisions.release(held.hub, held.run.id, "checker", "looks right")
    assert caught.value.code == "changed"
    execution.apply(held.hub)
    assert held.disabled == 0


def test_a_decision_counts_once_and_for_no_other_run(held: Held) -> None:
    decisions.reject(held.hub, held.run.id, "checker", "a mistake")
    for decide in (decisions.release, decisions.reject):
        with pytest.raises(ApprovalError) as caught:
            decide(held.hub, held.run.id, "checker", "after all")
        assert caught.value.code == "not_held"
    again = held.plan("maker", people(left=21)).run
    execution.apply(held.hub)
    assert held.disabled in (0, 1)  # the one who is new may go; the twenty wait for a word about the new run
    assert again.id != held.run.id


def test_clearing_and_running_every_task_again_sends_nothing(held: Held) -> None:
    """What Airflow does when somebody clears tasks: plan, apply and settle of a run in every order, many times."""
    for _ in range(3):
        execution.apply(held.hub)
        execution.settle(held.hub, held.run.id)
        execution.settle(held.hub, held.run.id)
        execution.apply(held.hub)
    assert held.state() is RunState.HELD
    assert held.disabled == 0
    newest = held.plan("checker", people(left=20)).run  # cleared by another: the new plan is that person's own
    execution.apply(held.hub)
    assert held.disabled == 0
    waiting = newest if newest.state is RunState.HELD else held.run
    with pytest.raises(ApprovalError):
        decisions.release(held.hub, waiting.id, waiting.requested_by.upper(), "mine")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PayOffice]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY, "utf-8")
    url = f"sqlite:///{tmp_path}/hub.sqlite3"
    company = Payroll(tmp_path, url, VirtualClock(), {"crm": KeyTarget}, policy=policy)
    hub = company.open()
    yield PayOffice(company, hub)
    hub.close()


def test_no_spelling_of_one_officer_is_two_on_a_pay_run(office: PayOffice) -> None:
    office.hire("0001")
    run_id = office.prepared({"0001": "8000.00"})
    for person in spelled(MAKER)[::3]:
        for role in (Office.PAYROLL, Office.TREASURY):
            with pytest.raises(ApprovalError):
                sign(office.hub, run_id, person, role)
    sign(office.hub, run_id, PAYROLL, Office.PAYROLL)
    for person in spelled(PAYROLL):
        with pytest.raises(ApprovalError):
            sign(office.hub, run_id, person, Office.TREASURY)
    with pytest.raises(ApprovalError) as caught:
        release_pay(office.hub, run_id, TREASURY, "one signature is not two")
    assert caught.value.code == "unsigned"
    sign(office.hub, run_id, TREASURY, Office.TREASURY)
    for person in spelled(MAKER):
        with pytest.raises(ApprovalError) as caught:
            release_pay(office.hub, run_id, person, "mine")
        assert caught.value.code == "maker"


def test_signatures_do_not_survive_what_is_built_anew(office: PayOffice) -> None:
    office.hire("0001", "0002")
    run_id = office.signed({"0001": "8000.00", "0002": "9000.00"})
    office.check(run_id)
    office.build(run_id)
    office.hire("0002", bank_account_number=card(999))
    with pytest.raises(ApprovalError) as caught:
        office.release(run_id)
    assert caught.value.code == "people_changed"
    office.check(run_id)
    office.build(run_id)
    with pytest.raises(ApprovalError) as caught:
        office.release(run_id)
    assert caught.value.code == "unsigned"


def test_no_spelling_of_the_leaver_or_of_who_accepted_decides_a_handover(tmp_path: Path) -> None:
    company = Company(tmp_path, f"sqlite:///{tmp_path}/hub.sqlite3", VirtualClock(), {"crm": KeeperTarget})
    with company.open() as hub:
        desk = staffed(company, hub)
        ref = desk.plant(HoldingKind.CLIENT, 1)
        case = desk.open(last_working_at=hub.clock.now() + timedelta(days=9))
        desk.tick()
        desk.say(case, [desk.item(case, ref)], Act.NAME, MANAGER, Role.MANAGER, successor=MANAGER)
        for person in spelled(LEAVER):
            with pytest.raises(ApprovalError):
                desk.say(case, [desk.item(case, ref)], Act.LEAVE, person, Role.HR, "mine")
        desk.say(case, [desk.item(case, ref)], Act.ACCEPT, MANAGER, Role.SUCCESSOR)
        for person in spelled(MANAGER):
            for role in (Role.MANAGER, Role.HR):
                with pytest.raises(ApprovalError):
                    desk.say(case, [desk.item(case, ref)], Act.APPROVE, person, role)
