"""Looking whether the hub is well, keeping alarms, and telling people: messages are effects like every other write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from baton.engine.plan import plan_hash
from baton.errors import ApprovalError, BatonError, TransitionError
from baton.hub.core import Hub
from baton.hub.offboarding.moving import send_messages
from baton.hub.offboarding.people import departed
from baton.hub.offboarding.reaching import Reach, reach_through
from baton.hub.payment.policies import require_office
from baton.hub.vitals.messages import Text, message
from baton.hub.vitals.taking import take
from baton.jobs.alarms import SHIPPED, Breach, News, Telling, breaches, farewells, judge, rounds, tellings, unread
from baton.model.alarm import Alarm, AlarmRule, AlarmState
from baton.model.effect import EffectState, Intention
from baton.model.handover import HandoverAction
from baton.model.measures import Sample
from baton.store.effects import Drafted
from baton.store.runs import Run, RunState
from baton.store.tables import effects

JOB: Final = "alarms"
LONGEST_SILENCE: Final = timedelta(days=31)
"""What is not to be heard of for longer is not wanted: take the rule out."""
_ROUND: Final = {
    News.RAISED: (News.RAISED, News.AGAIN),
    News.ESCALATED: (News.ESCALATED,),
    News.OVER: (News.RAISED, News.AGAIN, News.ESCALATED),
}
"""What counts as having heard the same; of what is over hears who has heard of it."""
_OF_DIFFERENCES: Final = ("pay_unexpected_count", "pay_unaccounted_count")
"""Figures of what differs from a bank: that is an office's to take on, and so is not to hear of it any more."""
Ways = Mapping[str, Sequence[Reach]]
"""Route -> how its people are reached."""


@dataclass
class Watched:
    """What one look showed."""

    samples: Sequence[Sample]
    current: list[Alarm] = field(default_factory=list)
    """The alarms that are not over."""
    raised: int = 0
    over: int = 0
    messages: int = 0
    mute: list[str] = field(default_factory=list)
    """Routes on which somebody, or everybody, could not be reached, and why."""
    halted: list[str] = field(default_factory=list)
    """Systems through which messages could not be sent now; the next look tries again."""
    refused: list[str] = field(default_factory=list)
    """Systems that have refused a message since the last look, and their codes: nobody will get it."""


def rules(hub: Hub) -> dict[str, AlarmRule]:
    """The rules in force, by name: those of ``systems.yaml``, else those that come with Baton."""
    part = hub.settings.alarms
    given = SHIPPED if part.rules is None else [rule.named(name) for name, rule in part.rules.items()]
    return {rule.name: replace(rule, routes=rule.routes or part.default_routes) for rule in given}


def watch(hub: Hub) -> Watched:
    """Take all figures, carry the alarms on, plan the messages that are due and send them."""
    in_force = rules(hub)
    watched = Watched(take(hub))
    found = breaches(in_force.values(), watched.samples)
    with hub.database.read() as connection:
        quiet = not found and not hub.alarms.current(connection)
    if not quiet:
        ways = _ways(hub, in_force.values(), watched)
        with hub.database.write() as connection:
            hub.database.alone(connection, JOB)
            _carry_on(hub, connection, found, in_force, ways, watched)
    _send(hub, watched)
    return watched


