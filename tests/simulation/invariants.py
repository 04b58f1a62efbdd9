"""What must hold in every committed state, and at the end, whatever happened (I-numbers: docs/architecture.md)."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from baton.hub import Hub
from baton.model.effect import OPEN_STATES, EffectState
from baton.store.tables import effects, links
from baton.store.trail import log
from tests.rig.logbook import replayed
from tests.rig.truth import Truth
from tests.simulation.replay import EffectReplay


class BrokenInvariantError(AssertionError):
    """Something that must never happen has happened."""


def order_broken(connection: sa.Connection) -> list[str]:
    """I5: effects that are done or on their way although an earlier one of the same entity is still open."""
    earlier = effects.alias("earlier")
    query = (
        sa.select(effects.c.number, effects.c.version, earlier.c.version)
        .join(
            earlier,
            sa.and_(
                earlier.c.system == effects.c.system,
                earlier.c.number == effects.c.number,
                earlier.c.version < effects.c.version,
            ),
        )
        .where(
            effects.c.state.in_([s.value for s in EffectState if s.unsettled or s is EffectState.DONE]),
            earlier.c.state.in_(OPEN_STATES),
        )
    )
    return [f"{number}: v{late} before v{early}" for number, late, early in connection.execute(query)]


def left_sent(connection: sa.Connection) -> int:
    """Effects that nobody works on and that still say so."""
    query = sa.select(sa.func.count()).select_from(effects).where(effects.c.state == EffectState.SENT.value)
    return connection.execute(query).scalar_one()


def unevidenced(connection: sa.Connection, truth: Truth) -> list[str]:
    """I2: effects that are done without having taken effect and without a read-back that shows their result."""
    query = sa.select(effects.c.key, effects.c.evidence).where(effects.c.state == EffectState.DONE.value)
    return [
        row.key
        for row in connection.execute(query)
        if row.key not in truth.keys and row.evidence.get("proof") not in ("read_back", "person")
    ]


def planned_too_far(connection: sa.Connection) -> list[str]:
    """I1: links that claim a planned generation of which no effect was saved."""
    newest = (
        sa.select(effects.c.system, effects.c.number, sa.func.max(effects.c.version).label("version"))
        .group_by(effects.c.system, effects.c.number)
        .subquery()
    )
    query = (
        sa.select(links.c.number)
        .outerjoin(newest, sa.and_(newest.c.system == links.c.system, newest.c.number == links.c.number))
        .where(links.c.generation > sa.func.coalesce(newest.c.version, 0))
    )
    return list(connection.execute(query).scalars())


def audit_faults(connection: sa.Connection) -> Iterator[str]:
    """I7, I18: the log verifies, and replays to exactly the states stored, through legal steps only."""
    yield from (str(finding) for finding in log.verify_database(connection).findings)
    replay = EffectReplay()
    yield from replay.follow(replayed(connection))
    yield from replay.differences(connection)


def check_always(hub: Hub, truth: Truth, *, exact: bool) -> None:
    """What holds after every round. ``exact``: the target class promises one effect, never stale."""
    with hub.database.read() as connection:
        found = {"order": order_broken(connection), "planned too far": planned_too_far(connection)}
    if exact:
        found |= {"repeated": truth.repeated(), "stale": truth.stale()}
    _raise_if(found)


def check_finally(hub: Hub, truth: Truth, *, exact: bool) -> None:
    """What holds once everything has calmed down."""
    check_always(hub, truth, exact=exact)
    with hub.database.read() as connection:
        _raise_if(
            {
                "left as sent": [left_sent(connection)] if left_sent(connection) else [],
                "done without evidence": unevidenced(connection, truth),
                "audit": list(audit_faults(connection)),
            }
        )


def _raise_if(found: dict[str, list[object]]) -> None:
    broken = {name: items for name, items in found.items() if items}
    if broken:
        raise BrokenInvariantError("; ".join(f"{name}: {len(items)}, {items[:3]}" for name, items in broken.items()))
