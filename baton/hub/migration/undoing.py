"""What a rollback does with writes of its migration that have not ended."""

from __future__ import annotations

from baton.hub.core import Hub
from baton.model.account import Receipt
from baton.model.effect import EffectState, RecordAction
from baton.store.claims import ClaimRule, Scope
from baton.store.leases import Settlement
from baton.store.moves import Move

_AT_ONCE = 100
_CANCELLED = Receipt.not_performed("rolled_back", "cancelled; what of it has arrived is taken back record by record")


def close_loads(hub: Hub, move: Move) -> None:
    """End the writes that a worker has left without a receipt: the way back looks at every record of them itself."""
    assert move.undoes is not None
    scope = Scope(frozenset({RecordAction.LOAD.value}), move.undoes)
    rule = ClaimRule(move.target, f"undo-{move.run_id}", _AT_ONCE, 60.0, whole_batches=False, scope=scope)
    while True:
        with hub.database.write() as connection:
            hub.leases.recover(connection, move.target)
            lost = hub.leases.claim_unsettled(connection, rule, EffectState.IN_DOUBT)
            hub.leases.settle(connection, [Settlement(effect, _CANCELLED) for effect in lost])
            hub.effects.cancel(connection, move.undoes, why="rolled_back")
        if not lost:
            return
