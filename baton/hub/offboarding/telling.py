"""Telling people that they are waited for: once per person, case and turn; again after a while; then the boss."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from baton.hub.core import Hub
from baton.hub.offboarding.casework import locked
from baton.hub.offboarding.deciders import deciders_of, managers_of
from baton.hub.offboarding.finishing import finished_since
from baton.hub.offboarding.heard import adds, as_heard, unheard
from baton.hub.offboarding.intentions import JOB
from baton.hub.offboarding.links import ALERTS, Offer, link_within
from baton.hub.offboarding.moving import save_moves
from baton.hub.offboarding.of_erased import for_a_message
from baton.hub.offboarding.people import employed
from baton.hub.offboarding.policies import policies
from baton.hub.offboarding.reaching import Reach, reach
from baton.hub.offboarding.standing import standing
from baton.jobs.offboarding.deadlines import (
    NOBODY,
    WAITED_FOR,
    Deciders,
    Question,
    Turn,
    Wait,
    again_after,
    agreements,
    closing,
    forgotten,
    freezes,
    greeting,
    replies,
    waits,
)
from baton.jobs.offboarding.notices import Notice, alarm, notice
from baton.model.alert import Alert, AlertState
from baton.model.case import Case, CaseState, Item, Role
from baton.model.effect import Intention
from baton.model.handover import HandoverAction
from baton.store.effects import Made

ROLES: Final[Mapping[Turn, Role]] = {Turn.ANSWER: Role.SUCCESSOR, Turn.DO: Role.SUCCESSOR}
"""As whom a person opens the link in a message; otherwise as the manager, HR or leaver that they are."""
_UNDER_WAY: Final = (CaseState.OPEN, CaseState.PAUSED)
_UNREACHABLE: Final = "cannot be reached by any notifier"
_SWITCHED_OFF: Final = "is switched off, and tells nobody: set enabled: yes, or take it out of offboarding.notifiers"
_NOBODY_NAMED: Final = "is waited for and nobody is named: put who speaks as HR into offboarding.hr, or name deputies"
_ITEMS: Final = "items"
"""The mark of a message: what it was about (see `heard`)."""
BY: Final = "baton"
"""Who has made the links in messages."""


@dataclass
class Told:
    """What was planned to be sent, and who cannot be reached."""

    messages: int = 0
    escalations: int = 0
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """A person, or a role that nobody is named for -> why nobody was told."""
    unused: Mapping[str, str] = field(default_factory=dict)
    """A notifier that had to be passed over when all these cases were looked at -> why."""


def tell_all(
    hub: Hub,
    ids: Sequence[str],
    apart: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
    looked: Collection[str] = (),
) -> dict[str, Told]:
    """Plan the messages that are due in these cases, by id; the next apply sends them.

    ``looked`` names the cases for which every system could be read just now: only of those it can be said that they
    have come to their end.
    Nothing where no notifier is configured. A case in which nobody has to hear anything costs nothing of its own.
    ``apart`` is entered for every other one, so that its trouble can end there.
    """
    if not hub.settings.offboarding.notifiers:
        return {}
    round_ = _Round(hub, ids, looked)
    unused = dict.fromkeys(round_.off, _SWITCHED_OFF)
    told = {case.id: Told(unreachable=round_.unreachable(case), unused=unused) for case in round_.cases}
    for case in round_.cases:
        if round_.due(case):
            with apart(case.id):
                _plan(hub, case, round_, told[case.id])
    return told


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What people in one case are to hear, if it is time."""

    waits: Sequence[Wait] = ()
    escalations: Sequence[Wait] = ()

    @property
    def all(self) -> Sequence[Wait]:
        return (*self.waits, *self.escalations)


