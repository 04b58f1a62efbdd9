"""What the laws ask of giving a holding to somebody else, be it owned or open work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from baton.contracts import OwnershipStore, WorkTransfer
from baton.errors import HaltError, RejectedError
from baton.kit.bench import expect, not_applicable
from baton.kit.handover_desk import LEAVER, OTHER, SUCCESSOR, GivingDesk, holding_kinds
from baton.kit.holding_checks import face
from baton.kit.laws_accounts import FULL_BATCH
from baton.kit.record_desk import insist, said_of
from baton.model.account import Outcome
from baton.model.handover import HoldingKind, HoldingRef, Undo

CHANGED: Final = OwnershipStore.CHANGED


def what_is_listed_can_be_given(desk: GivingDesk) -> None:
    """Or says why a person has to do it."""
    planted = desk.plant_each(LEAVER)
    for ref in planted:
        told = ref.kind in desk.undo or desk.one(LEAVER, ref).by_hand
        expect(told, f"one {ref.kind} is listed, cannot be given, and does not say why it has to be done by hand")


def declared_kinds_are_tried(desk: GivingDesk) -> None:
    """What a connector claims, its counterpart can show."""
    expect(desk.undo, "no kind can be given at all")
    declared: Mapping[HoldingKind, object] = desk.undo
    wrong = [kind for kind, undo in declared.items() if not isinstance(undo, Undo)]
    expect(not wrong, f"whether giving {wrong} can be taken back is not said by an Undo")
    expect(desk.limit >= 1, f"a call takes {desk.limit} transfers")
    untried = sorted(set(desk.undo) - holding_kinds(desk.bench))
    expect(not untried, f"the counterpart cannot plant {', '.join(untried)}, so nothing shows that it can be given")
    connector = desk.bench.connector
    if isinstance(connector, OwnershipStore) and isinstance(connector, WorkTransfer):
        both = sorted(set(connector.transfers) & set(connector.reassigns))
        expect(not both, f"{', '.join(both)} is both owned and work: which method gives it cannot be told")


def holders_are_told(desk: GivingDesk) -> None:
    """In the order asked, and nobody for what is not there."""
    mine, theirs = desk.plant_each(LEAVER, 2), desk.plant_each(OTHER)
    refs = [*theirs, *mine, *(desk.missing(kind) for kind in desk.kinds), *theirs]
    wanted = [desk.holder(ref) for ref in refs]
    expect(desk.asked(refs) == wanted, "the holders, asked for together, are not those that the other side names")
    expect(desk.asked([]) == [], "asked for no holdings, there are holders")


def done_is_done(desk: GivingDesk) -> None:
    """The successor has it, it is what it was, and the rest is where it was."""
    for kind in desk.given:
        moved, kept = desk.plant(kind, LEAVER, 2)
        before, beside = desk.one(LEAVER, moved), desk.one(LEAVER, kept)
        desk.perform([desk.transfer(moved)])
        desk.expect_holder([moved], SUCCESSOR, "after a transfer that is done")
        desk.expect_holder([kept], LEAVER, "after a transfer of something else")
        expect(moved not in desk.held(LEAVER), f"one {kind} that was given away is listed with the one who had it")
        after = desk.one(SUCCESSOR, moved)
        expect(face(after) == face(before), f"giving one {kind} changed more of it than its holder")
        expect(face(desk.one(LEAVER, kept)) == face(beside), f"giving one {kind} changed another one")


def receipts_are_in_order(desk: GivingDesk) -> None:
    """In whatever order the transfers come."""
    kinds = desk.given
    refs = [ref for kind in kinds for ref in desk.plant(kind, LEAVER, 4)]
    refs = refs[::-2] + refs[::2]
    gone = refs[1::3]
    for ref in gone:
        desk.give_away(ref, OTHER)
    transfers = desk.transfers(refs)
    for ref, receipt in zip(refs, desk.final(transfers), strict=True):
        wanted = Outcome.REFUSED if ref in gone else Outcome.DONE
        expect(receipt.outcome is wanted, f"a receipt says {receipt.outcome} of a transfer of which {wanted} is true")
    expect(desk.call([]) == [], "giving nothing has receipts")


def done_once_is_enough(desk: GivingDesk) -> None:
    """What the successor has already is done, whoever gave it to them."""
    bench = desk.bench
    counted = hasattr(bench.counterpart, "journal")
    for kind in desk.given:
        first, second = desk.plant(kind, LEAVER, 2)
        given = [desk.transfer(first)]
        desk.perform(given)
        desk.give_away(second, SUCCESSOR)
        before = bench.written() if counted else 0
        for again in (given, desk.transfers([first]), desk.transfers([second])):
            desk.perform(again)
        if counted:
            more = bench.written() - before
            expect(more == 0, f"giving one {kind} to the one who has it wrote {more} times")
        desk.expect_holder([first, second], SUCCESSOR, "after a transfer to the one who had it")


def changed_is_refused_and_untouched(desk: GivingDesk) -> None:
    """The expected person does not hold it (any more)."""
    for kind in desk.given:
        gone, never = desk.plant(kind, LEAVER)[0], desk.plant(kind, OTHER)[0]
        desk.give_away(gone, OTHER)
        before = {ref: desk.one(OTHER, ref) for ref in (gone, never)}
        for ref in before:
            receipts = desk.final([desk.transfer(ref)])
            insist(Outcome.REFUSED, receipts, f"giving one {kind} that somebody else holds by now", CHANGED)
            expect(receipts[0].message, "a refusal says nothing to the person who has to look into it")
        desk.expect_holder(before, OTHER, "after a transfer that was refused")
        for ref, there in before.items():
            expect(face(desk.one(OTHER, ref)) == face(there), f"a refused transfer changed one {kind}")


def one_that_changed_harms_no_other(desk: GivingDesk) -> None:
    """In one call with others."""
    for kind in desk.given:
        refs = desk.plant(kind, LEAVER, 3)
        desk.give_away(refs[1], OTHER)
        receipts = desk.final(desk.transfers(refs))
        insist(Outcome.REFUSED, receipts[1:2], f"giving one {kind} that somebody else holds by now", CHANGED)
        insist(Outcome.DONE, receipts[::2], f"giving one {kind} beside one that somebody else holds by now")
        desk.expect_holder(refs[::2], SUCCESSOR, "after a call with one that was refused")
        desk.expect_holder(refs[1:2], OTHER, "after a transfer that was refused")


def what_is_missing_harms_no_other(desk: GivingDesk) -> None:
    """In one call with others."""
    for kind in desk.given:
        refs = [*desk.plant(kind, LEAVER), desk.missing(kind), *desk.plant(kind, LEAVER)]
        receipts = desk.final(desk.transfers(refs))
        insist(Outcome.REFUSED, receipts[1:2], f"giving one {kind} that is not there")
        insist(Outcome.DONE, receipts[::2], f"giving one {kind} beside one that is not there")
        desk.expect_holder(refs[::2], SUCCESSOR, "after a call with one that is not there")


def nobody_gets_nothing(desk: GivingDesk) -> None:
    """A successor without an account: refused or halted, with a word on what to do."""
    for kind in desk.given:
        (ref,) = desk.plant(kind, LEAVER)
        transfer = desk.transfer(ref)
        to_nobody = replace(transfer, key=desk.key(), successor=desk.nobody())
        said = said_of(partial(desk.final, [to_nobody]))
        if said.error is None:
            insist(Outcome.REFUSED, said.receipts, f"giving one {kind} to somebody who has no account")
        else:
            stopped = isinstance(said.error, HaltError | RejectedError)
            expect(stopped, f"giving one {kind} to somebody who has no account gave {said}")
        remedy = getattr(said.error, "remedy", "") if said.error else said.receipts[0].remedy
        expect(
            remedy, f"it is not said what to do when one {kind} cannot be given because the successor has no account"
        )
        desk.expect_holder([ref], LEAVER, "after a transfer to nobody")
        desk.perform([transfer])


def more_than_a_call_takes(desk: GivingDesk) -> None:
    """A full call, and another one."""
    refs = desk.plant(desk.given[0], LEAVER, min(desk.limit, FULL_BATCH) + 1)
    desk.perform(desk.transfers(refs))
    desk.expect_holder(refs, SUCCESSOR, f"after {len(refs)} transfers")
    left = set(desk.held(LEAVER)) & set(refs)
    expect(not left, f"after {len(refs)} transfers {len(left)} of them are listed with the one who had them")


def taking_back_restores(desk: GivingDesk) -> None:
    """For the kinds that are declared so."""
    kinds = [kind for kind in desk.given if desk.undo[kind] is Undo.REVERSIBLE]
    if not kinds:
        not_applicable("no kind is declared reversible")
    refs = [ref for kind in kinds for ref in desk.plant(kind, LEAVER, 2)]
    before = desk.held(LEAVER)
    desk.perform(desk.transfers(refs))
    desk.perform([desk.transfer(ref, SUCCESSOR, LEAVER) for ref in reversed(refs)])
    desk.expect_holder(refs, LEAVER, "after a transfer and its way back")
    after = desk.held(LEAVER)
    changed = [ref.kind for ref in refs if ref not in after or after[ref] != before[ref]]
    expect(not changed, f"after a transfer and its way back one {', '.join(changed)} is not what it was")


def kinds_and_successors_mix(desk: GivingDesk) -> None:
    """One call for everything; to each their own."""
    to: dict[HoldingRef, int] = {}
    for kind in desk.given:
        to.update(zip(desk.plant(kind, LEAVER, 4), (SUCCESSOR, OTHER, OTHER, SUCCESSOR), strict=True))
    mixed = sorted(to, key=lambda ref: (ref.external_id[::-1], ref.kind))
    desk.perform([desk.transfer(ref, LEAVER, to[ref]) for ref in mixed])
    for ref in mixed:
        desk.expect_holder([ref], to[ref], "after transfers of several kinds to two people")
