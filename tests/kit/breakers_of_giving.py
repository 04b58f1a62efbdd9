"""Connectors that give holdings to somebody else wrongly in just one way each."""

import dataclasses
from typing import ClassVar

from baton.sdk import HoldingKind, HoldingRef, Outcome, Receipt, Undo
from tests.kit.breakers_of_handovers import breaks
from tests.kit.estate import PROMISED
from tests.kit.estate_hub import EstateHub


@breaks("what_is_owned_can_be_given_or_says_why_not", "work_can_be_given_or_says_why_not")
class KeepsQuietAboutAKind(EstateHub):
    transfers: ClassVar = {HoldingKind.CLIENT: Undo.REVERSIBLE}
    reassigns: ClassVar = {HoldingKind.TASK: Undo.REVERSIBLE}

    def owned(self, person):
        return self.held(person, ["client", "opportunity", "group"])


@breaks("every_kind_that_can_be_given_is_tried")
class ClaimsAKindNobodyCanTry(EstateHub):
    transfers: ClassVar = {**EstateHub.transfers, HoldingKind.LEAD: Undo.REVERSIBLE}


@breaks("every_kind_of_work_that_can_be_given_is_tried", "every_kind_that_can_be_given_is_tried")
class ClaimsAKindTwice(EstateHub):
    reassigns: ClassVar = {**EstateHub.reassigns, HoldingKind.CLIENT: Undo.REVERSIBLE}


@breaks("every_kind_of_work_that_can_be_given_is_tried")
class ClaimsWorkNobodyCanTry(EstateHub):
    reassigns: ClassVar = {**EstateHub.reassigns, HoldingKind.EXPENSE: Undo.REVERSIBLE}


@breaks("owners_are_told_in_order", "workers_are_told_in_order")
class TellsHoldersInItsOwnOrder(EstateHub):
    def holders(self, refs):
        return super().holders(sorted(refs, key=str))


@breaks("owners_are_told_in_order", "workers_are_told_in_order")
class LeavesOutWhatIsGone(EstateHub):
    def holders(self, refs):
        return [one for one in super().holders(refs) if one]


@breaks("after_a_transfer_the_successor_owns_it_as_it_was", "after_a_reassignment_the_successor_has_the_work_as_it_was")
class SaysYesAndDoesNothing(EstateHub):
    def give(self, transfers):
        return [Receipt.done() for _ in transfers]


@breaks("after_a_transfer_the_successor_owns_it_as_it_was", "after_a_reassignment_the_successor_has_the_work_as_it_was")
class MarksWhatIsGiven(EstateHub):
    given = frozenset()

    def give(self, transfers):
        self.given |= {each.ref for each in transfers}
        return super().give(transfers)

    def holding(self, row):
        each = super().holding(row)
        return dataclasses.replace(each, title=each.title + "（转交）") if each.ref in self.given else each


@breaks("after_a_transfer_the_successor_owns_it_as_it_was", "after_a_reassignment_the_successor_has_the_work_as_it_was")
class GivesEverythingAtOnce(EstateHub):
    """As a "transfer all" of a vendor would."""

    def give(self, transfers):
        first = transfers[0]
        kinds = [first.ref.kind]
        for page in list(self.held(first.holder, kinds)):
            super().give([dataclasses.replace(first, ref=each.ref) for each in page])
        return super().give(transfers)


@breaks("one_receipt_per_transfer_in_order", "one_receipt_per_reassignment_in_order")
class AnswersBackwards(EstateHub):
    def give(self, transfers):
        return super().give(transfers)[::-1]


@breaks("one_receipt_per_transfer_in_order", "one_receipt_per_reassignment_in_order")
class TellsOnlyOfWhatWentWell(EstateHub):
    def give(self, transfers):
        return [one for one in super().give(transfers) if one.outcome is not Outcome.REFUSED]


