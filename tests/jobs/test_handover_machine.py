"""One item of a handover, whatever anybody says about it in whatever order: two people, one version, no way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from baton.errors import ApprovalError
from baton.jobs.offboarding.steps import MAY, after
from baton.model.case import ITEM_STEPS, Act, Case, CaseState, Cause, Item, ItemState, LeaverDates, Role
from baton.model.handover import HoldingKind, HoldingRef
from baton.model.persons import alike
from tests.rig.examples import few

LEAVER, MANAGER = "A12", "M1"
CASE = Case(
    "c1", LEAVER, CaseState.OPEN, Cause.BY_HAND, "p", MANAGER, "hr", datetime(2026, 11, 1, tzinfo=UTC), LeaverDates()
)
PEOPLE = st.sampled_from([LEAVER, "a12", " A12", MANAGER, "m1", "M1\u200b", "S1", "s1 ", "hr", ""])


class Handover(RuleBasedStateMachine):
    """The rules of the core, and what is kept of each word."""

    def __init__(self) -> None:
        super().__init__()
        ref = HoldingRef(HoldingKind.CLIENT, "x1")
        self.item = Item("c1", 1, "crm", ref, ItemState.OPEN, 1, b"d", "title")
        self.seen = [ItemState.OPEN]

    @rule(person=PEOPLE, role=st.sampled_from(Role), act=st.sampled_from(Act), behind=st.integers(0, 1), to=PEOPLE)
    def say(self, person: str, role: Role, act: Act, behind: int, to: str) -> None:
        before = self.item
        try:
            state = after(CASE, before, before.version - behind, act, person, role, "because")
        except ApprovalError:
            return
        assert role in MAY[act]
        if state is before.state and act is not Act.NAME:
            return
        assert behind == 0, "decided on a version that is no more"
        assert alike(person) != alike(LEAVER), "the leaver has decided"
        assert state in ITEM_STEPS[before.state] or state is before.state
        kept = {
            Act.NAME: {"successor": to, "accepted_by": "", "approved_by": "", "accepted_version": 0},
            Act.REFUSE: {"successor": "", "accepted_by": "", "approved_by": "", "accepted_version": 0},
            Act.ACCEPT: {"accepted_by": person, "accepted_version": before.version},
            Act.APPROVE: {"approved_by": person},
        }.get(act, {})
        self.item = replace(before, state=state, **kept)

    @rule()
    def change(self) -> None:
        """The system says something new about it: whoever has accepted has accepted something else."""
        if self.item.state in (ItemState.OPEN, ItemState.OFFERED, ItemState.ACCEPTED):
            offered = ItemState.OFFERED if self.item.successor else ItemState.OPEN
            self.item = replace(
                self.item, version=self.item.version + 1, state=offered, accepted_by="", accepted_version=0
            )

    @invariant()
    def approved_by_a_second_person_in_this_version(self) -> None:
        if self.item.state is ItemState.APPROVED:
            assert self.item.accepted_version == self.item.version
            assert alike(self.item.accepted_by) != alike(self.item.approved_by)
            assert self.item.accepted_by == self.item.successor


Handover.TestCase.settings = few(60, steps=20)
TestHandover = Handover.TestCase
