"""Watching what is done to a leaver's clients: during the handover, and for the protection period after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from baton.contracts import ActivitySource
from baton.errors import ApprovalError, BatonError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.intentions import grant_change
from baton.hub.offboarding.moving import log_out, save_moves
from baton.hub.offboarding.people import refs
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.standing import require_standing
from baton.jobs.offboarding.watch import Scene, refusals, remarkable
from baton.model.account import AccountRef
from baton.model.alert import Alert, AlertState
from baton.model.case import Case, CaseState, Item, ItemState, Role
from baton.model.handover import Activity, HandoverAction, HoldingKind


@dataclass
class Watched:
    """What a look at what was done has shown."""

    case: Case
    alerts: list[Alert] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


def worth_watching(hub: Hub) -> set[str]:
    """The cases in which something can be seen: all where a system keeps a history, else where a client has refused."""
    kinds = [hub.registry.load(system.connector) for system in hub.settings.enabled.values()]
    with hub.database.read() as connection:
        if any(issubclass(kind, ActivitySource) for kind in kinds):
            return {case.id for case in hub.cases.listed(connection, limit=None)}
        return set(hub.cases.with_items_in(connection, ItemState.STUCK))


def watch(hub: Hub, case_id: str) -> Watched:
    """Look at what was done since the last look, and raise what is new. A system that cannot be read is read again."""
    case = find_case(hub, case_id)
    now = hub.clock.now()
    if case.state is CaseState.RETRACTED or (case.protected_until is not None and case.protected_until < now):
        return Watched(case)
    found = replay(hub, case_id, case.watched_until or case.opened_at, now)
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        found.alerts = hub.alerts.raise_new(connection, found.alerts)
        if not found.unread:  # what could not be read is looked at again from where we were
            case = hub.cases.change(connection, case, case.state, watched_until=now)
    found.case = case
    return found


def replay(hub: Hub, case_id: str, since: datetime, until: datetime) -> Watched:
    """What the rules say about a stretch of history; nothing is stored."""
    case = find_case(hub, case_id)
    with hub.database.read() as connection:
        items = hub.cases.items(connection, case.id)
    watched = Watched(case, refusals(case, items))
    for system in hub.settings.enabled.values():
        if not issubclass(hub.registry.load(system.connector), ActivitySource):
            continue
        clients = [item for item in items if item.system == system.name and item.kind is HoldingKind.CLIENT]
        try:
            scene, people = _scene(hub, case, system.name, clients)
            done = _activities(hub, system.name, since, until, clients, people)
        except BatonError as error:
            watched.unread[system.name] = str(error)
        else:
            watched.alerts += remarkable(scene, done)
    return watched


def _scene(hub: Hub, case: Case, system: str, clients: Sequence[Item]) -> tuple[Scene, list[AccountRef]]:
    successors = sorted({item.successor for item in clients if item.successor})
    known = refs(hub, system, [case.number, *successors])
    entitled = {item.ref: known[item.successor].external_id or "" if item.successor else "" for item in clients}
    leaver = known[case.number]
    scene = Scene(case, system, leaver.external_id or "", entitled, policy_of(hub, case).watch)
    return scene, [leaver]


def _activities(
    hub: Hub, system: str, since: datetime, until: datetime, clients: Sequence[Item], people: Sequence[AccountRef]
) -> list[Activity]:
    connector = hub.connector(system)
    assert isinstance(connector, ActivitySource)
    pages = connector.activities(since, until, [item.ref for item in clients], people)
    return [activity for page in pages for activity in page]


# --- decisions


def dismiss(hub: Hub, key: str, person: str, why: str) -> Alert:
    """Say that there is nothing wrong."""
    return _decided(hub, key, AlertState.DISMISSED, person, why, (AlertState.RAISED, AlertState.FREEZE_ASKED))


def ask_freeze(hub: Hub, key: str, person: str, why: str) -> Alert:
    """Want the leaver stopped in the system of an alert, at once. A second person must agree: `freeze`."""
    return _decided(hub, key, AlertState.FREEZE_ASKED, person, why, (AlertState.RAISED,))


def freeze(hub: Hub, key: str, person: str, why: str) -> str:
    """Agree: every right of the leaver there is taken away and every session ended; the run's id."""
    _require(person, why)
    with hub.database.write() as connection:
        alert, case = _locked(hub, connection, key, person, (AlertState.FREEZE_ASKED,))
        if person == alert.asked_by:
            raise ApprovalError("a second person must agree", code="maker")
        now = hub.clock.now()
        items = hub.cases.items(connection, case.id, states=[ItemState.OPEN, ItemState.STUCK])
        rights = [
            (item, grant_change(item, HandoverAction.REVOKE, AccountRef(case.number, item.holder_id), now))
            for item in items
            if item.system == alert.system and item.kind is HoldingKind.GRANT and not item.by_hand
        ]
        out = log_out(hub, connection, case, alert.system)
        # Named for itself: the log-out at the last working moment is still to come.
        others = [replace(out, number=f"{out.number}/frozen")] if out else []
        run_id = save_moves(hub, connection, case, rights, [(what, {}) for what in others])
        hub.alerts.decide(connection, alert, AlertState.FROZEN, decided_by=person)
    return run_id


def _decided(hub: Hub, key: str, state: AlertState, person: str, why: str, allowed: tuple[AlertState, ...]) -> Alert:
    _require(person, why)
    with hub.database.write() as connection:
        alert, _ = _locked(hub, connection, key, person, allowed)
        role = "asked_by" if state is AlertState.FREEZE_ASKED else "decided_by"
        hub.alerts.decide(connection, alert, state, **{role: person})
    return alert


def _locked(
    hub: Hub, connection: sa.Connection, key: str, person: str, allowed: tuple[AlertState, ...]
) -> tuple[Alert, Case]:
    alert = hub.alerts.get(connection, key)
    if alert is None:
        raise ConfigurationError([Fault("ALERT", "unknown_alert", f"there is no alert {key[:120]!r}")])
    case = locked(hub, connection, alert.case_id)
    require_standing(hub, connection, case, person, Role.MANAGER, Role.HR)
    if alert.state not in allowed:
        raise ApprovalError(f"this alert is {alert.state}", code="state")
    return alert, case


def _require(person: str, why: str) -> None:
    if not person.strip() or not why.strip():
        raise ApprovalError("a decision needs a person and a reason", code="reason", remedy="give --as and --why")
