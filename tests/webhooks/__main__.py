"""``python -m tests.webhooks``: 10,000 events, copied, shuffled, late and forged, through the console's handler."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile


def main() -> int:
    """Run the campaign; 0 when what was accepted is what was valid, once each, and the newest state has won."""
    parser = argparse.ArgumentParser(prog="python -m tests.webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="baton-airflow-") as home:
        os.environ["AIRFLOW_HOME"] = home  # before Airflow is imported for the first time
        from tests.webhooks.campaign import campaign

        figures = campaign(given.events, given.seed, given.kills)
    for (kind, status), count in sorted(figures.answers.items()):
        sys.stdout.write(f"  {kind} calls answered {status}: {count}\n")
    for wrong in figures.wrong:
        sys.stdout.write(f"WRONG {wrong}\n")
    sys.stdout.write(
        f"webhooks: {figures.events} events in {figures.deliveries} calls, {figures.syncs} syncs, {figures.kills} kills "
        f"between storing and answering, {len(figures.wrong)} wrong; {figures.seconds:.0f} s\n"
    )
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
