"""What will get in the way of the last day, found while there is still time: named, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, Final

from baton.contracts import AccountTarget, BlockerSource
from baton.hub.core import Hub
from baton.hub.offboarding.by_hand import untold
from baton.hub.offboarding.people import refs
from baton.hub.offboarding.unread import noted
from baton.model.case import Case
from baton.model.handover import Blocker, HoldingKind, HoldingRef

_PAGE: Final = 1000


class Own(StrEnum):
    """What the hub finds without asking a system: codes of blockers."""

    PROTECTED = "protected"
    NO_DATE = "no_date"
    MANAGES = "manages"
    MANAGER = "manager"
    NO_MANAGER = "no_manager"


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


def prescan(hub: Hub, cases: Sequence[Case]) -> dict[str, Scan]:
    """For each of these cases, by id: ask every system that can be asked, and look at what the hub itself knows.

    The hub's people are read once for all of them; a system is asked about each leaver.
    """
    scans = {case.id: Scan(case) for case in cases}
    if not cases:
        return scans
    reports, managers = _reports(hub, cases), _known(hub, [case.manager for case in cases])
    for scan in scans.values():
        scan.found = [Found("", each) for each in _own(hub, scan.case, reports.get(scan.case.number, ()), managers)]
        with hub.database.read() as connection:
            scan.by_hand = [Found(name, told) for name, told in untold(hub, connection, scan.case.number)]
    for name, system in hub.settings.enabled.items():
        connector = hub.registry.load(system.connector)
        if issubclass(connector, BlockerSource):
            _ask(hub, name, list(scans.values()))
        elif issubclass(connector, AccountTarget):
            for scan in scans.values():
                scan.unasked = [*scan.unasked, name]
    return scans


def _ask(hub: Hub, system: str, scans: Sequence[Scan]) -> None:
    def unread(of: Sequence[Scan], why: str) -> None:
        for scan in of:
            scan.unread[system] = why

    with noted(system, partial(unread, scans)):
        people = refs(hub, system, sorted({scan.case.number for scan in scans}))
        connector = hub.connector(system)
        assert isinstance(connector, BlockerSource)
        for scan in scans:
            with noted(system, partial(unread, [scan])):
                scan.found += [Found(system, each) for each in connector.blockers(people[scan.case.number])]


def _own(hub: Hub, case: Case, reports: Sequence[str], managers: frozenset[str]) -> Iterator[Blocker]:
    """What the hub knows without asking anybody."""
    if case.number in hub.settings.hub.protected:
        yield _blocker(
            Own.PROTECTED,
            case.number,
            "the account is on the list of those that are never disabled",
            "take the number out of hub.protected in systems.yaml",
        )
    if case.dates.last_working_at is None:
        yield _blocker(Own.NO_DATE, case.number, "HR has given no last working day", "have it entered in the HR system")
    for number in reports:
        yield _blocker(
            Own.MANAGES, number, f"{number} reports to the leaver", "give them another manager in the HR system"
        )
    if not case.manager:
        title, remedy = "the leaver has no manager who could approve", "name one: baton offboard open --manager"
        yield _blocker(Own.NO_MANAGER, case.number, title, remedy)
    elif case.manager not in managers:
        named = f"the manager {case.manager} is unknown"
        yield _blocker(Own.MANAGER, case.manager, named, "name another one: baton offboard open --manager")


def _blocker(code: Own, about: str, title: str, remedy: str) -> Blocker:
    """Of a person: by code and number the pages say it in their own language."""
    return Blocker(code.value, title, remedy, HoldingRef(HoldingKind.ACCOUNT, about))


def _reports(hub: Hub, cases: Sequence[Case]) -> Mapping[str, Sequence[str]]:
    """Leaver -> who works here and reports to them."""
    found: dict[str, list[str]] = {case.number: [] for case in cases}
    with hub.database.read() as connection:
        for page in hub.people.everyone(connection, _PAGE):
            for each in page:
                if each.status.employed and each.manager_number in found:
                    found[each.manager_number].append(each.number)
    return found


def _known(hub: Hub, numbers: Sequence[str]) -> frozenset[str]:
    with hub.database.read() as connection:
        return frozenset(hub.people.statuses(connection, sorted(set(numbers))))
