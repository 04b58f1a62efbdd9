"""Who decides in a case, by name, so that they can be waited for and told; for many cases in a few statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.people import known_and_departed
from baton.hub.offboarding.policies import policies
from baton.jobs.offboarding.deadlines import Deciders
from baton.jobs.offboarding.policy import MANAGERS_MANAGER
from baton.model.case import Case
from baton.model.persons import NO_PERSONS, alike
from baton.store.effects import chunked
from baton.store.tables import people as known_people

_LOOKED_THROUGH: Final = 1000
_NOT_PLAIN: Final = "[^!-~]"
"""In a number that a database cannot compare as `alike` does: a blank, an unseen sign, or a letter beyond ASCII."""


def deciders_of(hub: Hub, connection: sa.Connection, cases: Sequence[Case]) -> dict[str, Deciders]:
    """Who decides in each of these cases, by id.

    Where there is no manager, or they must not decide or do not work here any more, it is for the policy's deputies;
    without any for who is named in ``offboarding.hr``, and where that is nobody for whoever at HR has opened the case.
    """
    deputies = deputies_of(hub, connection, cases)
    named = {person for some in deputies.values() for person in some} | set(hub.settings.offboarding.hr)
    named |= {person for case in cases for person in (case.manager, case.opened_by)}
    _, left = known_and_departed(hub, connection, named)
    openers = hr_by_no_name(hub, connection, {case.opened_by for case in cases})
    found = {}
    for case in cases:
        hr = hub.settings.offboarding.hr or ((case.opened_by,) if case.opened_by in openers else ())
        told = _others(case, hr, left)
        second = _others(case, deputies[case.id], left) or told
        found[case.id] = Deciders(second if case.manager in left | {""} else (case.manager,), second, told)
    return found


def hr_by_no_name(hub: Hub, connection: sa.Connection, people: Collection[str]) -> set[str]:
    """Those of these names that speak as HR where the settings name nobody; nobody where they do.

    That is who is no employee, and never was: by a name that is none of theirs in whatever letters, width or case it is
    written, and no bare number, which is an employee's whom the hub does not know (yet, or any more) or a mistake.
    """
    if hub.settings.offboarding.hr:
        return set()
    asked = {person: name for person in people if (name := alike(person)) and not name.isdecimal()}
    number = known_people.c.number
    for chunk in chunked(sorted(asked)):  # most are; a name that is compared otherwise has everybody looked at
        for known in connection.execute(sa.select(number).where(number.in_(chunk))).scalars():
            del asked[known]
    if not asked:
        return set()
    unlike = connection.execute(sa.select(number).where(number.regexp_match(_NOT_PLAIN))).scalars()
    theirs = {alike(each) for each in (*hub.erasures.erased(connection), *unlike)}
    lowered = sa.func.lower(number)
    for chunk in chunked(sorted(set(asked.values()))):
        theirs.update(connection.execute(sa.select(lowered).where(lowered.in_(chunk))).scalars())
    return {person for person, name in asked.items() if name not in theirs}


def _others(case: Case, people: Sequence[str], left: Collection[str]) -> tuple[str, ...]:
    """Those who are persons, work here, and are neither the leaver nor the manager."""
    barred = {alike(case.number), alike(case.manager)}
    fit = [each for each in people if each not in left and each not in NO_PERSONS and alike(each) not in barred]
    return tuple(dict.fromkeys(fit))


def deputies_of(hub: Hub, connection: sa.Connection, cases: Sequence[Case]) -> Mapping[str, Sequence[str]]:
    """Whom the policy lets decide in place of the manager of each of these cases, by id."""
    chosen = policies(hub)
    named = {case.id: chosen.of(case.policy).deputies for case in cases}
    led = {case.manager for case in cases if MANAGERS_MANAGER in named[case.id]}
    bosses = managers_of(hub, connection, led)
    return {
        case.id: [person for name in named[case.id] if (person := _by_name(name, bosses.get(case.manager, "")))]
        for case in cases
    }


def concerning(hub: Hub, connection: sa.Connection, person: str) -> list[Case]:
    """The cases in which somebody leaves, manages, decides as a deputy or is to take something over.

    Those that are open or paused first, then the newest; of more than `_LOOKED_THROUGH` in this order none of the rest.
    Nobody has none.
    """
    if not person.strip():
        return []
    found = {case.id: case for case in hub.cases.concerning(connection, person, _LOOKED_THROUGH)}
    index = [case_id for case_id, _ in hub.cases.index(connection)]
    if any({person, MANAGERS_MANAGER} & {*policy.deputies} for policy in policies(hub).by_name.values()):
        asked = hub.cases.by_id(connection, index[:_LOOKED_THROUGH])
        deputies = deputies_of(hub, connection, asked)
        found |= {case.id: case for case in asked if person in deputies[case.id]}
    return [found[case_id] for case_id in index if case_id in found]


def _by_name(name: str, boss: str) -> str:
    return boss if name == MANAGERS_MANAGER else name


def managers_of(hub: Hub, connection: sa.Connection, people: Collection[str]) -> dict[str, str]:
    """Who manages each of these people; empty for whom nobody does."""
    newest = hub.people.newest(connection, sorted(people))
    return {number: known.employee.manager_number or "" for number, known in newest.items()}
