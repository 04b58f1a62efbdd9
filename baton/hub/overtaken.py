"""What waits to be sent and is overtaken before that: by news of its person, or by its system's leaving the settings.

Everybody concerned is marked, so that what is still wanted of it is planned again as soon as that can be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from baton.engine.plan import stored_plan_hash
from baton.hub.core import SYNC_JOB, Hub
from baton.jobs.sync.planning import Person, Planner
from baton.model.account import AccountState, Action
from baton.model.effect import LATEST_COPY, OPEN_STATES, EffectState
from baton.store import tallies
from baton.store.effects import Drafted, chunked
from baton.store.runs import RunState
from baton.store.tables import effects


def withdraw(hub: Hub, connection: sa.Connection, planner: Planner, among: Sequence[Person]) -> None:
    """Give up what is planned for these people there and no longer wanted: there is news of them, and a write in doubt.

    Nothing newer can be planned before that has ended. What was planned by the old word, a departure that HR has
    retracted, must not be sent until then: it would be the first to go once the doubt has ended. A departure that is
    wanted still stays: nobody knows whether the next run can plan it again. For the same reason a removal that was put
    off leaves a disabling in its place where its person is to be out by then all the same.
    """
    system, person = planner.rules.system, {each.link.number: each for each in among}
    for chunk in chunked(sorted(person)):
        theirs = (effects.c.system == system, effects.c.number.in_(chunk), sa.not_(effects.c.doubted))
        overtaken = [
            each
            for each in _planned(connection, *theirs)
            if not planner.still_takes_away(person[each.number], Action(each.action), each.due_at)
        ]
        _give_up(hub, connection, overtaken)
        removals = {each.number: each for each in overtaken if each.action == Action.REMOVE}
        _disable_instead(hub, connection, planner, [(person[number], each) for number, each in removals.items()])


def unreachable(hub: Hub, held: Mapping[str, Collection[tuple[str, str]]]) -> set[str]:
    """Those of these held runs (run -> its systems and numbers) of which a part is for a system that is not in use."""
    in_use = {system.name for system in hub.targets()}
    return {run_id for run_id, pairs in held.items() if not in_use.issuperset(name for name, _ in pairs)}


def take_out(hub: Hub, connection: sa.Connection, run_id: str, pairs: Collection[tuple[str, str]]) -> bool:
    """Take these (system, number) out of a held run, for a run over a few that plans them anew; whether others stay.

    The rest stays held: nobody has said anything of it. What is decided on from now on has another hash. But where the
    old one did not fit any more it stays, so that nobody decides on what somebody has changed.
    """
    run = hub.runs.get(connection, run_id)
    assert run is not None
    intact = stored_plan_hash(connection, run_id, run.created_at) == run.plan_hash
    for system in sorted({system for system, _ in pairs}):
        numbers = sorted(number for name, number in pairs if name == system)
        hub.effects.supersede(connection, SYNC_JOB, system, numbers, why="newer_plan")
    if run_id not in hub.effects.held_by_run(connection, SYNC_JOB):
        return False
    if intact:
        left = stored_plan_hash(connection, run_id, run.created_at)
        hub.runs.change(connection, run_id, RunState.HELD, plan_hash=left, verdict="held")
    return True


def give_up_unreachable(hub: Hub, connection: sa.Connection) -> None:
    """Give up what is planned in systems that are not in use (any more): nothing will ever be sent there.

    The gate would count it for good as about to happen, and nobody whom it concerns could be erased. Of what was in
    doubt once a late copy may still arrive: it stays for a while, as everywhere.
    """
    late = sa.and_(effects.c.doubted, effects.c.updated_at > hub.clock.now() - LATEST_COPY)
    in_use = {system.name for system in hub.targets()}
    # By name: whatever else there is, which may be millions of effects, is not looked at for "none of these".
    gone = [name for name in tallies.systems(connection) if name not in in_use]
    if gone:
        _give_up(hub, connection, _planned(connection, effects.c.system.in_(gone), sa.not_(late)))


def _planned(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
    columns = [effects.c[name] for name in ("key", "run_id", "system", "number", "action", "due_at")]
    planned = (effects.c.job == SYNC_JOB, effects.c.state == EffectState.PLANNED.value, *where)
    return connection.execute(sa.select(*columns).where(*planned)).all()


def _give_up(hub: Hub, connection: sa.Connection, found: Sequence[sa.Row[Any]]) -> None:
    keys = [row.key for row in found]
    gone = hub.effects.cancel_keys(connection, keys, why="overtaken", absent=keys)
    for system in {row.system for row in found}:
        numbers = {row.number for row in found if row.system == system and row.key in gone}
        hub.links.mark_dirty(connection, system, sorted(numbers))


def _disable_instead(
    hub: Hub, connection: sa.Connection, planner: Planner, removals: Sequence[tuple[Person, sa.Row[Any]]]
) -> None:
    """Plan the disabling that is wanted by the moment of a withdrawn removal (row of `_planned`), if none stands.

    It belongs to the removal's run: the gate has let more than that go there, and a run held now must not hold it.
    """
    left = _left(connection, planner.rules.system, [person for person, _ in removals])
    removals = [each for each in removals if left[each[0].link.number] is AccountState.ENABLED]
    people = [replace(person, link=replace(person.link, state=AccountState.ENABLED)) for person, _ in removals]
    floor = hub.effects.version_floor(connection)
    # Nothing is sent of these plans but the disabling, which refers to nobody who must have an account.
    for (person, removal), plan in zip(removals, planner.plan(people, lambda _: ()), strict=True):
        until = max(removal.due_at, planner.now)
        steps = [each for each in plan.intentions if each[0].due_at <= until and each[0].action is not Action.UPDATE]
        if not steps or steps[-1][0].action is not Action.DISABLE:
            continue
        disable, digests = steps[-1]
        version = max(person.link.generation, floor) + 1
        drafted = Drafted(disable, version, plan.link.mapping_digest, digests)
        hub.effects.insert(connection, SYNC_JOB, removal.run_id, [drafted])
        # Only the number that is used up: the news itself is planned once the doubt has ended.
        hub.links.save_plan(connection, [replace(person.link, generation=version, dirty=True)])


def _left(connection: sa.Connection, system: str, people: Sequence[Person]) -> dict[str, AccountState]:
    """How each account will be once all that is open for it has been done (number -> state)."""
    left = {person.link.number: person.link.state for person in people}
    for chunk in chunked(left):
        theirs = (effects.c.job == SYNC_JOB, effects.c.system == system, effects.c.number.in_(chunk))
        query = sa.select(effects.c.number, effects.c.action).where(*theirs, effects.c.state.in_(OPEN_STATES))
        for number, action in connection.execute(query.order_by(effects.c.version)):
            left[number] = Action(action).leaves
    return left
