"""Passing approved items on: planned as effects, performed by the engine, proven by who holds them afterwards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa

from baton.contracts import AccessControl, OwnershipStore, SessionControl, WorkTransfer
from baton.engine.handovers import HandoverPerformer, ability
from baton.engine.plan import plan_hash
from baton.engine.report import Report
from baton.errors import BatonError
from baton.hub import execution
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.doubts import after_doubts
from baton.hub.offboarding.entitling import NOT_GIVEN, Entitling, Handed
from baton.hub.offboarding.intentions import (
    JOB,
    SESSIONS,
    grant_change,
    last_log_out,
    person_fields,
    transfer,
)
from baton.hub.offboarding.people import departed, employed, refs
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.reaching import directory_of
from baton.hub.offboarding.undecided import PROTECTED, undecided
from baton.hub.offboarding.unread import noted
from baton.jobs.offboarding import moments
from baton.jobs.offboarding.policy import Policy
from baton.model.account import AccountRef
from baton.model.case import NO_ACCOUNT, WITH_A_SUCCESSOR, Case, CaseState, Cause, Item, ItemState
from baton.model.effect import EffectState, Intention
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.claims import Scope
from baton.store.effects import Drafted
from baton.store.runs import Run, RunState


@dataclass(frozen=True, slots=True)
class Planned:
    """What is about to be passed on or taken away."""

    run_id: str = ""
    items: int = 0
    log_outs: int = 0
    blocked: int = 0
    """Items newly found that cannot go: their successor has no account there, or has left."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """System -> why it could not be asked who its successors are; what is to go there waits, and nothing else."""


def plan(hub: Hub, case_id: str) -> Planned:
    """Save an effect for every item that may go now, and mark it as moving: all in one transaction."""
    case = find_case(hub, case_id)
    if case.state is not CaseState.OPEN:
        return Planned()
    with hub.database.read() as connection:
        approved = hub.cases.items(connection, case.id, states=[ItemState.APPROVED])
        has_rights = hub.cases.has_any(connection, case.id, HoldingKind.GRANT)
        items = hub.cases.items(connection, case.id) if has_rights else approved
    people, unread = _those_known(hub, [item for item in approved if goes_by_itself(hub, item)])
    entitling = Entitling(hub, items)
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        if case.state is not CaseState.OPEN:
            return Planned()
        planned = _Planning(hub, connection, case, people, entitling).carry_out()
        hub.crash_point("moves_planning")
    hub.crash_point("moves_planned")
    return replace(planned, unread={**entitling.unread, **unread})


_TO_RESTRICT: Final = (ItemState.OPEN, ItemState.STUCK)
"""Where a right stands that can be taken away before the last working moment: an exception has been left."""
_TO_END: Final = (*_TO_RESTRICT, ItemState.LEFT)
"""And afterwards: no exception outlives it."""
TO_LOG_OUT: Final = (None, EffectState.REFUSED, EffectState.SUPERSEDED)
"""Where the newest effect that ends sessions stands when another has to be made."""


def goes_by_itself(hub: Hub, item: Item) -> bool:
    """Whether the item's system can pass it on; one that has been taken out of ``systems.yaml`` can do nothing."""
    system = hub.settings.systems.get(item.system)
    if item.by_hand or system is None:
        return False
    connector = hub.registry.load(system.connector)
    owned = issubclass(connector, OwnershipStore) and item.kind in connector.transfers
    return owned or (issubclass(connector, WorkTransfer) and item.kind in connector.reassigns)


def next_step(item: Item, successor: AccountRef, here: Collection[str]) -> ItemChange | AccountRef | None:
    """To whose account an approved item goes, or what keeps it; None where that is known and nothing has changed."""
    if item.successor not in here:
        return _without_successor(item)
    if successor.external_id is not None:
        return successor
    return None if item.code == NO_ACCOUNT else _without_account(item)


