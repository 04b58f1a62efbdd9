"""``python -m tests.world --seeds 1000``: all four jobs on one store, so many seeds."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

from tests.world.campaign import ROUNDS, Figures, simulate
from tests.world.planted import PLANTED, replay_of

OFTEN = 25
"""Seeds between two words of progress."""


def main() -> int:
    """Run the campaign; 0 when no invariant broke (a broken one ends it with the seed that replays it)."""
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--planted", action="store_true", help="plant the mistakes as well: each must be found")
    parser.add_argument(
        "--mistake", action="append", choices=PLANTED, metavar="NAME", help="plant only this one (may be repeated)"
    )
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    if given.seed is not None:
        _print([simulate(given.seed, given.rounds)])
        return 0
    seeds = range(given.first, given.first + given.seeds)
    with multiprocessing.get_context("forkserver").Pool(given.processes, maxtasksperchild=50) as pool:
        _print(list(_told(pool.imap(partial(simulate, rounds=given.rounds), seeds), given.first)))
        mistakes = given.mistake or (list(PLANTED) if given.planted else [])
        looked_for = zip(mistakes, pool.imap(partial(replay_of, rounds=ROUNDS), mistakes), strict=True)
        for mistake, found in looked_for:
            sys.stdout.write(f"planted mistake {mistake!r}: found; {found}\n")
    return 0


def _told(found: Iterable[Figures], first: int) -> Iterator[Figures]:
    """The figures as they come; says how far the seeds are, since a thousand take an hour and more."""
    for count, figures in enumerate(found, 1):
        if count % OFTEN == 0:
            sys.stderr.write(f"seeds {first} to {first + count - 1} clean\n")
        yield figures


def _print(found: list[Figures]) -> None:
    totals: dict[str, Counter[str]] = {
        name: sum((getattr(figures, name) for figures in found), Counter())
        for name in ("counts", "did", "refused", "faults", "crashes")
    }
    sys.stdout.write(
        f"all four jobs on one store: {len(found)} seeds, {totals['faults'].total()} faults, {totals['crashes'].total()} "
        f"crashes, no invariant broken; {sum(figures.seconds for figures in found):.0f} s\n"
    )
    for name, counts in totals.items():
        listed = ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
        sys.stdout.write(f"  {name}: {listed}\n")


if __name__ == "__main__":
    sys.exit(main())
