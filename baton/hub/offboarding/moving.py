"""Passing approved items on: planned as effects, performed by the engine, proven by who holds them afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from baton.contracts import AccessControl, OwnershipStore, SessionControl, WorkTransfer
from baton.engine.apply import Report
from baton.engine.handovers import HandoverPerformer, ability
from baton.engine.plan import plan_hash
from baton.errors import BatonError
from baton.hub import execution
from baton.hub.core import Hub
from baton.hub.offboarding.casework import JOB, find_case, locked, policy_of
from baton.hub.offboarding.people import refs
from baton.jobs.offboarding.policy import Policy
from baton.model.account import AccountRef, Scalar
from baton.model.case import Case, CaseState, Cause, Item, ItemState
from baton.model.effect import Intention
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.effects import Drafted
from baton.store.leases import Scope
from baton.store.runs import Run, RunState

SESSIONS = "sessions"
"""What the effect that ends a person's sessions is about, before their number."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is about to be passed on or taken away."""

    run_id: str = ""
    items: int = 0
    log_outs: int = 0
    blocked: int = 0
    """Items that cannot go: their successor has no account there."""


def plan(hub: Hub, case_id: str) -> Planned:
    """Save an effect for every item that may go now, and mark it as moving: all in one transaction."""
    case = find_case(hub, case_id)
    if case.state is not CaseState.OPEN:
        return Planned()
    with hub.database.read() as connection:
        items = hub.cases.items(connection, case.id, states=[ItemState.APPROVED])
    people = successors(hub, [item for item in items if _goes_by_itself(hub, item)])
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        if case.state is not CaseState.OPEN:
            return Planned()
        return _Planning(hub, connection, case, people).carry_out()


def _goes_by_itself(hub: Hub, item: Item) -> bool:
    """Whether the item's system can pass it on."""
    if item.by_hand or not item.system:
        return False
    connector = hub.registry.load(hub.settings.system(item.system).connector)
    owned = issubclass(connector, OwnershipStore) and item.kind in connector.transfers
    return owned or (issubclass(connector, WorkTransfer) and item.kind in connector.reassigns)


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


class _Planning:
    """One planning, inside one transaction."""

    def __init__(
        self, hub: Hub, connection: sa.Connection, case: Case, people: Mapping[tuple[str, str], AccountRef]
    ) -> None:
        self.hub = hub
        self.connection = connection
        self.case = case
        self.people = people
        self.now = hub.clock.now()
        self.blocked: list[ItemChange] = []

    def carry_out(self) -> Planned:
        items = self.hub.cases.items(self.connection, self.case.id)
        wanted = self._transfers([item for item in items if item.state is ItemState.APPROVED])
        log_outs: list[tuple[Intention, Mapping[str, str]]] = []
        if rights_end(self.case, policy_of(self.hub, self.case), self.now):
            wanted += self._revocations([item for item in items if item.kind is HoldingKind.GRANT])
            log_outs = [(what, {}) for what in self._log_outs()]
        run_id = save_moves(self.hub, self.connection, self.case, wanted, log_outs)
        self.hub.cases.move_items(self.connection, self.blocked)
        return Planned(run_id, len(wanted), len(log_outs), len(self.blocked))

    def _transfers(self, approved: Sequence[Item]) -> list[tuple[Item, Intention]]:
        """What goes together in one call stands together: kind by kind, successor by successor."""
        ready = [item for item in approved if _goes_by_itself(self.hub, item)]
        ready.sort(key=lambda item: (item.system, item.kind.value, item.successor, item.id))
        wanted = []
        for item in ready:
            successor = self.people.get((item.system, item.successor))
            if successor is None or successor.external_id is None:
                self.blocked.append(_without_account(item))
                continue
            wanted.append((item, transfer(item, AccountRef(self.case.number, item.holder_id), successor, self.now)))
        return wanted

    def _revocations(self, grants: Sequence[Item]) -> list[tuple[Item, Intention]]:
        wanted = []
        for item in grants:
            able = issubclass(self.hub.registry.load(self.hub.settings.system(item.system).connector), AccessControl)
            if able and not item.by_hand and item.state in (ItemState.OPEN, ItemState.STUCK):
                person = AccountRef(self.case.number, item.holder_id)
                wanted.append((item, grant_change(item, HandoverAction.REVOKE, person, self.now)))
        return wanted

    def _log_outs(self) -> list[Intention]:
        """End every session once, where the vendor can."""
        wanted = []
        for system in self.hub.settings.enabled.values():
            entity = f"{SESSIONS}/{self.case.id}"
            first = self.hub.effects.next_versions(self.connection, JOB, system.name, [entity])[entity] == 1
            what = log_out(self.hub, self.connection, self.case, system.name) if first else None
            if what is not None:
                wanted.append(what)
        return wanted