class _Round:
    """Everything that has to be known before anybody is told anything, read once for all cases."""

    def __init__(self, hub: Hub, ids: Sequence[str], looked: Collection[str]) -> None:
        self.hub = hub
        self.now = hub.clock.now()
        self.policies = policies(hub)
        with hub.database.read() as connection:
            self.cases = [case for case in hub.cases.by_id(connection, ids) if case.state is not CaseState.RETRACTED]
            waiting = hub.alerts.waiting(connection, [case.id for case in self.cases])
            self.alerts = _in(AlertState.RAISED, waiting)
            self.freezes = _in(AlertState.FREEZE_ASKED, waiting)
            heard_of = [case for case in self.cases if case.state in _UNDER_WAY or case.id in waiting]
            self.deciders = deciders_of(hub, connection, heard_of)
            self.wanted = self._wanted(connection, looked)
            self.last = self.newest(connection, self.cases)
        people = {wait.person for one in self.wanted.values() for wait in one.all} - {NOBODY}
        people |= {person for case in self.cases for person in self.alarmed(case)}
        reached = reach(hub, people)
        self.ways, self.off = reached.of, reached.off
        with hub.database.read() as connection:
            # A name that is no employee's is somebody at HR who looks at the pages.
            self._mute = hub.people.statuses(connection, sorted(people - self.ways.keys())).keys()

    def _wanted(self, connection: sa.Connection, looked: Collection[str]) -> dict[str, _Wanted]:
        of = {case.id: case for case in self.cases if case.state is CaseState.OPEN}
        policy = {case.id: self.policies.of(case.policy) for case in of.values()}
        who, now = self.deciders, self.now
        waiting = {
            case_id: waits(of[case_id], policy[case_id], items, who[case_id], now)
            for case_id, items in self.hub.caseload.lists(connection, list(of), WAITED_FOR)
        }
        idle = [case for case in of.values() if case.id in looked and case.id not in waiting]
        finished = finished_since(self.hub, connection, idle)
        questions = self._questions(connection, list(of))
        exceptions = self.hub.caseload.half_agreed(connection, list(of))
        for case in of.values():
            asked = replies(case, policy[case.id], questions.get(case.id, ()), who[case.id], now)
            since = finished.get(case.id)
            close = [] if since is None else closing(policy[case.id], since, who[case.id], now)
            agree = agreements(case, policy[case.id], exceptions.get(case.id, ()), who[case.id], now)
            waiting[case.id] = [*waiting.get(case.id, ()), *greeting(case, now), *asked, *agree, *close]
        for case in self.cases:
            if beside := self._beside_the_list(case):
                waiting[case.id] = [*waiting.get(case.id, ()), *beside]
        late = {wait.person for some in waiting.values() for wait in some if wait.overdue}
        bosses = managers_of(self.hub, connection, late)
        here = employed(self.hub, connection, bosses.values())
        bosses = {person: boss for person, boss in bosses.items() if boss in here}
        logins = self._logins(connection, who.values()) if late else frozenset()
        return {
            case.id: _Wanted(waiting[case.id], _escalations(case, waiting[case.id], bosses, who[case.id], logins))
            for case in self.cases
            if case.id in waiting
        }

    def _logins(self, connection: sa.Connection, deciders: Iterable[Deciders]) -> frozenset[str]:
        """Those who decide in place of managers, and are neither an employee nor an address."""
        named = {person for each in deciders for person in (*each.second, *each.hr)}
        strangers = named - self.hub.people.statuses(connection, sorted(named)).keys()
        return frozenset(person for person in strangers if "@" not in person)

    def _beside_the_list(self, case: Case) -> list[Wait]:
        """What people hear of a case that is not open, too: a freeze somebody wants, and that it was forgotten."""
        if case.id not in self.deciders:
            return []
        policy, who = self.policies.of(case.policy), self.deciders[case.id]
        asked = freezes(policy, self.freezes.get(case.id, ()), who, self.now)
        return [*asked, *forgotten(case, policy, who, self.now)]

    def _questions(self, connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, Sequence[Question]]:
        found: dict[str, list[Question]] = {}
        for each in self.hub.checklists.questions(connection, ids):
            found.setdefault(each.case_id, []).append(Question(each.item, each.person, each.at))
        return found

    def newest(self, connection: sa.Connection, cases: Sequence[Case]) -> Mapping[str, Made]:
        """The newest message of each sort that may have to be sent in these cases."""
        entities = [_entity(case, wait) for case in cases for wait in self.of(case).all]
        entities += [_alarm_entity(case, person) for case in cases for person in self.alarmed(case)]
        return self.hub.effects.newest_marks(connection, JOB, list(self.hub.settings.enabled), entities)

    def of(self, case: Case) -> _Wanted:
        """What people in a case are to hear."""
        return self.wanted.get(case.id, _Wanted())

    def unreachable(self, case: Case) -> Mapping[str, str]:
        """Employees but the leaver who are to hear something and no notifier reaches; and HR, where nobody is named.

        A manager is an employee, also one whom HR's list does not have: nobody would ever hear of their turns.
        """
        alarmed = self.alarmed(case) or ((NOBODY,) if case.id in self.alerts else ())
        people = ({wait.person for wait in self.of(case).all} - {case.number}) | set(alarmed)
        nobody = {Role.HR.value: _NOBODY_NAMED} if NOBODY in people else {}
        mute = self._mute | ({case.manager} - self.ways.keys() - {""})
        return dict.fromkeys(sorted(people & mute), _UNREACHABLE) | nobody

    def due(self, case: Case) -> bool:
        """Whether somebody has to hear something now."""
        return bool(self.waits_due(case, self.last)) or bool(self.alarms_due(case, self.last))

    def waits_due(self, case: Case, last: Mapping[str, Made]) -> list[tuple[Wait, Reach]]:
        """Of what nothing has been said yet, to which something has been added, or which it is time to say again."""
        policy, found = self.policies.of(case.policy), []
        for wait in self.of(case).all:
            said, way = last.get(_entity(case, wait)), self.ways.get(wait.person)
            again = said is not None and self.now - said.at >= again_after(policy, wait.turn)
            new = (
                said is None or again or adds(wait.items, said.marks.get(_ITEMS, "")) or unheard(policy, said, self.now)
            )
            if new and way is not None:
                found.append((wait, way))
        return found

    def alarmed(self, case: Case) -> tuple[str, ...]:
        """Who hears of alerts: the manager; and HR, once the case is completed and nobody looks at it any more."""
        if case.id not in self.alerts:
            return ()
        deciders = self.deciders[case.id]
        besides = deciders.hr if case.state is CaseState.COMPLETED else ()
        return tuple(dict.fromkeys((*deciders.manager, *besides)))

    def alarms_due(self, case: Case, last: Mapping[str, Made]) -> list[Reach]:
        """Who can be reached and has not heard of all the alerts that nobody has decided on now."""
        policy, undecided = self.policies.of(case.policy), _numbered(self.alerts.get(case.id, ()))
        heard = {person: last.get(_alarm_entity(case, person)) for person in self.alarmed(case)}
        return [
            self.ways[person]
            for person, said in heard.items()
            if person in self.ways
            and (said is None or adds(undecided, said.marks.get(_ITEMS, "")) or unheard(policy, said, self.now))
        ]


