"""Who somebody is in a system, by the link that sync has proven or by asking; and who works here at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from baton.contracts import AccountTarget
from baton.hub.core import Hub
from baton.hub.offboarding.came_back import came_back
from baton.hub.offboarding.undecided import PROTECTED, undecided
from baton.model.account import AccountRef, AccountState
from baton.model.case import CaseState
from baton.model.effect import Link
from baton.model.people import EmploymentStatus, LeaverDate
from baton.store.effects import chunked


def refs(hub: Hub, system: str, numbers: Sequence[str]) -> dict[str, AccountRef]:
    """Each of these people in a system; without an external id for those who have no account there.

    Raises a `ConnectorError` when the system has to be asked and does not answer.
    """
    return refs_by(hub, system, numbers, links_of(hub, system, numbers))


def refs_by(hub: Hub, system: str, numbers: Sequence[str], links: Mapping[str, Link]) -> dict[str, AccountRef]:
    """The same, where these people's links (`links_of`) are known already."""
    found = _named(links)
    missing = [AccountRef(number) for number in numbers if number not in found]
    connector = hub.connector(system)
    if missing and isinstance(connector, AccountTarget):
        for chunk in chunked(missing, connector.batch_limit):
            for ref, account in zip(chunk, connector.find(chunk), strict=True):
                # One that is shown without their number may be a colleague's, who would lose what is theirs.
                theirs = account is not None and account.number == ref.number
                alive = account is not None and account.state is not AccountState.ABSENT
                found[ref.number] = AccountRef(
                    ref.number, account.external_id if theirs and alive and account else None
                )
    return {number: found.get(number, AccountRef(number)) for number in numbers}


def proven(hub: Hub, system: str, numbers: Sequence[str]) -> dict[str, AccountRef]:
    """Those of these people whom a link names in a system."""
    return _named(links_of(hub, system, numbers))


def links_of(hub: Hub, system: str, numbers: Sequence[str]) -> dict[str, Link]:
    """What is proven of each of these people in a system; who has no link there is left out."""
    with hub.database.read() as connection:
        return hub.links.of(connection, system, list(numbers))


def _named(links: Mapping[str, Link]) -> dict[str, AccountRef]:
    return {number: AccountRef(number, link.external_id) for number, link in links.items() if link.external_id}


def departed(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these people who do not work here; of who is no employee, and was none, it says nothing."""
    return known_and_departed(hub, connection, numbers)[1]


def employed(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these people who work here: nobody else is given anything, and nobody else decides."""
    known, gone = known_and_departed(hub, connection, numbers)
    return known - gone


def known_and_departed(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> tuple[set[str], set[str]]:
    """Those of these people whom HR has told of, and those who do not work here.

    Whom HR calls employed works here, unless they must be out by an emergency, or their last working moment is over:
    the one that HR has told, or that of a case of theirs. HR's word alone comes days late. Whoever was erased had left
    before: of that no row is left to tell. Who leaves only by a word that nobody has let go (`undecided`), and can
    still log in, works here until it is decided; of who is protected HR's word holds here.
    """
    asked = set(numbers)
    now = hub.clock.now()
    told = hub.caseload.told(connection, sorted(asked), now)
    out = {number for number, each in told.items() if each.out}
    left = {number for number, each in told.items() if not each.status.employed and number not in out}
    noticed = [each for each in told if each not in out and told[each].status is EmploymentStatus.NOTICE]
    for number, newest in hub.people.newest(connection, noticed).items():
        last = newest.employee.moment(LeaverDate.LAST_WORKING)
        left |= {number} if last is not None and last <= now else set()
    gone = out | (left - _not_let_go(hub, connection, sorted(left)))
    if strangers := asked - told.keys():
        gone |= strangers & hub.erasures.erased(connection)
    return set(told), gone


def _not_let_go(hub: Hub, connection: sa.Connection, numbers: Sequence[str]) -> set[str]:
    """Those of these people whose leaving is held or rejected.

    But for who has left by another word: whose accounts are closed, or whose own case has their last moment behind it
    (a closing that is held anew, or a system's old accounts that are back, brings nobody back to work).
    """
    waiting = undecided(hub, connection, numbers)
    asked = [number for number, run_id in waiting.items() if run_id != PROTECTED]
    here = set(hub.links.enabled(connection, [system.name for system in hub.targets()], asked))
    return here - _left_by_their_case(hub, connection, sorted(here))


def _left_by_their_case(hub: Hub, connection: sa.Connection, numbers: Sequence[str]) -> set[str]:
    """Those whose newest case is about a last moment that is over, and who did not come back since it was opened."""
    now = hub.clock.now()
    over = [
        case
        for case in hub.cases.newest_of(connection, numbers).values()
        if case.state is not CaseState.RETRACTED
        and case.dates.last_working_at is not None
        and case.dates.last_working_at <= now
    ]
    back = came_back(hub, connection, over, numbers)
    return {case.number for case in over if case.id not in back}
