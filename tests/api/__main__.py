"""``python -m tests.api [--examples N] [--seed N]``: the HTTP API under schemathesis, as long as one likes."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.api.campaign import PLACES, tried


def main() -> int:
    """Every application; an AssertionError names the request whose answer was not as described."""
    parser = argparse.ArgumentParser(prog="python -m tests.api", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation, valid ones and as many invalid")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name, place in PLACES.items():
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder, place(Path(folder)) as described:
            statuses = tried(described, asked.examples, asked.seed)
        told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
        print(
            f"api: {name}: {statuses.total()} requests: {told}; no 5xx ({time.monotonic() - began:.0f} s)", flush=True
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