def _plan(hub: Hub, known: Case, round_: _Round, told: Told) -> None:
    """Plan what is due in one case, if nobody else has meanwhile."""
    with hub.database.write() as connection:
        case = locked(hub, connection, known.id)
        if case.state is not known.state:
            return
        last = round_.newest(connection, [case])
        due = round_.waits_due(case, last)
        listed = sorted({number for wait, _ in due for number in wait.items})
        items = hub.cases.items(connection, case.id, ids=listed) if listed else []
        case = for_a_message(hub, connection, case)
        messages: list[tuple[Intention, Mapping[str, str]]] = [
            (_message(hub, connection, case, items, wait, way), {_ITEMS: as_heard(wait.items)}) for wait, way in due
        ]
        for way in round_.alarms_due(case, last):
            undecided, entity = round_.alerts[case.id], _alarm_entity(case, way.person.number)
            link = _alarm_link(hub, connection, case, way.person.number)
            marks = {_ITEMS: as_heard(_numbered(undecided))}
            messages.append((message_to(hub, entity, way, alarm(case, undecided), link), marks))
        _drop_unsent(hub, connection, [what for what, _ in messages])
        save_moves(hub, connection, case, [], messages)
    told.messages = len(messages)
    told.escalations = sum(any(wait is each for each in round_.of(case).escalations) for wait, _ in due)


def _drop_unsent(hub: Hub, connection: sa.Connection, anew: Sequence[Intention]) -> None:
    """What is said anew is not said twice: while a notifier is off, or an earlier message under way, they pile up."""
    for system in {what.system for what in anew}:
        entities = [what.number for what in anew if what.system == system]
        hub.effects.supersede(connection, JOB, system, entities, why="said_anew")


