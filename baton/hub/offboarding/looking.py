"""Asking every system what a leaver holds now: records, work, rights, accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from baton.contracts import AccessControl, AccountTarget, Connector, OwnershipStore, WorkSource, WorkTransfer
from baton.errors import BatonError, ConnectorError
from baton.hub.core import Hub
from baton.hub.offboarding.people import refs
from baton.jobs.offboarding.checklist import Seen
from baton.model.account import AccountRef, AccountState
from baton.model.handover import Holding, HoldingKind, HoldingRef, Undo
from baton.settings import SystemSettings

HOLDERS = (OwnershipStore, WorkSource, AccessControl, AccountTarget)
"""Capabilities through which a system shows what somebody holds."""


@dataclass
class Looked:
    """What was seen, and which systems have been read to their end."""

    seen: list[Seen] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    """System -> why it could not be read."""


def systems_that_hold(hub: Hub) -> list[SystemSettings]:
    """The enabled systems in which somebody can hold something."""
    return [
        system for system in hub.settings.enabled.values() if issubclass(hub.registry.load(system.connector), HOLDERS)
    ]


def look(hub: Hub, number: str) -> Looked:
    """Everything this person holds. A system that cannot be read is named, and the others still count."""
    looked = Looked()
    for system in systems_that_hold(hub):
        try:
            person = refs(hub, system.name, [number])[number]
            connector = hub.connector(system.name)
            found = [*_held(connector, system.name, person), *_admitted(connector, system.name, person)]
        except (ConnectorError, BatonError) as error:
            looked.unread[system.name] = str(error)
        else:
            looked.seen += found
            looked.read.add(system.name)
    return looked


def _held(connector: Connector, system: str, person: AccountRef) -> Iterator[Seen]:
    """Records and work."""
    holder = person.external_id or ""
    if isinstance(connector, OwnershipStore):
        for page in connector.owned(person):
            for holding in page:
                undo = connector.transfers.get(holding.ref.kind, Undo.IRREVERSIBLE)
                yield Seen(system, holding, holder, undo)
    if isinstance(connector, WorkSource):
        reassigns = connector.reassigns if isinstance(connector, WorkTransfer) else {}
        for page in connector.work(person):
            for holding in page:
                yield Seen(system, holding, holder, reassigns.get(holding.ref.kind, Undo.IRREVERSIBLE))


def _admitted(connector: Connector, system: str, person: AccountRef) -> Iterator[Seen]:
    """Rights, and the account itself while it lets somebody in."""
    holder = person.external_id or ""
    if isinstance(connector, AccessControl):
        for grant in connector.grants(person):
            ref = HoldingRef(HoldingKind.GRANT, grant.id)
            right = Holding(ref, grant.title, {"level": grant.level}, about=grant.object, by_hand=grant.by_hand)
            yield Seen(system, right, holder, Undo.REVERSIBLE)
    if isinstance(connector, AccountTarget) and connector.logs_in:
        (account,) = connector.find([person])
        if account is not None and account.state is AccountState.ENABLED:
            ref = HoldingRef(HoldingKind.ACCOUNT, account.external_id)
            yield Seen(system, Holding(ref, f"{connector.title}: {person.number}"), holder, Undo.REVERSIBLE)
