"""Connectors that hold or give things wrongly in just one way each, to show that the law of that name bites."""

import dataclasses
from collections import defaultdict
from typing import ClassVar

from baton.sdk import HoldingKind, HoldingRef, InDoubtError, Outcome, Receipt, RejectedError, Undo
from tests.kit.estate import PROMISED
from tests.kit.estate_hub import EstateHub

BREAKERS = defaultdict(list)


def breaks(*titles):
    def keep(broken):
        for title in titles:
            BREAKERS[title].append(broken)
        return broken

    return keep


def changed_rows(change):
    """A class that changes each holding on the way to the hub."""

    class Broken(EstateHub):
        def holding(self, row):
            return change(super().holding(row))

    return Broken


# --- lists


@breaks("everything_owned_is_listed_once", "all_open_work_is_listed_once")
class ReadsOnePage(EstateHub):
    def pages(self, path, body, of):
        yield next(super().pages(path, body, of))


@breaks("everything_owned_is_listed_once", "all_open_work_is_listed_once")
class ListsTheLastOfAPageTwice(EstateHub):
    def pages(self, path, body, of):
        last = []
        for page in super().pages(path, body, of):
            yield [*last, *page]
            last = page[-1:]


@breaks("what_somebody_else_owns_is_not_listed", "the_work_of_somebody_else_is_not_listed")
class ListsEverybodys(EstateHub):
    def held(self, person, kinds):
        for n in range(1, 5):
            somebody = self.ask("/person", {"number": f"{n:04d}"})["id"]
            yield from self.pages("/held", {"person": somebody, "kinds": kinds}, self.holding)


@breaks("what_somebody_else_owns_is_not_listed", "the_work_of_somebody_else_is_not_listed")
class ListsWhatItOnceSaw(EstateHub):
    def held(self, person, kinds):
        seen = vars(self).setdefault("seen", {})
        for page in super().held(person, kinds):
            seen.update((each.ref, each) for each in page)
        yield [each for each in seen.values() if each.ref.kind in kinds]


@breaks("a_person_without_an_account_owns_nothing", "a_person_without_an_account_has_no_work")
class FailsForStrangers(EstateHub):
    def external_id(self, person):
        found = super().external_id(person)
        if found is None:
            raise RejectedError("there is no such person")
        return found


@breaks(
    "an_owner_known_by_number_alone_is_not_taken_for_nobody", "a_worker_known_by_number_alone_is_not_taken_for_nobody"
)
class NeedsAnId(EstateHub):
    def external_id(self, person):
        return person.external_id


def without_chinese(title):
    return title.encode("ascii", "replace").decode()


def misread(title):
    return title.encode().decode("latin-1")


for change in (without_chinese, misread):
    BREAKERS["titles_of_what_is_owned_keep_their_chinese"].append(
        changed_rows(lambda each, change=change: dataclasses.replace(each, title=change(each.title)))
    )
BREAKERS["titles_of_work_keep_their_chinese"] += BREAKERS["titles_of_what_is_owned_keep_their_chinese"]

BREAKERS["facts_of_what_is_owned_are_plain_values"] += [
    changed_rows(lambda each: dataclasses.replace(each, facts={"chance": 0.5})),
    changed_rows(lambda each: dataclasses.replace(each, amount=10.5)),
    changed_rows(lambda each: dataclasses.replace(each, about=each.ref)),
]
BREAKERS["facts_of_work_are_plain_values"] += BREAKERS["facts_of_what_is_owned_are_plain_values"]


class Viewing(EstateHub):
    """Tells how often it has looked."""

    looks = 0

    def holding(self, row):
        self.looks += 1
        each = super().holding(row)
        return dataclasses.replace(each, facts={**each.facts, "seen": self.looks})


class Blind(EstateHub):
    """Tells nothing that changes."""

    def holding(self, row):
        return dataclasses.replace(super().holding(row), facts={})


for title in (
    "what_is_owned_is_another_when_it_changes_and_only_then",
    "work_is_another_when_it_changes_and_only_then",
):
    BREAKERS[title] += [Viewing, Blind]


@breaks("a_part_of_what_is_owned_never_passes_for_the_whole", "a_part_of_the_work_never_passes_for_the_whole")
class LeavesOutWhatItCannotRead(EstateHub):
    def held(self, person, kinds):
        try:
            yield from super().held(person, kinds)
        except Exception:
            return


@breaks("a_part_of_what_is_owned_never_passes_for_the_whole", "a_part_of_the_work_never_passes_for_the_whole")
class DoubtsAQuestion(EstateHub):
    def ask(self, path, body):
        try:
            return super().ask(path, body)
        except Exception as error:
            raise InDoubtError("who knows") from error


@breaks("work_is_of_the_declared_kinds_and_not_owned_too")
class OwnsItsWorkToo(EstateHub):
    def owned(self, person):
        return self.held(person, [*self.transfers, *self.work_kinds])


@breaks("work_is_of_the_declared_kinds_and_not_owned_too")
class CallsItsWorkOther(EstateHub):
    work_kinds = frozenset((HoldingKind.APPROVAL,))
    holdings = ("approval", "task")

    def work(self, person):
        return self.held(person, self.holdings)


# --- giving


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
