"""Asking every system what leavers hold now: records, work, rights, accounts. All leavers at once where it can be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from baton.contracts import (
    AccessControl,
    AccountTarget,
    Connector,
    OwnershipScan,
    OwnershipStore,
    RightsScan,
    WorkScan,
    WorkSource,
    WorkTransfer,
)
from baton.errors import InDoubtError, RejectedError
from baton.hub.core import Hub
from baton.hub.offboarding.listed import Listed
from baton.hub.offboarding.people import links_of, refs_by
from baton.hub.offboarding.unread import noted
from baton.jobs.offboarding.checklist import WATCHED, Seen
from baton.model.account import Account, AccountRef, AccountState
from baton.model.effect import Link
from baton.model.handover import Grant, Holding, HoldingKind, HoldingRef, Undo
from baton.settings import SystemSettings
from baton.store.effects import chunked

HOLDERS = (OwnershipStore, WorkSource, AccessControl, AccountTarget)
"""Capabilities through which a system shows what somebody holds."""
HeldBy: TypeAlias = Mapping[str, Collection[HoldingKind]]
"""By which ids somebody held what is open on their lists in one system, and of which kinds."""
T = TypeVar("T")
_SWITCHED_OFF = (
    "switched off in systems.yaml, and the leaver has an account there: switch it on until that has been looked at,"
    " or take it out of systems.yaml if nobody can use it any more"
)
_NOT_HERE = "this system's interface cannot give it to somebody else"
_OTHER_NUMBER = (
    "the account {id} lets somebody in, and is not found by the employee number {number} any more: put the number back"
    " there or close the account there; a colleague who has it by now needs one of their own"
)
_GONE = (AccountState.ABSENT, AccountState.REMOVED)


@dataclass
class Looked:
    """What was seen of one leaver, and which systems have been read to their end."""

    seen: list[Seen] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    """System -> why it could not be read."""


def systems_that_hold(hub: Hub) -> list[SystemSettings]:
    """The enabled systems in which somebody can hold something."""
    return [
        system for system in hub.settings.enabled.values() if issubclass(hub.registry.load(system.connector), HOLDERS)
    ]


def note_switched_off(hub: Hub, looked: Mapping[str, Looked]) -> None:
    """What a system holds that nobody asks is not nothing: for whom an account is proven there, it is unread.

    One that has been taken out of ``systems.yaml`` is no system of the company's any more, and is in nobody's way.
    """
    for system in hub.settings.systems.values():
        if system.enabled or not issubclass(hub.registry.load(system.connector), HOLDERS):
            continue
        with hub.database.read() as connection:
            links = hub.links.of(connection, system.name, list(looked))
        for number, link in links.items():
            if link.state not in _GONE:
                looked[number].unread[system.name] = _SWITCHED_OFF


def look(hub: Hub, numbers: Sequence[str]) -> dict[str, Looked]:
    """Everything each of these people holds. A system that cannot be read is named, and the others still count."""
    looked = {number: Looked() for number in numbers}
    with hub.database.read() as connection:
        held_by = hub.caseload.held_by(connection, numbers)
    for system in systems_that_hold(hub):
        with _noted(looked.values(), system.name):
            view = _View(hub, system.name, numbers, held_by)
            for number, one in looked.items():
                with _noted([one], system.name):
                    one.seen += view.of(number)
                    one.read.add(system.name)
    return looked


def _noted(looked: Iterable[Looked], system: str) -> AbstractContextManager[None]:
    """Whatever goes wrong in one system is noted for these people."""

    def note(why: str) -> None:
        for one in looked:
            if system not in one.read:
                one.unread[system] = why

    return noted(system, note)


@dataclass(frozen=True, slots=True)
class _Former:
    """Somebody by an id by which they are not known any more."""

    person: AccountRef
    had_access: bool
    """An account or a right of that id is open on their list."""
    had_account: bool
    """An account is."""
    had_records: bool
    """Anything else is."""


class _View:
    """One system, as far as it shows several people in one pass; what it does not is asked person by person."""

    def __init__(
        self, hub: Hub, system: str, numbers: Sequence[str], held_by: Mapping[tuple[str, str], HeldBy]
    ) -> None:
        self.system = system
        self.connector: Connector = hub.connector(system)
        links = links_of(hub, system, numbers)
        self.people = refs_by(hub, system, numbers, links)
        self.expected = _expected(self.people, links, system, held_by)
        self.listed = Listed(self.connector)
        self.former = _former(self.people, system, held_by)
        self.others = _others(hub, system, self.former)
        self.accounts = _accounts(self.connector, list(self.people.values()))
        there = [person for person in self.people.values() if person.external_id]
        former = [each.person for some in self.former.values() for each in some if each.had_records]
        self.owned: dict[str, list[Holding]] | None = None
        self.work: dict[str, list[Holding]] | None = None
        self.grants: dict[str, Sequence[Grant]] | None = None
        if len(there) > 1:
            self._scan(there, [*there, *former])

    def _scan(self, there: Sequence[AccountRef], holding: Sequence[AccountRef]) -> None:
        """All in one pass. A refusal is about somebody: then each is asked for, and it stays with whom it is about."""
        connector, ids = self.connector, [str(person.external_id) for person in there]
        holders = [str(person.external_id) for person in holding]
        if isinstance(connector, OwnershipScan):
            self.owned = _unless_refused(lambda: _sorted_out(holders, connector.owned_by(holding)))
        if isinstance(connector, WorkScan):
            self.work = _unless_refused(lambda: _sorted_out(holders, connector.work_of(holding)))
        if isinstance(connector, RightsScan):
            self.grants = _unless_refused(lambda: dict(zip(ids, connector.grants_of(there), strict=True)))

    def of(self, number: str) -> list[Seen]:
        """Everything one of them holds here.

        Raises `InDoubtError` where what is on their list was held by an id that is somebody else's now.
        """
        person, former = self.people[number], self.former.get(number, ())
        for each in former:
            if each.person.external_id in self.others:
                raise InDoubtError(
                    "an id by which the leaver held something is somebody else's now",
                    code="other_holder",
                    remedy="give that person an account of their own there; records can also be passed on or left",
                )
        asked = (person, *(each.person for each in former if each.had_records))
        held = [seen for each in asked for seen in self._held(each)]
        still = [seen for each in former if each.had_access for seen in self._still_admitted(each)]
        return [*held, *still, *self._admitted(person)]

    def _held(self, person: AccountRef) -> Iterator[Seen]:
        """Records and work."""
        connector = self.connector
        if isinstance(connector, OwnershipStore):
            for holding in _pick(self.owned, person, lambda: connector.owned(person)):
                yield self._seen(holding, person, connector.transfers.get(holding.ref.kind))
        if isinstance(connector, WorkSource):
            reassigns = connector.reassigns if isinstance(connector, WorkTransfer) else {}
            for holding in _pick(self.work, person, lambda: connector.work(person)):
                yield self._seen(holding, person, reassigns.get(holding.ref.kind))

    def _seen(self, holding: Holding, person: AccountRef, undo: Undo | None) -> Seen:
        """What the system cannot pass on itself becomes work for a person, or it would wait for ever."""
        if undo is None and not holding.by_hand:
            holding = replace(holding, by_hand=_NOT_HERE)
        return Seen(self.system, holding, person.external_id or "", undo or Undo.IRREVERSIBLE)

    def _admitted(self, person: AccountRef) -> Iterator[Seen]:
        """Rights, and the account itself while it lets somebody in."""
        connector = self.connector
        if isinstance(connector, AccessControl):
            holder = person.external_id or ""
            yield from self._rights(
                person, connector.grants(person) if self.grants is None else self.grants.get(holder, ())
            )
        account = self.accounts.get(person.number)
        yield from self._alive(person, account)
        if person.number in self.expected and (account is None or account.external_id != person.external_id):
            yield from self._missed(person)

    def _still_admitted(self, former: _Former) -> Iterator[Seen]:
        """The same by an id that is not linked any more: nothing of it has ended before its system says so of that id.

        Asked apart: a system may tell several answers about one person by their number alone.
        """
        connector, person = self.connector, former.person
        if isinstance(connector, AccessControl):
            yield from self._rights(person, connector.grants(person))
        account = _accounts(connector, [person]).get(person.number)
        if account is not None and account.external_id == person.external_id:  # else it is the one that is linked now
            yield from self._alive(person, account)
        elif former.had_account:
            yield from self._missed(person)

    def _missed(self, person: AccountRef) -> Iterator[Seen]:
        """The account of this id where its system lists it among all: it may find accounts by their numbers alone.

        Raises what listing them raises: what nobody has looked for has not ended.
        """
        external_id = person.external_id or ""
        if self.listed.state(external_id) is AccountState.ENABLED:
            told = _OTHER_NUMBER.format(id=external_id, number=person.number)
            yield self._lets_in(person, external_id, told)

    def _rights(self, person: AccountRef, grants: Iterable[Grant]) -> Iterator[Seen]:
        for grant in grants:
            ref = HoldingRef(HoldingKind.GRANT, grant.id)
            right = Holding(ref, grant.title, {"level": grant.level}, about=grant.object, by_hand=grant.by_hand)
            yield Seen(self.system, right, person.external_id or "", Undo.REVERSIBLE)

    def _alive(self, person: AccountRef, account: Account | None) -> Iterator[Seen]:
        if account is not None and account.state is AccountState.ENABLED:
            yield self._lets_in(person, account.external_id)

    def _lets_in(self, person: AccountRef, external_id: str, by_hand: str = "") -> Seen:
        ref = HoldingRef(HoldingKind.ACCOUNT, external_id)
        holding = Holding(ref, f"{self.connector.title}: {person.number}", by_hand=by_hand)
        return Seen(self.system, holding, person.external_id or "", Undo.REVERSIBLE)


def _expected(
    people: Mapping[str, AccountRef],
    links: Mapping[str, Link],
    system: str,
    held_by: Mapping[tuple[str, str], HeldBy],
) -> frozenset[str]:
    """Those whose linked account should be there: it is proven to be, or open on their list."""
    there = {number for number, link in links.items() if link.external_id and link.state not in _GONE}
    listed = {
        number
        for number, person in people.items()
        if HoldingKind.ACCOUNT in held_by.get((number, system), {}).get(person.external_id or "", ())
    }
    return frozenset(there | listed)


def _former(
    people: Mapping[str, AccountRef], system: str, held_by: Mapping[tuple[str, str], HeldBy]
) -> dict[str, list[_Former]]:
    """People by the ids by which they held what is open on their lists, where they are not known by them any more.

    An account that was deleted, or made anew, takes nothing along: its records stay with an id that nobody asks about.
    """
    found: dict[str, list[_Former]] = {}
    for number, person in people.items():
        held = held_by.get((number, system), {})
        for external_id in sorted(held.keys() - {person.external_id}):
            kinds = set(held[external_id])
            found.setdefault(number, []).append(
                _Former(
                    AccountRef(number, external_id),
                    had_access=bool(kinds & WATCHED),
                    had_account=HoldingKind.ACCOUNT in kinds,
                    had_records=bool(kinds - WATCHED),
                )
            )
    return found


def _others(hub: Hub, system: str, former: Mapping[str, Sequence[_Former]]) -> frozenset[str]:
    """Those of these ids that are somebody else's by now: what that one holds is not the leaver's."""
    ids = {str(each.person.external_id): number for number, some in former.items() for each in some}
    if not ids:
        return frozenset()
    with hub.database.read() as connection:
        whose = hub.links.named(connection, system, sorted(ids))
    return frozenset(external_id for external_id, number in whose.items() if number != ids[external_id])


def _accounts(connector: Connector, people: Sequence[AccountRef]) -> dict[str, Account | None]:
    """The accounts through which somebody gets in, by employee number."""
    found: dict[str, Account | None] = {}
    if isinstance(connector, AccountTarget) and connector.logs_in:
        for chunk in chunked(people, connector.batch_limit):
            accounts = connector.find(chunk)
            if len(accounts) != len(chunk):
                raise InDoubtError("the target returned another number of accounts", code="accounts_mismatch")
            found.update(zip((person.number for person in chunk), accounts, strict=True))
    return found


def _sorted_out(ids: Iterable[str], pages: Iterable[Sequence[tuple[str, Holding]]]) -> dict[str, list[Holding]]:
    """What was shown in one pass, by the external id of who holds it.

    Raises `InDoubtError` for somebody who was not asked about: what is theirs would be missing from whom it is of.
    """
    found: dict[str, list[Holding]] = {holder: [] for holder in ids}
    for page in pages:
        for holder, holding in page:
            if holder not in found:
                raise InDoubtError("the system shows things of somebody who was not asked about", code="other_holder")
            found[holder].append(holding)
    return found


def _unless_refused(scan: Callable[[], T]) -> T | None:
    try:
        return scan()
    except RejectedError:
        return None  # asking each of them brings it up again


def _pick(
    scanned: dict[str, list[Holding]] | None, person: AccountRef, ask: Callable[[], Iterator[Sequence[Holding]]]
) -> Iterable[Holding]:
    """One person's part of the pass; where there was none, what the system says when asked about them."""
    if scanned is not None:
        return scanned.get(person.external_id or "", ())  # who has no account there was not asked about
    return (holding for page in ask() for holding in page)
