"""Connectors that list holdings wrongly in just one way each, to show that the law of that name bites."""

import dataclasses
from collections import defaultdict

from baton.sdk import HoldingKind, InDoubtError, RejectedError
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