def rights_to_take(hub: Hub, case: Case, items: Iterable[Item], policy: Policy) -> list[Item]:
    """The rights among these items that are to be taken away now, by the moment or by policy, and that can be."""
    over = moments.rights_end(case, policy, hub.clock.now())
    return [
        item
        for item in items
        if item.state in (_TO_END if over else _TO_RESTRICT)
        and (over or policy.restricts(item.system, item.title, item.ref.external_id))
        and can_be_taken(hub, item)
    ]


def can_be_taken(hub: Hub, item: Item) -> bool:
    """Whether an item is a right of the leaver that its system can take away."""
    system = hub.settings.systems.get(item.system)
    if item.kind is not HoldingKind.GRANT or item.by_hand or item.state not in _TO_END or system is None:
        return False
    return issubclass(hub.registry.load(system.connector), AccessControl)


def successors(hub: Hub, items: Iterable[Item]) -> dict[tuple[str, str], AccountRef]:
    """(system, employee number) -> who that is there, for everybody who is to get something."""
    wanted: dict[str, set[str]] = {}
    for item in items:
        wanted.setdefault(item.system, set()).add(item.successor)
    return {
        (system, number): ref
        for system, numbers in wanted.items()
        for number, ref in refs(hub, system, sorted(numbers)).items()
    }


def _those_known(hub: Hub, items: Sequence[Item]) -> tuple[dict[tuple[str, str], AccountRef], dict[str, str]]:
    """`successors`, and by system why some are left out: one that is down keeps no right and no session elsewhere."""
    people: dict[tuple[str, str], AccountRef] = {}
    unread: dict[str, str] = {}
    for system in sorted({item.system for item in items}):
        with noted(system, partial(unread.__setitem__, system)):
            people.update(successors(hub, [item for item in items if item.system == system]))
    return people, unread


