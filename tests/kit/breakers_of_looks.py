"""Handover hubs that look ahead or back wrongly, each breaking the laws it names."""

import dataclasses
from datetime import timedelta

from baton.sdk import ActivityKind, Blocker
from tests.kit.breakers_of_handovers import breaks
from tests.kit.estate_hub import EstateHub


@breaks("who_has_no_blockers_is_told_none", "a_blocker_is_found_and_says_what_to_do")
class BlocksEverybody(EstateHub):
    """Tells everybody what is in anybody's way, and that there is somebody at all."""

    def blockers(self, person):
        found = [self.ask("/person", {"number": f"{n:04d}"})["id"] for n in range(1, 4)]
        everybody = [dataclasses.replace(person, external_id=one) for one in found if one]
        active = Blocker("active", "the account is active", "close it")
        return [active, *(one for each in everybody for one in super(BlocksEverybody, self).blockers(each))]


@breaks("a_blocker_is_found_and_says_what_to_do")
class FindsNoBlocker(EstateHub):
    def blockers(self, person):
        return []


@breaks("a_blocker_is_found_and_says_what_to_do")
class OnlyNamesTheBlocker(EstateHub):
    def blockers(self, person):
        return [dataclasses.replace(one, remedy="") for one in super().blockers(person)]


@breaks("what_is_told_of_nobody_says_what_to_do")
class OnlyNamesWhatIsToldOfNobody(EstateHub):
    by_hand = (Blocker("owner", "whether the leaver owns the estate", ""),)


@breaks("what_is_told_of_nobody_says_what_to_do")
class NamesWhatItCanTell(EstateHub):
    """The flow's approver is asked for, and is a task for a person all the same."""

    by_hand = (Blocker("approver", "whether the leaver approves in a flow", "look into the flows"),)


@breaks("a_blocker_that_cannot_be_asked_for_is_an_error", "a_part_of_what_was_done_never_passes_for_the_whole")
class TakesTroubleForNothing(EstateHub):
    def ask(self, path, body):
        try:
            return super().ask(path, body)
        except Exception:
            return {"id": None, "rows": [], "next": None}


@breaks("what_was_done_is_told_once_in_order")
class TellsTheLatestFirst(EstateHub):
    def activities(self, since, until, clients, people):
        pages = list(super().activities(since, until, clients, people))
        return [page[::-1] for page in pages[::-1]]


@breaks("what_was_done_is_told_once_in_order")
class TellsOnePageOfHistory(EstateHub):
    def pages(self, path, body, of):
        yield next(super().pages(path, body, of))


@breaks("what_was_done_is_told_once_in_order")
class TellsLocalTime(EstateHub):
    def activity(self, row):
        told = super().activity(row)
        return dataclasses.replace(told, at=told.at.replace(tzinfo=None))


@breaks("what_was_done_at_the_edges_is_told_in_one_window")
class ShutsTheWindow(EstateHub):
    """Tells what was done at the end, too."""

    def activities(self, since, until, clients, people):
        return super().activities(since, until + timedelta(microseconds=1), clients, people)


@breaks("what_was_done_at_the_edges_is_told_in_one_window")
class OpensTheWindowLate(EstateHub):
    def activities(self, since, until, clients, people):
        return super().activities(since + timedelta(microseconds=1), until, clients, people)


@breaks("what_others_did_elsewhere_is_not_told")
class TellsWhatAnybodyDid(EstateHub):
    def activities(self, since, until, clients, people):
        return super().activities(since, until, clients, [*people, *self.neighbours(people)])

    def neighbours(self, people):
        return [dataclasses.replace(one, number="0003", external_id=None) for one in people[:1]]


@breaks("what_others_did_elsewhere_is_not_told")
class TellsOfTheFirstPersonOnly(EstateHub):
    def activities(self, since, until, clients, people):
        return super().activities(since, until, clients, people[:1])


@breaks("what_was_done_to_a_client_is_told_whoever_did_it")
class KnowsNoClients(EstateHub):
    def activities(self, since, until, clients, people):
        return super().activities(since, until, [], people)


@breaks("what_was_done_to_a_client_is_told_whoever_did_it")
class AsksTwiceAndTellsTwice(EstateHub):
    def activities(self, since, until, clients, people):
        yield from super().activities(since, until, clients, [])
        yield from super().activities(since, until, [], people)


@breaks("how_much_was_exported_is_known_or_left_out")
class CountsNothing(EstateHub):
    def activity(self, row):
        told = super().activity(row)
        return dataclasses.replace(told, count=told.count and 0)


@breaks("how_much_was_exported_is_known_or_left_out")
class CountsOrders(EstateHub):
    def activity(self, row):
        return dataclasses.replace(super().activity(row), count=1)


@breaks("how_much_was_exported_is_known_or_left_out")
class KnowsOfNoExports(EstateHub):
    def pages(self, path, body, of):
        for page in super().pages(path, body, of):
            yield [each for each in page if getattr(each, "kind", None) is not ActivityKind.EXPORT]
