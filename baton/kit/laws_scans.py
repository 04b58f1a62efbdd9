"""Laws of what is shown of many people in one pass: the same as when each is asked about, and everything that went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from baton.contracts import OwnershipScan, RightsScan, WorkScan
from baton.kit import trouble_checks
from baton.kit.bench import Bench, LawBrokenError, expect
from baton.kit.handover_desk import LEAVER, OTHER, SUCCESSOR, HoldingsDesk, owned_desk, work_desk
from baton.kit.record_desk import insist
from baton.kit.rights_desk import RightsDesk
from baton.model.account import AccountRef, Outcome
from baton.model.handover import Grant, Holding, HoldingRef

_COUNT: Final = 7
"""Holdings of one kind, and rights, that take several pages."""

Scan = Callable[[Sequence[AccountRef]], Iterator[Sequence[tuple[str, Holding]]]]


@dataclass(frozen=True, slots=True)
class _Pass:
    """What a desk's people hold, shown in one pass."""

    desk: HoldingsDesk
    scan: Scan

    def shown(self, *people: int) -> dict[int, dict[HoldingRef, Holding]]:
        """What is shown of each of these, who alone may be shown to hold something, and nothing twice."""
        desk = self.desk
        ids = {desk.id(person): person for person in people}
        found: dict[int, dict[HoldingRef, Holding]] = {person: {} for person in people}
        for page in self.scan([desk.person(person) for person in people]):
            for holder, holding in page:
                if holder not in ids:
                    raise LawBrokenError("something is shown with a holder who was not asked about")
                expect(holding.ref not in found[ids[holder]], "one thing is shown twice with one person")
                found[ids[holder]][holding.ref] = holding
        return found


def _owned(bench: Bench) -> _Pass:
    scan = bench.connector
    assert isinstance(scan, OwnershipScan)
    return _Pass(owned_desk(bench), scan.owned_by)


def _work(bench: Bench) -> _Pass:
    scan = bench.connector
    assert isinstance(scan, WorkScan)
    return _Pass(work_desk(bench), scan.work_of)


Open = Callable[[Bench], _Pass]


def _same_as_asking_each(one: _Pass) -> None:
    """Over several pages, of people who hold much, little and nothing, in an order that is not that of planting.

    Then over one of them, so that the others are strangers, and over nobody.
    """
    desk = one.desk
    planted = desk.plant_each(LEAVER, _COUNT)
    desk.plant_each(OTHER)
    desk.small_pages()
    people = (OTHER, SUCCESSOR, LEAVER)
    shown = one.shown(*people)
    lost = [ref.kind for ref in planted if ref not in shown[LEAVER]]
    expect(not lost, f"{len(lost)} of {len(planted)} holdings are not shown in a pass over several pages")
    for person in people:
        asked = desk.held(person)
        expect(shown[person].keys() == asked.keys(), "a pass shows other holdings of a person than asking about them")
        other = sorted({ref.kind for ref, holding in asked.items() if shown[person][ref] != holding})
        expect(not other, f"in a pass one {', '.join(other)} looks other than when its holder is asked about")
    alone = one.shown(LEAVER)
    expect(alone[LEAVER] == shown[LEAVER], "a pass over one person shows something else than one over several")
    expect(not any(one.scan([])), "a pass over nobody shows something")


def _what_went_or_changed_shows(one: _Pass) -> None:
    """Between two passes: a change, a hand-over among those asked about, and one to somebody else."""
    desk = one.desk
    planted = {kind: desk.plant(kind, LEAVER, 3) for kind in desk.kinds}
    before = one.shown(LEAVER, OTHER)
    for changed, passed, left in planted.values():
        desk.change(changed)
        desk.give_away(passed, OTHER)
        desk.give_away(left, SUCCESSOR)
    after = one.shown(LEAVER, OTHER)
    for kind, (changed, passed, left) in planted.items():
        expect(changed in after[LEAVER], f"one {kind} that changed is not shown any more")
        expect(after[LEAVER][changed] != before[LEAVER][changed], f"one {kind} that changed is shown as before")
        expect(passed not in after[LEAVER], f"one {kind} that was given away is shown with who had it")
        expect(passed in after[OTHER], f"one {kind} that was given to somebody is not shown with them")
        gone = left not in after[LEAVER] and left not in after[OTHER]
        expect(gone, f"one {kind} that was given to somebody not asked about is shown with those who were")


def _never_a_part(bench: Bench, open_pass: Open) -> None:
    one = open_pass(bench)
    one.desk.plant_each(LEAVER, 2)
    one.desk.plant_each(OTHER, 2)
    one.desk.small_pages()

    def everything() -> list[HoldingRef]:
        return [ref for held in one.shown(LEAVER, OTHER).values() for ref in held]

    trouble_checks.never_less(bench, everything, "a pass over several people")


