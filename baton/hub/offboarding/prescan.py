"""What will get in the way of the last day, found while there is still time: named, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from baton.contracts import AccountTarget, BlockerSource
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.by_hand import untold
from baton.hub.offboarding.casework import find_case
from baton.hub.offboarding.people import refs
from baton.model.case import Case
from baton.model.handover import Blocker

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """One blocker and the system it was found in; the hub itself where that is empty."""

    system: str
    blocker: Blocker

    def document(self) -> dict[str, str]:
        """As plain values."""
        known = self.blocker
        about = {"code": known.code, "title": known.title, "remedy": known.remedy, "ref": str(known.ref or "")}
        return {"system": self.system, **about}


@dataclass
class Scan:
    """Everything that was found, and what could not be asked."""

    case: Case
    found: list[Found] = field(default_factory=list)
    by_hand: list[Found] = field(default_factory=list)
    """What the vendor's interface tells of nobody: items of the case, for a person to look at."""
    unread: dict[str, str] = field(default_factory=dict)
    unasked: Sequence[str] = ()
    """Systems with accounts whose vendor offers no way to ask."""

    def document(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "case": self.case.id,
            "found": [each.document() for each in self.found],
            "by_hand": [each.document() for each in self.by_hand],
            "unread": dict(self.unread),
            "unasked": list(self.unasked),
        }


def prescan(hub: Hub, case_id: str) -> Scan:
    """Ask every system that can be asked, and look at what the hub itself knows."""
    case = find_case(hub, case_id)
    scan = Scan(case, [Found("", blocker) for blocker in _own(hub, case)])
    unasked = []
    for name, system in hub.settings.enabled.items():
        connector = hub.registry.load(system.connector)
        if not issubclass(connector, BlockerSource):
            if issubclass(connector, AccountTarget):
                unasked.append(name)
            continue
        try:
            scan.found += [Found(name, blocker) for blocker in _asked(hub, name, case.number)]
        except BatonError as error:
            scan.unread[name] = str(error)
    scan.unasked = unasked
    with hub.database.read() as connection:
        scan.by_hand = [Found(name, told) for name, told in untold(hub, connection, case.number)]
    return scan


def _asked(hub: Hub, system: str, number: str) -> Sequence[Blocker]:
    person = refs(hub, system, [number])[number]
    connector = hub.connector(system)
    return connector.blockers(person) if isinstance(connector, BlockerSource) else ()


def _own(hub: Hub, case: Case) -> Iterator[Blocker]:
    """What the hub knows without asking anybody."""
    if case.number in hub.settings.hub.protected:
        yield Blocker(
            "protected",
            "the account is on the list of those that are never disabled",
            "take the number out of hub.protected in systems.yaml",
        )
    if case.dates.last_working_at is None:
        yield Blocker("no_date", "HR has given no last working day", "have it entered in the HR system")
    with hub.database.read() as connection:
        pages = hub.people.everyone(connection, _PAGE)
        managed = [
            each.number
            for page in pages
            for each in page
            if each.manager_number == case.number and each.status.employed
        ]
        statuses = hub.people.statuses(connection, [case.manager])
    for number in managed:
        yield Blocker("manages", f"{number} reports to the leaver", "give them another manager in the HR system")
    if case.manager not in statuses:
        yield Blocker("manager", f"the manager {case.manager} is unknown", "name another one: baton offboard open")
