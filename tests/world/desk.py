"""Who decides and who works by hand: pay, migrations, held runs, the switch. Mostly rightly, sometimes what nobody may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from baton.errors import ApprovalError, BatonError
from baton.hub import Hub
from baton.hub.decisions import kill_switch, reject, release
from baton.hub.migration.planning import plan_migration
from baton.hub.migration.rollback import plan_rollback
from baton.hub.payment import signing
from baton.hub.payment.answering import take_answers
from baton.hub.payment.building import build
from baton.hub.payment.checking import check, waive
from baton.hub.payment.drafting import Drafting, draft_file
from baton.hub.payment.waiving import named
from baton.hub.payment.withdrawing import withdraw
from baton.jobs.migration.waves import WavePlan
from baton.jobs.payment.roles import Role
from baton.model.effect import EffectState
from baton.model.pay_run import LineState
from baton.model.payable import Component
from baton.store.runs import Run, RunState
from baton.store.tables import effects
from tests.rig.payroll import BANK, HR, MAKER, PAYROLL, TREASURY, payroll_file
from tests.simulation.invariants import BrokenInvariantError
from tests.world.world import MANY, Whole

PERIOD = "2026-11"
REVIEWER = "reviewer"


class Desk:
    """Everybody of one world who is no scheduler, HR excepted."""

    def __init__(self, world: Whole) -> None:
        self.world = world
        self.chance = world.chance
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.amounts = {person["number"]: f"{5000 + int(person['number'])}.00" for person in world.company.rows}
        self._file: Path = payroll_file(world.company.folder, self.amounts)

    def attempt(self, what: str, do: Callable[[], object]) -> bool:
        """Whether it was allowed. Whoever dies in it never hears."""
        try:
            do()
        except BatonError as error:
            self.refused[f"{what}: {error.code}"] += 1
            self.world.note(f"refused {what} {error.code}")
            return False
        self.done[what] += 1
        self.world.note(f"did {what}")
        return True

    def latest(self, *states: RunState, job: str = "") -> list[Run]:
        """The newest runs, newest first."""
        with self.world.hub.database.read() as connection:
            found = self.world.hub.runs.latest(connection, MANY)
        return [run for run in found if run.state in states and job in ("", run.job)]

    # --- held runs

    def decide(self, yes: float) -> None:
        """A second person looks at what is held (pay runs have their own way)."""
        hub = self.world.hub
        for run in self.latest(RunState.HELD):
            if run.job == "payment":
                continue
            if self.chance.random() >= yes or not self._release(hub, run):
                self.attempt("reject", lambda run=run: reject(hub, run.id, REVIEWER, "too many at once"))

    def _release(self, hub: Hub, run: Run) -> bool:
        with hub.database.read() as connection:
            held = hub.effects.read(connection, (effects.c.run_id == run.id) & (effects.c.state == "held"))
        # A migration can be held once more after another wave: each time they look at what is held then.
        self.world.reviewed[run.id] = self.world.reviewed.get(run.id, frozenset()) | {effect.key for effect in held}
        return self.attempt("release", lambda: release(hub, run.id, REVIEWER, "looked at it"))

    # --- the switch

    def switch(self) -> None:
        """Everything is stopped for a while."""
        world = self.world
        position = "off" if self.is_stopped() else "on"
        world.trouble.stopped_at = None  # it may be off before we hear of it
        kill_switch(world.hub, "all", position, REVIEWER, "a test")
        if position == "on":
            world.trouble.stopped_at = world.clock.monotonic()
        world.note(f"switch {position}")

    def is_stopped(self) -> bool:
        """Whether the switch is on, as the hub has it: whoever died while throwing it does not know."""
        with self.world.hub.database.read() as connection:
            return "all" in self.world.hub.runs.engaged(connection)

    # --- migrations

    def migrate(self) -> None:
        """Plan one; or take the newest back; or look at it twice."""
        hub, lot = self.world.hub, self.chance.random()
        known = self.latest(RunState.READY, RunState.SETTLED, RunState.HELD, job="migration")
        if not known or (lot < 0.15 and len(known) < 4):
            waves = WavePlan(1, self.chance.choice((0, 0.3)))
            request = self.world.company.archive.request(waves=waves)
            self.attempt("plan a migration", lambda: plan_migration(hub, request))
        elif lot < 0.4:
            self.attempt("take back", lambda: plan_rollback(hub, known[0].id, "tester"))

    # --- pay

    def pay(self) -> None:
        """The next step with a pay run; now and then another one, or by somebody whom it does not belong to."""
        steps = (self._draft, self._check, self._build, self._sign, self._release_pay, self._take_back, self._answers)
        step = self.chance.choice(steps) if self.chance.random() < 0.2 else self._next_step()
        step()

    def _next_step(self) -> Callable[[], None]:
        hub = self.world.hub
        held = self.latest(RunState.HELD, job="payment")
        if not held:
            return self.chance.choice((self._draft, self._answers, self._answers))
        with hub.database.read() as connection:
            run = hub.pay_runs.get(connection, held[0].id)
        if run is None or not run.report_digest:
            return self._check
        if not held[0].plan_hash:
            return self._build if not held[0].reasons else self._check
        return self._sign if signing.look(hub, held[0].id).decision.missing else self._release_pay

    def _draft(self) -> None:
        held = self.latest(RunState.HELD, RunState.READY, job="payment")
        if len(held) < 2:
            departed = [n for n, said in self.world.told.items() if said.startswith("departed")]
            component = Component.FINAL_SETTLEMENT if departed and self.chance.random() < 0.4 else Component.SALARY
            self.draft(component, departed)

    def draft(self, component: Component, only: list[str] | None = None) -> None:
        """A run of everybody's salary, or of the settlements of those who have left."""
        wanted = Drafting(BANK, component, PERIOD, self._pay_day(), MAKER)
        file = self._file
        if component is Component.FINAL_SETTLEMENT:
            amounts = dict.fromkeys(only or [], "31415.92")
            file = payroll_file(self.world.company.folder, amounts, "settlements.csv")
        self.attempt("draft", lambda: draft_file(self.world.hub, wanted, file))

    def _unsent(self, run_id: str) -> bool:
        hub = self.world.hub
        with hub.database.read() as connection:
            still_here = (effects.c.run_id == run_id) & (effects.c.state == EffectState.PLANNED.value)
            return bool(hub.effects.read(connection, still_here, limit=1))

    def _owed(self) -> set[str]:
        """Who has worked in the period at all."""
        people = self.world.company.rows
        return {each["number"] for each in people if not "" < each.get("pay_end", "") < f"{PERIOD}-01"}

    def nothing_to_draft(self) -> bool:
        """Whether everybody's salary is in some run."""
        hub = self.world.hub
        with hub.database.read() as connection:
            runs = [run for run in hub.pay_runs.of_system(connection, BANK) if run.component is Component.SALARY]
            claimed = {
                line.payable.key.number
                for run in runs
                for line in hub.pay_runs.lines(connection, run.run_id)
                if line.state.claims
            }
        return self._owed() <= claimed

    def at_rest(self) -> bool:
        """Whether everybody's salary has come to an end that the bank has told."""
        ended = (LineState.PAID, LineState.REJECTED, LineState.RETURNED)
        hub = self.world.hub
        with hub.database.read() as connection:
            lines = [
                line
                for run in hub.pay_runs.of_system(connection, BANK)
                for line in hub.pay_runs.lines(connection, run.run_id)
                if line.state.claims
            ]
        ends = {line.payable.key.number for line in lines if line.state in ended}
        return self._owed() <= ends and all(line.state in ended for line in lines)

    def _pay_day(self) -> date:
        day = self.world.clock.now().date() + timedelta(days=3)
        return day + timedelta(days=(7 - day.weekday()) if day.weekday() > 4 else 0)

    def _check(self) -> None:
        hub = self.world.hub
        for run in self.latest(RunState.HELD, job="payment")[:1]:
            self.attempt("check", lambda run=run: self.check(hub, run.id))

    def check(self, hub: Hub, run_id: str) -> bool:
        """Check a run; HR waives what HR may. Whether something in it may be paid."""
        self.world.checking = run_id
        checked = check(hub, run_id)
        for finding in checked.cleared.report.findings:
            if finding.rule in ("settlement_and_salary", "account_changed"):
                until = hub.clock.now() + timedelta(days=2)
                waiver = named(hub, run_id, finding.digest, HR, Role.HR.value, "HR has asked", until)
                checked = waive(hub, waiver)
        return checked.cleared.releasable

    def _build(self) -> None:
        for run in self.latest(RunState.HELD, job="payment")[:1]:
            self.attempt("build", lambda run=run: build(self.world.hub, run.id))

    def _sign(self) -> None:
        for run in self.latest(RunState.HELD, job="payment")[:1]:
            missing = sorted(signing.look(self.world.hub, run.id).decision.missing)
            able = [(PAYROLL, Role.PAYROLL), (TREASURY, Role.TREASURY)]
            who = next((each for each in able if each[1] in missing), able[0])
            if self.chance.random() < 0.15:
                who = (MAKER, Role.PAYROLL)
            signed = self.attempt("sign", lambda run=run, who=who: signing.sign(self.world.hub, run.id, *who))
            if signed and who[0] == MAKER:
                raise BrokenInvariantError(f"{MAKER} has signed for their own run")

    def _release_pay(self) -> None:
        who = self.chance.choice((TREASURY, TREASURY, MAKER))
        for run in self.latest(RunState.HELD, job="payment")[:1]:
            self.attempt("release pay", lambda run=run: signing.release(self.world.hub, run.id, who, "pay day"))

    def _take_back(self) -> None:
        hub = self.world.hub
        if self.chance.random() < 0.5:
            for run in self.latest(RunState.READY, job="payment")[:1]:
                self.attempt("withdraw", lambda run=run: withdraw(hub, run.id, TREASURY, "wait"))
            return
        for run in self.latest(RunState.HELD, job="payment")[:1]:
            self.attempt("cancel", lambda run=run: signing.cancel(hub, run.id, MAKER, "a mistake"))

    def _answers(self) -> None:
        work = self.chance.choice(("morning", "afternoon", "evening"))
        getattr(self.world.company.office, work)()
        self.attempt("answers", lambda: take_answers(self.world.hub, BANK))

    def see_through(self) -> None:
        """Every pay run is brought to its end, and what is still owed is paid, as far as it may be."""
        hub = self.world.hub
        for run in self.latest(RunState.READY, job="payment"):
            if self._unsent(run.id):
                self.attempt("withdraw", lambda run=run: withdraw(hub, run.id, TREASURY, "what is left of it"))
        for run in self.latest(RunState.HELD, job="payment"):
            try:
                if not self.check(hub, run.id):
                    raise ApprovalError("nothing in it may be paid", code="nothing")
                build(hub, run.id)
                for person, role in ((PAYROLL, Role.PAYROLL), (TREASURY, Role.TREASURY)):
                    signing.sign(hub, run.id, person, role)
                signing.release(hub, run.id, TREASURY, "pay day")
                self.done["see through"] += 1
            except ApprovalError as error:
                self.world.note(f"cancelled {error.code}")
                signing.cancel(hub, run.id, TREASURY, "nothing to pay")
