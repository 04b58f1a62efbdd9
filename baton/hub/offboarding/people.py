"""Who somebody is in a system, by the link that sync has proven or by asking; and who works here at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from baton.contracts import AccountTarget
from baton.hub.core import Hub
from baton.model.account import AccountRef, AccountState
from baton.model.people import EmploymentStatus, LeaverDate
from baton.store.effects import chunked


def refs(hub: Hub, system: str, numbers: Sequence[str]) -> dict[str, AccountRef]:
    """Each of these people in a system; without an external id for those who have no account there.

    Raises a `ConnectorError` when the system has to be asked and does not answer.
    """
    found = proven(hub, system, numbers)
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
    with hub.database.read() as connection:
        links = hub.links.of(connection, system, list(numbers))
    return {number: AccountRef(number, link.external_id) for number, link in links.items() if link.external_id}


def departed(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these people who do not work here; of who is no employee, and was none, it says nothing.

    Whoever was erased was one: they had left before, and of that no row is left to tell.
    """
    asked = set(numbers)
    known, here = _known_and_here(hub, connection, asked)
    strangers = asked - known
    erased = hub.erasures.erased(connection) if strangers else set()
    return (known - here) | (strangers & erased)


def employed(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these people who work here: nobody else is given anything, and nobody else decides."""
    return _known_and_here(hub, connection, set(numbers))[1]


def _known_and_here(hub: Hub, connection: sa.Connection, numbers: set[str]) -> tuple[set[str], set[str]]:
    """Those of these people whom HR has told of, and those of them who work here.

    That is whom HR calls employed, unless they must be out by an emergency, or their last working moment is over: the
    one that HR has told, or that of a case of theirs. HR's word alone comes days late.
    """
    statuses = hub.people.statuses(connection, sorted(numbers))
    here = {number for number, status in statuses.items() if status.employed}
    if here:
        here -= hub.caseload.barred(connection)
        # Hired again: a case that is unfinished is about the time before.
        leaving = [number for number in sorted(here) if statuses[number] is not EmploymentStatus.REHIRED]
        here -= hub.caseload.over(connection, leaving, hub.clock.now())
        here -= _past_their_notice(hub, connection, [each for each in leaving if each in here], statuses)
    return set(statuses), here


def _past_their_notice(
    hub: Hub, connection: sa.Connection, numbers: Sequence[str], statuses: Mapping[str, EmploymentStatus]
) -> set[str]:
    """Those of these people whom HR still calls on notice although the last working moment it has told is over."""
    noticed = [number for number in numbers if statuses[number] is EmploymentStatus.NOTICE]
    told = hub.people.newest(connection, noticed) if noticed else {}
    moments = {number: known.employee.moment(LeaverDate.LAST_WORKING) for number, known in told.items()}
    now = hub.clock.now()
    return {number for number, last in moments.items() if last is not None and last <= now}