def _carry_on(
    hub: Hub,
    connection: sa.Connection,
    found: Sequence[Breach],
    in_force: Mapping[str, AlarmRule],
    ways: Ways,
    watched: Watched,
) -> None:
    now = hub.clock.now()
    unknown = unread(in_force.values(), watched.samples)
    steps = judge(found, hub.alarms.current(connection), now, unknown)
    hub.alarms.insert(connection, [_raised(hub, breach, now) for breach in steps.raised])
    seen = {alarm.key: hub.alarms.note(connection, alarm, value=value, seen_at=now) for alarm, value in steps.seen}
    for alarm in steps.fired_again:
        _fire_again(hub, connection, seen[alarm.key])
    over = [hub.alarms.step(connection, alarm, AlarmState.OVER, ended_at=now) for alarm in steps.over]
    # Whom nobody could be reached for now is not told: the next look tries again.
    said = [each for each in tellings(hub.alarms.current(connection), in_force, now) if _reached(each, ways)]
    goodbyes = _to_who_heard(hub, connection, farewells(over, in_force), ways)
    told = [*((each, _reached(each, ways)) for each in said), *goodbyes]
    watched.messages = _plan_messages(hub, connection, told, now)
    for telling in said:
        if telling.news is News.ESCALATED:
            hub.alarms.note(connection, telling.alarm, escalated_at=now)
        else:
            hub.alarms.note(connection, telling.alarm, told_at=now)
    watched.current = hub.alarms.current(connection)
    missed = _missed(hub, connection, rounds(watched.current, in_force), ways)
    watched.messages += _plan_messages(hub, connection, missed, now)
    watched.raised, watched.over = len(steps.raised), len(over)


def _raised(hub: Hub, breach: Breach, now: datetime) -> Alarm:
    key = f"{hub.chance.getrandbits(32):08x}"
    rule = breach.rule
    return Alarm(key, rule.name, breach.subject, rule.severity, AlarmState.FIRING, breach.value, now, now)


def _fire_again(hub: Hub, connection: sa.Connection, alarm: Alarm) -> Alarm:
    return hub.alarms.step(connection, alarm, AlarmState.FIRING, told_at=None, escalated_at=None, until=None)


def _ways(hub: Hub, in_force: Iterable[AlarmRule], watched: Watched) -> Ways:
    """How everybody on the routes of these rules is reached; asked before any transaction, since systems are asked."""
    wanted = {route for rule in in_force for route in (*rule.routes, *rule.escalate_to)}
    found: dict[str, Sequence[Reach]] = {}
    with hub.database.read() as connection:
        # An account that was disabled, and the address of a leaver, take a message that nobody reads.
        gone = departed(hub, connection, {one for name in wanted for one in hub.settings.alarms.routes[name].people})
    for name in sorted(wanted):
        route = hub.settings.alarms.routes[name]
        if route.system not in hub.settings.enabled:
            watched.mute.append(f"{name}: {route.system} is not enabled")
            continue
        try:
            people = [person for person in route.people if person not in gone]
            reached = reach_through(hub, route.system, people)
        except BatonError as error:  # one notifier that is away must not keep the others from being told
            watched.mute.append(f"{name}: {error}")
            continue
        found[name] = list(reached.values())
        watched.mute += [f"{name}: {why}" for why in _unheard(route.system, set(route.people), gone, reached)]
    return found


def _unheard(system: str, people: Collection[str], gone: Collection[str], reached: Collection[str]) -> Iterator[str]:
    """Why some of a route's people, or all, hear of no alarm. In numbers: this goes into logs, which name nobody."""
    here = [person for person in people if person not in gone]
    unknown = [person for person in here if person not in reached]
    if not here:
        yield "none of its people works here any more"
    elif len(here) < len(people):
        yield f"{len(people) - len(here)} of its {len(people)} people no longer here"
    if here and len(unknown) == len(here):
        yield f"{system} knows none of its people"
    elif unknown:
        yield f"{system} does not know {len(unknown)} of its {len(people)} people"


def _missed(
    hub: Hub, connection: sa.Connection, said: Sequence[tuple[Telling, datetime]], ways: Ways
) -> list[tuple[Telling, Sequence[Reach]]]:
    """What is still to be said, and to whom: nobody was reached on their route when the others were told."""
    heard_at = _hearing(hub, connection, [telling for telling, _ in said], ways)

    def has_heard(telling: Telling, way: Reach, since: datetime) -> bool:
        at = heard_at(telling, way)
        return at is not None and at >= since

    return [
        (telling, [way for way in _reached(telling, ways) if not has_heard(telling, way, since)])
        for telling, since in said
    ]


