"""``python -m tests.crash --points 100``: kill a sync at so many points and say what came of it."""

from __future__ import annotations

import argparse
import sys

from tests.crash.campaign import campaign


def main() -> int:
    """Run the campaign; 0 when no invariant broke (a broken one ends it with its name)."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = campaign(given.points, given.seed)
    sys.stdout.write(
        f"kill -9: {figures.points} distinct named points, {figures.killed.total()} processes killed "
        f"({', '.join(f'{name} {times}' for name, times in sorted(figures.killed.items()))}), "
        f"as many restarts, {figures.effects} effects done; "
        f"lost 0, repeated 0, left as sent 0, audit logs whole; {figures.seconds:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
