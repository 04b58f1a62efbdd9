"""Laws of what a system can be asked beforehand and afterwards: what blocks a person's leaving, and who did what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from baton.contracts import ActivitySource, BlockerSource
from baton.kit import trouble_checks
from baton.kit.bench import Bench, expect, not_applicable
from baton.kit.handover_desk import LEAVER, OTHER, STRANGER, SUCCESSOR, People
from baton.model.account import AccountRef
from baton.model.handover import Activity, ActivityKind, HoldingRef

_EVER: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
_COUNT: Final = 7
"""Activities that take several pages."""


# --- BlockerSource


def who_has_no_blockers_is_told_none(bench: Bench) -> None:
    people, source = People(bench), _blockers(bench)
    expect(not source.blockers(people.person(SUCCESSOR)), "somebody with nothing in the way has a blocker")
    stranger = AccountRef(f"{STRANGER:04d}")
    expect(not source.blockers(stranger), "a person without an account has a blocker")


def a_blocker_is_found_and_says_what_to_do(bench: Bench) -> None:
    if not hasattr(bench.counterpart, "seed_blocker"):
        not_applicable("the counterpart has no seed_blocker(n, person) that puts something in a person's way")
    people, source = People(bench), _blockers(bench)
    bench.counterpart.seed_blocker(1, people.id(LEAVER))
    found = list(source.blockers(people.person(LEAVER)))
    expect(found, "something that keeps a person from leaving is not found")
    for blocker in found:
        expect(blocker.code and blocker.title, "a blocker has no code or no title")
        expect(blocker.remedy, f"the blocker {blocker.code} does not say what to do")
    expect(not source.blockers(people.person(SUCCESSOR)), "what is in one person's way is in another one's too")


def a_blocker_that_cannot_be_asked_for_is_an_error(bench: Bench) -> None:
    people = People(bench)
    person = people.person(LEAVER)
    trouble_checks.never_less(bench, lambda: list(_blockers(bench).blockers(person)), "asking for blockers")


def what_is_told_of_nobody_says_what_to_do(bench: Bench) -> None:
    source = _blockers(bench)
    if not source.by_hand:
        not_applicable("the connector names nothing that a person would have to look at")
    people = People(bench)
    codes = [told.code for told in source.by_hand]
    expect(len(codes) == len(set(codes)), "two things to be looked at by hand have one code")
    for told in source.by_hand:
        expect(told.code and told.title, "something to be looked at by hand has no code or no title")
        expect(told.remedy, f"{told.code} does not say where to look and what to do")
    if hasattr(bench.counterpart, "seed_blocker"):
        bench.counterpart.seed_blocker(1, people.id(LEAVER))
    asked = {blocker.code for blocker in source.blockers(people.person(LEAVER))}
    expect(not asked & set(codes), "what is told of nobody is told of somebody")


BLOCKER_LAWS = (
    who_has_no_blockers_is_told_none,
    a_blocker_is_found_and_says_what_to_do,
    a_blocker_that_cannot_be_asked_for_is_an_error,
    what_is_told_of_nobody_says_what_to_do,
)


# --- ActivitySource


def what_was_done_is_told_once_in_order(bench: Bench) -> None:
    people = _acting(bench)
    told = _told(bench, people=[people.person(LEAVER)])
    expect(len(told) >= _COUNT, f"of {_COUNT} things that a person did {len(told)} are told")
    expect(len({each.id for each in told}) == len(told), "one activity is told twice, or two have one id")
    moments = [each.at for each in told]
    expect(all(moment.tzinfo is not None for moment in moments), "the time of an activity has no time zone")
    expect(moments == sorted(moments), "activities are not told in the order in which they happened")


def what_was_done_at_the_edges_is_told_in_one_window(bench: Bench) -> None:
    people = _acting(bench)
    who = [people.person(LEAVER)]
    told = sorted(_told(bench, people=who), key=lambda each: (each.at, each.id))
    start, end = _EVER
    for edge in sorted({each.at for each in told}):
        early, late = _told(bench, start, edge, people=who), _told(bench, edge, end, people=who)
        expect(all(each.at < edge for each in early), "a window holds what was done at its end or after it")
        expect(all(each.at >= edge for each in late), "a window holds what was done before it began")
        expect(_ids(early) + _ids(late) == _ids(told), "two windows side by side do not hold what one over both does")
        expect(not _told(bench, edge, edge, people=who), "a window without length holds something")


def what_others_did_elsewhere_is_not_told(bench: Bench) -> None:
    people = _acting(bench)
    bench.counterpart.seed_activity(_COUNT + 1, people.id(OTHER))
    mine, theirs = people.person(LEAVER), people.person(OTHER)
    told = _told(bench, people=[mine])
    strangers = {each.actor for each in told} - {people.id(LEAVER)}
    expect(not strangers, "asked for what one person did, what another one did is told")
    both = _told(bench, people=[mine, theirs])
    expect({each.id for each in told} < {each.id for each in both}, "asked for two people, what one did is left out")
    expect(len({each.id for each in both}) == len(both), "asked for two people, an activity is told twice")
    expect(not _told(bench), "asked for nobody and for no client, something is told")


def what_was_done_to_a_client_is_told_whoever_did_it(bench: Bench) -> None:
    people = _acting(bench)
    told = _told(bench, people=[people.person(LEAVER)])
    done = [each for each in told if each.about is not None]
    if not done:
        not_applicable("no activity that the counterpart plants is said to be about a client")
    for activity in done[:2]:
        assert activity.about is not None
        about = _told(bench, clients=[activity.about])
        expect(activity.id in {each.id for each in about}, "asked for a client, what was done to it is not told")
        both = _told(bench, clients=[activity.about], people=[people.person(LEAVER)])
        expect(len({each.id for each in both}) == len(both), "what a person did to a client is told twice")
        expect({each.id for each in both} >= {each.id for each in told}, "asked for a client too, less is told")


def how_much_was_exported_is_known_or_left_out(bench: Bench) -> None:
    if not hasattr(bench.counterpart, "seed_export"):
        not_applicable("the counterpart has no seed_export(n, person) that lets somebody export something")
    people = _acting(bench)
    bench.counterpart.seed_export(1, people.id(LEAVER))
    told = _told(bench, people=[people.person(LEAVER)])
    exports = [each for each in told if each.kind is ActivityKind.EXPORT]
    expect(exports, "what a person exported is not told")
    expect(all(each.count is None or each.count > 0 for each in exports), "an export is said to be of no records")
    others = [each for each in told if each.kind is not ActivityKind.EXPORT]
    expect(all(each.count is None for each in others), "what is no export is said to be of so many records")


def a_part_of_what_was_done_never_passes_for_the_whole(bench: Bench) -> None:
    people = _acting(bench)
    who = [people.person(LEAVER)]
    trouble_checks.never_less(bench, lambda: _told(bench, people=who), "asking what was done")


def _blockers(bench: Bench) -> BlockerSource:
    source: BlockerSource = bench.connector
    return source


def _acting(bench: Bench) -> People:
    """People of whom the leaver has done things that take several pages to tell, and somebody else one."""
    seed = getattr(bench.counterpart, "seed_activity", None)
    if seed is None:
        not_applicable("the counterpart has no seed_activity(n, person) that lets somebody do something")
    people = People(bench)
    for n in range(1, _COUNT + 1):
        seed(n, people.id(LEAVER))
    people.small_pages()
    return people


def _told(
    bench: Bench,
    since: datetime = _EVER[0],
    until: datetime = _EVER[1],
    *,
    clients: Sequence[HoldingRef] = (),
    people: Sequence[AccountRef] = (),
) -> list[Activity]:
    source: ActivitySource = bench.connector
    return [activity for page in source.activities(since, until, clients, people) for activity in page]


def _ids(activities: Iterable[Activity]) -> list[str]:
    return sorted(activity.id for activity in activities)


ACTIVITY_LAWS = (
    what_was_done_is_told_once_in_order,
    what_was_done_at_the_edges_is_told_in_one_window,
    what_others_did_elsewhere_is_not_told,
    what_was_done_to_a_client_is_told_whoever_did_it,
    how_much_was_exported_is_known_or_left_out,
    a_part_of_what_was_done_never_passes_for_the_whole,
)
