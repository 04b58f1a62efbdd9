"""The drill itself: a company lives, is backed up, lives on, loses its store, and goes back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from baton.model.case import ItemState
from baton.model.handover import HoldingKind
from baton.model.payable import Component
from baton.sandbox.demo.case_desk import CaseDesk
from baton.sandbox.demo.company import publish
from baton.sandbox.demo.handover import HR
from baton.sandbox.demo.payroll import Payroll, payroll_of, publish_payroll
from baton.sandbox.demo.story import DEPARTED, HANDING_OVER, HIRED, Story
from baton.sandbox.demo.workplace import BANK, OFFICES
from baton.sandbox.drill.surroundings import Around

OPERATOR, SECOND, DIRECTOR = "ops-zhao", "ops-qian", "director-sun"
CLIENTS: Final = 12
_SIGNERS: Final = {offices[0]: person for person, offices in OFFICES.items()}
_MANAGER, _THEIR_MANAGER = "0009", "0008"
"""Of who hands over, and of who left before."""
SUCCESSORS: Final = ("0031", "0071")
MOVED, LATER = "0160", "0150"
"""Who moves, and who leaves, after the backup. Neither is in a pay run: what a change does to one is another story."""
_REFUSED: Final = 2
_FIRST: Final = 100
"""Up to this number people are in the first pay run."""


@dataclass
class Drill:
    """One drill: what was wrong, how long each step took, and what was counted."""

    around: Around
    baton: Callable[..., Any]
    say: Callable[[str], None]
    story: Story = field(default_factory=Story.begin)
    wrong: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)

    def perform(self) -> None:
        """Everything, in order."""
        backup = self.around.place.root / "backup"
        with self._step("the company lives"):
            self._lives()
        with self._step("backup"):
            self.baton("backup", str(backup))
        with self._step("the world goes on"):
            self._goes_on()
        before = self.around.writes()
        with self._step("restore"):
            self._restore(backup)
        with self._step("nothing leaves"):
            self._nothing_leaves(before)
        with self._step("read back"):
            self._read_back()
        with self._step("everything runs again"):
            self._runs_again()
        self._nothing_was_repeated(before)

    def require(self, holds: bool, otherwise: str) -> None:
        """Note what is not as it must be."""
        if not holds:
            self.wrong.append(otherwise)
            self.say(f"WRONG: {otherwise}")

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self.say(title)
        began = time.perf_counter()
        yield
        self.seconds[title] = round(time.perf_counter() - began, 1)

    # --- before the backup

    def _lives(self) -> None:
        """Everybody has accounts; somebody has left; a handover is agreed on; a pay run is signed and not released."""
        self._sync()
        self._leaves(DEPARTED)
        self.story.salesperson_resigns()
        self._sync()
        crm = self.around.crm
        self._clients = crm.seed_accounts([{"Name": f"虚构客户{n}", "owner": HANDING_OVER} for n in range(CLIENTS)])
        self._hour()
        self._papers_are_back()
        desk = self._desk(HANDING_OVER)
        clients = [item for item in desk.items(ItemState.OFFERED) if item.kind is HoldingKind.CLIENT]
        self.require(len(clients) == CLIENTS, f"{len(clients)} clients are on the list")
        for successor in sorted({item.successor for item in clients}):
            desk.say("accept", [item for item in clients if item.successor == successor], successor)
        desk.say("approve", desk.items(ItemState.ACCEPTED), _MANAGER)
        self._salary = self._drafted(self._payroll(first=True), Component.SALARY)
        self._signed(self._salary)

    def _papers_are_back(self) -> None:
        """Who left before Baton came has a case of what no system knows: their manager has it, and HR ends the case."""
        desk = self._desk(DEPARTED)
        desk.say("confirm", desk.items(), _THEIR_MANAGER, "--why", "all of it lies in cabinet 4")
        desk.ask("complete", "--as", HR, "--why", "nothing else was theirs")

    def _desk(self, number: str) -> CaseDesk:
        """Their open case."""
        cases = [found["case"] for found in self.baton("offboard", "list", "--state", "open")]
        (case,) = [each["id"] for each in cases if each["number"] == number]
        return CaseDesk(self.baton, case)

    # --- after it

    def _goes_on(self) -> None:
        """Hired, moved, departed; the clients go over; two pay runs are paid, one of them made only now; one erased."""
        self.story.people[HIRED] = replace(self.story.people["0200"], number=HIRED, name="何测新")
        self.story.people[MOVED] = replace(self.story.people[MOVED], position="高级客户经理")
        self._leaves(LATER)
        self._sync()
        self._hour()
        owners = self._owners()
        self.require(set(owners) == set(SUCCESSORS), f"the clients went to {dict(owners)}")
        self.baton("pay", "release", self._salary, "--as", _SIGNERS["treasury"], "--why", "pay day")
        bonus = self._drafted(self._payroll(first=False), Component.BONUS)
        self._signed(bonus)
        self.baton("pay", "release", bonus, "--as", _SIGNERS["treasury"], "--why", "pay day")
        self._paid()
        self.baton("person", "erase", DEPARTED, "--as", OPERATOR, "--why", "asked for it")
        self.baton("person", "erase", DEPARTED, "--as", DIRECTOR, "--confirm")
        self.baton("audit", "checkpoint")
        self.figures["paid_after_the_backup"] = sum(self.around.paying.paid.values())

    # --- going back

    def _restore(self, backup: Path) -> None:
        restored = self.baton("restore", "files", str(backup), "--as", OPERATOR, "--why", "the disk has died")
        self.require(restored["erased"] == [DEPARTED], f"erased again: {restored['erased']}")
        self.require(restored["set_aside"] == 1, "the newer checkpoint was not set aside")
        self.baton("audit", "checkpoint")
        verified = self.baton("audit", "verify")
        self.require(verified["verdict"] == "proven", "the audit log does not hold after the restore")

    def _nothing_leaves(self, before: dict[str, int]) -> None:
        """Whoever tries gets a reason; a dry run is all there is."""
        refusal = self.baton("run", "sync", expect=_REFUSED)
        self.require(refusal["error"] == "not_read_back", f"a run was refused with {refusal['error']}")
        synced = next(run["id"] for run in self.baton("runs")["runs"] if run["job"] == "sync")
        self.baton("apply", str(synced), expect=1)
        self.baton("pay", "deliver", expect=1)
        refusal = self.baton("pay", "check", self._salary, expect=_REFUSED)
        self.require(refusal["error"] == "not_read_back", f"a check was refused with {refusal['error']}")
        dry = self.baton("plan", "sync")
        self.figures["dry_run_effects"] = int(dry["run"]["counts"]["effects"])
        self.require(self.around.writes() == before, "something was written before it was read back")

    def _read_back(self) -> None:
        found = {each["system"]: each for each in self.baton("restore", "read-back")["systems"]}
        for system, report in found.items():
            figures = ", ".join(f"{name} {count}" for name, count in sorted(report["counts"].items()))
            self.say(f"  {system}: {figures or 'nothing to read'}")
            self.require(not report["trouble"], f"{system}: {report['trouble']}")
        self.require(found["crm"]["counts"]["adopted"] == 1, "the account made after the backup was not found")
        self.require(found[BANK]["counts"].get("delivered") == 1, "the file released after the backup was not found")
        self.require(found[BANK]["counts"]["paid"] > 0, "what was paid since was not found")
        self.figures["found_since"] = sum(
            report["counts"].get(name, 0)
            for report in found.values()
            for name in ("adopted", "changed", "gone", "delivered", "paid")
        )
        refusal = self.baton("restore", "open", "--as", OPERATOR, "--why", "in a hurry", expect=_REFUSED)
        self.require(refusal["error"] == "maker", "who restored could open it alone")
        self.baton("restore", "open", "--as", SECOND, "--why", "looked at all of it")

    def _runs_again(self) -> None:
        """Everything the schedule and people would do next: all of it was done before."""
        self._sync()
        self._hour()
        again = self._drafted(self._payroll(first=False), Component.BONUS, expect_payable=False)
        lines = self.baton("pay", "show", again)["lines"]
        states = Counter((line["state"], line["code"]) for line in lines)
        self.require(set(states) == {("left_out", "on_statement")}, f"drafted again, the paid lines are {dict(states)}")
        self._paid()
        unknown = self.baton("person", "export", DEPARTED, "--as", OPERATOR, "--out", str(self._out), expect=0)
        self.require(unknown["records"].get("employee", 0) == 0, "somebody erased is there again")

    @property
    def _out(self) -> Path:
        return self.around.place.root / "export"

    def _nothing_was_repeated(self, before: dict[str, int]) -> None:
        after, blind = self.around.writes(), self.around.unreadable_since(before)
        for system, count in before.items():
            repeated = after[system] - count - blind.get(system, 0)
            self.require(repeated == 0, f"{system}: {repeated} writes were repeated")
            self.figures["repeated"] = self.figures.get("repeated", 0) + repeated
        twice = {reference: count for reference, count in self.around.paying.paid.items() if count != 1}
        self.require(not twice, f"{len(twice)} payments were made other than once")
        self.figures["done_again_as_unreadable"] = sum(blind.values())
        self.figures["paid"] = sum(self.around.paying.paid.values())

    # --- words for what is done often

    def _leaves(self, number: str) -> None:
        """Somebody has left, and everything has ended."""
        last = self.story.in_days(-40)
        gone = replace(self.story.people[number], status="离职", last_working=last, contract_end=last, pay_end=last)
        self.story.people[number] = gone

    def _sync(self) -> None:
        """A new export, carried everywhere."""
        publish(self.story.people.values(), self.around.place.feed)
        self.baton("run", "sync")

    def _hour(self) -> None:
        self.baton("offboard", "run")

    def _owners(self) -> Counter[str]:
        """Employee number -> how many of the clients are theirs, in Salesforce's own rows."""
        crm = self.around.crm
        numbers = {crm.user(number)["Id"]: number for number in (HANDING_OVER, *SUCCESSORS)}
        return Counter(numbers.get(crm.row("Account", client)["OwnerId"], "") for client in self._clients)

    def _payroll(self, *, first: bool) -> Payroll:
        whole = payroll_of(self.story)
        left_out = {DEPARTED, HIRED, MOVED, LATER}
        return replace(
            whole,
            amounts={
                number: minor
                for number, minor in whole.amounts.items()
                if (int(number) <= _FIRST) == first and number not in left_out
            },
        )

    def _drafted(self, payroll: Payroll, component: Component, *, expect_payable: bool = True) -> str:
        publish_payroll(payroll, self.story.people, self.around.place.payroll)
        of = ("--component", component.value, "--period", payroll.period, "--on", f"{payroll.pay_day:%Y-%m-%d}")
        count = ("--count", str(len(payroll.amounts)))
        drafted = self.baton("pay", "draft", str(self.around.place.payroll), "--bank", BANK, *of, *count, "--as", "hr")
        run = str(drafted["run"])
        self.baton("pay", "check", run, expect=0 if expect_payable else 1)
        return run

    def _signed(self, run: str) -> None:
        self.baton("pay", "build", run)
        for office in self.baton("pay", "show", run)["missing"]:
            self.baton("pay", "sign", run, "--role", office, "--as", _SIGNERS[office])

    def _paid(self) -> None:
        """Delivered, taken, booked, and read."""
        self.baton("pay", "deliver")
        self.around.await_bank()
        self.around.paying.book(payroll_of(self.story).pay_day)
        self.baton("pay", "answers")