def _in(state: AlertState, waiting: Mapping[str, Sequence[Alert]]) -> dict[str, list[Alert]]:
    """Those alerts of each case that stand there; cases without any are left out."""
    found = {case_id: [alert for alert in alerts if alert.state is state] for case_id, alerts in waiting.items()}
    return {case_id: alerts for case_id, alerts in found.items() if alerts}


def _escalations(
    case: Case, waiting: Sequence[Wait], bosses: Mapping[str, str], deciders: Deciders, logins: Collection[str]
) -> list[Wait]:
    """What has waited too long goes to the manager of who lets it wait, and where they have none to who else decides.

    That is the manager of the case, else a second person who decides in it, else HR; before all of them whoever is no
    mere login, which hears nothing. Who is to know of several people hears of all of them at once.
    """
    told: dict[tuple[str, Turn], list[Wait]] = {}
    besides = sorted((*deciders.manager, *deciders.second, *deciders.hr), key=lambda person: person in logins)
    for wait in waiting:
        unfit = {NOBODY, case.number, wait.person}
        above = next((boss for boss in (bosses.get(wait.person, ""), *besides) if boss not in unfit), NOBODY)
        if wait.overdue and above:
            told.setdefault((above, wait.turn), []).append(wait)
    return [_to_know(boss, turn, late) for (boss, turn), late in told.items()]


def _to_know(boss: str, turn: Turn, late: Sequence[Wait]) -> Wait:
    overdue = tuple(sorted({number for wait in late for number in wait.overdue}))
    return Wait(boss, turn, overdue, overdue, instead=", ".join(wait.person for wait in late))


def _entity(case: Case, wait: Wait) -> str:
    """What a message is about: who lets something wait themselves may be told of others who do, both at once."""
    kind = "upon" if wait.instead is not None else "late" if wait.items == wait.overdue else wait.turn
    return f"notice/{case.id}/{wait.person}/{wait.turn}/{kind}"


def _alarm_entity(case: Case, person: str) -> str:
    return f"alerts/{case.id}/{person}"


def _numbered(alerts: Sequence[Alert]) -> list[int]:
    """Alerts have no numbers: as good as one is a part of the digest of their name."""
    return [int.from_bytes(hashlib.sha256(alert.key.encode()).digest()[:6], "big") for alert in alerts]


def _message(
    hub: Hub, connection: sa.Connection, case: Case, items: Sequence[Item], wait: Wait, way: Reach
) -> Intention:
    text = notice(case, [item for item in items if item.id in wait.items], wait)
    return message_to(hub, _entity(case, wait), way, text, _link(hub, connection, case, wait))


def _link(hub: Hub, connection: sa.Connection, case: Case, wait: Wait) -> str:
    """A personal link for whose turn it is; none for who is only to know of it."""
    roles: Sequence[Role] = (ROLES[wait.turn],) if wait.turn in ROLES else (Role.MANAGER, Role.HR, Role.LEAVER)
    if wait.instead is not None:
        roles = [role for role in roles if role is not Role.SUCCESSOR]
    link = _link_as(hub, connection, case, wait.person, roles)
    return f"{link}/{ALERTS}" if link and wait.turn is Turn.FREEZE else link


def _alarm_link(hub: Hub, connection: sa.Connection, case: Case, person: str) -> str:
    """A personal link to the alerts."""
    link = _link_as(hub, connection, case, person, (Role.MANAGER, Role.HR))
    return link and f"{link}/{ALERTS}"


def _link_as(hub: Hub, connection: sa.Connection, case: Case, person: str, roles: Sequence[Role]) -> str:
    """A personal link in the first of these roles that somebody has; none for a stranger, or without an address."""
    held = standing(hub, connection, case, person)
    role = next((role for role in roles if role in held), None)
    if role is None or not hub.people.statuses(connection, [person]):
        return ""
    return link_within(hub, connection, case, Offer(case.id, person, role, BY))


def message_to(hub: Hub, entity: str, way: Reach, text: Notice, link: str = "") -> Intention:
    """One message to one person, due now."""
    fields = {
        "person_number": way.person.number,
        "person_id": way.person.external_id,
        "address": way.address,
        "subject": text.subject,
        "text": text.body,
        "link": link,
    }
    return Intention(way.system, entity, HandoverAction.NOTIFY, hub.clock.now(), fields)
