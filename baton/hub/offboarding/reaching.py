"""How people are reached: by an account where a notifier has one for them, else by their work address."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from baton.contracts import AccountTarget, Notifier
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.people import proven, refs
from baton.model.account import AccountRef


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody is reached."""

    system: str
    person: AccountRef
    address: str = ""


def reach(hub: Hub, people: Iterable[str]) -> dict[str, Reach]:
    """For each of these people the first notifier that reaches them; who cannot be reached is left out."""
    missing, found = sorted(set(people)), dict[str, Reach]()
    for name in hub.settings.offboarding.notifiers:
        if missing and isinstance(hub.connector(name), Notifier):
            found |= reach_through(hub, name, missing)
            missing = [person for person in missing if person not in found]
    return found


def reach_through(hub: Hub, name: str, people: Collection[str]) -> Mapping[str, Reach]:
    """For each of these people how one notifier reaches them; who cannot be reached by it is left out."""
    by_account = isinstance(hub.connector(name), AccountTarget)
    return _by_account(hub, name, people) if by_account else _by_address(hub, name, people)


def _by_account(hub: Hub, system: str, people: Collection[str]) -> Mapping[str, Reach]:
    try:
        known = refs(hub, system, list(people))
    except BatonError:  # it does not say who the others are there: the next notifier may do
        known = proven(hub, system, list(people))
    return {person: Reach(system, ref) for person, ref in known.items() if ref.external_id is not None}


def _by_address(hub: Hub, system: str, people: Collection[str]) -> Mapping[str, Reach]:
    """A name with an @ is an address; anybody else's is what HR says."""
    numbers = [person for person in people if "@" not in person]
    with hub.database.read() as connection:
        newest = hub.people.newest(connection, numbers)
    addresses = {person: person for person in people if "@" in person}
    addresses |= {number: known.employee.work_email or "" for number, known in newest.items()}
    return {person: Reach(system, AccountRef(person), address) for person, address in addresses.items() if address}