class _Planning:
    """One planning, inside one transaction."""

    def __init__(
        self,
        hub: Hub,
        connection: sa.Connection,
        case: Case,
        people: Mapping[tuple[str, str], AccountRef],
        entitling: Entitling,
    ) -> None:
        self.hub = hub
        self.connection = connection
        self.case = case
        self.people = people
        self.entitling = entitling
        self.given: list[Intention] = []
        self.noted: list[ItemChange] = []
        self.now = hub.clock.now()
        self.blocked: list[ItemChange] = []
        self.here = employed(hub, connection, {number for _, number in people})
        self.waiting: set[str] = set()
        """Successors on ``hub.protected`` who have left by HR's word, and of whom a person has still to say so."""

    def carry_out(self) -> Planned:
        items = self.hub.cases.items(self.connection, self.case.id)
        orphaned = self._orphaned(items)
        self.blocked += [_without_successor(item) for item in orphaned]
        approved = [item for item in items if item.state is ItemState.APPROVED and item not in orphaned]
        wanted = self._transfers(approved)
        policy = policy_of(self.hub, self.case)
        ending = {right.id for right in rights_to_take(self.hub, self.case, items, policy)}
        wanted += self._revocations([item for item in items if can_be_taken(self.hub, item)], ending)
        log_outs = self._log_outs() if moments.rights_end(self.case, policy, self.now) else []
        others: list[tuple[Intention, Mapping[str, str]]] = [(what, {}) for what in (*self.given, *log_outs)]
        run_id = save_moves(self.hub, self.connection, self.case, wanted, others)
        self.hub.cases.move_items(self.connection, [*self.blocked, *self.noted])
        return Planned(run_id, len(wanted), len(log_outs), len(self.blocked))

    def _orphaned(self, items: Sequence[Item]) -> list[Item]:
        """What is offered to, or was agreed with, somebody who has left meanwhile: nobody else would ever be asked.

        Not of who is protected and of whom a person has still to say so: what they have accepted waits for that.
        """
        asked = [item for item in items if item.state in WITH_A_SUCCESSOR]
        left = departed(self.hub, self.connection, {item.successor for item in asked})
        waiting = undecided(self.hub, self.connection, sorted(left))
        self.waiting = {number for number, run_id in waiting.items() if run_id == PROTECTED}
        return [item for item in asked if item.successor in left - self.waiting]

    def _transfers(self, approved: Sequence[Item]) -> list[tuple[Item, Intention]]:
        """What goes together in one call stands together: kind by kind, successor by successor."""
        ready = [item for item in approved if goes_by_itself(self.hub, item)]
        ready.sort(key=lambda item: (item.system, item.kind.value, item.successor, item.id))
        wanted = []
        for item in ready:
            successor = self.people.get((item.system, item.successor))
            if successor is None or item.successor in self.waiting:
                continue  # approved since the systems were asked who that is there, or not decided: the next time
            step = next_step(item, successor, self.here)
            if isinstance(step, ItemChange):
                self.blocked.append(step)
            elif step is not None:
                wanted.append((item, transfer(item, AccountRef(self.case.number, item.holder_id), step, self.now)))
        return wanted

    def _revocations(self, rights: Sequence[Item], ending: Collection[int]) -> list[tuple[Item, Intention]]:
        """Rights that go from the leaver now: those that are ending, once whoever needs them has them."""
        wanted = []
        for item in rights:
            handed, given = self.entitling.of(self.connection, item, self.now)
            self.given += given
            if item.id in ending and self._may_go(item, handed):
                person = AccountRef(self.case.number, item.holder_id)
                wanted.append((item, grant_change(item, HandoverAction.REVOKE, person, self.now)))
            elif handed is Handed.FAILED and item.state is ItemState.OPEN:
                self.blocked.append(_not_given(item, self.entitling.needed[item.id]))
            elif handed is Handed.YES and item.code == NOT_GIVEN:
                self.noted.append(ItemChange(item, ItemState.OPEN, {"code": "", "message": ""}))
        return wanted

    def _may_go(self, item: Item, handed: Handed) -> bool:
        """Whether a right may go from the leaver: all have it, or a person has been told of what could not be given."""
        told = item.code == NOT_GIVEN or item.state is ItemState.LEFT
        return self.case.cause is Cause.EMERGENCY or handed is Handed.YES or (handed is Handed.FAILED and told)

    def _log_outs(self) -> list[Intention]:
        """End every session once, where the vendor can."""
        wanted = []
        reopened = self.hub.caseload.reopened(self.connection, [self.case.id])
        entity = last_log_out(self.case, reopened.get(self.case.id), self.now)
        for system in self.hub.settings.enabled.values():
            newest = self.hub.effects.newest_of(self.connection, JOB, system.name, [entity]).get(entity)
            what = log_out(self.hub, self.connection, self.case, system.name) if newest in TO_LOG_OUT else None
            if what is not None:
                # An entity of its own: a freeze some days ago has ended other sessions.
                wanted.append(replace(what, number=entity))
        return wanted


def log_out(hub: Hub, connection: sa.Connection, case: Case, system: str) -> Intention | None:
    """Ending the leaver's sessions in a system; None where that cannot be done, or they have no account."""
    link = hub.links.of(connection, system, [case.number]).get(case.number)
    able = issubclass(hub.registry.load(hub.settings.system(system).connector), SessionControl)
    if link is None or not link.external_id or not able:
        return None
    fields = person_fields("person", AccountRef(case.number, link.external_id))
    return Intention(system, f"{SESSIONS}/{case.id}", HandoverAction.END_SESSIONS, hub.clock.now(), fields)