# --- OwnershipScan


def a_pass_over_owners_shows_what_asking_each_shows_and_no_strangers(bench: Bench) -> None:
    _same_as_asking_each(_owned(bench))


def a_pass_over_owners_shows_what_went_or_changed_since_the_last(bench: Bench) -> None:
    _what_went_or_changed_shows(_owned(bench))


def a_part_of_a_pass_over_owners_never_passes_for_the_whole(bench: Bench) -> None:
    _never_a_part(bench, _owned)


OWNERSHIP_LAWS = (
    a_pass_over_owners_shows_what_asking_each_shows_and_no_strangers,
    a_pass_over_owners_shows_what_went_or_changed_since_the_last,
    a_part_of_a_pass_over_owners_never_passes_for_the_whole,
)


# --- WorkScan


def a_pass_over_workers_shows_what_asking_each_shows_and_no_strangers(bench: Bench) -> None:
    _same_as_asking_each(_work(bench))


def a_pass_over_workers_shows_what_went_or_changed_since_the_last(bench: Bench) -> None:
    _what_went_or_changed_shows(_work(bench))


def a_part_of_a_pass_over_workers_never_passes_for_the_whole(bench: Bench) -> None:
    _never_a_part(bench, _work)


WORK_LAWS = (
    a_pass_over_workers_shows_what_asking_each_shows_and_no_strangers,
    a_pass_over_workers_shows_what_went_or_changed_since_the_last,
    a_part_of_a_pass_over_workers_never_passes_for_the_whole,
)


# --- RightsScan


def a_pass_over_rights_tells_in_order_what_asking_each_tells(bench: Bench) -> None:
    desk = RightsDesk(bench)
    planted = desk.plant(LEAVER, *range(1, _COUNT + 1))
    desk.plant(OTHER, _COUNT + 1)
    desk.small_pages()
    people = (OTHER, SUCCESSOR, LEAVER)
    found = _told(desk, *people)
    expect(set(planted) <= found[LEAVER].keys(), "a pass does not tell every right of a person")
    for person in people:
        expect(found[person] == desk.told(person), "a pass tells other rights of a person than asking about them")
    expect(_told(desk, LEAVER) == {LEAVER: found[LEAVER]}, "a pass over one tells other rights than one over several")
    expect(not _told(desk), "a pass over nobody tells rights")


def a_pass_over_rights_tells_what_came_or_went_since_the_last(bench: Bench) -> None:
    desk = RightsDesk(bench)
    kept, taken = desk.plant(LEAVER, 1, 2)
    desk.plant(OTHER, 3)
    before = _told(desk, LEAVER, OTHER)
    insist(Outcome.DONE, desk.call(desk.control.revoke, [desk.change(LEAVER, taken)]), "taking a right away")
    insist(Outcome.DONE, desk.call(desk.control.entitle, [desk.change(OTHER, kept)]), "giving a right")
    after = _told(desk, LEAVER, OTHER)
    left = before[LEAVER].keys() - {taken}
    expect(after[LEAVER].keys() == left, "after a right was taken away a pass tells other rights than those left")
    both = before[OTHER].keys() | {kept}
    expect(after[OTHER].keys() == both, "after a right was given a pass does not tell it beside the old ones")


def a_part_of_a_pass_over_rights_never_passes_for_the_whole(bench: Bench) -> None:
    desk = RightsDesk(bench)
    desk.plant(LEAVER, 1, 2)
    desk.plant(OTHER, 3, 4)
    desk.small_pages()

    def everything() -> list[str]:
        return [grant_id for grants in _told(desk, LEAVER, OTHER).values() for grant_id in grants]

    trouble_checks.never_less(bench, everything, "a pass over several people")


def _told(desk: RightsDesk, *people: int) -> dict[int, dict[str, Grant]]:
    """The rights of each of these people, told in one pass, none twice."""
    scan: RightsScan = desk.bench.connector
    answers = list(scan.grants_of([desk.person(person) for person in people]))
    expect(len(answers) == len(people), f"{len(answers)} lists of rights for {len(people)} people, one each is the law")
    found = [{grant.id: grant for grant in grants} for grants in answers]
    once = all(len(named) == len(grants) for named, grants in zip(found, answers, strict=True))
    expect(once, "a right is told twice in a pass")
    return dict(zip(people, found, strict=True))


RIGHTS_LAWS = (
    a_pass_over_rights_tells_in_order_what_asking_each_tells,
    a_pass_over_rights_tells_what_came_or_went_since_the_last,
    a_part_of_a_pass_over_rights_never_passes_for_the_whole,
)