@breaks(
    "a_transfer_to_its_owner_is_done_and_writes_nothing",
    "a_reassignment_to_who_has_the_work_is_done_and_writes_nothing",
)
class TakesItBackFirst(EstateHub):
    """Reaches the right state by two writes where none is needed."""

    def give(self, transfers):
        there = zip(transfers, self.holders([each.ref for each in transfers]), strict=True)
        again = [each for each, now in there if now == each.successor.external_id and each.ref.kind != PROMISED]
        super().give([dataclasses.replace(each, holder=each.successor, successor=each.holder) for each in again])
        return super().give(transfers)


@breaks(
    "a_transfer_to_its_owner_is_done_and_writes_nothing",
    "a_reassignment_to_who_has_the_work_is_done_and_writes_nothing",
)
class RefusesWhatIsDone(EstateHub):
    def give(self, transfers):
        now = self.holders([each.ref for each in transfers])
        receipts = super().give(transfers)
        return [
            Receipt.refused("changed", "it is not with the one who had it") if who != each.holder.external_id else one
            for each, who, one in zip(transfers, now, receipts, strict=True)
        ]


@breaks(
    "a_transfer_from_the_wrong_owner_is_refused_as_changed",
    "a_reassignment_from_the_wrong_worker_is_refused_as_changed",
    "a_transfer_of_what_changed_hands_harms_no_other",
    "a_reassignment_of_what_changed_hands_harms_no_other",
)
class TakesItFromWhoeverHasIt(EstateHub):
    def give(self, transfers):
        now = self.holders([each.ref for each in transfers])
        there = [
            dataclasses.replace(each, holder=dataclasses.replace(each.holder, external_id=who))
            for each, who in zip(transfers, now, strict=True)
        ]
        return super().give(there)


@breaks(
    "a_transfer_from_the_wrong_owner_is_refused_as_changed",
    "a_reassignment_from_the_wrong_worker_is_refused_as_changed",
)
class CallsItLocked(EstateHub):
    def receipt(self, word):
        receipt = super().receipt(word)
        return dataclasses.replace(receipt, code="locked") if receipt.code == "changed" else receipt


@breaks(
    "a_transfer_of_what_changed_hands_harms_no_other",
    "a_reassignment_of_what_changed_hands_harms_no_other",
    "a_transfer_of_what_is_not_there_harms_no_other",
    "a_reassignment_of_what_is_not_there_harms_no_other",
)
class AllOrNothing(EstateHub):
    def give(self, transfers):
        now = self.holders([each.ref for each in transfers])
        wrong = [each for each, who in zip(transfers, now, strict=True) if who != each.holder.external_id]
        if wrong:
            return [Receipt.refused("changed", "one of them changed") for _ in transfers]
        return super().give(transfers)


@breaks("a_transfer_of_what_is_not_there_harms_no_other", "a_reassignment_of_what_is_not_there_harms_no_other")
class TakesWhatIsMissingForDone(EstateHub):
    def receipt(self, word):
        return Receipt.done() if word == "missing" else super().receipt(word)


@breaks("a_transfer_to_nobody_moves_nothing", "a_reassignment_to_nobody_moves_nothing")
class RefusesWithoutARemedy(EstateHub):
    def receipt(self, word):
        return dataclasses.replace(super().receipt(word), remedy="")


@breaks("a_transfer_to_nobody_moves_nothing", "a_reassignment_to_nobody_moves_nothing")
class GivesToSomebodyElseInstead(EstateHub):
    """As a vendor's default owner would get it."""

    def give(self, transfers):
        receipts = super().give(transfers)
        for each, receipt in zip(transfers, receipts, strict=True):
            if receipt.code == "nobody":
                default = self.ask("/person", {"number": "0003"})["id"] or self.anybody(each)
                super().give(
                    [dataclasses.replace(each, successor=dataclasses.replace(each.successor, external_id=default))]
                )
        return receipts

    def anybody(self, transfer):
        return self.ask("/person", {"number": "0002"})["id"] or transfer.holder.external_id


