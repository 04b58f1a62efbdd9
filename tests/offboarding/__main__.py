"""``python -m tests.offboarding``: what a handover promises, tried at length. ``--only`` picks campaigns."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter

from tests.offboarding import kills
from tests.offboarding.campaign import ROUNDS, simulate
from tests.offboarding.driver import TASKS
from tests.offboarding.planted import LONGER, PLANTED, find
from tests.rig.campaigns import Campaigns, Options, listed, run, say
from tests.rig.stores import on_every_store


def main() -> int:
    """How much of each; then run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.offboarding", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="simulated, each with honest and with deaf systems")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--deaf", type=float, help="how often systems say yes and do nothing")
    parser.add_argument("--points", type=int, default=200, help="at which a process is killed, each kind of case")
    parser.add_argument("--processes", type=int, default=2)
    return run(parser, CAMPAIGNS)


def _simulation(given: Options) -> None:
    seeds = [given.seed] if given.seed is not None else list(range(1, given.seeds + 1))
    shares = [given.deaf] if given.deaf is not None else [0.0, 0.1]
    jobs = [(seed, given.rounds, share) for share in shares for seed in seeds]
    with multiprocessing.get_context("forkserver").Pool(given.processes, maxtasksperchild=10) as pool:
        found = pool.starmap(simulate, jobs, chunksize=1)
    totals: dict[str, Counter[str]] = {
        name: sum((getattr(figures, name) for figures in found), Counter())
        for name in ("faults", "crashes", "said", "refused", "ended", "items")
    }
    say(
        f"handovers: {len(found)} runs of {len(seeds)} seeds, {totals['ended'].total()} cases, "
        f"{sum(f.moves for f in found)} transfers, {sum(f.by_others for f in found)} changes of holder by others, "
        f"{totals['faults'].total()} faults, {totals['crashes'].total()} crashes, {totals['said'].total()} things said, "
        f"{totals['refused'].total()} refused; no client lost, doubled or overwritten, nothing moved unaccepted, "
        f"nothing stuck; {sum(f.seconds for f in found):.0f} s"
    )
    for name, counts in totals.items():
        say(f"  {name}: {listed(counts)}")


def _kill(given: Options) -> None:
    for store in on_every_store("kill -9 of a case", say):
        for task in TASKS:
            figures = kills.campaign(task, given.points, given.seed or 1, given.processes, store)
            say(
                f"kill -9 of a case ({task}) on {store.title}: {figures.points} distinct named points of "
                f"{figures.passed.total()}, {figures.killed.total()} processes killed ({listed(figures.killed)}), as many "
                f"restarts; {figures.holdings} holdings compared, as after an undisturbed case, each moved as often, audit "
                f"logs whole; {figures.seconds:.0f} s"
            )


def _planted(given: Options) -> None:
    """Mistakes put into the hub on purpose: the simulation must find every one."""
    for mistake in PLANTED:
        found = find(mistake, range(1, 31), LONGER.get(mistake, given.rounds))
        if found is None:
            raise AssertionError(f"the planted mistake {mistake!r} was not found in 30 seeds")
        say(f"planted mistake {mistake!r}: found; {found.__notes__[0]}")


CAMPAIGNS: Campaigns = {"simulation": _simulation, "planted": _planted, "kill": _kill}

if __name__ == "__main__":
    sys.exit(main())
