"""``python -m tests.simulation --seeds 20 --deliveries 10000``: so many seeds, each spread over all classes of targets."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter

from tests.simulation.campaign import KINDS, PEOPLE, Figures, simulate


def main() -> int:
    """Run the campaign; 0 when no invariant broke (a broken one ends it with the seed that replays it)."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--deliveries", type=int, default=10_000, help="writes that take effect, per seed")
    parser.add_argument("--kinds", default=",".join(KINDS), help="A, A? (can be asked by key), B, C, D")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    seeds = [given.seed] if given.seed is not None else list(range(1, given.seeds + 1))
    kinds = given.kinds.split(",")
    jobs = [(seed, kind, given.deliveries // len(kinds), given.people) for seed in seeds for kind in kinds]
    with multiprocessing.get_context("forkserver").Pool(given.processes, maxtasksperchild=10) as pool:
        found = pool.starmap(simulate, jobs, chunksize=1)
    for kind in kinds:
        _print(kind, [figures for figures in found if figures.kind == kind])
    return 0


def _print(kind: str, found: list[Figures]) -> None:
    counts: Counter[str] = sum((figures.counts for figures in found), Counter())
    faults: Counter[str] = sum((figures.faults for figures in found), Counter())
    crashes: Counter[str] = sum((figures.crashes for figures in found), Counter())
    sys.stdout.write(
        f"class {kind}: {len(found)} seeds, {counts['applied']} deliveries, {faults.total()} faults, "
        f"{crashes.total()} crashes; lost 0, silently stuck 0, repeated {counts['repeated']}, stale {counts['stale']}, "
        f"mended by reconcile {counts['mended by reconcile']}, held for a person {counts['decided by a person']}, "
        f"put aside {counts['finally refused']}; {sum(figures.seconds for figures in found):.0f} s\n"
    )
    sys.stdout.write(f"  faults: {', '.join(f'{name} {count}' for name, count in sorted(faults.items()))}\n")
    sys.stdout.write(f"  crashes: {', '.join(f'{name} {count}' for name, count in sorted(crashes.items()))}\n")


if __name__ == "__main__":
    sys.exit(main())
