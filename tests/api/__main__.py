"""``python -m tests.api [--examples N] [--seed N] [PLACE...]``: the HTTP API under schemathesis, as long as one likes."""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.airflow.home import furnish, settings_of


def main() -> int:
    """Every application; an AssertionError names the request whose answer was not as described."""
    parser = argparse.ArgumentParser(prog="python -m tests.api", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation, valid ones and as many invalid")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("places", nargs="*", help="only these")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="baton-airflow-") as home:
        os.environ.update(settings_of(Path(home)))  # before Airflow is imported for the first time
        furnish(Path(home))
        logging.disable(logging.CRITICAL)  # of every call that is refused there is a line
        campaign(asked.examples, asked.seed, asked.places)
    return 0


def campaign(examples: int, seed: int, only: Sequence[str]) -> None:
    """Try all places, or those named, and say what each has answered."""
    from tests.api.campaign import tried
    from tests.api.places import PLACES
    from tests.rig.stores import begun, on_every_store, url_of

    for store in on_every_store("api", print):
        for name in only or PLACES:
            began = time.monotonic()
            with begun(store, "api") as folder, PLACES[name](folder, url_of(folder)) as described:
                statuses = tried(described, examples, seed)
            told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
            spent = f"{time.monotonic() - began:.0f} s"
            print(f"api: {name} on {store.title}: {statuses.total()} requests: {told}; no 5xx ({spent})", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
