"""Who is to have what: by the rules of the policy, what belongs together to one person, nobody over their cap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from baton.jobs.offboarding.checklist import WATCHED, Place
from baton.jobs.offboarding.policy import MANAGER, Policy, SuccessorRule, fits_facts
from baton.model.case import Case, Item, ItemState

REFUSED: Final = "refused"
"""The code of an item whose successor does not want it."""
_NOT_WITH_THEM: Final = (ItemState.LEFT, ItemState.GONE)
"""Where the successor of an item is only whom it was offered to: it has stayed, or is with we do not know whom."""


def candidates(case: Case, policy: Policy, items: Sequence[Item]) -> set[str]:
    """Everybody whom `propose` might name, whether or not they work here; nobody where nothing waits for a name."""
    if not _waiting(items):
        return set()
    named = {case.manager if person == MANAGER else person for rule in policy.successors for person in rule.to}
    return (named | {item.successor for item in items}) - {""}


def propose(case: Case, policy: Policy, items: Sequence[Item], absent: Collection[str] = ()) -> Mapping[int, str]:
    """For every item that nobody is to have yet, the employee number of who should; items nobody fits are left out.

    What is about a client goes where the client goes. The leaver is never named nor is who does not work here
    (``absent``), what somebody has refused waits for a person to name another, and the load counts every item of the
    case that somebody has already.
    """
    barred = {case.number, "", *absent}
    by_place: dict[Place, Item] = {(item.system, item.ref): item for item in items}
    chosen: dict[int, str] = {}
    load = Counter(item.successor for item in items if item.successor and not item.state.closed)
    # From the top, in whatever order things were found: what is about something can only follow what is decided.
    for item in sorted(_waiting(items), key=lambda item: (_depth(item, by_place), item.id)):
        owner = _with_its_owner(item, by_place, chosen)
        successor = owner if owner not in barred else _by_rule(case, policy, item, load, barred)
        if successor:
            chosen[item.id] = successor
            load[successor] += 1
    return chosen


def _waiting(items: Sequence[Item]) -> list[Item]:
    """What nobody is to have yet."""
    return [
        item for item in items if item.state is ItemState.OPEN and item.kind not in WATCHED and item.code != REFUSED
    ]


def _depth(item: Item, by_place: Mapping[Place, Item]) -> int:
    """How many things this item is about, one above the other; a ring of them has no top and ends where it closes."""
    above: Item | None = item
    passed: set[int] = set()
    while above is not None and above.about is not None and above.id not in passed:
        passed.add(above.id)
        above = by_place.get((above.system, above.about))
    return len(passed)


def _with_its_owner(item: Item, by_place: Mapping[Place, Item], chosen: Mapping[int, str]) -> str:
    """Who has (or gets) what this item is about."""
    if item.about is None:
        return ""
    above = by_place.get((item.system, item.about))
    if above is None or above.state in _NOT_WITH_THEM:
        return ""
    return chosen.get(above.id, above.successor)


def _by_rule(case: Case, policy: Policy, item: Item, load: Counter[str], barred: Collection[str]) -> str:
    for rule in policy.successors:
        if (not rule.kinds or item.kind in rule.kinds) and fits_facts(rule, item.facts):
            successor = _with_room(case, rule, load, barred)
            if successor:
                return successor
    return ""


def _with_room(case: Case, rule: SuccessorRule, load: Counter[str], barred: Collection[str]) -> str:
    named = [case.manager if person == MANAGER else person for person in rule.to]
    fit = [person for person in named if person not in barred]
    free = [person for person in fit if rule.cap is None or load[person] < rule.cap]
    return min(free, key=lambda person: (load[person], fit.index(person)), default="")
