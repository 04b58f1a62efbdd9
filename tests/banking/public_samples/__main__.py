"""``python -m tests.banking.public_samples DIR …``: the readers on bank messages that others publish, see ORIGIN.md.

Exit code 0: every known sample was found and read, or refused, as it should be; 1: not so; 2: some were not found.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.banking.public_samples import trying
from tests.banking.public_samples.known import contents, samples


def main() -> int:
    """Try them all, and say what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.banking.public_samples", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="where they are, at any depth")
    found = contents(parser.parse_args().folders)
    known = samples()
    missing = [sample for sample in known if sample.sha256 not in found]
    wrong = 0
    outcomes: Counter[str] = Counter()
    for sample in known:
        if sample.sha256 in found:
            faults = trying.faults(sample, found[sample.sha256])
            wrong += bool(faults)
            outcomes[f"strictly {sample.strict}, tolerantly {sample.tolerant}"] += 1
            for fault in faults:
                print(f"WRONG {sample.origin} {sample.path}: {fault}")
    for sample in missing:
        print(f"NOT FOUND {sample.origin} {sample.path}")
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:4} {outcome}")
    print(f"{len(known) - len(missing)} of {len(known)} public samples tried, {wrong} of them wrongly read")
    return 1 if wrong else 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
