"""Before records are taken out again: whether anybody has added to them since, in fields that we never wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import polars as pl

from baton.contracts import RecordTarget
from baton.jobs.migration.exchange import Change
from baton.jobs.migration.proof import WHOLE
from baton.jobs.migration.reading import THERE, beside, fetched_once
from baton.jobs.migration.transform import ROW
from baton.model.account import Receipt
from baton.model.receipts import Receipts
from baton.store.staging import Staged

if TYPE_CHECKING:
    from baton.hub.migration.performer import SegmentPerformer

WHOLE_FIELDS: Final = "whole"
"""Fact of a proof: the fields its `WHOLE` digests are over."""
_ADDED_TO: Final = Receipt.refused(
    RecordTarget.CHANGED,
    "somebody else has added to this record, or changed it, since it was migrated: it was left as it is",
    remedy="look at the record; take it out by hand if nobody needs it",
)


def guarded(
    performer: SegmentPerformer, changes: Sequence[Change], proof: Staged | None
) -> tuple[list[Change], list[tuple[Change, Receipts]]]:
    """The changes that may be tried, and those that must not, with their receipts.

    Records that are only set back keep what others wrote into other fields. One that is taken out altogether must be,
    in everything that can be read of it, as the proof has seen it; then it is taken out on that very condition.
    """
    allowed: list[Change] = []
    settled: list[tuple[Change, Receipts]] = []
    for change in changes:
        if change.after is not None or proof is None or not proof.facts.get(WHOLE_FIELDS):
            allowed.append(change)
            continue
        seen = performer.hub.staging.read(proof, [ROW, WHOLE])
        kept, others = _split(performer, change, seen, proof.facts[WHOLE_FIELDS])
        allowed += [each for each in kept if each.rows.len()]
        if others.rows.len():
            refused = dict.fromkeys(range(others.rows.len()), _ADDED_TO)
            settled.append((others, Receipts(others.rows.len(), others=refused)))
    return allowed, settled


def _split(
    performer: SegmentPerformer, change: Change, seen: pl.DataFrame, names: Sequence[str]
) -> tuple[list[Change], Change]:
    exchange = performer.exchange
    keys = change.known.select(exchange.key)
    now = beside(keys, fetched_once(performer.target, performer.collection, keys, names))
    then = pl.DataFrame({ROW: change.rows}).join(seen, on=ROW, how="left", maintain_order="left").get_column(WHOLE)
    there = now.get_column(THERE)
    ours = exchange.digester.rows(now) == exchange.digester.rows(change.known)
    same = there & ours & (performer.whole(names).rows(now) == then).fill_null(value=False)
    unproven = there & then.is_null()
    alike = same.arg_true().to_list()
    as_seen = Change(change.rows[alike], now[alike].select(names), None)
    rest = change.only((~there | unproven).arg_true().to_list())
    return [as_seen, rest], change.only((there & ~same & ~unproven).arg_true().to_list())
