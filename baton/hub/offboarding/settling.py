"""What became of what was passed on: the effect's outcome, then the system's own word on who holds it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.contracts import OwnershipStore, WorkTransfer
from baton.engine.settle import Verdict
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.model.case import Case, Item, ItemState
from baton.model.effect import Effect, EffectState
from baton.model.handover import HandoverAction, HoldingRef
from baton.store.cases import ItemChange
from baton.store.runs import RunState

_HOLDS_STILL: Final = "not_there"
"""The code of an item that was said to be passed on, and was not."""


@dataclass
class Settled:
    """What a look at the effects of a case has shown."""

    done: int = 0
    stuck: int = 0
    promised: int = 0
    unread: dict[str, str] = field(default_factory=dict)


def settle(hub: Hub, case_id: str) -> Settled:
    """Bring every moving item to where its effect and the system say it is."""
    case = find_case(hub, case_id)
    with hub.database.read() as connection:
        items = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
        effects = hub.effects.by_key(connection, [item.effect_key for item in items])
    settled = Settled()
    finished = [(item, effects[item.effect_key]) for item in items if _state(effects, item) is EffectState.DONE]
    now_with = _read_back(hub, finished, settled)
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        known = hub.cases.items(connection, case.id, states=[ItemState.MOVING])
        current = hub.effects.by_key(connection, [item.effect_key for item in known])
        changes = [change for item in known if (change := _judge(item, current, now_with)) is not None]
        moved = hub.cases.move_items(connection, changes)
        _record_tenures(hub, connection, case, moved, current)
        _close_runs(hub, connection, case)
    after = Counter(item.state for item in moved)
    settled.done, settled.stuck = after[ItemState.DONE], after[ItemState.STUCK]
    settled.promised = len(known) - len(moved)
    return settled


def _state(effects: Mapping[str, Effect], item: Item) -> EffectState | None:
    effect = effects.get(item.effect_key)
    return None if effect is None else effect.state


def _read_back(
    hub: Hub, finished: Sequence[tuple[Item, Effect]], settled: Settled
) -> dict[tuple[str, HoldingRef], str]:
    """(system, holding) -> who holds it now, of everything whose transfer the system has called done.

    What cannot be read is left out and its item stays where it is.
    """
    asked: dict[str, list[HoldingRef]] = {}
    for item, effect in finished:
        if effect.action is HandoverAction.TRANSFER:
            asked.setdefault(item.system, []).append(item.ref)
    found: dict[tuple[str, HoldingRef], str] = {}
    for system, refs in asked.items():
        try:
            now_with = holders(hub, system, refs)
        except BatonError as error:
            settled.unread[system] = str(error)
        else:
            found.update(((system, ref), holder or "") for ref, holder in zip(refs, now_with, strict=True))
    return found


def holders(hub: Hub, system: str, refs: Sequence[HoldingRef]) -> list[str | None]:
    """Who holds each of these now (external ids), as their system says; None for what is not there any more."""
    connector = hub.connector(system)
    found: dict[HoldingRef, str | None] = {}
    work = [ref for ref in refs if isinstance(connector, WorkTransfer) and ref.kind in connector.reassigns]
    owned = [ref for ref in refs if ref not in work]
    if isinstance(connector, WorkTransfer) and work:
        found.update(zip(work, connector.workers(work), strict=True))
    if isinstance(connector, OwnershipStore) and owned:
        found.update(zip(owned, connector.holders(owned), strict=True))
    return [found[ref] for ref in refs]


def _judge(
    item: Item, effects: Mapping[str, Effect], now_with: Mapping[tuple[str, HoldingRef], str]
) -> ItemChange | None:
    """Where an item goes; None while nobody can tell yet."""
    effect = effects.get(item.effect_key)
    if effect is None:
        return None
    if effect.state is EffectState.SUPERSEDED:
        return ItemChange(item, ItemState.APPROVED if item.approved_by else ItemState.OPEN, {"code": effect.code})
    if effect.state is EffectState.REFUSED:
        message = f"{effect.message} {effect.remedy}".strip()
        return ItemChange(item, ItemState.STUCK, {"code": effect.code or "refused", "message": message})
    if effect.state is not EffectState.DONE:
        return None
    if effect.action is HandoverAction.ENTITLE:
        return _undone(item)
    if effect.action is not HandoverAction.TRANSFER:
        return ItemChange(item, ItemState.DONE, {"code": "done", "message": ""})
    holder = now_with.get((item.system, item.ref))
    if holder is None:
        return None  # the system could not be asked just now
    if holder != effect.fields["successor_id"]:
        message = "the system said that it is passed on, and it is not"
        return ItemChange(item, ItemState.STUCK, {"code": _HOLDS_STILL, "message": message})
    if effect.fields["successor_number"] == item.successor:
        return ItemChange(item, ItemState.DONE, {"code": "read_back", "message": "", "due_at": None})
    return _undone(item)


def _undone(item: Item) -> ItemChange:
    values = {"code": "undone", "message": "taken back", "successor": "", "accepted_version": 0}
    return ItemChange(item, ItemState.OPEN, {**values, "accepted_by": "", "approved_by": ""})


def _record_tenures(
    hub: Hub, connection: sa.Connection, case: Case, moved: Sequence[Item], effects: Mapping[str, Effect]
) -> None:
    """Who has had what since when: what was proven to have moved."""
    now = hub.clock.now()
    for item in moved:
        effect = effects.get(item.effect_key)
        proven = item.state in (ItemState.DONE, ItemState.OPEN)
        if proven and effect is not None and effect.action is HandoverAction.TRANSFER:
            holder, successor = (str(effect.fields[f"{role}_number"]) for role in ("holder", "successor"))
            hub.tenures.pass_on(connection, case, item, holder, successor, now)


def _close_runs(hub: Hub, connection: sa.Connection, case: Case) -> None:
    """A run of which every effect has ended is settled; its verdict says whether all went well."""
    for run, states in hub.runs.ready_of(connection, case.id).items():
        if any(state.open for state in states):
            continue
        clean = set(states) <= {EffectState.DONE, EffectState.SUPERSEDED}
        verdict = Verdict.CLEAN if clean else Verdict.INCOMPLETE
        hub.runs.change(connection, run, RunState.SETTLED, verdict=verdict.value, settled_at=hub.clock.now())