@breaks("more_transfers_than_a_call_takes_are_all_done", "more_reassignments_than_a_call_takes_are_all_done")
class SendsAtMostThree(EstateHub):
    def give(self, transfers):
        return [*super().give(transfers[:3]), *(Receipt.done() for _ in transfers[3:])]


@breaks("a_transfer_taken_back_restores_what_was", "a_reassignment_taken_back_restores_what_was")
class NeverGivesBack(EstateHub):
    given = frozenset()

    def give(self, transfers):
        if any(each.ref in self.given for each in transfers):
            return [Receipt.refused("again", "it was given only now") for _ in transfers]
        self.given |= {each.ref for each in transfers}
        return super().give(transfers)


@breaks("a_transfer_taken_back_restores_what_was", "a_reassignment_taken_back_restores_what_was")
class LeavesATraceOnTheWayBack(EstateHub):
    back = frozenset()

    def give(self, transfers):
        self.back |= {each.ref for each in transfers if each.successor.number == "0001"}
        return super().give(transfers)

    def holding(self, row):
        each = super().holding(row)
        return dataclasses.replace(each, by_hand="it has been here before") if each.ref in self.back else each


@breaks(
    "transfers_of_several_kinds_to_several_people_go_right",
    "reassignments_of_several_kinds_to_several_people_go_right",
)
class GivesAllToTheFirstSuccessor(EstateHub):
    def give(self, transfers):
        return super().give([dataclasses.replace(each, successor=transfers[0].successor) for each in transfers])


@breaks("transfers_of_several_kinds_to_several_people_go_right")
class KnowsClientsOnly(EstateHub):
    def transfer(self, transfers):
        return self.give(
            [dataclasses.replace(each, ref=HoldingRef(HoldingKind.CLIENT, each.ref.external_id)) for each in transfers]
        )


# --- what is only accepted


@breaks(
    "an_accepted_transfer_is_not_done_before_it_is",
    "an_accepted_transfer_is_done_once_it_is_decided",
    "an_accepted_transfer_that_is_refused_stays_with_its_holder",
    "an_accepted_transfer_sent_again_is_the_same_one",
    "a_transfer_that_was_never_sent_has_no_good_result",
)
class CallsAPromiseDone(EstateHub):
    def receipt(self, word):
        return Receipt.done() if word == "promised" else super().receipt(word)


@breaks("an_accepted_transfer_is_not_done_before_it_is")
class CallsWaitingDone(EstateHub):
    def receipt(self, word):
        return Receipt.done() if word == "waiting" else super().receipt(word)


@breaks("an_accepted_transfer_is_done_once_it_is_decided")
class WaitsForever(EstateHub):
    def receipt(self, word):
        return Receipt.accepted() if word == "done" else super().receipt(word)


@breaks("an_accepted_transfer_that_is_refused_stays_with_its_holder")
class ForgetsWhoRefused(EstateHub):
    def receipt(self, word):
        return dataclasses.replace(super().receipt(word), code="") if word == "refused" else super().receipt(word)


@breaks("an_accepted_transfer_that_is_refused_stays_with_its_holder")
class TakesARefusalForDone(EstateHub):
    def receipt(self, word):
        return Receipt.done() if word == "refused" else super().receipt(word)


@breaks("an_accepted_transfer_sent_again_is_the_same_one")
class RefusesWhatIsWaiting(EstateHub):
    def give(self, transfers):
        items = [(each.ref.kind, each.ref.external_id, each.successor.external_id) for each in transfers]
        before = self.ask("/promises", {"items": items})["results"]
        receipts = super().give(transfers)
        running = Receipt.refused("running", "a transfer is under way", remedy="wait")
        return [running if word == "waiting" else one for word, one in zip(before, receipts, strict=True)]


@breaks("a_transfer_that_was_never_sent_has_no_good_result")
class TakesNoAnswerForDone(EstateHub):
    def receipt(self, word):
        return Receipt.done() if word == "none" else super().receipt(word)
