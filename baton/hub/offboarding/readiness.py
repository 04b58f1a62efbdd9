"""In which cases something can be planned or settled now: asked of all at once, so that who waits costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.contracts import SessionControl
from baton.hub.core import Hub
from baton.hub.offboarding.entitling import waiting_for_a_person
from baton.hub.offboarding.intentions import JOB, last_log_out
from baton.hub.offboarding.moving import (
    TO_LOG_OUT,
    goes_by_itself,
    next_step,
    rights_to_take,
    successors,
)
from baton.hub.offboarding.people import departed, employed
from baton.hub.offboarding.policies import policies
from baton.hub.offboarding.unread import noted
from baton.jobs.offboarding import moments
from baton.model.case import Case, CaseState, Item, ItemState
from baton.model.handover import HoldingKind

_UNTOUCHED: Final = (ItemState.OPEN, ItemState.STUCK, ItemState.LEFT)
"""Where a right stands that may have to be taken away."""


def worth_planning(hub: Hub) -> list[str]:
    """The open cases in which something may go now, or in which it has to be noted why it cannot.

    One of which that cannot be said is among them: planning it tells why.
    """
    now, chosen = hub.clock.now(), policies(hub)
    found = _Found()
    with hub.database.read() as connection:
        going = {case.id: case for case in hub.cases.listed(connection, CaseState.OPEN, limit=None)}
        of = {case.id: chosen.of(case.policy) for case in going.values()}
        for case_id, items in hub.caseload.lists(connection, list(going), [ItemState.APPROVED]):
            with found.unless_sure([case_id]):
                found.ready += [item for item in items if goes_by_itself(hub, item)]
        leaving = [case for case in going.values() if moments.rights_end(case, of[case.id], now)]
        concerned = {case.id for case in leaving} | {case_id for case_id, policy in of.items() if policy.restrict}
        for case_id, rights in hub.caseload.lists(connection, sorted(concerned), _UNTOUCHED, [HoldingKind.GRANT]):
            with found.unless_sure([case_id]):
                found.cases |= {case_id} if rights_to_take(hub, going[case_id], rights, of[case_id]) else set()
        found.cases |= waiting_for_a_person(connection, sorted(going))
        found.cases |= _not_logged_out(hub, connection, leaving)
        found.cases |= _offered_to_who_has_left(hub, connection, sorted(going))
        here = employed(hub, connection, {item.successor for item in found.ready})
    for system in sorted({item.system for item in found.ready}):
        items = [item for item in found.ready if item.system == system]
        with found.unless_sure([item.case_id for item in items]):
            people = successors(hub, items)
            steps = ((item, next_step(item, people[system, item.successor], here)) for item in items)
            found.cases |= {item.case_id for item, step in steps if step is not None}
    return sorted(found.cases)


@dataclass
class _Found:
    """What has been found so far."""

    cases: set[str] = field(default_factory=set)
    ready: list[Item] = field(default_factory=list)
    """Approved items that their system can pass on."""

    def unless_sure(self, case_ids: Sequence[str]) -> AbstractContextManager[None]:
        """Where looking closer fails, all of these cases are found."""
        return noted("planning", lambda _: self.cases.update(case_ids))


def _offered_to_who_has_left(hub: Hub, connection: sa.Connection, case_ids: Sequence[str]) -> set[str]:
    """Those of these cases in which somebody is to have something who does not work here any more."""
    asked = hub.caseload.asked(connection, case_ids)
    left = departed(hub, connection, {person for _, person in asked})
    return {case_id for case_id, person in asked if person in left}


def _not_logged_out(hub: Hub, connection: sa.Connection, leaving: Sequence[Case]) -> set[str]:
    """Those of these cases whose leaver some system still has to log out."""
    found: set[str] = set()
    now, reopened = hub.clock.now(), hub.caseload.reopened(connection, [case.id for case in leaving])
    for system in hub.settings.enabled.values():
        if leaving and issubclass(hub.registry.load(system.connector), SessionControl):
            links = hub.links.of(connection, system.name, [case.number for case in leaving])
            there = {number for number, link in links.items() if link.external_id}
            entities = {
                last_log_out(case, reopened.get(case.id), now): case.id for case in leaving if case.number in there
            }
            newest = hub.effects.newest_of(connection, JOB, system.name, list(entities))
            found |= {case_id for entity, case_id in entities.items() if newest.get(entity) in TO_LOG_OUT}
    return found
