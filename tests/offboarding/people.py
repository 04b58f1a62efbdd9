"""What the people of a case do: mostly right, sometimes late, sometimes what they must not. Every refusal is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile

from baton.errors import ApprovalError, BatonError, TransitionError
from baton.hub.offboarding import casework, completing, following_hr, refreshing, saying, undoing
from baton.jobs.offboarding.checklist import WATCHED
from baton.model.case import MOVED_AGAIN, Act, Case, CaseState, Cause, Item, ItemState, Role
from baton.model.effect import EffectState
from baton.model.handover import HoldingKind
from baton.model.people import EmploymentStatus
from baton.store.people import Recorded
from tests.offboarding.invariants import require_finished
from tests.offboarding.world import HR, LEAVING, MANAGER, NOT_SENT_YET, STAYING, World

_RESUMED = {CaseState.RETRACTED: 0.15}
"""How often somebody reopens a case that is not open when they come across it: less often those of who stays."""


class People:
    """Managers, successors, HR and the leavers of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = world.chance
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._remembered: dict[str, list[Item]] = {}
        """What somebody has looked at a while ago, and may act on only now."""
        self.agreed: set[tuple[str, Act, str]] = set()
        """(person, act, digest): what people themselves know to have accepted and approved."""
        self.taken_back: set[tuple[str, int]] = set()
        """(case, item) that HR has wanted back."""

    # --- what the hub shows

    def cases(self, *states: CaseState) -> list[Case]:
        with self.world.hub.database.read() as connection:
            found = self.world.hub.cases.listed(connection, *states)
        return sorted(found, key=lambda case: case.id)

    def items(self, case: Case, *states: ItemState) -> list[Item]:
        with self.world.hub.database.read() as connection:
            return self.world.hub.cases.items(connection, case.id, states=states)

    # --- acting at random

    def open_cases(self) -> None:
        """Two leave in the ordinary way, one at once."""
        now = self.world.clock.now()
        for position, number in enumerate(LEAVING):
            cause = Cause.EMERGENCY if position == 2 else Cause.BY_HAND
            opening = casework.Opening(number, cause, HR, last_working_at=now + timedelta(hours=20 * (position + 1)))
            casework.open_case(self.world.hub, opening)

    def act(self) -> None:
        """One person does one thing."""
        cases = self.cases()
        if not cases:
            return
        case, lot = self.chance.choice(cases), self.chance.random()
        if case.state is not CaseState.OPEN and self.chance.random() < _RESUMED.get(case.state, 0.4):
            self._try("reopen", lambda: casework.decide(self.world.hub, case.id, Act.REOPEN, HR, "go on"))
        elif lot < 0.80:
            self._about_items(case)
        elif lot < 0.86:
            self._undo(case, self._some_ids(case))
        elif lot < 0.92:
            self._try("complete", lambda: self.complete(case))
        else:
            act = self.chance.choice((Act.PAUSE, Act.REOPEN, Act.RETRACT))
            self._try(act.value, lambda: casework.decide(self.world.hub, case.id, act, HR, "so it is"))

    def overtake(self, step: str) -> None:
        """What is planned or on its way is overtaken: a thing changes and another worker sees it, or somebody stays."""
        under_way = [(case, item) for case in self.cases(CaseState.OPEN) for item in self.items(case, ItemState.MOVING)]
        if step not in NOT_SENT_YET:
            if under_way:
                self._stays_after_all(self.chance.choice(under_way)[0])
            return
        planned = self._planned([item.effect_key for _, item in under_way])
        waiting = [(case, item) for case, item in under_way if item.effect_key in planned and self._is_there(item)]
        if waiting:
            case, item = self.chance.choice(waiting)
            self.world.things(item.system).change(item.ref, stage=f"s{self.chance.randint(100, 999)}")
            self._try("look again", lambda: refreshing.refresh(self.world.hub, case.id))

    def _stays_after_all(self, case: Case) -> None:
        why = "she stays after all"
        self._try("retract under way", lambda: casework.decide(self.world.hub, case.id, Act.RETRACT, HR, why))

    def _planned(self, keys: list[str]) -> set[str]:
        """Those of these effects that nobody has claimed yet."""
        with self.world.hub.database.read() as connection:
            found = self.world.hub.effects.by_key(connection, keys)
        return {key for key, effect in found.items() if effect.state is EffectState.PLANNED}

    def _is_there(self, item: Item) -> bool:
        return bool(item.system) and item.ref in self.world.things(item.system).holders

    def _undo(self, case: Case, ids: list[int]) -> None:
        wanted = {(case.id, each) for each in ids or [item.id for item in self.items(case)]}
        new = wanted - self.taken_back
        self.taken_back |= new  # before it is said: the process can die once that is kept
        if not self._try("undo", lambda: undoing.undo(self.world.hub, case.id, HR, "a mistake", ids)):
            self.taken_back -= new

    def complete(self, case: Case) -> Case:
        """Try to end a case, and look at once whether that was right."""
        began = self.world.serial
        ended = completing.complete(self.world.hub, case.id, HR, "all is done")
        require_finished(self.world, ended, began)
        return ended

    def _some_ids(self, case: Case) -> list[int]:
        done = [item.id for item in self.items(case, ItemState.DONE)]
        return self.chance.sample(done, self.chance.randint(0, len(done))) if self.chance.random() < 0.5 else []

    def _about_items(self, case: Case) -> None:
        fresh = self.chance.random() < 0.75
        items = self.items(case) if fresh else self._remembered.get(case.id, [])
        self._remembered[case.id] = self.items(case)
        by_state = {state: [item for item in items if item.state is state] for state in ItemState}
        lot = self.chance.random()
        if lot < 0.32:
            self._each(case, self._some(by_state[ItemState.OFFERED]), Act.ACCEPT)
        elif lot < 0.37:
            self._each(case, self._some(by_state[ItemState.OFFERED])[:1], Act.REFUSE)
        elif lot < 0.70:
            self._each(case, self._some(by_state[ItemState.ACCEPTED]), Act.APPROVE)
        elif lot < 0.80:
            named = [*by_state[ItemState.OPEN], *by_state[ItemState.OFFERED], *by_state[ItemState.ACCEPTED]]
            self._each(case, self._some(named)[:2], Act.NAME, successor=self.chance.choice((*STAYING, LEAVING[0])))
        elif lot < 0.84:
            self._each(case, self._some(by_state[ItemState.STUCK])[:1], Act.LEAVE)
        elif lot < 0.90:
            self._each(case, [item for item in items if item.by_hand and not item.state.closed][:1], Act.CONFIRM)
        else:
            self._mischief(case, items)

    def _some(self, items: Sequence[Item]) -> list[Item]:
        return self.chance.sample(list(items), self.chance.randint(0, len(items)))

    def _each(self, case: Case, items: Sequence[Item], act: Act, **more: str) -> None:
        """Whoever has to says it, about all that are theirs at once."""
        by_person: dict[tuple[str, Role], list[Item]] = {}
        for item in items:
            by_person.setdefault(self._speaker(case, item, act), []).append(item)
        for (person, role), theirs in by_person.items():
            if self._say(case, {item.id: item.version for item in theirs}, act, person, role, **more):
                self.agreed |= {(person, act, item.digest.hex()) for item in theirs}

    def _speaker(self, case: Case, item: Item, act: Act) -> tuple[str, Role]:
        if act in (Act.ACCEPT, Act.REFUSE):
            return item.successor, Role.SUCCESSOR
        if act is Act.APPROVE and item.accepted_by == case.manager:
            return HR, Role.HR
        return case.manager, Role.MANAGER

    def _say(self, case: Case, versions: dict[int, int], act: Act, person: str, role: Role, **more: str) -> bool:
        what = saying.Saying(case.id, versions, act, person, role, "because", **more)
        return self._try(act.value, lambda: saying.say(self.world.hub, what))

    def _mischief(self, case: Case, items: Sequence[Item]) -> None:
        """What nobody may do: none of it must succeed."""
        tries = [
            (Act.ACCEPT, case.number, Role.SUCCESSOR, ItemState.OFFERED),
            (Act.APPROVE, case.number, Role.MANAGER, ItemState.ACCEPTED),
            (Act.APPROVE, "", Role.MANAGER, ItemState.ACCEPTED),
            (Act.ACCEPT, "0099", Role.SUCCESSOR, ItemState.OFFERED),
        ]
        act, person, role, state = self.chance.choice(tries)
        chosen = [item for item in items if item.state is state][:1]
        for item in chosen:
            if self._say(case, {item.id: item.version}, act, person or item.accepted_by, role):
                raise AssertionError(f"{person or 'whoever accepted'} could {act} item {item.id}")
        for item in [item for item in items if item.kind is HoldingKind.ACCOUNT and not item.state.closed][:1]:
            if self._say(case, {item.id: item.version}, Act.LEAVE, MANAGER, Role.MANAGER):
                raise AssertionError("an account was left with the leaver")

    def _try(self, what: str, do: object) -> bool:
        try:
            do()  # type: ignore[operator]
        except (ApprovalError, TransitionError) as error:
            self.refused[f"{what}: {error.code}"] += 1
            self.world.note(f"refused {what} {error.code}")
            return False
        except BatonError as error:
            self.refused[f"{what}: {error.code}"] += 1
            return False
        self.done[what] += 1
        self.world.note(f"said {what}")
        return True

    # --- being diligent

    def bring_to_an_end(self) -> None:
        """Everybody does what is theirs to do, once."""
        for case in self.cases(CaseState.PAUSED):
            self._try("reopen", lambda case=case: casework.decide(self.world.hub, case.id, Act.REOPEN, HR, "go on"))
        for case in self.cases(CaseState.RETRACTED):
            stuck = [item.id for item in self.items(case, ItemState.STUCK)]
            if stuck:  # it was only said to have come back: HR wants it back once more
                self._undo(case, stuck)
        for case in self._of_who_came_back():
            self._try("retract", lambda case=case: casework.decide(self.world.hub, case.id, Act.RETRACT, HR, "is back"))
        for case in self.cases(CaseState.OPEN):
            self._name_others(case)
            self._each(case, self.items(case, ItemState.OFFERED), Act.ACCEPT)
            self._each(case, self.items(case, ItemState.ACCEPTED), Act.APPROVE)
            self._by_hand(case)
            self._try("complete", lambda case=case: self.complete(case))

    def _of_who_came_back(self) -> list[Case]:
        """Cases of a departure that happened, of people whom HR shows working here: what becomes of them HR decides.

        Nobody decides on who stays after all, said before the last day was over: that case the hub retracts by itself.
        """
        resigned = [case for case in self.cases(CaseState.OPEN) if case.cause is Cause.RESIGNATION]
        with self.world.hub.database.read() as connection:
            told = self.world.hub.people.versions(connection, [case.number for case in resigned])
        return [case for case in resigned if _came_back(case, told.get(case.number, ()))]

    def _name_others(self, case: Case) -> None:
        helpless = [item for item in self.items(case, ItemState.OPEN, ItemState.STUCK) if item.kind not in WATCHED]
        helpless += [item for item in self.items(case, ItemState.APPROVED) if item.code == "no_account"]
        for item in helpless:
            self._each(case, [item], Act.NAME, successor=self._who_has(item) or self.chance.choice(STAYING))

    def _who_has(self, item: Item) -> str:
        """With whom something is again that had been taken back: the list asks to name them, or to take it back again."""
        holders = self.world.things(item.system).holders if item.code == MOVED_AGAIN else {}
        return self.world.number_of(item.system, holders[item.ref]) if item.ref in holders else ""

    def _by_hand(self, case: Case) -> None:
        for item in self.items(case, ItemState.OFFERED, ItemState.APPROVED):
            if item.by_hand:
                self.world_moves(item)
                self._each(case, [item], Act.CONFIRM)

    def world_moves(self, item: Item) -> None:
        """The named person does by hand what the system's interface cannot."""
        if item.system:
            things = self.world.things(item.system)
            if things.holders.get(item.ref) == item.holder_id:
                things.move(item.ref, self.world.id_of(item.system, item.successor), "by hand")


def _came_back(case: Case, told: Sequence[Recorded]) -> bool:
    """Whether HR shows the leaver of a case working here, and has not said so before they had left."""
    if not told or not following_hr.stays(told[-1].employee.status):
        return False
    over = case.dates.last_working_at
    *_, first = takewhile(lambda each: following_hr.stays(each.employee.status), reversed(told))
    departed = any(each.employee.status is EmploymentStatus.DEPARTED for each in told)
    return departed or over is None or first.recorded_at >= over
