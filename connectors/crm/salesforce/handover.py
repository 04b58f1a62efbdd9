"""What a handover asks of an org: one method per method of the contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from baton.sdk import (
    AccessControl,
    AccountRef,
    Activity,
    ActivitySource,
    Blocker,
    BlockerSource,
    Client,
    Grant,
    GrantChange,
    Holding,
    HoldingKind,
    HoldingRef,
    OwnershipScan,
    OwnershipStore,
    Receipt,
    RightsScan,
    SessionControl,
    SessionEnd,
    Transfer,
    Undo,
)
from connectors.crm.salesforce.activities import Activities
from connectors.crm.salesforce.blockers import BY_HAND, Blockers
from connectors.crm.salesforce.composite import Composite
from connectors.crm.salesforce.org import BATCH_LIMIT, Org
from connectors.crm.salesforce.ownership import Ownership
from connectors.crm.salesforce.people import People
from connectors.crm.salesforce.rights import Rights
from connectors.crm.salesforce.sessions import Sessions
from connectors.crm.salesforce.settings import SalesforceSettings
from connectors.crm.salesforce.sorts import BY_KIND, sorts_of


class SalesforceHandover(
    OwnershipStore, OwnershipScan, AccessControl, RightsScan, SessionControl, BlockerSource, ActivitySource
):
    """The part of the connector that hands over."""

    transfers: ClassVar[Mapping[HoldingKind, Undo]] = dict.fromkeys(BY_KIND, Undo.REVERSIBLE)
    transfer_limit = 2_000  # of 20,000 records every thread has some, while a look still serves ten writes
    change_limit = BATCH_LIMIT
    by_hand: ClassVar[Sequence[Blocker]] = BY_HAND
    told_late = timedelta(days=4)  # an event log file may come at the end of the day after: two days, and two to spare

    def take_up(self, org: Org, client: Client, settings: SalesforceSettings) -> None:
        """Make the parts ready; a connector does so when it is made."""
        composite, people = Composite(org), People(org, settings.number_field)
        self._ownership = Ownership(org, composite, people, sorts_of(settings.account_facts))
        self._rights = Rights(org, composite, people)
        self._sessions = Sessions(org, composite, people, client, settings.login_url)
        self._blockers = Blockers(composite, people)
        self._activities = Activities(org, composite, people, settings.discount_fields)

    def owned(self, person: AccountRef) -> Iterator[Sequence[Holding]]:
        """Accounts, contacts, and what is open of opportunities, quotes, orders, contracts, cases, leads and tasks."""
        return self._ownership.owned(person)

    def owned_by(self, people: Sequence[AccountRef]) -> Iterator[Sequence[tuple[str, Holding]]]:
        """The same of many people: as many queries as for one, and a call for every 2,000 records."""
        return self._ownership.owned_by(people)

    def holders(self, refs: Sequence[HoldingRef]) -> Sequence[str | None]:
        """The owners, which may be queues."""
        return self._ownership.holders(refs)

    def transfer(self, transfers: Sequence[Transfer]) -> Sequence[Receipt]:
        """One look at all of them, then 200 a call, with assignment rules off and teams kept."""
        return self._ownership.transfer(transfers)

    def grants(self, person: AccountRef) -> Sequence[Grant]:
        """Permission sets, their groups and licences, public groups, queues, account teams, and the profile."""
        return self._rights.grants(person)

    def grants_of(self, people: Sequence[AccountRef]) -> Sequence[Sequence[Grant]]:
        """The same of many people, in as many queries as for one."""
        return self._rights.grants_of(people)

    def revoke(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Take rights away."""
        return self._rights.revoke(changes)

    def entitle(self, changes: Sequence[GrantChange]) -> Sequence[Receipt]:
        """Give rights."""
        return self._rights.entitle(changes)

    def end_sessions(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """Delete sessions and revoke the tokens of apps."""
        return self._sessions.end(ends)

    def blockers(self, person: AccountRef) -> Sequence[Blocker]:
        """What REST can tell; README.md says what it cannot."""
        return self._blockers.of(person)

    def activities(
        self, since: datetime, until: datetime, clients: Sequence[HoldingRef], people: Sequence[AccountRef]
    ) -> Iterator[Sequence[Activity]]:
        """New orders and opportunities, changed owners and discounts, exported reports."""
        return self._activities.between(since, until, clients, people)