def _to_who_heard(
    hub: Hub, connection: sa.Connection, said: Sequence[Telling], ways: Ways
) -> list[tuple[Telling, Sequence[Reach]]]:
    """What is over, and those who have heard that it was there: to others the word would mean nothing."""
    heard_at = _hearing(hub, connection, said, ways)
    return [(telling, [way for way in _reached(telling, ways) if heard_at(telling, way)]) for telling in said]


def _hearing(
    hub: Hub, connection: sa.Connection, said: Sequence[Telling], ways: Ways
) -> Callable[[Telling, Reach], datetime | None]:
    """When somebody last heard what counts as the same as one of these tellings; None: never."""
    reached = [(telling, way) for telling in said for way in _reached(telling, ways)]
    entities = {
        entity
        for telling, way in reached
        for news in _ROUND[telling.news]
        for entity in _entities(hub, telling.alarm, news, way)
    }
    heard = hub.alarms.heard(connection, {way.system for _, way in reached}, sorted(entities))

    def last(telling: Telling, way: Reach) -> datetime | None:
        planned = (
            heard.get((way.system, entity))
            for news in _ROUND[telling.news]
            for entity in _entities(hub, telling.alarm, news, way)
        )
        return max((at for at in planned if at is not None), default=None)

    return last


def _plan_messages(
    hub: Hub, connection: sa.Connection, said: Sequence[tuple[Telling, Sequence[Reach]]], now: datetime
) -> int:
    """One run with an effect for every message; how many there are."""
    link = hub.settings.alarms.address or ""
    wanted = [
        _intention(hub, way, telling, message(telling, now, link), now) for telling, reached in said for way in reached
    ]
    if not wanted:
        return 0
    versions: dict[tuple[str, str], int] = {}
    for system in {what.system for what in wanted}:
        entities = [what.number for what in wanted if what.system == system]
        found = hub.effects.next_versions(connection, JOB, system, entities)
        versions |= {(system, entity): version for entity, version in found.items()}
    drafted = [Drafted(what, versions[what.system, what.number], JOB, {}) for what in wanted]
    run = Run(
        id=hub.new_run_id(JOB),
        job=JOB,
        state=RunState.READY,
        requested_by=JOB,
        plan_hash=plan_hash(JOB, drafted, now),
        feed_digest="",
        created_at=now,
        counts={"effects": len(drafted)},
    )
    hub.runs.insert(connection, run, [])
    hub.effects.insert(connection, JOB, run.id, drafted)
    return len(drafted)


def _reached(telling: Telling, ways: Ways) -> Sequence[Reach]:
    """Each person once through each system: whoever is on two routes is to hear of it on both."""
    all_ways = (way for route in telling.routes for way in ways.get(route, ()))
    return list({(way.system, way.person.number): way for way in all_ways}.values())


def _entity(hub: Hub, alarm: Alarm, news: News, way: Reach) -> str:
    """What a message is about, in the clear: an address, which is no employee's number, only as a keyed digest."""
    person = way.person.number
    if "@" in person:
        person = f"@{hub.keyring.blind_index(person, 'alarm').hex()}"
    return f"alarm/{alarm.key}/{news}/{person}"


def _entities(hub: Hub, alarm: Alarm, news: News, way: Reach) -> set[str]:
    """Every name that such a message may have: earlier versions wrote an address out, and nobody is told twice."""
    return {_entity(hub, alarm, news, way), f"alarm/{alarm.key}/{news}/{way.person.number}"}


def _intention(hub: Hub, way: Reach, telling: Telling, text: Text, now: datetime) -> Intention:
    fields = {
        "person_number": way.person.number,
        "person_id": way.person.external_id,
        "address": way.address,
        "subject": text.subject,
        "text": text.body,
        "link": text.link,
    }
    return Intention(way.system, _entity(hub, telling.alarm, telling.news, way), HandoverAction.NOTIFY, now, fields)


