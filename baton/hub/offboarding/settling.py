"""What became of what was passed on: the effect's outcome, then the system's own word on who holds it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.contracts import OwnershipStore
from baton.engine.settle import Verdict
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.intentions import leads_away
from baton.hub.offboarding.proving import Proofs, read_back
from baton.jobs.offboarding.watch import refusals
from baton.model.case import NOT_BACK, NOT_TAKEN_BACK, READ_BACK, Act, Case, Item, ItemState
from baton.model.effect import Effect, EffectState
from baton.model.handover import HandoverAction, HoldingKind
from baton.store.cases import ItemChange
from baton.store.runs import RunState
from baton.store.tenures import Passing

_HOLDS_STILL: Final = "not_there"
"""The code of an item that was said to be passed on or taken away, and was not."""
_NOT_AS_SAID: Final = "the system said that it was done, and it is not"
_NOT_BACK: Final = "the system said that it came back, and it has not: take it back again, or name who is to have it"


@dataclass
class Settled:
    """What a look at the effects of a case has shown."""

    done: int = 0
    stuck: int = 0
    promised: int = 0
    alerts: int = 0
    """Raised because a client has refused."""
    unread: dict[str, str] = field(default_factory=dict)


def settle(hub: Hub, case_id: str) -> Settled:
    """Bring every moving item to where its effect and the system say it is."""
    case = find_case(hub, case_id)
    with hub.database.read() as connection:
        items = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
        effects = hub.effects.by_key(connection, [item.effect_key for item in items])
    settled = Settled()
    proofs = read_back(hub, [effect for effect in effects.values() if effect.state is EffectState.DONE])
    settled.unread = proofs.unread
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        known = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
        current = hub.effects.by_key(connection, [item.effect_key for item in known])
        changes = [change for item in known if (change := _judge(case, item, current, proofs)) is not None]
        moved = hub.cases.move_items(connection, changes)
        record_tenures(hub, connection, case, moved, current)
        refused = hub.alerts.raise_new(connection, refusals(case, moved))
        _close_runs(hub, connection, case)
        hub.crash_point("items_settling")
    hub.crash_point("items_settled")
    after = Counter(item.state for item in moved)
    settled.done, settled.stuck = after[ItemState.DONE], after[ItemState.STUCK]
    settled.promised = len(known) - len(moved)
    settled.alerts = len(refused)
    return settled


def _judge(case: Case, item: Item, effects: Mapping[str, Effect], proofs: Proofs) -> ItemChange | None:
    """Where an item goes; None while nobody can tell yet."""
    effect = effects.get(item.effect_key)
    if effect is None:
        return None
    if effect.state is EffectState.SUPERSEDED:
        return ItemChange(item, _called_back(item), {"code": effect.code})
    if effect.state is EffectState.REFUSED:
        message = f"{effect.message} {effect.remedy}".strip()
        if not leads_away(effect, case):
            return _not_undone(effect, item, message)
        return ItemChange(item, ItemState.STUCK, {"code": effect.code or "refused", "message": message})
    if effect.state is not EffectState.DONE:
        return None
    proven = proofs.of(effect)
    if proven is None:
        return None  # the system could not be asked just now
    if not leads_away(effect, case):
        return _undone(item) if proven else ItemChange(item, ItemState.STUCK, {"code": NOT_BACK, "message": _NOT_BACK})
    if not proven:
        return ItemChange(item, ItemState.STUCK, {"code": _HOLDS_STILL, "message": _NOT_AS_SAID})
    return ItemChange(item, ItemState.DONE, {"code": READ_BACK, "message": "", "due_at": None})


def _not_undone(effect: Effect, item: Item, message: str) -> ItemChange:
    """What cannot be taken back stays where it is: with who accepted it, or with whom others have given it to since."""
    if effect.code == OwnershipStore.CHANGED:
        return ItemChange(item, ItemState.GONE, {"code": effect.code, "message": message})
    return ItemChange(item, ItemState.DONE, {"code": NOT_TAKEN_BACK, "message": message})


def _called_back(item: Item) -> ItemState:
    """Where an item stands of which nothing was sent: where two people had agreed that it may go, or that it stays."""
    if item.kind is HoldingKind.GRANT and item.approved_by:
        return ItemState.LEFT
    return ItemState.APPROVED if item.approved_by else ItemState.OPEN


def _undone(item: Item) -> ItemChange:
    if item.kind is HoldingKind.GRANT and item.approved_by:  # an exception: it is left until the last working moment
        by = f"by {item.accepted_by} and {item.approved_by}"
        return ItemChange(item, ItemState.LEFT, {"code": Act.LEAVE.value, "message": by})
    values = {"code": "undone", "message": "taken back", "successor": "", "accepted_version": 0}
    return ItemChange(item, ItemState.OPEN, {**values, "accepted_by": "", "approved_by": ""})


def record_tenures(
    hub: Hub, connection: sa.Connection, case: Case, moved: Sequence[Item], effects: Mapping[str, Effect]
) -> None:
    """Who has had what since when: what has moved, and whose what has gone is no longer."""
    now = hub.clock.now()
    transfers = {key: each for key, each in effects.items() if each.action is HandoverAction.TRANSFER}
    passed = [
        Passing(item, str(effect.fields["holder_number"]), str(effect.fields["successor_number"]))
        for item in moved
        if item.state in (ItemState.DONE, ItemState.OPEN, ItemState.GONE)
        and (effect := transfers.get(item.effect_key)) is not None
        and effect.state is EffectState.DONE
    ]
    hub.tenures.pass_on(connection, case, passed, now)
    gone: dict[str, list[Item]] = {}
    for item in moved:
        if item.state is ItemState.GONE:
            gone.setdefault(_had(case, transfers.get(item.effect_key)), []).append(item)
    for holder, items in gone.items():
        hub.tenures.end(connection, holder, items, now)


def _had(case: Case, effect: Effect | None) -> str:
    """The employee number of who had a thing until it went: the leaver, unless its newest transfer says otherwise."""
    if effect is None:
        return case.number
    return str(effect.fields["successor_number" if effect.state is EffectState.DONE else "holder_number"])


def _close_runs(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """A run of which every effect has ended is settled; its verdict says whether all went well."""
    for run, states in hub.runs.ready_of(connection, case.id).items():
        if any(state.open for state in states):
            continue
        clean = set(states) <= {EffectState.DONE, EffectState.SUPERSEDED}
        verdict = Verdict.CLEAN if clean else Verdict.INCOMPLETE
        hub.runs.change(connection, run, RunState.SETTLED, verdict=verdict.value, settled_at=hub.clock.now())
