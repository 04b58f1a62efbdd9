"""Laws of transfers that are only accepted: they are not called done before they are, nor lost when refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from baton.kit.bench import Bench, Said, expect, not_applicable
from baton.kit.handover_desk import LEAVER, SUCCESSOR, GivingDesk, giving_desks
from baton.kit.record_desk import insist
from baton.model.account import Outcome
from baton.model.handover import HoldingRef, Transfer

_COUNT = 3


def an_accepted_transfer_is_not_done_before_it_is(bench: Bench) -> None:
    for promise in _promised(bench):
        desk, kind = promise.desk, promise.refs[0].kind
        early = desk.results(promise.transfers)
        insist(Outcome.ACCEPTED, early, f"asked before the other side has decided, the result of giving one {kind}")
        for ref in promise.refs:
            expect(desk.holder(ref) == desk.id(LEAVER), f"one {kind} changed hands before it was decided")
            expect(ref in desk.held(LEAVER), f"one {kind} that is waiting is not listed with the one who holds it")


def an_accepted_transfer_is_done_once_it_is_decided(bench: Bench) -> None:
    for promise in _promised(bench):
        desk = promise.desk
        bench.counterpart.settle()
        for _ in range(2):
            insist(Outcome.DONE, desk.results(promise.transfers), "the result of a transfer that was decided")
        desk.expect_holder(promise.refs, SUCCESSOR, "after a transfer was decided")


def an_accepted_transfer_that_is_refused_stays_with_its_holder(bench: Bench) -> None:
    for promise in _promised(bench):
        desk, kind = promise.desk, promise.refs[0].kind
        bench.counterpart.refuse(promise.refs[1].external_id)
        bench.counterpart.settle()
        found = desk.results(promise.transfers)
        insist(Outcome.REFUSED, found[1:2], f"the result of giving one {kind} that was refused")
        expect(found[1].code, f"a refused {kind} has no code that says who or what refused")
        insist(Outcome.DONE, found[::2], f"the result of giving one {kind} beside one that was refused")
        desk.expect_holder(promise.refs[::2], SUCCESSOR, "after a transfer was decided")
        desk.expect_holder(promise.refs[1:2], LEAVER, "after a transfer was refused")
        expect(promise.refs[1] in desk.held(LEAVER), f"one {kind} whose transfer was refused is listed with nobody")


def an_accepted_transfer_sent_again_is_the_same_one(bench: Bench) -> None:
    for promise in _promised(bench):
        desk = promise.desk
        again = desk.call(promise.transfers)
        insist(Outcome.ACCEPTED, again, "an accepted transfer that was sent again")
        insist(Outcome.DONE, desk.settled(promise.transfers, again), "the result of a transfer that was sent twice")
        desk.expect_holder(promise.refs, SUCCESSOR, "after a transfer that was sent twice")


def a_transfer_that_was_never_sent_has_no_good_result(bench: Bench) -> None:
    for promise in _promised(bench):
        desk = promise.desk
        others = desk.transfers(desk.plant(promise.refs[0].kind, LEAVER, _COUNT))
        bench.counterpart.settle()
        found = desk.results([each for pair in zip(others, promise.transfers, strict=True) for each in pair])
        insist(Outcome.DONE, found[1::2], "the result of a transfer beside one that was never sent")
        good = [receipt for receipt in found[::2] if receipt.outcome is Outcome.DONE]
        expect(not good, f"the result of a transfer that was never sent is {Said(tuple(found[::2]))}")


@dataclass(frozen=True, slots=True)
class _Promise:
    desk: GivingDesk
    refs: Sequence[HoldingRef]
    transfers: Sequence[Transfer]


def _promised(bench: Bench) -> Iterator[_Promise]:
    """Transfers of every kind that were accepted and are waiting. What is called done at once must be done."""
    found = 0
    for desk in giving_desks(bench):
        for kind in desk.given:
            refs = desk.plant(kind, LEAVER, _COUNT)
            transfers = desk.transfers(refs)
            receipts = desk.call(transfers)
            if {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}:
                found += 1
                yield _Promise(desk, refs, transfers)
                continue
            insist(Outcome.DONE, receipts, f"giving one {kind} that the expected person holds")
            early = [ref for ref in refs if desk.holder(ref) != desk.id(SUCCESSOR)]
            expect(not early, f"giving one {kind} is called done, and the other side has only accepted it")
    if not found:
        not_applicable("every transfer is decided at once here")


LAWS = (
    an_accepted_transfer_is_not_done_before_it_is,
    an_accepted_transfer_is_done_once_it_is_decided,
    an_accepted_transfer_that_is_refused_stays_with_its_holder,
    an_accepted_transfer_sent_again_is_the_same_one,
    a_transfer_that_was_never_sent_has_no_good_result,
)
