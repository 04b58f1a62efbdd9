"""Somebody who worked here, was paid, has left, and asks to be forgotten."""

from __future__ import annotations

from baton.hub import execution
from baton.hub.keeping import erasing
from baton.hub.sync import SyncRequest, plan_sync
from tests.hub.keeping.conftest import OPERATOR, OTHER, World
from tests.rig.company import row

CANARY = "金丝雀䶮"
LEAVER = row("0001", name=CANARY, mobile="13899990001", title="金丝雀职位")
GONE = {**LEAVER, "status": "departed", "last_day": "2026-11-01", "contract_end": "2026-11-01"}


def sync(world: World) -> None:
    plan_sync(world.hub, SyncRequest())
    execution.apply(world.hub)


def lived(world: World) -> None:
    """Somebody worked here, was paid, and has left; their accounts are removed."""
    world.company.rows = [LEAVER, *(row(f"{n:04d}") for n in range(2, 12))]
    sync(world)
    world.company.rows[0] = GONE
    sync(world)


def erase(world: World) -> erasing.Erased:
    erasing.ask(world.hub, "0001", OPERATOR, "asked for it by letter")
    return erasing.decide(world.hub, "0001", OTHER)


def words(world: World) -> str:
    """Everything that the keys still open, in clear: what whoever holds both can read."""
    hub, found = world.hub, []
    with hub.database.read() as connection:
        found += [repr(dict(each.fields)) for each in hub.effects.read(connection)]
        found += [repr(page) for page in hub.people.everyone(connection, 100)]
        found += [repr(hub.people.versions(connection, ["0001"]))]
    return "".join(found)
