"""Telling people that they are waited for: once per person, case and turn; again after a while; then the boss."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from baton.contracts import AccountTarget, Notifier
from baton.errors import BatonError
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.links import Offer, link_within
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.people import refs
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.standing import standing
from baton.jobs.offboarding.deadlines import Turn, Wait, again_after, waits
from baton.jobs.offboarding.notices import Notice, alarm, notice
from baton.model.account import AccountRef
from baton.model.alert import AlertState
from baton.model.case import Case, Item, Role
from baton.model.effect import Intention
from baton.model.handover import HandoverAction
from baton.store.tables import effects

ROLES: Final[Mapping[Turn, Role]] = {Turn.ANSWER: Role.SUCCESSOR, Turn.DO: Role.SUCCESSOR}
"""As whom a person opens the link in a message; otherwise as the manager."""
BY: Final = "baton"
"""Who has made the links in messages."""


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
        messages: list[tuple[Intention, Mapping[str, str]]] = [
            (_message(hub, connection, case, items, wait, way), {"items": _mark(wait.items)}) for wait, way in due
        ]
        messages += _about_alerts(hub, connection, case)
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


def _mark(of: Sequence[object]) -> str:
    return hashlib.sha256(",".join(map(str, of)).encode()).hexdigest()


def _due(hub: Hub, connection: sa.Connection, case: Case, wait: Wait) -> bool:
    """Whether nothing has been said yet, or something has been added, or it is time to say it again."""
    last = _last(connection, _entity(case, wait))
    if last is None:
        return True
    passed = hub.clock.now() - last.created_at
    return bool(passed >= again_after(policy_of(hub, case)) or last.digests.get("items") != _mark(wait.items))


def _last(connection: sa.Connection, entity: str) -> sa.Row[Any, Any] | None:
    """The newest message of this sort."""
    query = (
        sa.select(effects.c.created_at, effects.c.digests)
        .where(effects.c.job == JOB, effects.c.number == entity)
        .order_by(effects.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).first()


def _about_alerts(hub: Hub, connection: sa.Connection, case: Case) -> list[tuple[Intention, Mapping[str, str]]]:
    """One message to the manager about the alerts that nobody has decided on, whenever there is another one."""
    open_alerts = hub.alerts.of(connection, case.id, AlertState.RAISED)
    entity, mark = f"alerts/{case.id}/{case.manager}", {"items": _mark([alert.key for alert in open_alerts])}
    last = _last(connection, entity)
    if not open_alerts or (last is not None and last.digests == mark):
        return []
    way = reach(hub, case.manager)
    if way is None:
        return []
    return [(_intention(hub, entity, way, alarm(case, open_alerts)), mark)]


def _message(
    hub: Hub, connection: sa.Connection, case: Case, items: Sequence[Item], wait: Wait, way: Reach
) -> Intention:
    text = notice(case, [item for item in items if item.id in wait.items], wait)
    return _intention(hub, _entity(case, wait), way, text, _link(hub, connection, case, wait))


def _link(hub: Hub, connection: sa.Connection, case: Case, wait: Wait) -> str:
    """A personal link for whose turn it is; none for who is only to know of it, nor where the hub has no address."""
    role = ROLES.get(wait.turn, Role.MANAGER)
    able = role in standing(hub, connection, case, wait.person)
    theirs = able if role is Role.MANAGER else able and wait.items != wait.overdue
    if not theirs or not hub.people.statuses(connection, [wait.person]):
        return ""
    return link_within(hub, connection, case, Offer(case.id, wait.person, role, BY))


def _intention(hub: Hub, entity: str, way: Reach, text: Notice, link: str = "") -> Intention:
    fields = {
        "person_number": way.person.number,
        "person_id": way.person.external_id,
        "address": way.address,
        "subject": text.subject,
        "text": text.body,
        "link": link,
    }
    return Intention(way.system, entity, HandoverAction.NOTIFY, hub.clock.now(), fields)
