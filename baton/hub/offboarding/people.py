"""Who somebody is in a system: by the link that sync has proven, else by asking the system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from baton.contracts import AccountTarget
from baton.hub.core import Hub
from baton.model.account import AccountRef, AccountState
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
    """Those of these people of whom HR says that they do not work here; of who is no employee it says nothing."""
    statuses = hub.people.statuses(connection, sorted(numbers))
    return {number for number, status in statuses.items() if not status.employed}


def employed(hub: Hub, connection: sa.Connection, numbers: Iterable[str]) -> set[str]:
    """Those of these people who work here: nobody else is given anything."""
    statuses = hub.people.statuses(connection, sorted(numbers))
    return {number for number, status in statuses.items() if status.employed}
