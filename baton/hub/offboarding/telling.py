"""Telling people that they are waited for: once per person, case and turn; again after a while; then the boss."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from baton.contracts import AccountTarget, Notifier
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import JOB, find_case, locked, policy_of
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.people import refs
from baton.jobs.offboarding.deadlines import Turn, Wait, again_after, waits
from baton.jobs.offboarding.notices import notice
from baton.model.account import AccountRef
from baton.model.case import Case, Item, Role
from baton.model.effect import Intention
from baton.model.handover import HandoverAction
from baton.store.tables import effects

ROLES: Final[Mapping[Turn, Role]] = {Turn.ANSWER: Role.SUCCESSOR, Turn.DO: Role.SUCCESSOR}
"""As whom a person opens the link in a message; otherwise as the manager."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody is reached."""

    system: str
    person: AccountRef
    address: str = ""


@dataclass
class Told:
    """What was planned to be sent, and who cannot be reached."""

    messages: int = 0
    escalations: int = 0
    unreachable: tuple[str, ...] = ()


def tell(hub: Hub, case_id: str) -> Told:
    """Plan the messages that are due in a case; the next apply sends them. Nothing where no notifier is configured."""
    if not hub.settings.offboarding.notifiers:
        return Told()
    case = find_case(hub, case_id)
    with hub.database.read() as connection:
        items = hub.cases.items(connection, case.id)
    waiting = waits(case, policy_of(hub, case), items, hub.clock.now())
    wanted = [*waiting, *_escalations(hub, waiting)]
    reached = {wait.person: reach(hub, wait.person) for wait in wanted}
    told = Told()
    with hub.database.write() as connection:
        case = locked(hub, connection, case.id)
        mute = sorted(person for person, way in reached.items() if way is None)
        # A name that is no employee's is somebody at HR who looks at the pages.
        told.unreachable = tuple(hub.people.statuses(connection, mute))
        due = [
            (wait, way)
            for wait in wanted
            if (way := reached[wait.person]) is not None and _due(hub, connection, case, wait)
        ]
        messages = [(_message(hub, case, items, wait, way), {"items": _mark(wait)}) for wait, way in due]
        save_moves(hub, connection, case, [], messages)
    told.messages = len(messages)
    told.escalations = sum(bool(wait.overdue) and wait not in waiting for wait, _ in due)
    return told


def reach(hub: Hub, person: str) -> Reach | None:
    """The first notifier that reaches this person: by an account there, else by their work address."""
    for name in hub.settings.offboarding.notifiers:
        connector = hub.connector(name)
        if not isinstance(connector, Notifier):
            continue
        if isinstance(connector, AccountTarget):
            try:
                ref = refs(hub, name, [person])[person]
            except BatonError:
                continue  # the next one may do
            if ref.external_id is not None:
                return Reach(name, ref)
            continue
        address = _mail(hub, person)
        if address:
            return Reach(name, AccountRef(person), address)
    return None


def _mail(hub: Hub, person: str) -> str:
    if "@" in person:
        return person
    with hub.database.read() as connection:
        found = hub.people.newest(connection, [person]).get(person)
    return "" if found is None else found.employee.work_email or ""


def _escalations(hub: Hub, waiting: Sequence[Wait]) -> list[Wait]:
    """What has waited too long goes to the manager of who lets it wait."""
    late = [wait for wait in waiting if wait.overdue]
    with hub.database.read() as connection:
        known = hub.people.newest(connection, sorted({wait.person for wait in late}))
    found = []
    for wait in late:
        newest = known.get(wait.person)
        boss = newest.employee.manager_number if newest else None
        if boss and boss != wait.person:
            found.append(Wait(boss, wait.turn, wait.overdue, wait.overdue))
    return found


def _entity(case: Case, wait: Wait) -> str:
    kind = "late" if wait.items == wait.overdue else wait.turn
    return f"notice/{case.id}/{wait.person}/{wait.turn}/{kind}"


def _mark(wait: Wait) -> str:
    return hashlib.sha256(",".join(map(str, wait.items)).encode()).hexdigest()


def _due(hub: Hub, connection: sa.Connection, case: Case, wait: Wait) -> bool:
    """Whether nothing has been said yet, or something has been added, or it is time to say it again."""
    query = (
        sa.select(effects.c.created_at, effects.c.digests)
        .where(effects.c.job == JOB, effects.c.number == _entity(case, wait))
        .order_by(effects.c.id.desc())
        .limit(1)
    )
    last = connection.execute(query).first()
    if last is None:
        return True
    said_at: datetime = last.created_at
    passed = hub.clock.now() - said_at
    return passed >= again_after(policy_of(hub, case)) or bool(last.digests.get("items") != _mark(wait))


def _message(hub: Hub, case: Case, items: Sequence[Item], wait: Wait, way: Reach) -> Intention:
    text = notice(case, [item for item in items if item.id in wait.items], wait)
    fields = {
        "person_number": way.person.number,
        "person_id": way.person.external_id,
        "address": way.address,
        "subject": text.subject,
        "text": text.body,
        "link": "",
    }
    return Intention(way.system, _entity(case, wait), HandoverAction.NOTIFY, hub.clock.now(), fields)