def log_out(hub: Hub, connection: sa.Connection, case: Case, system: str) -> Intention | None:
    """Ending the leaver's sessions in a system; None where that cannot be done, or they have no account."""
    link = hub.links.of(connection, system, [case.number]).get(case.number)
    able = issubclass(hub.registry.load(hub.settings.system(system).connector), SessionControl)
    if link is None or not able:
        return None
    fields = _person("person", AccountRef(case.number, link.external_id))
    return Intention(system, f"{SESSIONS}/{case.id}", HandoverAction.END_SESSIONS, hub.clock.now(), fields)


def save_moves(
    hub: Hub,
    connection: sa.Connection,
    case: Case,
    moves: Sequence[tuple[Item, Intention]],
    others: Sequence[tuple[Intention, Mapping[str, str]]] = (),
) -> str:
    """Save effects as one run of the case and mark their items as moving; the run's id, empty when there is nothing.

    ``others`` are about no item; each with the marks that are kept with it.
    """
    intentions = [intention for _, intention in moves] + [intention for intention, _ in others]
    if not intentions:
        return ""
    now = hub.clock.now()
    versions: dict[tuple[str, str], int] = {}
    for system in {what.system for what in intentions}:
        entities = [what.number for what in intentions if what.system == system]
        found = hub.effects.next_versions(connection, JOB, system, entities)
        versions.update(((system, entity), version) for entity, version in found.items())
    marks = [{"item": item.digest.hex()} for item, _ in moves] + [dict(mark) for _, mark in others]
    drafted = [
        Drafted(what, versions[what.system, what.number], case.id, mark)
        for what, mark in zip(intentions, marks, strict=True)
    ]
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


def rights_end(case: Case, policy: Policy, now: datetime) -> bool:
    """Whether the leaver's rights are to be taken away by now."""
    last = case.dates.last_working_at
    return case.cause is Cause.EMERGENCY or policy.revoke == "at_once" or (last is not None and last <= now)


def transfer(item: Item, holder: AccountRef, successor: AccountRef, at: datetime) -> Intention:
    """Giving an item from one person to another."""
    what: dict[str, Scalar] = {"kind": item.kind.value, "external_id": item.ref.external_id}
    fields = {**what, **_person("holder", holder), **_person("successor", successor)}
    return Intention(item.system, str(item.ref), HandoverAction.TRANSFER, at, fields)


def grant_change(item: Item, action: HandoverAction, person: AccountRef, at: datetime) -> Intention:
    """Giving a person a right, or taking it from them."""
    fields: dict[str, Scalar] = {**_person("person", person), "grant_id": item.ref.external_id}
    return Intention(item.system, f"{item.ref}/{person.number}", action, at, fields)


def _person(role: str, ref: AccountRef) -> dict[str, Scalar]:
    return {f"{role}_number": ref.number, f"{role}_id": ref.external_id}


def _without_account(item: Item) -> ItemChange:
    message = f"{item.successor} has no account in {item.system}"
    return ItemChange(item, ItemState.APPROVED, {"code": "no_account", "message": message})


def perform(hub: Hub, only: str | None = None) -> list[Report]:
    """Carry out everything of handovers that is due, in one system or in all."""
    reports = []
    for system in hub.settings.enabled.values():
        if only not in (None, system.name):
            continue
        for action in HandoverAction:
            report = _perform_one(hub, system.name, action)
            if report is not None:
                reports.append(report)
    return reports


def _perform_one(hub: Hub, name: str, action: HandoverAction) -> Report | None:
    system = hub.settings.system(name)
    scope = Scope(frozenset({action.value}))
    with hub.database.read() as connection:
        if not hub.leases.anything_open(connection, name, scope):
            return None
    try:
        able = ability(hub.connector(name), action)
    except BatonError as error:
        return Report(name, halted=str(error), needs_person=True)
    if able is None:
        return Report(name, halted=f"{system.connector} cannot {action}", needs_person=True)
    performer = HandoverPerformer(
        able, hub.clock, hub.chance, crash_point=hub.crash_point, pause=hub.limiter(name).pause
    )
    return execution.perform(hub, system, performer, scope)
