"""What the laws ask of a list of holdings, be it what a person owns or the work that waits for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Final

from baton.errors import HaltError, RejectedError, RetryableError
from baton.kit.bench import Bench, LawBrokenError, Said, expect
from baton.kit.handover_desk import LEAVER, OTHER, STRANGER, HoldingsDesk
from baton.kit.troubles import IN_DOUBT_AFTER, Trouble
from baton.model.account import AccountRef
from baton.model.handover import Holding

Open = Callable[[Bench], HoldingsDesk]

_COUNT: Final = 7
"""Holdings of one kind that take several pages."""
_FEWER: Final = 4
_MOST_POSITIONS: Final = 8
_UNREAD: Final = (Trouble.UNREACHABLE, Trouble.THROTTLED, *(t for t in IN_DOUBT_AFTER if t is not Trouble.SLOW))
_CHINESE: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")


def each_is_listed_once(desk: HoldingsDesk) -> None:
    """All of a person's holdings over several pages."""
    planted = desk.plant_each(LEAVER, _COUNT)
    desk.plant_each(OTHER, 2)
    desk.small_pages()
    listed = [holding.ref for holding in desk.pages(desk.person(LEAVER))]
    for ref in planted:
        times = listed.count(ref)
        expect(times == 1, f"of {_COUNT} holdings of the kind {ref.kind} one is listed {times} times, not once")
    expect(len(listed) == len(set(listed)), "a holding is listed more than once")


def nothing_of_others_is_listed(desk: HoldingsDesk) -> None:
    """The holdings of somebody else, and what is somebody else's by now."""
    mine, theirs = desk.plant_each(LEAVER, 2), desk.plant_each(OTHER, 2)
    listed = desk.held(LEAVER)
    expect(not set(theirs) & set(listed), "what somebody else holds is listed")
    for ref in theirs:
        desk.one(OTHER, ref)
    for ref in mine[::2]:
        desk.give_away(ref, OTHER)
    left = set(desk.held(LEAVER)) & {*mine, *theirs}
    expect(
        left == set(mine[1::2]), "after some holdings were given away, other ones are listed than those that are left"
    )


def nobody_holds_nothing(desk: HoldingsDesk) -> None:
    """A person without an account."""
    desk.plant_each(LEAVER)
    listed = desk.pages(AccountRef(f"{STRANGER:04d}"))
    expect(not listed, f"a person without an account has {len(listed)} holdings")


def a_number_alone_does(desk: HoldingsDesk) -> None:
    """A person whose external id the hub does not know: the same list, or an error; never a wrong "nothing"."""
    planted = desk.plant_each(LEAVER)
    try:
        listed = {holding.ref for holding in desk.pages(AccountRef(desk.person(LEAVER).number))}
    except (HaltError, RejectedError):
        return
    expect(set(planted) <= listed, "a person known by number alone is listed with fewer holdings than they have")


def chinese_titles_arrive(desk: HoldingsDesk) -> None:
    """Every planted title holds Chinese text."""
    for ref in desk.plant_each(LEAVER):
        title = desk.one(LEAVER, ref).title
        whole = _CHINESE.search(title) and "\ufffd" not in title
        expect(whole, f"the title of one {ref.kind} holds Chinese text there, and does not when it is listed")
        expect(title == title.strip(), f"the title of one {ref.kind} has blanks around it")


def values_are_plain(desk: HoldingsDesk) -> None:
    """Types that survive being stored, and references to something else."""
    desk.plant_each(LEAVER)
    for holding in desk.held(LEAVER).values():
        kind = holding.ref.kind
        expect(holding.ref.external_id, f"one {kind} has no external id")
        expect(isinstance(holding.amount, Decimal | None), f"the amount of one {kind} is no decimal")
        scalars = str | int | bool | Decimal | date | None
        facts: Mapping[str, object] = holding.facts
        wrong = [name for name, value in facts.items() if not isinstance(value, scalars)]
        expect(not wrong, f"the facts {', '.join(wrong)} of one {kind} are no plain values (a float never is)")
        expect(holding.about != holding.ref, f"one {kind} is said to belong to itself")


def a_change_shows_and_nothing_else(desk: HoldingsDesk) -> None:
    """What a successor accepts is a version: equal as long as nothing changed, another one when something has."""
    planted = desk.plant_each(LEAVER, 2)
    first = desk.held(LEAVER)
    for ref in planted[::2]:
        before = desk.held(LEAVER)
        different = [each.kind for each in planted if face(before[each]) != face(first[each])]
        expect(not different, f"read twice without a change, one {', '.join(different)} is another one")
        desk.change(ref)
        first = desk.held(LEAVER)
        expect(face(first[ref]) != face(before[ref]), f"one {ref.kind} that changed is listed as before")
        others = [each.kind for each in planted if each != ref and face(first[each]) != face(before[each])]
        expect(not others, f"a change of one {ref.kind} changed another holding ({', '.join(others)})")


def never_a_part_for_the_whole(bench: Bench, open_desk: Open) -> None:
    """Trouble at any request of the reading is an error that says to read again."""
    for trouble in _UNREAD:
        with closing(bench.fresh()) as here:
            desk = open_desk(here)
            desk.plant_each(LEAVER, _FEWER)
            desk.small_pages()
            here.troubles.clear()
            here.troubles.always(trouble)
            _expect_retryable(desk, f"reading in trouble ({trouble})")
            here.troubles.clear()
            whole = desk.pages(desk.person(LEAVER))
            here.troubles.clear()
            expect(desk.pages(desk.person(LEAVER)) == whole, "two readings without a change in between differ")
            for position in range(min(len(here.troubles.requests), _MOST_POSITIONS)):
                here.troubles.clear()
                here.troubles.at(position, trouble)
                _expect_retryable(desk, f"reading with {trouble} at request {position}")
            here.troubles.clear()


def _expect_retryable(desk: HoldingsDesk, what: str) -> None:
    try:
        listed = desk.pages(desk.person(LEAVER))
    except RetryableError:
        return
    except Exception as error:  # noqa: BLE001 - every other error is the finding
        raise LawBrokenError(f"{what} gave {Said(error=error)}, not a RetryableError") from None
    raise LawBrokenError(f"{what} gave a list of {len(listed)}, as if it were the whole")


def face(holding: Holding) -> tuple[object, ...]:
    """What somebody accepts, whoever holds it."""
    return holding.title, dict(holding.facts), holding.about, holding.amount, holding.currency
