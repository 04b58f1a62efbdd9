"""Connectors that show many people's things in one pass wrongly, in just one way each."""

import dataclasses

from baton.sdk import AccountRef, InDoubtError
from tests.kit.breakers_of_handovers import breaks
from tests.kit.estate_hub import EstateHub

SAME = (
    "a_pass_over_owners_shows_what_asking_each_shows_and_no_strangers",
    "a_pass_over_workers_shows_what_asking_each_shows_and_no_strangers",
)
NEWS = (
    "a_pass_over_owners_shows_what_went_or_changed_since_the_last",
    "a_pass_over_workers_shows_what_went_or_changed_since_the_last",
)
WHOLE = (
    "a_part_of_a_pass_over_owners_never_passes_for_the_whole",
    "a_part_of_a_pass_over_workers_never_passes_for_the_whole",
)
SAME_RIGHTS = "a_pass_over_rights_tells_in_order_what_asking_each_tells"
NEW_RIGHTS = "a_pass_over_rights_tells_what_came_or_went_since_the_last"
ALL_RIGHTS = "a_part_of_a_pass_over_rights_never_passes_for_the_whole"


# --- the same as asking each


@breaks(*SAME)
class ShowsOnePage(EstateHub):
    def held_by(self, people, kinds):
        yield next(super().held_by(people, kinds))


@breaks(*SAME)
class LosesTheFirstOfEachFurtherPage(EstateHub):
    def held_by(self, people, kinds):
        pages = super().held_by(people, kinds)
        yield next(pages)
        for page in pages:
            yield page[1:]


@breaks(*SAME)
class ShowsTheLastOfAPageTwice(EstateHub):
    def held_by(self, people, kinds):
        last = []
        for page in super().held_by(people, kinds):
            yield [*last, *page]
            last = page[-1:]


@breaks(*SAME)
class TakesTwoPeopleAtMost(EstateHub):
    def held_by(self, people, kinds):
        return super().held_by(people[:2], kinds)


@breaks(*SAME)
class ShowsLessOfEach(EstateHub):
    def with_holder(self, row):
        holder, holding = super().with_holder(row)
        return holder, dataclasses.replace(holding, facts={})


@breaks(*SAME)
class NamesTheNumber(EstateHub):
    def held_by(self, people, kinds):
        numbers = {self.external_id(person): person.number for person in people}
        for page in super().held_by(people, kinds):
            yield [(numbers[holder], holding) for holder, holding in page]


@breaks(*SAME)
class ShowsAllAsTheFirstOnes(EstateHub):
    def held_by(self, people, kinds):
        for page in super().held_by(people, kinds):
            yield [(self.external_id(people[0]), holding) for _, holding in page]


# --- strangers


def everybody(hub):
    found = {f"{n:04d}": hub.ask("/person", {"number": f"{n:04d}"})["id"] for n in range(1, 5)}
    return [AccountRef(number, external_id) for number, external_id in found.items() if external_id]


@breaks(*SAME)
class ShowsEverybodys(EstateHub):
    def held_by(self, people, kinds):
        return super().held_by(everybody(self), kinds)


@breaks(*SAME)
class TakesNobodyForEverybody(EstateHub):
    def held_by(self, people, kinds):
        return super().held_by(people or everybody(self), kinds)


# --- what went or changed


@breaks(*NEWS)
class RemembersTheLastPass(EstateHub):
    def held_by(self, people, kinds):
        kept = vars(self).setdefault("kept", {})
        asked = (tuple(people), tuple(kinds))
        if asked not in kept:
            kept[asked] = list(super().held_by(people, kinds))
        return iter(kept[asked])


@breaks(*NEWS)
class AddsWhatIsNew(EstateHub):
    """Takes what it sees now for what has come or changed since, and forgets nothing."""

    def held_by(self, people, kinds):
        kept = vars(self).setdefault("kept", {})
        for page in super().held_by(people, kinds):
            kept.update(((holder, holding.ref), holding) for holder, holding in page)
        yield [(holder, holding) for (holder, ref), holding in kept.items() if ref.kind in kinds]


@breaks(*NEWS)
class NeverLooksTwiceAtAThing(EstateHub):
    def held_by(self, people, kinds):
        kept = vars(self).setdefault("kept", {})
        for page in super().held_by(people, kinds):
            yield [(holder, kept.setdefault(holding.ref, holding)) for holder, holding in page]


# --- a part


@breaks(*WHOLE)
class EndsWhereItCannotRead(EstateHub):
    def held_by(self, people, kinds):
        try:
            yield from super().held_by(people, kinds)
        except Exception:
            return


@breaks(*WHOLE)
class DoubtsAPass(EstateHub):
    def held_by(self, people, kinds):
        try:
            yield from super().held_by(people, kinds)
        except Exception as error:
            raise InDoubtError("who knows") from error


# --- rights


@breaks(SAME_RIGHTS)
class TellsThemBackwards(EstateHub):
    def grants_of(self, people):
        return super().grants_of(people)[::-1]


@breaks(SAME_RIGHTS)
class LeavesOutWhoHasNone(EstateHub):
    def grants_of(self, people):
        return [grants for grants in super().grants_of(people) if grants]


@breaks(SAME_RIGHTS)
class TellsTheFirstThree(EstateHub):
    def grants_of(self, people):
        return [grants[:3] for grants in super().grants_of(people)]


@breaks(SAME_RIGHTS)
class TellsEachOfAll(EstateHub):
    def grants_of(self, people):
        told = super().grants_of(people)
        return [[grant for grants in told for grant in grants] for _ in told]


@breaks(SAME_RIGHTS)
class TellsARightTwice(EstateHub):
    def grants_of(self, people):
        return [[*grants, *grants[:1]] for grants in super().grants_of(people)]


@breaks(NEW_RIGHTS)
class RemembersRights(EstateHub):
    def grants_of(self, people):
        kept = vars(self).setdefault("kept", {})
        return kept.setdefault(tuple(people), super().grants_of(people))


@breaks(NEW_RIGHTS)
class AddsRights(EstateHub):
    def grants_of(self, people):
        kept = vars(self).setdefault("kept", {})
        for person, grants in zip(people, super().grants_of(people), strict=True):
            kept.setdefault(person, {}).update((grant.id, grant) for grant in grants)
        return [list(kept[person].values()) for person in people]


@breaks(ALL_RIGHTS)
class TakesTroubleForNoRights(EstateHub):
    def grants_of(self, people):
        try:
            return super().grants_of(people)
        except Exception:
            return [[] for _ in people]
