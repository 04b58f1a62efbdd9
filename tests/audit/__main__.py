"""``python -m tests.audit``: 10,000 manipulations over 100,000 entries, found by both verifiers; 50 forged proofs.

A verifier reads a log from its beginning, so 10,000 readings of one log of 100,000 entries would take half a day.
Most of the manipulations are done to 100 logs of 1,000 entries, and some to one log of 100,000.
"""

from __future__ import annotations

import argparse
import sys

from tests.audit.campaign import campaign
from tests.audit.test_merkle import forgeries


def main() -> int:
    """Run the campaign; 0 when everything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("--manipulations", type=int, default=10_000)
    parser.add_argument("--whole", type=int, default=26, help="of them, to one log of 100,000 entries")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    accepted = [name for name, taken in forgeries() if taken]
    many = campaign(100, 1_000, given.manipulations - given.whole, given.seed)
    one = campaign(1, 100_000, given.whole, given.seed)
    tried = many.tried + one.tried
    for name, count in sorted(tried.items()):
        sys.stdout.write(f"  {name}: {count}\n")
    for what in [*many.missed, *one.missed, *(f"forged proof accepted: {name}" for name in accepted)]:
        sys.stdout.write(f"MISSED {what}\n")
    wrong = len(many.missed) + len(one.missed) + len(accepted)
    sys.stdout.write(
        f"audit: {tried.total()} manipulations of logs of 1,000 and 100,000 entries, {wrong} missed by either of two "
        f"verifiers; 50 forged proofs, {len(accepted)} accepted; {many.seconds + one.seconds:.0f} s\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
