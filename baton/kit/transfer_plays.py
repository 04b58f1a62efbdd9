"""Giving holdings as the laws about trouble play it: one play for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from baton.kit.bench import Bench, expect
from baton.kit.handover_desk import LEAVER, OTHER, SUCCESSOR, GivingDesk
from baton.kit.trouble_checks import Attempt, Play
from baton.model.handover import HoldingKind, HoldingRef

Open = Callable[[Bench], GivingDesk]


def transfer_plays(open_desk: Open, kinds: Iterable[HoldingKind]) -> dict[str, Play]:
    """The leaver's holdings of a kind go to the successor."""
    return {f"giving one {kind}": partial(_give, open_desk, kind) for kind in kinds}


def _give(open_desk: Open, kind: HoldingKind, bench: Bench, count: int) -> Attempt:
    desk = open_desk(bench)
    desk.person(OTHER)  # somebody whom it must not go to
    refs = desk.plant(kind, LEAVER, count)
    titles = [desk.one(LEAVER, ref).title for ref in refs]
    transfers = desk.transfers(refs)
    return Attempt(
        send=partial(desk.call, transfers),
        happened=lambda: [_is_given(desk, ref) for ref in refs],
        settle=lambda receipts: desk.settled(transfers, receipts),
        personal=titles,
    )


def _is_given(desk: GivingDesk, ref: HoldingRef) -> bool:
    now = desk.holder(ref)
    expect(now in (desk.id(LEAVER), desk.id(SUCCESSOR)), f"in trouble, one {ref.kind} went to neither of the two")
    return now == desk.id(SUCCESSOR)
