"""``python -m tests.migration``: what a migration promises, tried at length. ``--only`` picks campaigns."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.migration import faults, kills, losses, rivals, rollbacks, trouble
from tests.migration.damage import KINDS
from tests.migration.driver import MIGRATE, ROLLBACK
from tests.rig.campaigns import Campaigns, Options, listed, run, say
from tests.rig.processes import scratch_folder
from tests.rig.stores import on_every_store
from tests.simulation.invariants import BrokenInvariantError


def main() -> int:
    """How much of each; then run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.migration", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--faults", type=int, default=1000, help="planted per seed")
    parser.add_argument("--seeds", type=int, default=5, help="runs with planted faults")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--batches", type=int, default=200, help="migrated and taken back")
    parser.add_argument("--points", type=int, default=200, help="at which a process is killed, each way")
    parser.add_argument("--processes", type=int, default=2)
    return run(parser, CAMPAIGNS)


def _faults(given: Options) -> None:
    for seed in range(given.seed, given.seed + given.seeds):
        with scratch_folder("faults") as folder:
            figures = faults.campaign(folder, given.rows, given.faults, seed)
        kinds = Counter({kind: figures.planted[kind] for kind in KINDS})
        say(
            f"planted faults, seed {seed}: {given.rows} rows, {kinds.total()} faults of {len(kinds)} kinds "
            f"(source {figures.planted['source']}, mapping {figures.planted['mapping']}, "
            f"target {figures.planted['result']}), found {figures.found} with stage, field and cause, "
            f"false alarms {len(figures.false_alarms)}; {figures.seconds:.0f} s"
        )
        if figures.missed or figures.false_alarms:
            raise BrokenInvariantError(
                f"missed {figures.missed[:3]}, false {figures.false_alarms[:3]}; replay: python -m tests.migration "
                f"--only faults --seeds 1 --seed {seed} --rows {given.rows} --faults {given.faults}"
            )
    with scratch_folder("undamaged") as folder:
        if not faults.undamaged(folder, given.rows).alike:
            raise BrokenInvariantError("differences were found where nothing was planted")


def _rollback(given: Options) -> None:
    with scratch_folder("rollback") as folder:
        figures = rollbacks.campaign(folder, given.batches, given.seed)
    say(
        f"rollback: {figures.batches} batches, {figures.records} records, {figures.written} written, "
        f"{figures.half_done} batches taken back half-done, {figures.edited} records edited or deleted by others, "
        f"of which {figures.listed} had to be listed and were; all others as before, audit log whole; the "
        f"second time {figures.settled} left over went, and {figures.entered} entered by hand in between stayed; "
        f"{figures.interruptions.total()} interruptions ({listed(figures.interruptions)}); {figures.seconds:.0f} s"
    )


def _kill(given: Options) -> None:
    for store in on_every_store("kill -9 of a migration", say):
        for task in (MIGRATE, ROLLBACK):
            figures = kills.campaign(task, given.points, given.seed, given.processes, store)
            say(
                f"kill -9 of {task} on {store.title}: {figures.points} distinct named points of "
                f"{figures.passed.total()}, {figures.killed.total()} processes killed ({listed(figures.killed)}), as many "
                f"restarts; {figures.records} records compared, as after an undisturbed run, each write once, audit logs "
                f"whole; {figures.seconds:.0f} s"
            )


def _trouble(given: Options) -> None:
    with scratch_folder("trouble") as folder:
        rooms = iter(range(1000))

        def room() -> object:
            made = folder / f"{next(rooms)}"
            made.mkdir()
            return made

        found = sum(trouble.lying(room(), 5000, seed) for seed in range(given.seed, given.seed + given.seeds))
        say(f"lying targets: {found} records dropped or trimmed of {5000 * given.seeds}, all found, no other")
        for kind in (trouble.Changing, trouble.Widening):
            trouble.changing(room(), 5000, kind)
        say("sources that change while they are read: no plan, nothing left behind; at rest all arrives")
        say(f"disk full at {trouble.full(room(), 300, 30)} places, four attempts each: nothing half-written, resumed")
        really = trouble.really_full(room(), 2000)
        say("a real file system that is too small: " + ("the same" if really else "NOT TRIED, mounting needs root"))
        writing, looking = (
            losses.before_writing(room(), 300, given.seed),
            losses.before_looking(room(), 300, given.seed),
        )
        say(
            f"staged files altered, exchanged, gone: {writing} before writing, {looking} before a second look, all said"
        )
        pairs = rivals.campaign(room(), 10)
        say(
            f"two processes at one run, {pairs.pairs} times: {pairs.records} records, each written once ({listed(pairs.ended)})"
        )


CAMPAIGNS: Campaigns = {
    "faults": _faults,
    "rollback": _rollback,
    "kill": _kill,
    "trouble": _trouble,
}

if __name__ == "__main__":
    sys.exit(main())
