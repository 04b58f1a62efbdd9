"""How people are reached: by an account where a notifier has one for them, else by their work address or mobile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from baton.contracts import AccountTarget, Connector, Notifier
from baton.engine.handovers import Directory
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.people import proven, refs
from baton.model.account import AccountRef
from baton.model.handover import AddressKind, MessageForm


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody is reached."""

    system: str
    person: AccountRef
    address: str = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """How people are reached, and what might have reached more of them."""

    of: Mapping[str, Reach]
    """Person -> how they are reached; who cannot be is left out."""
    off: Sequence[str] = ()
    """Notifiers that would have been asked, and are switched off."""

    @property
    def passed_over(self) -> str:
        """Those for the end of a message; empty where there is none."""
        return f"; switched off: {', '.join(self.off)}" if self.off else ""


def reach(hub: Hub, people: Iterable[str], forms: Collection[MessageForm] = frozenset(MessageForm)) -> Ways:
    """For each of these people the first notifier in use that reaches them.

    Only notifiers through which so much of a message arrives as ``forms`` say. One that is switched off keeps nobody
    from being reached by the next.
    """
    missing, found, off = sorted(set(people)), dict[str, Reach](), list[str]()
    for name in hub.settings.offboarding.notifiers:
        if not missing:
            break
        if name not in hub.settings.enabled:
            off.append(name)
            continue
        connector = hub.connector(name)
        if isinstance(connector, Notifier) and connector.form in forms:
            found |= reach_through(hub, name, missing)
            missing = [person for person in missing if person not in found]
    return Ways(found, off)


def reach_through(hub: Hub, name: str, people: Collection[str]) -> Mapping[str, Reach]:
    """For each of these people how one notifier reaches them; who cannot be reached by it is left out."""
    connector = hub.connector(name)
    if isinstance(connector, AccountTarget):
        return _by_account(hub, name, people)
    directory = directory_of(hub, connector)
    if directory is None:
        return _by_address(hub, name, people)
    return {person: Reach(name, AccountRef(person)) for person in directory(sorted(people))}


def directory_of(hub: Hub, connector: Connector) -> Directory | None:
    """Where this notifier's addresses are looked up when a message is sent; None where a message brings its own."""
    if not isinstance(connector, Notifier) or connector.addressed_by is not AddressKind.MOBILE:
        return None

    def mobiles(numbers: Sequence[str]) -> Mapping[str, str]:
        with hub.database.read() as connection:
            newest = hub.people.newest(connection, [number for number in numbers if "@" not in number])
        return {number: known.employee.mobile for number, known in newest.items() if known.employee.mobile}

    return mobiles


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