def _send(hub: Hub, watched: Watched) -> None:
    """Send what is due, then close the runs of which nothing is open any more."""
    systems = {route.system for route in hub.settings.alarms.routes.values()} & hub.settings.enabled.keys()
    reports = send_messages(hub, sorted(systems))
    watched.halted = [f"{report.system}: {report.halted}" for report in reports if report.halted]
    watched.halted += _switched_off(hub, {report.system for report in reports if not report.halted})
    with hub.database.write() as connection:
        for run_id, states in hub.runs.ready_of(connection, JOB).items():
            if not any(state.open for state in states):
                clean = all(state is EffectState.DONE for state in states)
                if not clean:
                    watched.refused += _refusals(hub, connection, run_id)
                values: dict[str, Any] = {"verdict": "clean" if clean else "incomplete"}
                hub.runs.change(connection, run_id, RunState.SETTLED, settled_at=hub.clock.now(), **values)


def _switched_off(hub: Hub, systems: Collection[str]) -> list[str]:
    """Systems through which messages would go, were there no switch for messages: no worker stops for that one."""
    switch = f"action:{HandoverAction.NOTIFY}"
    waiting = sa.select(effects.c.system).where(
        effects.c.system.in_(systems),
        effects.c.state == EffectState.PLANNED.value,
        effects.c.job == JOB,
        effects.c.due_at <= hub.clock.now(),
    )
    with hub.database.read() as connection:
        why = hub.runs.engaged(connection).get(switch)
        kept = [] if why is None else sorted(connection.execute(waiting.distinct()).scalars())
    return [f"{system}: kill switch {switch} is on: {why}" for system in kept]


def _refusals(hub: Hub, connection: sa.Connection, run_id: str) -> list[str]:
    refused = (effects.c.run_id == run_id, effects.c.state == EffectState.REFUSED.value)
    return sorted({f"{each.system}: {each.code}" for each in hub.effects.read(connection, *refused)})


# --- what people decide


def acknowledge(hub: Hub, key: str, person: str, why: str) -> Alarm:
    """Take an alarm on: nobody is told of it again. What differs from a bank only who holds an office in payments."""
    return _decide(hub, key, AlarmState.ACKNOWLEDGED, person, why)


def silence(hub: Hub, key: str, person: str, why: str, lasting: timedelta) -> Alarm:
    """Do not hear of an alarm for a time, whatever its figure does; who may is as in `acknowledge`.

    Raises `ApprovalError` for too long a time.
    """
    if not timedelta(0) < lasting <= LONGEST_SILENCE:
        raise ApprovalError(
            f"an alarm is silenced for at most {LONGEST_SILENCE.days} days",
            code="too_long",
            remedy="a rule that is not wanted is taken out of systems.yaml",
        )
    return _decide(hub, key, AlarmState.SILENCED, person, why, until=hub.clock.now() + lasting)


def _decide(hub: Hub, key: str, state: AlarmState, person: str, why: str, **values: Any) -> Alarm:
    if not person.strip() or not why.strip():
        raise ApprovalError("a decision needs a name and a reason", code="no_reason", remedy="say who and why")
    with hub.database.write() as connection:
        hub.database.alone(connection, JOB)
        alarm = hub.alarms.get(connection, key)
        if alarm is None or alarm.state is AlarmState.OVER:
            raise ApprovalError(
                f"there is no alarm {key[:20]!r} that is not over", code="no_alarm", remedy="see: baton alarms list"
            )
        rule = rules(hub).get(alarm.rule)
        if rule is not None and rule.measure in _OF_DIFFERENCES:
            require_office(hub, person)
        if alarm.state_at(hub.clock.now()) is not alarm.state:
            alarm = _fire_again(hub, connection, alarm)
        try:
            return hub.alarms.step(connection, alarm, state, person=person, why=why, **values)
        except TransitionError as error:
            raise ApprovalError(str(error), code="no_step", remedy="see: baton alarms list") from None
