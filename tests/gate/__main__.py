"""``python -m tests.gate --feeds 10000``: so many hostile feeds against the gate, as many ordinary ones, some drips.

And what came of them, with the seconds it took.
"""

from __future__ import annotations

import argparse
import sys

from tests.gate.campaign import campaign, stories_for
from tests.gate.races import races


def main() -> int:
    """Run the campaign; 0 when no limit was passed and no ordinary feed stopped (else it ends with the seed)."""
    parser = argparse.ArgumentParser(prog="python -m tests.gate", description=__doc__)
    parser.add_argument("--feeds", type=int, default=1000, help="hostile ones, and as many ordinary ones beside them")
    parser.add_argument("--races", type=int, default=1000, help="of an edit, a release, two plans and an apply")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = campaign(stories_for(given.feeds), given.seed, max(1, given.feeds // 1000))
    for kind, outcomes in sorted(figures.outcomes.items()):
        sys.stdout.write(f"  {kind}: {', '.join(f'{name} {count}' for name, count in sorted(outcomes.items()))}\n")
    sys.stdout.write(
        f"gate: {figures.hostile} hostile and {figures.ordinary} ordinary feeds ({figures.feeds} with first ones and "
        f"drips), {figures.lost_access} accounts lawfully disabled or removed, unapproved above a limit 0, ordinary "
        f"feeds stopped 0; {figures.seconds:.0f} s\n"
    )
    raced = races(given.races, given.seed)
    for what, count in sorted(raced.did.items()):
        sys.stdout.write(f"  {what}: {count}\n")
    sys.stdout.write(
        f"gate: {raced.races} races, {raced.approved} accounts lost access by a released plan, {raced.within} within "
        f"the limits, 0 otherwise; {raced.seconds:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