def save_moves(
    hub: Hub,
    connection: sa.Connection,
    case: Case,
    moves: Sequence[tuple[Item, Intention]],
    others: Sequence[tuple[Intention, Mapping[str, str]]] = (),
    marks_of_moves: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Save effects as one run of the case and mark their items as moving; the run's id, empty when there is nothing.

    ``others`` are about no item; each with the marks that are kept with it. ``marks_of_moves`` are kept with all that
    are about items.
    """
    intentions = [intention for _, intention in moves] + [intention for intention, _ in others]
    if not intentions:
        return ""
    now = hub.clock.now()
    marks = [{"item": item.digest.hex(), **marks_of_moves} for item, _ in moves] + [dict(mark) for _, mark in others]
    drafted = _drafted(hub, connection, case, intentions, marks)
    run = Run(
        id=hub.new_run_id(JOB),
        job=JOB,
        state=RunState.READY,
        requested_by=case.id,
        plan_hash=plan_hash(JOB, drafted, now),
        feed_digest="",
        created_at=now,
        counts={"effects": len(drafted)},
    )
    hub.runs.insert(connection, run, [])
    hub.effects.insert(connection, JOB, run.id, drafted)
    moving = [
        ItemChange(item, ItemState.MOVING, {"effect_key": draft.key(JOB), "code": "", "message": ""})
        for (item, _), draft in zip(moves, drafted, strict=False)
    ]
    hub.cases.move_items(connection, moving)
    return run.id


def _drafted(
    hub: Hub,
    connection: sa.Connection,
    case: Case,
    intentions: Sequence[Intention],
    marks: Sequence[Mapping[str, str]],
) -> list[Drafted]:
    """Each with its version and its mark, in order, and due when nothing earlier can get in its way."""
    drafted: dict[int, Drafted] = {}
    for system in {what.system for what in intentions}:
        places = [place for place, what in enumerate(intentions) if what.system == system]
        theirs = after_doubts(hub, connection, JOB, system, [intentions[place] for place in places])
        versions = hub.effects.next_versions(connection, JOB, system, [what.number for what in theirs])
        for place, what in zip(places, theirs, strict=True):
            drafted[place] = Drafted(what, versions[what.number], case.id, dict(marks[place]))
    return [drafted[place] for place in range(len(intentions))]


def _not_given(item: Item, numbers: Sequence[str]) -> ItemChange:
    """Whoever takes over what this right opens does not have it, and could not be given it."""
    message = f"{', '.join(numbers)} should have this first and could not be given it: give it in {item.system} by hand"
    return ItemChange(item, ItemState.STUCK, {"code": NOT_GIVEN, "message": message})


def _without_account(item: Item) -> ItemChange:
    message = f"{item.successor} has no account in {item.system}: make one, or name somebody else"
    return ItemChange(item, ItemState.APPROVED, {"code": NO_ACCOUNT, "message": message})


def _without_successor(item: Item) -> ItemChange:
    """Whoever was to have it has left as well: somebody else has to be named."""
    values = {"successor": "", "accepted_version": 0, "accepted_by": "", "approved_by": "", "due_at": None}
    message = f"{item.successor} does not work here any more"
    return ItemChange(item, ItemState.OPEN, {**values, "code": "successor_left", "message": message})


def perform(hub: Hub, only: str | None = None) -> list[Report]:
    """Carry out everything of handovers that is due, in one system or in all."""
    with hub.database.read() as connection:
        there_is = hub.leases.open_work(connection, [action.value for action in HandoverAction])
    return [
        _perform_one(hub, system.name, action)
        for system in hub.settings.enabled.values()
        for action in HandoverAction
        if only in (None, system.name) and (system.name, action.value) in there_is
    ]


def send_messages(hub: Hub, systems: Iterable[str] | None = None) -> list[Report]:
    """Send the messages that are due, and nothing else: through these systems, or those that handovers use."""
    notify = HandoverAction.NOTIFY
    with hub.database.read() as connection:
        there_is = hub.leases.open_work(connection, [notify.value])
    names = hub.settings.offboarding.notifiers if systems is None else systems
    return [_perform_one(hub, name, notify) for name in names if (name, notify.value) in there_is]


def _perform_one(hub: Hub, name: str, action: HandoverAction) -> Report:
    system = hub.settings.system(name)
    scope = Scope(frozenset({action.value}))
    try:
        connector = hub.connector(name)
        able = ability(connector, action)
    except BatonError as error:
        return Report(name, halted=str(error), needs_person=True)
    if able is None:
        return Report(name, halted=f"{system.connector} cannot {action}", needs_person=True)
    performer = HandoverPerformer(
        able,
        hub.clock,
        hub.chance,
        crash_point=hub.crash_point,
        pause=hub.limiter(name).pause,
        directory=directory_of(hub, connector),
    )
    return execution.perform(hub, system, performer, scope)
