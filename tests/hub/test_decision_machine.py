"""Anything in any order: feeds, plans, decisions, sending, judging and time. Nobody goes without a second person's word."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from baton.errors import ApprovalError
from baton.hub import decisions, execution
from baton.hub.sync import SyncRequest, plan_sync
from baton.model.account import AccountState
from baton.model.persons import alike
from baton.store.runs import Run, RunState
from baton.store.tables import effects
from tests.rig.clock import VirtualClock
from tests.rig.company import Company, row
from tests.rig.examples import few
from tests.rig.targets import KeyTarget

STAFF = 40
LIMITS = (5, 10, 20)
"""Of a run, of a day, of a week: what the gate lets go in a company of this size without a word."""
LEFT = {"status": "departed", "last_day": "2026-11-01", "contract_end": "2026-12-31"}
PEOPLE = st.sampled_from(["li", "Li", "\u200bli", "wang", "chen"])


class Decisions(RuleBasedStateMachine):
    """A hub, three people under five spellings, and a feed that changes as it likes."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        place = Path(self.folder.name)
        self.company = Company(place, f"sqlite:///{place}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
        self.hub = self.company.open()
        self.released: set[str] = set()
        """Numbers that a second person has let go."""
        self.runs: list[str] = []
        self.feed(0)
        self.plan("li")
        execution.apply(self.hub)
        self.feed(30)
        self.plan("li")
        assert self.run(self.runs[-1]).state is RunState.HELD

    @rule(left=st.integers(0, STAFF))
    def feed(self, left: int) -> None:
        self.company.rows = [row(f"{n:04d}", **(LEFT if n <= left else {})) for n in range(1, STAFF + 1)]

    @rule(person=PEOPLE)
    def plan(self, person: str) -> None:
        self.runs.append(plan_sync(self.hub, SyncRequest(requested_by=person)).run.id)

    def run(self, run_id: str) -> Run:
        with self.hub.database.read() as connection:
            found = self.hub.runs.get(connection, run_id)
        assert found is not None
        return found

    @rule(person=PEOPLE, back=st.integers(0, 2), letting=st.booleans())
    def decide(self, person: str, back: int, letting: bool) -> None:
        run = self.run(self.runs[max(0, len(self.runs) - 1 - back)])
        with self.hub.database.read() as connection:
            mine = {effect.number for effect in self.hub.effects.read(connection, effects.c.run_id == run.id)}
        try:
            (decisions.release if letting else decisions.reject)(self.hub, run.id, person, "looked at it")
        except ApprovalError:
            return
        assert run.state is RunState.HELD
        assert alike(person) != alike(run.requested_by)
        if letting:
            self.released |= mine

    @rule()
    def send(self) -> None:
        execution.apply(self.hub)

    @rule()
    def judge(self) -> None:
        execution.settle(self.hub, self.runs[-1])

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.company.clock.advance(timedelta(hours=hours))

    @precondition(lambda self: hasattr(self, "hub"))
    @invariant()
    def nobody_goes_beyond_the_limits_without_a_word(self) -> None:
        accounts = self.company.truths["crm"].accounts
        gone = {number for number, each in accounts.items() if each.state is AccountState.DISABLED}
        days = (self.company.clock.now() - VirtualClock().now()) / timedelta(days=1)
        # Ten a day and twenty a week pass without a word, so over a longer time more may have gone.
        assert len(gone - self.released) <= LIMITS[2] * (1 + days / 7)

    def teardown(self) -> None:
        if hasattr(self, "hub"):
            self.hub.close()
            self.folder.cleanup()


Decisions.TestCase.settings = few(4, steps=12)
TestDecisions = Decisions.TestCase
