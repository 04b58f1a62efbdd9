"""``python -m tests.crash``: what is killed, stopped or left without room in the middle of its work. ``--only`` picks."""

from __future__ import annotations

import argparse
import sys

from tests.crash import campaign, database, disk, rotation, stopped
from tests.rig.campaigns import Campaigns, Options, listed, run, say
from tests.rig.stores import on_every_store
from tests.servers.unprivileged import NoServerError

_DATABASE_KB = (4, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096)
_FILES_KB = tuple(range(4, 44, 4))


def main() -> int:
    """How much of each; then run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--points", type=int, default=200, help="at which a process is killed, on each database")
    parser.add_argument("--values", type=int, default=100_000, help="sealed again under traffic")
    parser.add_argument("--every-s", type=float, default=1.0, help="the rotation under traffic is killed")
    parser.add_argument("--seconds", type=float, default=60.0, help="PostgreSQL is killed again and again")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    return run(parser, CAMPAIGNS)


def _sync(given: Options) -> None:
    for store in on_every_store("kill -9 of a sync", say):
        figures = campaign.campaign(given.points, given.seed, given.processes, store)
        say(
            f"kill -9 of a sync on {store.title}: {figures.points} distinct named points of {figures.passed.total()}, "
            f"{figures.killed.total()} processes killed ({listed(figures.killed)}), as many restarts, {figures.effects} "
            f"effects done; lost 0, repeated 0, left as sent 0, audit logs whole; {figures.seconds:.0f} s"
        )


def _keys(given: Options) -> None:
    for store in on_every_store("kill -9 of a rotation of keys", say):
        figures = rotation.campaign(given.points, given.seed, given.processes, store)
        say(
            f"kill -9 of a rotation of keys on {store.title}: {figures.points} distinct named points of "
            f"{figures.passed.total()}, {figures.killed.total()} processes killed ({listed(figures.killed)}); "
            f"{figures.values} values read back, unreadable 0, with an old key 0; {figures.seconds:.0f} s"
        )


def _traffic(given: Options) -> None:
    for store in on_every_store("keys rotated under traffic", say):
        found = rotation.under_traffic(given.values, given.every_s, given.seed, store)
        say(
            f"keys rotated under traffic on {store.title}: {found.values} sealed values, killed {found.kills} times "
            f"(every {given.every_s} s), {found.reads} reads of 20 people and {found.writes} writes meanwhile, failed 0; "
            f"with an old key at the end 0; {found.seconds:.0f} s"
        )


def _stopped(given: Options) -> None:
    for store in on_every_store("a worker stopped past its lease", say):
        figures = stopped.campaign(given.points // 4, given.seed, given.processes, store)
        say(
            f"a worker stopped past its lease on {store.title}: at {figures.points} points ({listed(figures.where)}), "
            f"{figures.lost} outcomes of effects that were not its own any more, all refused; {figures.effects} effects "
            f"done, each once; {figures.seconds:.0f} s"
        )


def _database(given: Options) -> None:
    try:
        figures = database.campaign(given.seconds, 2.0)
    except NoServerError as error:
        say(f"PostgreSQL killed under load: NOT TRIED, SERVER NOT AVAILABLE: {error}")
        return
    say(
        f"PostgreSQL killed under load: {figures.kills} times, {figures.restarts} restarts of the schedule, "
        f"{figures.feeds} feeds, {figures.effects} effects done, each once; {figures.acknowledged} writes of somebody "
        f"else acknowledged, lost 0; {figures.seconds:.0f} s"
    )


def _disk(given: Options) -> None:
    for what, found in (("database", disk.database(_DATABASE_KB)), ("payment files", disk.payments(_FILES_KB))):
        if found.sizes:
            say(
                f"full disk, {what}: {found.sizes} sizes ({listed(found.ended)}); done without a record 0, files short "
                "or left half-written 0, all through once there was room"
            )
        else:
            say(f"full disk, {what}: NOT TRIED, mounting a small file system needs root")


CAMPAIGNS: Campaigns = {
    "sync": _sync,
    "keys": _keys,
    "traffic": _traffic,
    "stopped": _stopped,
    "database": _database,
    "disk": _disk,
}

if __name__ == "__main__":
    sys.exit(main())
